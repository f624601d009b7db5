"""The nn package beside PyTorch's: printed forms, state dicts, first values, messages, hooks.

Every case is a function of a module that is once PyTorch and once minigrad; what it returns must be the same.
"""

from __future__ import annotations

import inspect
import warnings
from collections import OrderedDict

import numpy as np
import pytest

import minigrad
import minigrad.nn

torch = pytest.importorskip("torch")


def both(case):
    """Return what a case gives under PyTorch and under minigrad, an error as its type and message."""
    return tuple(_outcome(case, module) for module in (torch, minigrad))


def _outcome(case, module):
    module.manual_seed(7)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = _plain(case(module))
        except Exception as error:
            kind = next(each.__name__ for each in type(error).__mro__ if each.__module__ == "builtins")
            result = (kind, str(error))
    return result, [(each.category.__name__, str(each.message)) for each in caught]


def _plain(value):
    """Return a result with tensors as arrays' bytes, so that both frameworks' can be compared."""
    if hasattr(value, "detach"):
        array = value.detach().numpy()
        return str(array.dtype), array.shape, array.tolist()
    if isinstance(value, dict):
        return [(key, _plain(each)) for key, each in value.items()]
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    return value


# ------------------------------------------------------------------------------------------------------ printed forms


class Namespace:
    """Classes of a user, defined on top of one of the two frameworks."""

    def __init__(self, torch):
        nn = torch.nn

        class Block(nn.Module):
            def __init__(self, width, extra="", children=True):
                super().__init__()
                self.extra = extra
                if children:
                    self.first = nn.Linear(width, width)
                    self.second = nn.Sequential(nn.Linear(width, 2), nn.Identity())

            def extra_repr(self):
                return self.extra

        self.Block = Block


REPRS = {
    "linear": lambda t: t.nn.Linear(3, 4),
    "linear without bias": lambda t: t.nn.Linear(3, 4, bias=False),
    "identity": lambda t: t.nn.Identity(54, unused=1),
    "bilinear": lambda t: t.nn.Bilinear(2, 3, 4, bias=False),
    "flatten": lambda t: t.nn.Flatten(),
    "unflatten": lambda t: t.nn.Unflatten(1, (2, -1)),
    "empty sequential": lambda t: t.nn.Sequential(),
    "sequential": lambda t: t.nn.Sequential(t.nn.Linear(2, 3), t.nn.Flatten(0, 1)),
    "named sequential": lambda t: t.nn.Sequential(OrderedDict(body=t.nn.Linear(2, 3), head=t.nn.Identity())),
    "nested": lambda t: t.nn.Sequential(t.nn.Sequential(t.nn.Sequential(t.nn.Identity()))),
    "empty list": lambda t: t.nn.ModuleList(),
    "repeated blocks": lambda t: t.nn.ModuleList([t.nn.Linear(2, 2) for _ in range(4)]),
    "runs of blocks": lambda t: t.nn.ModuleList(
        [*(t.nn.Linear(2, 2) for _ in range(3)), t.nn.Identity(), t.nn.Identity(), t.nn.Linear(2, 2)]
    ),
    "repeated nested blocks": lambda t: t.nn.ModuleList(
        [t.nn.Sequential(t.nn.Linear(2, 2), t.nn.Identity()) for _ in range(3)]
    ),
    "list in sequential": lambda t: t.nn.Sequential(t.nn.ModuleList([t.nn.Identity(), t.nn.Identity()])),
    "module dict": lambda t: t.nn.ModuleDict({"a": t.nn.Linear(1, 2), "b": t.nn.ModuleDict()}),
    "parameter list": lambda t: t.nn.ParameterList([t.zeros(2, 3), t.nn.Parameter(t.zeros(())), "text", 3]),
    "parameter dict": lambda t: t.nn.ParameterDict({"b": t.zeros(2, 3), "a": None, "c": [1]}),
    "block": lambda t: Namespace(t).Block(3),
    "block with a line": lambda t: Namespace(t).Block(3, "width=3"),
    "block with lines": lambda t: Namespace(t).Block(3, "width=3\ndepth=2"),
    "lines alone": lambda t: Namespace(t).Block(3, "width=3\ndepth=2", children=False),
    "a line alone": lambda t: Namespace(t).Block(3, "width=3", children=False),
    "a missing child": lambda t: with_child(t, None),
    "parameter": lambda t: t.nn.Parameter(t.ones(2, 3)),
    "frozen parameter": lambda t: t.nn.Parameter(t.ones(2), requires_grad=False),
    "buffer": lambda t: t.nn.Buffer(t.ones(2)),
    "weight": lambda t: t.nn.Linear(3, 4).weight,
}


