"""Jacobians by central differences and as the graph computes them, and how `gradcheck` compares the two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.autograd.backward import grad as autograd_grad
from minigrad.ops.state import Upper

__all__ = ["GradcheckError", "as_tuple", "compare_directions", "compare_jacobians", "differentiable", "is_checked"]

Array = np.ndarray[Any, Any]


class GradcheckError(RuntimeError):
    """Raised by `gradcheck` and `gradgradcheck` when a gradient is not what the function's values say."""


def as_tuple(values: Any) -> tuple[Any, ...]:
    """Return one or several values as a tuple."""
    return tuple(values) if isinstance(values, (tuple, list)) else (values,)


def is_checked(value: Any) -> bool:
    """Whether a value is a tensor whose gradient is asked for."""
    return isinstance(value, Upper.Tensor) and value.requires_grad


def differentiable(outputs: Any) -> tuple[Any, ...]:
    """Return the outputs that depend on what requires grad."""
    return tuple(each for each in as_tuple(outputs) if is_checked(each))


def _output(func: Callable[..., Any], tensors: Sequence[Any], index: int) -> Any:
    """Return the index-th differentiable output."""
    return differentiable(func(*tensors))[index]


def _value(func: Callable[..., Any], tensors: Sequence[Any], index: int) -> Array:
    """Return the values of the index-th differentiable output, in double precision."""
    # The graph is recorded here too: only it tells which outputs are differentiable, and `func` may differentiate.
    return np.array(_output(func, tensors, index)._array, np.float64)


def _gradients(output: Any, tensors: Sequence[Any], checked: list[int], entering: Array) -> list[Array]:
    """Return the analytical gradients of one output with respect to the checked inputs."""
    wanted = [tensors[k] for k in checked]
    grads = autograd_grad(
        output, wanted, Upper.Tensor._wrap(entering.astype(output._array.dtype)), retain_graph=True, allow_unused=True
    )
    return [
        np.zeros(each._array.shape) if grad is None else grad._array for each, grad in zip(wanted, grads, strict=True)
    ]


def _perturbed(func: Callable[..., Any], tensors: Sequence[Any], k: int, index: int, change: Array) -> Array:
    """Return an output's values with an input moved by ``change``, and put the input back."""
    array = tensors[k]._array
    before = array.copy()
    try:
        array += change.astype(array.dtype)
        return _value(func, tensors, index)
    finally:
        array[...] = before


def _numerical_jacobian(func: Callable[..., Any], tensors: Sequence[Any], k: int, index: int, eps: float) -> Array:
    """Return the Jacobian by central differences, shape (input elements, output elements)."""
    array = tensors[k]._array
    if not array.size:
        return np.zeros((0, _perturbed(func, tensors, k, index, np.zeros(array.shape)).size))
    rows = []
    for place in range(array.size):
        change = np.zeros(array.size)
        change[place] = eps
        change = change.reshape(array.shape)
        high = _perturbed(func, tensors, k, index, change)
        low = _perturbed(func, tensors, k, index, -change)
        rows.append((high - low).reshape(-1) / (2 * eps))
    return np.array(rows).reshape(array.size, -1)


def _analytical_jacobians(output: Any, tensors: Sequence[Any], checked: list[int]) -> list[Array]:
    """Return the Jacobians that the graph computes, each of shape (input elements, output elements)."""
    count = output.numel()
    jacobians = [np.empty((tensors[k].numel(), count)) for k in checked]
    for place in range(count):
        entering = np.zeros(count)
        entering[place] = 1
        grads = _gradients(output, tensors, checked, entering.reshape(output._array.shape))
        for jacobian, grad in zip(jacobians, grads, strict=True):
            jacobian[:, place] = grad.reshape(-1)
    return jacobians


