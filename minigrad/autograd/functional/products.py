"""Products of vectors with Jacobians and Hessians, which are never formed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.autograd.functional._common import (
    as_tensors,
    evaluate,
    filled,
    gradients,
    prepare,
    released,
    require_grad,
    single_element,
    unpacked,
    vector,
    vector_of_inputs,
    zeros,
)
from minigrad.autograd.grad_mode import enable_grad, is_grad_enabled, set_grad_enabled

__all__ = ["hvp", "jvp", "vhp", "vjp"]


def vjp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return ``func(*inputs)``, and the product of ``v`` with its Jacobian.

    Parameters
    ----------
    func : callable
        Takes tensors and returns a tensor or a tuple of them.
    inputs : Tensor or tuple of Tensor
    v : Tensor or tuple of Tensor, optional
        Of the shapes of the outputs; may be left out for an output of one element.
    create_graph : bool
        Whether the results can be differentiated.
    strict : bool
        Refuse an input that no output depends on, instead of returning zeros for it.

    Returns
    -------
    outputs, vjp : Tensor or tuple of Tensor
        The second has the form of ``inputs``.

    Raises
    ------
    RuntimeError, TypeError
        For a ``v`` that does not fit, for results that are no tensors, and by ``strict``.
    """
    with enable_grad():
        is_tuple, inputs = as_tensors(inputs, "inputs", "vjp")
        inputs = prepare(inputs, create_graph, need_graph=True)
        outputs_are_tuple, outputs = evaluate(func, inputs, "vjp", strict)
        if v is not None:
            v = vector(v, outputs, outputs_are_tuple, "vjp", create_graph)
        elif len(outputs) != 1 or outputs[0].nelement() != 1:
            raise RuntimeError(
                "The vector v can only be None if the user-provided function returns a single Tensor with a single "
                "element."
            )
    with set_grad_enabled(create_graph or is_grad_enabled()):
        product = filled(gradients(outputs, inputs, v, create_graph), inputs, strict, create_graph, "back")
    return (
        unpacked(released(outputs, create_graph), outputs_are_tuple),
        unpacked(released(product, create_graph), is_tuple),
    )


def jvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return ``func(*inputs)``, and the product of its Jacobian with ``v``.

    The product is the derivative of the backward pass by the gradient that enters it, in the direction ``v``.

    Parameters
    ----------
    func, inputs, create_graph, strict
        As for `vjp`.
    v : Tensor or tuple of Tensor, optional
        Of the shapes of the inputs; may be left out for an input of one element.

    Returns
    -------
    outputs, jvp : Tensor or tuple of Tensor
        Both have the form of what ``func`` returns.
    """
    with enable_grad():
        is_tuple, inputs = as_tensors(inputs, "inputs", "jvp")
        inputs = prepare(inputs, create_graph, need_graph=True)
        v = vector_of_inputs(v, inputs, is_tuple, "jvp", create_graph)
        outputs_are_tuple, outputs = evaluate(func, inputs, "jvp", strict)
        entering = tuple(zeros(each, requires_grad=True) for each in outputs)
        backward = gradients(outputs, inputs, entering, create_graph=True)
        require_grad(backward, "grad_inputs", strict)
    with set_grad_enabled(create_graph or is_grad_enabled()):
        product = filled(gradients(backward, entering, v, create_graph), outputs, strict, create_graph, "back_trick")
    return (
        unpacked(released(outputs, create_graph), outputs_are_tuple),
        unpacked(released(product, create_graph), outputs_are_tuple),
    )


def vhp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return ``func(*inputs)``, and the product of ``v`` with its Hessian.

    Parameters
    ----------
    func : callable
        Returns one tensor of one element.
    inputs, create_graph, strict
        As for `vjp`.
    v : Tensor or tuple of Tensor, optional
        Of the shapes of the inputs; may be left out for an input of one element.

    Returns
    -------
    output : Tensor
    vhp : Tensor or tuple of Tensor
        It has the form of ``inputs``.
    """
    with enable_grad():
        is_tuple, inputs = as_tensors(inputs, "inputs", "vhp")
        inputs = prepare(inputs, create_graph, need_graph=True)
        v = vector_of_inputs(v, inputs, is_tuple, "vhp", create_graph)
        outputs, jacobian = _jacobian_of_scalar(func, inputs, "vhp", strict)
    with set_grad_enabled(create_graph or is_grad_enabled()):
        product = filled(gradients(jacobian, inputs, v, create_graph), inputs, strict, create_graph, "double_back")
    return released(outputs, create_graph)[0], unpacked(released(product, create_graph), is_tuple)


def hvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return ``func(*inputs)``, and the product of its Hessian with ``v``.

    The Hessian of a function that is continuously differentiable twice is symmetric, and `vhp` costs a backward pass
    less.

    Parameters
    ----------
    func, inputs, v, create_graph, strict
        As for `vhp`.

    Returns
    -------
    output : Tensor
    hvp : Tensor or tuple of Tensor
        It has the form of ``inputs``.
    """
    with enable_grad():
        is_tuple, inputs = as_tensors(inputs, "inputs", "hvp")
        inputs = prepare(inputs, create_graph, need_graph=True)
        v = vector_of_inputs(v, inputs, is_tuple, "hvp", create_graph)
        outputs, jacobian = _jacobian_of_scalar(func, inputs, "hvp", strict)
        entering = tuple(zeros(each, requires_grad=True) for each in inputs)
        backward = gradients(jacobian, inputs, entering, create_graph=True)
        require_grad(jacobian, "hessian", strict)
    with set_grad_enabled(create_graph or is_grad_enabled()):
        found = gradients(backward, entering, v, create_graph)
        product = filled(found, inputs, strict, create_graph, "double_back_trick")
    return released(outputs, create_graph)[0], unpacked(released(product, create_graph), is_tuple)


def _jacobian_of_scalar(
    func: Callable[..., Any], inputs: tuple[Any, ...], name: str, strict: bool
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return the output of a function of one element, and its gradients with a graph of their own."""
    is_tuple, outputs = evaluate(func, inputs, name, strict)
    single_element(outputs, is_tuple, name)
    jacobian = gradients(outputs, inputs, create_graph=True)
    require_grad(jacobian, "jacobian", strict)
    return outputs, jacobian
