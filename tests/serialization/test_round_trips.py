"""What comes back from a file, a pickle or a copy."""

from __future__ import annotations

import copy
import io
import pickle
from collections import Counter, OrderedDict

import numpy as np
import pytest

import minigrad
from minigrad import nn, optim
from minigrad.memory import place, view_of
from minigrad.serialization import load
from tests.serialization.files import again, entries, grid, saved, written_by_pytorch


@pytest.mark.parametrize("name", ["zip", "legacy"])
def test_files_of_pytorch_are_read(name):
    found = load(io.BytesIO(written_by_pytorch(name)))
    assert repr(found["x"]) == "tensor([[0., 1., 2.],\n        [3., 4., 5.]])"
    assert found["t"].stride() == (1, 3)
    found["x"][1, 0] = 9
    assert found["row"][0].item() == found["t"][0, 1].item() == 9
    assert type(found["model"]["weight"]) is nn.Parameter
    assert found["model"]["weight"].tolist() == [[1.5, -2.0]]
    assert found["model"]._metadata == {"": {"version": 1}}
    assert repr(found["model"]["steps"]) == "tensor(3)"
    assert (found["size"], found["dtype"], found["device"]) == (
        minigrad.Size([2, 3]),
        minigrad.float16,
        minigrad.device("cpu"),
    )
    assert found["bytes"] == b"\xff"
    assert found["plain"] == [1, 2.5, "a", None, True, {1}, 1j]
    assert found["mask"].tolist() == [True, False]
    assert repr(found["half"]) == "tensor([0.5000], dtype=torch.float16)"
    assert found["empty"].shape == (0, 3)


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, -(2**70), 2.5, 1j, "text", b"\xff\x00", bytearray(b"ab"), [1, [2]], (1, (2,)), {"a": {"b": 1}},
        {1, 2}, OrderedDict(a=1, b=2), Counter("aab"), minigrad.Size([2, 3]), minigrad.float16, minigrad.bool,
        minigrad.device("cpu"),
    ],
    ids=repr,
)  # fmt: skip
def test_plain_values_come_back(value):
    found = again({"key": value})["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("dtype", minigrad.dtypes.ALL, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1,), (2, 3)], ids=str)
def test_tensors_of_every_dtype_and_shape_come_back(dtype, shape):
    tensor = minigrad.tensor(np.ones(shape, dtype.numpy))
    found = again(tensor)
    assert (found.dtype, found.shape) == (dtype, shape)
    assert found.tolist() == tensor.tolist()


def test_tensors_come_back_as_leaves_that_know_whether_they_want_gradients():
    leaf = minigrad.ones(2, requires_grad=True)
    (leaf * 2).sum().backward()
    found = again({"leaf": leaf, "result": leaf * 2, "plain": minigrad.ones(2)})
    assert [found[name].requires_grad for name in found] == [True, True, False]
    assert all(found[name].is_leaf for name in found)
    assert found["leaf"].grad is None


def test_shared_memory_is_written_once_and_shared_again():
    x = grid()
    data = saved([x, x[1], x.permute(1, 0), x])
    assert sum("/data/" in name for name in entries(data)) == 1
    found, row, transposed, same = load(io.BytesIO(data))
    found[1, 0] = 9
    assert row[0].item() == transposed[0, 1].item() == 9
    assert transposed.stride() == (1, 3)
    assert same is found


def test_a_write_to_one_loaded_view_is_noticed_by_the_graph_of_another():
    x = grid()
    found, row = again([x, x[1]])
    weight = minigrad.ones(2, 3, requires_grad=True)
    loss = (weight * found).sum()
    row.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("order", [[0, 1], [1, 0], [1, 2], [2, 1], [1], [1, 2, 0]], ids=str)
def test_of_a_large_storage_only_what_is_in_use_is_written(order):
    large = minigrad.tensor(np.arange(100000, dtype=np.float32))
    tensors = [large, large[10:20], large[15:40:5]]
    data = saved([tensors[k] for k in order])
    assert len(data) > 400000 if 0 in order else len(data) < 4000
    found = load(io.BytesIO(data))
    assert [each.tolist() for each in found] == [tensors[k].tolist() for k in order]
    found[-1][...] = -1
    assert all(-1 in each.tolist() for each in found)


def test_arrays_that_pytorch_cannot_describe_are_copied():
    backwards = minigrad.Tensor._wrap(np.arange(4.0)[::-1])
    assert again(backwards).tolist() == [3.0, 2.0, 1.0, 0.0]
    assert again(backwards).stride() == (1,)


def test_tensors_of_different_dtypes_on_one_memory_are_refused():
    array = np.ones(4, np.float32)
    with pytest.raises(RuntimeError, match=r"view the same data as different types: torch\.float32 and torch\.int32"):
        saved([minigrad.from_numpy(array), minigrad.from_numpy(array.view(np.int32))])


def test_parameters_buffers_and_attributes_come_back():
    parameter = nn.Parameter(minigrad.ones(2), requires_grad=False)
    noted = nn.Parameter(minigrad.ones(2))
    noted.note = [1]
    tensor = minigrad.ones(2)
    tensor.note = "mine"
    found = again([parameter, noted, tensor, nn.Buffer(minigrad.ones(2))])
    assert [type(each) for each in found] == [nn.Parameter, nn.Parameter, minigrad.Tensor, minigrad.Tensor]
    assert [each.requires_grad for each in found] == [False, True, False, False]
    assert (found[1].note, found[2].note) == ([1], "mine")


class TwoLayers(nn.Module):
    """A module whose layers share a weight."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(minigrad.ones(2, 2))
        self.tied = self.weight
        self.register_buffer("steps", minigrad.tensor(3))


def test_state_dicts_of_modules_and_optimizers_come_back():
    module = TwoLayers()
    optimizer = optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
    (module.weight * 2).sum().backward()
    optimizer.step()
    found = again({"model": module.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3})
    assert list(found["model"]) == list(module.state_dict())
    assert found["model"]._metadata == module.state_dict()._metadata
    assert repr(found["optimizer"]) == repr(optimizer.state_dict())
    fresh = TwoLayers()
    fresh.load_state_dict(found["model"])
    assert fresh.weight.tolist() == module.weight.tolist()
    assert again(module.state_dict())["tied"].data_ptr() != 0


def test_whole_modules_come_back_when_the_file_is_trusted():
    module = TwoLayers()
    with pytest.raises(
        pickle.UnpicklingError, match=r"Unsupported global: GLOBAL .*TwoLayers was not an allowed global"
    ):
        again(module)
    found = again(module, weights_only=False)
    assert type(found) is TwoLayers
    assert found.tied is found.weight
    assert repr(found.state_dict()) == repr(module.state_dict())


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_tensors_can_be_pickled_without_save(protocol):
    tensor = grid()[:, 1:]
    tensor.requires_grad_()
    tensor.note = "mine"
    found = pickle.loads(pickle.dumps(tensor, protocol))
    assert (found.tolist(), found.requires_grad, found.note) == (tensor.tolist(), True, "mine")
    parameter = pickle.loads(pickle.dumps(nn.Parameter(grid()), protocol))
    assert type(parameter) is nn.Parameter
    assert parameter.tolist() == grid().tolist()


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_that_save_may_use_can_be_loaded(protocol):
    obj = {"x": grid(), "part": grid()[:, 1], "y": [1, "ä", b"\xff", {2}, minigrad.Size([2])]}
    assert repr(load(io.BytesIO(saved(obj, pickle_protocol=protocol)))) == repr(obj)


def test_deep_copies_share_what_the_originals_shared():
    x = grid()
    x.requires_grad_()
    (x * 2).sum().backward()
    x.note = [1]
    twin, row, plain = copy.deepcopy([x, x.detach()[1], x])
    assert plain is twin
    assert twin.note == [1]
    assert twin.note is not x.note
    assert twin.grad.tolist() == x.grad.tolist()
    assert twin.grad is not x.grad
    with minigrad.no_grad():
        twin[1, 0] = 9
    assert row[0].item() == 9
    assert x[1, 0].item() == 3


def test_the_result_of_an_operation_cannot_be_deep_copied():
    with pytest.raises(RuntimeError, match=r"Only Tensors created explicitly by the user .* made by MulBackward0"):
        copy.deepcopy(minigrad.ones(2, requires_grad=True) * 2)


ARRAY = np.arange(60, dtype=np.float32).reshape(3, 4, 5)


@pytest.mark.parametrize(
    ("array", "shares"),
    [
        (ARRAY, True), (ARRAY.T, True), (ARRAY[1:, ::2, 1:], True), (ARRAY[1, 2, 3, ...], True), (ARRAY[::-1], False),
        (ARRAY[::-1][:1], True), (np.broadcast_to(ARRAY[:, :1], (3, 4, 5)), True), (ARRAY.astype(">f4"), False),
        (np.lib.stride_tricks.as_strided(ARRAY, (5, 5), (4, 4)), True), (np.asfortranarray(ARRAY)[1:], True),
        (np.frombuffer(b"x" * 21, np.float32, 5, 1), True), (ARRAY[:0], False), (ARRAY.view(np.int32)[1:], True),
        (np.frombuffer(b"x" * 21, np.uint8)[1:].view(np.float32), False),
    ],
)  # fmt: skip
def test_the_place_of_an_array_gives_the_array_back(array, shares):
    memory, offset, strides = place(array)
    found = view_of(memory, offset, array.shape, strides)
    np.testing.assert_array_equal(found, array)
    assert np.shares_memory(found, array) is shares
