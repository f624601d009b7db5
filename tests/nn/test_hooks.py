"""Forward and backward hooks of modules."""

from __future__ import annotations

import copy

import pytest

import minigrad as torch
from minigrad import nn


class Scale(nn.Module):
    def __init__(self, factor=3.0):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, x, shift=0.0):
        return x * self.factor + shift


@pytest.fixture
def x():
    return torch.ones(2, requires_grad=True)


def test_forward_hooks_see_and_replace_the_output(x):
    module = Scale()
    seen = []
    module.register_forward_hook(lambda m, args, out: seen.append((m, args, out)))
    module.register_forward_hook(lambda m, args, out: out * 2)
    assert module(x).tolist() == [6.0, 6.0]
    assert seen[0][0] is module
    assert seen[0][1] == (x,)
    assert seen[0][2].tolist() == [3.0, 3.0]


def test_forward_pre_hooks_see_and_replace_the_arguments(x):
    module = Scale()
    module.register_forward_pre_hook(lambda m, args: (args[0] + 1, 5.0))
    assert module(x).tolist() == [11.0, 11.0]
    module = Scale()
    module.register_forward_pre_hook(lambda m, args: args[0] + 1)
    assert module(x).tolist() == [6.0, 6.0]


def test_hooks_with_kwargs(x):
    module = Scale()
    seen = []
    module.register_forward_pre_hook(lambda m, args, kwargs: (args, {"shift": 7.0}), with_kwargs=True)
    module.register_forward_hook(lambda m, args, kwargs, out: seen.append(kwargs), with_kwargs=True)
    assert module(x, shift=1.0).tolist() == [10.0, 10.0]
    assert seen == [{"shift": 7.0}]
    module.register_forward_pre_hook(lambda m, args, kwargs: args, with_kwargs=True)
    with pytest.raises(RuntimeError, match=r"forward pre-hook must return None or a tuple of \(new_args, new_kwargs\)"):
        module(x)


def test_prepended_hooks_run_first(x):
    module = Scale()
    order = []
    module.register_forward_hook(lambda *_: order.append("a"))
    module.register_forward_hook(lambda *_: order.append("b"), prepend=True)
    module.register_forward_pre_hook(lambda *_: order.append("c"))
    module.register_forward_pre_hook(lambda *_: order.append("d"), prepend=True)
    module(x)
    assert order == ["d", "c", "b", "a"]


def test_a_removed_hook_runs_no_more(x):
    module = Scale()
    seen = []
    handle = module.register_forward_hook(lambda *_: seen.append(1))
    handle.remove()
    handle.remove()
    module(x)
    assert not seen
    with module.register_forward_hook(lambda *_: seen.append(1)):
        module(x)
    module(x)
    assert seen == [1]


def test_a_hook_may_remove_itself(x):
    module = Scale()
    seen = []
    handle = module.register_forward_hook(lambda *_: (seen.append(1), handle.remove())[1])
    module(x)
    module(x)
    assert seen == [1]


def test_clearing_the_dictionary_removes_all_hooks(x):
    module = Scale()
    module.register_forward_hook(lambda *_: 1 / 0)
    module._forward_hooks.clear()
    module(x)


def test_hooks_always_called_see_a_failed_forward():
    module = Scale()
    seen = []
    module.register_forward_hook(lambda m, args, out: seen.append("normal"))
    module.register_forward_hook(lambda m, args, out: seen.append(out), always_call=True)
    with pytest.raises(TypeError):
        module(None, None)
    assert seen == [None]


def test_a_failing_always_called_hook_warns_and_leaves_the_first_error():
    module = Scale()
    module.register_forward_hook(lambda m, args, out: 1 / 0, always_call=True)
    with pytest.warns(UserWarning, match=r"raised an exception that was silenced"), pytest.raises(TypeError):
        module(None, None)


def test_a_deep_copy_keeps_the_hooks_and_new_ones_get_new_numbers(x):
    module = Scale()
    seen = []
    module.register_forward_hook(lambda *_: seen.append("old"))
    other = copy.deepcopy(module)
    other.register_forward_hook(lambda *_: seen.append("new"))
    other(x)
    assert seen == ["old", "new"]


