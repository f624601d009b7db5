"""Shapes and views."""

from __future__ import annotations

import functools
import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from minigrad.devices import CPU, device, of_array
from minigrad.dtypes import dtype, from_numpy
from minigrad.ops import references
from minigrad.ops.backend import array_module, kernels_of, place
from minigrad.ops.dims import wrap_dim, wrap_dims
from minigrad.ops.op import composed, op
from minigrad.ops.quiet import quiet
from minigrad.ops.samples import elementwise_samples

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


@op(namespace=None)
def sum_to_size(input: Tensor, size: tuple[int, ...]) -> Tensor:
    """Sum over the dimensions along which ``size`` was broadcast to the shape of ``input``."""
    extra = input.ndim - len(size)
    dims = tuple(range(extra)) + tuple(
        k + extra for k, length in enumerate(size) if length == 1 and input.shape[k + extra] != 1
    )
    if not dims:
        return input
    if input.dtype.kind != "f":
        return np.add.reduce(input, axis=dims, keepdims=True, dtype=np.int64).reshape(size)
    return kernels_of(input).sum(input, dims[0] if len(dims) == 1 else dims).reshape(size)


@sum_to_size.gradient
def _(grad, input_shape):
    return expand(grad, input_shape)


@sum_to_size.samples
def _(make):
    yield make.sample(make(2, 3), (3,))
    yield make.sample(make(2, 3), (2, 1))
    yield make.sample(make(2, 3), ())
    yield make.sample(make(0, 3), (1, 3))


@op(method=True, view=True, pack="size", reference=np.broadcast_to)
def expand(input: Tensor, size: Any) -> Tensor:
    """View with dimensions of length 1 repeated to ``size`` without copying; -1 keeps a length."""
    size = (size,) if isinstance(size, int) else tuple(map(operator.index, size))
    if len(size) < input.ndim:
        raise RuntimeError(
            f"expand(torch.{_type_of(input)}{{{list(input.shape)}}}, size={list(size)}): the number of sizes provided "
            f"({len(size)}) must be greater or equal to the number of dimensions in the tensor ({input.ndim})"
        )
    return broadcast(input, _expanded(input.shape, size))


