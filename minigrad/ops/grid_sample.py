"""Images read at the positions of a grid.

An output element is a weighted sum of a few input elements, its taps. `tap_sums` and its two gradients are one sum of
products seen from its three sides, so that each one's gradients are the others.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_of, as_its_kind, is_array, kernels_of, like, on_host
from minigrad.ops.hints import hint
from minigrad.ops.join import stack
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import not_implemented, scalar_type
from minigrad.ops.quiet import quiet
from minigrad.ops.reduce import sum
from minigrad.ops.shape import reshape
from minigrad.ops.write import zero

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor

_MODES = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")
UNCLEAR_CORNERS = (
    "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
    "align_corners=True if the old behavior is desired. See the documentation of grid_sample for details."
)


# Weighted sums at places.


@op(namespace=None)
def tap_sums(input: Tensor, places: np.ndarray[Any, Any], weights: Tensor) -> Tensor:
    """Weighted sums of a few elements: ``out[n, c, p]`` sums ``weights[n, p, t] * input[n, c, places[n, p, t]]``.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, elements)
    places : ndarray of int64, shape (batch, points, taps)
        Places outside the input count as zero.
    weights : Tensor, shape (batch, points, taps)
    """
    return kernels_of(input).tap_sums(input, like(input, array_of(places)), weights)


@tap_sums.gradient("input")
def _(grad, places, weights, input_shape):
    return tap_sums_input(grad, places, weights, input_shape[2])


@tap_sums.gradient("weights")
def _(grad, places, input):
    return tap_sums_weights(grad, places, input)


@op(namespace=None)
def tap_sums_input(grad_output: Tensor, places: np.ndarray[Any, Any], weights: Tensor, length: int) -> Tensor:
    """Gradient of `tap_sums` with respect to its input of ``length`` elements."""
    return kernels_of(grad_output).tap_sums_input(grad_output, like(grad_output, array_of(places)), weights, length)


@tap_sums_input.gradient("grad_output")
def _(grad, places, weights):
    return tap_sums(grad, places, weights)


@tap_sums_input.gradient("weights")
def _(grad, places, grad_output):
    return tap_sums_weights(grad_output, places, grad)


@op(namespace=None)
def tap_sums_weights(grad_output: Tensor, places: np.ndarray[Any, Any], input: Tensor) -> Tensor:
    """Gradient of `tap_sums` with respect to its weights."""
    return kernels_of(grad_output).tap_sums_weights(grad_output, like(grad_output, array_of(places)), input)


@tap_sums_weights.gradient("grad_output")
def _(grad, places, input):
    return tap_sums(input, places, grad)


@tap_sums_weights.gradient("input")
def _(grad, places, grad_output, input_shape):
    return tap_sums_input(grad_output, places, grad, input_shape[2])


@tap_sums.samples
def _(make):
    yield make.sample(make(2, 3, 5), make.integers(2, 4, 2, low=-1, high=5), make(2, 4, 2))


@tap_sums_input.samples
def _(make):
    yield make.sample(make(2, 3, 4), make.integers(2, 4, 2, low=-1, high=5), make(2, 4, 2), 5)


@tap_sums_weights.samples
def _(make):
    yield make.sample(make(2, 3, 4), make.integers(2, 4, 2, low=-1, high=5), make(2, 3, 5))


# From grids to places and weights.


@op(namespace=None, saves=("slope",))
@on_host
def grid_positions(grid: Tensor, sizes: tuple[int, ...], padding_mode: str, align_corners: bool) -> Tensor:
    """Positions among the elements, as fractions, that the numbers of a grid (-1 to 1 across the image) mean.

    Parameters
    ----------
    grid : Tensor, shape (..., rank)
    sizes : tuple of int
        The image's lengths, in the order of the grid's last dimension.
    padding_mode : {"zeros", "border", "reflection"}
        Whether positions outside stay there, or are moved to the edge, or are mirrored at it.
    """
    lengths = np.asarray(sizes, grid.dtype)
    slope = np.broadcast_to((lengths - 1) / 2 if align_corners else lengths / 2, grid.shape)
    positions = (grid + 1) * slope if align_corners else ((grid + 1) * lengths - 1) / 2
    if padding_mode == "reflection":
        positions, signs = _reflected(positions, lengths, align_corners)
        slope = slope * signs
    if padding_mode != "zeros":
        inside = (positions > 0) & (positions < lengths - 1)
        positions = np.fmin(np.fmax(positions, 0), lengths - 1)  # nan is moved to 0
        slope = slope * inside
    return positions.astype(grid.dtype, copy=False), slope.astype(grid.dtype, copy=False)


@grid_positions.gradient
def _(grad, slope):
    return grad * slope


@grid_positions.samples
def _(make):
    for mode in _PADDINGS:
        for align_corners in (False, True):
            yield make.sample(make(2, 3, 2), (4, 5), mode, align_corners)


@quiet
def _reflected(positions: Any, lengths: Any, align_corners: bool) -> tuple[Any, Any]:
    """Return positions mirrored at the edges as often as it takes, and the signs of the slope there."""
    low = 0.0 if align_corners else -0.5
    span = lengths - 1 if align_corners else lengths
    away = positions - positions.dtype.type(low)
    signs = np.where(away < 0, -1, 1)
    away = abs(away)
    safe = np.where(span == 0, 1, span)
    rest, flips = np.fmod(away, safe), np.floor(away / safe)
    even = np.fmod(flips, 2) == 0
    mirrored = np.where(even, rest + low, span - rest + low)
    return np.where(span == 0, 0, mirrored), np.where(span == 0, 0, np.where(even, signs, -signs))


@quiet
def _share(positions: Any, first: Any) -> Any:
    """Return how far positions lie beyond the whole ones before them."""
    return positions - positions.new_tensor(first)


def _weights_along(positions: Any, mode: str) -> tuple[Any, Any]:
    """Return, for each dimension, the weights of the taps along it, and their slopes."""
    share = _share(positions, np.floor(positions.numpy(force=True)))
    if mode == "bilinear":
        weights, slopes = [1 - share, share], [zero(share) - 1, zero(share) + 1]
    else:
        weights = [_far(share + 1), _near(share), _near(1 - share), _far(2 - share)]
        slopes = [_far_slope(share + 1), _near_slope(share), -_near_slope(1 - share), -_far_slope(2 - share)]
    each = range(positions.shape[-1])
    return [[w[..., d] for w in weights] for d in each], [[s[..., d] for s in slopes] for d in each]


# Keys' cubic with a = -0.75, at distances up to 1 and beyond.


def _near(x: Any) -> Any:
    return (1.25 * x - 2.25) * x * x + 1


def _far(x: Any) -> Any:
    return ((-0.75 * x + 3.75) * x - 6) * x + 3


def _near_slope(x: Any) -> Any:
    return (3.75 * x - 4.5) * x


def _far_slope(x: Any) -> Any:
    return (-2.25 * x + 7.5) * x - 6


@op(
    namespace=None,
    saves=("places", "weights"),
    variant=lambda input, *rest: "GridSampler3DBackward0" if input.ndim == 5 else "GridSampler2DBackward0",
)
def grid_sampled(input: Tensor, grid: Tensor, mode: str, padding_mode: str, align_corners: bool) -> Tensor:
    """Images read at the positions of a grid; the parameters are `grid_sample`'s."""
    _check(input.shape, grid.shape, input.dtype.char, grid.dtype.char, mode, padding_mode)
    return kernels_of(input).read_at(input, grid, mode, padding_mode, align_corners)


