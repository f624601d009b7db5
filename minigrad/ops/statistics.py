"""Reductions of the second rank: products, variances, norms, truth, counts, and where the extremes are."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import from_numpy
from minigrad.ops.backend import array_module, as_array, kernels_of
from minigrad.ops.dims import axes, wrap_dim
from minigrad.ops.hints import hint_at_freedom
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import check_tensors, promote, scalar_type
from minigrad.ops.quiet import quiet
from minigrad.ops.reduce import (
    _check_not_empty,
    _share_among_ties,
    amax,
    amin,
    count_reduced,
    expand_reduced,
    mean,
    reduction_samples,
    several_dims_samples,
    sum,
)
from minigrad.ops.write import zero

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


@op(
    method=True,
    variant=lambda input, dim, *rest: f"ProdBackward{0 if dim is None else 1}",
    reference=lambda x, dim=None, keepdim=False, dtype=None: np.prod(x, axis=dim if x.ndim else None, keepdims=keepdim),
)
def prod(input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Product of the elements, over all dimensions or along one; integers and bools are multiplied in int64."""
    wanted = dtype.numpy if dtype is not None else np.dtype(np.int64) if input.dtype.kind != "f" else None
    return np.multiply.reduce(input, axis=axes(dim, input.ndim), dtype=wanted, keepdims=keepdim)


@prod.gradient
def _(grad, input, dim, keepdim):
    rest = product_of_others(input, dim)
    return expand_reduced(grad, input.shape, dim, keepdim) * rest


@prod.samples
def _(make):
    yield from reduction_samples(make)
    yield make.sample(np.array([[1.0, 0.0, 3.0], [2.0, -1.0, 0.5]]), dim=1)
    yield make.sample(make(0, 3), dim=0)


@composed(namespace=None)
def product_of_others(input: Tensor, dim: int | None) -> Tensor:
    """For each element the product of all others over ``dim``; right where elements are 0 (no division)."""
    from minigrad.ops.scan import exclusive_products
    from minigrad.ops.shape import reshape

    if dim is None or not input.shape:
        flat = reshape(input, (-1,))
        return reshape(exclusive_products(flat, 0), input.shape)
    return exclusive_products(input, dim)


@product_of_others.samples
def _(make):
    yield make.sample(make(2, 3), 1)
    yield make.sample(make(2, 3), None)


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
    divisor = builtins.max(count_reduced(x.shape, dim) - correction, 0)
    return np.sum(squares, axis=axis, keepdims=keepdim) / np.float64(divisor)


@quiet
def _variance(input: Any, dim: Any, correction: Any, keepdim: bool) -> Any:
    axis = axes(dim, input.ndim)
    wide = input.astype(np.float32) if input.dtype.itemsize == 2 else input
    kernels = kernels_of(input)
    centred = np.subtract(wide, kernels.mean(wide, axis, True))
    total = kernels.sum(np.square(centred), axis, keepdim)
    divisor = builtins.max(count_reduced(input.shape, dim) - correction, 0)
    return np.divide(total, divisor, dtype=input.dtype)


def _hint(name: str, input: Any, dim: Any, correction: Any) -> None:
    """Warn where a spread has too few elements."""
    count = count_reduced(input.shape, dim) if input.size else 0
    if count <= correction:
        hint_at_freedom(name, count, correction, 4)


def _check_moment(name: str, input: Any) -> None:
    if input.dtype.kind != "f":
        raise RuntimeError(f"{name} only support floating point and complex dtypes")


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
    _check_moment("std and var", input)
    dim, correction = _moment_args(dim, unbiased, correction)
    _hint("var", input, dim, correction)
    return _variance(input, dim, correction, keepdim)


@var.gradient
def _(grad, input, dim, unbiased, keepdim, correction):
    return _var_gradient(grad, input, *_moment_args(dim, unbiased, correction), keepdim)


def _var_gradient(grad: Any, input: Any, dim: Any, correction: Any, keepdim: bool) -> Any:
    divisor = builtins.max(count_reduced(input.shape, dim) - correction, 0)
    spread = expand_reduced(grad, input.shape, dim, keepdim) * (input - mean(input, dim, True))
    return spread * (2.0 / divisor if divisor else float("nan"))


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
    _check_moment("std and var", input)
    dim, correction = _moment_args(dim, unbiased, correction)
    _hint("std", input, dim, correction)
    return np.sqrt(_variance(input, dim, correction, keepdim))


@std.gradient
def _(grad, input, out, dim, unbiased, keepdim, correction):
    return _var_gradient(_over(grad, out * 2), input, *_moment_args(dim, unbiased, correction), keepdim)


@std.samples
def _(make):
    yield from _moment_samples(make)


