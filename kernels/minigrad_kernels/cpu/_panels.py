"""Matrix products by tiles, of rows of numbers and of a matrix in panels two vectors wide.

In a panel, a matrix's columns lie side by side, row after row. A tile of eight rows by one panel is summed up in 16
registers; each term takes two loads from the panel, and one number of each row.
"""

from __future__ import annotations

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba.core import cgutils, config, types
from numba.extending import intrinsic

from minigrad_kernels.cpu._kernel import subroutine

VECTOR = 64  # bytes; the sums of a tile need 32 registers of this size, which AVX-512 has
ACROSS = 2  # vectors of a panel's row
IS_WIDE = llvmlite.binding.get_host_cpu_features().get("avx512f", False)
_INT64, _INT32 = ir.IntType(64), ir.IntType(32)


def panel_width(dtype):
    """Return how many columns a panel has."""
    return ACROSS * VECTOR // dtype.itemsize


def _add_terms(builder, vector, sums, row, numbers, place):
    """Emit: the sums of a tile, one term further; `row` is the panel's, `numbers` point at each row's first number."""
    name = f"llvm.fma.v{vector.count}f{32 if vector.element == ir.FloatType() else 64}"
    fma = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), name)
    unknown, first = ir.Constant(vector, ir.Undefined), ir.Constant(_INT32, 0)
    spread = ir.Constant(ir.VectorType(_INT32, vector.count), [0] * vector.count)
    found = []
    for i, number in enumerate(numbers):
        one = builder.insert_element(unknown, builder.load(builder.gep(number, [place])), first)
        same = builder.shuffle_vector(one, unknown, spread)
        found += [builder.call(fma, [same, part, sums[i * ACROSS + j]]) for j, part in enumerate(row)]
    return found


def _vectors(builder, vector, pointer, offset):
    """Emit: pointers to the vectors of a panel's or a tile's row."""
    places = (builder.add(offset, ir.Constant(_INT64, j * vector.count)) for j in range(ACROSS))
    return [builder.bitcast(builder.gep(pointer, [place]), vector.as_pointer()) for place in places]


