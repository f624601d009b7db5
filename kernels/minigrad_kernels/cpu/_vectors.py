"""LLVM instructions on vectors, for code generators of what Numba's loops do not become."""

from __future__ import annotations

import llvmlite.binding
from llvmlite import ir
from numba.core import cgutils, types

INT64 = ir.IntType(64)
_INT32, _BIT = ir.IntType(32), ir.IntType(1)


def _machine():
    """Return the bytes of a vector register, and how many registers hold sums at once beside what they are made of."""
    features = llvmlite.binding.get_host_cpu_features()
    if features.get("avx512f"):
        return 64, 24
    if features.get("avx"):
        return 32, 12
    return 16, 24 if "aarch64" in llvmlite.binding.get_process_triple() else 12


REGISTER, SUMS = _machine()


def lanes(itemsize):
    """Return how many elements one vector holds."""
    return max(1, REGISTER // itemsize)


def constant(value):
    """Return a constant of 64 bits."""
    return ir.Constant(INT64, value)


class Emitter:
    """Emits the vector instructions for arrays of one element type.

    Parameters
    ----------
    context, builder
        What Numba hands to a code generator.
    element : numba type
    count : int, optional
        Elements of a vector, if not as many as a register holds.
    """

    def __init__(self, context, builder, element, count=None):
        self.context, self.builder = context, builder
        item = context.get_data_type(element)
        self.size = context.get_abi_sizeof(item)
        self.lanes = count or lanes(self.size)
        self.vector = ir.VectorType(item, self.lanes)
        self.is_float = isinstance(element, types.Float)
        self.add = builder.fadd if self.is_float else builder.add

    def item(self, value):
        """Return a constant element."""
        return ir.Constant(self.vector.element, value)

    def data(self, kind, array, start=None):
        """Emit: the address of an array's element `start`."""
        data = self.context.make_array(kind)(self.context, self.builder, array).data
        return data if start is None else self.builder.gep(data, [start])

    def load(self, pointer, index):
        """Emit: the vector of elements from `index` on."""
        place = self.builder.bitcast(self.builder.gep(pointer, [index]), self.vector.as_pointer())
        return self.builder.load(place, align=self.size)

    def store(self, value, pointer, index):
        """Emit: write a vector to the elements from `index` on."""
        place = self.builder.bitcast(self.builder.gep(pointer, [index]), self.vector.as_pointer())
        self.builder.store(value, place, align=self.size)

    def add_to(self, pointer, index, values):
        """Emit: add a vector, which may be shorter, to the elements from `index` on."""
        place = self.builder.bitcast(self.builder.gep(pointer, [index]), values.type.as_pointer())
        self.builder.store(self.add(self.builder.load(place, align=self.size), values), place, align=self.size)

    def first(self, count):
        """Emit: the mask of the first `count` lanes."""
        kind = ir.VectorType(INT64, self.lanes)
        numbers = ir.Constant(kind, [ir.Constant(INT64, lane) for lane in range(self.lanes)])
        return self.builder.icmp_signed("<", numbers, self._splat(count, kind))

    def load_masked(self, pointer, index, mask):
        """Emit: the vector of elements from `index` on, zero where the mask is; those are not read."""
        place = self.builder.bitcast(self.builder.gep(pointer, [index]), self.vector.as_pointer())
        arguments = [place, ir.Constant(_INT32, self.size), mask, ir.Constant(self.vector, None)]
        return self._call("llvm.masked.load", self.vector, arguments, ".p0")

    def store_masked(self, value, pointer, index, mask):
        """Emit: write the lanes of a vector that the mask tells."""
        place = self.builder.bitcast(self.builder.gep(pointer, [index]), self.vector.as_pointer())
        arguments = [value, place, ir.Constant(_INT32, self.size), mask]
        self._call("llvm.masked.store", ir.VoidType(), arguments, ".p0")

    def every_second(self, low, high):
        """Emit: the elements of even places of two vectors."""
        places = ir.Constant(ir.VectorType(_INT32, self.lanes), [ir.Constant(_INT32, 2 * k) for k in range(self.lanes)])
        return self.builder.shuffle_vector(low, high, places)

    def interleaved(self, even, odd):
        """Emit: two vectors whose elements are, in turn, those of one vector and of the other."""
        halves = range(0, self.lanes, self.lanes // 2)
        kind = ir.VectorType(_INT32, self.lanes)
        places = [
            [k + which for k in range(start, start + self.lanes // 2) for which in (0, self.lanes)] for start in halves
        ]
        return [self.builder.shuffle_vector(even, odd, ir.Constant(kind, each)) for each in places]

    def spread(self, value):
        """Emit: a vector of equal elements."""
        return self._splat(value, self.vector)

    def _splat(self, value, kind):
        nothing = ir.Constant(kind, ir.Undefined)
        one = self.builder.insert_element(nothing, value, ir.Constant(_INT32, 0))
        return self.builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(_INT32, self.lanes), None))

    def zero(self):
        """Emit: a place for a vector of sums, zero at first; LLVM keeps it in a register."""
        return cgutils.alloca_once_value(self.builder, ir.Constant(self.vector, None))

    def add_product(self, total, a, b):
        """Emit: total += a * b."""
        before = self.builder.load(total)
        if self.is_float:
            after = self._call("llvm.fmuladd", self.vector, [a, b, before])
        else:
            after = self.builder.add(before, self.builder.mul(a, b))
        self.builder.store(after, total)

    def totals(self, values):
        """Emit: vectors that hold, together, the sum of each vector's elements, in order; a power of 2 of them."""
        if len(values) > self.lanes:
            half = len(values) // 2
            return self.totals(values[:half]) + self.totals(values[half:])
        partial = self.lanes  # what stands for one of the given vectors within each of `values`
        while len(values) > 1:
            values = [self._folded(pair, partial) for pair in zip(values[::2], values[1::2], strict=True)]
            partial //= 2
        while partial > 1:
            values = [self._folded(values, partial)]
            partial //= 2
        return values

    def _folded(self, values, partial):
        """Emit: add the second half of each run of `partial` elements to the first, of one vector or two in a row."""
        first, second = values * (2 if len(values) == 1 else 1)
        runs = range(0, len(values) * first.type.count, partial)
        places = [[run + begin + k for run in runs for k in range(partial // 2)] for begin in (0, partial // 2)]
        kind = ir.VectorType(_INT32, len(places[0]))
        return self.add(*[self.builder.shuffle_vector(first, second, ir.Constant(kind, half)) for half in places])

    def _call(self, name, result, arguments, suffix=""):
        """Emit: call LLVM's intrinsic `name` for vectors of this type."""
        name = f"{name}.v{self.lanes}{'f' if self.is_float else 'i'}{8 * self.size}{suffix}"
        signature = ir.FunctionType(result, [argument.type for argument in arguments])
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, signature, name), arguments)
