"""Images in another size: every output element is a weighted sum of a few input elements along each dimension."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.avg_pool import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from minigrad.ops.backend import kernels_of
from minigrad.ops.dims import hashable
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import not_implemented
from minigrad_kernels._resampling import Resampling, Taps

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor

_LINEAR = {"linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2, "lanczos": 2}
_SMOOTH = ("bilinear", "bicubic", "lanczos")
_MODES = "nearest | linear | bilinear | bicubic | trilinear | lanczos | area | nearest-exact"


def _cubic(x: Any, a: float) -> Any:
    """Return Keys' piecewise cubic with parameter ``a`` at distances ``x``."""
    x = abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * a - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


_FILTERS = {
    "bilinear": (1, lambda x: np.maximum(1 - abs(x), 0)),
    "bicubic": (2, lambda x: _cubic(x, -0.5)),
    "lanczos": (3, lambda x: np.where(abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)),
}


def _rectangular(places: Any, weights: Any, length: int) -> Taps:
    """Return the taps of elements that have equally many, of two arrays (count, taps)."""
    count, each = places.shape
    flat = np.clip(places, 0, length - 1).astype(np.int64).reshape(-1)
    return Taps(np.arange(count + 1) * each, flat, np.ascontiguousarray(weights, np.float64).reshape(-1), length)


@functools.lru_cache(maxsize=256)
def find_taps(
    length: int, count: int, mode: str, align_corners: bool, scale_factor: float | None, smooth: bool, single: bool
) -> Taps:
    """Return the `Taps` of a dimension.

    Parameters
    ----------
    length, count : int
        Elements before and after.
    mode : str
        As of `interpolate`.
    align_corners : bool
    scale_factor : float, optional
        Instead of ``count / length``.
    smooth : bool
        Whether a smaller image is averaged over all pixels that a new one covers.
    single : bool
        Whether positions are computed in single precision, as PyTorch does for all but double.
    """
    real = np.float32 if single else np.float64
    step = real(1 / scale_factor) if scale_factor else real(length) / real(count)
    places = np.arange(count, dtype=real)
    if mode in ("nearest", "nearest-exact"):
        step = np.float32(1 / scale_factor) if scale_factor else np.float32(length) / np.float32(count)
        shift = np.float32(0 if mode == "nearest" else 0.5)
        nearest = np.floor((np.arange(count, dtype=np.float32) + shift) * step)
        return _rectangular(nearest[:, None], np.ones((count, 1)), length)
    if align_corners:
        step = real(length - 1) / real(count - 1) if count > 1 else real(0)
    if smooth:
        return _smooth_taps(length, count, float(step), *_FILTERS[mode])
    half = real(0.5)
    source = places * step if align_corners else (places + half) * step - half
    if mode == "bicubic":
        first = np.floor(source)
        share = (source - first).astype(np.float64)[:, None]
        offsets = np.arange(-1, 3)
        return _rectangular(first[:, None] + offsets, _cubic(share - offsets, -0.75), length)
    source = np.maximum(source, 0)
    first = np.minimum(np.floor(source), length - 1)
    share = np.clip(source - first, 0, 1).astype(np.float64)
    return _rectangular(np.stack([first, first + 1], 1), np.stack([1 - share, share], 1), length)


def _smooth_taps(length: int, count: int, step: float, reach: int, filter: Any) -> Taps:
    """Return taps over all that the filter covers, which is wider where the image gets smaller."""
    width = max(step, 1.0)
    support = reach * width
    centre = step * (np.arange(count) + 0.5)
    first = np.maximum((centre - support + 0.5).astype(np.int64), 0)
    end = np.minimum((centre + support + 0.5).astype(np.int64), length)
    places = first[:, None] + np.arange(max(1, int((end - first).max())))
    is_tap = places < end[:, None]
    weights = np.where(is_tap, filter((places - centre[:, None] + 0.5) / width), 0)
    weights /= weights.sum(1, keepdims=True)
    return Taps(np.append(0, is_tap.sum(1).cumsum()), places[is_tap], weights[is_tap], length)


@op(namespace=None, node="UpsampleBackward0")
def resampled(input: Tensor, plan: Resampling) -> Tensor:
    """Weighted sums of a few elements along each of the last dimensions."""
    kernels = kernels_of(input)
    if input.dtype.kind != "u" or plan.selects:
        return kernels.resample(input, plan)
    return kernels.resample_bytes(input, plan)


@resampled.gradient
def _(grad, plan):
    return resampled(grad, plan.back)


