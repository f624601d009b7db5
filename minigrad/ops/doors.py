"""The public functions of operations: each takes tensors apart, runs the forward, and records a node.

They are written out, one line for each parameter, when they are first called; `_ONE` and `_SEVERAL` say how.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import generic, ndarray

from minigrad.ops.backend import as_array, device_of, is_array, is_device_array, like
from minigrad.ops.errors import explained
from minigrad.ops.inplace import OneOfSeveral
from minigrad.ops.out import call_into
from minigrad.ops.recording import argument_names, array_names, value_names
from minigrad.ops.return_types import return_type
from minigrad.ops.sharing import share_if_same, share_memory
from minigrad.ops.state import BATCHED, Upper, mode
from minigrad.ops.written import code_of, write_function

_ARITHMETIC = frozenset(("add", "sub", "mul", "div", "floor_divide"))
"""Operations that take two Python numbers, too."""

_FIRST_CALL = """\
def call(*args, **kwargs):
    write_out_door(call, op)
    return call(*args, **kwargs)
"""

_ENTER = """\
def call(*args, **kwargs):
"""

_PACK = """\
    if len(args) > {arity} and not kwargs:
        args = (*args[:{arity} - 1], args[{arity} - 1 :])
"""

_BIND = """\
    if kwargs or len(args) != {arity}:
        if not kwargs and len(args) in defaults_after:
            args += defaults_after[len(args)]
        elif "out" in kwargs:
            return call_into(call, args, kwargs)
        else:
            args = bind(args, kwargs)
    {arguments}, = args
    mask = 0
    found = None
"""

_SLOT = """\
    v{k} = a{k}
    if isinstance(a{k}, Tensor):
        if a{k}._base is not None:
            if a{k}._base is BATCHED:
                return Upper.batched(op, call, args)
            if a{k}._view_version != a{k}._writes[0]:
                Upper.refresh(a{k})
        v{k} = a{k}._array
        if a{k}._requires_grad:
            mask |= {bit}
        found = a{k}
    elif isinstance(a{k}, generic):  # what NumPy makes of 0-d arrays inside gradient rules
        v{k} = asarray(a{k})
"""

_SEQUENCE = """\
    if not isinstance(a0, (tuple, list)):
        raise no_sequence(op, a0)
    v0 = []
    bit = 1
    for each in a0:
        if isinstance(each, Tensor):
            if each._base is not None:
                if each._base is BATCHED:
                    return Upper.batched(op, call, args)
                Upper.refresh(each)
            v0.append(each._array)
            if each._requires_grad:
                mask |= bit
            found = each
        elif is_array(each):
            v0.append(each)
        else:
            raise TypeError(f"expected Tensor as element {{len(v0)}} in argument 0, but got {{type(each).__name__}}")
        bit <<= 1
"""

_RUN = """\
    try:
        {out} = forward({values})
    except Exception as error:
        raise explained(error, signature, args, {read}, kwargs) from None
"""

_HIDDEN = """\
    out = outs[0]
"""

_ONE = """\
    if found is None:
        return out if type(out) is ndarray else bare(op, args, out)
    if type(out) is not ndarray:
        out = as_array(out)
        if is_device_array(out):
            values = [{values}]
            if joined := beside(args, values, out):
                return call(*joined)
            {values}, = values
    result = new(Tensor)
    result._array = out
    result._writes = [Upper.inferring and mode.first]
    result._node = result._grad = result._base = None
    result._requires_grad = False
"""

_VIEW = """\
    share_if_same(result, found, call, args)
"""

_RECORD = """\
    if mask and mode.enabled:
"""

_RECORDS = """\
        if not records({values}):
            result._base = None
            return result
"""

_RECORD_ONE = """\
        record = recorders.get({key}) or op.recorder({key})
        result._node = record({recorded}, result)
        result._requires_grad = True
"""

_LEAVE = """\
    return result
"""

_SEVERAL = """\
    if found is None:
        return tuple([out if type(out) is ndarray else bare(op, args, out) for out in outs[:visible]])
    outs = tuple([out if type(out) is ndarray else as_array(out) for out in outs])
    results = tuple([wrap(out) for out in outs[:visible]])
"""

_SEVERAL_VIEWS = """\
    rest = args[1:]
    for k, result in enumerate(results):
        share_memory(result, found, OneOfSeveral(call, k), rest)
"""

_RECORD_SEVERAL = """\
        record = recorders.get(mask) or op.recorder(mask)
        node = record({recorded}, results)
        for k, result in enumerate(results):
            if result._array.dtype.kind == "f":
                result._node = node.output_edge(k)
                result._requires_grad = True