def compare_jacobians(
    func: Callable[..., Any],
    tensors: Sequence[Any],
    checked: list[int],
    index: int,
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
    check_grad_dtypes: bool,
) -> float:
    """Compare the Jacobians of an output whole; return the largest difference."""
    output = _output(func, tensors, index)
    worst = 0.0
    analytical = _analytical_jacobians(output, tensors, checked)
    again = _analytical_jacobians(output, tensors, checked)
    if check_grad_dtypes:
        _check_dtypes(output, tensors, checked)
    for k, found, repeated in zip(checked, analytical, again, strict=True):
        if found.size and np.abs(found - repeated).max() > nondet_tol:
            raise GradcheckError(
                f"Backward is not reentrant, i.e., running backward with same input and grad_output multiple times "
                f"gives different values, although analytical gradient matches numerical gradient. The tolerance for "
                f"nondeterminism was {nondet_tol}."
            )
        numerical = _numerical_jacobian(func, tensors, k, index, eps)
        if not np.allclose(found, numerical, rtol, atol, equal_nan=True):
            raise GradcheckError(_mismatch(index, k, numerical, found, tensors[k], output))
        worst = max(worst, _error(numerical, found))
    return worst


def _error(numerical: Any, analytical: Any) -> float:
    """Return the largest difference, relative to numerical values above 1; those that are nan in both do not count."""
    with np.errstate(invalid="ignore"):
        error = np.abs(numerical - analytical) / np.maximum(1, np.abs(numerical))
    return float(np.nan_to_num(error, nan=0).max(initial=0))


def _mismatch(index: int, k: int, numerical: Array, analytical: Array, tensor: Any, output: Any) -> str:
    """Return what to say of two Jacobians that differ: the worst entry first, then both whole."""
    error = np.abs(analytical - numerical)
    error[np.isnan(error)] = np.inf
    row, column = np.unravel_index(error.argmax(), error.shape)
    of_input = tuple(int(n) for n in np.unravel_index(row, tensor._array.shape))
    of_output = tuple(int(n) for n in np.unravel_index(column, output._array.shape))
    return (
        f"Jacobian mismatch for output {index} with respect to input {k},\n"
        f"worst entry: d output{list(of_output)} / d input{list(of_input)}: numerical {numerical[row, column]:.9g}, "
        f"analytical {analytical[row, column]:.9g}, difference {error[row, column]:.3g}\n"
        f"input shape {list(tensor.shape)}, output shape {list(output.shape)}\n"
        f"numerical:{Upper.Tensor._wrap(numerical)}\nanalytical:{Upper.Tensor._wrap(analytical)}\n"
    )


def compare_directions(
    func: Callable[..., Any],
    tensors: Sequence[Any],
    checked: list[int],
    index: int,
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
    check_grad_dtypes: bool,
) -> float:
    """Compare ``<v, J u>`` with ``<J^T v, u>`` for random unit vectors u and random v."""
    random = np.random.default_rng(index)
    output = _output(func, tensors, index)
    worst = 0.0
    v = random.random(output._array.shape)
    grads = _gradients(output, tensors, checked, v)
    if check_grad_dtypes:
        _check_dtypes(output, tensors, checked)
    for k, grad in zip(checked, grads, strict=True):
        array = tensors[k]._array
        if not array.size or not v.size:
            continue
        u = random.random(array.shape) - 0.5
        u /= np.linalg.norm(u)
        high = _perturbed(func, tensors, k, index, eps * u)
        low = _perturbed(func, tensors, k, index, -eps * u)
        numerical = (v * (high - low)).sum() / (2 * eps)
        analytical = (grad * u).sum()
        tolerance = atol * np.abs(v).sum() ** 0.5 + rtol * abs(numerical)
        if not abs(numerical - analytical) <= tolerance and not (np.isnan(numerical) and np.isnan(analytical)):
            slow = _analytical_jacobians(output, tensors, [k])[0]
            whole = _numerical_jacobian(func, tensors, k, index, eps)
            raise GradcheckError(
                _mismatch(index, k, whole, slow, tensors[k], output)
                + f"The above quantities relating the numerical and analytical jacobians are computed in slow mode; "
                f"in fast mode along one random direction numerical {numerical:.9g}, analytical {analytical:.9g}."
            )
        worst = max(worst, _error(numerical, analytical))
    return worst


def _check_dtypes(output: Any, tensors: Sequence[Any], checked: list[int]) -> None:
    entering = np.ones(output._array.shape)
    for k, grad in zip(checked, _gradients(output, tensors, checked, entering), strict=True):
        if grad.dtype != tensors[k]._array.dtype:
            raise GradcheckError(f"Gradient of input {k} has dtype {grad.dtype}, expected {tensors[k]._array.dtype}")
