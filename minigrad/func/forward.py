"""Forward mode: products of Jacobians with vectors, by differentiating the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.autograd.grad_mode import enable_grad, is_grad_enabled
from minigrad.func._arguments import aux_of, check_outputs, chosen, split_aux, structure
from minigrad.func._basis import assembled, basis_of
from minigrad.func._vmap import vmap
from minigrad.func.reverse import _tape_of, _wraps
from minigrad.tensor import Tensor
from minigrad.utils._pytree import tree_flatten, tree_unflatten

__all__ = ["jacfwd", "jvp", "linearize"]

_API = "jvp(f, primals, tangents)"


def _check_primals(primals: Any) -> None:
    if not isinstance(primals, tuple):
        raise RuntimeError(f"{_API}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals).")
    flat, _ = tree_flatten(primals)
    if not flat:
        raise RuntimeError(f"{_API}: Expected primals to contain at least one Tensor.")
    for each in flat:
        if not isinstance(each, Tensor):
            raise RuntimeError(f"{_API}: Expected primals to only contain Tensors, got {type(each)}")


def jvp(func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False) -> Any:
    """Return ``func(*primals)``, and the product of its Jacobian with ``tangents``.

    Parameters
    ----------
    func : callable
        Takes tensors (or trees of them) and returns a tensor or a tree of them. Its operations must have second
        derivatives.
    primals, tangents : tuple
        The second has the form and shapes of the first.
    strict : bool
        Refuse an output that does not depend on the primals.
    has_aux : bool
        Whether ``func`` returns ``(output, aux)``; the second is handed through.

    Returns
    -------
    output, product : tree of Tensor
        With ``has_aux``, the third is what ``func`` returned beside its output.

    Raises
    ------
    RuntimeError
        For primals and tangents that do not fit each other, results that are no tensors, and by ``strict``.
    """
    _check_primals(primals)
    primals_spec, tangents_spec = structure(primals), structure(tangents)
    if primals_spec != tangents_spec:
        raise RuntimeError(
            f"{_API}: Expected primals and tangents to have the same python structure. For example, if primals is a "
            f"tuple of 3 tensors, tangents also must be. Got primals with structure {primals_spec} and tangents with "
            f"structure {tangents_spec}"
        )
    given = tree_flatten(tangents)[0]
    for tensor, tangent in zip(tree_flatten(primals)[0], given, strict=True):
        if tensor.shape != tangent.shape:
            raise RuntimeError(
                "Trying to set a forward gradient that has a different size than that of the original Tensor, this is "
                f"not supported. Tensor is of size {list(tensor.shape)} while the given forward gradient is of size "
                f"{list(tangent.shape)}."
            )
    tape, spec, aux = _evaluated(func, primals, None, has_aux, strict)
    outside = is_grad_enabled()
    with enable_grad():
        linear = tape.linear(outside)
        product = tape.push(linear, given)
    output = spec.unflatten([tape.released(each) for each in tape.outputs])
    results = (output, spec.unflatten(product))
    return (*results, aux_of(aux, tape.released)) if has_aux else results


def _evaluated(func: Callable[..., Any], primals: Any, argnums: Any, has_aux: bool, strict: bool) -> Any:
    """Return the tape of a call, the form of its output, and what the function returned beside it."""
    with enable_grad():
        tape, values, _ = _tape_of(primals, argnums)
        output, aux = split_aux(func(*values), has_aux, _API)
        flat, spec = tree_flatten(output)
        check_outputs(flat, _API)
        if strict and not all(each.requires_grad for each in flat):
            raise RuntimeError(
                "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is not "
                "allowed with strict=True."
            )
        tape.record(flat)
    return tape, spec, aux


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """Return ``func(*primals)``, and the function that multiplies its Jacobian there with tangents.

    The function is evaluated once; each call of the returned one costs a pass over its graph.
    """
    _check_primals(primals)
    tape, spec, _ = _evaluated(func, primals, None, False, False)
    outside = is_grad_enabled()
    with enable_grad():
        linear = tape.linear(outside)
    primals_spec = structure(primals)
    expected = tree_flatten(primals)[0]

    def jvp_fn(*tangents: Any) -> Any:
        """Return the product of the Jacobian with ``tangents``."""
        given, given_spec = tree_flatten(tangents)
        if given_spec != primals_spec:
            raise RuntimeError(
                f"Expected the tangents {given_spec} to have the same argspec as the primals {primals_spec}"
            )
        for k, (tangent, primal) in enumerate(zip(given, expected, strict=True)):
            for what in ("shape", "device", "dtype"):
                found, wanted = getattr(tangent, what), getattr(primal, what)
                if found != wanted:
                    raise RuntimeError(
                        f"tangent:{k} with {what} {found} in flattened pytree doesn't match the {what} {wanted} of the "
                        "corresponding primal."
                    )
        return spec.unflatten(tape.push(linear, given))

    return spec.unflatten([tape.released(each) for each in tape.outputs]), jvp_fn


def jacfwd(
    func: Callable[..., Any],
    argnums: Any = 0,
    has_aux: bool = False,
    *,
    chunk_size: int | None = None,
    randomness: str = "error",
) -> Callable[..., Any]:
    """Return the function that gives the Jacobian of ``func``, computed column by column.

    Parameters
    ----------
    func, argnums, has_aux, chunk_size
        As for `jacrev`, which needs fewer passes where there are fewer outputs than inputs.
    randomness : str
        "error", "same" or "different": as for `vmap`; the function is evaluated once only.
    """

    @_wraps(func)
    def wrapper(*args: Any) -> Any:
        outside = is_grad_enabled()
        tape, spec, aux = _evaluated(func, args, argnums, has_aux, False)
        inputs, inputs_spec = tree_flatten(chosen(args, argnums))
        with enable_grad():
            linear = tape.linear(outside)
            columns = vmap(
                lambda *tangents: tuple(tape.push(linear, tangents)), chunk_size=chunk_size, randomness=randomness
            )(*basis_of(inputs))
        blocks = [
            tree_unflatten(assembled(column.movedim(0, -1), output.shape, inputs, last=True), inputs_spec)
            for column, output in zip(columns, tape.outputs, strict=True)
        ]
        jacobian = spec.unflatten(blocks)
        return (jacobian, aux_of(aux, tape.released)) if has_aux else jacobian

    return wrapper