@grid_sampled.gradient
def _(grad, input, grid, places, weights, mode, padding_mode, align_corners, needs):
    settings = mode, padding_mode, align_corners
    if is_array(grad):
        return kernels_of(grad).read_at_backward(grad, input, grid, places, weights, *settings, needs[:2])
    if places is None:
        array = array_of(grid)
        places, _ = kernels_of(array).grid_taps(array, tuple(input.shape[:1:-1]), *settings)
    return _gradients_by_formula(grad, input, grid, places, *settings)


def _gradients_by_formula(
    grad: Any, input: Any, grid: Any, places: Any, mode: str, padding_mode: str, align_corners: bool
) -> tuple[Any, Any]:
    """Return the gradients of `grid_sampled`, made of operations."""
    (batch, channels, *shape), rank = input.shape, grid.shape[-1]
    length, sizes = math.prod(shape), tuple(shape[::-1])
    grad = reshape(grad, (batch, channels, math.prod(grid.shape[1:-1])))
    images = reshape(input, (batch, channels, length))
    points = reshape(grid, (batch, grad.shape[2], rank))
    if mode == "nearest":
        weights = zero(points[..., :1]) + 1
        return reshape(tap_sums_input(grad, places, weights, length), input.shape), zero(grid)
    moved = "zeros" if mode == "bicubic" else padding_mode
    weights, slopes = _weights_along(grid_positions(points, sizes, moved, align_corners), mode)
    chosen = list(itertools.product(range(len(weights[0])), repeat=rank))

    def products(factors: Any) -> Any:
        return stack([math.prod((factors[d][k] for d, k in enumerate(each)), start=1.0) for each in chosen], -1)

    of_input = reshape(tap_sums_input(grad, places, products(weights), length), input.shape)
    of_weights = tap_sums_weights(grad, places, images)
    found = [sum(of_weights * products([*weights[:d], slopes[d], *weights[d + 1 :]]), -1) for d in range(rank)]
    slope = grid_positions.entry.forward(array_of(points), sizes, moved, align_corners)[1]
    return of_input, reshape(stack(found, -1) * as_its_kind(grid, slope), grid.shape)


@grid_sampled.samples
def _(make):
    for mode in _MODES:
        yield make.sample(make(2, 3, 4, 5), make(2, 3, 2, 2, low=-1.6, high=1.6), mode, "zeros", False)
    yield make.sample(make(1, 2, 3, 4), make(1, 2, 2, 2, low=-1.6, high=1.6), "bicubic", "reflection", True)
    yield make.sample(make(1, 2, 3, 2, 4), make(1, 2, 3, 1, 3, low=-1.3, high=1.3), "bilinear", "border", False)


