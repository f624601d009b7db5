"""Reductions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import from_numpy
from minigrad.ops.dims import axes, wrap_dims
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


def _by_dim(name: str) -> Any:
    def variant(input: Any, dim: Any, *rest: Any) -> str:
        return f"{name}Backward{0 if dim is None else 1}"

    return variant


@op(
    method=True,
    variant=_by_dim("Sum"),
    reference=lambda x, dim=None, keepdim=False, dtype=None: np.sum(x, axis=dim, keepdims=keepdim),
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
    wanted = dtype.numpy if dtype is not None else None
    if wanted is None and input.dtype.kind != "f":
        wanted = np.dtype(np.int64)
    return np.add.reduce(input, axis=axes(dim, input.ndim), dtype=wanted, keepdims=keepdim)


@sum.gradient
def _(grad, input_shape, dim, keepdim):
    return expand_reduced(grad, input_shape, dim, keepdim)


@sum.samples
def _(make):
    yield from reduction_samples(make)
    yield from several_dims_samples(make)


@op(
    method=True,
    variant=_by_dim("Mean"),
    reference=lambda x, dim=None, keepdim=False, dtype=None: np.mean(x, axis=dim, keepdims=keepdim),
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
    """
    if dtype is not None:
        input = input.astype(dtype.numpy)
    if input.dtype.kind != "f":
        title = from_numpy(input.dtype).tensor_type.removesuffix("Tensor")
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {title}"
        )
    axis = axes(dim, input.ndim)
    total = np.add.reduce(input, axis=axis, keepdims=keepdim)
    count = count_reduced(input.shape, dim)
    with np.errstate(all="ignore"):
        return np.divide(total, total.dtype.type(count))


@mean.gradient
def _(grad, input_shape, dim, keepdim):
    return expand_reduced(grad / count_reduced(input_shape, dim), input_shape, dim, keepdim)


@mean.samples
def _(make):
    yield from reduction_samples(make)
    yield make.sample(make(2, 3, 2), dim=(0, 2))


def count_reduced(shape: tuple[int, ...], dim: Any) -> int:
    """Return how many elements each result of a reduction is made of."""
    if dim is None:
        return numel(shape)
    return numel([shape[k] for k in wrap_dims(dim, len(shape))]) if shape else 1
