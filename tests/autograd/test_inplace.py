"""Writes into tensors of the graph and into views; version counters."""

from __future__ import annotations

import pytest

import minigrad as torch


def leaf(*values):
    return torch.tensor(values[0] if len(values) == 1 else list(values), dtype=torch.float64, requires_grad=True)


def assign(x):
    x[0] = 1.0


WRITES = {
    "add_": lambda x: x.add_(1),
    "zero_": lambda x: x.zero_(),
    "copy_": lambda x: x.copy_(x.detach()),
    "normal_": lambda x: x.normal_(),
    "clamp_": lambda x: x.clamp_(0, 1),
    "x[0] = 1": assign,
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_leaf_refuses_a_recorded_write(write):
    x = leaf(1.0, 2.0)
    with pytest.raises(
        RuntimeError, match=r"a (view of a )?leaf Variable that requires grad is being used in an in-place"
    ):
        write(x)
    assert x.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_view_of_a_leaf_refuses_a_recorded_write(write):
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad is being used in an in-place"):
        write(x[:1])
    assert x.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_without_recording_a_leaf_may_be_written(write):
    x = leaf(1.0, 2.0)
    with torch.no_grad():
        write(x)
        write(x[:1])
    assert x.is_leaf
    assert x.requires_grad


def test_writes_into_results_are_differentiable():
    x, v = leaf(1.0, 2.0, 3.0), leaf(5.0)
    y = x * 2
    y += x
    y.mul_(x)
    y[0] = v
    y[1:] *= 2
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 24.0, 36.0]
    assert v.grad.item() == 1.0


def test_a_write_through_a_view_of_a_view_reaches_the_base_and_its_other_views():
    x = leaf(1.0, 2.0, 3.0, 4.0)
    y = x * 1
    rows = y.view(2, 2)
    first, column = rows[0], rows[:, 1]
    first.mul_(3)
    assert y.tolist() == [3.0, 6.0, 3.0, 4.0]
    (column.sum() + y.sum()).backward()
    assert x.grad.tolist() == [3.0, 6.0, 1.0, 2.0]


def test_a_write_into_the_base_reaches_views_taken_before():
    x = leaf(1.0, 2.0, 3.0)
    y = x * 1
    tail = y[1:]
    y.mul_(x)
    tail.sum().backward()
    assert x.grad.tolist() == [0.0, 4.0, 6.0]


def test_a_tracked_value_makes_its_target_and_the_base_part_of_the_graph():
    x = leaf(1.0, 2.0)
    base = torch.zeros(4, dtype=torch.float64)
    part = base[:2]
    part.copy_(x)
    assert base.requires_grad
    assert not base.is_leaf
    (base * base).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_views_that_cannot_pass_a_write_on_refuse_it():
    y = leaf(1.0, 2.0) * 1
    with torch.no_grad():
        hidden = y[:1]
    with pytest.raises(RuntimeError, match="created in no_grad mode"):
        hidden.mul_(2)
    with pytest.raises(RuntimeError, match="Output 1 of Unbind is a view and is being modified inplace"):
        y.unbind()[1].mul_(2)


def test_the_version_counts_writes_of_all_that_share_memory():
    x = torch.zeros(3)
    view, detached, data = x[1:], x.detach(), x.data
    x.add_(1)
    view.mul_(2)
    detached.zero_()
    assert x._version == view._version == detached._version == 3
    data.fill_(4)
    x.numpy()[0] = 5
    assert x._version == 3
    torch.autograd.graph.increment_version(x)
    assert x._version == 4


@pytest.mark.parametrize(
    ("run", "named"),
    [(lambda y: y * y, "MulBackward0"), (lambda y: y.log(), "LogBackward0"), (lambda y: y**3, "PowBackward0")],
)
def test_changing_a_saved_input_names_the_operation(run, named):
    y = leaf(1.0, 2.0) * 1
    z = run(y).sum()
    y.add_(1)
    match = (
        rf"modified by an inplace operation: \[torch.DoubleTensor \[2\]\].*{named}, is at version 1; expected version 0"
    )
    with pytest.raises(RuntimeError, match=match):
        z.backward()


def test_changing_a_saved_output_raises():
    z = leaf(1.0, 2.0).exp()
    z.add_(1)
    with pytest.raises(RuntimeError, match=r"'out' of ExpBackward0, is at version 1; expected version 0"):
        z.sum().backward()


def test_changing_what_no_rule_needs_is_allowed():
    x = leaf(1.0, 2.0)
    y = x * 1
    z = (y + 1).sum() + torch.cat([y, y]).sum()
    y.zero_()
    z.backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_changing_an_index_raises():
    x, index = leaf(1.0, 2.0), torch.tensor([0, 1])
    y = x[index]
    index.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
