"""Copying a run of elements between arrays: a call of memcpy, where a loop would end in a scalar remainder."""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils, config, types
from numba.extending import intrinsic


@intrinsic
def _copy_run(typing_context, target, start, source, begin, count):
    """Emit: copy `count` elements of `source` from `begin` to `target` from `start`; the two do not overlap."""

    def generate(context, builder, signature, arguments):
        to, _, of, _, _ = signature.args
        size = ir.Constant(ir.IntType(64), context.get_abi_sizeof(context.get_data_type(to.dtype)))
        places = []
        for kind, array, index in ((to, arguments[0], arguments[1]), (of, arguments[2], arguments[3])):
            data = context.make_array(kind)(context, builder, array).data
            places.append(builder.bitcast(builder.gep(data, [index]), ir.IntType(8).as_pointer()))
        cgutils.raw_memcpy(builder, places[0], places[1], arguments[4], size)
        return context.get_dummy_value()

    return types.none(target, types.intp, source, types.intp, types.intp), generate


def _copy_slice(target, start, source, begin, count):
    target[start : start + count] = source[begin : begin + count]


copy_run = _copy_slice if config.DISABLE_JIT else _copy_run
