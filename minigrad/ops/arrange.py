"""Rearranging: repeating, rolling, flipping, moving and splitting dimensions."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.backend import array_module, array_of, as_array, as_its_kind, to_host
from minigrad.ops.dims import wrap_dim, wrap_dims
from minigrad.ops.index import basic_index
from minigrad.ops.index_rows import index_select
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import not_implemented
from minigrad.ops.shape import numel, order_of, permute, reshape, row_major, strided_view, sum_to_size, transpose

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


@op(method=True, inplace=True, view=True, reference=np.transpose)
def t(input: Tensor) -> Tensor:
    """View of a matrix with rows and columns exchanged; a vector or a number as it is."""
    if input.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D")
    return input.T


@t.gradient
def _(grad):
    return t(grad)


@t.samples
def _(make):
    yield make.sample(make(2, 3))
    yield make.sample(make(3))


@composed(method=True, reference=lambda x: np.swapaxes(x, -2, -1))
def adjoint(input: Tensor) -> Tensor:
    """View with the last two dimensions exchanged (and conjugated, were there complex numbers)."""
    if not len(input.shape):
        return input.view(())
    if len(input.shape) < 2:
        raise RuntimeError(
            f"tensor.adjoint() is only supported on matrices or batches of matrices. Got {len(input.shape)}-D tensor."
        )
    return transpose(input, -2, -1)


@adjoint.samples
def _(make):
    yield make.sample(make(2, 3))
    yield make.sample(make(4, 2, 3))
    yield make.sample(make(0, 2))


@composed(method=True, aliases=("moveaxis",), reference=np.moveaxis)
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """View with the dimensions ``source`` moved to the places ``destination``; the others keep their order."""
    ndim = input.dim()
    sources = source if isinstance(source, (tuple, list)) else (source,)
    places = destination if isinstance(destination, (tuple, list)) else (destination,)
    if len(sources) != len(places):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(sources)} dims) should contain the same "
            f"number of dims as destination ({list(places)} dims)"
        )
    moves = {wrap_dim(place, ndim): wrap_dim(dim, ndim) for place, dim in zip(places, sources, strict=True)}
    for role, dims, distinct in (("source", sources, {*moves.values()}), ("destination", places, moves)):
        if len(distinct) != len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{role}` ({list(dims)})")
    if not ndim:
        return input.view(())
    order = [k for k in range(ndim) if k not in moves.values()]
    for place in sorted(moves):
        order.insert(place, moves[place])
    return permute(input, tuple(order))


@movedim.samples
def _(make):
    yield make.sample(make(2, 3, 4), 0, -1)
    yield make.sample(make(2, 3, 4), (0, 1), (2, 0))


@op(method=True, pack="repeats", reference=np.tile)
def repeat(input: Tensor, repeats: Any) -> Tensor:
    """Copy that repeats the tensor along each dimension; extra numbers add dimensions in front."""
    repeats = (repeats,) if isinstance(repeats, int) else tuple(operator.index(n) for n in repeats)
    if len(repeats) < input.ndim:
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    if any(n < 0 for n in repeats):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(repeats)}: {list(repeats)}")
    return np.tile(input, repeats)


@repeat.gradient
def _(grad, input_shape, repeats):
    repeats = (repeats,) if isinstance(repeats, int) else tuple(repeats)
    lengths = (1,) * (len(repeats) - len(input_shape)) + tuple(input_shape)
    split = [n for pair in zip(repeats, lengths, strict=True) for n in pair]
    return reshape(sum_to_size(reshape(grad, split), _ones_for(split)), input_shape)


@repeat.samples
def _(make):
    yield make.sample(make(3), (2,))
    yield make.sample(make(3), (2, 3))
    yield make.sample(make(2, 3), (1, 2))
    yield make.sample(make(), (2,))


def _ones_for(split: list[int]) -> tuple[int, ...]:
    """Return the shape (repeats, length, repeats, length, ...) with every number of repeats replaced by 1."""
    return tuple(1 if k % 2 == 0 else n for k, n in enumerate(split))


@composed(method=True, pack="dims", reference=np.tile)
def tile(input: Tensor, dims: Any) -> Tensor:
    """As `repeat`; missing numbers in front count as 1."""
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    return repeat(input, (1,) * (input.dim() - len(dims)) + dims)


@tile.samples
def _(make):
    yield make.sample(make(2, 3), (2,))
    yield make.sample(make(3), (2, 2))


@composed(method=True, reference=lambda x, repeats, dim=None: np.repeat(x, repeats, dim))
def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each element repeated on the spot: ``repeats`` times, or as often as its entry in ``repeats`` says.

    Without ``dim`` the tensor is read as one row. A single argument of integers gives the indices themselves.
    """
    if repeats is None:
        counts = _counts(input)
        return as_its_kind(input, np.repeat(np.arange(len(counts)), counts))
    if dim is None:
        input, dim = input.reshape(-1), 0
    dim = wrap_dim(dim, input.dim())
    counts = _counts(repeats)
    if (counts < 0).any():
        raise RuntimeError("repeats can not be negative")
    if counts.size not in (1, input.shape[dim]):
        raise RuntimeError("repeats must have the same size as input along dim")
    index = np.repeat(np.arange(input.shape[dim]), counts.reshape(-1) if counts.ndim else counts)
    return index_select(input, dim, as_its_kind(input, index))


