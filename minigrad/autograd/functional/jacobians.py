"""Whole Jacobians and Hessians, a row (or, forward, a column) at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minigrad.autograd.functional._common import (
    as_tensors,
    evaluate,
    gradients,
    prepare,
    released,
    require_grad,
    single_element,
    unpacked,
    zeros,
)
from minigrad.autograd.grad_mode import enable_grad
from minigrad.ops.join import stack
from minigrad.ops.state import Upper

__all__ = ["hessian", "jacobian"]

_STRATEGIES = ("forward-mode", "reverse-mode")


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """Return the derivatives of all outputs of ``func`` by all inputs.

    Parameters
    ----------
    func : callable
        Takes tensors and returns a tensor or a tuple of them.
    inputs : Tensor or tuple of Tensor
    create_graph : bool
        Whether the result can be differentiated.
    strict : bool
        Refuse an output that does not depend on an input, instead of returning zeros.
    vectorize : bool
        Accepted for PyTorch's sake; the result is the same, but an output may be empty.
    strategy : str
        "reverse-mode" computes a row at a time, "forward-mode" (with ``vectorize=True`` only) a column.

    Returns
    -------
    Tensor, or tuple (of tuples) of them
        ``[i][j]``, where there are several outputs and inputs, has the shape of output ``i`` followed by that of input
        ``j``.

    Raises
    ------
    RuntimeError, TypeError, NotImplementedError, AssertionError
        For results that are no tensors, by ``strict``, and for options that PyTorch does not combine.
    """
    if strategy not in _STRATEGIES:
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs '
            'than inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        _check_forward_mode(create_graph, strict, vectorize)
    with enable_grad():
        is_tuple, inputs = as_tensors(inputs, "inputs", "jacobian")
        # Forward mode always gives what can be differentiated where the inputs can, as PyTorch's tangents are.
        create_graph = create_graph or (strategy == "forward-mode" and any(each.requires_grad for each in inputs))
        inputs = prepare(inputs, create_graph, need_graph=True)
        outputs_are_tuple, outputs = evaluate(func, inputs, "jacobian", strict)
        if vectorize and strict:
            raise RuntimeError(
                "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. "
                "Please either set `strict=False` or `vectorize=False`."
            )
        if strategy == "forward-mode":
            blocks = _by_columns(outputs, inputs, create_graph)
        else:
            blocks = [_by_rows(k, output, inputs, create_graph, strict) for k, output in enumerate(outputs)]
    rows = [unpacked(released(row, create_graph), is_tuple) for row in blocks]
    return unpacked(rows, outputs_are_tuple)


def _check_forward_mode(create_graph: bool, strict: bool, vectorize: bool) -> None:
    if create_graph:
        raise NotImplementedError(
            'torch.autograd.functional.jacobian: `create_graph=True` and `strategy="forward-mode"` are not supported '
            'together (yet). Please either set `create_graph=False` or `strategy="reverse-mode"`.'
        )
    if strict:
        raise RuntimeError(
            'torch.autograd.functional.jacobian: `strict=True` and `strategy="forward-mode"` are not supported '
            'together (yet). Please either set `strict=False` or `strategy="reverse-mode"`.'
        )
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian isonly implemented for "
            "`vectorize=True`."
        )


def _basis(like: Any) -> Iterator[Any]:
    """Yield the tensors of a shape and dtype that have one 1 and zeros elsewhere."""
    for k in range(like._array.size):
        unit = np.zeros_like(like._array, order="C")
        unit.reshape(-1)[k] = 1
        yield Upper.Tensor._wrap(unit)


def _assembled(rows: list[Any], like: Any, shape: tuple[int, ...]) -> Any:
    """Return rows (or columns) stacked and shaped."""
    if not rows:
        return Upper.Tensor._wrap(np.zeros_like(like._array, shape=shape))
    return stack(rows).view(shape)


def _by_rows(index: int, output: Any, inputs: tuple[Any, ...], create_graph: bool, strict: bool) -> list[Any]:
    """Return the Jacobian of one output by each input, from one backward pass an element."""
    rows: list[list[Any]] = [[] for _ in inputs]
    for unit in _basis(output):
        found = gradients((output,), inputs, (unit,), create_graph, retain_graph=True)
        for k, each in enumerate(found):
            if each is None and strict:
                raise RuntimeError(
                    f"Output {index} of the user-provided function is independent of input {k}. This is not allowed in "
                    "strict mode."
                )
            if each is not None and strict and create_graph and not each.requires_grad:
                raise RuntimeError(
                    f"The jacobian of the user-provided function is independent of input {index}. This is not allowed "
                    "in strict mode when create_graph=True."
                )
            rows[k].append(zeros(inputs[k]) if each is None else each)
    return [
        _assembled(row, each, (*output.shape, *each.shape)) for row, each in zip(rows, inputs, strict=True)
    ]  # fmt: skip


def _by_columns(outputs: tuple[Any, ...], inputs: tuple[Any, ...], create_graph: bool) -> list[list[Any]]:
    """Return the Jacobians of all outputs by each input, from one derivative of the backward pass an element."""
    entering = tuple(zeros(each, requires_grad=True) for each in outputs)
    backward = gradients(outputs, inputs, entering, create_graph=True)
    columns: list[list[list[Any]]] = [[[] for _ in inputs] for _ in outputs]
    for j, (each, product) in enumerate(zip(inputs, backward, strict=True)):
        for unit in _basis(each):
            found = gradients((product,), entering, (unit,), create_graph, retain_graph=True)
            for i, tangent in enumerate(found):
                columns[i][j].append(zeros(outputs[i]) if tangent is None else tangent)
    return [
        [
            _assembled(column, output, (each._array.size, *output.shape)).movedim(0, -1)
            .reshape((*output.shape, *each.shape))
            for column, each in zip(of_output, inputs, strict=True)
        ]
        for of_output, output in zip(columns, outputs, strict=True)
    ]  # fmt: skip


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """Return the second derivatives of a function of one element by all pairs of inputs.

    Parameters
    ----------
    func : callable
        Takes tensors and returns a tensor of one element.
    inputs, create_graph, strict, vectorize
        As for `jacobian`.
    outer_jacobian_strategy : str
        The strategy of the outer Jacobian; the inner one is a gradient.

    Returns
    -------
    Tensor or tuple of tuples of Tensor
        ``[i][j]`` has the shape of input ``i`` followed by that of input ``j``.

    Raises
    ------
    RuntimeError, TypeError, NotImplementedError, AssertionError
        As `jacobian`, and for a function of several elements.
    """
    is_tuple, inputs = as_tensors(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in _STRATEGIES:
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def scalar(*values: Any) -> Any:
        single, outputs = evaluate(func, values, "hessian", strict)
        single_element(outputs, single, "hessian")
        return outputs[0].squeeze()

    def gradient(*values: Any) -> Any:
        found = jacobian(scalar, values, create_graph=True)
        require_grad(found, "jacobian", strict)
        return found

    blocks = jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)
    return unpacked([unpacked(row, is_tuple) for row in blocks], is_tuple)