def with_child(torch, child):
    module = torch.nn.Module()
    module.add_module("child", child)
    return module


@pytest.mark.parametrize("case", REPRS.values(), ids=REPRS)
def test_printed_forms(case):
    expected, given = both(lambda module: repr(case(module)))
    assert given == expected


# ----------------------------------------------------------------------------- constructor signatures and first values

LAYERS = {
    "Linear": lambda nn: nn.Linear(5, 3),
    "wide Linear": lambda nn: nn.Linear(40, 30),
    "Linear without bias": lambda nn: nn.Linear(5, 3, bias=False),
    "Linear float64": lambda nn: nn.Linear(5, 3).double(),
    "Bilinear": lambda nn: nn.Bilinear(2, 3, 4),
    "MLP": lambda nn: nn.Sequential(nn.Linear(4, 8), nn.Identity(), nn.Linear(8, 2)),
}


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_state_dict_keys_and_first_values(layer):
    expected, given = both(lambda module: layer(module.nn).state_dict())
    assert given == expected


SIGNATURES = [
    name
    for name in dir(minigrad.nn)
    if inspect.isclass(getattr(minigrad.nn, name)) and issubclass(getattr(minigrad.nn, name), minigrad.nn.Module)
]


def _portable(default):
    return default.__name__ if inspect.isfunction(default) else default


@pytest.mark.parametrize("name", SIGNATURES)
def test_constructors_take_what_pytorchs_take(name):
    ours = inspect.signature(getattr(minigrad.nn, name).__init__).parameters.values()
    theirs = inspect.signature(getattr(torch.nn, name).__init__).parameters.values()
    # Annotations and the names of *args may differ; defaults that are functions have their own library's address.
    assert [(p.name, p.kind, _portable(p.default)) for p in ours if p.kind is not p.VAR_POSITIONAL] == [
        (p.name, p.kind, _portable(p.default)) for p in theirs if p.kind is not p.VAR_POSITIONAL
    ]


METHODS = [
    name
    for name, value in vars(torch.nn.Module).items()
    if not name.startswith("_")
    and callable(value)
    and name not in ("ipu", "xpu", "mtia", "bfloat16", "share_memory", "compile", "forward")
]


@pytest.mark.parametrize("name", METHODS)
def test_modules_have_pytorchs_methods(name):
    ours = inspect.signature(getattr(minigrad.nn.Module, name)).parameters.values()
    theirs = inspect.signature(getattr(torch.nn.Module, name)).parameters.values()
    assert [(p.name, p.kind, p.default) for p in ours] == [
        (p.name, p.kind, p.default) for p in theirs if not (name == "state_dict" and p.name == "args")
    ]


# ----------------------------------------------------------------------------------------------------------- messages


def net(torch):
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1, bias=False))
    module.register_buffer("mean", torch.zeros(2))
    module.register_buffer("cache", torch.zeros(2), persistent=False)
    return module


def attempt(torch, change):
    """Load a changed state dict; return what load_state_dict returned or raised."""
    module = net(torch)
    state = module.state_dict()
    state = change(torch, state) or state
    return repr(module.load_state_dict(state))


def _drop(state, *names):
    for name in names:
        del state[name]


def _set(state, **values):
    state.update({name.replace("__", "."): value for name, value in values.items()})


