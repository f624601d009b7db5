"""Random tensors of any dtype for tests: `make_tensor`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from minigrad import dtypes
from minigrad.creation import empty
from minigrad.devices import device as Device
from minigrad.numeric_limits import finfo, iinfo
from minigrad.random import randint
from minigrad.tensor import Tensor

__all__ = ["make_tensor"]


def make_tensor(
    *shape: int | Sequence[int],
    dtype: dtypes.dtype,
    device: str | Device,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return a tensor of numbers drawn uniformly from ``[low, high)``.

    Parameters
    ----------
    *shape : int, or a sequence of int
    dtype : dtype
    device : device or str
    low, high : number, optional
        By default 0 and 2 for bools, -9 (0 where there are no negative numbers) and 10 for integers, -9 and 9 for
        floats. What the dtype does not hold is brought to its nearest number.
    requires_grad : bool
    noncontiguous : bool
        Whether there are gaps between the elements, if there are at least two.
    exclude_zero : bool
        Whether zeros are replaced: by 1, or by the smallest normal number.
    memory_format : memory_format, optional
        Not together with ``noncontiguous``; changes nothing else.

    Raises
    ------
    ValueError
        For an empty interval, or one beyond the dtype's numbers, nan as a bound, gradients of integers, and both
        ``noncontiguous`` and ``memory_format``.
    """
    lengths: Any = shape[0] if len(shape) == 1 and isinstance(shape[0], Sequence) else shape
    if noncontiguous and memory_format is not None:
        raise ValueError(
            "The parameters `noncontiguous` and `memory_format` are mutually exclusive, but got "
            f"noncontiguous={noncontiguous} and memory_format={memory_format}"
        )
    if requires_grad and not dtype.is_floating_point:
        raise ValueError(
            f"`requires_grad=True` is not supported for boolean and integral dtypes, but got dtype={dtype}"
        )
    noncontiguous = noncontiguous and math.prod(lengths) > 1
    if noncontiguous:
        lengths = (*lengths[:-1], 2 * lengths[-1])
    made = _drawn(tuple(lengths), dtype, device, low, high)
    if noncontiguous:
        made = made[..., 1::2]
    if exclude_zero:
        made[made == 0] = finfo(dtype).tiny if dtype.is_floating_point else 1
    return made.requires_grad_() if requires_grad else made


def _drawn(shape: tuple[int, ...], dtype: dtypes.dtype, device: Any, low: Any, high: Any) -> Tensor:
    if dtype.is_floating_point:
        least, most = finfo(dtype).min, finfo(dtype).max
        low, high = _interval(dtype, low, high, (-9, 9), (least, most))
        made = empty(shape, dtype=dtype, device=device)
        if high - low >= most:  # which `uniform_` does not draw from
            return made.uniform_(low / 2, high / 2).mul_(2)
        return made.uniform_(low, high)
    usual = limits = (0, 2)
    if dtype is not dtypes.bool:
        usual, limits = (-9, 10), (iinfo(dtype).min, iinfo(dtype).max + (dtype is not dtypes.int64))
    low, high = _interval(dtype, low, high, usual, limits)
    return randint(math.ceil(low), math.ceil(high), shape, dtype=dtype, device=device)


def _interval(dtype: dtypes.dtype, low: Any, high: Any, usual: tuple[Any, Any], limits: tuple[Any, Any]) -> Any:
    """Return the bounds of what is drawn, within the limits of the dtype."""
    low, high = usual[0] if low is None else low, usual[1] if high is None else high
    least, most = limits
    if math.isnan(low) or math.isnan(high):
        raise ValueError(f"`low` and `high` cannot be NaN, but got low={low} and high={high}")
    if low == high and dtype.is_floating_point:
        warnings.warn(
            "Passing `low==high` to `torch.testing.make_tensor` for floating or complex types is deprecated since 2.1 "
            "and will be removed in 2.3. Use `torch.full(...)` instead.",
            FutureWarning,
            stacklevel=4,
        )
    elif low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    elif high < least or low >= most:
        raise ValueError(
            f"The value interval specified by `low` and `high` is [{low}, {high}), but {dtype} only supports "
            f"[{least}, {most})"
        )
    return min(max(low, least), most), min(max(high, least), most)