@resampled.samples
def _(make):
    linear = find_taps(3, 5, "linear", False, None, False, False)
    cubic = find_taps(4, 2, "bicubic", False, None, True, False)
    for taps in ((cubic,), (linear, cubic), (cubic, linear, linear.back)):
        yield make.sample(make(2, *(each.length for each in taps)), Resampling(taps))


def _find_size(shape: Any, size: Any, scale_factor: Any, recompute: bool | None) -> tuple[list[int], list[Any]]:
    """Return the output lengths, and the scale factors that positions are computed with (or None)."""
    rank = len(shape) - 2
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is not None:
        sizes = [int(n) for n in size] if isinstance(size, (tuple, list)) else [int(size)] * rank
        if len(sizes) != rank:
            raise ValueError(
                "Input and output must have the same number of spatial dimensions, but got input with spatial "
                f"dimensions of {list(shape[2:])} and output size of {size}. Please provide input tensor in (N, "
                "C, d1, d2, ...,dK) format and output size in (o1, o2, ...,oK) format."
            )
        if recompute:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        return sizes, [None] * rank
    if scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    factors = list(scale_factor) if isinstance(scale_factor, (tuple, list)) else [scale_factor] * rank
    if len(factors) != rank:
        raise ValueError(
            "Input and scale_factor must have the same number of spatial dimensions, but got input with spatial "
            f"dimensions of {list(shape[2:])} and scale_factor of shape {scale_factor}. Please provide input "
            "tensor in (N, C, d1, d2, ...,dK) format and scale_factor in (s1, s2, ...,sK) format."
        )
    sizes = [math.floor(float(n) * float(factor)) for n, factor in zip(shape[2:], factors, strict=True)]
    return sizes, [None] * rank if recompute else [float(factor) for factor in factors]


def _check_mode(rank: int, mode: str, align_corners: bool | None, antialias: bool) -> None:
    """Refuse what does not go together."""
    if align_corners is not None and (mode in ("nearest", "area", "nearest-exact")):
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
        )
    if antialias and not (mode in _SMOOTH and rank == 2):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input"
        )


def _check_rank(rank: int, mode: str) -> None:
    if rank not in (1, 2, 3) or mode not in (*_LINEAR, "nearest", "nearest-exact", "area"):
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {rank + 2}D) for the modes: {_MODES} "
            f"(got {mode})"
        )
    if mode in _LINEAR and _LINEAR[mode] != rank:
        raise NotImplementedError(f"Got {rank + 2}D input, but {mode} mode needs {_LINEAR[mode] + 2}D input")


def _check_kind(dtype: Any, rank: int, mode: str, antialias: bool) -> None:
    """Refuse the dtypes that PyTorch's kernels do not know, with the kernel's name."""
    family = {"nearest-exact": "nearest", "bicubic": "cubic"}.get(mode, "linear" if mode.endswith("linear") else mode)
    if dtype.name == "uint8" and (family == "nearest" or rank == 2):
        return
    if dtype.is_floating_point and not (antialias and dtype.name == "float16"):
        return
    kernel = f"compute_indices_weights_{family}"
    if antialias:
        kernel = "compute_index_ranges_weights"
    elif rank == 2 and family != "cubic":
        kernel = f"upsample_{mode.removesuffix('-exact')}2d_channels_last"
    raise not_implemented(kernel, np.empty(0, dtype.numpy))


def _check_lengths(shape: tuple[int, ...], sizes: list[int]) -> None:
    if min(sizes) <= 0 or 0 in shape[2:]:
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input {list(shape[2:])} output {sizes}"
        )
    if 0 in shape[1:2]:
        raise RuntimeError(f"Non-empty {len(shape)}D data tensor expected but got a tensor with sizes {list(shape)}")


@functools.lru_cache(maxsize=512, typed=True)
def _find_plan(
    shape: tuple[int, ...],
    dtype: Any,
    size: Any,
    scale_factor: Any,
    mode: str,
    align_corners: bool | None,
    recompute: bool | None,
    antialias: bool,
) -> tuple[Any, str | None]:
    """Check the arguments of `interpolate`; return a `Resampling` and its node's name, or lengths of areas and None."""
    rank = len(shape) - 2
    _check_mode(rank, mode, align_corners, antialias)
    if rank < 1 and (size is None) != (scale_factor is None):
        _check_rank(rank, mode)
    sizes, factors = _find_size(shape, size, scale_factor, recompute)
    _check_rank(rank, mode)
    if mode == "area":
        return sizes, None
    if mode == "lanczos" and not antialias:
        raise ValueError("Lanczos mode requires antialias=True")
    _check_kind(dtype, rank, mode, antialias)
    _check_lengths(shape, sizes)
    # What keeps a length is not resampled along it, however far a scale factor is from 1.
    stays = mode in ("linear", "bilinear", "trilinear") or antialias or (dtype.name == "uint8" and mode == "bicubic")
    taps = []
    for length, count, factor in zip(shape[2:], sizes, factors, strict=True):
        if (length == count and stays) or (mode == "nearest" and rank == 2 and count in (length, 2 * length)):
            taps.append(find_taps(length, count, "nearest", False, None, False, True))
        else:
            single = dtype.name not in ("float64", "uint8")
            taps.append(find_taps(length, count, mode, bool(align_corners), factor, antialias, single))
    return Resampling(taps), _node_name(mode, rank, antialias)


