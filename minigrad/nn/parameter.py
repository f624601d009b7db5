"""Parameters and buffers: tensors that a module recognises as its own when they are assigned to it.

Those of lazy layers have no elements before the first forward pass shows how many they need.
"""

from __future__ import annotations

from typing import Any

from minigrad.creation import empty, from_numpy
from minigrad.dtypes import dtype as DType
from minigrad.dtypes import float16, float32, float64
from minigrad.tensor import Tensor

__all__ = ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter", "is_lazy"]


class Parameter(Tensor):
    """A tensor that a module trains: assigned to a module's attribute, it is found by ``module.parameters()``.

    Parameters
    ----------
    data : Tensor, optional
        Its memory is shared, not copied. By default an empty tensor.
    requires_grad : bool
        False freezes the parameter.

    Examples
    --------
    >>> from minigrad.creation import tensor
    >>> Parameter(tensor([1.0, 2.0]))
    Parameter containing:
    tensor([1., 2.], requires_grad=True)
    """

    __slots__ = ()

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        """Return a leaf on the memory of ``data``."""
        data = empty(0) if data is None else data.detach()
        if requires_grad and not data.is_floating_point():
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        return cls._make_subclass(cls, data, requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        attributes = {name: value for name, value in self.__dict__.items() if name not in _OF_THE_GRAPH}
        return type(self), (self.data, self.requires_grad), attributes or None

    def __repr__(self) -> str:  # type: ignore[override]
        return f"Parameter containing:\n{super().__repr__()}"


class Buffer(Tensor):
    """A tensor that belongs to a module's state but is not trained: assigned to an attribute, it becomes a buffer.

    Parameters
    ----------
    data : Tensor, optional
        Its memory is shared, not copied. By default an empty tensor.
    persistent : bool
        Whether it is part of the module's state dict.
    """

    persistent: bool

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Buffer:
        """Return a tensor on the memory of ``data``."""
        data = empty(0) if data is None else data
        self = cls._make_subclass(cls, data.detach(), data.requires_grad)
        self.persistent = persistent
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Buffer:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), persistent=self.persistent)
        return memo[id(self)]

    def __repr__(self) -> str:  # type: ignore[override]
        return repr(Tensor._make_subclass(Tensor, self, self.requires_grad))

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _rebuild_buffer, (type(self), self.data, self.persistent)


# What hooks and the engine keep in a tensor's __dict__; it means nothing in another process.
_OF_THE_GRAPH = ("_hooks", "_post_hooks", "_retains_grad", "_view_of", "_view_call", "_view_version", "_reshaped")


def _rebuild_buffer(kind: type[Buffer], data: Tensor, persistent: bool) -> Buffer:
    return kind(data, persistent=persistent)


_NO_SHAPE = (
    "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in `load_state_dict` "
    "when trying to load an uninitialized parameter into an initialized one. Call `forward` to initialize the "
    "parameters before accessing their attributes."
)


class UninitializedTensorMixin:
    """What parameters and buffers without elements share: a dtype and a device, and the refusal of everything else."""

    __slots__ = ()

    cls_to_become: Any = Tensor

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become an ordinary parameter or buffer of a shape, its elements not set.

        Parameters
        ----------
        shape : tuple of int
        device : device, optional
        dtype : dtype, optional
            By default what was said when it was made.
        """
        data = empty(shape, device=device or self.device, dtype=dtype or self.dtype)
        del self.__dict__["_placeholder"]
        self.__class__ = self.cls_to_become
        self.data = data

    # The slot of the elements holds what only knows dtype and device; who reads it wants to compute.

    @property
    def _array(self) -> Any:
        raise ValueError(
            "Attempted to use an uninitialized parameter in a function of tensors. This error happens when you are "
            f"using a `LazyModule` or explicitly manipulating `torch.nn.parameter.{type(self).__name__}` objects. When "
            "using LazyModules Call `forward` with a dummy batch to initialize the parameters before calling torch "
            "functions"
        )

    @_array.setter
    def _array(self, value: Any) -> None:
        self.__dict__["_placeholder"] = value

    @property
    def data(self) -> Tensor:
        """A tensor without elements, of the dtype and on the device that this one is to have."""
        return from_numpy(self.__dict__["_placeholder"])

    @data.setter
    def data(self, value: Tensor) -> None:
        self.__dict__["_placeholder"] = value.data.numpy()

    @property
    def shape(self) -> Any:
        """Not known yet."""
        raise RuntimeError(_NO_SHAPE)

    @property
    def dtype(self) -> DType:
        """The type that the elements are to have."""
        return self.data.dtype

    @property
    def device(self) -> Any:
        """Where the memory is to be."""
        return self.data.device

    def size(self, dim: int | None = None) -> Any:
        """Return the shape of nothing."""
        return self.data.size(dim)

    def is_floating_point(self) -> bool:
        """Whether the elements are to be floating point numbers."""
        return self.data.is_floating_point()

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Return another one, of another dtype or on another device."""
        data = self.data.to(*args, **kwargs)
        return type(self)(self.requires_grad, data.device, data.dtype)  # type: ignore[attr-defined,call-arg]

    def half(self, memory_format: Any = None) -> Any:
        """Return another one, of dtype float16."""
        return self.to(float16)

    def float(self, memory_format: Any = None) -> Any:
        """Return another one, of dtype float32."""
        return self.to(float32)

    def double(self, memory_format: Any = None) -> Any:
        """Return another one, of dtype float64."""
        return self.to(float64)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return type(self), (self.requires_grad,)  # type: ignore[attr-defined]


def is_lazy(param: Any) -> bool:
    """Whether a parameter or buffer has no elements yet."""
    return isinstance(param, UninitializedTensorMixin)


class UninitializedParameter(UninitializedTensorMixin, Parameter):  # type: ignore[misc]
    """A parameter whose shape is not known yet.

    Parameters
    ----------
    requires_grad : bool
    device : device, optional
    dtype : dtype, optional
    """

    __slots__ = ()

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> UninitializedParameter:
        """Return one without elements."""
        self = cls._make_subclass(cls, empty(0, device=device, dtype=dtype))
        self._requires_grad = requires_grad
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> UninitializedParameter:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, self.device, self.dtype)
        return memo[id(self)]


class UninitializedBuffer(UninitializedTensorMixin, Tensor):  # type: ignore[misc]
    """A buffer whose shape is not known yet.

    Parameters
    ----------
    requires_grad : bool
    device : device, optional
    dtype : dtype, optional
    persistent : bool
        Whether it is part of the module's state dict.
    """

    __slots__ = ()

    cls_to_become = Tensor
    persistent: bool

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
    ) -> UninitializedBuffer:
        """Return one without elements."""
        self = cls._make_subclass(cls, empty(0, device=device, dtype=dtype))
        self._requires_grad = requires_grad
        self.persistent = persistent
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> UninitializedBuffer:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, self.device, self.dtype, self.persistent)
        return memo[id(self)]
