"""Variances and standard deviations, with and without the mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import kernels_of
from minigrad.ops.dims import axes
from minigrad.ops.hints import hint_at_freedom
from minigrad.ops.op import op
from minigrad.ops.reduce import count_reduced, expand_reduced, mean
from minigrad.ops.select import where
from minigrad.ops.write import zero

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


def _moment_args(dim: Any, unbiased: Any, correction: Any) -> tuple[Any, Any]:
    """Return the dimensions and the correction that one of PyTorch's forms of `var` asks for."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None:
        return dim, 1 if unbiased else 0
    return dim, 1 if correction is None else correction


def _var_reference(x: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, correction: Any = None) -> Any:
    dim, correction = _moment_args(dim, unbiased, correction)
    axis = (tuple(dim) if isinstance(dim, list) else dim) if x.ndim else None
    squares = (x - np.sum(x, axis=axis, keepdims=True) / np.float64(count_reduced(x.shape, dim))) ** 2
    divisor = max(count_reduced(x.shape, dim) - correction, 0)
    return np.sum(squares, axis=axis, keepdims=keepdim) / np.float64(divisor)


def _variance(input: Any, dim: Any, correction: Any, keepdim: bool, takes_root: bool = False) -> Any:
    """Return the variance, or the standard deviation."""
    axis, divisor = axes(dim, input.ndim), max(count_reduced(input.shape, dim) - correction, 0)
    wide = input.astype(np.float32) if input.dtype.itemsize == 2 else input
    found = kernels_of(input).squared_deviations(wide, axis, keepdim, divisor, takes_root)
    return found if wide is input else found.astype(input.dtype)


def _moment(name: str, input: Any, dim: Any, unbiased: Any, correction: Any) -> tuple[Any, Any]:
    """Refuse integers, warn of too few elements, and return the dimensions and the correction."""
    if input.dtype.kind != "f":
        title = name if name.endswith("_mean") else "std and var"
        raise RuntimeError(f"{title} only support floating point and complex dtypes")
    dim, correction = _moment_args(dim, unbiased, correction)
    count = count_reduced(input.shape, dim) if input.size else 0
    if count <= correction:
        hint_at_freedom(name, count, correction)
    return dim, correction


def _with_mean(spread: Callable[..., Any]) -> Callable[..., Any]:
    """Return the reference of ``var_mean`` or ``std_mean``, given that of the spread."""

    def call(x: Any, dim: Any = None, *args: Any, keepdim: bool = False, **kwargs: Any) -> Any:
        axis = None if isinstance(dim, bool) else tuple(dim) if isinstance(dim, list) else dim
        total = np.sum(x, axis=axis, keepdims=keepdim)
        mean = np.divide(total, count_reduced(x.shape, None if isinstance(dim, bool) else dim))
        return spread(x, dim, *args, keepdim=keepdim, **kwargs), mean

    return call


@op(method=True, reference=_var_reference)
def var(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Number | None = None,
) -> Tensor:
    """Variance ``sum((x - mean)**2) / max(0, n - correction)`` over all dimensions or those in ``dim``.

    Parameters
    ----------
    unbiased : bool, optional
        The older spelling of ``correction``: True is 1, False is 0.
    correction : number, optional
        Subtracted from the count; 1 (Bessel's correction) unless given.
    """
    dim, correction = _moment("var", input, dim, unbiased, correction)
    return _variance(input, dim, correction, keepdim)


@var.gradient
def _(grad, input, dim, unbiased, keepdim, correction):
    return _var_gradient(grad, input, *_moment_args(dim, unbiased, correction), keepdim)


def _var_gradient(grad: Any, input: Any, dim: Any, correction: Any, keepdim: bool) -> Any:
    divisor = max(count_reduced(input.shape, dim) - correction, 0)
    spread = expand_reduced(grad, input.shape, dim, keepdim) * (input - mean(input, dim, True))
    return spread * (2.0 / divisor if divisor else float("nan"))


def _mean_gradient(grad: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    return expand_reduced(grad / count_reduced(input.shape, dim), input.shape, dim, keepdim)


@var.samples
def _(make):
    yield from _moment_samples(make)


def _moment_samples(make: Any) -> Any:
    yield make.sample(make(4))
    yield make.sample(make(2, 3), 1)
    yield make.sample(make(2, 3), dim=0, unbiased=False)
    yield make.sample(make(2, 3, 2), dim=(0, 2), correction=0, keepdim=True)
    yield make.sample(make(2, 3), False)
    yield make.sample(make(4, 3).T, dim=-1, keepdim=True)
    yield make.sample(make(2, 3), [0], correction=0)
    yield make.sample(make(1), gradient=False)
    yield make.sample(make(0, 3), 0, gradient=False)


@op(method=True, reference=lambda x, *args, **kwargs: np.sqrt(_var_reference(x, *args, **kwargs)))
def std(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Number | None = None,
) -> Tensor:
    """Standard deviation, the root of `var`."""
    dim, correction = _moment("std", input, dim, unbiased, correction)
    return _variance(input, dim, correction, keepdim, True)


@std.gradient
def _(grad, input, out, dim, unbiased, keepdim, correction):
    return _var_gradient(_over(grad, out * 2), input, *_moment_args(dim, unbiased, correction), keepdim)


@std.samples
def _(make):
    yield from _moment_samples(make)


def _over(grad: Any, out: Any) -> Any:
    """Return ``grad / out``, with 0 where ``out`` is 0."""
    return where(out == 0, zero(grad), grad / out)


@op(outputs=("outputs",), reference=_with_mean(_var_reference))
def var_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Number | None = None,
) -> Any:
    """Variance and mean, as a pair; the parameters are those of `var`."""
    dim, correction = _moment("var_mean", input, dim, unbiased, correction)
    centre = kernels_of(input).mean(input, axes(dim, input.ndim), keepdim)
    return _variance(input, dim, correction, keepdim), centre


@var_mean.gradient
def _(grads, input, dim, unbiased, keepdim, correction):
    dim, correction = _moment_args(dim, unbiased, correction)
    return _var_gradient(grads[0], input, dim, correction, keepdim) + _mean_gradient(grads[1], input, dim, keepdim)


@var_mean.samples
def _(make):
    yield from _moment_samples(make)


@op(outputs=("outputs",), reference=_with_mean(lambda x, *args, **kwargs: np.sqrt(_var_reference(x, *args, **kwargs))))
def std_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Number | None = None,
) -> Any:
    """Standard deviation and mean, as a pair; the parameters are those of `var`."""
    dim, correction = _moment("std_mean", input, dim, unbiased, correction)
    centre = kernels_of(input).mean(input, axes(dim, input.ndim), keepdim)
    return _variance(input, dim, correction, keepdim, True), centre


@std_mean.gradient
def _(grads, input, dim, unbiased, keepdim, correction):
    out = std(input, dim, unbiased, keepdim, correction=correction)
    dim, correction = _moment_args(dim, unbiased, correction)
    of_spread = _var_gradient(_over(grads[0], out * 2), input, dim, correction, keepdim)
    return of_spread + _mean_gradient(grads[1], input, dim, keepdim)


@std_mean.samples
def _(make):
    yield from _moment_samples(make)