def _check_modes(mode: str, padding_mode: str) -> None:
    for name, value, known in (("mode", mode, _MODES), ("padding_mode", padding_mode, _PADDINGS)):
        if value not in known:
            words = f"'{known[0]}', '{known[1]}'{',' if name == 'padding_mode' else ''} or '{known[2]}'"
            raise ValueError(f"nn.functional.grid_sample(): expected {name} to be {words}, but got: '{value}'")


@functools.lru_cache(maxsize=512)
def _check(shape: Any, grid_shape: Any, dtype: str, grid_dtype: str, mode: str, padding_mode: str) -> None:
    """Refuse what `grid_sample` does not take; what passed once is remembered."""
    _check_modes(mode, padding_mode)
    rank, sizes, grid_sizes = len(shape) - 2, list(shape), list(grid_shape)
    if not shape or not grid_shape:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    if shape[0] != grid_shape[0]:
        raise RuntimeError(
            "grid_sampler(): expected grid and input to have same batch size, but got input with sizes "
            f"{sizes} and grid with sizes {grid_sizes}"
        )
    if grid_shape[-1] != rank:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {rank} in last dimension, but got grid with sizes {grid_sizes}"
        )
    for k in range(2, len(shape)):
        if shape[k] <= 0:
            raise RuntimeError(
                "grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes "
                f"{sizes} with dimension {k} being empty"
            )
    if rank not in (2, 3) or len(grid_shape) != len(shape):
        raise RuntimeError(
            "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got input with sizes "
            f"{sizes} and grid with sizes {grid_sizes}"
        )
    if rank == 3 and mode == "bicubic":
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    given, wanted = np.empty(0, dtype), np.empty(0, grid_dtype)
    if math.prod(shape) and given.dtype.kind != "f":
        raise not_implemented(f"grid_sampler_{rank}d_cpu{'_kernel_impl' if rank == 2 else ''}", given)
    if dtype != grid_dtype:
        raise RuntimeError(f"expected scalar type {scalar_type(given)} but found {scalar_type(wanted)}")


def _sample_reference(
    x: Any, grid: Any, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Any:
    """Look each output element up by itself, with weights that fall off linearly (or not at all) around it."""
    sizes = x.shape[2:][::-1]
    positions = grid_positions(grid, sizes, padding_mode, bool(align_corners))
    out = np.zeros((*x.shape[:2], *grid.shape[1:-1]))
    for point in np.ndindex(*grid.shape[:-1]):
        for pixel in np.ndindex(*x.shape[2:]):
            gaps = abs(positions[point] - np.array(pixel[::-1]))
            weight = np.prod(np.maximum(1 - gaps, 0)) if mode == "bilinear" else float((gaps < 0.5).all())
            here, there = (point[0], slice(None), *point[1:]), (point[0], slice(None), *pixel)
            out[here] += weight * x[there]
    return out


@composed(namespace="functional", reference=_sample_reference)
def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """Read images (or volumes) at the positions of a grid, which need not be whole [1]_.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, height, width) or (batch, channels, depth, height, width)
    grid : Tensor, shape (batch, rows, columns, 2) or (batch, planes, rows, columns, 3)
        Positions x, y (and z) from -1 to 1 across the image.
    mode : {"bilinear", "nearest", "bicubic"}
        How the elements around a position are weighed; "bicubic" is for images only.
    padding_mode : {"zeros", "border", "reflection"}
        What lies outside the image.
    align_corners : bool, optional
        Whether -1 and 1 mean the centres of the outermost elements instead of their outer edges.

    Returns
    -------
    Tensor, shape (batch, channels, rows, columns) or (batch, channels, planes, rows, columns)

    References
    ----------
    .. [1] Jaderberg et al. Spatial Transformer Networks. 2015. arXiv:1506.02025
    """
    if align_corners is None:
        _check_modes(mode, padding_mode)
        hint(UNCLEAR_CORNERS)
    return grid_sampled(input, grid, mode, padding_mode, bool(align_corners))


@grid_sample.samples
def _(make):
    for mode in ("bilinear", "nearest"):
        for padding_mode in _PADDINGS:
            for align_corners in (False, True):
                grid = make(2, 3, 2, 2, low=-1.6, high=1.6)
                yield make.sample(make(2, 3, 4, 5), grid, mode, padding_mode, align_corners)
        yield make.sample(make(1, 2, 3, 2, 4), make(1, 2, 3, 1, 3, low=-1.3, high=1.3), mode, "reflection", False)
    yield make.sample(make(1, 2, 3, 4).transpose(0, 1, 3, 2), make(1, 2, 2, 2), align_corners=True)
    yield make.sample(make(0, 2, 3, 4), make(0, 2, 2, 2), align_corners=True)
