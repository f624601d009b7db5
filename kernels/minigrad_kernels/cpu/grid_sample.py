"""Weighted sums of a few elements at given places, and their gradients: what reading an image at a grid comes to."""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._kernel import In, InInt64, Out, kernel


@kernel
def _tap_sums_loop(x: In, places: InInt64, weights: In, batch: int, channels: int, taps: int, out: Out):
    """out[n, c, p] = sum over t of weights[n, p, t] * x[n, c, places[n, p, t]], 0 standing for places below 0."""
    zero = x.dtype.type(0)
    points, length = out.size // (batch * channels), x.size // (batch * channels)
    for n in range(batch):
        first = n * points * taps
        for c in range(channels):
            source = x[(n * channels + c) * length : (n * channels + c + 1) * length]
            target = out[(n * channels + c) * points : (n * channels + c + 1) * points]
            for p in range(points):
                total = zero
                for t in range(first + p * taps, first + (p + 1) * taps):
                    place = places[t]
                    total += weights[t] * (source[place] if place >= 0 else zero)
                target[p] = total


@kernel
def _tap_sums_input_loop(grad: In, places: InInt64, weights: In, batch: int, channels: int, taps: int, out: Out):
    """out[n, c, places[n, p, t]] += weights[n, p, t] * grad[n, c, p], leaving out places below 0."""
    points, length = grad.size // (batch * channels), out.size // (batch * channels)
    for n in range(batch):
        first = n * points * taps
        for c in range(channels):
            source = grad[(n * channels + c) * points : (n * channels + c + 1) * points]
            target = out[(n * channels + c) * length : (n * channels + c + 1) * length]
            for p in range(points):
                for t in range(first + p * taps, first + (p + 1) * taps):
                    if places[t] >= 0:
                        target[places[t]] += weights[t] * source[p]


@kernel
def _tap_sums_weights_loop(grad: In, places: InInt64, x: In, batch: int, channels: int, taps: int, out: Out):
    """out[n, p, t] = sum over c of grad[n, c, p] * x[n, c, places[n, p, t]]; out is zeros."""
    points, length = grad.size // (batch * channels), x.size // (batch * channels)
    for n in range(batch):
        first = n * points * taps
        for c in range(channels):
            given = grad[(n * channels + c) * points : (n * channels + c + 1) * points]
            source = x[(n * channels + c) * length : (n * channels + c + 1) * length]
            for p in range(points):
                for t in range(first + p * taps, first + (p + 1) * taps):
                    if places[t] >= 0:
                        out[t] += given[p] * source[places[t]]


def tap_sums(x, places, weights):
    """Return weighted sums of a few elements of each row.

    Parameters
    ----------
    x : ndarray, shape (batch, channels, length)
    places : ndarray of int64, shape (batch, points, taps)
        Below ``length``; what lies at negative places counts as 0.
    weights : ndarray, of that shape and the dtype of `x`

    Returns
    -------
    ndarray, shape (batch, channels, points)
    """
    batch, channels, _ = x.shape
    out = np.zeros((batch, channels, places.shape[1]), x.dtype)
    if out.size:
        _tap_sums_loop[x.dtype](x, places, weights, batch, channels, places.shape[2], out)
    return out


def tap_sums_input(grad, places, weights, length):
    """Return the gradient of `tap_sums` with respect to `x`, whose rows have `length` elements."""
    batch, channels, _ = grad.shape
    out = np.zeros((batch, channels, length), grad.dtype)
    if grad.size:
        _tap_sums_input_loop[grad.dtype](grad, places, weights, batch, channels, places.shape[2], out)
    return out


def tap_sums_weights(grad, places, x):
    """Return the gradient of `tap_sums` with respect to the weights."""
    batch, channels, _ = grad.shape
    out = np.zeros(places.shape, grad.dtype)
    if grad.size:
        _tap_sums_weights_loop[grad.dtype](grad, places, x, batch, channels, places.shape[2], out)
    return out
