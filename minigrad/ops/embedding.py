"""Rows of a table by their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import from_numpy
from minigrad.ops.backend import array_module, is_array, kernels_of
from minigrad.ops.indices import selected
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
    if indices.dtype != np.int64 and indices.dtype != np.int32:
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"torch.{from_numpy(indices.dtype).tensor_type} instead (while checking arguments for embedding)"
        )
    return selected(weight, 0, indices)


@embedding_rows.gradient("weight")
def _(grad, indices, weight_shape, padding_idx):
    return embedding_backward(grad, indices, weight_shape[0], padding_idx)


@embedding_rows.samples
def _(make):
    yield make.sample(make(5, 3), np.array([[0, 4], [4, 1]]))
    yield make.sample(make(5, 3), np.array([0, 2, 2]), 2, gradient=False)
    yield make.sample(make(5, 3), np.array(3))
    yield make.sample(make(5, 3), np.zeros((0, 2), np.int64))


@op(namespace=None)
def embedding_backward(grad_output: Tensor, indices: Tensor, rows: int, padding_idx: int) -> Tensor:
    """Table of ``rows`` rows to which the rows of ``grad_output`` are added where they were taken from."""
    width = grad_output.shape[-1]
    flat = grad_output.reshape(-1, width)
    numbers = indices.reshape(-1).astype(np.int64, copy=False)
    return kernels_of(flat).embedding_backward(flat, numbers, rows, padding_idx)


@embedding_backward.gradient("grad_output")
def _(grad, indices, padding_idx):
    rows = embedding_rows(grad, indices)
    if padding_idx < 0:
        return rows
    kept = (_array(indices) != padding_idx).astype(_array(rows).dtype)[..., None]
    return rows * (kept if is_array(rows) else type(rows)._wrap(kept))


@embedding_backward.samples
def _(make):
    yield make.sample(make(3, 2), np.array([0, 2, 2]), 4, -1)
    yield make.sample(make(3, 2), np.array([0, 2, 2]), 4, 2)


def _array(values: Any) -> Any:
    return getattr(values, "_array", values)


def _one_hot_reference(numbers: Any, num_classes: int = -1) -> Any:
    return np.eye(numbers.max() + 1 if num_classes == -1 else num_classes, dtype=np.int64)[numbers]


@op(namespace="functional", differentiable=False, reference=_one_hot_reference)
def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """Vectors of zeros with a one at each class number.

    Parameters
    ----------
    input : Tensor of int64, shape (...)
    num_classes : int
        Length of the vectors; -1 means the largest number plus one.

    Returns
    -------
    Tensor of int64, shape (..., num_classes)

    Raises
    ------
    RuntimeError
        For what is no class number, and where the number of classes cannot be told.
    """
    if input.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if not input.size:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
    elif input.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    elif num_classes != -1 and input.max() >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    elif num_classes == -1:
        num_classes = int(input.max()) + 1
    module = array_module(input)
    out = module.zeros((input.size, num_classes), np.int64)
    out[module.arange(input.size), input.reshape(-1)] = 1
    return out.reshape((*input.shape, num_classes))


@one_hot.samples
def _(make):
    yield make.sample(np.array([0, 2, 1]))
    yield make.sample(np.array([[0, 2], [1, 1]]), 4)
    yield make.sample(np.array(3))
    yield make.sample(np.zeros((0, 2), np.int64), 3)