def _over(grad: Any, out: Any) -> Any:
    """Return ``grad / out``, with 0 where ``out`` is 0."""
    from minigrad.ops.select import where

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
    _check_moment("var_mean", input)
    dim, correction = _moment_args(dim, unbiased, correction)
    _hint("var_mean", input, dim, correction)
    centre = kernels_of(input).mean(input, axes(dim, input.ndim), keepdim)
    return _variance(input, dim, correction, keepdim), centre


@var_mean.gradient
def _(grads, input, dim, unbiased, keepdim, correction):
    dim, correction = _moment_args(dim, unbiased, correction)
    of_mean = expand_reduced(grads[1] / count_reduced(input.shape, dim), input.shape, dim, keepdim)
    return _var_gradient(grads[0], input, dim, correction, keepdim) + of_mean


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
    _check_moment("std_mean", input)
    dim, correction = _moment_args(dim, unbiased, correction)
    _hint("std_mean", input, dim, correction)
    centre = kernels_of(input).mean(input, axes(dim, input.ndim), keepdim)
    return np.sqrt(_variance(input, dim, correction, keepdim)), centre


@std_mean.gradient
def _(grads, input, dim, unbiased, keepdim, correction):
    out = std(input, dim, unbiased, keepdim, correction=correction)
    dim, correction = _moment_args(dim, unbiased, correction)
    of_mean = expand_reduced(grads[1] / count_reduced(input.shape, dim), input.shape, dim, keepdim)
    return _var_gradient(_over(grads[0], out * 2), input, dim, correction, keepdim) + of_mean


@std_mean.samples
def _(make):
    yield from _moment_samples(make)


