"""The public functions of operations on a sequence of tensors: cat, stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.ops.backend import as_array, is_array
from minigrad.ops.errors import explained
from minigrad.ops.out import call_into
from minigrad.ops.state import BATCHED, Upper, mode


def sequence_door(op: Any) -> Callable[..., Any]:
    """Return the public function of an operation whose first parameter is a sequence of tensors."""
    forward, signature = op.forward, op.signature

    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs or len(args) != signature.arity:
            if "out" in kwargs:
                return call_into(call, args, kwargs)
            args = signature.bind(args, kwargs)
        tensors = args[0]
        if not isinstance(tensors, (tuple, list)):
            raise TypeError(
                f"{op.name}(): argument '{signature.names[0]}' (position 1) must be tuple of Tensors, "
                f"not {type(tensors).__name__}"
            )
        arrays = []
        mask = 0
        some = False
        for k, each in enumerate(tensors):
            if isinstance(each, Upper.Tensor):
                some = True
                if each._base is not None:
                    if each._base is BATCHED:
                        return Upper.batched(op, call, args)
                    Upper.refresh(each)
                arrays.append(each._array)
                if each._requires_grad:
                    mask |= 1 << k
            elif is_array(each):
                arrays.append(each)
            else:
                raise TypeError(f"expected Tensor as element {k} in argument 0, but got {type(each).__name__}")
        try:
            out = forward(arrays, *args[1:])
        except Exception as error:
            raise explained(error, signature, args, arrays, kwargs) from None
        if not some:
            return out
        result = Upper.Tensor._wrap(as_array(out))
        if mask and op.differentiable and mode.enabled:
            values = [arrays, *args[1:]]
            result._node = Upper.SequenceNode(op.plan(mask, len(tensors)), tensors, values, result._array)
            result._requires_grad = True
        return result

    return call
