"""The tensor: an array that remembers how it was computed."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

import minigrad.ops
from minigrad import devices, dtypes, layouts
from minigrad.autograd import node, views  # noqa: F401  (views: for what it registers)
from minigrad.autograd.backward import backward
from minigrad.autograd.hooks import RemovableHandle, add_hook, warn_of_no_grad
from minigrad.conversion import parse_to, parse_type
from minigrad.ops.backend import address, is_array, is_at, is_device_array, to_host
from minigrad.ops.dims import wrap_dim
from minigrad.ops.hints import NUMBER_OF_GRAPH, TRANSPOSED, TRANSPOSED_NUMBER, hint_once
from minigrad.ops.index import get_item, row_of, set_item
from minigrad.ops.op import composed_table, table
from minigrad.ops.shape import to_device, to_dtype
from minigrad.ops.state import BATCHED, NeedsValues, Upper, mode
from minigrad.size import Size, make_size

if TYPE_CHECKING:
    from minigrad._methods import Methods
else:
    Methods = object

__all__ = ["Tensor"]

_new = object.__new__


class _TensorClass(type):
    """The class of `Tensor` and `Parameter`: they are shown under PyTorch's names, as ``<class 'torch.Tensor'>``."""

    def __repr__(cls) -> str:
        package, _, module = cls.__module__.partition(".")
        if package != "minigrad":
            return super().__repr__()
        return f"<class 'torch.{'' if module == 'tensor' else module + '.'}{cls.__qualname__}'>"


