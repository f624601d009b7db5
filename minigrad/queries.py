"""What PyTorch has as functions of what tensors know of themselves: their kind, their size, their detached form."""

from __future__ import annotations

from typing import Any

from minigrad import dtypes
from minigrad.ops.stacking import broadcast_shapes
from minigrad.tensor import Tensor

__all__ = [
    "broadcast_shapes",
    "detach",
    "detach_",
    "get_device",
    "is_complex",
    "is_distributed",
    "is_floating_point",
    "is_inference",
    "is_nonzero",
    "is_same_size",
    "is_signed",
    "is_tensor",
    "numel",
    "resize_as_",
    "result_type",
    "typename",
]


def is_tensor(obj: Any) -> bool:
    """Whether an object is a tensor."""
    return isinstance(obj, Tensor)


def _checked(name: str, input: Any) -> Tensor:
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    return input


def detach(input: Tensor) -> Tensor:
    """Return a tensor on the same memory, outside the graph."""
    return _checked("detach", input).detach()


def detach_(input: Tensor) -> Tensor:
    """Cut a tensor off from the graph that made it, in place."""
    return _checked("detach_", input).detach_()


def get_device(input: Tensor) -> int:
    """Return the index of the CUDA device that holds a tensor; -1 for the CPU."""
    return _checked("get_device", input).get_device()


def is_distributed(input: Tensor) -> bool:
    """Whether a tensor is spread over processes: never."""
    return False


def is_floating_point(input: Tensor) -> bool:
    """Whether a tensor's elements are floating point numbers."""
    return _checked("is_floating_point", input).is_floating_point()


def is_complex(input: Tensor) -> bool:
    """Whether a tensor's elements are complex numbers."""
    return _checked("is_complex", input).is_complex()


def is_signed(input: Tensor) -> bool:
    """Whether a tensor's dtype has negative numbers."""
    return _checked("is_signed", input).is_signed()


def is_inference(input: Tensor) -> bool:
    """Whether a tensor was made in inference mode."""
    return _checked("is_inference", input).is_inference()


def is_nonzero(input: Tensor) -> bool:
    """Whether the only element of a tensor is not zero.

    Raises
    ------
    RuntimeError
        For a tensor that has not exactly one element.
    """
    return _checked("is_nonzero", input).is_nonzero()


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape."""
    return _checked("is_same_size", input).is_same_size(other)


def numel(input: Tensor) -> int:
    """Return the number of a tensor's elements."""
    return _checked("numel", input).numel()


def result_type(tensor1: Any, tensor2: Any) -> dtypes.dtype:
    """Return the dtype of the result of an operation on two tensors or numbers."""
    from minigrad.ops.promotion import common_dtype

    operands = (each._array if isinstance(each, Tensor) else each for each in (tensor1, tensor2))
    return dtypes.from_numpy(common_dtype(*operands))


def typename(obj: Any) -> str:
    """Return the name of an object's type: ``torch.FloatTensor`` for a tensor, else that of its class."""
    if isinstance(obj, Tensor):
        return str(obj.type())
    kind = obj if isinstance(obj, type) else type(obj)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def resize_as_(input: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """Give a tensor the size of another, in place; see `Tensor.resize_`."""
    _checked("resize_as_", input)
    resized: Tensor = input.resize_as_(the_template, memory_format=memory_format)
    return resized
