"""Where an array lies in memory, and copies of tensors that keep what they share.

NumPy knows of an array only its ``base``; PyTorch describes a tensor by a storage (a flat run of elements), an offset
and strides. `place` gives the second form for the first, `view_of` goes back.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from minigrad.ops.backend import address, array_module, is_device_array
from minigrad.ops.state import Upper

Array = np.ndarray[Any, Any]


class Place(NamedTuple):
    """The place of an array: all of the memory it is part of, and where in it (counted in elements)."""

    memory: Array
    offset: int
    strides: tuple[int, ...]


def place(array: Array) -> Place:
    """Return where an array lies in the memory that its views share.

    An array that cannot be described by non-negative whole strides in a flat run of its dtype (a reversed one, for
    instance) is placed in a fresh copy of its own.
    """
    if is_device_array(array):
        return _device_place(array)
    itemsize = array.itemsize
    # The stride of a dimension of one entry means nothing, and NumPy may leave a negative one there.
    strides = [stride if n > 1 else abs(stride) for stride, n in zip(array.strides, array.shape, strict=True)]
    memory = _memory(array)
    if memory is not None and array.size and array.dtype.isnative:
        offset, rest = divmod(array.ctypes.data - memory.ctypes.data, itemsize)
        if rest == 0 and all(stride >= 0 and stride % itemsize == 0 for stride in strides):
            return Place(memory, offset, tuple(stride // itemsize for stride in strides))
    copy = np.array(array, array.dtype.newbyteorder("="), order="C")
    return Place(
        copy.reshape(-1), 0, tuple(math.prod(max(n, 1) for n in array.shape[k:]) for k in range(1, array.ndim + 1))
    )


def _device_place(array: Any) -> Place:
    """Return where an array of a device lies: its strides are whole and not negative, as operations make them."""
    owner = array
    while owner.base is not None:
        owner = owner.base
    strides = tuple(stride // array.itemsize for stride in array.strides)
    if not owner.flags.c_contiguous or owner.dtype != array.dtype or (strides and min(strides) < 0):
        owner = array.copy(order="C")
        return Place(owner.reshape(-1), 0, tuple(stride // array.itemsize for stride in owner.strides))
    return Place(owner.reshape(-1), (address(array) - address(owner)) // array.itemsize, strides)


def _memory(array: Array) -> Array | None:
    """Return all of the memory that an array is part of as a vector of the array's dtype."""
    owner = array
    base: Any = array
    while base is not None:
        if isinstance(base, np.ndarray):
            owner = base
        # `as_strided` puts an object of its own between an array and its base.
        base = getattr(base, "base", None)
    if not owner.flags.c_contiguous:
        owner = owner.T
    if not owner.flags.c_contiguous or owner.dtype.hasobject:
        return None
    return np.ndarray(owner.nbytes // array.itemsize, array.dtype, owner.view(np.ndarray))


def view_of(memory: Array, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """Return the array that lies at a place; the inverse of `place`.

    Raises
    ------
    ValueError, TypeError
        If the array would reach beyond the memory.
    """
    size = memory.itemsize
    if is_device_array(memory):
        steps = tuple(stride * size for stride in strides)
        return array_module(memory).lib.stride_tricks.as_strided(memory[offset:], shape, steps)
    return np.ndarray(shape, memory.dtype, memory, offset * size, tuple(stride * size for stride in strides))


def attributes_of(tensor: Any) -> dict[str, Any]:
    """Return what the user has stored on a tensor, leaving out what the graph keeps there."""
    return {name: value for name, value in vars(tensor).items() if not hasattr(Upper.Tensor, name)}


def reduce_tensor(tensor: Any) -> tuple[Any, ...]:
    """Return how to pickle a tensor; the body of ``Tensor.__reduce_ex__``.

    As in PyTorch, the gradient and the graph stay behind, and so does the sharing of memory between tensors (which
    `minigrad.save` keeps).
    """
    return rebuild_tensor, (type(tensor), tensor._array, tensor.requires_grad), attributes_of(tensor) or None


def rebuild_tensor(kind: Any, array: Array, requires_grad: bool) -> Any:
    """Return the leaf of class ``kind`` that was pickled."""
    tensor = Upper.Tensor._wrap(array)
    if kind is not Upper.Tensor:
        tensor = kind._make_subclass(kind, tensor)
    return tensor.requires_grad_() if requires_grad else tensor


def deepcopy_tensor(tensor: Any, memo: dict[Any, Any]) -> Any:
    """Return a copy that shares memory with the copies of what the tensor shared memory with.

    The body of ``Tensor.__deepcopy__``.

    Raises
    ------
    RuntimeError
        For a tensor that an operation made: its graph cannot be copied.
    """
    import copy

    if id(tensor) in memo:
        return memo[id(tensor)]
    if not tensor.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment; "
            f"this one was made by {tensor.grad_fn.name()}. Use x.detach().clone() to copy its values. If you were "
            "attempting to deepcopy a module, one of its attributes is the result of a computation."
        )
    found = place(tensor._array)
    key = ("storage", address(found.memory), found.memory.nbytes)
    if key not in memo:
        # The original is kept beside its copy, so that its address stays taken while the memo lives.
        memo[key] = (found.memory, found.memory.copy(), [0])
    _, memory, version = memo[key]
    array = view_of(memory.view(tensor._array.dtype), found.offset, tensor._array.shape, found.strides)
    twin = rebuild_tensor(type(tensor), array, tensor.requires_grad)
    twin._writes = version
    memo[id(tensor)] = twin
    if tensor.grad is not None:
        twin.grad = copy.deepcopy(tensor.grad, memo)
    vars(twin).update(copy.deepcopy(attributes_of(tensor), memo))
    return twin
