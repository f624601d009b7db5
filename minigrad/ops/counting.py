"""Counting elements in bins and positions: histograms, and the places of what is not zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_of, on_host, to_host
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import not_implemented
from minigrad.ops.return_types import return_type
from minigrad.ops.shape import row_major

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _edges(name: str, column: Any, bins: Any, low_high: Any, dimension: int) -> Any:
    """Return the edges of the bins of one dimension."""
    if isinstance(bins, np.ndarray):
        if bins.dtype != column.dtype:
            given, wanted = (each.dtype.name.replace("float64", "double").replace("32", "") for each in (column, bins))
            raise RuntimeError(
                "torch.histogramdd: input tensor and bins tensors should have the same dtype, but got input with dtype "
                f"{given} and bins for dimension {dimension} with dtype {wanted}"
            )
        return bins
    if bins <= 0:
        raise RuntimeError(f"{name}(): bins must be > 0, but got {bins} for dimension {dimension}")
    if low_high is not None:
        low, high = low_high
    elif column.size:
        low, high = float(column.min()), float(column.max())
    else:
        low, high = 0.0, 1.0
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RuntimeError(f"torch.histogramdd: dimension {dimension}'s range [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError(
            f"torch.histogramdd: min should not exceed max, but got min {low:g} max {high:g} for dimension {dimension}"
        )
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, bins + 1, dtype=column.dtype)


def _counts(rows: Any, edges: list[Any], weight: Any) -> Any:
    """Return the weights of rows added up by their bins; edges that do not ascend catch what they happen to."""
    if all((np.diff(line) > 0).all() for line in edges):
        return np.histogramdd(rows, edges, weights=weight, density=False)[0]
    counts = np.zeros([len(line) - 1 for line in edges])
    places, inside = [], np.ones(len(rows), bool)
    for column, line in zip(rows.T, edges, strict=True):
        inside &= (column >= line[0]) & (column <= line[-1])
        places.append(np.clip(np.searchsorted(line, column, "right") - 1, 0, len(line) - 2))
    chosen = tuple(place[inside] for place in places)
    np.add.at(counts, chosen, 1 if weight is None else weight[inside])
    return counts


def _counted(rows: Any, edges: list[Any], weight: Any, density: bool) -> Any:
    """Return the weights of rows added up by their bins."""
    if rows.dtype.kind != "f":
        raise not_implemented("histogramdd", rows)
    counts = _counts(rows, edges, weight)
    if density:
        volume: Any = 1.0
        for k, line in enumerate(edges):
            volume = volume * np.diff(line).reshape((-1,) + (1,) * (len(edges) - k - 1))
        with np.errstate(all="ignore"):
            counts = counts / volume / counts.sum()
    return counts.astype(rows.dtype)


def _histogram_reference(
    x: Any, bins: Any = 100, *, range: Any = None, weight: Any = None, density: bool = False
) -> Any:
    weights = None if weight is None else weight.reshape(-1)
    return np.histogram(x.reshape(-1), bins, range, weights=weights, density=density)


@op(method=True, outputs=("hist", "bin_edges"), differentiable=False, reference=_histogram_reference)
def histogram(
    input: Tensor, bins: Any = 100, *, range: Any = None, weight: Tensor | None = None, density: bool = False
) -> Any:
    """Counts of all elements in bins, and the edges of the bins; the last bin includes its upper edge.

    Parameters
    ----------
    bins : int or Tensor
        The number of equal bins, or the edges of the bins in ascending order.
    range : (float, float), optional
        From where to where equal bins reach; by default the data's own range.
    weight : Tensor, optional
        What each element counts, instead of 1.
    density : bool
        Divide by the sum and by the widths of the bins.
    """
    bins = to_host(array_of(bins))
    return on_host(_histogram)(input, bins, range, weight, density)


def _histogram(input: Any, bins: Any, range: Any, weight: Any, density: bool) -> Any:
    if input.dtype.kind != "f":
        raise not_implemented("histogramdd", input)
    edges = _edges("torch.histogram", input, bins, range, 0)
    weights = None if weight is None else weight.reshape(-1)
    return _counted(input.reshape(-1, 1), [edges], weights, density), edges


@histogram.samples
def _(make):
    yield make.sample(make(20), 5)
    yield make.sample(make(4, 3), 4, range=(-1.0, 1.0))
    yield make.sample(make(4, 3), np.array([-2.0, -0.5, 0.25, 2.0]), density=True)
    yield make.sample(make(6), 3, weight=make(6, low=0.5), density=True)


def _histogramdd_reference(x: Any, bins: Any, range: Any = None, weight: Any = None, density: bool = False) -> Any:
    rows = x.reshape(-1, x.shape[-1])
    ranges = None if range is None else list(zip(range[::2], range[1::2], strict=True))
    weights = None if weight is None else weight.reshape(-1)
    counts, edges = np.histogramdd(rows, bins, ranges, density=density, weights=weights)
    return counts, *edges


@composed(reference=_histogramdd_reference)
def histogramdd(
    input: Tensor, bins: Any, range: Any = None, weight: Tensor | None = None, density: bool = False
) -> Any:
    """Counts of points in boxes, and the edges of the boxes along each dimension.

    Parameters
    ----------
    input : Tensor, shape (..., dimensions)
    bins : int, sequence of int or sequence of Tensor
        Numbers of equal bins, or their edges, for each dimension.
    range : sequence of float, optional
        Lowest and highest edge of the first dimension, then of the second, and so on.
    weight : Tensor, optional
        What each point counts, instead of 1.
    density : bool
        Divide by the sum and by the volumes of the boxes.

    Returns
    -------
    hist : Tensor
    bin_edges : tuple of Tensor

    Raises
    ------
    RuntimeError
        For a vector, and for integers.
    """
    if input.dim() < 2:
        raise RuntimeError("torch.histogramdd: input tensor should have at least 2 dimensions")
    rows = input.numpy(force=True).reshape(-1, input.shape[-1])
    count = rows.shape[1]
    if rows.dtype.kind != "f":
        raise not_implemented("histogramdd", rows)
    given = [bins] * count if isinstance(bins, int) else list(bins)
    if len(given) != count:
        raise RuntimeError("histogramdd: The size of bins must be equal to the innermost dimension of the input.")
    edges = [
        _edges(
            "torch.histogramdd",
            rows[:, k],
            each if isinstance(each, int) else each.numpy(force=True),
            None if range is None else range[2 * k : 2 * k + 2],
            k,
        )
        for k, each in enumerate(given)
    ]
    weights = None if weight is None else weight.numpy(force=True).reshape(-1)
    hist = input.new_tensor(_counted(rows, edges, weights, density))
    return return_type("histogramdd", ("hist", "bin_edges"))((hist, tuple(input.new_tensor(line) for line in edges)))


histogramdd.entry.differentiable = False


@histogramdd.samples
def _(make):
    yield make.sample(make(10, 2), [3, 4])
    yield make.sample(make(2, 5, 3), 2)
    yield make.sample(make(10, 2), [2, 2], [-1.0, 1.0, -2.0, 2.0], make(10, low=0.5), True)


def _nonzero_static_reference(x: Any, *, size: int, fill_value: int = -1) -> Any:
    found = np.argwhere(x)[:size]
    return np.concatenate([found, np.full((size - len(found), x.ndim), fill_value)])


@op(method=True, differentiable=False, reference=_nonzero_static_reference)
def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """Indices of the first ``size`` elements that are not 0, one row each, filled up where there are fewer."""
    if size < 0:
        raise RuntimeError(f"nonzero_static: 'size' must be an non-negative integer, but got {size}")
    return on_host(_nonzero_static)(input, size, fill_value)


def _nonzero_static(input: Any, size: int, fill_value: int) -> Any:
    return row_major(_nonzero_static_reference(input, size=size, fill_value=fill_value))


@nonzero_static.samples
def _(make):
    yield make.sample(make.integers(2, 3, high=2), size=4)
    yield make.sample(make.integers(5, high=2), size=1, fill_value=9)
