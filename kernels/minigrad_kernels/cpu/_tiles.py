"""Products of small tiles, held in vector registers from the first term to the last: the heart of convolution.

Numba's loops become vector code only where LLVM sees a loop over consecutive elements, and it keeps no block of sums in
registers. So the two inner loops of convolution are emitted as vector instructions, in the shape that matrix products
take on a processor: every loaded vector and every loaded factor is used several times. Each has a twin in plain Python
for ``NUMBA_DISABLE_JIT=1``.

Both see the rows of a matrix X as shifted runs of one array: row k begins at ``offsets[k]``.
"""

from __future__ import annotations

from numba.core import cgutils, config, types
from numba.extending import intrinsic

from minigrad_kernels.cpu._vectors import SUMS, Emitter, constant, lanes

ROWS = (8, 4, 2, 1) if SUMS == 24 else (4, 2, 1)
"""The heights of tiles that there are, the highest first."""


def vectors(rows):
    """Return the width of a product's tile of so many rows, in vectors."""
    return min(8, SUMS // rows)


def taps(rows):
    """Return how many rows of X a tile of inner products takes."""
    return min(9, SUMS // rows)


def _products(rows):
    """Return the intrinsic for tiles of so many rows of a product."""

    @intrinsic
    def tile(typing_context, factors, at, x, start, offsets, first, last, out, place, stride, is_more):
        def generate(context, builder, signature, arguments):
            factors, at, x, start, offsets, first, last, out, place, stride, is_more = arguments
            kinds = signature.args
            emit = Emitter(context, builder, kinds[0].dtype)
            factors, x = emit.data(kinds[0], factors, at), emit.data(kinds[2], x, start)
            offsets, out = emit.data(kinds[4], offsets, first), emit.data(kinds[7], out)
            steps = [constant(v * emit.lanes) for v in range(vectors(rows))]
            places = [
                [builder.add(builder.add(place, builder.mul(stride, constant(r))), step) for step in steps]
                for r in range(rows)
            ]
            sums = [[emit.zero() for _ in steps] for _ in places]
            with builder.if_then(is_more):
                for row, line in zip(sums, places, strict=True):
                    for total, index in zip(row, line, strict=True):
                        builder.store(emit.load(out, index), total)
            with cgutils.for_range(builder, builder.sub(last, first)) as loop:
                begin = builder.load(builder.gep(offsets, [loop.index]))
                run = [emit.load(x, builder.add(begin, step)) for step in steps]
                column = builder.gep(factors, [builder.mul(loop.index, constant(rows))])
                for r, row in enumerate(sums):
                    factor = emit.spread(builder.load(builder.gep(column, [constant(r)])))
                    for total, vector in zip(row, run, strict=True):
                        emit.add_product(total, factor, vector)
            for row, line in zip(sums, places, strict=True):
                for total, index in zip(row, line, strict=True):
                    emit.store(builder.load(total), out, index)
            return context.get_dummy_value()

        whole = types.intp
        return types.none(factors, whole, x, whole, offsets, whole, whole, out, whole, whole, types.boolean), generate

    def plain(factors, at, x, start, offsets, first, last, out, place, stride, is_more):
        width = vectors(rows) * lanes(x.itemsize)
        block = factors[at : at + (last - first) * rows].reshape(-1, rows)
        shifted = [x[start + offset :][:width] for offset in offsets[first:last]]
        for r in range(rows):
            target = out[place + r * stride :][:width]
            target[...] = (target if is_more else 0) + sum(f * run for f, run in zip(block[:, r], shifted, strict=True))

    return plain if config.DISABLE_JIT else tile


def _inner_products(rows):
    """Return the intrinsic for tiles of so many rows of inner products."""

    @intrinsic
    def tile(typing_context, y, place, stride, x, start, offsets, first, length, out, at):
        def generate(context, builder, signature, arguments):
            y, place, stride, x, start, offsets, first, length, out, at = arguments
            kinds = signature.args
            emit = Emitter(context, builder, kinds[0].dtype)
            y, x, out = emit.data(kinds[0], y, place), emit.data(kinds[3], x, start), emit.data(kinds[8], out, at)
            offsets = emit.data(kinds[5], offsets, first)
            columns = range(taps(rows))
            sums = [[emit.zero() for _ in range(rows)] for _ in columns]
            lines = [builder.gep(y, [builder.mul(stride, constant(r))]) for r in range(rows)]
            runs = [builder.gep(x, [builder.load(builder.gep(offsets, [constant(k)]))]) for k in columns]
            with cgutils.for_range(builder, builder.udiv(length, constant(emit.lanes))) as loop:
                index = builder.mul(loop.index, constant(emit.lanes))
                vectors = [emit.load(line, index) for line in lines]
                for run, column in zip(runs, sums, strict=True):
                    other = emit.load(run, index)
                    for total, vector in zip(column, vectors, strict=True):
                        emit.add_product(total, vector, other)
            for k, column in enumerate(sums):
                cell = k * ROWS[0]
                for total in emit.totals([builder.load(each) for each in column]):
                    emit.add_to(out, constant(cell), total)
                    cell += total.type.count
            return context.get_dummy_value()

        whole = types.intp
        return types.none(y, whole, whole, x, whole, offsets, whole, whole, out, whole), generate

    def plain(y, place, stride, x, start, offsets, first, length, out, at):
        for k in range(taps(rows)):
            run = x[start + offsets[first + k] :][:length]
            for r in range(rows):
                out[at + k * ROWS[0] + r] += (y[place + r * stride :][:length] * run).sum()

    return plain if config.DISABLE_JIT else tile


products_of_8, products_of_4, products_of_2, products_of_1 = map(_products, (8, 4, 2, 1))
inner_products_of_8, inner_products_of_4, inner_products_of_2, inner_products_of_1 = map(_inner_products, (8, 4, 2, 1))
