"""Reductions."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import from_numpy
from minigrad.ops.backend import array_module, array_of, is_device_array, kernels_of
from minigrad.ops.dims import axes, hashable, wrap_dim, wrap_dims
from minigrad.ops.op import op
from minigrad.ops.shape import expand, numel, reshape

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def reduction_samples(make: Any, **kwargs: Any) -> Any:
    """Yield inputs with ``dim`` left out, single, negative and several, with and without ``keepdim``."""
    yield make.sample(make(3), **kwargs)
    yield make.sample(make(2, 3), **kwargs)
    yield make.sample(make(), **kwargs)
    yield make.sample(make(2, 3), dim=0, **kwargs)
    yield make.sample(make(2, 3, 2), dim=-1, keepdim=True, **kwargs)
    yield make.sample(make(4, 3, 2).T, dim=1, **kwargs)


def several_dims_samples(make: Any, **kwargs: Any) -> Any:
    """Yield inputs with ``dim`` a tuple, and an empty input, for reductions that have a neutral element."""
    yield make.sample(make(2, 3, 2), dim=(0, 2), **kwargs)
    yield make.sample(make(2, 3, 2), dim=(0, -1), keepdim=True, **kwargs)
    yield make.sample(make(0, 3), dim=0, **kwargs)


def expand_reduced(grad: Any, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Any:
    """Return a reduction's gradient, repeated along the reduced dimensions to the input's shape."""
    if dim is not None and not keepdim and shape:
        reduced = wrap_dims(dim, len(shape))
        grad = reshape(grad, tuple(1 if k in reduced else length for k, length in enumerate(shape)))
    return expand(grad, shape)


_SUMMED = frozenset("l?")
"""The letters of the dtypes besides the floating ones that have a kernel of their own: int64 and bool."""


def _by_dim(name: str) -> Any:
    over_all, along = f"{name}Backward0", f"{name}Backward1"

    def variant(input: Any, dim: Any, keepdim: bool, dtype: Any) -> str:
        return over_all if dim is None else along

    return variant


@op(
    method=True,
    variant=_by_dim("Sum"),
    reference=lambda x, dim=None, keepdim=False, dtype=None: np.sum(
        x, axis=None if dim == () else dim, keepdims=keepdim
    ),
)
def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Sum of the elements, over all dimensions or those in ``dim``; integers and bools are summed in int64.

    Parameters
    ----------
    dim : int or tuple of int, optional
    keepdim : bool
        Keep the reduced dimensions, with length 1.
    dtype : dtype, optional
        Cast to this before summing.
    """
    if dtype is not None:
        input = input.astype(dtype.numpy)
    if input.dtype.kind == "f":
        return kernels_of(input).sum(input, axes(dim, input.ndim), keepdim)
    if input.dtype.kind == "b" and dim is None and dtype is None and not keepdim and not is_device_array(input):
        return np.asarray(np.count_nonzero(input))
    if input.dtype.char in _SUMMED and (dtype is None or input.dtype.kind == "i"):
        return kernels_of(input).integer_sum(input, axes(dim, input.ndim), keepdim)
    wanted = input.dtype if dtype is not None else np.int64
    return np.add.reduce(input, axis=axes(dim, input.ndim), dtype=wanted, keepdims=keepdim)


@sum.gradient
def _(grad, input_shape, dim, keepdim):
    return expand_reduced(grad, input_shape, dim, keepdim)


@sum.samples
def _(make):
    yield from reduction_samples(make)
    yield from several_dims_samples(make)
    yield make.sample(make.integers(2, 3), 1)
    yield make.sample(make.booleans(2, 3))
    yield make.sample(make(2, 3), dim=())