MESSAGES = {
    "all keys": lambda t: attempt(t, lambda t, s: None),
    "missing": lambda t: attempt(t, lambda t, s: _drop(s, "0.bias", "mean")),
    "unexpected": lambda t: attempt(t, lambda t, s: _set(s, zero=t.ones(1), **{"5.weight": t.ones(1)})),
    "missing and unexpected": lambda t: attempt(t, lambda t, s: (_drop(s, "0.bias"), _set(s, zero=1))[0]),
    "wrong shape": lambda t: attempt(t, lambda t, s: _set(s, mean=t.ones(3), **{"0.bias": t.ones(())})),
    "all at once": lambda t: attempt(t, lambda t, s: (_drop(s, "mean"), _set(s, x=1, **{"0.bias": t.ones(9)}))[0]),
    "no tensor": lambda t: attempt(t, lambda t, s: _set(s, mean=[0.0, 0.0])),
    "buffer not persistent": lambda t: attempt(t, lambda t, s: _set(s, cache=t.ones(2))),
    "no mapping": lambda t: net(t).load_state_dict([1]),
    "not strict": lambda t: repr(net(t).load_state_dict({"zero": t.ones(1), "mean": t.ones(2)}, strict=False)),
    "not strict, wrong shape": lambda t: net(t).load_state_dict({"mean": t.ones(3)}, strict=False),
    "parameter before init": lambda t: t.nn.Module.__new__(t.nn.Module).__setattr__("x", t.nn.Parameter(t.ones(1))),
    "module before init": lambda t: t.nn.Module.__new__(t.nn.Module).__setattr__("x", t.nn.Module()),
    "buffer before init": lambda t: t.nn.Module.__new__(t.nn.Module).register_buffer("x", None),
    "tensor as parameter": lambda t: t.nn.Linear(1, 1).__setattr__("weight", t.ones(1)),
    "number as module": lambda t: t.nn.Sequential(t.nn.Identity()).__setattr__("0", 3),
    "number as buffer": lambda t: net(t).__setattr__("mean", 3),
    "tensor registered as parameter": lambda t: t.nn.Module().register_parameter("x", t.ones(1)),
    "number registered as buffer": lambda t: t.nn.Module().register_buffer("x", 1),
    "computed parameter": lambda t: t.nn.Module().register_parameter("x", computed(t)),
    "dot in parameter": lambda t: t.nn.Module().register_parameter("a.b", None),
    "dot in buffer": lambda t: t.nn.Module().register_buffer("a.b", None),
    "dot in module": lambda t: t.nn.Module().add_module("a.b", None),
    "empty parameter name": lambda t: t.nn.Module().register_parameter("", None),
    "empty buffer name": lambda t: t.nn.Module().register_buffer("", None),
    "empty module name": lambda t: t.nn.Module().add_module("", None),
    "number as parameter name": lambda t: t.nn.Module().register_parameter(1, None),
    "number as buffer name": lambda t: t.nn.Module().register_buffer(1, None),
    "number as module name": lambda t: t.nn.Module().add_module(1, None),
    "parameter name taken": lambda t: t.nn.Module().register_parameter("training", None),
    "buffer name taken": lambda t: t.nn.Linear(1, 1).register_buffer("weight", None),
    "module name taken": lambda t: t.nn.Linear(1, 1).add_module("weight", None),
    "number as child": lambda t: t.nn.Module().add_module("x", 1),
    "class as child": lambda t: t.nn.Sequential(int),
    "missing attribute": lambda t: t.nn.Linear(1, 1).xyzzy,
    "missing forward": lambda t: t.nn.ModuleList()(1),
    "unknown keyword": lambda t: t.nn.Module(width=3),
    "unknown argument": lambda t: t.nn.Module(3),
    "train with a number": lambda t: t.nn.Module().train(1),
    "to an integer dtype": lambda t: t.nn.Linear(1, 1).to(t.int64),
    "wrong submodule": lambda t: net(t).get_submodule("0.x"),
    "no submodule": lambda t: net(t).get_submodule("mean"),
    "wrong parameter": lambda t: net(t).get_parameter("0.x"),
    "no parameter": lambda t: net(t).get_parameter("mean"),
    "no buffer": lambda t: net(t).get_buffer("0.weight"),
    "set submodule": lambda t: net(t).set_submodule("x.y", t.nn.Identity()),
    "set submodule strictly": lambda t: net(t).set_submodule("0.y", t.nn.Identity(), strict=True),
    "set no submodule": lambda t: net(t).set_submodule("", t.nn.Identity()),
    "index": lambda t: t.nn.Sequential(t.nn.Identity())[1],
    "negative index": lambda t: t.nn.ModuleList([t.nn.Identity()])[-2],
    "insert": lambda t: t.nn.Sequential().insert(3, t.nn.Identity()),
    "add a number": lambda t: t.nn.Sequential() + 1,
    "multiply by zero": lambda t: [str(e) for e in [t.nn.Sequential() * 2]],
    "extend by a number": lambda t: t.nn.ModuleList().extend(1),
    "update by a number": lambda t: t.nn.ModuleDict().update(1),
    "update by numbers": lambda t: t.nn.ModuleDict().update([1]),
    "update by triples": lambda t: t.nn.ModuleDict().update([(1, 2, 3)]),
    "parameter list": lambda t: t.nn.ParameterList().extend(t.ones(1)),
    "parameter list called": lambda t: t.nn.ParameterList()(),
    "parameter dict": lambda t: t.nn.ParameterDict().update(1),
    "parameter dict pairs": lambda t: t.nn.ParameterDict().update([1]),
    "parameter dict triples": lambda t: t.nn.ParameterDict().update([(1, 2, 3)]),
    "parameter dict called": lambda t: t.nn.ParameterDict()(1),
    "integer parameter": lambda t: t.nn.Parameter(t.tensor([1])),
    "list as parameter": lambda t: t.nn.Parameter([1.0]),
    "unflatten a number": lambda t: t.nn.Unflatten(1, 2),
    "unflatten floats": lambda t: t.nn.Unflatten(1, (2, 1.5)),
    "backward hooks mixed": lambda t: mixed_hooks(t),
    "empty bilinear": lambda t: t.nn.Bilinear(0, 1, 1),
    "empty linear": lambda t: t.nn.Linear(0, 3).state_dict(),
    "linear of wrong width": lambda t: t.nn.Linear(2, 3)(t.ones(4, 5)),
}


