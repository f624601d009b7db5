"""Reverse mode: products of vectors with Jacobians, and gradients."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from minigrad.autograd.grad_mode import enable_grad, is_grad_enabled
from minigrad.creation import ones_like
from minigrad.func._arguments import aux_of, check_outputs, chosen, replaced, split_aux
from minigrad.func._tape import Tape
from minigrad.tensor import Tensor
from minigrad.utils._pytree import tree_flatten

__all__ = ["grad", "grad_and_value", "vjp"]


def _tape_of(args: tuple[Any, ...], argnums: Any) -> tuple[Tape, tuple[Any, ...], Any]:
    """Return a tape for the chosen arguments, the arguments to call with, and the form of the chosen ones.

    Raises
    ------
    ValueError
        When one of the chosen is no tensor.
    """
    flat, spec = tree_flatten(args if argnums is None else chosen(args, argnums))
    for each in flat:
        if not isinstance(each, Tensor):
            raise ValueError(f"Thing passed to transform API must be Tensor, got {type(each)}")
        if not each.is_floating_point():
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
    tape = Tape(flat)
    values = spec.unflatten(tape.inputs)
    return tape, values if argnums is None else replaced(args, values, argnums), spec


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """Return ``func(*primals)``, and the function that multiplies vectors with its Jacobian.

    Parameters
    ----------
    func : callable
        Takes tensors (or trees of them) and returns a tensor or a tree of them.
    *primals : Tensor or tree of Tensor
    has_aux : bool
        Whether ``func`` returns ``(output, aux)``; the second is handed through.

    Returns
    -------
    output, vjp_fn : tree of Tensor, callable
        ``vjp_fn(*cotangents)`` takes what has the form of the output, and returns one product a primal. With
        ``has_aux``, the third is what ``func`` returned beside its output.

    Raises
    ------
    RuntimeError, ValueError
        For primals and results that are no floating tensors.
    """
    return differentiable(func, primals, None, has_aux)


def differentiable(func: Callable[..., Any], primals: tuple[Any, ...], argnums: Any, has_aux: bool) -> Any:
    """Return what `vjp` does, for the arguments that ``argnums`` names only."""
    with enable_grad():
        tape, values, spec = _tape_of(primals, argnums)
        output, aux = split_aux(func(*values), has_aux, "vjp(f, *primals)")
        flat, output_spec = tree_flatten(output)
        check_outputs(flat, "vjp(f, *primals)")
        for each in flat:
            if not each.is_floating_point():
                raise RuntimeError(
                    "vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got Tensor with dtype "
                    f"{each.dtype}"
                )
        tape.record(flat)
    results = output_spec.unflatten([tape.released(each) for each in flat])

    def vjp_fn(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        """Return the products of ``cotangents`` with the Jacobian."""
        given, given_spec = tree_flatten(cotangents)
        if given_spec != output_spec:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the "
                f"function. cotangents: {_shown(given_spec)}, primal output: {_shown(output_spec)}"
            )
        found = tape.pull(given, is_grad_enabled() if create_graph is None else create_graph, retain_graph)
        return spec.unflatten(found)

    return (results, vjp_fn, aux_of(aux, tape.released)) if has_aux else (results, vjp_fn)


def _shown(spec: Any) -> str:
    """Return the form of a tree as PyTorch's errors show it."""
    return repr(spec.unflatten([_Star()] * spec.num_leaves))


class _Star:
    def __repr__(self) -> str:
        return "*"


def grad_and_value(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """Return the function that gives the gradient of ``func`` and its value.

    Parameters
    ----------
    func : callable
        Returns a tensor without dimensions.
    argnums : int or tuple of int
        The arguments to differentiate by.
    has_aux : bool
        Whether ``func`` returns ``(output, aux)``; the second is handed through, as ``(value, aux)``.

    Returns
    -------
    callable
        Raises RuntimeError for results that are no tensor without dimensions, and for impossible ``argnums``.
    """

    @_wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        outside = is_grad_enabled()
        api = "grad_and_value(f)(*args)"
        with enable_grad():
            tape, values, spec = _tape_of(args, argnums)
            output, aux = split_aux(func(*values, **kwargs), has_aux, api)
            if not isinstance(output, Tensor):
                raise RuntimeError(f"{api}: Expected f(*args) to return a Tensor, got {type(output)}")
            if output.dim():
                raise RuntimeError(
                    f"{api}: Expected f(*args) to return a scalar Tensor, got tensor with {output.dim()} dims. Maybe "
                    "you wanted to use the vjp or jacrev APIs instead?"
                )
            tape.record([output])
            found = spec.unflatten(tape.pull([ones_like(output)], outside, retain_graph=outside and tape.reaches_out))
        value = tape.released(output)
        return (found, (value, aux_of(aux, tape.released))) if has_aux else (found, value)

    return wrapper


def grad(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """Return the function that gives the gradient of ``func``; the parameters are those of `grad_and_value`.

    Examples
    --------
    >>> import minigrad as torch
    >>> cosine = torch.func.grad(torch.sin)
    >>> cosine(torch.tensor(0.0))
    tensor(1.)
    """
    both = grad_and_value(func, argnums, has_aux)

    @_wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        found, rest = both(*args, **kwargs)
        return (found, rest[1]) if has_aux else found

    return wrapper


def _wraps(func: Any) -> Callable[[Any], Any]:
    """Give a wrapper the name of what it wraps, where that has one."""
    return functools.wraps(func, updated=())
