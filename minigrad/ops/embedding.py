"""Rows of a table by their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import kernels_of
from minigrad.ops.op import op

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


@op(namespace=None, name="embedding_rows", node="EmbeddingBackward0", reference=lambda w, i, padding_idx=-1: w[i])
def embedding_rows(weight: Tensor, indices: Tensor, padding_idx: int = -1) -> Tensor:
    """Rows of ``weight`` numbered by ``indices``; the row ``padding_idx`` gets no gradient (if it is >= 0).

    Parameters
    ----------
    weight : Tensor, shape (rows, width)
    indices : Tensor of int64 or int32

    Returns
    -------
    Tensor, shape (*indices.shape, width)

    Raises
    ------
    IndexError
        For a number that is no row.
    """
    if weight.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    if indices.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{indices.dtype.name} instead (while checking arguments for embedding)"
        )
    if indices.size and (indices.min() < 0 or indices.max() >= len(weight)):
        raise IndexError("index out of range in self")
    return weight[indices]


@embedding_rows.gradient("weight")
def _(grad, indices, weight_shape, padding_idx):
    return embedding_backward(grad, indices, weight_shape[0], padding_idx)


@embedding_rows.samples
def _(make):
    yield make.sample(make(5, 3), np.array([[0, 4], [4, 1]]))
    yield make.sample(make(5, 3), np.array([0, 2, 2]), 2)
    yield make.sample(make(5, 3), np.array(3))
    yield make.sample(make(5, 3), np.zeros((0, 2), np.int64))


@op(namespace=None)
def embedding_backward(grad_output: Tensor, indices: Tensor, rows: int, padding_idx: int) -> Tensor:
    """Table of ``rows`` rows to which the rows of ``grad_output`` are added where they were taken from."""
    width = grad_output.shape[-1]
    flat = grad_output.reshape(-1, width)
    return kernels_of(flat).embedding_backward(flat, indices.reshape(-1).astype(np.int64, copy=False), rows, padding_idx)


@embedding_backward.gradient("grad_output")
def _(grad, indices, padding_idx):
    rows = embedding_rows(grad, indices)
    if padding_idx < 0:
        return rows
    kept = (_array(indices) != padding_idx).astype(_array(rows).dtype)[..., None]
    return rows * (kept if isinstance(rows, np.ndarray) else type(rows)._wrap(kept))


@embedding_backward.samples
def _(make):
    yield make.sample(make(3, 2), np.array([0, 2, 2]), 4, -1)
    yield make.sample(make(3, 2), np.array([0, 2, 2]), 4, 2)


def _array(values: Any) -> Any:
    return getattr(values, "_array", values)