def _counts(repeats: Any) -> Any:
    counts = to_host(as_array(array_of(repeats)))
    if counts.dtype not in (np.int32, np.int64):
        raise not_implemented("repeat_interleave_cpu", counts)
    return counts


@repeat_interleave.samples
def _(make):
    yield make.sample(make(3), 2)
    yield make.sample(make(2, 3), 2, dim=1)
    yield make.sample(make(2, 3), np.array([1, 2]), dim=0)


@op(method=True, pack="dims", reference=lambda x, dims: np.flip(x, dims))
def flip(input: Tensor, dims: Any) -> Tensor:
    """Copy with the order of the elements reversed along ``dims``."""
    dims = wrap_dims(dims, input.ndim) if not isinstance(dims, (tuple, list)) or dims else ()
    return (np.flip(input, dims) if input.ndim and dims else input).copy(order=order_of(input))


@flip.gradient
def _(grad, dims):
    return flip(grad, dims)


@flip.samples
def _(make):
    yield make.sample(make(2, 3), (0,))
    yield make.sample(make(2, 3), (0, -1))
    yield make.sample(make(4, 3).T, (1,))


@composed(method=True, reference=np.fliplr)
def fliplr(input: Tensor) -> Tensor:
    """Copy with the columns reversed."""
    if input.dim() < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, (1,))


@fliplr.samples
def _(make):
    yield make.sample(make(2, 3))


@composed(method=True, reference=np.flipud)
def flipud(input: Tensor) -> Tensor:
    """Copy with the rows reversed."""
    if input.dim() < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, (0,))


@flipud.samples
def _(make):
    yield make.sample(make(2, 3))


@op(method=True, reference=lambda x, shifts, dims=None: np.roll(x, shifts, dims if dims != () else None))
def roll(input: Tensor, shifts: Any, dims: Any = ()) -> Tensor:
    """Copy with the elements moved along ``dims``, those that fall off one end coming in at the other."""
    if shifts in ((), []):
        raise RuntimeError("`shifts` required")
    if dims is None or dims in ((), []):
        if isinstance(shifts, (tuple, list)) and len(shifts) != 1:
            raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:0")
        shift = shifts[0] if isinstance(shifts, (tuple, list)) else shifts
        return _rolled(input.reshape(-1), shift, 0).reshape(input.shape)
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    shifts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    if len(shifts) != len(dims):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    if not input.ndim:
        raise IndexError(f"Dimension specified as {dims[0]} but tensor has no dimensions")
    if not dims or not input.size:
        return input.copy(order="C")
    for shift, dim in zip(shifts, dims, strict=True):
        input = _rolled(input, shift, wrap_dim(dim, input.ndim))
    return input


def _rolled(array: Any, shift: int, dim: int) -> Any:
    """Return an array whose elements are moved along one dimension, in row-major order."""
    if not array.size:
        return array.copy()
    start = -shift % array.shape[dim]
    before = (slice(None),) * dim
    first, second = (*before, slice(start, None)), (*before, slice(start))
    return row_major(np.concatenate((array[first], array[second]), dim))


@roll.gradient
def _(grad, shifts, dims):
    back = tuple(-shift for shift in shifts) if isinstance(shifts, (tuple, list)) else -shifts
    return roll(grad, back, dims)


@roll.samples
def _(make):
    yield make.sample(make(5), 2)
    yield make.sample(make(2, 3), 1, 1)
    yield make.sample(make(2, 3), (1, -1), (0, 1))


@op(method=True, reference=np.rot90)
def rot90(input: Tensor, k: int = 1, dims: Any = (0, 1)) -> Tensor:
    """Copy turned by ``k`` quarters in the plane of two dimensions, from the first towards the second."""
    if input.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input.ndim}")
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    first, second = (wrap_dim(dim, input.ndim) for dim in dims)
    if first == second:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    quarters = k % 4
    backwards = [slice(None)] * input.ndim
    if quarters in (2, 3):
        backwards[first] = slice(None, None, -1)
    if quarters in (1, 2):
        backwards[second] = slice(None, None, -1)
    turned = input[tuple(backwards)]
    return (np.swapaxes(turned, first, second) if quarters % 2 else turned).copy(order="C")