def computed(torch):
    parameter = torch.nn.Parameter(torch.ones(1))
    holder = torch.nn.Module()
    holder.x = torch.nn.Parameter(torch.ones(1))
    with torch.no_grad():
        parameter.requires_grad_(False)
    parameter.mul_(holder.x)
    return parameter


def mixed_hooks(torch):
    module = torch.nn.Identity()
    module.register_full_backward_hook(lambda *_: None)
    module.register_backward_hook(lambda *_: None)


@pytest.mark.parametrize("case", MESSAGES.values(), ids=MESSAGES)
def test_results_and_messages(case):
    expected, given = both(case)
    assert given == expected


# -------------------------------------------------------------------------------------------------------------- hooks


def trace_hooks(torch):
    """Return every hook's call, in order, with what it saw."""
    calls = []
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 1)))

    def note(kind, name):
        return lambda module, *seen: calls.append((kind, name, [shape(each) for each in seen]))

    for name, module in net.named_modules():
        module.register_forward_pre_hook(note("forward pre", name))
        module.register_forward_hook(note("forward", name))
        module.register_full_backward_pre_hook(note("backward pre", name))
        module.register_full_backward_hook(note("backward", name))
        module.register_forward_hook(note("forward first", name), prepend=True)
        module.register_full_backward_hook(note("backward first", name), prepend=True)
    x = torch.ones(4, 2, requires_grad=True)
    net(x).sum().backward()
    return calls, net[0].weight.grad, x.grad