def _make_tile(height):
    """Return the intrinsic that multiplies `height` rows by a panel."""

    @intrinsic
    def tile(typing_context, x, panels, out, from_x, row, step, from_panels, depth, to_out, columns, is_more):
        """out[to_out + i * columns + j] = sum over t of x[from_x + i * row + t * step] * panel[t, j].

        Where `is_more`, the sum is added to what is there.
        """

        def generate(context, builder, signature, arguments):
            a, b, c = (context.make_array(signature.args[k])(context, builder, arguments[k]).data for k in range(3))
            from_x, row, step, from_panels, depth, to_out, columns, is_more = arguments[3:]
            element = a.type.pointee
            size = context.get_abi_sizeof(element)
            vector = ir.VectorType(element, VECTOR // size)
            width = ir.Constant(_INT64, ACROSS * vector.count)
            numbers = [
                builder.gep(a, [builder.add(from_x, builder.mul(ir.Constant(_INT64, i), row))]) for i in range(height)
            ]
            places = [builder.add(to_out, builder.mul(ir.Constant(_INT64, i), columns)) for i in range(height)]
            results = [pointer for place in places for pointer in _vectors(builder, vector, c, place)]
            zero = ir.Constant(vector, None)
            given = [builder.select(is_more, builder.load(pointer, align=size), zero) for pointer in results]
            before, loop, after = builder.block, builder.append_basic_block("sum"), builder.append_basic_block("store")
            builder.branch(loop)
            builder.position_at_end(loop)
            term = builder.phi(_INT64)
            term.add_incoming(ir.Constant(_INT64, 0), before)
            sums = [builder.phi(vector) for _ in results]
            for each, value in zip(sums, given, strict=True):
                each.add_incoming(value, before)
            place = builder.add(from_panels, builder.mul(term, width))
            part = [builder.load(p, align=size) for p in _vectors(builder, vector, b, place)]
            totals = _add_terms(builder, vector, sums, part, numbers, builder.mul(term, step))
            following = builder.add(term, ir.Constant(_INT64, 1))
            for each, value in zip([term, *sums], [following, *totals], strict=True):
                each.add_incoming(value, loop)
            builder.cbranch(builder.icmp_signed("<", following, depth), loop, after)
            builder.position_at_end(after)
            for total, pointer in zip(totals, results, strict=True):
                builder.store(total, pointer, align=size)
            return context.get_dummy_value()

        return types.none(x, panels, out, from_x, row, step, from_panels, depth, to_out, columns, is_more), generate

    return tile


def _python_tile(height):
    """Return the tile in plain Python."""

    def tile(x, panels, out, from_x, row, step, from_panels, depth, to_out, columns, is_more):
        width = panel_width(x.dtype)
        rows = x[from_x + np.arange(height)[:, None] * row + np.arange(depth) * step]
        found = rows @ panels[from_panels : from_panels + depth * width].reshape(depth, width)
        for i in range(height):
            target = out[to_out + i * columns : to_out + i * columns + width]
            target[:] = found[i] + (target if is_more else 0)

    return tile


_tile8, _tile4, _tile1 = ((_python_tile if config.DISABLE_JIT else _make_tile)(height) for height in (8, 4, 1))


@subroutine
def multiply_panel(x, panels, out, from_x, row, step, rows, from_panels, depth, to_out, columns, is_more):
    """Multiply so many rows of x by a panel; the parameters are those of a tile."""
    eights = rows // 8 * 8
    fours = eights + (rows - eights) // 4 * 4
    for i in range(0, eights, 8):
        start, target = from_x + i * row, to_out + i * columns
        _tile8(x, panels, out, start, row, step, from_panels, depth, target, columns, is_more)
    for i in range(eights, fours, 4):
        start, target = from_x + i * row, to_out + i * columns
        _tile4(x, panels, out, start, row, step, from_panels, depth, target, columns, is_more)
    for i in range(fours, rows):
        start, target = from_x + i * row, to_out + i * columns
        _tile1(x, panels, out, start, row, step, from_panels, depth, target, columns, is_more)


def _turned(builder, rows):
    """Emit: the columns of a square of vectors, by exchanging ever smaller quarters."""
    side, distance = len(rows), len(rows) // 2
    kind = ir.VectorType(_INT32, side)
    while distance:
        upper = ir.Constant(kind, [j if not j & distance else side + j - distance for j in range(side)])
        lower = ir.Constant(kind, [j + distance if not j & distance else side + j for j in range(side)])
        for i in range(side):
            if not i & distance:
                pair = rows[i], rows[i + distance]
                rows[i], rows[i + distance] = (builder.shuffle_vector(*pair, places) for places in (upper, lower))
        distance //= 2
    return rows


@intrinsic
def _copy_row(typing_context, y, panels, start, place):
    """Copy one row of a panel from where it lies side by side."""

    def generate(context, builder, signature, arguments):
        source, target = (context.make_array(signature.args[k])(context, builder, arguments[k]).data for k in range(2))
        size = context.get_abi_sizeof(source.type.pointee)
        vector = ir.VectorType(source.type.pointee, VECTOR // size)
        row = [builder.load(part, align=size) for part in _vectors(builder, vector, source, arguments[2])]
        for value, part in zip(row, _vectors(builder, vector, target, arguments[3]), strict=True):
            builder.store(value, part, align=size)
        return context.get_dummy_value()

    return types.none(y, panels, start, place), generate


@intrinsic
def _copy_turned(typing_context, y, panels, start, step, place, width):
    """Copy a square of a panel, a vector wide and high, from where its columns lie side by side, `step` apart."""

    def generate(context, builder, signature, arguments):
        source, target = (context.make_array(signature.args[k])(context, builder, arguments[k]).data for k in range(2))
        start, step, place, width = arguments[2:]
        size = context.get_abi_sizeof(source.type.pointee)
        vector = ir.VectorType(source.type.pointee, VECTOR // size)

        def line(memory, first, apart, i):
            index = builder.add(first, builder.mul(ir.Constant(_INT64, i), apart))
            return builder.bitcast(builder.gep(memory, [index]), vector.as_pointer())

        rows = [builder.load(line(source, start, step, i), align=size) for i in range(vector.count)]
        for i, row in enumerate(_turned(builder, rows)):
            builder.store(row, line(target, place, width, i), align=size)
        return context.get_dummy_value()

    return types.none(y, panels, start, step, place, width), generate


if config.DISABLE_JIT:

    def _copy_row(y, panels, start, place):
        width = panel_width(y.dtype)
        panels[place : place + width] = y[start : start + width]

    def _copy_turned(y, panels, start, step, place, width):
        side = range(VECTOR // y.itemsize)
        for i in side:
            for j in side:
                panels[place + i * width + j] = y[start + j * step + i]


@subroutine
def lay_out(y, start, row, step, depth, count, width, panels, place):
    """Copy `count` columns of y to the panel at `place`, zeros beyond; y has these strides."""
    side = width // ACROSS
    squares = depth // side * side if row == 1 and count == width else 0
    for t in range(0, squares, side):
        for j in range(0, width, side):
            _copy_turned(y, panels, start + t + j * step, step, place + t * width + j, width)
    for t in range(squares, depth):
        if step == 1 and count == width:
            _copy_row(y, panels, start + t * row, place + t * width)
            continue
        for j in range(count):
            panels[place + t * width + j] = y[start + t * row + j * step]
        for j in range(count, width):
            panels[place + t * width + j] = y.dtype.type(0)