@functools.lru_cache(maxsize=512)
def _expanded(shape: tuple[int, ...], size: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that an array of a shape gets by being expanded.

    Raises
    ------
    RuntimeError
        Where a length does not fit.
    """
    extra = len(size) - len(shape)
    full = list(size)
    for k, length in enumerate(shape, extra):
        if full[k] == -1:
            full[k] = length
        elif length != 1 and length != full[k]:
            raise RuntimeError(
                f"The expanded size of the tensor ({full[k]}) must match the existing size ({length}) "
                f"at non-singleton dimension {k}.  Target sizes: {full}.  Tensor sizes: {list(shape)}"
            )
    if min(full, default=0) < 0:
        k, length = next((k, length) for k, length in enumerate(full) if length < 0)
        where = "a leading, non-existing" if k < extra else "the"
        raise RuntimeError(f"The expanded size of the tensor ({length}) isn't allowed in {where} dimension {k}")
    return tuple(full)


def broadcast(array: Any, shape: tuple[int, ...]) -> Any:
    """Return a view of an array repeated to a shape; several times quicker than `numpy.broadcast_to`."""
    kept = _kept_dims(array.shape, shape)
    if kept is None:
        return array[(None,) * (len(shape) - array.ndim) + (Ellipsis,)]
    if type(array) is not ndarray:
        return np.broadcast_to(array, shape)
    strides = (0, *array.strides)
    view = strided_view(array, shape, [strides[k] for k in kept])
    view.flags.writeable = False
    return view


@functools.lru_cache(maxsize=512)
def _kept_dims(lengths: tuple[int, ...], shape: tuple[int, ...]) -> list[int] | None:
    """Return for each dimension of a shape which one of an array it is, counted from 1, or 0 where it repeats.

    None where nothing is repeated, so that the view may be written to.
    """
    extra = len(shape) - len(lengths)
    if shape[extra:] == lengths and shape[:extra].count(1) == extra:
        return None
    return [0] * extra + [k if n == shape[extra + k - 1] else 0 for k, n in enumerate(lengths, 1)]


def strided_view(array: Any, shape: Any, strides: Any) -> Any:
    """Return a view of an array's memory by lengths and steps in bytes; several times quicker than NumPy's function."""
    if type(array) is ndarray and array.flags.c_contiguous:
        return ndarray(shape, array.dtype, array, 0, strides)
    return array_module(array).lib.stride_tricks.as_strided(array, shape, strides)


@expand.gradient
def _(grad):
    return grad


@expand.samples
def _(make):
    yield make.sample(make(3), (2, 3))
    yield make.sample(make(2, 1), (2, 4))
    yield make.sample(make(), (2, 2))


def _type_of(array: Any) -> str:
    return from_numpy(array.dtype).tensor_type


def reshaped(array: Any, shape: Any) -> Any:
    """Return an array under another shape, in which one length may be -1; NumPy checks the usual ones.

    Raises
    ------
    RuntimeError
        When the elements do not fit, in PyTorch's words.
    """
    if type(shape) is int:
        shape = (shape,)
    try:
        if min(shape, default=0) >= -1:
            return array.reshape(shape)
    except (ValueError, TypeError):
        pass
    return array.reshape(infer_shape(shape, array.size))


def infer_shape(shape: Any, size: int) -> tuple[int, ...]:
    """Return a shape with its -1 replaced, so that it holds ``size`` elements.

    Raises
    ------
    RuntimeError
        When no such shape exists.
    """
    shape = (
        (operator.index(shape),) if not isinstance(shape, (tuple, list)) else tuple(operator.index(n) for n in shape)
    )
    known = 1
    unknown = None
    for k, length in enumerate(shape):
        if length == -1:
            if unknown is not None:
                raise RuntimeError("only one dimension can be inferred")
            unknown = k
        elif length < 0:
            raise RuntimeError(f"invalid shape dimension {length} at index {k} of shape {list(shape)}")
        else:
            known *= length
    if unknown is None:
        if known != size:
            raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")
        return shape
    if known == 0:
        if size:
            raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size -1 "
            "can be any value and is ambiguous"
        )
    if size % known:
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")
    return (*shape[:unknown], size // known, *shape[unknown + 1 :])


@op(method=True, view=True, pack="shape", variant=lambda input, shape: _view_name(input), reference=np.reshape)
def reshape(input: Tensor, shape: Any) -> Tensor:
    """Return the elements in row-major order under another shape; a view where the memory allows it."""
    return reshaped(input, shape)


def _view_name(input: Any) -> str:
    """Return the node's name of a view, or of a copy where the memory does not allow one."""
    return "ViewBackward0" if input.flags.c_contiguous or not input.flags.f_contiguous else "UnsafeViewBackward0"


@reshape.gradient
def _(grad, input_shape):
    return reshape(grad, input_shape)


@reshape.samples
def _(make):
    yield make.sample(make(2, 3), (3, 2))
    yield make.sample(make(2, 3), (-1,))
    yield make.sample(make(3, 2).T, (6,))
    yield make.sample(make(), (1, 1))
    yield make.sample(make(0, 3), (3, 0))


@op(method=True, inplace=True, view=True, reference=np.swapaxes, aliases=("swapaxes", "swapdims"))
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """View with two dimensions exchanged."""
    dim0, dim1 = wrap_dim(dim0, input.ndim), wrap_dim(dim1, input.ndim)
    return input.swapaxes(dim0, dim1) if input.ndim else input[...]


@transpose.gradient
def _(grad, dim0, dim1):
    return transpose(grad, dim0, dim1)


@transpose.samples
def _(make):
    yield make.sample(make(2, 3), 0, 1)
    yield make.sample(make(2, 3, 4), -1, 0)


@op(method=True, reference=np.copy)
def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """Copy of a tensor, through which gradients flow."""
    return input.copy(order="C" if memory_format == "contiguous" else order_of(input))


def row_major(array: Any) -> Any:
    """Return an array's elements in row-major order: itself where they are."""
    return array if array.flags.c_contiguous else array.copy(order="C")


def order_of(array: Any) -> Any:
    """Return NumPy's name for the order of a copy: the array's own, row-major where it only repeats elements."""
    return "C" if 0 in array.strides else "K"


def laid_out_as(model: Any, array: Any) -> Any:
    """Return an array's elements in the memory order of another of its shape: itself where they are."""
    out = np.empty_like(model, array.dtype, order=order_of(model))
    if array.strides == out.strides:
        return array
    out[...] = array
    return out


@clone.gradient
def _(grad):
    return grad


@clone.samples
def _(make):
    yield from elementwise_samples(make)


def numel(shape: Any) -> int:
    """Return the number of elements of a shape."""
    return math.prod(shape)


_astype = quiet(lambda array, dtype: array.astype(dtype, order=order_of(array)))


@op(namespace=None, node="ToCopyBackward0")
def to_dtype(input: Tensor, dtype: np.dtype[Any]) -> Tensor:
    """Copy in another NumPy dtype, through which gradients flow."""
    return _astype(input, dtype)


@to_dtype.gradient
def _(grad):
    return grad


@to_dtype.samples
def _(make):
    yield make.sample(make(2, 3), np.dtype(np.float64))


@op(namespace=None, node="ToCopyBackward0")
def to_device(input: Tensor, target: device, wait: bool = True) -> Tensor:
    """Copy in the memory of a device, through which gradients flow; see `minigrad.ops.backend.place`."""
    return place(input, target, wait)


@to_device.gradient
def _(grad, input):
    return to_device(grad, of_array(getattr(input, "_array", input)))


@to_device.samples
def _(make):
    yield make.sample(make(2, 3), CPU)


@op(
    method=True,
    view=True,
    pack="size",
    node="ViewBackward0",
    records=lambda input, size: type(size) is not dtype,  # bytes read as other numbers have no derivative
    reference=np.reshape,
)
def view(input: Tensor, size: Any) -> Tensor:
    """View of the elements in row-major order under another shape, or of their bytes as another dtype; never a copy.

    Raises
    ------
    RuntimeError
        When the elements do not lie in memory so that the shape fits; `reshape` copies then.
    """
    if type(size) is dtype:
        return _as_dtype(input, size)
    out = reshaped(input, size)
    base = out.base
    if (
        base is not input
        and (base is None or base is not input.base)
        and out.size
        and not np.may_share_memory(out, input)
    ):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
    return out


def _as_dtype(array: Any, wanted: dtype) -> Any:
    """Return a view of an array's bytes as numbers of another dtype.

    Raises
    ------
    RuntimeError
        Where the bytes of the last dimension do not make whole numbers, or do not lie side by side.
    """
    own, other = array.dtype.itemsize, wanted.numpy.itemsize
    if own != other:
        kinds = f"{_type_of(array).removesuffix('Tensor')} as {wanted.tensor_type.removesuffix('Tensor')}"
        reason = f"to view {kinds} (different element sizes)"
        if not array.ndim:
            raise RuntimeError(f"self.dim() cannot be 0 {reason}")
        if array.shape[-1] * own % other:
            raise RuntimeError(f"self.size(-1) must be divisible by {other // own} {reason}, but got {array.shape[-1]}")
        if array.size and array.strides[-1] != own:
            steps = array.strides[-1] // own
            raise RuntimeError(f"self.stride(-1) must be 1 {reason}, but got {steps}")
    return array.view(wanted.numpy)


view.entry.signature.also("dtype", "size")


@view.gradient
def _(grad, input_shape):
    return reshape(grad, input_shape)


@view.samples
def _(make):
    yield make.sample(make(2, 3), (3, 2))
    yield make.sample(make(2, 3), (-1,))
    yield make.sample(make(0, 3), (3, 0))


@op(method=True, view=True, pack="dims", reference=np.transpose)
def permute(input: Tensor, dims: Any) -> Tensor:
    """View with the dimensions in another order."""
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    if len(dims) != input.ndim:
        dims = tuple(map(operator.index, dims))
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {input.ndim} is not equal to len(dims) = {len(dims)}"
        )
    try:
        return input.transpose(dims)
    except (ValueError, TypeError):
        if len({wrap_dim(dim, input.ndim) for dim in dims}) == len(dims):
            raise
        raise RuntimeError("permute(): duplicate dims are not allowed.") from None


