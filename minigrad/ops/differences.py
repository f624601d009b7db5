"""Differences, integrals by trapezoids, covariances, and distances between all pairs of points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_module, as_its_kind
from minigrad.ops.dims import wrap_dim, wrap_dims
from minigrad.ops.index import basic_index
from minigrad.ops.join import cat
from minigrad.ops.matmul import matmul
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import scalar_type
from minigrad.ops.scan import cumsum
from minigrad.ops.shape import transpose

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
    """
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


# Covariances.


def _check_weights(name: str, weights: Any, count: int, kind: str) -> None:
    """Refuse weights of observations that are not one number of the right kind for each.

    Raises
    ------
    RuntimeError
    """
    if weights is None:
        return
    if weights.dim() > 1:
        raise RuntimeError(
            f"cov(): expected {name} to have one or fewer dimensions but got {name} with {weights.dim()} dimensions"
        )
    if weights.is_floating_point() != (kind == "floating point"):
        title = weights.dtype.tensor_type.removesuffix("Tensor")
        raise RuntimeError(f"cov(): expected {name} to have {kind} dtype but got {name} with {title} dtype")
    if weights.numel() != count:
        raise RuntimeError(
            f"cov(): expected {name} to have the same numel as there are observations in the input but got "
            f"{weights.numel()} != {count}"
        )
    if bool((weights < 0).any()):
        raise RuntimeError(f"cov(): {name} cannot be negative")


def _cov_reference(x: Any, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    return np.cov(x, ddof=correction, fweights=fweights, aweights=aweights)


@composed(method=True, reference=_cov_reference)
def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None
) -> Tensor:
    """Covariances of variables (rows) over observations (columns); of one variable, its variance.

    Parameters
    ----------
    correction : int
        Subtracted from the number of observations.
    fweights : Tensor of int, optional
        How often each observation was made.
    aweights : Tensor, optional
        How much each observation counts.
    """
    if input.dim() > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input.dim()} dimensions"
        )
    if input.dtype.name == "bool":
        raise RuntimeError("cov(): bool dtype is not supported for input")
    count = input.shape[1] if input.dim() == 2 else input.numel()
    _check_weights("fweights", fweights, count, "integral")
    _check_weights("aweights", aweights, count, "floating point")
    rows = input.reshape(1, -1) if input.dim() < 2 else input
    weights = None if fweights is None else fweights
    if aweights is not None:
        weights = aweights if weights is None else weights * aweights
    if weights is None:
        total = float(rows.shape[1])
        centred = rows - rows.sum(1, keepdim=True) / total
        weighted = centred
        divisor: Any = max(total - correction, 0.0)
    else:
        total = weights.sum()
        centred = rows - (rows * weights).sum(1, keepdim=True) / total
        weighted = centred * weights
        divisor = total - correction
        if aweights is not None and correction:
            divisor = total - correction * (weights * aweights).sum() / total
        divisor = divisor.clamp(min=0)
    products = matmul(weighted, transpose(centred, 0, 1))
    out = products / divisor if not isinstance(divisor, float) or divisor else products / products.new_zeros(())
    return out.squeeze() if rows.shape[0] == 1 else named(out, "SqueezeBackward0")


@cov.samples
def _(make):
    yield make.sample(make(3, 5))
    yield make.sample(make(5))
    yield make.sample(make(2, 5), correction=0)
    yield make.sample(make(2, 4), fweights=np.array([1, 2, 3, 1]))
    yield make.sample(make(2, 4), aweights=np.array([0.5, 1.0, 2.0, 1.0]))


@composed(method=True, reference=lambda x: np.corrcoef(x))
def corrcoef(input: Tensor) -> Tensor:
    """Correlations of variables (rows) over observations (columns), from -1 to 1."""
    if input.dim() > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {input.dim()} dimensions"
        )
    covariances = cov(input)
    if not covariances.dim():
        return covariances / covariances
    spread = covariances.diagonal().sqrt()
    return (covariances / spread.unsqueeze(-1) / spread.unsqueeze(0)).clamp(-1, 1)