def _truth(reduced: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    if dim == ():  # over no dimension at all, unlike other reductions
        return (input != 0).astype(np.uint8 if input.dtype == np.uint8 else np.bool_)
    out = reduced(input, axis=axes(dim, input.ndim), keepdims=keepdim)
    return out.astype(np.uint8) if input.dtype == np.uint8 else out


@op(
    method=True,
    differentiable=False,
    reference=lambda x, dim=None, keepdim=False: np.all(x, axis=dim if x.ndim else None, keepdims=keepdim),
)
def all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether all elements are true (not 0), over all dimensions or those in ``dim``."""
    return _truth(np.all, input, dim, keepdim)


@all.samples
def _(make):
    yield make.sample(make.booleans(2, 3))
    yield make.sample(make.booleans(2, 3), dim=1)
    yield make.sample(make.integers(2, 3, 2), dim=(0, 2), keepdim=True)
    yield make.sample(make(0))
    yield make.sample(make())


@op(
    method=True,
    differentiable=False,
    reference=lambda x, dim=None, keepdim=False: np.any(x, axis=dim if x.ndim else None, keepdims=keepdim),
)
def any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether some element is true (not 0), over all dimensions or those in ``dim``."""
    return _truth(np.any, input, dim, keepdim)


@any.samples
def _(make):
    yield make.sample(make.booleans(2, 3))
    yield make.sample(make.booleans(2, 3), dim=1)
    yield make.sample(make.integers(2, 3, 2), dim=(0, 2), keepdim=True)
    yield make.sample(make(0))
    yield make.sample(make())


def _arg(argument: Any, name: str, input: Any, dim: int | None, keepdim: bool) -> Any:
    if input.dtype.kind == "b":
        raise RuntimeError(f"{name}(): does not support bool input")
    if dim is None and not input.size:
        raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
    _check_not_empty(name, input, dim)
    if dim is None:
        found = argument(input)
        return as_array(found).reshape((1,) * input.ndim) if keepdim else found
    if not input.ndim:
        wrap_dim(dim, 0)
        return array_module(input).zeros((), np.int64)
    return argument(input, axis=wrap_dim(dim, input.ndim), keepdims=keepdim)


def _arg_reference(argument: Any) -> Any:
    return lambda x, dim=None, keepdim=False: argument(x, axis=dim if x.ndim else None, keepdims=keepdim)


@op(method=True, differentiable=False, reference=_arg_reference(np.argmax))
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the largest element is (the first of equals): in row-major order, or along ``dim``."""
    return _arg(np.argmax, "argmax", input, dim, keepdim)


@argmax.samples
def _(make):
    yield from _arg_samples(make)


@op(method=True, differentiable=False, reference=_arg_reference(np.argmin))
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the smallest element is (the first of equals): in row-major order, or along ``dim``."""
    return _arg(np.argmin, "argmin", input, dim, keepdim)


@argmin.samples
def _(make):
    yield from _arg_samples(make)


def _arg_samples(make: Any) -> Any:
    yield make.sample(make(5))
    yield make.sample(make(2, 3))
    yield make.sample(make(2, 3), 0)
    yield make.sample(make(2, 3, 4), dim=-1, keepdim=True)
    yield make.sample(make(2, 3), keepdim=True)
    yield make.sample(make(), 0)
    yield make.sample(make(4, 3).T, 1)


@op(method=True, differentiable=False, reference=lambda x, dim=None: np.count_nonzero(x, axis=dim))
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """Number of elements that are not 0, over all dimensions or those in ``dim``."""
    return np.add.reduce(input != 0, axis=axes(dim, input.ndim), dtype=np.int64)


@count_nonzero.samples
def _(make):
    yield make.sample(make.integers(2, 3, high=2))
    yield make.sample(make.integers(2, 3, high=2), dim=1)


def _aminmax_reference(x: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    axis = dim if x.ndim else None
    return np.min(x, axis=axis, keepdims=keepdim), np.max(x, axis=axis, keepdims=keepdim)


@op(method=True, outputs=("min", "max"), reference=_aminmax_reference)
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """Smallest and largest element, as the named pair ``(min, max)``; ties share the gradient evenly."""
    if not input.size and dim is None:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
        )
    if dim is not None and input.ndim and not input.shape[wrap_dim(dim, input.ndim)]:
        raise IndexError(f"aminmax: Expected reduction dim {dim} to have non-zero size.")
    axis = axes(dim, input.ndim)
    return input.min(axis=axis, keepdims=keepdim), input.max(axis=axis, keepdims=keepdim)


@aminmax.gradient
def _(grads, input, dim, keepdim):
    over = () if dim is None else dim
    least, most = amin(input, over, keepdim), amax(input, over, keepdim)
    of_least = _share_among_ties(grads[0], input, least, dim, keepdim)
    return of_least + _share_among_ties(grads[1], input, most, dim, keepdim)


@aminmax.samples
def _(make):
    yield make.sample(make.apart(2, 3))
    yield make.sample(make.apart(2, 3), dim=1)
    yield make.sample(make.apart(2, 3, 2), dim=-1, keepdim=True)
    yield make.sample(make.apart())


def _nan_samples(make: Any) -> Any:
    """Yield the samples of a sum, and inputs with nan among their elements."""
    yield from reduction_samples(make)
    with_nan = make(2, 3)
    with_nan[0, 1] = np.nan
    yield make.sample(with_nan, gradient=False)
    yield make.sample(with_nan, dim=0, gradient=False)


@op(
    method=True,
    reference=lambda x, dim=None, keepdim=False: np.nansum(x, axis=dim if x.ndim else None, keepdims=keepdim),
)
def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Sum of the elements that are not nan, over all dimensions or those in ``dim``."""
    if input.dtype.kind == "f":
        input = np.where(np.isnan(input), input.dtype.type(0), input)
    return sum(input, dim, keepdim, dtype=dtype)


@nansum.gradient
def _(grad, input, dim, keepdim):
    return expand_reduced(grad, input.shape, dim, keepdim) * (input == input)


@nansum.samples
def _(make):
    yield from _nan_samples(make)
    yield from several_dims_samples(make)


@composed(
    method=True,
    reference=lambda x, dim=None, keepdim=False: np.nanmean(x, axis=dim if x.ndim else None, keepdims=keepdim),
)
def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Mean of the elements that are not nan, over all dimensions or those in ``dim``."""
    if not input.is_floating_point():
        title = input.dtype.tensor_type.removesuffix("Tensor")
        raise RuntimeError(f"nanmean(): expected input to have floating point or complex dtype but got {title}")
    count = sum(~input.isnan(), dim, keepdim)
    return nansum(input, dim, keepdim, dtype=dtype) / count


@nanmean.samples
def _(make):
    yield from _nan_samples(make)


# Norms.


def _norm_reference(x: Any, p: Any = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    axis = tuple(dim) if isinstance(dim, (tuple, list)) else dim
    size = np.abs(x)
    axis = axis if x.ndim else None
    if p == np.inf:
        return size.max(axis=axis, keepdims=keepdim)
    if p == -np.inf:
        return size.min(axis=axis, keepdims=keepdim)
    if p == 0:
        return (size != 0).sum(axis=axis, keepdims=keepdim).astype(float)
    return (size**p).sum(axis=axis, keepdims=keepdim) ** (1 / p)


@quiet
def _norm_along(x: Any, ord: Any, axis: Any, keepdim: bool) -> Any:
    if x.dtype.itemsize == 2:  # whose powers leave the range of float16
        return _norm_along(x.astype(np.float32), ord, axis, keepdim).astype(x.dtype)
    if ord == 2:
        return np.sqrt(kernels_of(x).sum(np.square(x), axis, keepdim))
    size = np.abs(x)
    if ord == 1:
        return kernels_of(x).sum(size, axis, keepdim)
    if ord == np.inf:
        return size.max(axis=axis, keepdims=keepdim)
    if ord == -np.inf:
        return size.min(axis=axis, keepdims=keepdim)
    if ord == 0:
        return np.add.reduce(size != 0, axis=axis, keepdims=keepdim).astype(x.dtype)
    return np.power(np.add.reduce(np.power(size, ord), axis=axis, keepdims=keepdim), x.dtype.type(1 / ord))


@op(namespace="linalg", node="LinalgVectorNormBackward0", reference=_norm_reference)
def vector_norm(input: Tensor, ord: Number = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Norm of the elements as a vector: ``sum(|x|**ord) ** (1 / ord)``; for ``inf`` the largest ``|x|``.

    Parameters
    ----------
    ord : number
    dim : int or tuple of int, optional
        The dimensions that make up the vector; all unless given.
    """
    x = input if dtype is None else input.astype(dtype.numpy)
    if x.dtype.kind != "f":
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {scalar_type(x)}"
        )
    if ord in (np.inf, -np.inf) and not x.size and count_reduced(x.shape, dim) == 0:
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {ord} norm on an empty tensor because the operation does not have "
            "an identity"
        )
    return _norm_along(x, ord, axes(dim, x.ndim), keepdim)


@vector_norm.gradient
def _(grad, input, out, ord, dim, keepdim):
    return _norm_gradient(grad, input, out, ord, dim, keepdim)


def _norm_gradient(grad: Any, input: Any, out: Any, ord: Any, dim: Any, keepdim: bool) -> Any:
    """Return the gradient of a vector norm; where the norm has a kink, the subgradient of least norm."""
    from minigrad.ops.rounding import abs, sign
    from minigrad.ops.select import where

    if ord == 0:
        return zero(input)
    if ord in (np.inf, -np.inf):
        return _share_among_ties(grad, abs(input), out, dim, keepdim) * sign(input)
    if ord == 2:
        factor = where(out == 0, zero(out), grad / where(out == 0, 1.0, out))
        return input * expand_reduced(factor, input.shape, dim, keepdim)
    total = expand_reduced(out, input.shape, dim, keepdim)
    grad = expand_reduced(grad, input.shape, dim, keepdim)
    if ord == 1:
        return grad * sign(input)
    if ord < 1:
        size, whole = (where(each == 0, 1.0, each) for each in (abs(input), total))  # or 0 * inf in second gradients
        return where(input == 0, zero(input), grad * sign(input) * size ** (ord - 1) * whole ** (1 - ord))
    whole = where(total == 0, 1.0, total)
    return grad * where(total == 0, zero(input), sign(input) * (abs(input) / whole) ** (ord - 1))


@vector_norm.samples
def _(make):
    yield from reduction_samples(make)
    yield from several_dims_samples(make)
    for order in (1, 3, float("inf"), -float("inf"), 0, 0.5):
        yield make.sample(make.apart(2, 3), order, dim=1)


@composed(
    method=True,
    reference=lambda x, p="fro", dim=None, keepdim=False: _norm_reference(x, 2 if p == "fro" else p, dim, keepdim),
)
def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
    """Norm of all elements, or over ``dim``, as `linalg.vector_norm`; "fro" is 2, "nuc" the sum of singular values."""
    if p == "nuc":
        from minigrad.ops.linalg import matrix_norm

        return matrix_norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"only valid string values are 'fro' and 'nuc', found {p}")
    order = 2 if p in ("fro", None) else p
    return vector_norm(input, order, dim, keepdim, dtype=dtype)


@norm.samples
def _(make):
    yield make.sample(make(2, 3))
    yield make.sample(make(2, 3), 1)
    yield make.sample(make(2, 3), dim=1, keepdim=True)
    yield make.sample(make(2, 3, 4), 2, (0, 2))


@op(method=True, reference=lambda x, y, p=2: _norm_reference(x - y, p))
def dist(input: Tensor, other: Tensor, p: Number = 2) -> Tensor:
    """Norm of ``input - other`` as one vector; see `linalg.vector_norm`."""
    check_tensors("dist", input=input, other=other)
    input, other = promote(input, other)
    if input.dtype.kind != "f":
        raise RuntimeError(
            "norm(): input dtype should be either floating point or complex. "
            f"Got {from_numpy(input.dtype).tensor_type.removesuffix('Tensor')} instead."
        )
    return _norm_along(input - other, p, None, False)


@dist.gradient
def _(grad, input, other, out, p):
    gradient = _norm_gradient(grad, input - other, out, p, None, False)
    return gradient, -gradient


@dist.samples
def _(make):
    yield make.sample(make(2, 3), make(2, 3))
    yield make.sample(make(2, 3), make(3), 1)
    yield make.sample(make(), make(), 3)
