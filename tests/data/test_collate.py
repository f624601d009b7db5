"""Collation: the batch that samples of each kind make."""

from __future__ import annotations

from collections import OrderedDict, UserList, defaultdict, namedtuple
from types import MappingProxyType

import numpy as np
import pytest

import minigrad
from minigrad.utils.data import default_collate, default_convert
from minigrad.utils.data._utils.collate import collate, default_collate_fn_map

Point = namedtuple("Point", ["x", "y"])


def text_of(batch):
    """Printed, which shows structure, types, dtypes and values at once."""
    return repr(batch)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([1, 2, 3], "tensor([1, 2, 3])"),
        ([True, False], "tensor([ True, False])"),
        ([1, 2.5], "tensor([1.0000, 2.5000])"),
        ([0.5, 2], "tensor([0.5000, 2.0000], dtype=torch.float64)"),
        ([np.float32(1), np.float32(2)], "tensor([1., 2.])"),
        ([np.float64(1), np.float64(2)], "tensor([1., 2.], dtype=torch.float64)"),
        ([np.int32(1), np.int32(2)], "tensor([1, 2], dtype=torch.int32)"),
        ([np.bool_(True), np.bool_(False)], "tensor([ True, False])"),
        (["a", "b"], "['a', 'b']"),
        ((b"a", b"b"), "(b'a', b'b')"),
        ([(1, 0.5), (2, 1.5)], "[tensor([1, 2]), tensor([0.5000, 1.5000], dtype=torch.float64)]"),
        ([[1, "a"], [2, "b"]], "[tensor([1, 2]), ('a', 'b')]"),
        ([Point(1, "a"), Point(2, "b")], "Point(x=tensor([1, 2]), y=('a', 'b'))"),
        ([{"a": 1, "b": [2]}, {"a": 3, "b": [4]}], "{'a': tensor([1, 3]), 'b': [tensor([2, 4])]}"),
        ([range(2), range(3, 5)], "[tensor([0, 3]), tensor([1, 4])]"),
        ([(), ()], "[]"),
    ],
)
def test_samples_of_each_kind(samples, expected):
    assert text_of(default_collate(samples)) == expected


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,), (2, 0, 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8, np.bool_, np.float16])
@pytest.mark.parametrize("count", [1, 5])
def test_arrays_and_tensors_are_stacked(shape, dtype, count):
    arrays = [(np.arange(np.prod(shape, dtype=int)) + i).reshape(shape).astype(dtype) for i in range(count)]
    expected = np.stack(arrays)
    for samples in (arrays, [minigrad.tensor(array) for array in arrays]):
        batch = default_collate(samples)
        assert isinstance(batch, minigrad.Tensor)
        assert batch.numpy().dtype == dtype
        np.testing.assert_array_equal(batch.numpy(), expected)


def test_a_batch_owns_its_memory():
    x = minigrad.zeros(3)
    batch = default_collate([x, x])
    batch += 1
    assert x.tolist() == [0, 0, 0]
    assert batch.tolist() == [[1, 1, 1]] * 2


def test_samples_that_are_not_contiguous_are_stacked():
    x = minigrad.arange(6).reshape(2, 3)
    assert default_collate([x.T, x.T]).tolist() == [x.T.tolist()] * 2
    assert default_collate([x[:, 1], x[:, 0]]).tolist() == [[1, 4], [0, 3]]
    assert default_collate([x[0:1].expand(2, 3), x]).tolist() == [[[0, 1, 2]] * 2, x.tolist()]


def test_samples_in_the_graph_stay_in_it():
    x = minigrad.ones(2, requires_grad=True)
    batch = default_collate([x * 2, minigrad.zeros(2)])
    assert batch.requires_grad
    batch.sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_samples_of_different_dtypes_are_promoted():
    batch = default_collate([minigrad.zeros(2), minigrad.ones(2, dtype=minigrad.int64)])
    assert batch.dtype == minigrad.float32
    assert default_collate([np.float32(1), np.float64(2)]).dtype == minigrad.float64


def test_samples_of_different_shapes_are_refused():
    message = r"stack expects each tensor to be equal size, but got \[2\] at entry 0 and \[3\] at entry 1"
    with pytest.raises(RuntimeError, match=message):
        default_collate([minigrad.zeros(2), minigrad.zeros(3)])
    with pytest.raises(RuntimeError, match=message):
        default_collate([np.zeros(2), np.zeros(3)])
    with pytest.raises(RuntimeError, match="each element in list of batch should be of equal size"):
        default_collate([(1, 2), (1,)])


@pytest.mark.parametrize("sample", [object(), None, {1, 2}, 1j])
def test_samples_of_unknown_types_are_refused(sample):
    with pytest.raises(TypeError, match="default_collate: batch must contain tensors, numpy arrays, numbers, dicts"):
        default_collate([sample])


def test_arrays_of_text_are_refused():
    with pytest.raises(TypeError, match="found <U1"):
        default_collate([np.array(["a"])])


def test_a_missing_key_is_an_error():
    with pytest.raises(KeyError, match="a"):
        default_collate([{"a": 1}, {"b": 1}])


def test_containers_keep_their_types():
    batch = default_collate([OrderedDict(a=1), OrderedDict(a=2)])
    assert type(batch) is OrderedDict
    counted = default_collate([defaultdict(list, a=1), defaultdict(list, a=2)])
    assert counted.default_factory is list
    assert type(default_collate([UserList([1, 2]), UserList([3, 4])])) is UserList
    assert default_collate([MappingProxyType({"a": 1}), MappingProxyType({"a": 2})])["a"].tolist() == [1, 2]


def test_collation_can_be_extended():
    class Text:
        def __init__(self, text):
            self.text = text

    def join(batch, *, collate_fn_map=None):
        return "+".join(sample.text for sample in batch)

    extended = {**default_collate_fn_map, Text: join}
    assert collate([(Text("a"), 1), (Text("b"), 2)], collate_fn_map=extended)[0] == "a+b"
    with pytest.raises(TypeError):
        default_collate([Text("a")])


def test_convert_leaves_all_but_numbers_of_numpy():
    sample = (np.array(1), [np.zeros(2)], {"a": np.float32(2)}, "s", b"x", 1, None, Point(np.array(1), 2))
    assert text_of(default_convert(sample)) == (
        "[tensor(1), [tensor([0., 0.], dtype=torch.float64)], {'a': tensor(2.)}, 's', b'x', 1, None, "
        "Point(x=tensor(1), y=2)]"
    )
    words = np.array(["a"])
    assert default_convert(words) is words
    word = np.str_("a")
    assert default_convert(word) is word
    tensor = minigrad.zeros(1)
    assert default_convert(tensor) is tensor
    assert default_convert(range(3)) == [0, 1, 2]


def test_converted_arrays_share_their_memory():
    array = np.zeros(2)
    default_convert(array)[0] = 1
    assert array.tolist() == [1, 0]
