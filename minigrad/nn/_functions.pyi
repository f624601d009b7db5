"""Functions of the table of operations. Written by `make stubs`; do not edit."""

import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from minigrad.dtypes import dtype
from minigrad.ops.typing import Number
from minigrad.size import Size
from minigrad.tensor import Tensor

__all__ = [
    "linear",
]

def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None, *, out: Any = None) -> Tensor: ...
