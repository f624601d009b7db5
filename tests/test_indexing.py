"""Reading and writing ``x[index]``: as NumPy does, and by PyTorch's rules where the two part."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as torch

VALUES = np.arange(60, dtype=np.float32).reshape(3, 4, 5)

BASIC = [
    0, -1, slice(1, 3), slice(None, None, 2), None, Ellipsis, (), (1, 2), (1, 2, 3), (Ellipsis, 0), (0, Ellipsis, 1),
    (None, 0, None), (slice(None), -1), (slice(5, 9),), (slice(None), None, slice(1, None, 3)), (Ellipsis, None),
    (np.int64(1), slice(None), np.int32(-2)), (slice(-2, None), slice(None, -1), slice(1, 4, 2)),
]  # fmt: skip

ADVANCED = [
    [0, 2], [[0, 1]], np.array([2, 0, 0]), ([0, 2], [1, 3]), ([[0], [2]], [1, 3]), (slice(None), [0, 3]), range(2),
    ([0, 1], slice(None), [2, 3]), (Ellipsis, [0, 4]), (None, [0, 1]), VALUES > 30, VALUES[:, :, 0] > 20,
    [True, False, True], (slice(None), VALUES[0] > 10), ([True, False, True], [0, 3]), [], np.array([], dtype=np.int64),
    VALUES > 100,
]  # fmt: skip


def _as_tensor_index(index):
    """Return an index with its lists and arrays as tensors."""
    if isinstance(index, tuple):
        return tuple(_as_tensor_index(each) for each in index)
    return torch.tensor(np.asarray(index)) if isinstance(index, (list, np.ndarray)) and len(index) else index


def _numpy_index(index):
    """Return an index as NumPy reads it: its lists of lists are arrays, and an empty list counts as integers."""
    if isinstance(index, list):
        return np.asarray(index, dtype=bool if index and isinstance(index[0], bool) else np.int64)
    return index


@pytest.mark.parametrize("index", BASIC, ids=repr)
def test_basic_indices_give_views(index):
    x = torch.from_numpy(VALUES.copy())
    part = x[index]
    np.testing.assert_array_equal(part.numpy(), VALUES[index])
    part += 100
    assert (x.numpy() >= 100).sum() == part.numel()


@pytest.mark.parametrize("index", ADVANCED, ids=lambda index: repr(index)[:40])
def test_advanced_indices_give_copies(index):
    expected = VALUES[_numpy_index(index)]
    x = torch.from_numpy(VALUES.copy())
    for each in (index, _as_tensor_index(index)):
        if isinstance(index, list) and isinstance(each, list) and index and isinstance(index[0], list):
            continue  # a list of lists is read as a tuple, as PyTorch does
        part = x[each]
        np.testing.assert_array_equal(part.numpy(), expected)
        part += 100
        np.testing.assert_array_equal(x.numpy(), VALUES)


@pytest.mark.parametrize("index", [*BASIC, *ADVANCED], ids=lambda index: repr(index)[:40])
def test_gradients_of_reading_and_writing(index):
    plain = _numpy_index(index)
    x = torch.from_numpy(VALUES.copy()).requires_grad_()
    part = x[_as_tensor_index(index)]
    (part * 2).sum().backward()
    expected = np.zeros_like(VALUES)
    np.add.at(expected, plain, 2)
    np.testing.assert_array_equal(x.grad.numpy(), expected)

    value = torch.full(part.shape, 3.0, requires_grad=True)
    y = x.detach().requires_grad_() * 1
    y[_as_tensor_index(index)] = value
    assert (y[_as_tensor_index(index)] == 3).all()
    y.sum().backward()
    assert value.grad.sum() == value.numel()


@pytest.mark.parametrize("index", [*BASIC, *ADVANCED], ids=lambda index: repr(index)[:40])
def test_writing_numbers_and_broadcast_values(index):
    plain = _numpy_index(index)
    for value in (7, 2.5, np.arange(5, dtype=np.float32)):
        expected = VALUES.copy()
        if np.ndim(value) and (expected[plain].ndim == 0 or expected[plain].shape[-1] != 5):
            continue
        expected[plain] = value
        x = torch.from_numpy(VALUES.copy())
        x[_as_tensor_index(index)] = torch.from_numpy(value) if np.ndim(value) else value
        np.testing.assert_array_equal(x.numpy(), expected)


def test_integers_beside_arrays_keep_their_places():
    x = torch.from_numpy(VALUES)
    assert x[0, :, [1, 2]].shape == (4, 2)  # NumPy gives (2, 4)
    assert x[[0, 1], :, 0].shape == (2, 4)
    assert x[:, [0, 1], 0].shape == (3, 2)


def test_a_zero_dimensional_integer_tensor_is_an_integer():
    x = torch.arange(5.0)
    part = x[torch.tensor(2)]
    part += 10
    assert x.tolist() == [0.0, 1.0, 12.0, 3.0, 4.0]


def test_bool_scalars_add_a_dimension():
    x = torch.arange(3.0)
    assert x[True].shape == (1, 3)
    assert x[False].shape == (0, 3)
    x[False] = 7
    assert x.tolist() == [0.0, 1.0, 2.0]
    x[True] = 7
    assert x.tolist() == [7.0, 7.0, 7.0]


def test_byte_tensors_are_masks():
    assert torch.arange(3)[torch.tensor([1, 0, 1], dtype=torch.uint8)].tolist() == [0, 2]


def test_values_are_cast_to_the_target():
    x = torch.zeros(3, dtype=torch.int64)
    x[0] = 2.9
    x[1:] = torch.tensor([1.5, -1.5])
    assert x.tolist() == [2, 1, -1]
    with pytest.raises(RuntimeError, match="Index put requires the source and destination dtypes match"):
        x[[0, 1]] = torch.tensor([1.5, 2.5])


def test_leading_dimensions_of_length_one_are_dropped():
    x = torch.zeros(2, 3)
    x[0] = torch.ones(1, 1, 3)
    x[torch.tensor([False, True])] = torch.full((1, 1, 1, 3), 2.0)
    assert x.tolist() == [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]


REFUSED = {
    "too large": ((5,), IndexError, "index 5 is out of bounds for dimension 0 with size 3"),
    "too small": ((0, -5), IndexError, "index -5 is out of bounds for dimension 1 with size 4"),
    "in an array": (([0, 3],), IndexError, "index 3 is out of bounds for dimension 0 with size 3"),
    "too many": ((0, 0, 0, 0), IndexError, "too many indices for tensor of dimension 3"),
    "negative step": (slice(None, None, -1), ValueError, "step must be greater than zero"),
    "no step": (slice(None, None, 0), ValueError, "step must be greater than zero"),
    "mask": (torch.ones(4, dtype=torch.bool), IndexError, r"The shape of the mask \[4\] at index 0 does not match"),
    "float tensor": (torch.ones(2), IndexError, "tensors used as indices must be long, int, byte or bool tensors"),
    "shapes": (([0, 1], [0, 1, 2]), IndexError, "could not be broadcast together"),
    "float": (1.0, IndexError, "only integers, slices"),
    "ragged": (([[0], [1, 2]],), IndexError, "rows of one length"),
}


@pytest.mark.parametrize(("index", "error", "match"), REFUSED.values(), ids=REFUSED)
def test_wrong_indices_raise(index, error, match):
    x = torch.zeros(3, 4, 5)
    with pytest.raises(error, match=match):
        x[index]
    with pytest.raises(error, match=match):
        x[index] = 1.0
    assert x.sum() == 0


def test_an_index_of_a_number_says_how_to_get_it():
    with pytest.raises(IndexError, match=r"invalid index of a 0-dim tensor. Use `tensor.item"):
        torch.tensor(1.0)[0]


def test_values_that_do_not_fit_raise():
    x = torch.zeros(3, 4)
    for index in (0, torch.tensor([0, 1]), x == 0):
        with pytest.raises(RuntimeError, match=r"shape mismatch: value tensor of shape \[7\] cannot be broadcast"):
            x[index] = torch.ones(7)
