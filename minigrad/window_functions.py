"""The older functions for windows: ``hann_window`` and its kin, periodic unless told otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.creation import finish
from minigrad.dtypes import get_default_dtype
from minigrad.signal.windows import cosine_sum, kaiser_weights, triangle
from minigrad.tensor import Tensor

__all__ = ["bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window"]


def _made(name: str, length: Any, options: tuple[Any, Any, bool], make: Any, *arguments: Any) -> Tensor:
    """Return a window as a tensor, or refuse its length or dtype."""
    if not hasattr(length, "__index__"):
        raise TypeError(f"{name}(): argument 'window_length' (position 1) must be int, not {type(length).__name__}")
    dtype, device, requires_grad = options
    dtype = dtype or get_default_dtype()
    if not dtype.is_floating_point:
        raise RuntimeError(f"{name} expects floating point dtypes, got: {dtype}")
    if length < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got window_length={length}")
    weights: np.ndarray[Any, Any] = make(int(length), *arguments)
    return finish(weights.astype(dtype.numpy), device, requires_grad)


def hann_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Return ``0.5 - 0.5 cos(t)`` over a period.

    Parameters
    ----------
    window_length : int
    periodic : bool
        Whether the weight after the last would be the first again; else the first and the last are equal.
    dtype, layout, device, pin_memory, requires_grad
        Of the tensor.
    """
    options = (dtype, device, requires_grad)
    return _made("hann_window", window_length, options, cosine_sum, (0.5, 0.5), not periodic)


def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Return ``alpha - beta cos(t)`` over a period; the other parameters are `hann_window`'s."""
    options = (dtype, device, requires_grad)
    return _made("hamming_window", window_length, options, cosine_sum, (alpha, beta), not periodic)


def blackman_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Return ``0.42 - 0.5 cos(t) + 0.08 cos(2 t)`` over a period; the parameters are `hann_window`'s."""
    options = (dtype, device, requires_grad)
    return _made("blackman_window", window_length, options, cosine_sum, (0.42, 0.5, 0.08), not periodic)


def bartlett_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Return the triangle from 0 to 1 and back; the parameters are `hann_window`'s."""
    options = (dtype, device, requires_grad)
    return _made("bartlett_window", window_length, options, triangle, not periodic)


def kaiser_window(
    window_length: int,
    periodic: bool = True,
    beta: float = 12.0,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Return the Kaiser window of shape ``beta``; the other parameters are `hann_window`'s."""
    options = (dtype, device, requires_grad)
    return _made("kaiser_window", window_length, options, kaiser_weights, beta, not periodic)