@rot90.gradient
def _(grad, k, dims):
    return rot90(grad, -k, dims)


@rot90.samples
def _(make):
    yield make.sample(make(2, 3))
    yield make.sample(make(2, 3, 2), 3, (1, 2))


@composed(method=True, reference=lambda x, dim, start, length: np.take(x, range(start, start + length), dim))
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """View of ``length`` entries along a dimension, from ``start`` on."""
    if not input.dim():
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    dim = wrap_dim(dim, input.dim())
    if hasattr(start, "dim") and (start.dim() or array_of(start).dtype.kind not in "iu"):
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    start, size = operator.index(start), input.shape[dim]
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -size <= start <= size:
        raise IndexError(f"start out of range (expected to be in range of [{-size}, {size}], but got {start})")
    start += size if start < 0 else 0
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return basic_index(input, (*[slice(None)] * dim, slice(start, start + length)))


@narrow.samples
def _(make):
    yield make.sample(make(4, 3), 0, 1, 2)
    yield make.sample(make(4, 3), -1, -2, 1)


@composed(method=True, reference=lambda x, dim, index: np.take(x, index, dim))
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """View of the entry at ``index`` along a dimension, which disappears."""
    if not input.dim():
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    dim = wrap_dim(dim, input.dim())
    size = input.shape[dim]
    if not -size <= index < size:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input.shape)} at dimension {dim}"
        )
    return basic_index(input, (*[slice(None)] * dim, int(index)))


@select.samples
def _(make):
    yield make.sample(make(4, 3), 0, 1)
    yield make.sample(make(4, 3), -1, -2)


@composed(method=True, reference=references.unflatten)
def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    """View with one dimension split into several."""
    shape = tuple(input.shape)
    dim = wrap_dim(dim, len(shape))
    if not shape:
        raise RuntimeError("unflatten: a tensor with no dimensions has none to split")
    sizes = (sizes,) if isinstance(sizes, int) else tuple(sizes)
    size, is_open = shape[dim], -1 in sizes
    known = numel([n for n in sizes if n != -1]) if is_open else numel(sizes)
    if (known == 0 or size % known) if is_open else known != size:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} ({size}) in the "
            "input tensor"
        )
    if is_open:
        sizes = tuple(size // known if n == -1 else n for n in sizes)
    return reshape(input, (*shape[:dim], *sizes, *shape[dim + 1 :]))


@unflatten.samples
def _(make):
    yield make.sample(make(2, 6), 1, (2, 3))
    yield make.sample(make(2, 6), -1, (-1, 2))


@op(method=True, view=True, node="UnfoldBackward0", reference=references.unfold)
def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """View of all windows of a length along a dimension, ``step`` apart; the window is a new last dimension."""
    dim = wrap_dim(dimension, input.ndim)
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if not input.ndim:
        if size > 1:
            raise RuntimeError(f"maximum size for tensor at dimension 0 is 1 but size is {size}")
        if step <= 0:
            raise RuntimeError(f"step is {step} but must be > 0")
        return strided_view(input, (size,), (0,))
    if size > input.shape[dim]:
        raise RuntimeError(f"maximum size for tensor at dimension {dim} is {input.shape[dim]} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    shape, strides = input.shape, input.strides
    count = (shape[dim] - size) // step + 1
    return strided_view(
        input,
        (*shape[:dim], count, *shape[dim + 1 :], size),
        (*strides[:dim], step * strides[dim], *strides[dim + 1 :], strides[dim]),
    )


@unfold.gradient
def _(grad, input_shape, dimension, size, step):
    return unfold_backward(grad, input_shape, dimension, size, step)


@unfold.samples
def _(make):
    yield make.sample(make(7), 0, 3, 2)
    yield make.sample(make(2, 5), -1, 2, 1)


@op(namespace=None)
def unfold_backward(grad_output: Tensor, shape: tuple[int, ...], dim: int, size: int, step: int) -> Tensor:
    """Zeros of ``shape`` to which each window of ``grad_output`` is added where it was taken."""
    out = array_module(grad_output).zeros(shape, grad_output.dtype)
    if not shape:
        return out + grad_output.sum()
    dim = wrap_dim(dim, len(shape))
    for k in range(size):
        stop = k + (grad_output.shape[dim] - 1) * step + 1
        out[(slice(None),) * dim + (slice(k, stop, step),)] += grad_output[..., k]
    return out


@unfold_backward.gradient("grad_output")
def _(grad, dim, size, step):
    return unfold(grad, dim, size, step)


@unfold_backward.samples
def _(make):
    yield make.sample(make(3, 3), (7,), 0, 3, 2)