@corrcoef.samples
def _(make):
    yield make.sample(make(3, 5))
    yield make.sample(make(2, 4))


# Distances.


def _cdist_reference(x1: Any, x2: Any, p: float = 2.0, **_: Any) -> Any:
    gaps = np.abs(x1[..., :, None, :] - x2[..., None, :, :])
    if p == 0:
        return (gaps != 0).sum(-1).astype(float)
    return gaps.max(-1) if p == math.inf else (gaps**p).sum(-1) ** (1 / p)


@op(reference=_cdist_reference)
def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: Any = "use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """p-norms of the differences of all pairs of rows: (..., n, k) and (..., m, k) give (..., n, m).

    Parameters
    ----------
    p : float
        From 0 to ``inf``.
    compute_mode : str or int
        Accepted for PyTorch's sake; the differences are always formed, which is exact.
    """
    from minigrad.ops.statistics import _norm_along

    if x1.ndim < 2 or x2.ndim < 2:
        number, rank = (1, x1.ndim) if x1.ndim < 2 else (2, x2.ndim)
        raise RuntimeError(f"cdist only supports at least 2D tensors, X{number} got: {rank}D")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}")
    for number, x in enumerate((x1, x2), 1):
        if x.dtype.kind != "f":
            raise RuntimeError(f"cdist only supports floating-point dtypes, X{number} got: {scalar_type(x)}")
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    return _norm_along(x1[..., :, None, :] - x2[..., None, :, :], p, -1, False)


@cdist.gradient
def _(grad, x1, x2, out, p):
    from minigrad.ops.statistics import _norm_gradient

    gaps = x1[..., :, None, :] - x2[..., None, :, :]
    spread = _norm_gradient(grad, gaps, out, p, -1, False)
    return spread.sum(-2), -spread.sum(-3)


@cdist.samples
def _(make):
    yield make.sample(make(3, 2), make(4, 2))
    yield make.sample(make(2, 3, 2), make(4, 2), 1.0)
    yield make.sample(make(3, 2), make(4, 2), p=3.0)
    yield make.sample(make(3, 2), make(4, 2), math.inf)
    yield make.sample(make(0, 2), make(4, 2))


def _pdist_reference(x: Any, p: float = 2) -> Any:
    return _cdist_reference(x, x, p)[np.triu_indices(len(x), 1)]


@op(reference=_pdist_reference)
def pdist(input: Tensor, p: float = 2) -> Tensor:
    """p-norms of the differences of all pairs of rows, each pair once: (n, k) gives (n * (n - 1) / 2,).

    Parameters
    ----------
    p : float
        From 0 to ``inf``.
    """
    from minigrad.ops.statistics import _norm_along

    if input.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    if input.dtype.kind != "f":
        raise RuntimeError("pdist only supports floating-point dtypes")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    first, second = array_module(input).triu_indices(len(input), 1)
    if not input.shape[1]:
        return array_module(input).zeros(len(first), input.dtype)
    return _norm_along(input[first] - input[second], p, -1, False)


@pdist.gradient
def _(grad, input, out, p):
    from minigrad.ops.index_rows import index_add_to_zeros, index_select
    from minigrad.ops.statistics import _norm_gradient

    shape = tuple(input.shape)
    first, second = np.triu_indices(shape[0], 1)
    first, second = as_its_kind(grad, first), as_its_kind(grad, second)
    gaps = index_select(input, 0, first) - index_select(input, 0, second)
    spread = _norm_gradient(grad, gaps, out, p, -1, False)
    return index_add_to_zeros(spread, shape, 0, first) - index_add_to_zeros(spread, shape, 0, second)


@pdist.samples
def _(make):
    yield make.sample(make(4, 2))
    for p in (1.0, 1.5, 3.0, math.inf):
        yield make.sample(make(4, 3), p)
    yield make.sample(make(4, 3), 0.0, gradient=False)
    yield make.sample(make(2, 4).T)
    yield make.sample(make(1, 2))
