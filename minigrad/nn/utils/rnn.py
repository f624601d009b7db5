"""Sequences of different lengths: padding them to one length, packing them for recurrent layers, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minigrad import dtypes
from minigrad.creation import as_tensor, from_numpy
from minigrad.ops.packing import packed_rows, padded_rows, side_by_side
from minigrad.ops.sort import sort
from minigrad.ranges import arange
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Fields(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Fields):
    """Sequences of different lengths without padding, as recurrent layers take and give them.

    Made by :func:`pack_padded_sequence` and :func:`pack_sequence`. The longest sequence comes first; ``data`` holds
    the first elements of all sequences, then the second ones of those that have two, and so on.

    Attributes
    ----------
    data : Tensor, shape (n, ...)
    batch_sizes : Tensor of int64, shape (longest,)
        How many sequences have an element at each step.
    sorted_indices : Tensor of int64, shape (batch,), or None
        Where each of the sorted sequences was before sorting; None where they were not sorted.
    unsorted_indices : Tensor of int64, shape (batch,), or None
        The inverse permutation.
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> Self:
        """Make one of its parts; the pair of the first two may stand for both."""
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        elif batch_sizes.device.type != "cpu":
            raise ValueError(
                "batch_sizes should always be on CPU. Instances of PackedSequence should never be created manually; "
                "pack_sequence and pack_padded_sequence of nn.utils.rnn make them."
            )
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def _map(self, function: Callable[[Tensor], Tensor]) -> Self:
        """Return the packed sequence with other data, its indices moved to where those are."""
        data = function(self.data)
        if data is self.data:
            return self
        indices = [None if each is None else each.to(data.device) for each in self[2:]]
        return type(self)(data, self.batch_sizes, *indices)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Return it with the data in another dtype or on another device (see ``Tensor.to``); itself if they are."""
        return self._map(lambda data: data.to(*args, **kwargs))

    def cuda(self, *args: Any, **kwargs: Any) -> Self:
        """Return it on a CUDA device."""
        return self._map(lambda data: data.cuda(*args, **kwargs))

    def cpu(self, *args: Any, **kwargs: Any) -> Self:
        """Return it on the CPU."""
        return self.to(*args, **{"device": "cpu", **kwargs})

    def double(self) -> Self:
        """Return it with data of float64."""
        return self.to(dtype=dtypes.float64)

    def float(self) -> Self:
        """Return it with data of float32."""
        return self.to(dtype=dtypes.float32)

    def half(self) -> Self:
        """Return it with data of float16."""
        return self.to(dtype=dtypes.float16)

    def long(self) -> Self:
        """Return it with data of int64."""
        return self.to(dtype=dtypes.int64)

    def int(self) -> Self:
        """Return it with data of int32."""
        return self.to(dtype=dtypes.int32)

    def short(self) -> Self:
        """Return it with data of int16."""
        return self.to(dtype=dtypes.int16)

    def char(self) -> Self:
        """Return it with data of int8."""
        return self.to(dtype=dtypes.int8)

    def byte(self) -> Self:
        """Return it with data of uint8."""
        return self.to(dtype=dtypes.uint8)

    @property
    def is_cuda(self) -> bool:
        """Whether the data are on a CUDA device."""
        return self.data.is_cuda


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """Return the inverse of a permutation of 0, 1, ..., n - 1; None for None."""
    if permutation is None:
        return None
    places = arange(permutation.numel(), dtype=permutation.dtype, device=permutation.device)
    return places.new_empty(permutation.shape).scatter_(0, permutation, places)


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack a batch of padded sequences.

    Parameters
    ----------
    input : Tensor, shape (length, batch, ...), or (batch, length, ...) with ``batch_first``
    lengths : Tensor or sequence of int, shape (batch,)
        On the CPU; at least 1 each.
    batch_first : bool
    enforce_sorted : bool
        Whether the lengths have to descend; otherwise the sequences are sorted here, and in the results of recurrent
        layers and of :func:`pad_packed_sequence` put back.

    Raises
    ------
    RuntimeError
        For lengths that are not positive, not sorted, or not as many as the sequences.
    """
    counts = lengths.long() if isinstance(lengths, Tensor) else as_tensor(lengths, dtype=dtypes.int64)
    sorted_indices = None
    if not enforce_sorted:
        counts, sorted_indices = sort(counts, descending=True)
        sorted_indices = sorted_indices.to(input.device)
        input = input.index_select(0 if batch_first else 1, sorted_indices)
    steps = input.transpose(0, 1) if batch_first else input
    sizes = _batch_sizes(counts, steps)
    data = packed_rows(steps, tuple(sizes.tolist()))
    return PackedSequence(data, from_numpy(sizes), sorted_indices, None)


