"""Machine operations for vectorisable mathematics, each with a twin in plain Python for ``NUMBA_DISABLE_JIT=1``.

Numba promotes 32-bit integers to 64 bits and has no word for reading a float's bits, so the few operations that the
polynomials need are emitted as LLVM instructions.
"""

from __future__ import annotations

import numpy as np
from llvmlite import binding, ir
from numba import njit
from numba.core import cgutils, config, types
from numba.extending import intrinsic, overload

_INT32 = ir.IntType(32)
_INTEGER = {types.float32: types.int32, types.float64: types.int64}
_FLOATING = {types.int32: types.float32, types.int64: types.float64}
# Said outright, because a callee that does not set `fastmath` inherits it from whichever kernel compiles it first.
INLINED = {"forceinline": True, "error_model": "numpy", "fastmath": False}


def scalar(function):
    """Decorate a scalar function that its callers absorb; its floats follow its own rules, not the caller's."""
    return njit(**INLINED, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def by_precision(single, double):
    """Decorate a stub with the right parameters: it becomes `single` for float32 arguments and `double` otherwise."""

    def decorate(stub):
        if config.DISABLE_JIT:
            return lambda x, *rest: single(x, *rest) if isinstance(x, np.float32) else double(x, *rest)

        def choose(*arguments):
            return single.py_func if arguments[0] == types.float32 else double.py_func

        overload(stub, jit_options=INLINED, strict=False)(choose)
        return stub

    return decorate


def _llvm_call(name, flags=()):
    """Return a code generator that calls LLVM's elementwise intrinsic `name` on its arguments."""

    def generate(context, builder, signature, arguments):
        kind = arguments[0].type
        function_type = ir.FunctionType(kind, [kind] * len(arguments))
        function = builder.module.declare_intrinsic(name, [kind], function_type)
        return builder.call(function, arguments, fastmath=flags)

    return generate


@intrinsic
def _fma(typing_context, a, b, c):
    """Return a * b + c, rounded once where the machine can."""
    return a(a, b, c), _llvm_call("llvm.fmuladd")


@intrinsic
def _fused(typing_context, a, b, c):
    """Return a * b + c, rounded once on every machine."""
    return a(a, b, c), _llvm_call("llvm.fma")


@intrinsic
def _copysign(typing_context, magnitude, sign):
    """Return `magnitude` with the sign of `sign`."""
    return magnitude(magnitude, sign), _llvm_call("llvm.copysign")


@intrinsic
def _fabs(typing_context, a):
    """Return the absolute value, in the same precision."""
    return a(a), _llvm_call("llvm.fabs")


@intrinsic
def _maximum(typing_context, a, b):
    """Return the larger one, or nan where one is nan; of zeros either."""
    if isinstance(a, types.Float):
        return a(a, b), _llvm_call("llvm.maximum", ("nsz",))
    return a(a, b), _llvm_call("llvm.smax" if a.signed else "llvm.umax")


@intrinsic
def _minimum(typing_context, a, b):
    """Return the smaller one, or nan where one is nan; of zeros either."""
    if isinstance(a, types.Float):
        return a(a, b), _llvm_call("llvm.minimum", ("nsz",))
    return a(a, b), _llvm_call("llvm.smin" if a.signed else "llvm.umin")


@intrinsic
def _bits_of(typing_context, a):
    """Return the bits of a float as an integer of the same width."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(signature.return_type))

    return _INTEGER[a](a), generate


@intrinsic
def _subtract(typing_context, a, b):
    """Return a - b of two integers, in their own width."""
    return a(a, b), lambda context, builder, signature, arguments: builder.sub(*arguments)


@intrinsic
def _half(typing_context, a):
    """Return half of an integer, rounded down, in its own width."""

    def generate(context, builder, signature, arguments):
        return builder.ashr(arguments[0], ir.Constant(arguments[0].type, 1))

    return a(a), generate


@intrinsic
def _power_of_two(typing_context, n):
    """Return 2.0**n for an integer n in the exponent's range, as a float of the same width."""

    def generate(context, builder, signature, arguments):
        shift, bias = (23, 127) if signature.return_type == types.float32 else (52, 1023)
        integer = arguments[0].type
        biased = builder.add(arguments[0], ir.Constant(integer, bias))
        shifted = builder.shl(biased, ir.Constant(integer, shift))
        return builder.bitcast(shifted, context.get_value_type(signature.return_type))

    return _FLOATING[n](n), generate


_ROOT_HALF = {types.float32: 0x3F3504F3, types.float64: 0x3FE6A09E667F3BCD}  # the bits of sqrt(1/2)


@intrinsic
def _exponent(typing_context, a):
    """Return the integer n for which a * 2**-n lies between sqrt(1/2) and sqrt(2), for a normal a > 0."""

    def generate(context, builder, signature, arguments):
        integer = context.get_value_type(signature.return_type)
        bits = builder.sub(builder.bitcast(arguments[0], integer), ir.Constant(integer, _ROOT_HALF[a]))
        return builder.ashr(bits, ir.Constant(integer, 23 if a == types.float32 else 52))

    return _INTEGER[a](a), generate


@intrinsic
def _lowered(typing_context, a, n):
    """Return a * 2**-n, for a normal result."""

    def generate(context, builder, signature, arguments):
        integer = arguments[1].type
        shifted = builder.shl(arguments[1], ir.Constant(integer, 23 if a == types.float32 else 52))
        return builder.bitcast(builder.sub(builder.bitcast(arguments[0], integer), shifted), arguments[0].type)

    return a(a, n), generate


@intrinsic
def _ldexp(typing_context, a, n):
    """Return a * 2.0**n, rounded once: one instruction where vectors have 512 bits, a call elsewhere."""

    def generate(context, builder, signature, arguments):
        a, n = arguments
        narrow = builder.trunc(n, _INT32) if n.type.width > 32 else n
        function_type = ir.FunctionType(a.type, [a.type, _INT32])
        name = f"llvm.ldexp.f{signature.args[0].bitwidth}.i32"
        return builder.call(cgutils.get_or_insert_function(builder.module, function_type, name), [a, narrow])

    return a(a, n), generate


@intrinsic
def _is_bit_set(typing_context, n, place):
    """Return whether the bit of an integer at a constant place is 1, in the integer's own width."""

    def generate(context, builder, signature, arguments):
        bit = builder.and_(arguments[0], ir.Constant(arguments[0].type, 1 << place.literal_value))
        return builder.icmp_signed("!=", bit, ir.Constant(bit.type, 0))

    return (types.boolean(n, place), generate) if isinstance(place, types.IntegerLiteral) else None


@intrinsic
def _wide(typing_context):
    """Let the calling function use 512-bit vectors where the machine has them; NumPy's loops do."""

    def generate(context, builder, signature, arguments):
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')  # not among the names llvmlite lets through
        return context.get_dummy_value()

    return types.none(), generate


@intrinsic
def _apart(typing_context):
    """Let the calling function be called, not copied into its callers, where it would be compiled again each time."""

    def generate(context, builder, signature, arguments):
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.none(), generate


def _python_bits_of(a):
    return a.view(np.int32) if isinstance(a, np.float32) else np.float64(a).view(np.int64)


def _python_power_of_two(n):
    return np.ldexp(np.float32(1) if isinstance(n, np.int32) else np.float64(1), n)


def _python_exponent(a):
    bits, shift = bits_of(a), 23 if isinstance(a, np.float32) else 52
    return type(bits)((int(bits) - int(bits_of(type(a)(np.sqrt(0.5))))) >> shift)


def _python_fused(a, b, c):
    wide = np.float64 if isinstance(a, np.float32) else np.longdouble
    return type(a)(wide(a) * wide(b) + wide(c))


@scalar
def _scaled_twice(a, n):
    """Return a * 2.0**n by two factors, which gives denormal results and infinity for free."""
    first = _half(n)
    return a * _power_of_two(first) * _power_of_two(_subtract(n, first))


if config.DISABLE_JIT:
    fma = lambda a, b, c: a * b + c  # noqa: E731
    copysign, fabs, maximum, minimum = np.copysign, np.abs, np.maximum, np.minimum
    bits_of, power_of_two = _python_bits_of, _python_power_of_two
    subtract = lambda a, b: a - b  # noqa: E731
    half = lambda a: a >> 1  # noqa: E731
    exponent, lowered = _python_exponent, lambda a, n: np.ldexp(a, -n)
    wide = apart = lambda: None
    fused = _python_fused
    is_bit_set, scaled = lambda n, place: bool(n >> place & 1), np.ldexp
else:
    fma, copysign, fabs, maximum, minimum = _fma, _copysign, _fabs, _maximum, _minimum
    bits_of, power_of_two, subtract, half, wide, apart = _bits_of, _power_of_two, _subtract, _half, _wide, _apart
    exponent, lowered = _exponent, _lowered
    fused, is_bit_set = _fused, _is_bit_set
    scaled = _ldexp if binding.get_host_cpu_features().get("avx512f") else _scaled_twice