"""

_LEAVE_SEVERAL = """\
    return results if named is None else new_tuple(named, results)
"""


def door(op: Any) -> Any:
    """Return the public function of an operation, still to be written out."""
    signature = op.signature
    shown = op.output_names[: op.visible]
    names: dict[str, Any] = {
        "BATCHED": BATCHED,
        "OneOfSeveral": OneOfSeveral,
        "Upper": Upper,
        "as_array": as_array,
        "asarray": np.asarray,
        "bare": _bare,
        "beside": _beside,
        "bind": signature.bind,
        "call_into": call_into,
        "defaults_after": signature.defaults_after,
        "explained": explained,
        "forward": op.forward,
        "generic": generic,
        "is_array": is_array,
        "is_device_array": is_device_array,
        "mode": mode,
        "named": None if shown == ("outputs",) else return_type(op.name.removesuffix("_dim"), shown),
        "ndarray": ndarray,
        "new": object.__new__,
        "new_tuple": tuple.__new__,
        "no_sequence": _no_sequence,
        "op": op,
        "recorders": op.recorders,
        "records": op.records,
        "share_if_same": share_if_same,
        "share_memory": share_memory,
        "signature": signature,
        "visible": op.visible if op.hidden else None,
        "write_out_door": _write_out_door,
    }
    call: Any = write_function(_FIRST_CALL, names)
    call.__globals__["call"] = call
    return call


def _write_out_door(call: Any, op: Any) -> None:
    """Give the public function of an operation its code."""
    slots = [_SLOT.format(k=k, bit=1 << number) for number, k in enumerate(op.signature.tensor_positions)]
    packs_last = op.signature.pack == op.signature.arity - 1
    parts = [_ENTER, _PACK * packs_last, _BIND, *([_SEQUENCE] if op.signature.takes_sequence else slots)]
    if op.several:
        parts += [_RUN, _SEVERAL, _SEVERAL_VIEWS * op.view]
        recording, leave = [_RECORD, _RECORD_SEVERAL], _LEAVE_SEVERAL
    else:
        parts += [_RUN, _HIDDEN * op.hidden, _ONE, _VIEW * op.view]
        recording, leave = [_RECORD, _RECORDS * (op.records is not None), _RECORD_ONE], _LEAVE
    parts += [*recording * op.differentiable, leave]
    out = "outs" if op.several or op.hidden else "out"
    text = "".join(parts).format(
        arity=op.signature.unbound,
        arguments=", ".join(argument_names(op)),
        values=", ".join(value_names(op)),
        key="(mask, len(v0))" if op.signature.takes_sequence else "mask",
        recorded=", ".join([*argument_names(op), *array_names(op), out]),
        read="v0" if op.signature.takes_sequence else f"[{', '.join(value_names(op))}]",
        out=out,
    )
    call.__globals__.update(Tensor=Upper.Tensor, wrap=Upper.Tensor._wrap)
    call.__code__ = code_of(text)


def _no_sequence(op: Any, given: Any) -> TypeError:
    return TypeError(
        f"{op.name}(): argument '{op.signature.names[0]}' (position 1) must be tuple of Tensors, "
        f"not {type(given).__name__}"
    )


def _bare(op: Any, args: tuple[Any, ...], out: Any) -> Any:
    """Return the result of a call without tensors as an array; refuse a call without arrays, arithmetic apart."""
    if is_device_array(out):
        return out
    for position in op.signature.tensor_positions:
        if isinstance(args[position], np.generic) or is_array(args[position]):
            return as_array(out)
    if op.name in _ARITHMETIC:
        return Upper.Tensor._wrap(as_array(out))
    first = op.signature.tensor_positions[0]
    raise TypeError(
        f"{op.name}(): argument '{op.signature.names[first]}' (position {first + 1}) must be Tensor, "
        f"not {type(args[first]).__name__}"
    )


def _beside(args: tuple[Any, ...], values: list[Any], out: Any) -> list[Any] | None:
    """Return the arguments with the CPU's tensors of no dimension where ``out`` is, None where there are none.

    Other numbers that came as arrays of the CPU are put there in ``values``, for the gradient rules.
    """
    if not any(map(is_device_array, values)):
        return None
    joined = list(args)
    for k, each in enumerate(values):
        if type(each) is ndarray and not each.ndim:
            if isinstance(args[k], Upper.Tensor):
                joined[k] = args[k].to(device_of(out))
            else:
                values[k] = like(out, each)
    return joined if any(new is not old for new, old in zip(joined, args, strict=True)) else None
