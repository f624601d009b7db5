"""Smallest and largest elements, and where they are: `max` and `min` in PyTorch's three forms, `aminmax`, `argmax`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.backend import array_module, as_array
from minigrad.ops.bounds import maximum, minimum
from minigrad.ops.dims import axes, wrap_dim
from minigrad.ops.op import composed, op
from minigrad.ops.reduce import (
    _check_not_empty,
    _extreme,
    _share_among_ties,
    amax,
    amin,
    max_all,
    max_dim,
    min_all,
    min_dim,
)
from minigrad.ops.state import Upper

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _by_form(input: Any, dim: Any, keepdim: bool, other: Any, all_elements: Any, along: Any, pairwise: Any) -> Any:
    if isinstance(dim, Upper.Tensor):
        dim, other = None, dim
    if other is not None:
        return pairwise(input, other)
    return all_elements(input) if dim is None else along(input, dim, keepdim)


@composed(method=True, reference=references.extreme(np.max, np.argmax, np.maximum))
def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None) -> Any:
    """Largest element of all; ``(values, indices)`` along ``dim``; or elementwise, of ``input`` and ``other``.

    Of equal elements along a dimension the first is taken; over all elements, equal ones share the gradient.
    """
    return _by_form(input, dim, keepdim, other, max_all, max_dim, maximum)


@max.samples
def _(make):
    yield make.sample(make.apart(2, 3))
    yield make.sample(make.apart(2, 3), 1)
    yield make.sample(make.apart(2, 3), dim=0, keepdim=True)
    yield make.sample(make(2, 3), make(2, 3))


@composed(method=True, reference=references.extreme(np.min, np.argmin, np.minimum))
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None) -> Any:
    """Smallest element of all; ``(values, indices)`` along ``dim``; or elementwise, of ``input`` and ``other``.

    Of equal elements along a dimension the first is taken; over all elements, equal ones share the gradient.
    """
    return _by_form(input, dim, keepdim, other, min_all, min_dim, minimum)


@min.samples
def _(make):
    yield make.sample(make.apart(2, 3))
    yield make.sample(make.apart(2, 3), 1)
    yield make.sample(make.apart(2, 3), dim=0, keepdim=True)
    yield make.sample(make(2, 3), make(2, 3))


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
    return _extreme(input, False, axis, keepdim), _extreme(input, True, axis, keepdim)


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
