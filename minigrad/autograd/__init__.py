"""Automatic differentiation: the graph, the backward engine, and the switches around them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from minigrad.autograd import functional, graph
from minigrad.autograd.anomaly import (
    detect_anomaly,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    set_detect_anomaly,
)
from minigrad.autograd.backward import backward, grad
from minigrad.autograd.compare import compare_gradients
from minigrad.autograd.function import Function
from minigrad.autograd.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from minigrad.autograd.gradcheck import gradcheck, gradgradcheck
from minigrad.autograd.variable import Variable

if TYPE_CHECKING:
    from minigrad.autograd import forward_ad, profiler

__all__ = [
    "Function",
    "Variable",
    "backward",
    "compare_gradients",
    "detect_anomaly",
    "enable_grad",
    "forward_ad",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "profiler",
    "set_detect_anomaly",
    "set_grad_enabled",
]


def __getattr__(name: str) -> Any:
    """Import a submodule that is asked for as an attribute, and that not every program needs."""
    if name in ("forward_ad", "profiler"):
        return importlib.import_module(f"minigrad.autograd.{name}")
    raise AttributeError(f"module 'minigrad.autograd' has no attribute '{name}'")
