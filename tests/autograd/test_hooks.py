"""Hooks of tensors and nodes."""

from __future__ import annotations

import pytest

import minigrad as torch


def leaf(*values):
    return torch.tensor(values[0] if len(values) == 1 else list(values), dtype=torch.float64, requires_grad=True)


def test_hooks_run_in_order_and_may_replace_the_gradient():
    x, seen = leaf(1.0, 2.0), []
    y = x * 2
    y.register_hook(lambda grad: seen.append(grad.tolist()))
    y.register_hook(lambda grad: grad * 10)
    y.register_hook(lambda grad: seen.append(grad.tolist()))
    y.sum().backward()
    assert seen == [[1.0, 1.0], [10.0, 10.0]]
    assert x.grad.tolist() == [20.0, 20.0]


def test_a_removed_hook_does_not_run():
    x, seen = leaf(1.0), []
    handle = x.register_hook(seen.append)
    with x.register_hook(seen.append):
        handle.remove()
        handle.remove()
    (x * 2).backward()
    assert not seen


def test_a_leaf_hook_sees_the_sum_of_one_pass():
    x, seen = leaf(1.0), []
    x.register_hook(lambda grad: seen.append(grad.item()))
    (x * 2 + x * 3).backward()
    (x * x).backward()
    assert seen == [5.0, 2.0]


WRONG = {
    "number": (lambda grad: 3, TypeError, "expected Variable, but hook returned 'int'"),
    "shape": (lambda grad: torch.ones(3, dtype=torch.float64), RuntimeError, "has changed the size of value"),
    "dtype": (lambda grad: grad.float(), RuntimeError, "has changed the type of value"),
}


@pytest.mark.parametrize(("hook", "error", "match"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("of_leaf", [True, False])
def test_a_hook_that_returns_something_wrong_raises(hook, error, match, of_leaf):
    x = leaf(1.0)
    y = x * 2
    (x if of_leaf else y).register_hook(hook)
    with pytest.raises(error, match=match):
        y.backward()


def test_a_post_accumulate_hook_may_update_the_tensor_and_drop_the_gradient():
    x = leaf(1.0, 2.0)

    def update(each):
        with torch.no_grad():
            each.sub_(each.grad * 0.5)
        each.grad = None

    x.register_post_accumulate_grad_hook(update)
    (x * x).sum().backward()
    assert x.grad is None
    assert x.tolist() == [0.0, 0.0]


def test_node_hooks_see_one_gradient_an_input():
    x, seen = leaf(1.0, 2.0), []
    y = x * 2
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append((len(inputs), inputs[1], outputs[0].tolist())))
    y.grad_fn.register_prehook(lambda outputs: (outputs[0] * 3,))
    y.sum().backward()
    assert seen == [(2, None, [3.0, 3.0])]
    assert x.grad.tolist() == [6.0, 6.0]


def test_a_node_hook_returns_one_gradient_an_input():
    y = leaf(1.0, 2.0) * 2
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0],))
    with pytest.raises(RuntimeError, match="incorrect number of values"):
        y.sum().backward()


def test_retained_gradients_are_what_the_hooks_made_of_them():
    x = leaf(1.0, 2.0)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda grad: grad * 10)
    y.sum().backward()
    assert y.grad.tolist() == [10.0, 10.0]
    y.grad.zero_()
    assert x.grad.tolist() == [20.0, 20.0]


def test_reading_the_gradient_of_a_result_warns():
    y = leaf(1.0) * 2
    with pytest.warns(UserWarning, match="not a leaf Tensor is being accessed"):
        assert y.grad is None


def test_the_graph_can_be_walked():
    x, w = leaf(1.0, 2.0), torch.ones(2, dtype=torch.float64)
    out = (x * w + x).sum()
    add = out.grad_fn.next_functions[0][0]
    (product, _), (end, _) = add.next_functions
    assert [out.grad_fn.name(), add.name(), product.name()] == ["SumBackward0", "AddBackward0", "MulBackward0"]
    assert end.name() == "torch::autograd::AccumulateGrad"
    assert end.variable is x
    assert product.next_functions[1] == (None, 0)
    assert product._saved_other is not None


def test_hooks_of_the_end_of_the_graph():
    x, seen = leaf(1.0, 2.0), []
    end = x.view_as(x).grad_fn.next_functions[0][0]
    end.register_prehook(lambda grads: (grads[0] * 2,))
    end.register_hook(lambda nothing, grads: seen.append((nothing, grads[0].tolist(), x.grad.tolist())))
    (x * 3).sum().backward()
    assert seen == [((), [6.0, 6.0], [6.0, 6.0])]
