"""Copying runs of elements between arrays, however short: a loop would spend its time on the scalar remainder.

Rows of small images are shorter than what a compiled loop does at a time. Here the last elements of a run are read and
written as one vector of which only some lanes count.
"""

from __future__ import annotations

from numba.core import cgutils, config, types
from numba.extending import intrinsic

from minigrad_kernels.cpu._vectors import Emitter, constant


def _in_vectors(builder, emit, count, step):
    """Emit: ``step(index, mask)`` for every whole vector of `count` elements (mask None), and for what is left."""
    whole = builder.udiv(count, constant(emit.lanes))
    with cgutils.for_range(builder, whole) as loop:
        step(builder.mul(loop.index, constant(emit.lanes)), None)
    done = builder.mul(whole, constant(emit.lanes))
    left = builder.sub(count, done)
    with builder.if_then(builder.icmp_signed(">", left, constant(0))):
        step(done, emit.first(left))


@intrinsic
def _copy_run(typing_context, target, start, source, begin, count):
    """Emit: copy `count` elements of `source` from `begin` to `target` from `start`; the two do not overlap."""

    def generate(context, builder, signature, arguments):
        emit = Emitter(context, builder, target.dtype)
        to, of = emit.data(target, arguments[0], arguments[1]), emit.data(source, arguments[2], arguments[3])

        def step(index, mask):
            if mask is None:
                emit.store(emit.load(of, index), to, index)
            else:
                emit.store_masked(emit.load_masked(of, index, mask), to, index, mask)

        _in_vectors(builder, emit, arguments[4], step)
        return context.get_dummy_value()

    return types.none(target, types.intp, source, types.intp, types.intp), generate


@intrinsic
def _copy_sum(typing_context, target, start, source, begin, count, addend):
    """Emit: the same, `addend` added to every element; whole vectors of `source` may be read."""

    def generate(context, builder, signature, arguments):
        emit = Emitter(context, builder, target.dtype)
        to, of = emit.data(target, arguments[0], arguments[1]), emit.data(source, arguments[2], arguments[3])
        addends = emit.spread(arguments[5])

        def step(index, mask):
            value = emit.add(emit.load(of, index), addends)
            if mask is None:
                emit.store(value, to, index)
            else:
                emit.store_masked(value, to, index, mask)

        _in_vectors(builder, emit, arguments[4], step)
        return context.get_dummy_value()

    return types.none(target, types.intp, source, types.intp, types.intp, target.dtype), generate


@intrinsic
def _copy_every_second(typing_context, target, start, source, begin, count):
    """Emit: copy every second element of `source` from `begin` on, `count` of them."""

    def generate(context, builder, signature, arguments):
        emit = Emitter(context, builder, target.dtype)
        to, of = emit.data(target, arguments[0], arguments[1]), emit.data(source, arguments[2], arguments[3])
        count = arguments[4]

        def step(index, mask):
            place = builder.mul(index, constant(2))
            next_place = builder.add(place, constant(emit.lanes))
            # The last element read is an even one: nothing beyond it need exist.
            left = builder.sub(builder.sub(builder.mul(count, constant(2)), constant(1)), place)
            low = emit.load_masked(of, place, emit.first(left))
            high = emit.load_masked(of, next_place, emit.first(builder.sub(left, constant(emit.lanes))))
            value = emit.every_second(low, high)
            if mask is None:
                emit.store(value, to, index)
            else:
                emit.store_masked(value, to, index, mask)

        _in_vectors(builder, emit, count, step)
        return context.get_dummy_value()

    return types.none(target, types.intp, source, types.intp, types.intp), generate


@intrinsic
def _clear_run(typing_context, target, start, count):
    """Emit: `count` zeros in `target` from `start` on."""

    def generate(context, builder, signature, arguments):
        emit = Emitter(context, builder, target.dtype)
        to, zero = emit.data(target, arguments[0], arguments[1]), builder.load(emit.zero())

        def step(index, mask):
            if mask is None:
                emit.store(zero, to, index)
            else:
                emit.store_masked(zero, to, index, mask)

        _in_vectors(builder, emit, arguments[2], step)
        return context.get_dummy_value()

    return types.none(target, types.intp, types.intp), generate


@intrinsic
def _spread_pairs(typing_context, target, above, below, source, begin, places, count):
    """Emit: write each element of `source` to one of 2 x 2 places, zeros to the others: of lines `above` and `below`.

    `places` says which, from `begin` on as `source`: 0 and 1 above, 2 and 3 below.
    """

    def generate(context, builder, signature, arguments):
        _, above, below, _, begin, _, count = arguments
        emit = Emitter(context, builder, target.dtype)
        bytes_ = Emitter(context, builder, places.dtype, emit.lanes)
        lines = [emit.data(target, arguments[0], start) for start in (above, below)]
        of, which = emit.data(source, arguments[3], begin), bytes_.data(places, arguments[5], begin)
        zero = builder.load(emit.zero())

        def step(index, mask):
            load = Emitter.load if mask is None else (lambda each, *where: each.load_masked(*where, mask))
            value, place = load(emit, of, index), load(bytes_, which, index)
            chosen = [
                builder.select(builder.icmp_signed("==", place, bytes_.spread(bytes_.item(k))), value, zero)
                for k in range(4)
            ]
            start = builder.mul(index, constant(2))
            left = builder.sub(builder.mul(count, constant(2)), start)
            for line, pair in zip(lines, (chosen[:2], chosen[2:]), strict=True):
                for half, values in enumerate(emit.interleaved(*pair)):
                    shift = constant(half * emit.lanes)
                    if mask is None:
                        emit.store(values, line, builder.add(start, shift))
                    else:
                        emit.store_masked(values, line, builder.add(start, shift), emit.first(builder.sub(left, shift)))

        _in_vectors(builder, emit, count, step)
        return context.get_dummy_value()

    index = types.intp
    return types.none(target, index, index, source, index, places, index), generate


def _copy_slice(target, start, source, begin, count):
    target[start : start + count] = source[begin : begin + count]


def _copy_sum_slice(target, start, source, begin, count, addend):
    target[start : start + count] = source[begin : begin + count] + addend


def _copy_every_second_slice(target, start, source, begin, count):
    target[start : start + count] = source[begin : begin + 2 * count : 2]


def _spread_pairs_slice(target, above, below, source, begin, places, count):
    values, which = source[begin : begin + count], places[begin : begin + count]
    for k, start in enumerate((above, above + 1, below, below + 1)):
        target[start : start + 2 * count : 2] = values * (which == k)


def _clear_slice(target, start, count):
    target[start : start + count] = 0


if config.DISABLE_JIT:
    copy_run, copy_sum, copy_every_second = _copy_slice, _copy_sum_slice, _copy_every_second_slice
    clear_run, spread_pairs = _clear_slice, _spread_pairs_slice
else:
    copy_run, copy_sum, copy_every_second = _copy_run, _copy_sum, _copy_every_second
    clear_run, spread_pairs = _clear_run, _spread_pairs
