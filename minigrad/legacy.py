"""PyTorch's old constructors: ``Tensor(2, 3)``, ``FloatTensor([1, 2])``, ``LongTensor(...)``."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.ops.hints import DEFAULT_TENSOR_TYPE, hint_once
from minigrad.size import Size
from minigrad.tensor import Tensor

__all__ = [
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
    "set_default_tensor_type",
]


_LENGTHS = (int, np.integer)


def construct(cls: Any, *args: Any, dtype: dtypes.dtype | None = None, device: Any = None) -> Any:
    """Return what ``cls(*args)`` means: sizes give uninitialised elements, a sequence gives its numbers.

    Raises
    ------
    TypeError
        For data that is neither, and for a tensor of another dtype.
    """
    from minigrad.creation import on_device, shape_of
    from minigrad.python_data import is_sequence, to_array

    if len(args) == 1 and isinstance(args[0], Tensor):
        if dtype is not None and args[0].dtype is not dtype:
            raise TypeError(f"expected torch.{dtype.tensor_type} (got {args[0].type()})")
        return args[0].detach() if cls is Tensor else cls._make_subclass(cls, args[0].detach())
    dtype = dtype or dtypes.get_default_dtype()
    if not args:
        array = np.empty(0, dtype.numpy)
    elif all(isinstance(each, _LENGTHS) and type(each) is not bool for each in args) or isinstance(args[0], Size):
        array = np.empty(shape_of(args), dtype.numpy)
    elif len(args) == 1 and (isinstance(args[0], (list, tuple, range, np.ndarray)) or is_sequence(args[0])):
        array = to_array(args[0], dtype, copy=True)
    elif len(args) == 1 and isinstance(args[0], (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(args[0]).__name__}'")
    elif len(args) == 1:
        raise TypeError(f"new(): data must be a sequence (got {type(args[0]).__name__})")
    else:
        kinds = ", ".join(type(each).__name__ for each in args)
        raise TypeError(
            f"new() received an invalid combination of arguments - got ({kinds}); expected sizes or a sequence"
        )
    made = Tensor._wrap(on_device(array, device))
    return made if cls is Tensor else cls._make_subclass(cls, made)


class _TensorType(type):
    """A class that stands for a dtype on a device: its instances are the tensors of that dtype there."""

    dtype: dtypes.dtype
    place: str

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype and instance.device.type == cls.place

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return construct(Tensor, *args, dtype=cls.dtype, **{"device": cls.place, **kwargs})


def _tensor_type(dtype: dtypes.dtype, place: str = "cpu") -> Any:
    doc = f"Constructor of {dtype.name} tensors from sizes or data; ``isinstance`` tells whether a tensor is one."
    module = "torch" if place == "cpu" else f"torch.{place}"
    return _TensorType(dtype.tensor_type, (), {"dtype": dtype, "place": place, "__doc__": doc, "__module__": module})


FloatTensor = _tensor_type(dtypes.float32)
DoubleTensor = _tensor_type(dtypes.float64)
HalfTensor = _tensor_type(dtypes.float16)
ByteTensor = _tensor_type(dtypes.uint8)
CharTensor = _tensor_type(dtypes.int8)
ShortTensor = _tensor_type(dtypes.int16)
IntTensor = _tensor_type(dtypes.int32)
LongTensor = _tensor_type(dtypes.int64)
BoolTensor = _tensor_type(dtypes.bool)

CUDA_TYPES = {each.tensor_type: _tensor_type(each, "cuda") for each in dtypes.ALL}


def set_default_tensor_type(t: Any) -> None:
    """Set the default dtype by the name or class of a tensor type; `set_default_dtype` is the newer way."""
    from minigrad.conversion import parse_type

    hint_once(DEFAULT_TENSOR_TYPE)
    dtypes.set_default_dtype(parse_type(t))
