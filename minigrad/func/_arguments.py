"""The arguments and results of the transforms: which are differentiated, and what a function may return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.tensor import Tensor
from minigrad.utils._pytree import tree_flatten, tree_map

__all__ = ["aux_of", "check_outputs", "chosen", "replaced", "split_aux"]


def chosen(args: tuple[Any, ...], argnums: Any) -> Any:
    """Return the arguments that ``argnums`` (an int, or a tuple of them) names, in the same form.

    Raises
    ------
    RuntimeError
        For numbers of no argument, none at all, and repeated ones.
    """
    if isinstance(argnums, int):
        return args[_position(argnums, len(args))]
    if not isinstance(argnums, tuple):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    positions = tuple(_position(each, len(args)) for each in argnums)
    if not positions:
        raise RuntimeError("argnums must be non-empty")
    if len(set(positions)) != len(positions):
        raise RuntimeError(f"argnums elements must be unique, got {positions}")
    return tuple(args[each] for each in positions)


def _position(argnum: Any, count: int) -> int:
    if not isinstance(argnum, int):
        raise RuntimeError(f"argnum must be int, got: {type(argnum)}")
    if not -count <= argnum < count:
        raise RuntimeError(f"Got argnum={argnum}, but only {count} positional inputs")
    return argnum % count


def replaced(args: tuple[Any, ...], values: Any, argnums: Any) -> tuple[Any, ...]:
    """Return the arguments with other values for those that ``argnums`` names."""
    changed = list(args)
    for argnum, value in zip(
        *(((argnums,), (values,)) if isinstance(argnums, int) else (argnums, values)), strict=True
    ):
        changed[argnum] = value
    return tuple(changed)


def split_aux(result: Any, has_aux: bool, api: str) -> tuple[Any, Any]:
    """Return a function's result, and what it returns beside it under ``has_aux``.

    Raises
    ------
    RuntimeError
    """
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(f"{api}: output of function f should be a tuple: (output, aux) if has_aux is True")
    return result


def aux_of(aux: Any, release: Any) -> Any:
    """Return what a function returned beside its result, outside the graph of the transform.

    Raises
    ------
    RuntimeError
        For something that is no tensor.
    """

    def released(value: Any) -> Any:
        if not isinstance(value, Tensor):
            raise RuntimeError(f"Expected tensors, got unsupported type {type(value)}")
        return release(value)

    return tree_map(released, aux)


def check_outputs(outputs: Sequence[Any], api: str) -> None:
    """Refuse a result without tensors, or with anything else.

    Raises
    ------
    RuntimeError
    """
    if not outputs:
        raise RuntimeError(f"{api}: Expected f to be a function that has non-empty output (got output = [])")
    for each in outputs:
        if not isinstance(each, Tensor):
            raise RuntimeError(f"{api}: expected f(*primals) to return only tensors, got unsupported type {type(each)}")


def structure(tree: Any) -> Any:
    """Return the form of a tree."""
    return tree_flatten(tree)[1]
