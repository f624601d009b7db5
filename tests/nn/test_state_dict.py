"""Saving to and loading from state dicts."""

from __future__ import annotations

import copy
from collections import OrderedDict

import numpy as np
import pytest

import minigrad as torch
from minigrad import nn


class Norm(nn.Module):
    _version = 2

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.register_parameter("bias", None)
        self.register_buffer("mean", torch.zeros(2))
        self.register_buffer("cache", torch.zeros(2), persistent=False)
        self.register_buffer("absent", None)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.ModuleList([Norm(), Norm()])
        self.head = nn.Parameter(torch.full((3,), 2.0))


KEYS = ["head", "body.0.weight", "body.0.mean", "body.1.weight", "body.1.mean"]


def test_the_keys_are_paths_in_order_of_definition():
    state = Net().state_dict()
    assert type(state) is OrderedDict
    assert list(state) == KEYS


def test_the_metadata_holds_each_modules_version():
    assert Net().state_dict()._metadata == {
        "": {"version": 1},
        "body": {"version": 1},
        "body.0": {"version": 2},
        "body.1": {"version": 2},
    }


def test_the_tensors_are_detached_and_share_memory():
    net = Net()
    state = net.state_dict()
    assert not state["head"].requires_grad
    state["head"][0] = 7.0
    assert net.head[0].item() == 7.0
    assert net.state_dict(keep_vars=True)["head"] is net.head


def test_prefix_and_destination():
    destination = OrderedDict(first=1)
    result = Net().state_dict(destination=destination, prefix="net.")
    assert result is destination
    assert list(result) == ["first", *("net." + key for key in KEYS)]
    assert not hasattr(result, "_metadata")


def test_loading_copies_the_values_into_the_same_tensors():
    source, target = Net(), Net()
    with torch.no_grad():
        source.head.fill_(5.0)
    head = target.head
    keys = target.load_state_dict(source.state_dict())
    assert repr(keys) == str(keys) == "<All keys matched successfully>"
    assert keys == ([], [])
    assert target.head is head
    assert head.tolist() == [5.0] * 3
    assert head.requires_grad


def test_loading_converts_the_dtype():
    net = Net()
    net.load_state_dict({**net.state_dict(), "head": torch.tensor([1, 2, 3])})
    assert net.head.tolist() == [1.0, 2.0, 3.0]
    assert net.head.dtype is torch.float32


def test_differences_raise_with_every_key_named():
    state = Net().state_dict()
    del state["body.0.mean"], state["head"]
    state["extra.weight"] = torch.ones(1)
    state["tail"] = torch.ones(1)
    state["body.1.mean"] = torch.ones(5)
    with pytest.raises(RuntimeError) as error:
        Net().load_state_dict(state)
    assert str(error.value) == (
        "Error(s) in loading state_dict for Net:\n"
        '\tMissing key(s) in state_dict: "head", "body.0.mean". \n'
        '\tUnexpected key(s) in state_dict: "extra.weight", "tail". \n'
        "\tsize mismatch for body.1.mean: copying a param with shape torch.Size([5]) from checkpoint, "
        "the shape in current model is torch.Size([2])."
    )


def test_without_strict_the_differences_are_returned():
    state = Net().state_dict()
    del state["head"]
    state["tail"] = torch.ones(1)
    keys = Net().load_state_dict(state, strict=False)
    assert keys.missing_keys == ["head"]
    assert keys.unexpected_keys == ["tail"]
    assert repr(keys) == "_IncompatibleKeys(missing_keys=['head'], unexpected_keys=['tail'])"


def test_a_wrong_shape_raises_without_strict_too():
    with pytest.raises(RuntimeError, match=r"size mismatch for head"):
        Net().load_state_dict({"head": torch.ones(4)}, strict=False)


def test_what_is_no_tensor_is_reported():
    with pytest.raises(
        RuntimeError, match=r'While copying the parameter named "head", expected torch.Tensor or Tensor-like'
    ):
        Net().load_state_dict({"head": np.ones(3)}, strict=False)


def test_what_is_no_mapping_is_refused():
    with pytest.raises(TypeError, match=r"Expected state_dict to be dict-like, got <class 'list'>"):
        Net().load_state_dict([1])


