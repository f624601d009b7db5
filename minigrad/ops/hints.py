"""Warnings by which PyTorch hints at likely mistakes, in its words."""

from __future__ import annotations

import sys
import warnings
from typing import Any

COPY_OF_TENSOR = (
    "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
    "sourceTensor.detach().clone().requires_grad_(True), rather than {}(sourceTensor)."
)
LIST_OF_ARRAYS = (
    "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider converting the list to a "
    "single numpy.ndarray with numpy.array() before converting to a tensor."
)
READ_ONLY = (
    "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means writing to "
    "this tensor will result in undefined behavior. You may want to copy the array to protect its data or make it "
    "writable before converting it to a tensor. This type of warning will be suppressed for the rest of this program."
)
MESHGRID = "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument."
TRANSPOSED = (
    "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will throw an "
    "error in a future release. Consider `x.mT` to transpose batches of matrices or "
    "`x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor."
)
TRANSPOSED_NUMBER = "Tensor.T is deprecated on 0-D tensors. This function is the identity in these cases."
NUMBER_OF_GRAPH = (
    "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
    "Consider using tensor.detach() first."
)
INCLUSIVE_RANGE = (
    "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with "
    "Python's range builtin. Instead, use torch.arange, which produces values in [start, end)."
)
DEFAULT_TENSOR_TYPE = (
    "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use torch.set_default_dtype() and "
    "torch.set_default_device() as alternatives."
)
BYTE_INDEX = "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead."
BYTE_CONDITION = (
    "where received a uint8 condition tensor. This behavior is deprecated and will be removed in a future version of "
    "PyTorch. Use a boolean condition instead."
)

_given: set[str] = set()


def hint(text: str) -> None:
    """Give a warning, at the line of the program that called into minigrad."""
    warnings.warn(text, UserWarning, stacklevel=users_level())


def hint_once(text: str) -> None:
    """Give a warning that PyTorch gives only once in a process."""
    if text not in _given:
        _given.add(text)
        warnings.warn(text, UserWarning, stacklevel=users_level())


def users_level() -> int:
    """Return the ``stacklevel`` with which the caller's `warnings.warn` names the first line outside minigrad."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "minigrad":
        level, frame = level + 1, frame.f_back
    return level


def hint_at_freedom(name: str, count: Any, correction: Any) -> None:
    """Warn when nothing is left of a count after its correction."""
    if count - correction <= 0:
        hint(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
            "(input numel divided by output numel)."
        )
