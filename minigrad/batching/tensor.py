"""The batched tensor: one sample to look at, all samples behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from minigrad import devices, dtypes
from minigrad.ops.dims import wrap_dim
from minigrad.ops.state import BATCHED, NeedsValues, Upper
from minigrad.size import Size
from minigrad.tensor import Tensor

__all__ = ["BatchedTensor", "batch"]

_new = object.__new__

_ITEM = (
    "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling .item() on a Tensor, "
    "please try to rewrite what you're doing with other operations. If error is occurring somewhere inside PyTorch "
    "internals, please file a bug report."
)
_CONTROL_FLOW = (
    "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We don't support that "
    "yet, please file an issue at https://github.com/pytorch/pytorch/issues ."
)
_NO_STORAGE = "Cannot access data pointer of Tensor that doesn't have storage"


def _refusal(message: str, kind: type[Exception] = NeedsValues) -> Callable[..., Any]:
    def refuse(self: Any, *args: Any, **kwargs: Any) -> NoReturn:
        raise kind(message)

    return refuse


class BatchedTensor(Tensor):
    """A sample of a tensor under ``vmap``.

    Attributes
    ----------
    level : Level
        Where it is batched.
    value : Tensor
        All samples; the first dimension counts them.
    """

    __slots__ = ("level", "value")

    level: Any
    value: Any

    @property
    def _array(self) -> Any:  # type: ignore[override]
        raise NeedsValues(_NO_STORAGE)

    @property
    def shape(self) -> Size:
        """The lengths of a sample's dimensions."""
        return Size(self.value.shape[1:])

    def size(self, dim: int | None = None) -> Any:
        """Return the shape of a sample, or the length of one dimension."""
        return self.shape if dim is None else self.shape[wrap_dim(dim, self.ndim)]

    @property
    def ndim(self) -> int:
        """The number of a sample's dimensions."""
        return self.value.ndim - 1

    def dim(self) -> int:
        """Return the number of a sample's dimensions."""
        return self.ndim

    ndimension = dim

    def numel(self) -> int:
        """Return the number of a sample's elements."""
        return self.shape.numel()

    nelement = numel

    @property
    def dtype(self) -> dtypes.dtype:
        """The type of the elements."""
        return self.value.dtype

    @property
    def device(self) -> devices.device:
        """Where the memory is."""
        return self.value.device

    def element_size(self) -> int:
        """Return the bytes an element takes."""
        return self.value.element_size()

    @property
    def itemsize(self) -> int:
        """The bytes an element takes."""
        return self.value.itemsize

    @property
    def nbytes(self) -> int:
        """The bytes that a sample's elements take."""
        return self.itemsize * self.numel()

    def stride(self, dim: int | None = None) -> Any:
        """Return the steps in memory, counted in elements, from one entry to the next along each dimension."""
        strides = self.value.stride()[1:]
        return strides if dim is None else strides[wrap_dim(dim, self.ndim)]

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether the elements lie in memory in row-major order without gaps."""
        return self.value.is_contiguous()

    def contiguous(self, memory_format: Any = None) -> Any:
        """Return the tensor itself if it is contiguous, else a copy in row-major order."""
        return self if self.is_contiguous() else batch(self.level, self.value.contiguous())

    def is_floating_point(self) -> bool:
        """Whether the elements are floating point numbers."""
        return self.value.is_floating_point()

    def is_signed(self) -> bool:
        """Whether the dtype has negative numbers."""
        return self.value.is_signed()

    def is_same_size(self, other: Tensor) -> bool:
        """Whether two tensors have the same shape."""
        return self.shape == other.shape

    @property
    def T(self) -> Tensor:
        """View with the dimensions in reverse order."""
        return self.permute(tuple(range(self.ndim))[::-1])

    @property
    def mT(self) -> Tensor:
        """View with the last two dimensions exchanged."""
        if self.ndim < 2:
            raise RuntimeError(
                f"tensor.mT is only supported on matrices or batches of matrices. Got {self.ndim}-D tensor."
            )
        return self.transpose(-2, -1)

    mH = mT

    @property
    def H(self) -> Tensor:
        """View of a matrix with rows and columns exchanged."""
        return self.t()

    # The graph belongs to the tensor behind.

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are wanted for the samples."""
        return self.value.requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Refuse: a transform says itself what it differentiates by."""
        raise RuntimeError(
            "You are attempting to call Tensor.requires_grad_() (or perhaps using torch.autograd.functional.* APIs) "
            "inside of a function being transformed by a functorch transform. This is unsupported, please attempt to "
            "use the functorch transforms (e.g. grad, vjp, jacrev, jacfwd, hessian) or call requires_grad_() outside "
            "of a function being transformed instead."
        )

    @property
    def grad_fn(self) -> Any:
        """The node that made the samples."""
        return self.value.grad_fn

    @property  # type: ignore[misc]
    def grad(self) -> Any:
        """None: gradients come from the transforms of ``minigrad.func``."""
        return None

    @property  # type: ignore[misc]
    def data(self) -> Any:
        """The same memory outside the graph."""
        return batch(self.level, self.value.data)

    def detach(self) -> Any:
        """Return a tensor on the same memory, outside the graph."""
        return batch(self.level, self.value.detach())

    backward = _refusal(
        "backward() called inside a functorch transform. This is not supported, please use functorch.grad or "
        "functorch.vjp instead or call backward() outside of functorch transforms.",
        RuntimeError,
    )

    # A sample has no values of its own.

    item = __float__ = __int__ = __index__ = __complex__ = _refusal(_ITEM)
    __bool__ = _refusal(_CONTROL_FLOW)
    numpy = tolist = __array__ = data_ptr = storage_offset = _refusal(_NO_STORAGE)

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Return the tensor in another dtype and on another device; itself when nothing changes."""
        moved = self.value.to(*args, **kwargs)
        return self if moved is self.value else batch(self.level, moved)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    def __iter__(self) -> Any:
        if not self.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __reversed__(self) -> Tensor:
        return self.flip(0) if self.ndim else self

    def __getitem__(self, index: Any) -> Any:
        return Upper.batched_index(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        from minigrad.batching.indexing import set_item

        set_item(self, index, value)

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        body = repr(self.value).replace("\n", "\n    ")
        return f"BatchedTensor(lvl={self.level.depth + 1}, bdim=0, value=\n    {body}\n)"

    def __format__(self, spec: str) -> str:
        return object.__format__(self, spec)

    __hash__ = object.__hash__


def _make_new(name: str) -> Callable[..., Any]:
    """Return ``x.new_zeros`` and its like: one such tensor for each sample, so that samples may be written into it."""
    plain = getattr(Tensor, name)

    def make(self: Any, *args: Any, **kwargs: Any) -> Any:
        made = plain(self, *args, **kwargs)
        return batch(self.level, made.unsqueeze(0).expand(len(self.value), *made.shape).clone())

    make.__name__ = name
    make.__doc__ = plain.__doc__
    return make


for _name in ("new_zeros", "new_ones", "new_empty", "new_full", "new_tensor"):
    setattr(BatchedTensor, _name, _make_new(_name))


def batch(level: Any, value: Any) -> BatchedTensor:
    """Return the batched tensor of the samples along the first dimension of ``value``."""
    self = _new(BatchedTensor)
    self.level = level
    self.value = value
    self._base = BATCHED
    self._node = None
    self._requires_grad = False
    self._grad = None
    self._writes = value._writes
    return self


def _batched_like(tensor: BatchedTensor, make: Callable[[Any], Any]) -> BatchedTensor:
    return batch(tensor.level, make(tensor.value))


Upper.batched_like = _batched_like  # type: ignore[method-assign]
