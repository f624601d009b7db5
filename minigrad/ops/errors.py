"""Errors that several operations raise."""

from __future__ import annotations

from typing import Any

import numpy as np

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
    return RuntimeError(f"{problem}, but got: {c_name(first)} != {c_name(second)}")


def broadcast_error(error: ValueError, values: Any) -> Exception:
    """Return the error for operands whose shapes do not broadcast, in PyTorch's words; other errors as they are."""
    if "broadcast" not in str(error):
        return error
    common: tuple[int, ...] = ()
    for value in values:
        if not isinstance(value, np.ndarray):
            continue
        left, right = common, value.shape
        room = max(len(left), len(right))
        left, right = (1,) * (room - len(left)) + left, (1,) * (room - len(right)) + right
        for dim in reversed(range(room)):
            if left[dim] != right[dim] and 1 not in (left[dim], right[dim]):
                return RuntimeError(
                    f"The size of tensor a ({left[dim]}) must match the size of tensor b ({right[dim]}) at "
                    f"non-singleton dimension {dim}"
                )
        common = tuple(b if a == 1 else a for a, b in zip(left, right, strict=True))
    return error


def c_name(array: Any) -> str:
    """Return the name that PyTorch gives an array's dtype where it prints the C++ type."""
    return _C_NAMES[from_numpy(array.dtype).name]


class LinAlgError(RuntimeError):
    """Raised where a matrix has not the property that a factorisation or a solution needs: ``torch.linalg.LinAlgError``."""
