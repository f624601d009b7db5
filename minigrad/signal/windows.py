"""Windows: weights that fall off towards the ends of a stretch of a signal.

A symmetric window of ``M`` weights is for filters; with ``sym=False`` it is the first ``M`` of a symmetric one of
``M + 1``, which is periodic, for spectra.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.creation import finish
from minigrad.layouts import strided
from minigrad.tensor import Tensor

__all__ = [
    "bartlett",
    "blackman",
    "cosine",
    "exponential",
    "gaussian",
    "general_cosine",
    "general_hamming",
    "hamming",
    "hann",
    "kaiser",
    "nuttall",
]


def _check(name: str, length: int, dtype: Any, layout: Any) -> dtypes.dtype:
    """Return the dtype of a window, or refuse its arguments."""
    dtype = dtype or dtypes.get_default_dtype()
    if length < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={length}")
    if layout is not strided:
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    if dtype not in (dtypes.float32, dtypes.float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")
    return dtype


def _steps(length: int, sym: bool) -> int:
    """Return how many steps it is from the first weight to the last, or to the first of the next period."""
    return length - 1 if sym or length <= 1 else length


def cosine_sum(length: int, coefficients: Any, sym: bool) -> np.ndarray[Any, Any]:
    """Return ``a[0] - a[1] cos(t) + a[2] cos(2 t) - ...`` over a period; ones for a length of 1."""
    if length <= 1:
        return np.ones(length)
    angles = np.arange(length) * (2 * math.pi / _steps(length, sym))
    terms = [(-1) ** k * weight * np.cos(k * angles) for k, weight in enumerate(coefficients)]
    return np.sum(terms, 0)


def triangle(length: int, sym: bool) -> np.ndarray[Any, Any]:
    """Return weights that rise from 0 to 1 and fall again, both in a line."""
    if length <= 1:
        return np.ones(length)
    return 1 - np.abs(np.arange(length) * (2 / _steps(length, sym)) - 1)


def kaiser_weights(length: int, beta: float, sym: bool) -> np.ndarray[Any, Any]:
    """Return ``i0(beta * sqrt(1 - x**2)) / i0(beta)`` for ``x`` from -1 to 1."""
    if length <= 1:
        return np.ones(length)
    x = np.minimum(np.arange(length) * (2 / _steps(length, sym)) - 1, 1)
    return np.i0(beta * np.sqrt(1 - x * x)) / np.i0(beta)


def exponential(
    M: int,
    *,
    center: float | None = None,
    tau: float = 1.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return ``exp(-|n - center| / tau)``.

    Parameters
    ----------
    M : int
    center : float, optional
        The middle unless given; a symmetric window has no other.
    tau : float
        How many weights it takes to fall by a factor of e.
    sym : bool
    dtype, layout, device, requires_grad
        Of the tensor.

    Raises
    ------
    ValueError
        For a ``tau`` that is not positive, and for a centre of a symmetric window.
    """
    dtype = _check("exponential", M, dtype, layout)
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    middle = _steps(M, sym) / 2 if center is None else center
    return finish(np.exp(-np.abs(np.arange(M) - middle) / tau).astype(dtype.numpy), device, requires_grad)


def cosine(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return half a period of a sine, its ends left out."""
    dtype = _check("cosine", M, dtype, layout)
    weights = np.sin((np.arange(M) + 0.5) * (math.pi / (_steps(M, sym) + 1))) if M else np.empty(0)
    return finish(weights.astype(dtype.numpy), device, requires_grad)


def gaussian(
    M: int,
    *,
    std: float = 1.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return ``exp(-((n - middle) / std)**2 / 2)``.

    Parameters
    ----------
    M : int
    std : float
        How many weights it takes to the points of inflection.
    sym : bool
    dtype, layout, device, requires_grad
        Of the tensor.

    Raises
    ------
    ValueError
        For a deviation that is not positive.
    """
    dtype = _check("gaussian", M, dtype, layout)
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    weights = np.exp(-(((np.arange(M) - _steps(M, sym) / 2) / std) ** 2) / 2)
    return finish(weights.astype(dtype.numpy), device, requires_grad)


def kaiser(
    M: int,
    *,
    beta: float = 12.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return the Kaiser window of shape ``beta``: the larger, the narrower."""
    dtype = _check("kaiser", M, dtype, layout)
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    return finish(kaiser_weights(M, beta, sym).astype(dtype.numpy), device, requires_grad)


def bartlett(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return the triangle from 0 to 1 and back."""
    dtype = _check("bartlett", M, dtype, layout)
    return finish(triangle(M, sym).astype(dtype.numpy), device, requires_grad)


def general_cosine(
    M: int,
    *,
    a: Any,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = strided,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return ``a[0] - a[1] cos(t) + a[2] cos(2 t) - ...`` over a period."""
    dtype = _check("general_cosine", M, dtype, layout)
    if M > 1 and not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    if M > 1 and not list(a):
        raise ValueError("Coefficients cannot be empty")
    return finish(cosine_sum(M, a, sym).astype(dtype.numpy), device, requires_grad)


def general_hamming(M: int, *, alpha: float = 0.54, sym: bool = True, **options: Any) -> Tensor:
    """Return ``alpha - (1 - alpha) cos(t)`` over a period."""
    return general_cosine(M, a=[alpha, 1.0 - alpha], sym=sym, **options)


def hamming(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    """Return ``0.54 - 0.46 cos(t)`` over a period."""
    return general_hamming(M, sym=sym, **options)


def hann(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    """Return ``0.5 - 0.5 cos(t)`` over a period."""
    return general_hamming(M, alpha=0.5, sym=sym, **options)


def blackman(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    """Return ``0.42 - 0.5 cos(t) + 0.08 cos(2 t)`` over a period."""
    _check("blackman", M, options.get("dtype"), options.get("layout", strided))
    return general_cosine(M, a=[0.42, 0.5, 0.08], sym=sym, **options)


def nuttall(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    """Return ``0.3635819 - 0.4891775 cos(t) + 0.1365995 cos(2 t) - 0.0106411 cos(3 t)`` over a period."""
    return general_cosine(M, a=[0.3635819, 0.4891775, 0.1365995, 0.0106411], sym=sym, **options)
