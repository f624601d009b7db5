"""Parameters and buffers: their memory, copies and pickles."""

from __future__ import annotations

import copy
import pickle

import pytest

import minigrad as torch
from minigrad import nn
from tests.nn.nets import Net


def test_a_parameter_shares_the_memory_of_its_data():
    data = torch.ones(2)
    parameter = nn.Parameter(data)
    data[0] = 5.0
    assert parameter.tolist() == [5.0, 1.0]
    assert parameter.requires_grad
    assert parameter.is_leaf
    assert repr(nn.Parameter(torch.ones(2), requires_grad=False)) == "Parameter containing:\ntensor([1., 1.])"


def test_an_empty_parameter_and_an_integer_one():
    assert nn.Parameter().shape == (0,)
    with pytest.raises(RuntimeError, match=r"Only Tensors of floating point and complex dtype can require gradients"):
        nn.Parameter(torch.tensor([1, 2]))
    assert nn.Parameter(torch.tensor([1]), requires_grad=False).dtype is torch.int64


def test_deepcopy_of_a_parameter_leaves_the_gradient_behind():
    parameter = nn.Parameter(torch.ones(2))
    (parameter * 3).sum().backward()
    copied = copy.deepcopy([parameter, parameter])
    assert copied[0] is copied[1]
    assert copied[0].grad is None
    assert copied[0].requires_grad


def test_pickling_a_parameter_keeps_its_attributes():
    parameter = nn.Parameter(torch.ones(2), requires_grad=False)
    parameter.label = "frozen"
    loaded = pickle.loads(pickle.dumps(parameter))
    assert isinstance(loaded, nn.Parameter)
    assert loaded.label == "frozen"
    assert not loaded.requires_grad


def test_a_buffer_registers_itself_when_assigned():
    net = Net()
    net.kept = nn.Buffer(torch.ones(1))
    net.passing = nn.Buffer(torch.ones(1), persistent=False)
    assert [name for name, _ in net.named_buffers()] == ["mean", "kept", "passing"]
    assert "kept" in net.state_dict()
    assert "passing" not in net.state_dict()
    assert not copy.deepcopy(net.passing).persistent
    assert not pickle.loads(pickle.dumps(net.passing)).persistent
