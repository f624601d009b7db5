"""Slow, obvious NumPy versions of convolution, pooling and resampling, to test against."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np


def _at(*places: Any) -> Any:
    """Return an index into the last dimensions."""
    return (Ellipsis, *places)


def per_dim(value: Any, rank: int) -> tuple[int, ...]:
    """Return one number a dimension."""
    values = (value,) if isinstance(value, int) else tuple(value)
    return values * rank if len(values) == 1 else values


def convolution(rank: int) -> Any:
    """Return ``conv1d``, ``conv2d`` or ``conv3d`` in NumPy: every output element by itself."""

    def reference(
        x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
    ) -> Any:
        stride, dilation = per_dim(stride, rank), per_dim(dilation, rank)
        reach = [d * (k - 1) for k, d in zip(weight.shape[2:], dilation, strict=True)]
        if padding == "same":
            pads = [(r // 2, r - r // 2) for r in reach]
        else:
            pads = [(p, p) for p in per_dim(0 if padding == "valid" else padding, rank)]
        if x.ndim == rank + 1:
            return reference(x[None], weight, bias, stride, padding, dilation, groups)[0]
        x = np.pad(x, [(0, 0), (0, 0), *pads])
        filters, channels = weight.shape[:2]
        size = [(n - r - 1) // s + 1 for n, r, s in zip(x.shape[2:], reach, stride, strict=True)]
        out = np.zeros((len(x), filters, *size), np.result_type(x, weight))
        for f in range(filters):
            group = f // (filters // groups)
            seen = x[:, group * channels : (group + 1) * channels]
            for place in np.ndindex(*size):
                window = tuple(
                    slice(j * s, j * s + r + 1, d) for j, s, r, d in zip(place, stride, reach, dilation, strict=True)
                )
                out[_at(f, *place)] = (seen[_at(*window)] * weight[f]).sum(tuple(range(1, rank + 2)))
        return out if bias is None else out + bias.reshape(-1, *(1,) * rank)

    return reference


def transposed_convolution(rank: int) -> Any:
    """Return ``conv_transpose1d``, ``2d`` or ``3d`` in NumPy: every input element adds its multiple of the filters."""

    def reference(
        x: Any,
        weight: Any,
        bias: Any = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        dilation: Any = 1,
    ) -> Any:
        if x.ndim == rank + 1:
            return reference(x[None], weight, bias, stride, padding, output_padding, groups, dilation)[0]
        stride, padding = per_dim(stride, rank), per_dim(padding, rank)
        dilation, extra = per_dim(dilation, rank), per_dim(output_padding, rank)
        reach = [d * (k - 1) for k, d in zip(weight.shape[2:], dilation, strict=True)]
        size = [(n - 1) * s + r + e + 1 for n, s, r, e in zip(x.shape[2:], stride, reach, extra, strict=True)]
        channels, filters = weight.shape[:2]
        out = np.zeros((len(x), filters * groups, *size), np.result_type(x, weight))
        for c in range(channels):
            group = c // (channels // groups)
            seen = out[:, group * filters : (group + 1) * filters]
            for place in np.ndindex(*x.shape[2:]):
                window = tuple(
                    slice(j * s, j * s + r + 1, d) for j, s, r, d in zip(place, stride, reach, dilation, strict=True)
                )
                seen[_at(*window)] += x[_at(c, *place)].reshape(-1, *(1,) * (rank + 1)) * weight[c]
        inner = tuple(slice(p, n - p) for p, n in zip(padding, size, strict=True))
        out = out[_at(*inner)]
        return out if bias is None else out + bias.reshape(-1, *(1,) * rank)

    return reference


def pooled_length(length: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """Return how many windows fit along a dimension; with ``ceil_mode`` the last may reach over the end."""
    room = length + 2 * padding - dilation * (kernel - 1) - 1
    out = (-(-room // stride) if ceil_mode else room // stride) + 1
    return out - 1 if ceil_mode and (out - 1) * stride >= length + padding else out


def _pool_windows(shape: Any, rank: int, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> Any:
    """Return the output lengths and, for each dimension, the positions in each window (also those outside)."""
    kernel = per_dim(kernel, rank)
    stride = per_dim(stride, rank) if stride is not None and stride != () else kernel
    padding, dilation = per_dim(padding, rank), per_dim(dilation, rank)
    settings = list(zip(shape[-rank:], kernel, stride, padding, dilation, strict=True))
    lengths = [pooled_length(*each, ceil_mode) for each in settings]
    places = [
        [[j * s - p + t * d for t in range(k)] for j in range(out)]
        for out, (_, k, s, p, d) in zip(lengths, settings, strict=True)
    ]
    return lengths, places


def max_pool(rank: int) -> Any:
    """Return ``max_pool1d``, ``2d`` or ``3d`` in NumPy."""

    def reference(
        x: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:
        lengths, places = _pool_windows(x.shape, rank, kernel_size, stride, padding, dilation, ceil_mode)
        size = x.shape[-rank:]
        out = np.zeros((*x.shape[:-rank], *lengths), x.dtype)
        indices = np.zeros(out.shape, np.int64)
        flat = x.reshape(*x.shape[:-rank], -1)
        for place in np.ndindex(*lengths):
            seen = [[p for p in places[k][j] if 0 <= p < size[k]] for k, j in enumerate(place)]
            numbers = np.array([np.ravel_multi_index(each, size) for each in itertools.product(*seen)])
            window = flat[..., numbers]
            out[_at(*place)] = window.max(-1)
            indices[_at(*place)] = numbers[window.argmax(-1)]
        return (out, indices) if return_indices else out

    return reference


def avg_pool(rank: int) -> Any:
    """Return ``avg_pool1d``, ``2d`` or ``3d`` in NumPy."""

    def reference(
        x: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: Any = None,
    ) -> Any:
        lengths, places = _pool_windows(x.shape, rank, kernel_size, stride, padding, 1, ceil_mode)
        size, pads = x.shape[-rank:], per_dim(padding, rank)
        out = np.zeros((*x.shape[:-rank], *lengths), x.dtype)
        for place in np.ndindex(*lengths):
            seen = [[p for p in places[k][j] if 0 <= p < size[k]] for k, j in enumerate(place)]
            padded = [[p for p in places[k][j] if p < size[k] + pads[k]] for k, j in enumerate(place)]
            count = divisor_override or math.prod(map(len, padded if count_include_pad else seen))
            window = x[_at(*np.ix_(*seen))]
            out[_at(*place)] = window.reshape(*x.shape[:-rank], -1).sum(-1) / count
        return out

    return reference


def _even(n: int, out: int) -> list[tuple[int, int]]:
    """Return where so many windows that cover a dimension evenly begin and end."""
    return [(j * n // out, -(-(j + 1) * n // out)) for j in range(out)]


def _even_windows(x: Any, rank: int, output_size: Any) -> Any:
    """Yield the place and the positions of each window, and first the output lengths."""
    wanted = (output_size,) * rank if not isinstance(output_size, (tuple, list)) else output_size
    size = x.shape[-rank:]
    lengths = [n if out is None else out for n, out in zip(size, wanted, strict=True)]
    yield lengths
    spans = [_even(n, out) for n, out in zip(size, lengths, strict=True)]
    for place in np.ndindex(*lengths):
        yield place, [range(*span[j]) for j, span in zip(place, spans, strict=True)]


def adaptive_avg_pool(rank: int) -> Any:
    """Return ``adaptive_avg_pool1d``, ``2d`` or ``3d`` in NumPy."""

    def reference(x: Any, output_size: Any) -> Any:
        windows = _even_windows(x, rank, output_size)
        out = np.zeros((*x.shape[:-rank], *next(windows)), x.dtype)
        for place, seen in windows:
            out[_at(*place)] = x[_at(*np.ix_(*seen))].mean(tuple(range(-rank, 0)))
        return out

    return reference


def adaptive_max_pool(rank: int) -> Any:
    """Return ``adaptive_max_pool1d``, ``2d`` or ``3d`` in NumPy."""

    def reference(x: Any, output_size: Any, return_indices: bool = False) -> Any:
        windows = _even_windows(x, rank, output_size)
        out = np.zeros((*x.shape[:-rank], *next(windows)), x.dtype)
        indices = np.zeros(out.shape, np.int64)
        flat = x.reshape(*x.shape[:-rank], -1)
        for place, seen in windows:
            numbers = np.array([np.ravel_multi_index(each, x.shape[-rank:]) for each in itertools.product(*seen)])
            window = flat[..., numbers]
            out[_at(*place)] = window.max(-1)
            indices[_at(*place)] = numbers[window.argmax(-1)]
        return (out, indices) if return_indices else out

    return reference
