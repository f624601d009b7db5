"""The scaler of gradients for CUDA under its older name."""

from __future__ import annotations

from typing import Any

from minigrad import amp

from ._older import warn

__all__ = ["GradScaler"]


class GradScaler(amp.GradScaler):
    """``amp.GradScaler("cuda")``; the parameters are those without the device."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warn("GradScaler")
        super().__init__("cuda", *args, **kwargs)
