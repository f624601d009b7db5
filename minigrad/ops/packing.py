"""Sequences of different lengths in one tensor: padded to the longest, or packed without padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.errors import broadcast_error
from minigrad.ops.op import op

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _packed_reference(x: Any, sizes: Any) -> Any:
    return np.concatenate([x[t, :rows] for t, rows in enumerate(sizes)])


@op(namespace=None, node="PackPaddedSequenceBackward0", reference=_packed_reference)
def packed_rows(input: Tensor, sizes: tuple[int, ...]) -> Tensor:
    """The first ``sizes[t]`` of a batch at each step ``t``, one after another.

    Parameters
    ----------
    input : Tensor, shape (length, batch, ...)
    sizes : tuple of int
        Descending; steps beyond the input's length are left out.
    """
    return np.concatenate([step[:rows] for step, rows in zip(input, sizes, strict=False)])


@packed_rows.gradient
def _(grad, input_shape, sizes):
    return padded_rows(grad, sizes, input_shape[0], input_shape[1], 0)


@packed_rows.samples
def _(make):
    yield make.sample(make(3, 2, 4), (2, 2, 1))
    yield make.sample(make(4, 3), (3, 1))


def _padded_reference(x: Any, sizes: Any, length: int, batch: int, value: float) -> Any:
    out = np.full((length, batch, *x.shape[1:]), value, x.dtype)
    for t, rows in enumerate(sizes):
        out[t, :rows], x = x[:rows], x[rows:]
    return out


@op(namespace=None, node="torch::autograd::CopySlices", reference=_padded_reference)
def padded_rows(input: Tensor, sizes: tuple[int, ...], length: int, batch: int, value: float) -> Tensor:
    """The inverse of `packed_rows`: ``value`` wherever no row belongs.

    Returns
    -------
    Tensor, shape (length, batch, ...)
    """
    out = np.full_like(input, value, shape=(length, batch, *input.shape[1:]))
    start = 0
    for t, rows in enumerate(sizes[:length]):
        out[t, :rows] = input[start : start + rows]
        start += rows
    return out


@padded_rows.gradient
def _(grad, sizes):
    return packed_rows(grad, sizes)


@padded_rows.samples
def _(make):
    yield make.sample(make(5, 4), (2, 2, 1), 3, 2, 0.0)
    yield make.sample(make(4), (3, 1), 4, 3, -1.5)


def _side_by_side_reference(sequences: Any, batch_first: bool, value: float, on_left: bool) -> Any:
    longest = max(len(each) for each in sequences)
    gaps = [np.full((longest - len(each), *each.shape[1:]), value) for each in sequences]
    pairs = [(gap, each) if on_left else (each, gap) for gap, each in zip(gaps, sequences, strict=True)]
    return np.stack([np.concatenate(pair) for pair in pairs], 0 if batch_first else 1)


@op(namespace=None, node="torch::autograd::CopySlices", reference=_side_by_side_reference)
def side_by_side(sequences: Sequence[Tensor], batch_first: bool, value: float, on_left: bool) -> Tensor:
    """Sequences of shapes ``(length, ...)`` as one tensor, each padded with ``value`` to the longest one's length.

    Returns
    -------
    Tensor, shape (batch, longest, ...) or (longest, batch, ...)
    """
    first = sequences[0]
    longest = max(len(each) for each in sequences)
    out = np.full_like(first, value, shape=(len(sequences), longest, *first.shape[1:]))
    for row, each in zip(out, sequences, strict=True):
        part = row[longest - len(each) :] if on_left else row[: len(each)]
        if each.ndim > part.ndim:
            raise broadcast_error(ValueError("could not broadcast"), (part, each))
        part[...] = each
    return out if batch_first else np.swapaxes(out, 0, 1).copy()


@side_by_side.gradient
def _(grad, sequences_shape, batch_first, on_left):
    longest = grad.shape[1 if batch_first else 0]
    rows = (grad[k] if batch_first else grad[:, k] for k in range(len(sequences_shape)))
    return [
        row[longest - shape[0] :] if on_left else row[: shape[0]]
        for row, shape in zip(rows, sequences_shape, strict=True)
    ]


@side_by_side.samples
def _(make):
    for batch_first, on_left in ((False, False), (True, True)):
        yield make.sample([make(2, 3), make(4, 3), make(1, 3)], batch_first, -1.0, on_left)
    yield make.sample([make(2), make(0)], True, 0.0, False)
