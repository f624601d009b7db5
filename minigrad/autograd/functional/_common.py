"""What the functions of this package share: their arguments, their checks, and gradients that may be absent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.autograd.backward import grad
from minigrad.ops.state import Upper

Tensors = tuple[Any, ...]

_NOT_REQUIRED = {
    "outputs": (
        "Output {i} of the user-provided function does not require gradients. The outputs must be computed in a "
        "differentiable manner from the input when running in strict mode."
    ),
    "grad_inputs": (
        "The gradient with respect to input {i} is independent of the inputs of the user-provided function. This is "
        "not allowed in strict mode."
    ),
    "jacobian": (
        "While computing the hessian, found that the jacobian of the user-provided function with respect to input {i} "
        "is independent of the input. This is not allowed in strict mode. You should ensure that your function is "
        "twice differentiable and that the jacobian depends on the inputs (this would be violated by a linear function "
        "for example)."
    ),
    "hessian": (
        "The hessian of the user-provided function with respect to input {i} is independent of the input. This is not "
        "allowed in strict mode. You should ensure that your function is thrice differentiable and that the hessian "
        "depends on the inputs."
    ),
}

_MISSING = {
    "back": (
        "The output of the user-provided function is independent of input {i}. This is not allowed in strict mode."
    ),
    "back_trick": (
        "The gradient with respect to the input is independent of entry {i} in the grad_outputs when using the double "
        "backward trick to compute forward mode gradients. This is not allowed in strict mode."
    ),
    "double_back": (
        "The jacobian of the user-provided function is independent of input {i}. This is not allowed in strict mode."
    ),
    "double_back_trick": (
        "The hessian of the user-provided function is independent of entry {i} in the grad_jacobian. This is not "
        "allowed in strict mode as it prevents from using the double backward trick to replace forward mode AD."
    ),
}


def as_tensors(value: Any, what: str, function: str) -> tuple[bool, Tensors]:
    """Return whether ``value`` is a tuple, and it as one.

    Raises
    ------
    TypeError
        When an entry is no tensor.
    """
    is_tuple = isinstance(value, tuple)
    values = value if is_tuple else (value,)
    for k, each in enumerate(values):
        if not isinstance(each, Upper.Tensor):
            found = f"the value at index {k}" if is_tuple else f"the given {what}"
            raise TypeError(
                f"The {what} given to {function} must be either a Tensor or a tuple of Tensors but {found} has type "
                f"{type(each)}."
            )
    return is_tuple, values


def evaluate(function: Callable[..., Any], inputs: Tensors, name: str, strict: bool) -> tuple[bool, Tensors]:
    """Return what a user's function gives, as `as_tensors` does."""
    is_tuple, outputs = as_tensors(function(*inputs), "outputs of the user-provided function", name)
    require_grad(outputs, "outputs", strict)
    return is_tuple, outputs


def prepare(tensors: Tensors, create_graph: bool, need_graph: bool) -> Tensors:
    """Return tensors of their own to differentiate by, so that the same ones inside a function are told apart."""
    return tuple(
        each.view_as(each) if create_graph and each.requires_grad else each.detach().requires_grad_(need_graph)
        for each in tensors
    )


def released(tensors: Sequence[Any], create_graph: bool) -> Tensors:
    """Return results without a graph, unless one was asked for."""
    return tuple(tensors) if create_graph else tuple(each.detach() for each in tensors)


def unpacked(values: Sequence[Any], is_tuple: bool) -> Any:
    """Return the values in the form in which they were given: a tuple, or a single one."""
    return tuple(values) if is_tuple else values[0]


def vector(v: Any, like: Tensors, like_is_tuple: bool, name: str, create_graph: bool) -> Tensors:
    """Return the vector of a product as a tuple of the shapes of ``like``.

    Raises
    ------
    RuntimeError
        For another number of entries, or another shape.
    """
    _, entries = as_tensors(v, "v", name)
    entries = prepare(entries, create_graph, need_graph=False)
    if len(entries) != len(like):
        if like_is_tuple:
            raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got {len(entries)}.")
        raise RuntimeError("The given v should contain a single Tensor.")
    for k, (entry, each) in enumerate(zip(entries, like, strict=True)):
        if entry.shape != each.shape:
            which = f"Entry {k} in v" if like_is_tuple else "v"
            raise RuntimeError(f"{which} has invalid size: should be {each.shape} but got {entry.shape}.")
    return entries


def vector_of_inputs(v: Any, inputs: Tensors, is_tuple: bool, name: str, create_graph: bool) -> Tensors | None:
    """Return the vector of a product with the inputs' shape; None for one element, where it may be left out."""
    if v is not None:
        return vector(v, inputs, is_tuple, name, create_graph)
    if len(inputs) != 1 or inputs[0].nelement() != 1:
        raise RuntimeError(
            "The vector v can only be None if the input to the user-provided function is a single Tensor with a single "
            "element."
        )
    return None


def require_grad(tensors: Sequence[Any], kind: str, strict: bool) -> None:
    """Refuse, in strict mode, what does not depend on the inputs.

    Raises
    ------
    RuntimeError
    """
    if not strict:
        return
    for i, each in enumerate(tensors):
        if each is None:
            raise RuntimeError(_MISSING["back"].format(i=i))
        if not each.requires_grad:
            raise RuntimeError(_NOT_REQUIRED[kind].format(i=i))


def zeros(like: Any, requires_grad: bool = False) -> Any:
    """Return a tensor of zeros of a shape and dtype."""
    return Upper.Tensor._wrap(np.zeros_like(like._array)).requires_grad_(requires_grad)


def gradients(
    outputs: Sequence[Any],
    inputs: Tensors,
    grad_outputs: Sequence[Any] | None = None,
    create_graph: bool = False,
    retain_graph: bool | None = None,
) -> tuple[Any, ...]:
    """Return gradients as `grad` does, None where no output leads to an input or none can be differentiated."""
    given = [None] * len(outputs) if grad_outputs is None else grad_outputs
    pairs = [
        (output, entering)
        for output, entering in zip(outputs, given, strict=True)
        if output is not None and output.requires_grad
    ]
    if not pairs:
        return (None,) * len(inputs)
    roots, entering = zip(*pairs, strict=True)
    return grad(roots, inputs, entering, retain_graph, create_graph, allow_unused=True)


def filled(found: Sequence[Any], like: Tensors, strict: bool, create_graph: bool, stage: str) -> list[Any]:
    """Return gradients with zeros for the missing ones.

    Raises
    ------
    RuntimeError
        In strict mode, for a missing one, and for a constant one under ``create_graph``.
    """
    results = []
    for i, (each, reference) in enumerate(zip(found, like, strict=True)):
        if each is None and strict:
            raise RuntimeError(_MISSING[stage].format(i=i))
        if each is not None and strict and create_graph and not each.requires_grad:
            raise RuntimeError(
                f"The {'hessian' if 'double' in stage else 'jacobian'} of the user-provided function is independent of "
                f"input {i}. This is not allowed in strict mode when create_graph=True."
            )
        results.append(zeros(reference) if each is None else each)
    return results


def single_element(outputs: Tensors, is_tuple: bool, name: str) -> None:
    """Refuse results of a function that has to return one tensor of one element.

    Raises
    ------
    RuntimeError
    """
    if is_tuple:
        raise RuntimeError(f"The function given to {name} should return a single Tensor")
    if outputs[0].nelement() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {name} should contain a single element")
