"""Errors that several operations raise."""

from __future__ import annotations

from typing import Any

from minigrad.dtypes import from_numpy

_C_NAMES = {
    "float16": "c10::Half",
    "float32": "float",
    "float64": "double",
    "uint8": "unsigned char",
    "int8": "signed char",
    "int16": "short",
    "int32": "int",
    "int64": "long long",
    "bool": "bool",
}


def dtype_mismatch(problem: str, first: Any, second: Any) -> RuntimeError:
    """Return the error for two arrays that should have one dtype, in PyTorch's words."""
    return RuntimeError(f"{problem}, but got: {_c_name(first)} != {_c_name(second)}")


def _c_name(array: Any) -> str:
    return _C_NAMES[from_numpy(array.dtype).name]