def test_a_tensor_of_one_element_fits_a_scalar():
    class Scalar(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("count", torch.tensor(0.0))

    module = Scalar()
    module.load_state_dict({"count": torch.tensor([3.0])})
    assert module.count.item() == 3.0


def test_assign_takes_the_tensors_over():
    net = Net()
    net.head.requires_grad_(False)
    state = {key: value.double() for key, value in Net().state_dict().items()}
    net.load_state_dict(state, assign=True)
    assert net.head.dtype is torch.float64
    assert isinstance(net.head, nn.Parameter)
    assert not net.head.requires_grad
    assert net.body[0].weight.requires_grad
    assert net.body[0].mean is state["body.0.mean"]
    state["head"][0] = 9.0
    assert net.head[0].item() == 9.0


def test_loading_leaves_the_callers_dictionary_alone():
    net = Net()
    net.register_load_state_dict_pre_hook(lambda module, state, *rest: state.pop("head"))
    state = net.state_dict()
    net.load_state_dict(state, strict=False)
    assert list(state) == KEYS


def test_extra_state_is_saved_and_loaded():
    class Counter(nn.Module):
        steps = 3

        def get_extra_state(self):
            return {"steps": self.steps}

        def set_extra_state(self, state):
            self.steps = state["steps"]

    net = nn.Sequential(Counter())
    net[0].steps = 8
    state = net.state_dict()
    assert state == {"0._extra_state": {"steps": 8}}
    other = nn.Sequential(Counter())
    other.load_state_dict(state)
    assert other[0].steps == 8
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "0._extra_state"'):
        other.load_state_dict({})
    with pytest.raises(RuntimeError, match=r'Unexpected key\(s\) in state_dict: "_extra_state"'):
        Norm().load_state_dict({"weight": torch.ones(2), "mean": torch.ones(2), "_extra_state": 1})


def test_state_dict_hooks_run_around_saving():
    net = Net()
    seen = []
    net.register_state_dict_pre_hook(lambda module, prefix, keep_vars: seen.append(("pre", prefix, keep_vars)))
    net.register_state_dict_post_hook(lambda module, state, prefix, metadata: seen.append(("post", len(state))))
    net.state_dict()
    assert seen == [("pre", "", False), ("post", 5)]


def test_a_post_hook_may_not_return_and_a_private_one_replaces():
    net = Net()
    net._register_state_dict_hook(lambda module, state, prefix, metadata: {"all": 1})
    assert net.state_dict() == {"all": 1}

    def returning(module, state, prefix, metadata):
        return state

    net.register_state_dict_post_hook(returning)
    with pytest.raises(RuntimeError, match=r"state_dict post-hook must return None"):
        net.state_dict()
    with pytest.raises(RuntimeError, match=r"Cannot register the same function"):
        net._register_state_dict_hook(returning)


def test_load_hooks_run_around_loading_and_survive_a_copy():
    net = Net()
    seen = []
    net.register_load_state_dict_pre_hook(lambda module, state, prefix, *rest: seen.append(module))
    net._register_load_state_dict_pre_hook(lambda state, prefix, *rest: seen.append(prefix))
    handle = net.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear())
    net.load_state_dict({"head": torch.ones(3)})
    assert seen == [net, ""]
    other = copy.deepcopy(net)
    seen.clear()
    other.load_state_dict({"head": torch.ones(3)})
    assert seen == [other, ""]
    handle.remove()
    with pytest.raises(RuntimeError, match=r"Missing key"):
        net.load_state_dict({"head": torch.ones(3)})


def test_a_subclass_may_change_what_is_loaded():
    class Renamed(Norm):
        def _load_from_state_dict(self, state_dict, prefix, *rest):
            if prefix + "gamma" in state_dict:
                state_dict[prefix + "weight"] = state_dict.pop(prefix + "gamma")
            super()._load_from_state_dict(state_dict, prefix, *rest)

    net = nn.Sequential(Renamed())
    net.load_state_dict({"0.gamma": torch.full((2,), 4.0), "0.mean": torch.zeros(2)})
    assert net[0].weight.tolist() == [4.0, 4.0]
