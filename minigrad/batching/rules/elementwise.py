"""Elementwise operations: the samples' dimension goes first, and dimensions of length 1 after it align the rest."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.batching.dispatch import NO_RULE, is_batched, rule, wrap
from minigrad.batching.levels import Level, front
from minigrad.dtypes import from_numpy
from minigrad.ops.promotion import common_dtype
from minigrad.tensor import Tensor

__all__ = ["aligned"]

UNARY = """
zeros_of neg exp exp2 expm1 log log2 log10 log1p sqrt rsqrt square relu sigmoid tanh leaky_relu elu gelu silu mish
functional.softplus functional.logsigmoid hardtanh bitwise_not logical_not isnan isinf isfinite isposinf isneginf
isreal signbit reciprocal threshold hardshrink functional.softshrink hardsigmoid hardswish abs sign sgn angle floor ceil
trunc round frac nan_to_num frexp erf erfc erfinv lgamma digamma logit i0 special.i1 sin cos tan asin acos atanh atan
sinh cosh asinh acosh sinc deg2rad rad2deg clone to_dtype zero rdiv polygamma
"""

BINARY = """
add sub rsub mul addcmul addcdiv lerp heaviside copysign logaddexp logaddexp2 ldexp xlogy bitwise_and bitwise_or
bitwise_xor bitwise_left_shift bitwise_right_shift gcd lcm clamp clamp_min clamp_max maximum minimum fmax fmin eq ne lt
le gt ge isclose logical_and logical_or logical_xor div floor_divide remainder fmod pow nextafter atan2 hypot
"""

SAME_SHAPE = """
threshold_backward sigmoid_backward tanh_backward leaky_relu_backward elu_backward gelu_backward silu_backward
mish_backward softplus_backward log_sigmoid_backward hardtanh_backward
"""


def aligned(tensor: Any, level: Level, rank: int) -> Any:
    """Return the samples of a tensor with dimensions of length 1 after the first, so that ``rank`` others follow it.

    A tensor that is not batched at the level is returned as it is; it broadcasts against the others.
    """
    if not is_batched(tensor, level):
        return tensor
    value = tensor.value
    missing = rank - value.ndim + 1
    if missing <= 0:
        return value
    index = (slice(None), *[None] * missing)
    return value[index]


def tensors_in(entry: Any, args: tuple[Any, ...]) -> list[int]:
    """Return the positions of the tensors among the arguments for tensors."""
    return [k for k in entry.signature.tensor_positions if isinstance(args[k], Tensor)]


@rule(*UNARY.split())
def _unary(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    """All that the operation looks at are single elements."""
    return wrap(level, entry.call(*(each.value if is_batched(each, level) else each for each in args)))


@rule(*BINARY.split())
def _broadcast(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    """Operands that broadcast, of one dtype after promotion."""
    places = tensors_in(entry, args)
    rank = max(args[k].ndim for k in places)
    operands = list(args)
    for k in places:
        operands[k] = aligned(args[k], level, rank)
    if len({args[k].dtype for k in places}) > 1:
        # By the dimensions of a sample, a 0-d operand gives way to others; by those of all samples it would not.
        _promote(args, operands, places)
    return wrap(level, entry.call(*operands))


def _promote(args: tuple[Any, ...], operands: list[Any], places: list[int]) -> None:
    stand_ins = [np.empty((1,) * min(args[k].ndim, 1), args[k].dtype.numpy) for k in places]
    dtype = from_numpy(common_dtype(*stand_ins))
    for k in places:
        operands[k] = operands[k].to(dtype)


@rule(*SAME_SHAPE.split())
def _same_shape(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    """Operands of one shape, which do not broadcast."""
    return wrap(level, entry.call(*(front(each, level) if isinstance(each, Tensor) else each for each in args)))


@rule("choose")
def _choose(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    """A condition, and operands that are promoted without it."""
    places = tensors_in(entry, args)
    rank = max(args[k].ndim for k in places)
    operands = [aligned(each, level, rank) for each in args]
    others = [k for k in places if k]
    if len({args[k].dtype for k in others}) > 1:
        _promote(args, operands, others)
    return wrap(level, entry.call(*operands))


@rule("masked_fill")
def _masked_fill(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    """Input and mask broadcast; a fill value that differs from sample to sample is chosen by the mask instead."""
    input, mask, value = args
    if is_batched(value, level):
        from minigrad.ops.select import where

        return where(mask, value.to(input.dtype), input)
    rank = max(input.ndim, mask.ndim)
    return wrap(level, entry.call(aligned(input, level, rank), aligned(mask, level, rank), value))


@rule("copy")
def _copy(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    """The shape and dtype are the input's."""
    input, source, non_blocking = args
    source = aligned(source, level, input.ndim) if isinstance(source, Tensor) else source
    return wrap(level, entry.call(front(input, level), source, non_blocking))


@rule("fill")
def _fill(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    """One value for all samples; values that differ are copied."""
    input, value = args
    if not is_batched(value, level):
        return wrap(level, entry.call(input.value, value))
    return NO_RULE if value.ndim else value.to(input.dtype).expand(input.shape).clone()


@rule("prelu_elements")
def _prelu(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    """Slopes that broadcast against the input."""
    input, weight = args
    rank = max(input.ndim, weight.ndim)
    return wrap(level, entry.call(aligned(input, level, rank), aligned(weight, level, rank)))


@rule("masked_scale")
def _masked_scale(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    """One mask for all samples; `minigrad.batching.randomness` draws one for each where they differ."""
    input, mask, scale = args
    return wrap(level, entry.call(input.value, np.broadcast_to(mask, tuple(input.value.shape)), scale))
