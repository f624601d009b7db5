"""Reading images at the positions of a grid: weighted sums of a few elements, and their gradients.

Which elements a grid takes is found out on the CPU, as the rest waits for it.
"""

from __future__ import annotations

from minigrad_kernels._grid_taps import ByTaps
from minigrad_kernels.cpu import grid_sample as on_host
from minigrad_kernels.cuda import _memory
from minigrad_kernels.cuda._kernel import In, InInt64, Out, empty, kernel
from minigrad_kernels.cuda._numba import cuda
from minigrad_kernels.cuda._takers import takers


@kernel
def _tap_sums_loop(x: In, places: InInt64, weights: In, channels: int, length: int, points: int, taps: int, out: Out):
    """out[n, c, p] = sum over t of weights[n, p, t] * x[n, c, places[n, p, t]], 0 standing for places below 0."""
    zero = x.dtype.type(0)
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        row, total = i // points, zero
        first = (row // channels * points + i % points) * taps
        for t in range(first, first + taps):
            total += weights[t] * (x[row * length + places[t]] if places[t] >= 0 else zero)
        out[i] = total


@kernel
def _tap_sums_input_loop(
    grad: In,
    order: InInt64,
    starts: InInt64,
    weights: In,
    channels: int,
    length: int,
    points: int,
    taps: int,
    out: Out,
):
    """out[n, c, q] = sum of weights[n, p, t] * grad[n, c, p] over the (n, p, t) that take the place q of n."""
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        row, total = i // length, grad.dtype.type(0)
        image = row // channels
        place = image * length + i % length
        for s in range(starts[place], starts[place + 1]):
            total += weights[order[s]] * grad[(row - image) * points + order[s] // taps]
        out[i] = total


@kernel
def _tap_sums_weights_loop(
    grad: In, places: InInt64, x: In, channels: int, length: int, points: int, taps: int, out: Out
):
    """out[n, p, t] = sum over c of grad[n, c, p] * x[n, c, places[n, p, t]]."""
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        image, point, total = i // (taps * points), i // taps % points, grad.dtype.type(0)
        if places[i] >= 0:
            for row in range(image * channels, image * channels + channels):
                total += grad[row * points + point] * x[row * length + places[i]]
        out[i] = total


def tap_sums(x, places, weights):
    """Return weighted sums of a few elements of each row.

    Parameters
    ----------
    x : array, shape (batch, channels, length)
    places : array of int64, shape (batch, points, taps)
        Below ``length``; what lies at negative places counts as 0.
    weights : array, of that shape and the dtype of `x`

    Returns
    -------
    array, shape (batch, channels, points)
    """
    (batch, channels, length), (_, points, taps) = x.shape, places.shape
    out = empty((batch, channels, points), x.dtype)
    _tap_sums_loop[x.dtype](x, places, weights, channels, length, points, taps, out)
    return out


def tap_sums_input(grad, places, weights, length):
    """Return the gradient of `tap_sums` with respect to `x`, whose rows have `length` elements."""
    xp, (batch, channels, points), taps = _memory.module(), grad.shape, places.shape[2]
    out = empty((batch, channels, length), grad.dtype)
    if out.size:
        flat = xp.where(places < 0, -1, places + xp.arange(0, batch * length, length)[:, None, None])
        order, starts = takers(flat.reshape(-1), batch * length)
        _tap_sums_input_loop[grad.dtype](grad, order, starts, weights, channels, length, points, taps, out)
    return out


def tap_sums_weights(grad, places, x):
    """Return the gradient of `tap_sums` with respect to the weights."""
    (_, channels, length), (_, points, taps) = x.shape, places.shape
    out = empty(places.shape, grad.dtype)
    _tap_sums_weights_loop[grad.dtype](grad, places, x, channels, length, points, taps, out)
    return out


def grid_taps(grid, sizes, mode, padding_mode, align_corners):
    """Return which elements of images a grid takes, and with what weights; see the CPU's."""
    found = on_host.grid_taps(_memory.to_host(grid), sizes, mode, padding_mode, align_corners)
    return tuple(map(_memory.to_device, found))


def grid_taps_backward(grad, grid, sizes, mode, padding_mode, align_corners):
    """Return the gradient of the weights of `grid_taps` with respect to the grid."""
    arrays = _memory.to_host(grad), _memory.to_host(grid)
    return _memory.to_device(on_host.grid_taps_backward(*arrays, sizes, mode, padding_mode, align_corners))


_by_taps = ByTaps(grid_taps, grid_taps_backward, tap_sums, tap_sums_input, tap_sums_weights)
read_at, read_at_backward = _by_taps.read_at, _by_taps.read_at_backward
