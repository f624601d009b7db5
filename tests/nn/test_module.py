"""Module: registration, attributes, traversal, conversion, copies."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import pytest

import minigrad as torch
from minigrad import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, 3))
        self.body = nn.Sequential(nn.Identity(), Leaf())
        self.register_buffer("mean", torch.zeros(3))
        self.bias = nn.Parameter(torch.zeros(3))

    def forward(self, x):
        return x * self.weight + self.bias


class Leaf(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.full((1,), 2.0))


# ------------------------------------------------------------------------------------------------------- registration


def test_assigned_parameters_buffers_and_modules_are_found_in_order_of_definition():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == ["weight", "bias", "body.1.scale"]
    assert [name for name, _ in net.named_buffers()] == ["mean"]
    assert [name for name, _ in net.named_modules()] == ["", "body", "body.0", "body.1"]
    assert [name for name, _ in net.named_children()] == ["body"]


def test_prefix_and_recurse_shape_the_names():
    net = Net()
    assert [name for name, _ in net.named_parameters(prefix="net")] == ["net.weight", "net.bias", "net.body.1.scale"]
    assert [name for name, _ in net.named_parameters(recurse=False)] == ["weight", "bias"]


def test_a_shared_parameter_is_listed_once_unless_duplicates_are_asked_for():
    first, second = Leaf(), Leaf()
    second.scale = first.scale
    both = nn.ModuleList([first, second])
    assert [name for name, _ in both.named_parameters()] == ["0.scale"]
    assert [name for name, _ in both.named_parameters(remove_duplicate=False)] == ["0.scale", "1.scale"]


def test_a_shared_module_is_listed_once_unless_duplicates_are_asked_for():
    leaf = Leaf()
    both = nn.ModuleList([leaf, leaf])
    assert len(list(both.modules())) == 2
    assert [name for name, _ in both.named_modules(remove_duplicate=False)] == ["", "0", "1"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda: nn.Parameter(torch.ones(1)), "cannot assign parameters before Module.__init__() call"),
        (lambda: nn.Identity(), "cannot assign module before Module.__init__() call"),
        (lambda: nn.Buffer(torch.ones(1)), "cannot assign buffer before Module.__init__() call"),
    ],
)
def test_assigning_before_init_says_so(value, message):
    class Forgetful(nn.Module):
        def __init__(self):
            self.x = value()

    with pytest.raises(AttributeError) as error:
        Forgetful()
    assert str(error.value) == message


def test_plain_attributes_may_be_set_before_init():
    class Early(nn.Module):
        def __init__(self, width):
            self.width = width
            super().__init__()

    assert Early(3).width == 3


def test_a_registered_name_only_takes_its_kind_or_none():
    net = Net()
    with pytest.raises(
        TypeError, match=r"cannot assign 'torch.FloatTensor' as parameter 'weight' \(torch.nn.Parameter"
    ):
        net.weight = torch.ones(2, 3)
    with pytest.raises(
        TypeError, match=r"cannot assign 'int' as child module 'body' \(torch.nn.Module or None expected\)"
    ):
        net.body = 3
    with pytest.raises(
        TypeError, match=r"cannot assign 'str' as buffer 'mean' \(torch.nn.Buffer, torch.Tensor or None"
    ):
        net.mean = "zero"
    net.weight = net.body = net.mean = None
    assert net.weight is net.body is net.mean is None
    assert list(net.state_dict()) == ["bias"]


def test_a_name_changes_its_kind_when_a_parameter_or_module_is_assigned():
    net = Net()
    net.mean = nn.Parameter(torch.ones(3))
    assert "mean" not in net._buffers
    assert net.mean is net._parameters["mean"]
    net.body = nn.Parameter(torch.ones(3))
    assert "body" not in net._modules
    assert net.body is net._parameters["body"]
    net.register_buffer("shift", torch.ones(3))
    net.shift = nn.Identity()
    assert "shift" not in net._buffers
    assert net.shift is net._modules["shift"]


def test_a_plain_attribute_gives_way_to_a_parameter():
    net = Net()
    net.gain = 3
    net.gain = nn.Parameter(torch.ones(1))
    assert "gain" in net._parameters


def test_assigning_a_tensor_to_a_buffer_keeps_it_a_buffer():
    net = Net()
    net.mean = torch.ones(3)
    assert net._buffers["mean"] is net.mean
    assert "mean" in net.state_dict()


def test_register_functions_refuse_bad_names_and_values():
    net = Net()
    with pytest.raises(KeyError, match=r"parameter name can.*t contain"):
        net.register_parameter("a.b", None)
    with pytest.raises(KeyError, match=r"buffer name can.*t be empty string"):
        net.register_buffer("", None)
    with pytest.raises(KeyError, match=r"module name can.*t contain"):
        net.add_module("a.b", None)
    with pytest.raises(KeyError, match=r"attribute 'forward' already exists"):
        net.register_parameter("forward", None)
    with pytest.raises(TypeError, match=r"parameter name should be a string. Got int"):
        net.register_parameter(1, None)
    with pytest.raises(TypeError, match=r"cannot assign 'torch.FloatTensor' object to parameter 'p'"):
        net.register_parameter("p", torch.ones(1))
    with pytest.raises(TypeError, match=r"cannot assign 'int' object to buffer 'b'"):
        net.register_buffer("b", 3)
    with pytest.raises(TypeError, match=r"int is not a Module subclass"):
        net.add_module("m", 3)


def test_a_computed_tensor_is_refused_as_parameter():
    net = Net()
    computed = nn.Parameter(torch.ones(1))
    computed = computed._make_subclass(computed, True)
    computed._node = (net.weight * 2)._node
    with pytest.raises(ValueError, match=r"Cannot assign non-leaf Tensor to parameter 'p'"):
        net.register_parameter("p", computed)


def test_unexpected_constructor_arguments_are_refused():
    with pytest.raises(TypeError, match=r"Module.__init__\(\) got an unexpected keyword argument 'width'"):
        nn.Module(width=3)
    with pytest.raises(TypeError, match=r"Module.__init__\(\) takes 1 positional argument but 2 were given"):
        nn.Module(3)


def test_call_super_init_passes_the_arguments_on():
    class Named:
        def __init__(self, name):
            self.name = name

    class Both(nn.Module, Named):
        call_super_init = True

    assert Both("x").name == "x"


# --------------------------------------------------------------------------------------------------------- attributes


def test_a_missing_attribute_is_reported_with_the_closest_names():
    with pytest.raises(AttributeError, match=r"'Net' object has no attribute 'wieght'. Did you mean: 'weight'"):
        _ = Net().wieght


def test_a_missing_attribute_without_close_names_has_pytorchs_words_alone():
    with pytest.raises(AttributeError) as error:
        _ = Net().xyzzy
    assert str(error.value) == "'Net' object has no attribute 'xyzzy'"


def test_deleting_an_attribute_unregisters_it():
    net = Net()
    del net.weight, net.mean, net.body
    assert list(net.state_dict()) == ["bias"]
    for name in ("weight", "mean", "body"):
        assert not hasattr(net, name)
    with pytest.raises(AttributeError):
        del net.weight


def test_dir_lists_registered_names_and_no_numbers():
    names = dir(Net())
    assert {"weight", "mean", "body", "training", "forward"} <= set(names)
    assert "0" not in dir(Net().body)


def test_a_missing_forward_says_so():
    with pytest.raises(NotImplementedError, match=r'Module \[Leaf\] is missing the required "forward" function'):
        Leaf()(1)


# ------------------------------------------------------------------- registries and attributes say the same


def assert_consistent(module):
    for child in module.modules():
        for kind in ("_parameters", "_buffers", "_modules"):
            for name, value in getattr(child, kind).items():
                assert child.__dict__[name] is value
                assert getattr(child, name) is value


def test_writing_into_a_registry_changes_the_attribute():
    net = Net()
    new = nn.Parameter(torch.zeros(2, 3))
    net._parameters["weight"] = new
    assert net.weight is new
    net._parameters.update(bias=None)
    assert net.bias is None
    net._modules["body"] = leaf = Leaf()
    assert net.body is leaf
    assert_consistent(net)


def test_removing_from_a_registry_removes_the_attribute():
    net = Net()
    del net._parameters["weight"]
    assert not hasattr(net, "weight")
    assert net._buffers.pop("mean") is not None
    assert net._buffers.pop("mean", None) is None
    assert not hasattr(net, "mean")
    net._modules.clear()
    assert not hasattr(net, "body")
    assert net._parameters.popitem()[0] == "bias"
    assert not hasattr(net, "bias")
    with pytest.raises(KeyError):
        net._parameters.popitem()


def test_replacing_a_registry_replaces_the_attributes():
    net = Net()
    leaf = Leaf()
    net._modules = {"head": leaf}
    assert net.head is leaf
    assert not hasattr(net, "body")
    net._modules["tail"] = leaf
    assert net.tail is leaf
    net._modules |= {"third": leaf}
    assert net.third is leaf
    assert_consistent(net)


def test_setdefault_on_a_registry_sets_the_attribute():
    net = Net()
    first = net.weight
    assert net._parameters.setdefault("weight", None) is first
    assert net._parameters.setdefault("extra", None) is None
    assert net.extra is None


def test_an_attribute_deleted_from_the_instance_dictionary_is_still_found():
    net = Net()
    del net.__dict__["weight"]
    assert net.weight is net._parameters["weight"]


def test_conversion_loading_and_assignment_keep_both_the_same():
    net = Net()
    net.double()
    assert_consistent(net)
    net.load_state_dict(Net().state_dict(), assign=True)
    assert_consistent(net)
    net.weight = nn.Parameter(torch.ones(1))
    assert_consistent(net)


def test_a_module_is_freed_with_its_last_user():
    net = Net()
    seen = weakref.ref(net)
    gc.disable()
    try:
        del net
        assert seen() is None
    finally:
        gc.enable()


# ------------------------------------------------------------------------------------------------------ acting on all


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


# ------------------------------------------------------------------------------------------------------------- lookup


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


# --------------------------------------------------------------------------------------------------- copies, pickling


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


# ---------------------------------------------------------------------------------------------- Parameter and Buffer


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


# ---------------------------------------------------------------------------------------------------- order of the walk


def test_modules_and_parameters_come_in_the_order_of_their_names():
    torch.manual_seed(0)
    shared = Leaf()
    net = nn.Sequential(Net(), nn.ModuleList([shared, Net(), shared]), nn.ModuleDict({"a": shared, "b": Leaf()}))
    net[1].register_module("none", None)
    assert list(net.modules()) == [module for _, module in net.named_modules()]
    assert [id(p) for p in net.parameters()] == [id(p) for _, p in net.named_parameters()]
    assert len(list(net.modules(remove_duplicate=False))) == len(list(net.named_modules(remove_duplicate=False)))
    assert [id(p) for p in net[0].parameters(recurse=False)] == [id(net[0].weight), id(net[0].bias)]
