"""Images read at the positions of a grid.

An output element is a weighted sum of a few input elements, its taps. `tap_sums` and its two gradients are one sum of
products seen from its three sides, so that each one's gradients are the others.
"""

from __future__ import annotations

import itertools
import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_of, kernels_of, like, on_host
from minigrad.ops.join import stack
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import not_implemented, scalar_type
from minigrad.ops.quiet import quiet
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
def _places(corners: list[Any], sizes: tuple[int, ...]) -> Any:
    """Return flat places of taps in an image, -1 outside; ``corners`` are whole positions along each dimension."""
    inside: Any = True
    flat: Any = 0
    for corner, size in zip(reversed(corners), reversed(sizes), strict=True):
        within = (corner >= 0) & (corner < size)
        inside = inside & within
        flat = flat * size + np.where(within, corner, 0).astype(np.int64)
    return np.where(inside, flat, -1)


@quiet
def _share(positions: Any, first: Any) -> Any:
    """Return how far positions lie beyond the whole ones before them."""
    return positions - positions.new_tensor(first)


def _linear_taps(positions: Any) -> tuple[list[list[Any]], list[list[Any]]]:
    """Return, for each dimension, the two whole positions around each position, and their weights."""
    first = np.floor(positions.numpy(force=True))
    share = _share(positions, first)
    each = range(first.shape[-1])
    return [[first[..., d], first[..., d] + 1] for d in each], [[1 - share[..., d], share[..., d]] for d in each]


def _cubic_taps(positions: Any) -> tuple[list[list[Any]], list[list[Any]]]:
    """Return, for each dimension, the four whole positions around each position, and Keys' weights (a = -0.75)."""
    a = -0.75
    first = np.floor(positions.numpy(force=True))
    share = _share(positions, first)

    def near(x: Any) -> Any:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: Any) -> Any:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    weights = [far(share + 1), near(share), near(1 - share), far(2 - share)]
    each = range(first.shape[-1])
    return [[first[..., d] + k for k in range(-1, 3)] for d in each], [[w[..., d] for w in weights] for d in each]


def _moved(corner: Any, size: int, padding_mode: str, align_corners: bool) -> Any:
    """Return whole positions of a cubic's taps moved into the image, as the padding has it."""
    if padding_mode == "zeros":
        return corner
    if padding_mode == "reflection":
        corner = _reflected(corner[..., None], np.asarray([size], corner.dtype), align_corners)[0][..., 0]
    return np.fmin(np.fmax(corner, 0), size - 1)


def _find_taps(grid: Any, sizes: tuple[int, ...], mode: str, padding_mode: str, align_corners: bool) -> tuple[Any, Any]:
    """Return places (batch, points, taps) and weights of that shape for a grid (batch, points, rank)."""
    if mode == "nearest":
        positions = grid_positions(grid.detach(), sizes, padding_mode, align_corners).numpy(force=True)
        nearest = np.rint(positions)
        places = _places([nearest[..., d] for d in range(len(sizes))], sizes)[..., None]
        return places, zero(grid[..., :1]) + 1  # of the graph, with a gradient of zeros, as in PyTorch
    if mode == "bicubic":
        corners, weights = _cubic_taps(grid_positions(grid, sizes, "zeros", align_corners))
        corners = [
            [_moved(each, size, padding_mode, align_corners) for each in ones]
            for ones, size in zip(corners, sizes, strict=True)
        ]
    else:
        corners, weights = _linear_taps(grid_positions(grid, sizes, padding_mode, align_corners))
    places = [_places(list(each), sizes) for each in itertools.product(*corners)]
    return np.stack(places, -1), stack([math.prod(each[1:], start=each[0]) for each in itertools.product(*weights)], -1)


def _check_modes(mode: str, padding_mode: str) -> None:
    for name, value, known in (("mode", mode, _MODES), ("padding_mode", padding_mode, _PADDINGS)):
        if value not in known:
            words = f"'{known[0]}', '{known[1]}'{',' if name == 'padding_mode' else ''} or '{known[2]}'"
            raise ValueError(f"nn.functional.grid_sample(): expected {name} to be {words}, but got: '{value}'")


def _check_shapes(input: Any, grid: Any, mode: str) -> None:
    rank, sizes = input.dim() - 2, f"[{', '.join(map(str, input.shape))}]"
    grid_sizes = f"[{', '.join(map(str, grid.shape))}]"
    if input.dim() < 2 or grid.dim() < 2 or input.shape[0] != grid.shape[0]:
        raise RuntimeError(
            "grid_sampler(): expected grid and input to have same batch size, but got input with sizes "
            f"{sizes} and grid with sizes {grid_sizes}"
        )
    if grid.shape[-1] != rank:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {rank} in last dimension, but got grid with sizes {grid_sizes}"
        )
    for k in range(2, input.dim()):
        if input.shape[k] <= 0:
            raise RuntimeError(
                "grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes "
                f"{sizes} with dimension {k} being empty"
            )
    if rank not in (2, 3) or grid.dim() != input.dim():
        raise RuntimeError(
            "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got input with sizes "
            f"{sizes} and grid with sizes {grid_sizes}"
        )
    if rank == 3 and mode == "bicubic":
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    given, wanted = input.numpy(force=True), grid.numpy(force=True)
    if given.size and given.dtype.kind != "f":
        raise not_implemented(f"grid_sampler_{rank}d_cpu{'_kernel_impl' if rank == 2 else ''}", given)
    if given.dtype != wanted.dtype:
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
    _check_modes(mode, padding_mode)
    if align_corners is None:
        warnings.warn(UNCLEAR_CORNERS, stacklevel=3)
    _check_shapes(input, grid, mode)
    batch, channels = input.shape[:2]
    shape = tuple(input.shape[2:])
    if not input.is_floating_point():  # and so empty
        return input.new_empty((batch, channels, *grid.shape[1:-1]))
    points = grid.reshape(batch, math.prod(grid.shape[1:-1]), len(shape))
    places, weights = _find_taps(points, shape[::-1], mode, padding_mode, bool(align_corners))
    found = tap_sums(input.reshape(batch, channels, math.prod(shape)), places, weights)
    return named(found.reshape(batch, channels, *grid.shape[1:-1]), f"GridSampler{len(shape)}DBackward0")


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
