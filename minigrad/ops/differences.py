"""Differences, integrals by trapezoids, and gradients by finite differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.dims import wrap_dim, wrap_dims
from minigrad.ops.index import basic_index
from minigrad.ops.join import cat
from minigrad.ops.naming import named
from minigrad.ops.op import composed
from minigrad.ops.scan import cumsum

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


def _part(x: Any, dim: int, start: int | None, stop: int | None) -> Any:
    """Return the slice ``start:stop`` along a dimension."""
    return basic_index(x, (*[slice(None)] * dim, slice(start, stop)))


def _diff_reference(x: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    ends = {name: value for name, value in (("prepend", prepend), ("append", append)) if value is not None}
    return np.diff(x, min(n, x.shape[dim]), dim, **ends)


@composed(method=True, reference=_diff_reference)
def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None
) -> Tensor:
    """Differences of neighbours along a dimension, ``n`` times over.

    Parameters
    ----------
    prepend, append : Tensor, optional
        Joined to the input's ends first.

    Raises
    ------
    RuntimeError
        For a number, and for a negative ``n``.
    """
    if input.dim() < 1:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    dim = wrap_dim(dim, input.dim())
    if n == 0:
        return input.clone()
    parts = [each for each in (prepend, input, append) if each is not None]
    x = cat(parts, dim) if len(parts) > 1 else input
    n = min(n, x.shape[dim])
    for _ in range(n):
        later, sooner = _part(x, dim, 1, None), _part(x, dim, None, -1)
        x = later.logical_xor(sooner) if x.dtype.name == "bool" else later - sooner
    return x


@diff.samples
def _(make):
    yield make.sample(make(5))
    yield make.sample(make(2, 4), 2)
    yield make.sample(make(3, 2), dim=0)
    yield make.sample(make(4), prepend=make(1), append=make(2))
    yield make.sample(make(2), 3)
    yield make.sample(make(4, 3).T)


def _trapezoids(y: Any, x: Any, dx: Any, dim: int) -> Any:
    """Return twice the area under each step of ``y``."""
    dim = wrap_dim(dim, y.dim())
    heights = _part(y, dim, 1, None) + _part(y, dim, None, -1)
    if x is None:
        return heights * dx
    if x.dim() == 1 and y.dim() > 1:
        x = x.reshape([-1 if k == dim else 1 for k in range(y.dim())])
    place = dim - y.dim() + x.dim()
    return heights * (_part(x, place, 1, None) - _part(x, place, None, -1))


def _trapezoid_reference(y: Any, x: Any = None, dx: float = 1.0, dim: int = -1) -> Any:
    y = np.moveaxis(y, dim, -1)
    steps = dx if x is None else np.diff(x if x.ndim == 1 else np.moveaxis(x, dim, -1))
    return ((y[..., 1:] + y[..., :-1]) / 2 * steps).sum(-1)


@composed(aliases=("trapz",), reference=_trapezoid_reference)
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Number = 1, dim: int = -1) -> Tensor:
    """Integral of ``y`` along a dimension by the trapezoidal rule.

    Parameters
    ----------
    x : Tensor, optional
        Where the values were taken; else they are ``dx`` apart.
    """
    _refuse_bools("trapezoid", y, x)
    if x is not None:
        return named(_trapezoids(y, x, dx, dim).sum(dim) / 2.0, "DivBackward1")
    dim = wrap_dim(dim, y.dim())
    if not y.shape[dim]:
        return y.sum(dim)
    ends = y.select(dim, 0) + y.select(dim, -1)
    return named((y.sum(dim) - ends * 0.5) * dx, "MulBackward1")


@trapezoid.samples
def _(make):
    yield make.sample(make(5))
    yield make.sample(make(2, 4), dx=0.5)
    yield make.sample(make(2, 4), make(4))
    yield make.sample(make(3, 2), make(3, 2), dim=0)


def _cumulative_reference(y: Any, x: Any = None, dx: float = 1.0, dim: int = -1) -> Any:
    y = np.moveaxis(y, dim, -1)
    steps = dx if x is None else np.diff(x if x.ndim == 1 else np.moveaxis(x, dim, -1))
    return np.moveaxis(np.cumsum((y[..., 1:] + y[..., :-1]) / 2 * steps, -1), -1, dim)


@composed(reference=_cumulative_reference)
def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Number = 1, dim: int = -1) -> Tensor:
    """Running integral of ``y`` along a dimension by the trapezoidal rule; one element shorter than ``y``."""
    _refuse_bools("cumulative_trapezoid", y, x)
    if x is None:
        return cumsum(_trapezoids(y, x, dx / 2.0, dim), wrap_dim(dim, y.dim()))
    return named(cumsum(_trapezoids(y, x, dx, dim), wrap_dim(dim, y.dim())) / 2.0, "DivBackward1")


def _refuse_bools(name: str, y: Any, x: Any) -> None:
    for letter, each in (("y", y), ("x", x)):
        if each is not None and each.dtype.name == "bool":
            raise RuntimeError(f"{name}: received a bool input for `{letter}`, but bool is not supported")


@cumulative_trapezoid.samples
def _(make):
    yield make.sample(make(5))
    yield make.sample(make(2, 4), make(4))
    yield make.sample(make(3, 2), dx=0.5, dim=0)


def _gradient_reference(x: Any, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> Any:
    found = np.gradient(
        x, *(spacing if isinstance(spacing, (list, tuple)) else [spacing]), axis=dim, edge_order=edge_order
    )
    return tuple(found) if isinstance(found, (list, tuple)) else (found,)


@composed(reference=_gradient_reference)
def gradient(input: Tensor, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> Any:
    """Slopes along dimensions by central differences, one-sided at the ends; a tuple, one tensor a dimension.

    Parameters
    ----------
    spacing : number, list of numbers, or list of 1-D Tensor
        Distance of neighbours, for all dimensions or each; or the coordinates of each.
    dim : int or tuple of int, optional
    edge_order : {1, 2}
        The order of exactness at the ends.

    Raises
    ------
    RuntimeError
        For spacings that do not fit the dimensions, another ``edge_order``, and too few elements.
    """
    if input.dtype.name == "uint8":
        raise RuntimeError("torch.gradient does not support uint8 input.")
    dims = wrap_dims(dim, input.dim())
    spacing = 1 if spacing is None else spacing
    steps = list(spacing) if isinstance(spacing, (list, tuple)) else [spacing] * len(dims)
    if len(steps) != len(dims):
        raise RuntimeError(
            f"torch.gradient expected spacing to be unspecified, a scalar or a list of length {len(dims)} but got a "
            f"list of length {len(steps)}"
        )
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    for k in dims:
        if input.shape[k] < edge_order + 1:
            raise RuntimeError(
                "torch.gradient expected each dimension size to be at least edge_order+1, but got "
                f"{input.shape[k]} for dimension {k}"
            )
    return tuple(_slopes(input, step, k, edge_order) for k, step in zip(dims, steps, strict=True))


def _slopes(x: Any, spacing: Any, dim: int, edge_order: int) -> Any:
    """Return the slopes along one dimension, second order inside for any distances."""
    if hasattr(spacing, "dim") and spacing.dim():
        steps = spacing[1:] - spacing[:-1]
        lay_out = [-1 if k == dim else 1 for k in range(x.dim())]
        before, after = steps[:-1].reshape(lay_out), steps[1:].reshape(lay_out)
        ends = [steps[0], steps[1 if edge_order == 2 else 0], steps[-1], steps[-2 if edge_order == 2 else -1]]
    else:
        before = after = spacing
        ends = [spacing] * 4
    low, middle, high = _part(x, dim, None, -2), _part(x, dim, 1, -1), _part(x, dim, 2, None)
    if before is after:
        inside = (high - low) / (2.0 * spacing)
    else:
        both = before + after
        inside = low * (-after / (before * both)) + middle * ((after - before) / (before * after))
        inside = inside + high * (before / (after * both))
    first = _end(x, dim, (0, 1, 2), ends[0], ends[1], edge_order)
    last = -_end(x, dim, (-1, -2, -3), ends[2], ends[3], edge_order)
    return cat([first, inside, last], dim)


def _end(x: Any, dim: int, places: tuple[int, int, int], near: Any, far: Any, edge_order: int) -> Any:
    """Return the slope at an end, from the two or three elements nearest to it."""

    def at(k: int) -> Any:
        return _part(x, dim, k, k + 1 if k != -1 else None)

    if edge_order == 1:
        return (at(places[1]) - at(places[0])) / near
    both = near + far
    inner = at(places[1]) * (both / (near * far)) - at(places[2]) * (near / (far * both))
    return inner - at(places[0]) * ((near + both) / (near * both))


@gradient.samples
def _(make):
    yield make.sample(make(5))
    yield make.sample(make(3, 4))
    yield make.sample(make(3, 4), spacing=0.5, dim=1)
    yield make.sample(make(3, 4), spacing=[0.5, 2.0], edge_order=2)
    yield make.sample(make(5), spacing=[np.array([0.0, 1.0, 1.5, 3.0, 5.0])])
    yield make.sample(make(5), spacing=[np.array([0.0, 1.0, 1.5, 3.0, 5.0])], edge_order=2)
