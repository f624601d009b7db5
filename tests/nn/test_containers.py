"""Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict."""

from __future__ import annotations

import copy
import operator
import pickle
from collections import OrderedDict

import pytest

import minigrad as torch
from minigrad import nn


class Add(nn.Module):
    def __init__(self, amount):
        super().__init__()
        self.amount = amount

    def forward(self, x):
        return x + self.amount

    def extra_repr(self):
        return str(self.amount)


def amounts(container):
    return [module.amount for module in container]


def keys(container):
    return list(container._modules)


# --------------------------------------------------------------------------------------------------------- Sequential


def test_sequential_runs_its_modules_in_order():
    assert nn.Sequential(Add(1), Add(10), Add(100))(0) == 111
    assert nn.Sequential()(5) == 5


def test_sequential_from_an_ordered_dict_has_its_names():
    net = nn.Sequential(OrderedDict(first=Add(1), second=Add(2)))
    assert net.first.amount == 1
    assert keys(net) == ["first", "second"]
    assert net[1] is net.second


def test_sequential_indexing_and_slicing():
    net = nn.Sequential(Add(1), Add(2), Add(3))
    assert net[-1].amount == 3
    assert isinstance(net[:2], nn.Sequential)
    assert amounts(net[:2]) == [1, 2]
    assert keys(net[1:]) == ["1", "2"]
    assert len(net) == 3
    with pytest.raises(IndexError, match=r"index 3 is out of range"):
        net[3]
    with pytest.raises(IndexError, match=r"index -4 is out of range"):
        net[-4]


def test_sequential_assignment_and_deletion():
    net = nn.Sequential(Add(1), Add(2), Add(3), Add(4))
    net[1] = Add(20)
    assert amounts(net) == [1, 20, 3, 4]
    del net[0]
    assert (amounts(net), keys(net)) == ([20, 3, 4], ["0", "1", "2"])
    del net[1:]
    assert (amounts(net), keys(net)) == ([20], ["0"])
    assert not hasattr(net, "1")


def test_sequential_grows():
    net = nn.Sequential(Add(1))
    assert net.append(Add(2)) is net
    net.insert(0, Add(0)).extend([Add(3)])
    net.insert(-1, Add(9))
    assert amounts(net) == [0, 1, 2, 9, 3]
    assert net.pop(-2).amount == 9
    assert amounts(net) == [0, 1, 2, 3]
    with pytest.raises(IndexError, match=r"Index out of range: 9"):
        net.insert(9, Add(1))
    with pytest.raises(AssertionError, match=r"module should be of type"):
        net.insert(0, 3)


def test_sequentials_add_and_multiply():
    a, b = nn.Sequential(Add(1)), nn.Sequential(Add(2), Add(3))
    assert amounts(a + b) == [1, 2, 3]
    assert amounts(b * 2) == amounts(2 * b) == [2, 3, 2, 3]
    assert (b * 2)[0] is b[0]
    a += b
    assert amounts(a) == [1, 2, 3]
    b *= 3
    assert amounts(b) == [2, 3] * 3
    with pytest.raises(ValueError, match=r"add operator supports only objects of Sequential class, but <class 'int'>"):
        a + 1
    with pytest.raises(TypeError, match=r"unsupported operand type\(s\) for \*"):
        a * 1.5
    with pytest.raises(ValueError, match=r"Non-positive multiplication factor 0"):
        a * 0


# --------------------------------------------------------------------------------------------------------- ModuleList


def test_module_list_behaves_like_a_list():
    modules = nn.ModuleList([Add(1), Add(2)])
    modules.append(Add(3)).extend([Add(4)])
    modules.insert(0, Add(0))
    modules += [Add(5)]
    assert amounts(modules) == [0, 1, 2, 3, 4, 5]
    assert amounts(modules[::2]) == [0, 2, 4]
    assert modules[-1].amount == 5
    assert modules.pop(0).amount == 0
    del modules[1:3]
    assert (amounts(modules), keys(modules)) == ([1, 4, 5], ["0", "1", "2"])
    modules[0] = Add(7)
    assert amounts(modules + nn.ModuleList([Add(8)])) == [7, 4, 5, 8]
    with pytest.raises(IndexError, match=r"index 3 is out of range"):
        modules[3]
    with pytest.raises(TypeError, match=r"ModuleList.extend should be called with an iterable, but got int"):
        modules.extend(3)
    with pytest.raises(TypeError, match=r"int is not a Module subclass"):
        modules.append(3)


