"""Anomaly mode: find the forward line whose gradient became NaN or whose backward failed."""

from __future__ import annotations

import traceback
import warnings
from types import TracebackType
from typing import Any

import numpy as np

from minigrad.ops.state import Anomaly, Upper

__all__ = ["detect_anomaly", "is_anomaly_check_nan_enabled", "is_anomaly_enabled", "set_detect_anomaly"]


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on."""
    return Anomaly.enabled


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly mode looks for NaN in gradients."""
    return Anomaly.check_nan


class set_detect_anomaly:
    """Switch anomaly mode on or off, at once or for a ``with`` block.

    Parameters
    ----------
    mode : bool
    check_nan : bool
        Whether a NaN in a gradient raises.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = (Anomaly.enabled, Anomaly.check_nan)
        _set(mode, check_nan)

    def __enter__(self) -> None:
        """Do nothing: the mode is set by the call itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _set(*self._before)


def _set(enabled: bool, check_nan: bool) -> None:
    Anomaly.enabled, Anomaly.check_nan = enabled, check_nan
    Anomaly.attentive = enabled or Anomaly.hooked > 0


class detect_anomaly:
    """Context manager: nodes made inside remember their line, and a NaN in their gradient raises and shows it.

    Parameters
    ----------
    check_nan : bool
        Whether a NaN in a gradient raises.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self._setting = set_detect_anomaly(True, self._check_nan)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._setting.__exit__(kind, error, trace)


def check(node: Any, found: list[tuple[Any, Any]]) -> None:
    """Raise when a gradient that a node returned holds a NaN, after warning with the line that made the node.

    Raises
    ------
    RuntimeError
    """
    if not Anomaly.check_nan:
        return
    for k, (_, grad) in enumerate(found):
        array = grad._array if isinstance(grad, Upper.Tensor) else grad
        if array is not None and np.isnan(array).any():
            warn_of_line(node)
            raise RuntimeError(f"Function '{node.name()}' returned nan values in its {k}th output.")


def warn_of_line(node: Any) -> None:
    """Warn with the traceback of the forward call that made a node."""
    if node.trace is None:
        text = (
            f"Error detected in {node.name()}. No forward pass information available. Enable detect anomaly during "
            "forward pass for more information."
        )
    else:
        lines = "".join(traceback.format_list(node.trace))
        text = f"Error detected in {node.name()}. Traceback of forward call that caused the error:\n{lines}"
    warnings.warn(text, stacklevel=2)
