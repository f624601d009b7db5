"""Padding and packing sequences of different lengths."""

from __future__ import annotations

import copy
import pickle

import pytest

import minigrad as torch
from minigrad.nn.utils import rnn

SEQUENCES = [torch.arange(2.0), torch.arange(10.0, 14.0), torch.arange(20.0, 21.0)]


def test_padding_on_either_side():
    assert rnn.pad_sequence(SEQUENCES, batch_first=True, padding_value=-1).tolist() == [
        [0, 1, -1, -1],
        [10, 11, 12, 13],
        [20, -1, -1, -1],
    ]
    on_the_left = rnn.pad_sequence(SEQUENCES, padding_side="left")
    assert on_the_left.tolist() == [[0, 10, 0], [0, 11, 0], [0, 12, 0], [1, 13, 20]]


def test_packing_takes_the_longest_first_and_goes_step_by_step():
    packed = rnn.pack_sequence(SEQUENCES, enforce_sorted=False)
    assert packed.data.tolist() == [10, 0, 20, 11, 1, 12, 13]
    assert packed.batch_sizes.tolist() == [3, 2, 1, 1]
    assert packed.sorted_indices.tolist() == [1, 0, 2]
    assert packed.unsorted_indices.tolist() == [1, 0, 2]


def test_unpacking_undoes_packing():
    packed = rnn.pack_sequence(SEQUENCES, enforce_sorted=False)
    assert [each.tolist() for each in rnn.unpack_sequence(packed)] == [each.tolist() for each in SEQUENCES]
    padded, lengths = rnn.pad_packed_sequence(packed, padding_value=9, total_length=5)
    assert padded.shape == (5, 3)
    assert lengths.tolist() == [2, 4, 1]
    assert [each.tolist() for each in rnn.unpad_sequence(padded, lengths)] == [each.tolist() for each in SEQUENCES]
    assert padded.shape == (5, 3)


def test_gradients_find_their_sequences():
    leaves = [torch.ones(n, 2, requires_grad=True) for n in (3, 1)]
    padded, _ = rnn.pad_packed_sequence(rnn.pack_sequence(leaves))
    (padded * torch.arange(12.0).reshape(3, 2, 2)).sum().backward()
    assert leaves[0].grad.tolist() == [[0, 1], [4, 5], [8, 9]]
    assert leaves[1].grad.tolist() == [[2, 3]]


def test_packed_sequences_convert_copy_and_pickle():
    packed = rnn.pack_sequence(SEQUENCES, enforce_sorted=False)
    assert packed.cpu() is packed
    assert packed.float() is packed
    assert not packed.is_cuda
    assert packed.double().data.dtype == torch.float64
    assert packed.to(torch.int32).unsorted_indices.dtype == torch.int64
    data, sizes, _, unsorted = packed
    assert data is packed.data
    assert sizes is packed.batch_sizes
    assert unsorted is packed.unsorted_indices
    for other in (copy.deepcopy(packed), pickle.loads(pickle.dumps(packed))):
        assert type(other) is rnn.PackedSequence
        assert torch.equal(other.data, packed.data)
        assert torch.equal(other.unsorted_indices, packed.unsorted_indices)


def test_a_permutation_and_its_inverse():
    order = torch.tensor([2, 0, 3, 1])
    assert rnn.invert_permutation(order).tolist() == [1, 3, 0, 2]
    assert rnn.invert_permutation(None) is None


@pytest.mark.parametrize("lengths", [[2, 5], [5, 0], [[5, 4]], [5]])
def test_lengths_that_do_not_fit_are_refused(lengths):
    with pytest.raises(RuntimeError, match=r"length|len"):
        rnn.pack_padded_sequence(torch.zeros(5, 2), lengths)
