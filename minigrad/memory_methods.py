"""Methods of tensors about their memory: another size, another tensor's memory, every element through a function."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.memory import place
from minigrad.ops.errors import c_name
from minigrad.ops.inplace import check_inference
from minigrad.ops.naming import named
from minigrad.ops.strided import as_strided
from minigrad.storage import TypedStorage, UntypedStorage
from minigrad.tensor import Tensor, register_method

__all__: list[str] = []


def resize_(self: Tensor, *sizes: Any, memory_format: Any = None) -> Tensor:
    """Give the tensor another size, in place: its memory read in row-major order; what is added is not set.

    Raises
    ------
    RuntimeError
        For a tensor that requires grad.
    """
    if self._requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    check_inference(self)
    given = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes
    shape = tuple(map(operator.index, given))
    if any(length < 0 for length in shape):
        raise RuntimeError(f"Trying to create tensor with negative dimension: {list(shape)}")
    memory, offset, _ = place(self._array)
    count = math.prod(shape)
    if offset + count > memory.size:
        larger = np.empty(offset + count, memory.dtype)
        larger[: memory.size] = memory
        memory = larger
    self._array = memory[offset : offset + count].reshape(shape)
    self._writes[0] += 1
    return self


def resize_as_(self: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """Give the tensor the size of another, in place; see `Tensor.resize_`."""
    return resize_(self, tuple(the_template._array.shape))


def resize(self: Tensor, *sizes: int) -> Tensor:
    """Return the elements under another shape, in memory of their own (deprecated in PyTorch): `reshape` is meant.

    Raises
    ------
    RuntimeError
        For a shape of another number of elements.
    """
    warnings.warn("non-inplace resize is deprecated", stacklevel=2)
    return _resized(self, sizes)


def resize_as(self: Tensor, tensor: Tensor) -> Tensor:
    """Return the elements under the shape of another tensor (deprecated in PyTorch): `reshape_as` is meant."""
    warnings.warn("non-inplace resize_as is deprecated", stacklevel=2)
    return _resized(self, tuple(tensor.shape))


def _resized(tensor: Tensor, sizes: tuple[int, ...]) -> Tensor:
    count = math.prod(sizes)
    if count != tensor.numel():
        wanted, given = ("x".join(map(str, shape)) for shape in (sizes, tensor.shape))
        raise RuntimeError(
            f"requested resize to {wanted} ({count} elements in total), but the given tensor has a size of {given} "
            f"({tensor.numel()} elements). autograd's resize can only change the shape of a given tensor, while "
            "preserving the number of elements. "
        )
    return named(tensor.clone().reshape(sizes), "ResizeBackward")


def dim_order(self: Tensor) -> tuple[int, ...]:
    """Return the dimensions in the order of their steps in memory, the largest first."""
    steps = self.stride()
    return tuple(sorted(range(self.dim()), key=lambda dim: -steps[dim]))


def to_dense(self: Tensor, dtype: Any = None, *, masked_grad: bool = True) -> Tensor:
    """Return the tensor, in another dtype if one is given: all of its elements are stored anyway."""
    return self if dtype is None else self.to(dtype)


def set_(self: Tensor, source: Any = None, storage_offset: int = 0, size: Any = None, stride: Any = None) -> Tensor:
    """Let the tensor lie in the memory of another one (or of a storage), in place.

    Parameters
    ----------
    source : Tensor, TypedStorage or UntypedStorage, optional
        Without one, the tensor becomes empty.
    storage_offset : int
    size, stride : tuple of int, optional
        Where in that memory it lies; by default where ``source`` does.

    Raises
    ------
    RuntimeError
        For a leaf that requires grad, and for a source of another dtype.
    """
    if self._requires_grad:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    check_inference(self)
    if source is None:
        source = Tensor._wrap(np.empty(0, self._array.dtype))
    elif isinstance(source, (TypedStorage, UntypedStorage)):
        source = Tensor._wrap(source.elements(self.dtype))
    if source._array.dtype != self._array.dtype:
        theirs, ours = c_name(source._array), c_name(self._array)
        raise RuntimeError(f"Could not set tensor of type {theirs} to a tensor of type {ours}")
    array = source._array
    if size is not None:
        size = (size,) if isinstance(size, int) else tuple(size)
        steps = tuple(stride) if stride else tuple(math.prod(size[k + 1 :]) for k in range(len(size)))
        array = as_strided(source.detach(), size, steps, storage_offset)._array
    self._array = array
    self._writes = source._writes
    return self


def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Whether two tensors are the same place in memory, of the same shape and strides."""
    mine, other = self._array, tensor._array
    same_place = self.data_ptr() == tensor.data_ptr()
    return same_place and (mine.shape, mine.strides, mine.dtype) == (other.shape, other.strides, other.dtype)


def storage(self: Tensor) -> TypedStorage:
    """Return the tensor's memory as a flat run of its elements (deprecated in PyTorch)."""
    return TypedStorage.of_tensor(self._array)


def untyped_storage(self: Tensor) -> UntypedStorage:
    """Return the tensor's memory as bytes."""
    return UntypedStorage(place(self._array).memory.view(np.uint8))


def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Replace each element by what a Python function makes of it; slow, and outside the graph."""
    _check_no_grad("apply_", self)
    values = [callable(value) for value in self._array.reshape(-1).tolist()]
    self._array[...] = np.array(values, self._array.dtype).reshape(self._array.shape)
    self._writes[0] += 1
    return self


def map_(self: Tensor, other: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Replace each element by what a Python function makes of it and that of another tensor, which broadcasts."""
    return _map("map_", self, (other,), callable)


def map2_(self: Tensor, x: Tensor, y: Tensor, callable: Callable[[Any, Any, Any], Any]) -> Tensor:
    """Replace each element by what a Python function makes of it and those of two tensors, which broadcast."""
    return _map("map2_", self, (x, y), callable)


def _map(name: str, target: Tensor, others: tuple[Any, ...], function: Callable[..., Any]) -> Tensor:
    for each in others:
        if not isinstance(each, Tensor):
            raise TypeError(f"{name}(): argument 'other' (position 1) must be Tensor, not {type(each).__name__}")
        if each.dtype != target.dtype:
            raise TypeError(f"{name}: expected {target.type()} for 'other' (got {each.type()})")
    _check_no_grad(name, target, *others)
    expanded = [each.expand(target.shape)._array.reshape(-1).tolist() for each in others]
    values = [function(*each) for each in zip(target._array.reshape(-1).tolist(), *expanded, strict=True)]
    target._array[...] = np.array(values, target._array.dtype).reshape(target._array.shape)
    target._writes[0] += 1
    return target


def _check_no_grad(name: str, *tensors: Tensor) -> None:
    if any(each._requires_grad for each in tensors):
        raise RuntimeError(f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead.")


def volatile(self: Tensor) -> bool:
    """Whether nothing is recorded of this tensor, as long ago: never."""
    warnings.warn("volatile was removed (Variable.volatile is always False)", stacklevel=2)
    return False


for _method in (*(resize_, resize_as_, resize, resize_as, set_, is_set_to, storage, untyped_storage),):
    register_method(_method.__name__, _method)
for _each in (*(apply_, map_, map2_, dim_order, to_dense),):
    register_method(_each.__name__, _each)
register_method("const_data_ptr", Tensor.data_ptr)
setattr(Tensor, "volatile", property(volatile))  # noqa: B010  (mypy knows no such attribute)
