"""Signals: windows to weigh a stretch of one by."""

from __future__ import annotations

from . import windows

__all__ = ["windows"]