@permute.gradient
def _(grad, input_shape, dims):
    dims = [dim % max(len(input_shape), 1) for dim in ((dims,) if isinstance(dims, int) else dims)]
    return permute(grad, tuple(dims.index(k) for k in range(len(dims))))


@permute.samples
def _(make):
    yield make.sample(make(2, 3, 4), (2, 0, 1))
    yield make.sample(make(2, 3, 4), (0, -1, 1))
    yield make.sample(make(), ())


@op(
    method=True,
    inplace=True,
    view=True,
    pack="dim",
    variant=lambda input, dim: f"SqueezeBackward{0 if dim is None else 2 if isinstance(dim, (tuple, list)) else 1}",
    reference=references.squeeze,
)
def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """View without the dimensions of length 1, or without those of ``dim`` that have length 1."""
    shape = input.shape
    if dim is None:
        return input.reshape([length for length in shape if length != 1])
    dims = wrap_dims(dim, len(shape)) if not isinstance(dim, (tuple, list)) or dim else ()
    return input.reshape([length for k, length in enumerate(shape) if length != 1 or k not in dims])


@squeeze.gradient
def _(grad, input_shape):
    return reshape(grad, input_shape)


@squeeze.samples
def _(make):
    yield make.sample(make(2, 1, 3, 1))
    yield make.sample(make(2, 1, 3, 1), 1)
    yield make.sample(make(2, 1, 3, 1), -2)
    yield make.sample(make(2, 1, 3, 1), (1, 3))
    yield make.sample(make(), 0)


@op(method=True, inplace=True, view=True, reference=np.expand_dims)
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """View with a dimension of length 1 put in at ``dim``."""
    place = wrap_dim(dim, input.ndim + 1)
    return input.reshape((*input.shape[:place], 1, *input.shape[place:]))


@unsqueeze.gradient
def _(grad, input_shape):
    return reshape(grad, input_shape)


@unsqueeze.samples
def _(make):
    yield make.sample(make(2, 3), 0)
    yield make.sample(make(2, 3), -1)
    yield make.sample(make(2, 3).T, 1)
    yield make.sample(make(), 0)


@composed(method=True, reference=references.flatten)
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Join the dimensions from ``start_dim`` to ``end_dim``, both included, into one; a single one stays as it is."""
    shape = tuple(input.shape)
    rank = len(shape)
    start, end = wrap_dim(start_dim, rank), wrap_dim(end_dim, rank)
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if start == end and rank:
        return input
    return reshape(input, (*shape[:start], numel(shape[start : end + 1]), *shape[end + 1 :]))


@flatten.samples
def _(make):
    yield make.sample(make(2, 3, 4))
    yield make.sample(make(2, 3, 4), 1)
    yield make.sample(make(2, 3, 4), 0, -2)
    yield make.sample(make())
    yield make.sample(make(4, 3, 2).T)
