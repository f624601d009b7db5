"""Methods of tensors that make other tensors: casts (``x.float()``) and creation (``x.new_zeros(2)``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad import creation, dtypes
from minigrad.ops.hints import COPY_OF_TENSOR, hint
from minigrad.ops.index import basic_index
from minigrad.ops.naming import named
from minigrad.ops.shape import sum_to_size as summed
from minigrad.ops.state import BATCHED
from minigrad.tensor import Tensor, register_method

_CASTS = {
    "float": dtypes.float32,
    "double": dtypes.float64,
    "half": dtypes.float16,
    "int": dtypes.int32,
    "long": dtypes.int64,
    "short": dtypes.int16,
    "byte": dtypes.uint8,
    "char": dtypes.int8,
    "bool": dtypes.bool,
}


def _make_cast(name: str, dtype: dtypes.dtype) -> Callable[..., Tensor]:
    def cast(self: Tensor, memory_format: Any = None) -> Tensor:
        return self if self._base is not BATCHED and self._array.dtype == dtype.numpy else self.to(dtype)

    cast.__name__ = name
    cast.__doc__ = f"Return the tensor as {dtype.name}; itself if it is that already."
    return cast


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """Return the tensor in the dtype and on the device of another; itself if nothing changes."""
    return self.to(other)


def new_zeros(
    self: Tensor, *spread: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return zeros of the given size, in this tensor's dtype unless another is given."""
    return creation.zeros(
        *spread, size=size, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad
    )


def new_ones(
    self: Tensor, *spread: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return ones of the given size, in this tensor's dtype unless another is given."""
    return creation.ones(
        *spread, size=size, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad
    )


def new_empty(
    self: Tensor, *spread: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a tensor of the given size, its elements not set, in this tensor's dtype unless another is given."""
    return creation.empty(
        *spread, size=size, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad
    )


def new_full(
    self: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return ``fill_value`` in the given size, in this tensor's dtype unless another is given."""
    return creation.full(
        size, fill_value, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad
    )


def new_tensor(
    self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a tensor with a copy of the data, in this tensor's dtype unless another is given."""
    if isinstance(data, Tensor):
        hint(COPY_OF_TENSOR.format("tensor.new_tensor"))
        data = data._array
    return creation.tensor(data, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad)


def float_power_(self: Tensor, exponent: Any) -> Tensor:
    """Raise the elements of a float64 tensor to a power, in place.

    Raises
    ------
    RuntimeError
        For a tensor of another dtype, which would not hold the result.
    """
    if self.dtype is not dtypes.float64:
        title = self.dtype.tensor_type.removesuffix("Tensor")
        raise RuntimeError(
            f"the base given to float_power_ has dtype {title} but the operation's result requires dtype Double"
        )
    return self.pow_(exponent)


def sum_to_size(self: Tensor, *size: Any) -> Tensor:
    """Return the sums over the dimensions along which ``size`` was broadcast to this tensor's shape."""
    wanted = tuple(size[0]) if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    shape = tuple(self.shape)
    tail = shape[len(shape) - len(wanted) :] if len(wanted) <= len(shape) else None
    if tail is None or any(want not in (1, length) for want, length in zip(wanted, tail, strict=True)):
        raise RuntimeError(f"size {{{list(wanted)}}} is not expandable to size {{{list(shape)}}}.")
    whole = self.dtype.is_floating_point or self.dtype is dtypes.int64
    return summed(self if whole else self.to(dtypes.int64), wanted)


def as_subclass(self: Tensor, cls: Any) -> Any:
    """Return the tensor as an object of a class that inherits from `Tensor`: the same memory, in the same graph.

    Raises
    ------
    TypeError
        For what is no such class.
    """
    if not isinstance(cls, type):
        raise TypeError(f"cls must be a type (got {type(cls).__name__})")
    if not issubclass(cls, Tensor):
        raise TypeError(
            "Creating a Tensor subclass from a class that does not inherit from Tensor is not possible. Make sure your "
            "class inherits from Tensor."
        )
    alias = named(basic_index(self, (Ellipsis,)), "AliasBackward0")
    made = object.__new__(cls)
    for name in ("_array", "_node", "_writes", "_requires_grad", "_grad", "_base"):
        setattr(made, name, getattr(alias, name))
    made.__dict__.update(alias.__dict__)
    return made


def new(self: Tensor, *args: Any) -> Tensor:
    """Return a tensor of this dtype from sizes or data, as the legacy constructors do."""
    from minigrad.legacy import construct

    return construct(Tensor, *args, dtype=self.dtype, device=self.device)


for _name, _dtype in _CASTS.items():
    register_method(_name, _make_cast(_name, _dtype))
for _method in (
    as_subclass,
    float_power_,
    type_as,
    new_zeros,
    new_ones,
    new_empty,
    new_full,
    new_tensor,
    new,
    sum_to_size,
):
    register_method(_method.__name__, _method)
