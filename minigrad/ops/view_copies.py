"""Copies of views: what `transpose`, `select` and their like give, in memory of its own and in row-major order.

As the views, they pass gradients on. Their nodes bear the views' names, with ``_copy`` behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.arrange import narrow, select, t, unfold
from minigrad.ops.diagonals import diagonal
from minigrad.ops.dims import wrap_dim
from minigrad.ops.index import basic_index
from minigrad.ops.join import split, split_with_sizes, unbind
from minigrad.ops.naming import named
from minigrad.ops.op import composed
from minigrad.ops.shape import clone, expand, permute, squeeze, transpose, unsqueeze, view
from minigrad.ops.strided import as_strided, slice_reference, strided_reference

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _copied(part: Any, name: str) -> Any:
    return named(clone(part, memory_format="contiguous"), f"{name}Backward0_copy")


def _all_copied(parts: Any, name: str) -> Any:
    return tuple(_copied(part, name) for part in parts)


@composed(reference=np.copy)
def alias_copy(input: Tensor) -> Tensor:
    """Copy of a tensor."""
    return _copied(input, "Alias")


@alias_copy.samples
def _(make):
    yield make.sample(make(2, 3).T)
    yield make.sample(make())


@composed(reference=np.copy)
def detach_copy(input: Tensor) -> Tensor:
    """Copy of a tensor outside the graph."""
    return clone(input.detach(), memory_format="contiguous")


@detach_copy.samples
def _(make):
    yield make.sample(make(3, 2).T)


@composed(reference=strided_reference)
def as_strided_copy(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """Copy of the view that `as_strided` gives."""
    return _copied(as_strided(input, size, stride, storage_offset), "AsStrided")


@as_strided_copy.samples
def _(make):
    yield make.sample(make(6), (2, 2), (1, 2))


@composed(reference=lambda x, offset=0, dim1=0, dim2=1: np.diagonal(x, offset, dim1, dim2))
def diagonal_copy(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """Copy of a diagonal; see `diagonal`."""
    return _copied(diagonal(input, offset, dim1, dim2), "Diagonal")


@diagonal_copy.samples
def _(make):
    yield make.sample(make(3, 4))
    yield make.sample(make(2, 3, 3), 1, 1, 2)


@composed(reference=lambda x, size, *, implicit=False: np.broadcast_to(x, size))
def expand_copy(input: Tensor, size: Any, *, implicit: bool = False) -> Tensor:
    """Copy with dimensions of length 1 repeated to a size; see `Tensor.expand`."""
    return _copied(expand(input, size), "Expand")


@expand_copy.samples
def _(make):
    yield make.sample(make(3), (2, 3))


@composed(method=True, reference=lambda x, dim, start, length: np.take(x, range(start, start + length), dim))
def narrow_copy(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """Copy of ``length`` entries along a dimension; see `narrow`."""
    return named(clone(narrow(input, dim, start, length), memory_format="contiguous"), "NarrowCopyBackward0")


@narrow_copy.samples
def _(make):
    yield make.sample(make(4, 3), 0, 1, 2)


@composed(reference=np.transpose)
def permute_copy(input: Tensor, dims: Any) -> Tensor:
    """Copy with the dimensions in another order; see `permute`."""
    return _copied(permute(input, dims), "Permute")


@permute_copy.samples
def _(make):
    yield make.sample(make(2, 3, 4), (2, 0, 1))


@composed(reference=lambda x, dim, index: np.take(x, index, dim))
def select_copy(input: Tensor, dim: int, index: int) -> Tensor:
    """Copy of one entry along a dimension; see `select`."""
    return _copied(select(input, dim, index), "Select")


@select_copy.samples
def _(make):
    yield make.sample(make(2, 3), 1, -1)


@composed(reference=slice_reference)
def slice_copy(input: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Tensor:
    """Copy of the entries ``start:end:step`` along a dimension."""
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    before = (slice(None),) * wrap_dim(dim, input.dim())
    return _copied(basic_index(input, (*before, slice(start, end, step))), "Slice")


@slice_copy.samples
def _(make):
    yield make.sample(make(4, 3), 0, 1, 3)
    yield make.sample(make(2, 5), -1, None, None, 2)


@composed(reference=references.split)
def split_copy(input: Tensor, split_size: int, dim: int = 0) -> Any:
    """Copies of consecutive parts of one length; see `split`."""
    return _all_copied(split(input, split_size, dim), "Split")


@split_copy.samples
def _(make):
    yield make.sample(make(5, 2), 2)


@composed(reference=references.split)
def split_with_sizes_copy(input: Tensor, split_sizes: Any, dim: int = 0) -> Any:
    """Copies of consecutive parts of the lengths listed; see `split`."""
    return _all_copied(split_with_sizes(input, split_sizes, dim), "SplitWithSizes")


@split_with_sizes_copy.samples
def _(make):
    yield make.sample(make(5, 2), (2, 3))


@composed(reference=references.squeeze)
def squeeze_copy(input: Tensor, dim: Any = None) -> Tensor:
    """Copy without dimensions of length 1; see `squeeze`."""
    form = 0 if dim is None else 2 if isinstance(dim, (tuple, list)) else 1
    return named(clone(squeeze(input, dim), memory_format="contiguous"), f"SqueezeBackward{form}_copy")


@squeeze_copy.samples
def _(make):
    yield make.sample(make(2, 1, 3, 1))
    yield make.sample(make(2, 1), 1)


@composed(reference=np.transpose)
def t_copy(input: Tensor) -> Tensor:
    """Copy of a matrix with rows and columns exchanged; see `t`."""
    return _copied(t(input), "T")


@t_copy.samples
def _(make):
    yield make.sample(make(2, 3))


@composed(reference=np.swapaxes)
def transpose_copy(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Copy with two dimensions exchanged; see `transpose`."""
    return _copied(transpose(input, dim0, dim1), "Transpose")


@transpose_copy.samples
def _(make):
    yield make.sample(make(2, 3, 4), 0, -1)


@composed(reference=lambda x, dim=0: list(np.moveaxis(x, dim, 0)))
def unbind_copy(input: Tensor, dim: int = 0) -> Any:
    """Copies of the entries along a dimension; see `unbind`."""
    return _all_copied(unbind(input, dim), "Unbind")


@unbind_copy.samples
def _(make):
    yield make.sample(make(3, 2), 1)


@composed(reference=references.unfold)
def unfold_copy(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """Copy of the windows along a dimension; see `Tensor.unfold`."""
    return _copied(unfold(input, dimension, size, step), "Unfold")


@unfold_copy.samples
def _(make):
    yield make.sample(make(2, 5), 1, 3, 1)


@composed(reference=np.expand_dims)
def unsqueeze_copy(input: Tensor, dim: int) -> Tensor:
    """Copy with a dimension of length 1 put in; see `unsqueeze`."""
    return _copied(unsqueeze(input, dim), "Unsqueeze")


@unsqueeze_copy.samples
def _(make):
    yield make.sample(make(2, 3), -1)


@composed(reference=np.reshape)
def view_copy(input: Tensor, size: Any) -> Tensor:
    """Copy under another shape, or of the bytes as another dtype; see `Tensor.view`."""
    return _copied(view(input, size), "View")


view_copy.entry.signature.also("dtype", "size")


@view_copy.samples
def _(make):
    yield make.sample(make(2, 3), (3, 2))
