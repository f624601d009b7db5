"""Floating point operations of products and convolutions, as PyTorch estimates them: two for a multiplication."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["flops_of"]


def flops_of(name: str, args: tuple[Any, ...]) -> int:
    """Return an estimate of a call's floating point operations; 0 for operations that are not counted."""
    shapes = [tuple(each.shape) for each in args if hasattr(each, "shape")]
    if len(shapes) < 1:
        return 0
    if name in ("aten::mul", "aten::add"):
        return math.prod(shapes[0])
    if len(shapes) < 2:
        return 0
    first, second = shapes[:2]
    if name in ("aten::matmul", "aten::mm", "aten::bmm") and len(first) > 1 and len(second) > 1:
        return 2 * math.prod(first) * second[-1]
    if name == "aten::linear" and len(second) == 2:
        return 2 * math.prod(first) * second[0]
    if name in ("aten::conv1d", "aten::conv2d", "aten::conv3d") and len(first) == len(second):
        return _of_convolution(first, second, *args[3:6])
    return 0


def _of_convolution(input: Any, weight: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1) -> int:
    rank = len(input) - 2
    if isinstance(padding, str):
        return 0

    def each(value: Any) -> tuple[int, ...]:
        values = tuple(value) if isinstance(value, (tuple, list)) else (value,)
        return values * rank if len(values) == 1 else values

    places = [
        (length + 2 * pad - apart * (kernel - 1) - 1) // step + 1
        for length, kernel, step, pad, apart in zip(
            input[2:], weight[2:], each(stride), each(padding), each(dilation), strict=True
        )
    ]
    return 2 * int(input[0]) * math.prod(weight) * math.prod(places)