def test_full_backward_hooks_see_and_replace_the_gradients(x):
    module = Scale()
    seen = []
    module.register_full_backward_hook(lambda m, grad_in, grad_out: seen.append((m, grad_in, grad_out)))
    module.register_full_backward_hook(lambda m, grad_in, grad_out: (grad_in[0] * 10, None))
    module(x, 1.0).sum().backward()
    assert x.grad.tolist() == [30.0, 30.0]
    (which, grad_in, grad_out) = seen[0]
    assert which is module
    assert grad_in[0].tolist() == [3.0, 3.0]
    assert grad_in[1] is None
    assert grad_out[0].tolist() == [1.0, 1.0]
    assert module.factor.grad.item() == 2.0


def test_full_backward_pre_hooks_replace_the_output_gradients(x):
    module = Scale()
    order = []
    module.register_full_backward_hook(lambda m, grad_in, grad_out: order.append(grad_out[0].tolist()))
    module.register_full_backward_pre_hook(lambda m, grad_out: order.append("pre"))
    module.register_full_backward_pre_hook(lambda m, grad_out: (grad_out[0] * 2,))
    module(x).sum().backward()
    assert order == ["pre", [2.0, 2.0]]
    assert x.grad.tolist() == [6.0, 6.0]


def test_full_backward_hooks_with_several_inputs_and_outputs():
    class Swap(nn.Module):
        def forward(self, a, name, b):
            return b * 2, name, a * 3

    module = Swap()
    seen = []
    module.register_full_backward_hook(lambda m, grad_in, grad_out: seen.append((grad_in, grad_out)))
    a, b = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    first, name, second = module(a, "x", b)
    assert name == "x"
    (first + 5 * second).sum().backward()
    grad_in, grad_out = seen[0]
    assert [g if g is None else g.item() for g in grad_in] == [15.0, None, 2.0]
    assert [g if g is None else g.item() for g in grad_out] == [1.0, None, 5.0]


def test_without_inputs_that_require_grad_the_hook_runs_when_the_outputs_gradient_is_known():
    module = Scale()
    seen = []
    module.register_full_backward_hook(lambda m, grad_in, grad_out: seen.append((grad_in, grad_out[0].tolist())))
    with pytest.warns(
        UserWarning, match=r"Full backward hook is firing when gradients are computed with respect to module"
    ):
        module(torch.ones(2)).sum().backward()
    assert seen == [((None,), [1.0, 1.0])]


def test_hooks_that_return_too_few_gradients_are_refused(x):
    module = Scale()
    module.register_full_backward_hook(lambda m, grad_in, grad_out: ())
    with pytest.raises(
        RuntimeError, match=r"Backward hook returned an invalid number of grad_input, got 0, but expected 1"
    ):
        module(x).sum().backward()
    module = Scale()
    module.register_full_backward_pre_hook(lambda m, grad_out: ())
    with pytest.raises(RuntimeError, match=r"Backward pre hook returned an invalid number of grad_output, got 0"):
        module(x).sum().backward()


def test_backward_hooks_are_silent_under_no_grad(x):
    module = Scale()
    module.register_full_backward_hook(lambda *_: 1 / 0)
    with torch.no_grad():
        assert module(x).tolist() == [3.0, 3.0]


def test_an_output_that_is_no_tensor_warns():
    class Listed(nn.Module):
        def forward(self, x):
            return [x * 2]

    module = Listed()
    module.register_full_backward_hook(lambda *_: None)
    with pytest.warns(
        UserWarning, match=r"module output should be a Tensor or a tuple of Tensors but received <class 'list'>"
    ):
        module(torch.ones(1, requires_grad=True))


def test_old_and_full_backward_hooks_do_not_mix(x):
    module = Scale()
    seen = []
    module.register_backward_hook(lambda m, grad_in, grad_out: seen.append(grad_out[0].tolist()))
    with pytest.raises(RuntimeError, match=r"Cannot use both regular backward hooks and full backward hooks"):
        module.register_full_backward_hook(lambda *_: None)
    module(x).sum().backward()
    assert seen == [[1.0, 1.0]]


def test_hooks_run_inside_a_sequential(x):
    net = nn.Sequential(Scale(2.0), Scale(5.0))
    order = []
    for number, module in enumerate(net):
        module.register_forward_hook(lambda m, a, o, number=number: order.append(("forward", number)))
        module.register_full_backward_hook(lambda m, gi, go, number=number: order.append(("backward", number)))
    net(x).sum().backward()
    assert order == [("forward", 0), ("forward", 1), ("backward", 1), ("backward", 0)]
