"""Module: what acts on all of it, lookup by path, copies, the order of the walk."""

from __future__ import annotations

import copy
import pickle

import pytest

import minigrad as torch
from minigrad import nn
from tests.nn.nets import Leaf, Net, assert_consistent


def test_apply_visits_children_first():
    seen = []
    net = Net()
    assert net.apply(lambda module: seen.append(type(module).__name__)) is net
    assert seen == ["Identity", "Leaf", "Sequential", "Net"]


def test_train_and_eval_set_the_mode_below_too():
    net = Net()
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    net.train()
    assert all(module.training for module in net.modules())
    with pytest.raises(ValueError, match=r"training mode is expected to be boolean"):
        net.train(1)


def test_requires_grad_freezes_all_parameters():
    net = Net().requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad(set_to_none):
    net = Net()
    net(torch.ones(2, 3)).sum().backward()
    assert net.weight.grad is not None
    net.zero_grad(set_to_none=set_to_none)
    if set_to_none:
        assert net.weight.grad is None
    else:
        assert net.weight.grad.tolist() == [[0.0] * 3] * 2
    assert net.body[1].scale.grad is None


def test_to_converts_in_place_and_keeps_the_parameters_and_their_gradients():
    net = Net()
    net.register_buffer("count", torch.tensor(3))
    weight = net.weight
    net(torch.ones(2, 3)).sum().backward()
    assert net.to(torch.float64) is net
    assert net.weight is weight
    assert weight.dtype is weight.grad.dtype is net.mean.dtype is torch.float64
    assert weight.requires_grad
    assert net.count.dtype is torch.int64
    net.to("cpu", torch.float32).to(torch.ones(1, dtype=torch.float64)).to(device="cpu", dtype=torch.float16)
    assert net.weight.dtype is torch.float16
    assert net.float().weight.dtype is torch.float32
    assert net.half().weight.dtype is torch.float16
    assert net.double().cpu().weight.dtype is torch.float64
    net.type(torch.float32)
    assert net.count.dtype is torch.float32


def test_to_refuses_integer_dtypes():
    with pytest.raises(
        TypeError, match=r"only accepts floating point or complex dtypes, but got desired dtype=torch.int64"
    ):
        Net().to(torch.int64)


def test_to_empty_keeps_shapes_and_dtypes():
    net = Net().to_empty(device="cpu")
    assert net.weight.shape == (2, 3)


def test_paths_lead_to_modules_parameters_and_buffers():
    net = Net()
    assert net.get_submodule("") is net
    assert net.get_submodule("body.1") is net.body[1]
    assert net.get_parameter("body.1.scale") is net.body[1].scale
    assert net.get_buffer("mean") is net.mean


def test_wrong_paths_are_reported():
    net = Net()
    with pytest.raises(AttributeError, match=r"Sequential has no attribute `7`"):
        net.get_submodule("body.7")
    with pytest.raises(AttributeError, match=r"`weight` is not an nn.Module"):
        net.get_submodule("weight")
    with pytest.raises(AttributeError, match=r"`mean` is not an nn.Parameter"):
        net.get_parameter("mean")
    with pytest.raises(AttributeError, match=r"`weight` is not a buffer"):
        net.get_buffer("weight")
    with pytest.raises(AttributeError, match=r"Net has no attribute `gone`"):
        net.get_parameter("gone")


def test_set_submodule_replaces_at_a_path():
    net = Net()
    leaf = Leaf()
    net.set_submodule("body.0", leaf)
    assert net.body[0] is leaf
    with pytest.raises(AttributeError, match=r"Net has no attribute `gone`"):
        net.set_submodule("gone", leaf, strict=True)
    with pytest.raises(ValueError, match=r"Cannot set the submodule without a target name!"):
        net.set_submodule("", leaf)
    with pytest.raises(AttributeError, match=r"`weight` is not an nn.Module"):
        net.set_submodule("weight", leaf)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_a_copy_has_its_own_parameters(duplicate):
    net = Net()
    net.body[1].scale = net.bias
    net.eval()
    other = duplicate(net)
    assert_consistent(other)
    assert other.weight is not net.weight
    assert other.weight.tolist() == net.weight.tolist()
    assert isinstance(other.weight, nn.Parameter)
    assert other.body[1].scale is other.bias
    assert not other.training
    other.extra = nn.Parameter(torch.ones(1))
    assert not hasattr(net, "extra")
    assert_consistent(other)


def test_a_shallow_copy_shares_parameters_and_can_be_changed_alone():
    net = Net()
    other = copy.copy(net)
    assert other.weight is net.weight
    other.weight = nn.Parameter(torch.zeros(1))
    assert net.weight.shape == (2, 3)
    assert_consistent(other)
    assert_consistent(net)


def test_states_of_a_subclass_that_copies_its_dictionary_are_taken():
    class Trimmed(Net):
        def __getstate__(self):
            state = self.__dict__.copy()
            state["note"] = "trimmed"
            return state

    net = copy.deepcopy(Trimmed())
    assert net.note == "trimmed"
    assert_consistent(net)
    net._parameters["weight"] = None
    assert net.weight is None


def test_modules_and_parameters_come_in_the_order_of_their_names():
    torch.manual_seed(0)
    shared = Leaf()
    net = nn.Sequential(Net(), nn.ModuleList([shared, Net(), shared]), nn.ModuleDict({"a": shared, "b": Leaf()}))
    net[1].register_module("none", None)
    assert list(net.modules()) == [module for _, module in net.named_modules()]
    assert [id(p) for p in net.parameters()] == [id(p) for _, p in net.named_parameters()]
    assert len(list(net.modules(remove_duplicate=False))) == len(list(net.named_modules(remove_duplicate=False)))
    assert [id(p) for p in net[0].parameters(recurse=False)] == [id(net[0].weight), id(net[0].bias)]
