"""The backward pass: order, sums, what is kept and what is freed."""

from __future__ import annotations

import sys

import pytest

import minigrad as torch


def leaf(*values):
    return torch.tensor(values[0] if len(values) == 1 else list(values), dtype=torch.float64, requires_grad=True)


def test_a_long_chain_needs_no_recursion():
    length = 100_000
    assert length > 10 * sys.getrecursionlimit()
    x = leaf(1.0)
    y = x
    for _ in range(length):
        y = y + x
    y.backward()
    assert x.grad.item() == length + 1


def test_a_long_chain_is_freed_without_recursion():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y * 1.0
    del y
    assert x.grad is None


def test_each_node_runs_once():
    x = leaf(2.0)
    a = x * 3
    b = a + a
    c = b * a * b
    calls = []
    for each in (a, b, c):
        each.grad_fn.register_prehook(lambda grads, each=each: calls.append(each))
    c.backward()
    assert len(calls) == 3
    assert calls[0] is c
    assert calls[1] is b
    assert calls[2] is a
    assert x.grad.item() == 4 * 27 * 3 * 4


def test_a_ladder_of_diamonds_takes_linear_time():
    x = leaf(1.0)
    y = x
    for _ in range(60):  # 2**60 paths
        y = (y + y) * 0.5
    y.backward()
    assert x.grad.item() == 1.0


def test_gradients_add_up_over_backward_passes():
    x = leaf(1.0, 2.0)
    (x * 3).sum().backward()
    first = x.grad
    (x * x).sum().backward()
    assert x.grad is first
    assert x.grad.tolist() == [5.0, 7.0]


def test_zero_dimensional_sums_stay_arrays():
    x = leaf(3.0)
    (x + x).backward()
    (x + x).backward()
    assert x.grad.shape == ()
    assert x.grad.item() == 4.0
    x.grad.zero_()
    assert x.grad.item() == 0.0


def test_a_second_backward_names_the_way_out():
    x = leaf(2.0)
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError, match=r"backward through the graph a second time.*retain_graph=True"):
        y.backward()


def test_a_second_backward_works_where_nothing_was_kept():
    x = leaf(2.0)
    y = x + x
    y.backward()
    y.backward()
    assert x.grad.item() == 4.0


def test_a_graph_can_be_walked_piece_by_piece():
    w = torch.tensor([0.5, -1.0], requires_grad=True)
    product = w * 3
    squashed = product.tanh()
    out = (squashed * w).sum()
    (at_squashed,) = torch.autograd.grad(out, squashed)
    (at_product,) = torch.autograd.grad(squashed, product, at_squashed)
    (at_w,) = torch.autograd.grad(product, w, at_product)
    expected = 3 * (1 - torch.tanh(3 * w.detach()) ** 2) * w.detach()
    assert torch.allclose(at_w, expected)


def test_a_failed_backward_leaves_recording_on():
    y = leaf(2.0) ** 2
    y.backward()
    with pytest.raises(RuntimeError):
        y.backward()
    assert torch.is_grad_enabled()


def test_only_the_wanted_gradients_are_computed():
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = x * w
    (gradient,) = torch.autograd.grad(y.sum(), w)
    assert gradient.tolist() == [1.0, 2.0]
    assert x.grad is None
    assert w.grad is None


def test_gradients_share_no_memory():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    given = torch.ones(2, dtype=torch.float64)
    (x + y).backward(given)
    x.grad.mul_(5)
    assert y.grad.tolist() == given.tolist() == [1.0, 1.0]


def test_gradients_returned_by_grad_share_no_memory():
    x, y = leaf(1.0, 2.0, 3.0, 4.0), leaf(3.0, 4.0, 5.0, 6.0)
    given = torch.ones(2, 2, dtype=torch.float64)
    first, second = torch.autograd.grad((x + y).view(2, 2), (x, y), given)
    first.zero_()
    assert second.tolist() == [1.0] * 4
    assert given.tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_a_post_accumulate_hook_that_writes_leaves_other_gradients_alone():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    x.register_post_accumulate_grad_hook(lambda each: each.grad.zero_())
    y.register_post_accumulate_grad_hook(lambda each: each.grad.mul_(2))
    (x + y).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]
    assert y.grad.tolist() == [2.0, 2.0]


def test_broadcast_gradients_are_summed_and_cast():
    x = torch.ones(3, 1, dtype=torch.float64, requires_grad=True)
    y = torch.ones(4, requires_grad=True)
    (x * y).sum().backward()
    assert (x.grad.dtype, x.grad.tolist()) == (torch.float64, [[4.0]] * 3)
    assert (y.grad.dtype, y.grad.tolist()) == (torch.float32, [3.0] * 4)


def test_one_output_of_several_gets_its_gradient():
    x = leaf(3.0, 1.0, 2.0)
    values, _ = x.sort()
    values[0].backward()
    assert x.grad.tolist() == [0.0, 1.0, 0.0]
    x = leaf([1.0, 2.0], [3.0, 4.0])
    (x.unbind()[1] * 2).sum().backward()
    assert x.grad.tolist() == [[0.0, 0.0], [2.0, 2.0]]