def shape(value):
    if isinstance(value, tuple):
        return [shape(each) for each in value]
    return list(value.shape) if hasattr(value, "shape") else value


def two_inputs(torch):
    """Return what the hooks of a module with several inputs and outputs see."""
    calls = []

    class Two(torch.nn.Module):
        def forward(self, a, label, b, scale=1.0):
            return a * b, label, (b * scale).sum()

    module = Two()
    module.register_full_backward_pre_hook(lambda m, out: calls.append(_plain(out)))
    module.register_full_backward_hook(lambda m, into, out: calls.append((_plain(into), _plain(out))))
    module.register_full_backward_hook(lambda m, into, out: tuple(g if g is None else g * 2 for g in into))
    a = torch.ones(2, requires_grad=True)
    b = torch.full((2,), 3.0, requires_grad=True)
    first, label, second = module(a, "label", b, scale=4.0)
    (first.sum() + 2 * second).backward()
    return calls, label, a.grad, b.grad


def only_one_output_used(torch):
    """Return what a hook sees where one of two outputs has no gradient."""
    calls = []

    class Two(torch.nn.Module):
        def forward(self, a):
            return a * 2, a * 3

    module = Two()
    module.register_full_backward_hook(lambda m, into, out: calls.append((_plain(into), _plain(out))))
    a = torch.ones(2, requires_grad=True)
    module(a)[1].sum().backward()
    return calls, a.grad


def without_inputs(torch):
    """Return what a hook sees where no input requires grad."""
    calls = []
    module = torch.nn.Linear(2, 1)
    module.register_full_backward_hook(lambda m, into, out: calls.append((_plain(into), _plain(out))))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's words end with an address
        module(torch.ones(3, 2)).sum().backward()
    return calls, module.weight.grad


@pytest.mark.parametrize("case", [trace_hooks, two_inputs, only_one_output_used, without_inputs])
def test_hooks_run_in_the_same_order_and_see_the_same(case):
    (expected, their_warnings), (given, our_warnings) = both(case)
    assert our_warnings == their_warnings
    assert_same_numbers(given, expected)


# ---------------------------------------------------------------------------------------------------------------- init