def test_module_list_has_no_forward():
    with pytest.raises(NotImplementedError, match=r"ModuleList"):
        nn.ModuleList()(1)


# --------------------------------------------------------------------------------------------------------- ModuleDict


def test_module_dict_behaves_like_a_dict():
    modules = nn.ModuleDict({"a": Add(1), "b": Add(2)})
    modules["c"] = Add(3)
    modules.update([("a", Add(10))])
    modules.update(nn.ModuleDict({"d": Add(4)}))
    assert list(modules) == list(modules.keys()) == ["a", "b", "c", "d"]
    assert [m.amount for m in modules.values()] == [10, 2, 3, 4]
    assert dict(modules.items())["b"].amount == 2
    assert "b" in modules
    assert len(modules) == 4
    assert modules.pop("b").amount == 2
    del modules["c"]
    assert modules.a.amount == 10
    modules.clear()
    assert not hasattr(modules, "a")
    with pytest.raises(KeyError):
        modules["a"]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (3, TypeError, "ModuleDict.update should be called with an iterable of key/value pairs, but got int"),
        ([3], TypeError, "ModuleDict update sequence element #0 should be Iterable"),
        ([("a",)], ValueError, "ModuleDict update sequence element #0 has length 1; 2 is required"),
    ],
)
def test_module_dict_refuses_what_are_no_pairs(given, error, message):
    with pytest.raises(error, match=message):
        nn.ModuleDict().update(given)


# ------------------------------------------------------------------------------------------------------ ParameterList


def test_parameter_list_turns_tensors_into_parameters():
    values = nn.ParameterList([torch.ones(2), nn.Parameter(torch.zeros(1)), "note"])
    assert [name for name, _ in values.named_parameters()] == ["0", "1"]
    assert values[2] == values[-1] == "note"
    values.append(torch.ones(1))
    values += [torch.ones(1)]
    values[0] = torch.zeros(3)
    assert isinstance(values[0], nn.Parameter)
    assert len(values) == 5
    assert len(values[1:4]) == 3
    assert values[1:][0] is values[1]
    assert [type(v).__name__ for v in values][:3] == ["Parameter", "Parameter", "str"]
    with pytest.raises(IndexError, match=r"index 5 is out of range"):
        values[5]
    with pytest.raises(TypeError, match=r"ParameterList.extend should be called with an iterable, but got Tensor"):
        values.extend(torch.ones(2))
    with pytest.raises(RuntimeError, match=r"ParameterList should not be called"):
        values()


def test_parameter_dict_behaves_like_a_dict():
    values = nn.ParameterDict({"b": torch.ones(1), "a": torch.zeros(2)})
    assert list(values) == ["a", "b"]
    values["c"] = torch.ones(3)
    assert [name for name, _ in values.named_parameters()] == ["a", "b", "c"]
    assert list(reversed(values)) == ["c", "b", "a"]
    assert values.get("x", 5) == 5
    assert values.setdefault("d", torch.ones(1)) is values.d
    assert values.pop("d").shape == (1,)
    assert values.popitem()[0] == "c"
    assert len(values) == 2
    joined = values | nn.ParameterDict({"e": torch.ones(1)})
    assert list(joined.keys()) == ["a", "b", "e"]
    assert joined["a"] is values["a"]
    values |= joined
    assert list(values.copy()) == ["a", "b", "e"]
    assert [value.shape[0] for value in values.values()] == [2, 1, 1]
    assert list(values.fromkeys(["x"], 3).items()) == [("x", 3)]
    del values["a"]
    assert "a" not in values
    values.clear()
    assert len(values) == 0
    with pytest.raises(KeyError):
        values.popitem()
    with pytest.raises(TypeError, match=r"it is not a string"):
        values[3] = torch.ones(1)
    with pytest.raises(RuntimeError, match=r"ParameterDict should not be called"):
        values(1)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_containers_survive_copies(duplicate):
    net = nn.ModuleDict({"list": nn.ModuleList([Add(1)]), "params": nn.ParameterList([torch.ones(2)])})
    other = duplicate(net)
    assert other["list"][0].amount == 1
    assert other["params"][0].tolist() == [1.0, 1.0]
    other["list"].append(Add(2))
    assert len(net["list"]) == 1


def test_numpy_like_integers_index_containers():
    class Two:
        def __index__(self):
            return 2

    net = nn.Sequential(Add(1), Add(2), Add(3))
    assert operator.getitem(net, Two()).amount == 3