def _node_name(mode: str, rank: int, antialias: bool) -> str:
    kind = {"nearest-exact": "NearestExact"}.get(mode, mode.capitalize())
    return f"Upsample{kind}{rank}D{'Aa' if antialias else ''}Backward0"


def _reference(
    x: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
    antialias: bool = False,
) -> Any:
    """Resample by a dense matrix along each dimension."""
    for k, length in enumerate(x.shape[2:]):
        factor = scale_factor[k] if isinstance(scale_factor, (tuple, list)) else scale_factor
        wanted = size[k] if isinstance(size, (tuple, list)) else size
        count = wanted or math.floor(length * factor)
        matrix = np.zeros((count, length))
        if mode == "area":
            for j in range(count):
                window = slice(j * length // count, -(-(j + 1) * length // count))
                matrix[j, window] = 1 / (window.stop - window.start)
        else:
            used = None if factor is None or recompute_scale_factor else float(factor)
            taps = find_taps(length, count, mode, bool(align_corners), used, antialias, False)
            for j in range(count):
                of_j = slice(taps.starts[j], taps.starts[j + 1])
                np.add.at(matrix[j], taps.places[of_j], taps.weights[of_j])
        x = np.moveaxis(np.tensordot(matrix, x, (1, k + 2)), 0, k + 2)
    return x


@composed(namespace="functional", reference=_reference)
def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Signals, images or volumes in another size.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, length), (batch, channels, height, width) or with a depth before
    size : int or sequence of int, optional
        Spatial lengths of the result; either this or ``scale_factor``.
    scale_factor : float or sequence of float, optional
    mode : {"nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic", "area", "lanczos"}
        The nearest element ("nearest" rounds down), straight lines between elements, cubics (with a = -0.75, or -0.5
        if antialiased), means over equal areas, or a windowed sinc.
    align_corners : bool, optional
        Whether the centres of the outermost elements stay in place, and not their outer edges.
    recompute_scale_factor : bool, optional
        Whether positions follow from the size that the scale factor gave, and not from the factor itself.
    antialias : bool
        Whether a smaller image is averaged over all pixels that a new one covers; images only.
    """
    arguments = input.shape, input.dtype, size, scale_factor, mode, align_corners, recompute_scale_factor, antialias
    try:
        plan, node = _find_plan(*arguments)
    except TypeError:  # perhaps because of lists, which cannot be remembered
        plan, node = _find_plan(*map(hashable, arguments))
    if node is None:
        return (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[len(plan) - 1](input, plan)
    return named(resampled(input, plan), node)


@interpolate.samples
def _(make):
    yield make.sample(make(2, 3, 5), 8)
    yield make.sample(make(1, 2, 4, 3), scale_factor=2)
    yield make.sample(make(1, 2, 4, 5), scale_factor=(1.5, 0.7))
    yield make.sample(make(1, 2, 4, 5), scale_factor=(1.6, 0.7), mode="nearest-exact", recompute_scale_factor=True)
    yield make.sample(make(1, 1, 2, 3, 2), (3, 2, 4))
    yield make.sample(make(2, 2, 4), 7, mode="linear")
    yield make.sample(make(1, 2, 3, 4), (5, 3), mode="bilinear")
    yield make.sample(make(1, 2, 3, 4), (5, 7), mode="bilinear", align_corners=True)
    yield make.sample(make(1, 1, 2, 3, 3), scale_factor=1.7, mode="trilinear")
    yield make.sample(make(1, 2, 4, 4), (6, 3), mode="bicubic")
    yield make.sample(make(1, 2, 4, 4), (6, 3), mode="bicubic", align_corners=True)
    yield make.sample(make(1, 2, 6, 7), (3, 4), mode="area")
    for mode in ("bilinear", "bicubic"):
        yield make.sample(make(1, 1, 7, 5), (3, 6), mode=mode, antialias=True)