class Tensor(Methods, metaclass=_TensorClass):
    """A multi-dimensional array of one dtype, and a place in the graph that computes it.

    Attributes
    ----------
    _array : numpy.ndarray
        The elements; views share their memory.
    _node : Node, Output or None
        What made it; None for leaves.
    _writes : list of one int
        Counts the in-place writes; shared by all views of one storage.
    _requires_grad : bool
        Also True for every tensor with a node.
    _grad : Tensor or None
    _base : Tensor or None
        For a view that the graph knows of, the tensor that it is a part of.
    """

    __slots__ = ("__dict__", "__weakref__", "_array", "_base", "_grad", "_node", "_requires_grad", "_writes")

    _array: np.ndarray[Any, Any]
    _node: Any
    _writes: list[int]
    _requires_grad: bool
    _grad: Tensor | None
    _base: Tensor | None

    __array_priority__ = 1000
    _hooks: Any = None
    _post_hooks: Any = None
    _retains_grad = False
    _view_of: Any = None
    _view_call: Any = None
    _view_version = 0
    _reshaped = False  # whether it became a view of itself (`x.t_()`), so that calls do not take its older views again
    _pinned = False

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Return a float32 tensor of given sizes (uninitialised) or data, as PyTorch's legacy constructor does."""
        from minigrad.legacy import construct

        return construct(cls, *args, **kwargs)

    @staticmethod
    def _wrap(array: np.ndarray[Any, Any]) -> Tensor:
        """Return a leaf around an array, without any check."""
        self = _new(Tensor)
        self._array = array
        self._node = None
        self._writes = [Upper.inferring and mode.first]
        self._requires_grad = False
        self._grad = None
        self._base = None
        return self

    @staticmethod
    def _make_subclass(cls: Any, data: Tensor, require_grad: bool = False) -> Any:
        """Return a leaf of class ``cls`` that shares the memory of ``data``."""
        self = _new(cls)
        self._array = data._array
        self._node = None
        self._writes = data._writes
        self._requires_grad = False
        self._grad = None
        self._base = None
        if require_grad:
            self.requires_grad = True
        return self

    # Shape and kind.

    @property
    def shape(self) -> Size:
        """The lengths of the dimensions."""
        return make_size(self._array.shape)

    def size(self, dim: int | None = None) -> Any:
        """Return the shape, or the length of one dimension."""
        if dim is None:
            return make_size(self._array.shape)
        shape = self._array.shape
        if type(dim) is not int and (isinstance(dim, bool) or not hasattr(dim, "__index__")):
            raise TypeError(f"size(): argument 'dim' (position 1) must be int, not {type(dim).__name__}")
        if not shape:
            raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
        return shape[wrap_dim(dim, len(shape))]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    def dim(self) -> int:
        """Return the number of dimensions."""
        return self._array.ndim

    ndimension = dim

    def numel(self) -> int:
        """Return the number of elements."""
        return self._array.size

    nelement = numel

    def element_size(self) -> int:
        """Return the bytes an element takes."""
        return self._array.itemsize

    @property
    def itemsize(self) -> int:
        """The bytes an element takes."""
        return self._array.itemsize

    @property
    def nbytes(self) -> int:
        """The bytes that all elements take."""
        return self._array.nbytes

    def stride(self, dim: int | None = None) -> Any:
        """Return the steps in memory, counted in elements, from one entry to the next along each dimension."""
        if self._array.size:
            strides = tuple([step // self._array.itemsize for step in self._array.strides])
        else:  # NumPy's are 0 then
            lengths = [max(length, 1) for length in self._array.shape]
            strides = tuple([math.prod(lengths[k:]) for k in range(1, len(lengths) + 1)])
        if dim is None:
            return strides
        return strides[wrap_dim(dim, self._array.ndim)]

    def storage_offset(self) -> int:
        """Return where in its memory the tensor begins, counted in elements."""
        owner: Any = self._array
        while is_array(owner.base):
            owner = owner.base
        return (address(self._array) - address(owner)) // self._array.itemsize

    def data_ptr(self) -> int:
        """Return the address of the first element."""
        return address(self._array)

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether the elements lie in memory in row-major order without gaps."""
        return self._array.flags.c_contiguous

    @property
    def T(self) -> Tensor:
        """View with the dimensions in reverse order."""
        if self._array.ndim != 2 and self._array.ndim != 1:
            hint_once(TRANSPOSED if self._array.ndim else TRANSPOSED_NUMBER)
        return self.permute(tuple(range(self._array.ndim))[::-1])

    @property
    def mT(self) -> Tensor:
        """View with the last two dimensions exchanged."""
        if not self._array.ndim:
            return self.permute(())
        if self._array.ndim < 2:
            raise RuntimeError(
                f"tensor.mT is only supported on matrices or batches of matrices. Got {self._array.ndim}-D tensor."
            )
        return self.transpose(-2, -1)

    @property
    def H(self) -> Tensor:
        """View of a matrix with rows and columns exchanged (and conjugated, were there complex numbers)."""
        if self._array.ndim not in (0, 2):
            raise RuntimeError(
                "tensor.H is only supported on matrices (2-D tensors). Got "
                f"{self._array.ndim}-D tensor. For batches of matrices, consider using tensor.mH"
            )
        return self.t()

    mH = mT

    @property
    def dtype(self) -> dtypes.dtype:
        """The type of the elements."""
        return dtypes.from_numpy(self._array.dtype)

    @property
    def device(self) -> devices.device:
        """Where the memory is."""
        return devices.of_array(self._array)

    def get_device(self) -> int:
        """Return the index of the CUDA device that holds the memory; -1 for the CPU."""
        return -1 if self.device.index is None else self.device.index

    @property
    def layout(self) -> layouts.layout:
        """How the elements are stored: all of minigrad's tensors are strided."""
        return layouts.strided

    @property
    def is_sparse(self) -> bool:
        """Whether only some elements are stored: never."""
        return False

    @property
    def is_cuda(self) -> bool:
        """Whether the memory is on a CUDA device."""
        return self.device.type == "cuda"

    def is_floating_point(self) -> bool:
        """Whether the elements are floating point numbers."""
        return self._array.dtype.kind == "f"

    def is_complex(self) -> bool:
        """Whether the elements are complex numbers (minigrad has none)."""
        return False

    def is_nonzero(self) -> bool:
        """Whether the only element is not zero."""
        return bool(self)

    def is_same_size(self, other: Tensor) -> bool:
        """Whether two tensors have the same shape."""
        return self._array.shape == other._array.shape

    def is_signed(self) -> bool:
        """Whether the dtype has negative numbers."""
        return self._array.dtype.kind in "fi"

    # The graph.

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are wanted for this tensor."""
        base = self._base
        return bool(self._requires_grad or (base is not None and base is not BATCHED and base._requires_grad))

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if value is not True and value is not False:
            raise RuntimeError("requires_grad must be a bool")
        if self._node is not None:
            if not value:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use a computed variable "
                    "in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
                )
            return
        if value and self._array.dtype.kind != "f":
            raise RuntimeError("only Tensors of floating point and complex dtype can require gradients")
        if value and self._writes[0] < 0 and not mode.inference:
            raise RuntimeError("Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.")
        self._requires_grad = value

    def requires_grad_(self, requires_grad: Any = True) -> Tensor:
        """Say in place whether gradients are wanted, and return the tensor."""
        if requires_grad is not True and requires_grad is not False:
            kind = type(requires_grad).__name__
            raise TypeError(f"requires_grad_(): argument 'requires_grad' (position 1) must be bool, not {kind}")
        if requires_grad and self._array.dtype.kind != "f":
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made this tensor."""
        return node.node_of(self) is None

    @property
    def grad_fn(self) -> Any:
        """The node that made this tensor; None for leaves."""
        return node.shown(node.node_of(self))

    @property
    def output_nr(self) -> int:
        """Which output of its node this tensor is."""
        return self._node.index if isinstance(self._node, node.Output) else 0

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward passes have added up so far; None before the first."""
        if self._grad is None and self._node is not None and not self._retains_grad:
            warn_of_no_grad()
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(
                    f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}"
                )
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad")
            if value._array.dtype != self._array.dtype:
                raise RuntimeError(
                    f"attempting to assign a gradient with dtype '{value.dtype}' to a tensor with dtype "
                    f"'{self.dtype}'. The gradient must match the tensor's dtype."
                )
            if value._array.shape != self._array.shape:
                raise RuntimeError(
                    f"attempting to assign a gradient of size '{list(value.shape)}' to a tensor of size "
                    f"'{list(self.shape)}'. Please ensure that the gradient and the tensor are the same size"
                )
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @property
    def _version(self) -> int:
        if self._writes[0] < 0:
            raise RuntimeError("Inference tensors do not track version counter.")
        return self._writes[0]

    @property
    def data(self) -> Tensor:
        """The same memory outside the graph, and without its version counter."""
        return self.detach() if self._writes[0] < 0 else Tensor._wrap(self._array)

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        self._array = value._array

    def detach(self) -> Tensor:
        """Return a tensor on the same memory, outside the graph."""
        detached = Tensor._wrap(self._array)
        detached._writes = self._writes
        return detached

    def detach_(self) -> Tensor:
        """Cut the tensor off from the graph that made it, in place."""
        if self._base is not None:
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        self._node = None
        self._requires_grad = False
        return self

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add the gradient of this tensor to ``.grad`` of the leaves it was computed from.

        Parameters
        ----------
        gradient : Tensor, optional
            Of this tensor's shape: the gradient of what is to be differentiated with respect to this tensor. May be
            left out for a tensor of one element.
        retain_graph : bool, optional
            Keep what a second backward needs; by default as ``create_graph``.
        create_graph : bool
            Record the backward pass, so that gradients can be differentiated again.
        inputs : sequence of Tensor, optional
            Only these accumulate gradients.
        """
        backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def retain_grad(self) -> None:
        """Keep the gradient of this non-leaf tensor in ``.grad``."""
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self._node is None or self._retains_grad:
            return
        import weakref

        self._retains_grad = True
        maker = node.node_of(self)
        maker.watched = True
        maker.retained = {**(maker.retained or {}), self.output_nr: weakref.ref(self)}

    @property
    def retains_grad(self) -> bool:
        """Whether `retain_grad` was called on this non-leaf tensor."""
        return self._retains_grad

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call ``hook(grad)`` whenever this tensor's gradient was computed; a returned tensor replaces it.

        Returns
        -------
        RemovableHandle
            Its ``remove()`` takes the hook away.
        """
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self._node is None:
            return add_hook(self, "_hooks", hook)
        index = self.output_nr

        def on_output(grads: tuple[Any, ...]) -> tuple[Any, ...] | None:
            changed = None if grads[index] is None else hook(grads[index])
            return None if changed is None else (*grads[:index], changed, *grads[index + 1 :])

        on_output.__name__ = getattr(hook, "__name__", type(hook).__name__)  # errors name the user's hook
        return node.node_of(self).register_prehook(on_output)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call ``hook(tensor)`` after a backward pass added to this leaf's ``.grad``."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self._node is not None:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        return add_hook(self, "_post_hooks", hook)

    def is_inference(self) -> bool:
        """Whether the tensor was made in inference mode."""
        return self._writes[0] < 0

    def _is_view(self) -> bool:
        """Whether the graph knows the tensor as a part of another one."""
        return self._base is not None and self._base is not BATCHED

    # Conversion.

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """Return the elements as a NumPy array on the same memory."""
        if force:
            return to_host(self._array)
        if self._requires_grad and mode.enabled:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        if is_device_array(self._array):
            raise TypeError(
                f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host "
                "memory first."
            )
        return self._array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """Where the elements lie on a GPU, for Numba's kernels and other libraries; a tensor of the CPU has no such."""
        if not is_device_array(self._array):
            raise AttributeError(
                "Can't get __cuda_array_interface__ on non-CUDA tensor type: "
                f"{self.type()}. If CUDA data is required use tensor.cuda() to copy tensor to device memory."
            )
        array: Any = self._array
        return array.__cuda_array_interface__

    def __array_wrap__(self, array: np.ndarray[Any, Any], context: Any = None, return_scalar: bool = False) -> Tensor:
        return Tensor._wrap(np.asarray(array))

    def item(self) -> Any:
        """Return the only element as a Python number."""
        if self._array.size != 1:
            raise RuntimeError(f"a Tensor with {self._array.size} elements cannot be converted to Scalar")
        return self._array.item()

    def tolist(self) -> Any:
        """Return the elements as nested lists of Python numbers (a number for a 0-d tensor)."""
        return self._array.tolist()

    def _number(self) -> Any:
        if self._array.size != 1:
            raise ValueError(
                f"only one element tensors can be converted to Python scalars, not one of shape {list(self.shape)}"
            )
        if self._requires_grad and mode.enabled:
            hint_once(NUMBER_OF_GRAPH)
        return self._array.item()

    def __float__(self) -> float:
        return float(self._number())

    def __int__(self) -> int:
        return int(self._number())

    def __index__(self) -> int:
        if self._array.size != 1 or self._array.dtype.kind not in "iub":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._array.item())

    def __complex__(self) -> complex:
        return complex(self._number())

    def __bool__(self) -> bool:
        if self._array.size == 1:
            return bool(self._array.item())
        if self._array.size == 0:
            raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
        raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")

    def to(self, *args: Any, **kwargs: Any) -> Tensor:
        """Return the tensor in another dtype and on another device; itself when nothing changes.

        Called as ``to(dtype)``, ``to(device)``, ``to(device, dtype)`` or ``to(other)``, each with ``non_blocking`` and
        ``copy``.
        """
        device, dtype, copy, non_blocking = parse_to(args, kwargs)
        moved = self
        if dtype is not None and dtype.numpy != self._array.dtype:
            moved = to_dtype(self if dtype.is_floating_point else self.detach(), dtype.numpy)
        if device is not None and not is_at(self._array, device):
            moved = to_device(moved, device, not non_blocking)
        return self.clone() if copy and moved is self else moved

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """Return the name of the tensor's type, or the tensor cast to ``dtype``."""
        if dtype is None:
            return f"torch.{'cuda.' if self.is_cuda else ''}{self.dtype.tensor_type}"
        return self.to(parse_type(dtype))

    def cpu(self, memory_format: Any = None) -> Tensor:
        """Return the tensor in the CPU's memory; itself when it is there."""
        return self.to(devices.CPU)

    def cuda(self, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Tensor:
        """Return the tensor in a GPU's memory."""
        return self.to("cuda" if device is None else device, non_blocking=non_blocking)

    def pin_memory(self, device: Any = None) -> Tensor:
        """Return the tensor in memory that a GPU reads by itself: ``x.cuda(non_blocking=True)`` need not wait then."""
        from minigrad.pinning import pin

        return pin(self)

    def is_pinned(self, device: Any = None) -> bool:
        """Whether the tensor is in memory that a GPU reads by itself."""
        from minigrad.pinning import is_pinned

        return is_pinned(self)

    def contiguous(self, memory_format: Any = None) -> Tensor:
        """Return the tensor itself if it is contiguous, else a copy in row-major order."""
        return self if self._array.flags.c_contiguous else self.clone(memory_format="contiguous")

    def __reduce_ex__(self, protocol: Any) -> Any:
        from minigrad.memory import reduce_tensor

        return reduce_tensor(self)

    def __deepcopy__(self, memo: dict[Any, Any]) -> Any:
        from minigrad.memory import deepcopy_tensor

        return deepcopy_tensor(self, memo)

    def __copy__(self) -> Tensor:
        return self._make_subclass(type(self), self, self.requires_grad)

    # Container.

    def __len__(self) -> int:
        if not self._array.ndim:
            raise TypeError("len() of a 0-d tensor")
        return self._array.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self._array.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __reversed__(self) -> Tensor:
        return self.flip(0) if self._array.ndim else self

    def __delitem__(self, index: Any) -> None:
        raise TypeError("Tensor does not support deleting items")

    def __contains__(self, element: Any) -> bool:
        if isinstance(element, (Tensor, bool, int, float)):
            return bool((self._array == (element._array if isinstance(element, Tensor) else element)).any())
        raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}.")

    def __getitem__(self, index: Any) -> Tensor:
        if type(index) is int and self._base is None and not self._requires_grad:
            try:
                return row_of(self, index)
            except IndexError:
                pass  # `get_item` says it in PyTorch's words
        try:
            return get_item(self, index)
        except NeedsValues:
            return Upper.batched_index(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        try:
            set_item(self, index, value)
        except NeedsValues:
            Upper.batched_write(self, index, value)

    __hash__ = object.__hash__

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self)})

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        from minigrad.printing import tensor_repr

        return tensor_repr(self, tensor_contents)

    def __format__(self, spec: str) -> str:
        if not self._array.ndim and type(self) is Tensor:
            return format(self._array.item(), spec)
        return object.__format__(self, spec)


def register_method(name: str, function: Callable[..., Any]) -> None:
    """Make a function a method of all tensors."""
    setattr(Tensor, name, function)


def _attach_operations() -> None:
    """Load every family of operations and give tensors their methods and Python operators."""
    for family in pkgutil.iter_modules(minigrad.ops.__path__):
        importlib.import_module(f"minigrad.ops.{family.name}")
    for entry in (*table.values(), *composed_table.values()):
        for name in (entry.name, *entry.aliases):
            if entry.method:
                register_method(name, entry.call)
            if entry.inplace:
                register_method(f"{name}_", entry.call_inplace)


Upper.Tensor = Tensor
Upper.Node = node.Node
Upper.MultiNode = node.MultiNode
Upper.SequenceNode = node.SequenceNode
_attach_operations()

from minigrad import operators  # noqa: E402, F401  (gives the class its Python operators)
