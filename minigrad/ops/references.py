"""Slow, obvious NumPy twins of operations, where a line beside the operation does not hold them; tests only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


# Shapes.


def squeeze(x: Array, dim: Any = None) -> Array:
    """Drop dimensions of length 1, of all or of those named."""
    dims = range(x.ndim) if dim is None else np.atleast_1d(dim) % max(x.ndim, 1)
    return np.squeeze(x, tuple(int(k) for k in dims if x.ndim and x.shape[k] == 1))


def flatten(x: Array, start_dim: int = 0, end_dim: int = -1) -> Array:
    """Make one dimension of those from the first to the last named."""
    if not x.ndim:
        return x.reshape(1)
    return x.reshape(*x.shape[:start_dim], -1, *x.shape[end_dim % x.ndim + 1 :])


def unflatten(x: Array, dim: int, sizes: Any) -> Array:
    """Make several dimensions of one."""
    dim %= x.ndim
    return x.reshape(*x.shape[:dim], *sizes, *x.shape[dim + 1 :])


def unfold(x: Array, dimension: int, size: int, step: int) -> Array:
    """Lay out windows in a new last dimension."""
    dimension %= x.ndim
    windows = np.lib.stride_tricks.sliding_window_view(x, size, dimension)
    return np.moveaxis(np.moveaxis(windows, dimension, 0)[::step], 0, dimension)


def diag_embed(x: Array, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Array:
    """Put the last dimension on a diagonal."""
    size = x.shape[-1] + abs(offset)
    out = np.zeros((*x.shape[:-1], size, size))
    k = np.arange(x.shape[-1])
    out[..., k - min(offset, 0), k + max(offset, 0)] = x
    return np.moveaxis(out, (-2, -1), (dim1, dim2))


def split(x: Array, size: Any, dim: int = 0) -> Any:
    """Cut into parts of a length, or of the lengths listed."""
    cuts = list(range(size, x.shape[dim], size)) if isinstance(size, int) else list(np.cumsum(size)[:-1])
    return np.split(x, cuts, dim)


def chunk(x: Array, chunks: int, dim: int = 0) -> Any:
    """Cut into a number of parts, as equal as they can be with only the last one shorter."""
    return split(x, -(-x.shape[dim] // chunks), dim)


def block_diag(*blocks: Array) -> Array:
    """Put matrices on the diagonal of a larger one."""
    rows = [[x if x is y else np.zeros((x.shape[0], y.shape[1])) for y in blocks] for x in blocks]
    return np.block(rows)


def cartesian_prod(*vectors: Array) -> Array:
    """List all combinations of elements."""
    return np.stack([grid.ravel() for grid in np.meshgrid(*vectors, indexing="ij")], 1)


# Gathering and scattering.


def scatter_reduce(x: Array, dim: int, index: Array, src: Array, reduce: str, *, include_self: bool = True) -> Array:
    """Collect what goes to each place, then reduce it."""
    combine: Any = {"sum": np.sum, "mean": np.mean, "amax": np.max, "amin": np.min, "prod": np.prod}[reduce]
    arrivals: dict[tuple[int, ...], list[Any]] = {}
    for place in np.ndindex(index.shape):
        target = list(place)
        target[dim] = int(index[place])
        key = tuple(target)
        arrivals.setdefault(key, [x[key]] if include_self else []).append(src[place])
    out = x.copy()
    for key, values in arrivals.items():
        out[key] = combine(values)
    return out


def scatter(
    x: Array, dim: int, index: Array, src: Any = None, *, value: Any = None, reduce: str | None = None
) -> Array:
    """Write each element of ``src``, or a number, to the place that ``index`` names along ``dim``."""
    source = np.broadcast_to(value if src is None else src, index.shape)
    names = {"add": "sum", "multiply": "prod"}
    if reduce is not None:
        return scatter_reduce(x, dim, index, source, names[reduce])
    return scatter_reduce(x, dim, index, source, "sum", include_self=False)


def index_add(x: Array, dim: int, index: Array, source: Array, *, alpha: Any = 1) -> Array:
    """Add slices at indices along a dimension."""
    out = x.copy()
    np.add.at(np.moveaxis(out, dim, 0), index, alpha * np.moveaxis(source, dim, 0))
    return out


def index_copy(x: Array, dim: int, index: Array, source: Array) -> Array:
    """Write slices at indices along a dimension."""
    out = x.copy()
    np.moveaxis(out, dim, 0)[index] = np.moveaxis(source, dim, 0)
    return out


def index_fill(x: Array, dim: int, index: Array, value: Any) -> Array:
    """Write one number into the slices at indices along a dimension."""
    out = x.copy()
    np.moveaxis(out, dim, 0)[index] = value
    return out


def index_put(x: Array, indices: Any, values: Any, accumulate: bool = False) -> Array:
    """Assign to an advanced index, or add there."""
    out = x.copy()
    if accumulate:
        np.add.at(out, indices, values)
    else:
        out[indices] = values
    return out


def masked_select(x: Array, mask: Array) -> Array:
    """List the elements where the mask holds."""
    x, mask = np.broadcast_arrays(x, mask)
    return x[mask]


def masked_scatter(x: Array, mask: Array, source: Array) -> Array:
    """Write elements, in order, where the mask holds."""
    out = x.copy()
    out[mask] = source.ravel()[: mask.sum()]
    return out


# Order.


def extreme(reduce: Any, argument: Any, pair: Any) -> Callable[..., Any]:
    """Return the twin of ``max`` or ``min`` with its three meanings."""

    def call(x: Array, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
        if isinstance(dim, np.ndarray):
            return pair(x, dim)
        if dim is None:
            return reduce(x)
        return reduce(x, axis=dim, keepdims=keepdim), argument(x, axis=dim, keepdims=keepdim)

    return call


def running(accumulate: Any) -> Callable[..., Any]:
    """Return the twin of ``cummax`` or ``cummin``: values, and the latest place of each."""

    def call(x: Array, dim: int) -> Any:
        if not x.ndim:
            return x, np.zeros((), int)
        values = accumulate(x, dim)
        places = np.moveaxis(np.broadcast_to(np.arange(x.shape[dim]), np.moveaxis(x, dim, -1).shape), -1, dim)
        return values, np.maximum.accumulate(np.where(x == values, places, 0), dim)

    return call


def argsort(x: Array, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Array:
    """Return the order of the elements along a dimension, equal ones as they stand."""
    return np.argsort(-x if descending else x, dim, kind="stable")


def sort(x: Array, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Any:
    """Return the sorted elements and their order."""
    order = argsort(x, dim, descending)
    return np.take_along_axis(x, order, dim), order


def topk(x: Array, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """Return the first ``k`` of the sorted elements."""
    return tuple(np.take(each, np.arange(k), dim) for each in sort(x, dim, largest))


def kthvalue(x: Array, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """Return the element at place ``k``, counted from 1, of the sorted ones."""
    return tuple(np.take(each, [k - 1] if keepdim else k - 1, dim) for each in sort(x, dim))


def mode(x: Array, dim: int = -1, keepdim: bool = False) -> Any:
    """Return the smallest of the most frequent elements, and its last place."""

    def of_row(row: Array) -> Any:
        values, counts = np.unique(row, return_counts=True)
        return values[np.argmax(counts)]

    value = np.apply_along_axis(of_row, dim, x)
    place = x.shape[dim] - 1 - np.argmax(np.flip(x == np.expand_dims(value, dim), dim), dim)
    return tuple(np.expand_dims(each, dim) if keepdim else each for each in (value, place))


def nanmedian(x: Array, dim: int | None = None, keepdim: bool = False) -> Any:
    """Return the lower of the middle elements among those that are not nan."""
    if dim is None:
        kept = np.sort(x[~np.isnan(x)])
        return kept[(kept.size - 1) // 2]
    values, order = sort(x, dim)
    middle = (np.sum(~np.isnan(x), dim, keepdims=True) - 1) // 2
    found = [np.take_along_axis(each, middle, dim) for each in (values, order)]
    return tuple(each if keepdim else each.squeeze(dim) for each in found)


def searchsorted(
    sequence: Array,
    x: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Any = None,
) -> Any:
    """Find the places that keep each sequence sorted."""
    end: Any = side or ("right" if right else "left")
    if sequence.ndim == 1:
        return np.searchsorted(sequence, x, end)
    return np.stack([np.searchsorted(row, values, end) for row, values in zip(sequence, x, strict=True)])


def histc(x: Array, bins: int = 100, min: Any = 0, max: Any = 0) -> Array:
    """Count the elements in equal intervals."""
    limits = (min, max) if min < max else (x.min(), x.max())
    return np.histogram(x, bins, limits)[0].astype(x.dtype)


def unique(
    x: Array, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """Return the distinct elements or slices, where each element went, and how often each occurs."""
    values, inverse, counts = np.unique(x, return_inverse=True, return_counts=True, axis=dim)
    inverse = inverse.reshape(x.shape if dim is None else -1)
    extra = [each for each, wanted in ((inverse, return_inverse), (counts, return_counts)) if wanted]
    return (values, *extra) if extra else values


def unique_consecutive(
    x: Array, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """Return one element for each run of equal ones in a vector."""
    first = np.concatenate([[True], x[1:] != x[:-1]])
    counts = np.diff(np.append(np.flatnonzero(first), x.size))
    extra = [each for each, wanted in ((np.cumsum(first) - 1, return_inverse), (counts, return_counts)) if wanted]
    return (x[first], *extra) if extra else x[first]


# Losses.


def reduced(values: Any, reduction: str, weights: Any = None) -> Any:
    """Return the losses of the samples as they are, summed, or averaged (by weight where there are weights)."""
    if reduction == "none":
        return values
    if reduction == "sum":
        return np.sum(values)
    if reduction == "batchmean":
        return np.sum(values) / len(np.atleast_1d(values))
    return np.mean(values) if weights is None else np.sum(values) / np.sum(weights)


def pointwise_loss(of_pair: Callable[..., Any]) -> Callable[..., Any]:
    """Return the twin of a loss that compares element by element, given its formula."""

    def call(x: Array, y: Array, *, reduction: str = "mean", weight: Any = None, **options: Any) -> Any:
        values = of_pair(x, y, **options)
        return reduced(values if weight is None else values * weight, reduction, weight)

    return call


def _huber(x: Array, y: Array, delta: float = 1.0) -> Array:
    size = np.abs(x - y)
    return np.where(size < delta, 0.5 * size**2, delta * (size - 0.5 * delta))


mse_loss = pointwise_loss(lambda x, y: (x - y) ** 2)
l1_loss = pointwise_loss(lambda x, y: np.abs(x - y))
huber_loss = pointwise_loss(_huber)
smooth_l1_loss = pointwise_loss(lambda x, y, beta=1.0: _huber(x, y, beta) / beta)
binary_cross_entropy = pointwise_loss(lambda x, y: -(y * np.log(x) + (1 - y) * np.log(1 - x)))
kl_div = pointwise_loss(lambda x, y, log_target=False: np.exp(y) * (y - x) if log_target else y * (np.log(y) - x))


def binary_cross_entropy_with_logits(
    x: Array, y: Array, *, weight: Any = 1, reduction: str = "mean", pos_weight: Any = 1
) -> Any:
    """Compare probabilities, given as logits, with targets."""
    return reduced(weight * (pos_weight * y * np.logaddexp(0, -x) + (1 - y) * np.logaddexp(0, x)), reduction)


def nll_loss(x: Array, y: Array, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean") -> Any:
    """Compare log-probabilities with labels, a label at a time."""
    return _by_labels(x, y, weight, ignore_index, reduction, 0.0)


def cross_entropy(
    x: Array,
    y: Array,
    weight: Any = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Compare logits with labels or with probabilities, a sample at a time."""
    axis = min(x.ndim - 1, 1)
    log_p = x - np.log(np.sum(np.exp(x), axis, keepdims=True))
    if y.dtype.kind != "f":
        return _by_labels(log_p, y, weight, ignore_index, reduction, label_smoothing)
    classes = x.shape[axis]
    weights = np.ones(classes) if weight is None else weight
    weights = weights.reshape(-1, *(1,) * (x.ndim - 1 - axis))
    smooth = y * (1 - label_smoothing) + label_smoothing / classes
    return reduced(-np.sum(weights * smooth * log_p, axis), reduction)


def _by_labels(log_p: Array, y: Array, weight: Any, ignore_index: int, reduction: str, smoothing: float) -> Any:
    axis = min(log_p.ndim - 1, 1)
    classes = log_p.shape[axis]
    weight = np.ones(classes) if weight is None else weight
    rows = np.moveaxis(log_p, axis, -1)
    losses, used = np.zeros(y.shape), np.zeros(y.shape)
    for place in np.ndindex(y.shape):
        label = y[place]
        if label != ignore_index:
            used[place] = weight[label]
            losses[place] = -(1 - smoothing) * weight[label] * rows[place][label]
            losses[place] -= smoothing / classes * np.sum(weight * rows[place])
    return reduced(losses, reduction, used)
