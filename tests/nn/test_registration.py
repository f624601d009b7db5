"""What is assigned to a module or written into its registries: found, renamed, refused, consistent."""

from __future__ import annotations

import gc
import weakref

import pytest

import minigrad as torch
from minigrad import nn
from tests.nn.nets import Leaf, Net, assert_consistent


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
    computed = computed._make_subclass(type(computed), computed, True)
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


def test_a_missing_attribute_is_reported_so_that_python_suggests_the_closest_name():
    net = Net()
    with pytest.raises(AttributeError, match=r"^'Net' object has no attribute 'wieght'$") as raised:
        _ = net.wieght
    assert (raised.type, raised.value.name, raised.value.obj) == (AttributeError, "wieght", net)
    assert "weight" in dir(net)


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