INITIALISERS = {
    "uniform_": lambda init, x: init.uniform_(x, -1, 2),
    "normal_": lambda init, x: init.normal_(x, 1, 2),
    "constant_": lambda init, x: init.constant_(x, 0.3),
    "ones_": lambda init, x: init.ones_(x),
    "zeros_": lambda init, x: init.zeros_(x),
    "trunc_normal_": lambda init, x: init.trunc_normal_(x),
    "trunc_normal_ narrow": lambda init, x: init.trunc_normal_(x, 0.0, 1.0, -0.2, 0.3),
    "trunc_normal_ aside": lambda init, x: init.trunc_normal_(x, 0.0, 1.0, 2.5, 4.0),
    "trunc_normal_ wide": lambda init, x: init.trunc_normal_(x, 0.0, 0.02, -2.0, 2.0),
    "xavier_uniform_": lambda init, x: init.xavier_uniform_(x, 1.5),
    "xavier_normal_": lambda init, x: init.xavier_normal_(x),
    "kaiming_uniform_": lambda init, x: init.kaiming_uniform_(x, a=0.2),
    "kaiming_uniform_ relu": lambda init, x: init.kaiming_uniform_(x, mode="fan_out", nonlinearity="relu"),
    "kaiming_normal_": lambda init, x: init.kaiming_normal_(x, mode="fan_out", nonlinearity="tanh"),
    "eye_": lambda init, x: init.eye_(x),
    "dirac_": lambda init, x: init.dirac_(x),
    "dirac_ groups": lambda init, x: init.dirac_(x, 2),
    "orthogonal_": lambda init, x: init.orthogonal_(x, 2.0),
    "sparse_": lambda init, x: init.sparse_(x, 0.4),
}
SHAPES = [(5,), (4, 3), (3, 6), (20, 30), (4, 2, 3), (6, 3, 2, 5), (0, 3), (2, 2, 3, 3, 3)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", INITIALISERS)
def test_initialisers_give_pytorchs_numbers(name, shape):
    def case(torch):
        return INITIALISERS[name](torch.nn.init, torch.nn.Parameter(torch.empty(*shape)))

    (expected, their_warnings), (given, our_warnings) = both(case)
    assert our_warnings == their_warnings
    if expected[0] == "float32":
        assert given[:2] == expected[:2]
        np.testing.assert_allclose(given[2], expected[2], rtol=2e-5, atol=1e-6)
    else:
        assert given == expected


@pytest.mark.parametrize("name", [*minigrad.nn.init._GAINS, "leaky_relu", "gelu"])
@pytest.mark.parametrize("param", [None, 0.3, 2, True, "x"])
def test_gains(name, param):
    expected, given = both(lambda module: module.nn.init.calculate_gain(name, param))
    assert given == expected


# --------------------------------------------------------------------------------------------------------------- utils


def gradients(torch, scale=10.0):
    parameters = [
        torch.nn.Parameter(torch.ones(2, 3)),
        torch.nn.Parameter(torch.ones(4)),
        torch.nn.Parameter(torch.ones(1)),
    ]
    (parameters[0].sum() * scale + (parameters[1] * parameters[1] * -3).sum()).backward()
    return parameters


UTILS = {
    "norm": lambda t: clipped(t, lambda u, ps: u.clip_grad_norm_(ps, 1.0)),
    "no clipping": lambda t: clipped(t, lambda u, ps: u.clip_grad_norm_(ps, 1000.0)),
    "infinity norm": lambda t: clipped(t, lambda u, ps: u.clip_grad_norm_(ps, 1.0, float("inf"))),
    "norm 1": lambda t: clipped(t, lambda u, ps: u.clip_grad_norm_(ps, 2, norm_type=1)),
    "one tensor": lambda t: clipped(t, lambda u, ps: u.clip_grad_norm_(ps[0], 1.0)),
    "a generator": lambda t: clipped(t, lambda u, ps: u.clip_grad_norm_(iter(ps), 1.0)),
    "an empty generator": lambda t: clipped(t, lambda u, ps: u.clip_grad_norm_((p for p in []), 1.0)),
    "not finite": lambda t: t.nn.utils.clip_grad_norm_(gradients(t, float("inf")), 1.0, error_if_nonfinite=True),
    "value": lambda t: clipped(t, lambda u, ps: u.clip_grad_value_(ps, 4.5)),
    "total norm": lambda t: t.nn.utils.get_total_norm([t.ones(3), t.full((2,), 2.0)]),
    "vector": lambda t: t.nn.utils.parameters_to_vector(gradients(t)),
    "from a vector": lambda t: from_vector(t),
    "from a list": lambda t: t.nn.utils.vector_to_parameters([1.0], gradients(t)),
}


def clipped(torch, clip):
    parameters = gradients(torch)
    result = clip(torch.nn.utils, parameters)
    return result, [parameter.grad for parameter in parameters]


def from_vector(torch):
    parameters = gradients(torch)
    torch.nn.utils.vector_to_parameters(torch.arange(11.0), parameters)
    return parameters


@pytest.mark.parametrize("case", UTILS.values(), ids=UTILS)
def test_utils(case):
    (expected, their_warnings), (given, our_warnings) = both(case)
    assert our_warnings == their_warnings
    assert_same_numbers(given, expected)


def assert_same_numbers(given, expected):
    if isinstance(expected, (list, tuple)):
        assert type(given) is type(expected)
        assert len(given) == len(expected)
        for one, other in zip(given, expected, strict=True):
            assert_same_numbers(one, other)
    elif isinstance(expected, float):
        assert given == pytest.approx(expected, rel=1e-5, abs=1e-7)
    else:
        assert given == expected
