"""Joining and splitting by NumPy's names, broadcasting several tensors, and shapes taken from another tensor."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.backend import array_of, as_its_kind
from minigrad.ops.dims import wrap_dim
from minigrad.ops.join import cat, stack
from minigrad.ops.naming import named
from minigrad.ops.op import composed
from minigrad.ops.promotion import common_dtype, scalar_type
from minigrad.ops.shape import expand, reshape, view
from minigrad.ops.state import Upper

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _tensors(given: tuple[Any, ...]) -> list[Any]:
    """Return tensors passed one by one or as one sequence, as a list."""
    return list(given[0]) if len(given) == 1 and isinstance(given[0], (tuple, list)) else list(given)


@composed(method=True, reference=np.ravel)
def ravel(input: Tensor) -> Tensor:
    """The elements in row-major order as one dimension; a view where the memory allows it."""
    return named(reshape(input, (-1,)), "ViewBackward0")


@ravel.samples
def _(make):
    yield make.sample(make(2, 3))
    yield make.sample(make(3, 2).T)
    yield make.sample(make())


@composed(method=True, reference=lambda x, other: x.reshape(other.shape))
def view_as(input: Tensor, other: Tensor) -> Tensor:
    """View in the shape of another tensor."""
    return view(input, tuple(other.shape))


@view_as.samples
def _(make):
    yield make.sample(make(6), make(2, 3))


@composed(method=True, reference=lambda x, other: x.reshape(other.shape))
def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """The elements under the shape of another tensor."""
    return reshape(input, tuple(other.shape))


@reshape_as.samples
def _(make):
    yield make.sample(make(6), make(2, 3))


@composed(method=True, reference=lambda x, other: np.broadcast_to(x, other.shape))
def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """View expanded to the shape of another tensor."""
    return expand(input, tuple(other.shape))


@expand_as.samples
def _(make):
    yield make.sample(make(3), make(2, 3))


@composed(method=True, pack="size", reference=np.broadcast_to)
def broadcast_to(input: Tensor, size: Any) -> Tensor:
    """View expanded to a shape."""
    return expand(input, size)


@broadcast_to.samples
def _(make):
    yield make.sample(make(3), (2, 3))


@composed(reference=np.broadcast_arrays)
def broadcast_tensors(*tensors: Tensor) -> Any:
    """Views of all tensors expanded to their common shape, as a tuple."""
    given = _tensors(tensors)
    shape = broadcast_shapes(*(tuple(each.shape) for each in given))
    return tuple(each if each.shape == shape else expand(each, tuple(shape)) for each in given)


@broadcast_tensors.samples
def _(make):
    yield make.sample(make(3), make(2, 1))


def broadcast_shapes(*shapes: Any) -> Any:
    """Return the shape to which all the shapes broadcast.

    Parameters
    ----------
    *shapes : tuple of int, or int
        A number stands for the shape of a vector.

    Raises
    ------
    RuntimeError
        When they do not.
    """
    from minigrad.size import Size

    given = [(each,) if isinstance(each, int) else tuple(each) for each in shapes]
    common = [1] * max((len(shape) for shape in given), default=0)
    for k, shape in enumerate(given):
        for place in range(-1, -1 - len(shape), -1):
            length = shape[place]
            if length < 0:
                raise ValueError("Attempting to broadcast a dimension with negative length!")
            if length not in (1, common[place]):
                if common[place] != 1:
                    raise RuntimeError(
                        f"Attempting to broadcast a dimension of length {length} at {place}! Mismatching argument at "
                        f"index {k} had {shape}; but expected shape should be broadcastable to {common}"
                    )
                common[place] = length
    return Size(common)


def _atleast(ndim: int, given: tuple[Any, ...], lift: Any) -> Any:
    lifted = tuple(lift(each) for each in _tensors(given))
    return lifted[0] if len(given) == 1 and not isinstance(given[0], (tuple, list)) else lifted


@composed(reference=np.atleast_1d)
def atleast_1d(*tensors: Tensor) -> Any:
    """Tensors as they are, numbers as vectors of one element."""
    return _atleast(1, tensors, lambda x: x.reshape(1) if x.dim() == 0 else x)


@atleast_1d.samples
def _(make):
    yield make.sample(make())
    yield make.sample(make(2), make())


@composed(reference=np.atleast_2d)
def atleast_2d(*tensors: Tensor) -> Any:
    """Tensors with at least two dimensions; a vector becomes a row."""
    return _atleast(2, tensors, lambda x: x.reshape(1, 1) if x.dim() == 0 else x.unsqueeze(0) if x.dim() == 1 else x)


@atleast_2d.samples
def _(make):
    yield make.sample(make())
    yield make.sample(make(2), make())


def _lift_to_3d(x: Any) -> Any:
    if x.dim() == 0:
        return x.reshape(1, 1, 1)
    if x.dim() == 1:
        return x.unsqueeze(0).unsqueeze(-1)
    return x.unsqueeze(-1) if x.dim() == 2 else x


@composed(reference=np.atleast_3d)
def atleast_3d(*tensors: Tensor) -> Any:
    """Tensors with at least three dimensions; a matrix gets its new one at the end."""
    return _atleast(3, tensors, _lift_to_3d)


@atleast_3d.samples
def _(make):
    yield make.sample(make())
    yield make.sample(make(2), make(2, 3))


def _check_not_empty(name: str, tensors: Any) -> None:
    if len(tensors) == 0:
        raise RuntimeError(f"{name} expects a non-empty TensorList")


@composed(reference=np.hstack)
def hstack(tensors: Any) -> Tensor:
    """Join along the second dimension (vectors along their only one)."""
    _check_not_empty("hstack", tensors)
    lifted = [each.reshape(1) if each.dim() == 0 else each for each in tensors]
    return cat(lifted, 0 if lifted and lifted[0].dim() == 1 else 1)


@hstack.samples
def _(make):
    yield make.sample([make(2), make(3)])
    yield make.sample([make(2, 1), make(2, 3)])


@composed(aliases=("row_stack",), reference=np.vstack)
def vstack(tensors: Any) -> Tensor:
    """Join along the first dimension, vectors as rows."""
    _check_not_empty("vstack", tensors)
    if all(each.dim() == 1 and each.shape == tensors[0].shape for each in tensors):
        return named(stack(tensors), "CatBackward0")
    return cat([atleast_2d(each) for each in tensors], 0)


@vstack.samples
def _(make):
    yield make.sample([make(3), make(2, 3)])


@composed(reference=np.dstack)
def dstack(tensors: Any) -> Tensor:
    """Join along the third dimension."""
    _check_not_empty("dstack", tensors)
    return cat([atleast_3d(each) for each in tensors], 2)


@dstack.samples
def _(make):
    yield make.sample([make(3), make(3)])
    yield make.sample([make(2, 3), make(2, 3)])


@composed(reference=np.column_stack)
def column_stack(tensors: Any) -> Tensor:
    """Join along the second dimension, vectors as columns."""
    _check_not_empty("column_stack", tensors)
    return cat([each.reshape(each.numel(), 1) if each.dim() <= 1 else each for each in tensors], 1)


@column_stack.samples
def _(make):
    yield make.sample([make(3), make(3, 2)])


@composed(method=True, reference=lambda x, parts, dim=0: np.array_split(x, parts, dim))
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> Any:
    """Views of parts along a dimension: so many of nearly equal length, or cut at the indices listed."""
    if not input.dim():
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    dim = wrap_dim(dim, input.dim())
    length = input.shape[dim]
    if isinstance(indices_or_sections, Upper.Tensor):
        if indices_or_sections.dim() > 1:
            raise RuntimeError(
                "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor, "
                f"but got a tensor with {indices_or_sections.dim()} dims"
            )
        if indices_or_sections.dtype.name != "int64":
            raise RuntimeError(
                "tensor_split expected tensor_indices_or_sections to have dtype of long, but got "
                f"{scalar_type(array_of(indices_or_sections))}"
            )
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        if indices_or_sections <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {indices_or_sections}")
        size, longer = divmod(length, indices_or_sections)
        indices_or_sections = [k * size + builtins.min(k, longer) for k in range(1, indices_or_sections)]
    parts = []
    cuts = [slice(cut).indices(length)[1] for cut in indices_or_sections]
    for start, stop in zip([0, *cuts], [*cuts, length], strict=True):
        part = (slice(None),) * dim + (slice(start, builtins.max(start, stop)),)
        parts.append(input[part])
    return tuple(parts)


@tensor_split.samples
def _(make):
    yield make.sample(make(7), 3)
    yield make.sample(make(2, 6), [1, 4], dim=1)


def _split_at(name: str, input: Any, where: Any, dim: int, least: int) -> Any:
    if input.dim() < least:
        raise RuntimeError(
            f"torch.{name} requires a tensor with at least {least} dimension, but got a "
            f"tensor with {input.dim()} dimensions!"
        )
    if isinstance(where, str):
        raise TypeError(
            f"{name}() received an invalid combination of arguments - got (Tensor, str), but expected a number of "
            "parts or a sequence of indices"
        )
    if isinstance(where, int) and (where == 0 or input.shape[dim] % where):
        raise RuntimeError(
            f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension {input.shape[dim]} "
            "is not "
            f"divisible by the split_size {where}!"
        )
    return tensor_split(input, where, dim)


@composed(method=True, reference=np.hsplit)
def hsplit(input: Tensor, indices_or_sections: Any) -> Any:
    """Views of parts along the second dimension (of a vector, along its only one)."""
    return _split_at("hsplit", input, indices_or_sections, 0 if input.dim() == 1 else 1, 1)


@hsplit.samples
def _(make):
    yield make.sample(make(2, 4), 2)


@composed(method=True, reference=np.vsplit)
def vsplit(input: Tensor, indices_or_sections: Any) -> Any:
    """Views of parts along the first dimension."""
    return _split_at("vsplit", input, indices_or_sections, 0, 2)


@vsplit.samples
def _(make):
    yield make.sample(make(4, 2), 2)


@composed(method=True, reference=np.dsplit)
def dsplit(input: Tensor, indices_or_sections: Any) -> Any:
    """Views of parts along the third dimension."""
    return _split_at("dsplit", input, indices_or_sections, 2, 3)


@dsplit.samples
def _(make):
    yield make.sample(make(2, 2, 4), [1, 3])


@composed(reference=references.block_diag)
def block_diag(*tensors: Tensor) -> Tensor:
    """Matrix with the given matrices (vectors as rows) along its diagonal, 0 elsewhere."""
    for k, each in enumerate(tensors):
        if each.dim() > 2:
            raise RuntimeError(
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. Input "
                f"{k} has {each.dim()} dimensions"
            )
    matrices = [atleast_2d(each) for each in tensors]
    width = sum(each.shape[1] for each in matrices)
    dtype = common_dtype(*(array_of(each) for each in matrices))
    rows = []
    before = 0
    for each in matrices:
        height, length = each.shape
        sides = (np.zeros((height, n), dtype) for n in (before, width - before - length))
        left, right = (as_its_kind(each, side) for side in sides)
        rows.append(cat([left, each, right], 1))
        before += length
    return named(cat(rows, 0), "BlockDiagBackward0")


@block_diag.samples
def _(make):
    yield make.sample(make(2, 2), make(1, 3))


@composed(reference=references.cartesian_prod)
def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All combinations of the elements of vectors, one row each, the last varying fastest."""
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for each in tensors:
        if each.dim() != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(each.shape)}")
        if each.dtype is not tensors[0].dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    if len(tensors) == 1:
        return tensors[0]
    shape = tuple(each.shape[0] for each in tensors)
    columns = [
        expand(each.reshape([-1 if k == place else 1 for k in range(len(shape))]), shape).reshape(-1)
        for place, each in enumerate(tensors)
    ]
    return stack(columns, 1)


@cartesian_prod.samples
def _(make):
    yield make.sample(make(2), make(3))