@op(
    method=True,
    variant=_by_dim("Mean"),
    reference=lambda x, dim=None, keepdim=False, dtype=None: (
        np.mean(x, axis=dim, keepdims=keepdim) if x.size else np.nan
    ),
)
def mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Arithmetic mean, over all dimensions or those in ``dim``; nan where there is nothing to average.

    Parameters
    ----------
    dim : int or tuple of int, optional
    keepdim : bool
        Keep the reduced dimensions, with length 1.
    dtype : dtype, optional
        Cast to this before averaging; needed for integers.

    Raises
    ------
    RuntimeError
        For integers and bools, unless a floating ``dtype`` is given.
    """
    if dtype is not None:
        input = input.astype(dtype.numpy)
    if input.dtype.kind != "f":
        title = from_numpy(input.dtype).tensor_type.removesuffix("Tensor")
        given = "Input" if dtype is None else "Optional"
        raise RuntimeError(
            f"mean(): could not infer output dtype. {given} dtype must be either a floating point or complex dtype. "
            f"Got: {title}"
        )
    return kernels_of(input).mean(input, axes(dim, input.ndim), keepdim)


@mean.gradient
def _(grad, input_shape, dim, keepdim):
    return expand_reduced(grad / (count_reduced(input_shape, dim) or 1), input_shape, dim, keepdim)


@mean.samples
def _(make):
    yield from reduction_samples(make)
    yield make.sample(make(2, 3, 2), dim=(0, 2))
    yield make.sample(make(2, 3, 2), dim=(-1, 1), keepdim=True)
    yield make.sample(make(0), gradient=False)


def count_reduced(shape: tuple[int, ...], dim: Any) -> int:
    """Return how many elements each result of a reduction is made of."""
    if dim is None:
        return numel(shape)
    if type(dim) is int and shape:
        return shape[dim]
    return _count_several(shape, hashable(dim)) if shape else 1


@functools.lru_cache(maxsize=1000)
def _count_several(shape: tuple[int, ...], dims: Any) -> int:
    return numel([shape[k] for k in wrap_dims(dims, len(shape))])


def _check_not_empty(name: str, input: Any, dim: Any) -> None:
    """Refuse to take the maximum (or the like) of nothing.

    Raises
    ------
    RuntimeError, IndexError
        When all dimensions, or the one named, have no elements.
    """
    if input.size:
        return
    if dim is None:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
            "the 'dim' argument."
        )
    for k in wrap_dims(dim, input.ndim):
        if not input.shape[k]:
            raise IndexError(f"{name}(): Expected reduction dim {k} to have non-zero size.")


def _extremum_reference(ufunc: Any) -> Any:
    def reference(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        return ufunc.reduce(x, axis=dim if x.ndim else None, keepdims=keepdim)

    return reference


@op(method=True, reference=_extremum_reference(np.maximum))
def amax(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """Largest element over all dimensions or those in ``dim``; ties share the gradient evenly, nan wins."""
    _check_not_empty("amax", input, dim or None if dim != 0 else 0)
    return _extreme(input, True, axes(dim, input.ndim), keepdim)


@amax.gradient
def _(grad, input, out, dim, keepdim):
    return _share_among_ties(grad, input, out, dim, keepdim)


@amax.samples
def _(make):
    yield from _distinct_samples(make)
    yield make.sample(make.apart(2, 3, 2), dim=(0, 2))


@op(method=True, reference=_extremum_reference(np.minimum))
def amin(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """Smallest element over all dimensions or those in ``dim``; ties share the gradient evenly, nan wins."""
    _check_not_empty("amin", input, dim or None if dim != 0 else 0)
    return _extreme(input, False, axes(dim, input.ndim), keepdim)


@amin.gradient
def _(grad, input, out, dim, keepdim):
    return _share_among_ties(grad, input, out, dim, keepdim)


@amin.samples
def _(make):
    yield from _distinct_samples(make)
    yield make.sample(make.apart(2, 3, 2), dim=(0, 2))


def _share_among_ties(grad: Any, input: Any, out: Any, dim: Any, keepdim: bool) -> Any:
    dim = None if dim == () else dim
    mask = input == expand_reduced(out, input.shape, dim, keepdim)
    count = sum(mask, dim, True)
    return mask * (expand_reduced(grad, input.shape, dim, keepdim) / count)


def _distinct_samples(make: Any) -> Any:
    yield make.sample(make.apart(3))
    yield make.sample(make.apart(2, 3))
    yield make.sample(make.apart())
    yield make.sample(make.apart(2, 3), dim=0)
    yield make.sample(make.apart(2, 3, 2), dim=-1, keepdim=True)
    yield make.sample(make.apart(4, 3).T, dim=1)


def select_at(grad: Any, indices: Any, shape: tuple[int, ...], dim: int, keepdim: bool) -> Any:
    """Return zeros of ``shape`` with ``grad`` at ``indices`` along ``dim``: the gradient of picking elements."""
    if not shape:
        return grad
    dim = wrap_dims(dim, len(shape))[0]
    if not keepdim:
        lengths = tuple(1 if k == dim else length for k, length in enumerate(shape))
        grad, indices = reshape(grad, lengths), indices.reshape(lengths)
    return put_along_dim(grad, indices, shape, dim)


@op(namespace=None, reference=None)
def put_along_dim(grad: Tensor, indices: Any, shape: tuple[int, ...], dim: int) -> Tensor:
    """Zeros of ``shape`` with ``grad`` put at ``indices`` along a dimension; each place is named at most once."""
    out = array_module(grad).zeros(shape, grad.dtype)
    if is_device_array(grad):
        np.put_along_axis(out, array_of(indices), grad, axis=dim)
    else:
        kernels_of(grad).scatter_add(out, dim, array_of(indices), grad)
    return out


@put_along_dim.gradient
def _(grad, indices, dim):
    return take_at(grad, indices, dim)


@put_along_dim.samples
def _(make):
    yield make.sample(make(2, 1), np.array([[0], [2]]), (2, 3), 1)


@op(namespace=None)
def take_at(input: Tensor, indices: Any, dim: int) -> Tensor:
    """Elements at ``indices`` along a dimension, each place at most once."""
    return kernels_of(input).gather(input, dim, array_of(indices))


@take_at.gradient
def _(grad, input_shape, indices, dim):
    return put_along_dim(grad, indices, input_shape, dim)


@take_at.samples
def _(make):
    yield make.sample(make(2, 3), np.array([[0], [2]]), 1)


def _extreme(input: Any, largest: bool, axis: Any = None, keepdim: bool = False) -> Any:
    """Return the largest or smallest elements over axes."""
    if input.dtype.kind == "f" or input.dtype.char == "l":
        return kernels_of(input).extreme(input, largest, axis, keepdim)
    return (input.max if largest else input.min)(axis=axis, keepdims=keepdim)


def _extreme_at(input: Any, largest: bool, dim: int, keepdim: bool) -> tuple[Any, Any]:
    """Return the largest or smallest elements along a dimension and where they are."""
    axis = wrap_dim(dim, input.ndim)
    if not input.size:
        _check_not_empty("max" if largest else "min", input, dim)
    if not input.ndim:
        return input.copy(), array_module(input).zeros((), np.int64)
    if input.dtype.kind == "f" or input.dtype.char == "l":
        return kernels_of(input).extreme_at(input, largest, axis, keepdim)
    places = (np.argmax if largest else np.argmin)(input, axis, keepdims=keepdim)
    return _extreme(input, largest, axis, keepdim), places


@op(namespace=None, name="max_dim", outputs=("values", "indices"), node="MaxBackward0")
def max_dim(input: Tensor, dim: int, keepdim: bool = False) -> Any:
    """Largest elements along ``dim`` and where they are (the first of equals)."""
    return _extreme_at(input, True, dim, keepdim)


@max_dim.gradient
def _(grad, indices, input_shape, dim, keepdim):
    return select_at(grad, indices, input_shape, dim, keepdim)


@max_dim.samples
def _(make):
    yield make.sample(make.apart(2, 3), 0)
    yield make.sample(make.apart(2, 3, 2), -1, keepdim=True)
    yield make.sample(make.apart(), 0)


@op(namespace=None, name="min_dim", outputs=("values", "indices"), node="MinBackward0")
def min_dim(input: Tensor, dim: int, keepdim: bool = False) -> Any:
    """Smallest elements along ``dim`` and where they are (the first of equals)."""
    return _extreme_at(input, False, dim, keepdim)


@min_dim.gradient
def _(grad, indices, input_shape, dim, keepdim):
    return select_at(grad, indices, input_shape, dim, keepdim)


@min_dim.samples
def _(make):
    yield make.sample(make.apart(2, 3), 0)
    yield make.sample(make.apart(2, 3, 2), -1, keepdim=True)
    yield make.sample(make.apart(), 0)


@op(namespace=None, name="max_all", node="MaxBackward1", reference=np.max)
def max_all(input: Tensor) -> Tensor:
    """Largest element; ties share the gradient evenly."""
    _check_not_empty("max", input, None)
    return _extreme(input, True)


@max_all.gradient
def _(grad, input, out):
    return _share_among_ties(grad, input, out, None, False)


@max_all.samples
def _(make):
    yield make.sample(make.apart(2, 3))
    yield make.sample(make.apart())


@op(namespace=None, name="min_all", node="MinBackward1", reference=np.min)
def min_all(input: Tensor) -> Tensor:
    """Smallest element; ties share the gradient evenly."""
    _check_not_empty("min", input, None)
    return _extreme(input, False)


@min_all.gradient
def _(grad, input, out):
    return _share_among_ties(grad, input, out, None, False)


@min_all.samples
def _(make):
    yield make.sample(make.apart(2, 3))
    yield make.sample(make.apart())
