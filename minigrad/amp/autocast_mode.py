"""``autocast``, which always computes in the precision of its inputs here."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from minigrad import dtypes
from minigrad.devices import device as Device

__all__ = [
    "autocast",
    "custom_bwd",
    "custom_fwd",
    "get_autocast_dtype",
    "is_autocast_available",
    "is_autocast_cache_enabled",
    "is_autocast_cpu_enabled",
    "is_autocast_enabled",
]


def is_autocast_available(device_type: str) -> bool:
    """Whether operations on a kind of device can be cast to a lower precision: never."""
    return False


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether operations on a kind of device are being cast to a lower precision: never.

    Raises
    ------
    TypeError, RuntimeError
        For what is no kind of device.
    """
    _checked_kind("is_autocast_enabled", device_type)
    return False


def is_autocast_cpu_enabled() -> bool:
    """Whether operations on the CPU are being cast to a lower precision: never."""
    text = "torch.is_autocast_cpu_enabled() is deprecated. Please use torch.is_autocast_enabled('cpu') instead."
    warnings.warn(text, DeprecationWarning, stacklevel=2)
    return False


def is_autocast_cache_enabled() -> bool:
    """Whether ``autocast`` keeps what it has cast, as it does in PyTorch unless told otherwise."""
    return True


def get_autocast_dtype(device_type: str) -> dtypes.dtype:
    """Return the dtype that PyTorch's ``autocast`` casts to unless told otherwise, on a kind of device."""
    return dtypes.float16 if _checked_kind("get_autocast_dtype", device_type) == "cuda" else dtypes.bfloat16


def _checked_kind(function: str, device_type: Any) -> str:
    if not isinstance(device_type, str):
        kind = type(device_type).__name__
        raise TypeError(f"{function}(): argument 'device_type' (position 1) must be str, not {kind}")
    return Device(device_type).type


class autocast:
    """Context manager and decorator in which PyTorch computes in a lower precision.

    minigrad has no bfloat16, and gains nothing by float16: where it is enabled it says so, as PyTorch does where the
    device or the dtype does not support it, and goes on in the precision of the inputs.

    Parameters
    ----------
    device_type : str
    dtype : dtype, optional
    enabled : bool
    cache_enabled : bool, optional
        Accepted.

    Raises
    ------
    ValueError, RuntimeError
        For what is no kind of device.
    """

    def __init__(
        self, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        self.device = Device(device_type).type
        self.fast_dtype = dtype
        self._enabled = False
        if not enabled:
            return
        if self.device == "cuda":
            text = "CUDA is not available or torch_xla is imported. Disabling autocast."
        else:
            text = (
                "In CPU autocast, but the target dtype is not supported. Disabling autocast.\nminigrad computes in the "
                "precision of the inputs."
            )
        warnings.warn(text, stacklevel=2)

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *error: object) -> None:
        """Change nothing back, since nothing was changed."""

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, called in the context."""

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return decorated


def custom_fwd(fwd: Any = None, *, device_type: str, cast_inputs: Any = None) -> Any:
    """Decorate the ``forward`` of a `Function` that chooses its precision under ``autocast``.

    Parameters
    ----------
    fwd : callable
    device_type : str
    cast_inputs : dtype, optional
        What PyTorch casts the inputs to while autocast is on, which it never is here.
    """
    _check_device_type(device_type)
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        args[0]._fwd_used_autocast = False
        return fwd(*args, **kwargs)

    return decorated


def custom_bwd(bwd: Any = None, *, device_type: str) -> Any:
    """Decorate the ``backward`` of a `Function` whose ``forward`` has `custom_fwd`."""
    _check_device_type(device_type)
    return functools.partial(custom_bwd, device_type=device_type) if bwd is None else bwd


def _check_device_type(device_type: Any) -> None:
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
