"""Many products of a few rows with one matrix, which is laid out for them once.

BLAS arranges both factors anew in every product, which for the 32 or 64 rows of a recurrence's step costs as much as
half of the arithmetic. Here the matrix lies in panels two vectors wide, row by row. A tile of eight rows by one panel
is summed up in 16 registers; each term takes two loads from the panel, and one number of each row.
"""

from __future__ import annotations

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba.core import cgutils, config, types
from numba.extending import intrinsic

from minigrad_kernels.cpu._kernel import In, Out, kernel
from minigrad_kernels.scalar._bits import wide

_VECTOR = 64  # bytes; the sums of a tile need 32 registers of this size, which AVX-512 has
_ACROSS = 2  # vectors of a panel's row
_IS_WIDE = llvmlite.binding.get_host_cpu_features().get("avx512f", False)
_FEW_ROWS, _FEW_TIMES = 8, 4  # BLAS is as fast with fewer rows; nothing is laid out for fewer products
_BLOCK = 64  # rows that stay in cache, together with their products, while the panels go by
_INT64, _INT32 = ir.IntType(64), ir.IntType(32)


def _add_terms(builder, vector, sums, row, numbers, step):
    """Emit: the sums of a tile, one term further; `row` is the panel's, `numbers` point at each row's first number."""
    name = f"llvm.fma.v{vector.count}f{32 if vector.element == ir.FloatType() else 64}"
    fma = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), name)
    unknown, first = ir.Constant(vector, ir.Undefined), ir.Constant(_INT32, 0)
    spread = ir.Constant(ir.VectorType(_INT32, vector.count), [0] * vector.count)
    found = []
    for i, number in enumerate(numbers):
        one = builder.insert_element(unknown, builder.load(builder.gep(number, [step])), first)
        same = builder.shuffle_vector(one, unknown, spread)
        found += [builder.call(fma, [same, part, sums[i * _ACROSS + j]]) for j, part in enumerate(row)]
    return found


def _vectors(builder, vector, pointer, offset):
    """Emit: pointers to the vectors of a panel's or a tile's row."""
    places = (builder.add(offset, ir.Constant(_INT64, j * vector.count)) for j in range(_ACROSS))
    return [builder.bitcast(builder.gep(pointer, [place]), vector.as_pointer()) for place in places]


def _make_tile(height):
    """Return the intrinsic that multiplies `height` rows by a panel."""

    @intrinsic
    def tile(typing_context, x, panels, out, from_x, from_panels, to_out, depth, columns):
        """out[to_out + i * columns + j] = sum over t of x[from_x + i * depth + t] * panel[t, j]."""

        def generate(context, builder, signature, arguments):
            a, b, c = (context.make_array(signature.args[k])(context, builder, arguments[k]).data for k in range(3))
            from_x, from_panels, to_out, depth, columns = arguments[3:]
            element = a.type.pointee
            size = context.get_abi_sizeof(element)
            vector = ir.VectorType(element, _VECTOR // size)
            width = ir.Constant(_INT64, _ACROSS * vector.count)
            numbers = [
                builder.gep(a, [builder.add(from_x, builder.mul(ir.Constant(_INT64, i), depth))]) for i in range(height)
            ]
            before, loop, after = builder.block, builder.append_basic_block("sum"), builder.append_basic_block("store")
            builder.branch(loop)
            builder.position_at_end(loop)
            step = builder.phi(_INT64)
            step.add_incoming(ir.Constant(_INT64, 0), before)
            sums = [builder.phi(vector) for _ in range(height * _ACROSS)]
            for each in sums:
                each.add_incoming(ir.Constant(vector, None), before)
            place = builder.add(from_panels, builder.mul(step, width))
            row = [builder.load(p, align=size) for p in _vectors(builder, vector, b, place)]
            totals = _add_terms(builder, vector, sums, row, numbers, step)
            following = builder.add(step, ir.Constant(_INT64, 1))
            for each, value in zip([step, *sums], [following, *totals], strict=True):
                each.add_incoming(value, loop)
            builder.cbranch(builder.icmp_signed("<", following, depth), loop, after)
            builder.position_at_end(after)
            for i in range(height):
                place = builder.add(to_out, builder.mul(ir.Constant(_INT64, i), columns))
                for j, pointer in enumerate(_vectors(builder, vector, c, place)):
                    builder.store(totals[i * _ACROSS + j], pointer, align=size)
            return context.get_dummy_value()

        return types.none(x, panels, out, from_x, from_panels, to_out, depth, columns), generate

    return tile


def _python_tile(height):
    """Return the tile in plain Python."""

    def tile(x, panels, out, from_x, from_panels, to_out, depth, columns):
        width = _ACROSS * _VECTOR // x.itemsize
        rows = x[from_x : from_x + height * depth].reshape(height, depth)
        found = rows @ panels[from_panels : from_panels + depth * width].reshape(depth, width)
        for i in range(height):
            out[to_out + i * columns : to_out + i * columns + width] = found[i]

    return tile


_tile8, _tile4, _tile1 = ((_python_tile if config.DISABLE_JIT else _make_tile)(height) for height in (8, 4, 1))


@kernel
def _product_loop(x: In, start: int, rows: int, depth: int, panels: In, width: int, columns: int, out: Out):
    """The first rows of out = `rows` rows of x, from `start` on, times the matrix in the panels."""
    wide()
    for begin in range(0, rows, _BLOCK):
        end = min(rows, begin + _BLOCK)
        eights = begin + (end - begin) // 8 * 8
        fours = eights + (end - eights) // 4 * 4
        for panel in range(columns // width):
            first = panel * width
            from_panels = first * depth
            for i in range(begin, eights, 8):
                _tile8(x, panels, out, (start + i) * depth, from_panels, i * columns + first, depth, columns)
            for i in range(eights, fours, 4):
                _tile4(x, panels, out, (start + i) * depth, from_panels, i * columns + first, depth, columns)
            for i in range(fours, end):
                _tile1(x, panels, out, (start + i) * depth, from_panels, i * columns + first, depth, columns)


class Factor:
    """A matrix that products of a few rows, or of many, are made with.

    Parameters
    ----------
    matrix : ndarray, shape (k, n)
    rows, times : int
        How many rows the products have at most, and how many products are to come.
    """

    __slots__ = ("loop", "matrix", "panels", "width")

    def __init__(self, matrix, rows, times):
        self.matrix = matrix if times < _FEW_TIMES else np.ascontiguousarray(matrix)
        self.panels = None
        if rows >= _FEW_ROWS and rows * times >= _FEW_ROWS**2:
            self._lay_out()

    def _lay_out(self):
        """Arrange the matrix in panels, where the machine has the registers and the columns fill whole panels."""
        (depth, columns), dtype = self.matrix.shape, self.matrix.dtype
        self.width = _ACROSS * _VECTOR // dtype.itemsize
        if _IS_WIDE and depth and not columns % self.width:
            panels = self.matrix.reshape(depth, columns // self.width, self.width)
            self.panels = np.ascontiguousarray(panels.transpose(1, 0, 2))
            self.loop = _product_loop[dtype]

    def multiply(self, x, start, rows, out):
        """Write the product of `rows` rows of `x`, from `start` on, to the first rows of `out`."""
        if self.panels is None:
            np.dot(x[start : start + rows], self.matrix, out[:rows])
        else:
            depth, columns = self.matrix.shape
            self.loop(x, start, rows, depth, self.panels, self.width, columns, out)
