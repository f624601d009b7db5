"""Rows of a table looked up and reduced bag by bag."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from minigrad.creation import from_numpy
from minigrad.dtypes import int64
from minigrad.ops.embedding import embedding_rows
from minigrad.ops.naming import named
from minigrad.tensor import Tensor

from .embedding import limit_norms, scaled_by_frequency


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Return the sum, mean or maximum of rows of ``weight``, one result a bag of row numbers.

    Parameters
    ----------
    input : Tensor of int64 or int32, shape (bags, length) or (count,)
        Bags of one length, or bags one after the other.
    weight : Tensor, shape (rows, width)
    offsets : Tensor of int64 or int32, shape (bags,), optional
        Where each bag of a 1-D input starts; bags may be empty, and then give zeros.
    max_norm : float, optional
        Rows that are looked up are first scaled, in ``weight`` itself, to at most this norm.
    norm_type : float
        Which norm ``max_norm`` means.
    scale_grad_by_freq : bool
        Divide each row's gradient by how often the row occurs in ``input``.
    mode : {"sum", "mean", "max"}
    sparse : bool
        Accepted for compatibility; the gradient is always dense.
    per_sample_weights : Tensor, shape of ``input``, optional
        Factors of the rows in a sum.
    include_last_offset : bool
        Whether the last offset is the end of the last bag instead of the start of another.
    padding_idx : int, optional
        Occurrences of this row are left out.

    Returns
    -------
    Tensor, shape (bags, width)

    Raises
    ------
    NotImplementedError
        For weights of samples where bags are not sums.
    """
    if weight.dtype == int64 and input.is_floating_point():
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage `embedding_bag(weight, input, ...)` is "
            "deprecated, and should now be `embedding_bag(input, weight, ...)`.",
            stacklevel=2,
        )
        input, weight = weight, input
    _check_shapes(input, weight, offsets, per_sample_weights)
    _check_mode(mode, scale_grad_by_freq, sparse)
    if max_norm is not None:
        limit_norms(weight, input, max_norm, norm_type)
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' "
            f"(got mode='{mode}'). Please open a feature request on GitHub."
        )
    _check_dtypes(input, weight, per_sample_weights)
    if offsets is None:
        starts, include_last_offset = np.arange(input.shape[0]) * input.shape[1], False
    else:
        starts = offsets.numpy(force=True)
    rows = _used_rows(input.reshape(-1), weight, padding_idx)
    bags, count = _bags(starts, input.numel(), include_last_offset)
    factors = None if per_sample_weights is None else per_sample_weights.reshape(-1)
    used = rows >= 0
    if not used.all() or len(bags) != len(rows):
        kept = np.flatnonzero(used[: len(bags)])
        rows, bags = rows[kept], bags[kept]
        factors = None if factors is None else factors[from_numpy(kept).to(weight.device)]
    found = embedding_rows(weight, from_numpy(rows).to(weight.device))
    if scale_grad_by_freq:
        found = scaled_by_frequency(found, rows)
    if factors is not None:
        found = found * factors.unsqueeze(1)
    reduce = _largest if mode == "max" else _summed
    return named(reduce(found, bags, count, mode), "EmbeddingBagBackward0")


def _check_shapes(input: Tensor, weight: Tensor, offsets: Tensor | None, factors: Tensor | None) -> None:
    if factors is not None and input.shape != factors.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({factors.shape}) is not None, then it must have the same shape as "
            f"the input ({input.shape})"
        )
    if weight.dim() != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.dim()}")
    if input.dim() not in (1, 2):
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}")
    if input.dim() == 2 and offsets is not None:
        raise ValueError(
            "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
            f"sequences. However, found offsets of type {type(offsets)}"
        )
    if input.dim() == 1 and (offsets is None or offsets.dim() != 1):
        raise ValueError(f"offsets has to be a 1D Tensor{' but got None' if offsets is None else ''}")


def _check_mode(mode: str, scale_grad_by_freq: bool, sparse: bool) -> None:
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")


def _check_dtypes(input: Tensor, weight: Tensor, factors: Tensor | None) -> None:
    for number, word, given, known, title in (
        (1, "indices", input, ("int64", "int32"), "Long, Int"),
        (1, "weight", weight, ("float16", "float32", "float64"), "Half, BFloat16, Float, Double"),
    ):
        if given.dtype.name not in known:
            raise RuntimeError(
                f"Expected tensor for argument #{number} '{word}' to have one of the following scalar types: {title}; "
                f"but got {given.type()} instead (while checking arguments for embedding_bag)"
            )
    if factors is not None and factors.dtype != weight.dtype:
        raise RuntimeError(
            "Expected tensor for argument #1 'weight' to have the same type as tensor for argument #1 "
            f"'per_sample_weights'; but type {weight.type()} does not equal {factors.type()} (while checking arguments "
            "for embedding_bag)"
        )


def _used_rows(input: Tensor, weight: Tensor, padding_idx: int | None) -> np.ndarray[Any, Any]:
    """Return the row numbers as int64, with -1 for those that are left out; refuse what is no row."""
    length = weight.shape[0]
    rows = input.numpy(force=True).astype(np.int64)
    wrong = np.flatnonzero((rows < 0) | (rows >= length))
    if wrong.size:
        raise RuntimeError(
            f"Index {wrong[0]} of input takes value {rows[wrong[0]]} which is not in the valid range [0, {length})"
        )
    if padding_idx is not None:
        if not -length <= padding_idx < length:
            raise RuntimeError(
                f"padding_idx must be within the number of embeddings, {-length} through {length - 1}, but got "
                f"{padding_idx}"
            )
        rows[rows == padding_idx % length] = -1
    return rows


def _bags(starts: Any, length: int, include_last: bool) -> tuple[np.ndarray[Any, Any], int]:
    """Return the bag of each row number before the last bag's end, and how many bags there are."""
    if len(starts) and starts[0] != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, "
            f"got {starts[0]}"
        )
    if len(starts) and starts[-1] > length:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {length} but got offsets[-1] of {starts[-1]}"
        )
    if include_last:
        length, starts = int(starts[-1]), starts[:-1]
    return np.searchsorted(starts, np.arange(length), side="right") - 1, len(starts)


def _summed(found: Tensor, bags: Any, count: int, mode: str) -> Tensor:
    total = found.new_zeros((count, found.shape[1])).index_add(0, from_numpy(bags).to(found.device), found)
    if mode == "sum":
        return total
    lengths = np.maximum(np.bincount(bags, minlength=count), 1).astype(found.dtype.numpy)
    return total / from_numpy(lengths[:, None]).to(total.device)


def _largest(found: Tensor, bags: Any, count: int, mode: str) -> Tensor:
    """Return the largest entry of each column of each bag; the first of equals gets the gradient."""
    full, firsts = np.unique(bags, return_index=True)
    zeros = found.new_zeros((count, found.shape[1]))
    if not len(full):
        return zeros + found.sum(0)
    values = found.numpy(force=True)
    largest = np.maximum.reduceat(values, firsts, axis=0)
    lengths = np.diff(firsts, append=len(bags))
    places = np.where(values == np.repeat(largest, lengths, axis=0), np.arange(len(bags))[:, None], len(bags) - 1)
    winners = np.minimum.reduceat(places, firsts, axis=0)
    indices, rows = from_numpy(full).to(found.device), from_numpy(winners).to(found.device)
    return zeros.index_copy(0, indices, found.gather(0, rows))
