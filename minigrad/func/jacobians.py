"""Jacobians row by row, and Hessians."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.func._arguments import chosen
from minigrad.func._basis import assembled, basis_of
from minigrad.func._vmap import vmap
from minigrad.func.reverse import _wraps, differentiable
from minigrad.utils._pytree import tree_flatten

__all__ = ["hessian", "jacrev"]


def jacrev(
    func: Callable[..., Any],
    argnums: Any = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:
    """Return the function that gives the Jacobian of ``func``, computed row by row.

    Parameters
    ----------
    func : callable
        Takes tensors (or trees of them) and returns a tensor or a tree of them.
    argnums : int or tuple of int
        The arguments to differentiate by.
    has_aux : bool
        Whether ``func`` returns ``(output, aux)``; the second is handed through.
    chunk_size : int, optional
        How many rows are computed at once; by default all.

    Returns
    -------
    callable
        Gives a tree of the output's form whose leaves have the form of the chosen arguments. A block has the shape of
        its output followed by that of its input.

    Raises
    ------
    ValueError
        For a chunk size that is not positive.

    Examples
    --------
    >>> import minigrad as torch
    >>> torch.func.jacrev(torch.sin)(torch.zeros(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @_wraps(func)
    def wrapper(*args: Any) -> Any:
        output, vjp_fn, *aux = differentiable(func, args, argnums, has_aux)
        outputs, spec = tree_flatten(output)
        inputs, inputs_spec = tree_flatten(chosen(args, argnums))

        def pull(*cotangents: Any) -> tuple[Any, ...]:
            return tuple(tree_flatten(vjp_fn(spec.unflatten(cotangents)))[0])

        rows = vmap(pull, chunk_size=chunk_size)(*basis_of(outputs))
        by_input = [assembled(row, each.shape, outputs, last=False) for row, each in zip(rows, inputs, strict=True)]
        by_output = [inputs_spec.unflatten(blocks) for blocks in zip(*by_input, strict=True)]
        jacobian = spec.unflatten(by_output)
        return (jacobian, *aux) if has_aux else jacobian

    return wrapper


def hessian(func: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """Return the function that gives the Hessian of ``func``: the Jacobian of its Jacobian.

    Parameters
    ----------
    func : callable
        Takes tensors (or trees of them) and returns a tensor or a tree of them.
    argnums : int or tuple of int
    """
    return jacrev(jacrev(func, argnums), argnums)
