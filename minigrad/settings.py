"""What holds for a whole process: threads, the default device, determinism, the precision of products."""

from __future__ import annotations

import os
import sys
from typing import Any

from minigrad.devices import check_available, default, device

__all__ = [
    "are_deterministic_algorithms_enabled",
    "get_default_device",
    "get_deterministic_debug_mode",
    "get_float32_matmul_precision",
    "get_num_interop_threads",
    "get_num_threads",
    "is_deterministic_algorithms_warn_only_enabled",
    "set_default_device",
    "set_deterministic_debug_mode",
    "set_float32_matmul_precision",
    "set_num_interop_threads",
    "set_num_threads",
    "use_deterministic_algorithms",
]

_state: dict[str, Any] = {"deterministic": False, "warn_only": False, "precision": "highest"}


def set_default_device(device: Any) -> None:
    """Make a device the one where new tensors are made; None stands for the CPU.

    Raises
    ------
    RuntimeError
        For a device that this machine cannot compute on.
    """
    default.stack[0] = check_available(device)


def get_default_device() -> device:
    """Return the device where new tensors are made."""
    return default.stack[-1]


def _checked_count(name: str, count: Any) -> int:
    if not isinstance(count, int) or isinstance(count, bool):
        raise TypeError(f"{name} expects an int, but got {type(count).__name__}")
    if count <= 0:
        raise RuntimeError(f"{name} expects a positive integer")
    return count


def set_num_threads(count: int) -> None:
    """Let products of matrices, and kernels that run in parallel, use so many threads.

    Needs the package ``threadpoolctl`` (scikit-learn brings it) to reach the BLAS library behind NumPy.
    """
    count = _checked_count("set_num_threads", count)
    from threadpoolctl import threadpool_limits

    from minigrad_kernels.cpu._threads import set_count

    threadpool_limits(count)
    set_count(count)
    if "numba" in sys.modules:
        numba = sys.modules["numba"]
        numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))


def get_num_threads() -> int:
    """Return how many threads products of matrices use."""
    from threadpoolctl import threadpool_info

    counts = [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]
    return max(counts, default=os.cpu_count() or 1)


def set_num_interop_threads(count: int) -> None:
    """Check the number and keep it nowhere: minigrad runs one operation at a time."""
    _checked_count("set_num_interop_threads", count)


def get_num_interop_threads() -> int:
    """Return how many operations may run at the same time: one."""
    return 1


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Ask for operations that give the same result each time, as all of minigrad's do on the CPU."""
    _state["deterministic"] = bool(mode)
    _state["warn_only"] = bool(mode and warn_only)


def are_deterministic_algorithms_enabled() -> bool:
    """Whether deterministic operations were asked for."""
    return bool(_state["deterministic"])


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether operations that are not deterministic were to warn instead of being refused."""
    return bool(_state["warn_only"])


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """Ask for deterministic operations by level: 0 or "default", 1 or "warn", 2 or "error"."""
    levels = {"default": 0, "warn": 1, "error": 2}
    if isinstance(debug_mode, str):
        if debug_mode not in levels:
            raise RuntimeError(
                "invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got " + debug_mode
            )
        debug_mode = levels[debug_mode]
    if debug_mode not in (0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    use_deterministic_algorithms(debug_mode > 0, warn_only=debug_mode == 1)


def get_deterministic_debug_mode() -> int:
    """Return the level that `set_deterministic_debug_mode` set."""
    if not _state["deterministic"]:
        return 0
    return 1 if _state["warn_only"] else 2


def set_float32_matmul_precision(precision: str) -> None:
    """Say how exactly float32 matrices need to be multiplied; on the CPU it is always exactly as float32 allows.

    Parameters
    ----------
    precision : {"highest", "high", "medium"}

    Raises
    ------
    RuntimeError
        For another word.
    """
    if precision not in ("highest", "high", "medium"):
        raise RuntimeError(f"precision must be 'highest', 'high' or 'medium', but got '{precision}'")
    _state["precision"] = precision


def get_float32_matmul_precision() -> str:
    """Return what `set_float32_matmul_precision` set."""
    return str(_state["precision"])
