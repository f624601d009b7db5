"""Picking and placing elements by a mask, and where elements are not 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.backend import array_of
from minigrad.ops.errors import common_shape
from minigrad.ops.index import advanced_index_backward
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.shape import broadcast

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


@op(method=True, reference=references.masked_select)
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """Elements of the input where the mask is true, as a vector; the two broadcast."""
    if mask.dtype != np.bool_:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    if input.shape != mask.shape or not input.ndim:
        input, mask = (each.reshape(each.shape or (1,)) for each in np.broadcast_arrays(input, mask))
    return input[mask]


@masked_select.gradient("input")
def _(grad, input_shape, mask):
    shape = common_shape(input_shape, mask.shape)
    return advanced_index_backward(grad, shape, (broadcast(array_of(mask), shape),))


@masked_select.samples
def _(make):
    yield make.sample(make(2, 3), make.booleans(2, 3))
    yield make.sample(make(2, 3), make.booleans(3))
    yield make.sample(make(3), make.booleans(2, 3))


@composed(method=True, inplace=True, reference=references.masked_scatter)
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """Copy of the input with the elements where the mask is true replaced, in order, by those of ``source``."""
    if mask.dtype.name != "bool":
        raise RuntimeError(f"masked_scatter_ only supports boolean masks, but got mask with dtype {mask.dtype}")
    shape = np.broadcast_shapes(tuple(input.shape), tuple(mask.shape))
    mask = mask.expand(shape)
    count = int(mask.sum())
    if source.numel() < count:
        raise RuntimeError(
            f"masked_scatter: expected self to have at least {count} elements in source, got {source.numel()}"
        )
    out = input.expand(shape).clone(memory_format="contiguous")
    out[mask] = source.reshape(-1)[:count]
    return named(out, "MaskedScatterBackward0")


@masked_scatter.samples
def _(make):
    yield make.sample(make(2, 3), np.array([[True, False, True], [False, True, False]]), make(5))


@op(method=True, differentiable=False, reference=lambda x: np.argwhere(x))
def argwhere(input: Tensor) -> Tensor:
    """Indices of the elements that are not 0, one row each, in row-major order."""
    if not input.ndim:
        return np.zeros((int(input != 0), 0), np.int64)
    return np.argwhere(input).astype(np.int64, copy=False)


@argwhere.samples
def _(make):
    yield make.sample(make.integers(2, 3, high=2))
    yield make.sample(make.booleans(4))


@composed(method=True, reference=lambda x, *, as_tuple=False: np.nonzero(x) if as_tuple else np.argwhere(x))
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """Indices of the elements that are not 0, one row each; as one tensor a dimension with ``as_tuple``."""
    if not as_tuple:
        return argwhere(input)
    rows = argwhere(input.reshape(1) if input.dim() == 0 else input)
    return tuple(rows[:, k] for k in range(rows.shape[1]))


@nonzero.samples
def _(make):
    yield make.sample(make.integers(2, 3, high=2))
    yield make.sample(make.integers(2, 3, high=2), as_tuple=True)