def _batch_sizes(lengths: Tensor, steps: Tensor) -> np.ndarray[Any, Any]:
    """Return how many sequences are at least 1, 2, ... long.

    Raises
    ------
    RuntimeError
    """
    if lengths.dim() != 1 or lengths.device.type != "cpu":
        raise RuntimeError(
            f"'lengths' argument should be a 1D CPU int64 tensor, but got {lengths.dim()}D {lengths.device.type} "
            "Long tensor"
        )
    if not steps.numel():
        raise RuntimeError("Cannot pack empty tensors.")
    found = lengths.detach().numpy()
    if len(found) != steps.size(1):
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(found)} (batch_size={steps.size(1)})"
        )
    if (found <= 0).any():
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if (np.diff(found) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you "
            "do not need ONNX exportability."
        )
    return (found[:, None] > np.arange(found[0])).sum(axis=0)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Pad packed sequences to one length; the inverse of :func:`pack_padded_sequence`.

    Parameters
    ----------
    sequence : PackedSequence
    batch_first : bool
        Whether the result has the batch in front.
    padding_value : float
    total_length : int, optional
        The length to pad to, instead of the longest sequence's.

    Returns
    -------
    padded : Tensor, shape (length, batch, ...) or (batch, length, ...)
    lengths : Tensor of int64, shape (batch,)

    Raises
    ------
    ValueError
        For a total length that is too short.
    """
    sizes = sequence.batch_sizes.detach().numpy()
    length = len(sizes)
    if total_length is not None:
        if total_length < length:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in input, but got "
                f"total_length={total_length} and max sequence length being {length}"
            )
        length = total_length
    padded = padded_rows(sequence.data, tuple(sizes.tolist()), length, int(sizes[0]), padding_value)
    if batch_first:
        padded = padded.transpose(0, 1)
    lengths = from_numpy((sizes[:, None] > np.arange(sizes[0])).sum(axis=0))
    unsorted = sequence.unsorted_indices
    if unsorted is None:
        return padded, lengths
    return padded.index_select(0 if batch_first else 1, unsorted), lengths[unsorted.cpu()]


def pad_sequence(
    sequences: Tensor | Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Pad sequences of shapes ``(length, ...)`` to the longest one's length and stack them.

    Parameters
    ----------
    sequences : iterable of Tensor
    batch_first : bool
        Whether the result has the batch in front.
    padding_value : float
    padding_side : {"right", "left"}

    Returns
    -------
    Tensor, shape (length, batch, ...), or (batch, length, ...) with ``batch_first``
        Of the first sequence's dtype.

    Raises
    ------
    RuntimeError
        For no sequences, and for trailing dimensions that differ.
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    sequences = tuple(sequences)
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    for k, each in enumerate(sequences):
        if not isinstance(each, Tensor):
            raise TypeError(f"expected Tensor as element {k} in argument 0, but got {type(each).__name__}")
        if not each.dim():
            raise RuntimeError("pad_sequence: expected sequences of at least one dimension, but got a 0-d tensor")
    return side_by_side(sequences, batch_first, padding_value, padding_side == "left")


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """Take padded sequences apart; the inverse of :func:`pad_sequence`.

    Parameters
    ----------
    padded_sequences : Tensor, shape (length, batch, ...), or (batch, length, ...) with ``batch_first``
    lengths : Tensor of int64, shape (batch,)

    Returns
    -------
    list of Tensor, shapes (length, ...)
    """
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    places = arange(padded_sequences.shape[1], device=lengths.device)
    return [row[places < length] for row, length in zip(padded_sequences, lengths, strict=True)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences of shapes ``(length, ...)``; they have to descend in length, unless ``enforce_sorted`` is off."""
    lengths = as_tensor([each.size(0) for each in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """Take packed sequences apart; the inverse of :func:`pack_sequence`."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
