"""`compare_gradients`: agrees where gradients are right, says where they are not, and leaves everything as it was."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad import nn
from minigrad.autograd import compare_gradients


def leaf(values, **kwargs):
    return minigrad.tensor(values, dtype=minigrad.float64, requires_grad=True, **kwargs)


@pytest.fixture
def problem():
    """A small network with smooth activations, as (function, named parameters)."""
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    x = minigrad.rand(5, 3).double()
    return lambda: (model(x) ** 2).mean(), dict(model.named_parameters())


def compare(function, parameters, by_hand=None, **kwargs):
    return compare_gradients(function, parameters, by_hand, verbose=False, **kwargs)


def test_right_gradients_agree_in_every_parameter(problem):
    table = compare(*problem)
    assert table.passed
    assert [row.name for row in table] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert table.entries == 12 + 4 + 8 + 2
    assert all(row.autograd_to_numerical.absolute < 1e-8 for row in table)
    np.testing.assert_allclose(table["0.weight"].numerical, table["0.weight"].autograd, atol=1e-8)


def test_gradients_by_hand_are_compared_where_they_are_given():
    w, v = leaf([1.0, -2.0]), leaf([0.5, 0.5])
    table = compare(lambda: (w**3 * v).sum(), {"w": w, "v": v}, {"w": 3 * w.detach() ** 2 * v.detach()})
    assert table.passed
    assert table["w"].hand_to_autograd.absolute < 1e-14
    assert table["v"].by_hand is None
    assert table["v"].hand_to_autograd is None


def test_by_hand_may_be_a_function():
    w = leaf([1.0, -2.0])
    assert compare(lambda: (w**2).sum(), {"w": w}, lambda: {"w": 2 * w.detach().numpy()}).passed


def test_wrong_gradient_by_hand_is_found_and_named():
    w = leaf([1.0, -2.0])
    table = compare(lambda: (w**2).sum(), {"w": w}, {"w": [2.0, 4.0]})
    assert not table.passed
    assert table["w"].hand_to_autograd.absolute == 8
    assert table["w"].hand_to_autograd.relative == 2
    assert table["w"].autograd_to_numerical.passed
    assert "DIFFER in w" in str(table)


def test_wrong_gradient_of_a_function_is_found():
    class Crooked(minigrad.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, grad):
            return grad * 1.001

    w = leaf([1.0, -2.0])
    table = compare(lambda: Crooked.apply(w).sum(), {"w": w})
    assert not table.passed
    assert table["w"].autograd_to_numerical.relative == pytest.approx(0.001, rel=0.01)


def test_nan_agrees_with_nothing():
    w = leaf([-1.0, 1.0])
    table = compare(lambda: w.sqrt().sum(), {"w": w})
    assert not table.passed
    assert table["w"].autograd_to_numerical.relative == np.inf


def test_kink_within_the_step_is_stepped_around():
    w = leaf([1e-7, -3e-7, 0.5])
    table = compare(lambda: w.relu().sum(), {"w": w})
    assert table.passed
    assert (table.measured_again, table.at_kink) == (2, 0)
    np.testing.assert_allclose(table["w"].numerical, [1, 0, 1], atol=1e-6)


def test_kink_at_the_point_is_left_out_and_counted():
    w = leaf([0.0, 0.5])
    table = compare(lambda: w.relu().sum(), {"w": w})
    assert table.passed
    assert (table.measured_again, table.at_kink) == (1, 1)
    assert "agrees but for 1 at kinks" in str(table)
    assert "1 left out" in str(table)


def test_strong_curvature_is_no_kink():
    w = leaf([0.0, 0.1])
    table = compare(lambda: (1e4 * w**2 + w).sum(), {"w": w})
    assert table.passed
    assert table.at_kink == 0


def test_gradient_that_is_zero_but_for_rounding_agrees():
    w = leaf([[0.3, -0.2, 0.9]])
    # Softmax does not change when its whole row moves.
    table = compare(lambda: (w + w.sum()).softmax(dim=1)[0, 0], {"w": w})
    bias = leaf([0.7])
    table = compare(lambda: (w.detach() + bias).softmax(dim=1)[0, 0] + 1e-9 * bias.sum(), {"b": bias})
    assert table.passed


def test_unused_parameter_has_gradient_zero():
    w, unused = leaf([1.0]), leaf([1.0, 2.0])
    table = compare(lambda: (w**2).sum(), {"w": w, "unused": unused})
    assert table.passed
    np.testing.assert_array_equal(table["unused"].autograd, [0, 0])


def test_scalars_empty_and_transposed_parameters_are_measured():
    scalar, empty, turned = leaf(2.0), leaf([]), minigrad.rand(2, 3).double().T.requires_grad_()
    table = compare(
        lambda: scalar**2 * (turned**2).sum() + empty.sum(), {"scalar": scalar, "empty": empty, "turned": turned}
    )
    assert table.passed
    np.testing.assert_allclose(table["turned"].numerical, 8 * turned.detach().numpy(), rtol=1e-7)


def test_function_that_differentiates_is_evaluated_with_a_graph():
    w = leaf([0.3, 0.7])

    def penalty():
        (slope,) = minigrad.autograd.grad((w**3).sum(), w, create_graph=True)
        return (slope**2).sum()

    assert compare(penalty, {"w": w}, {"w": 36 * w.detach().numpy() ** 3}).passed


def test_parameters_and_their_grads_are_left_as_they_were(problem):
    function, parameters = problem
    before = {name: each.detach().numpy().copy() for name, each in parameters.items()}
    compare(function, parameters)
    for name, each in parameters.items():
        np.testing.assert_array_equal(each.detach().numpy(), before[name])
        assert each.grad is None


@pytest.mark.parametrize("fails_at", [3, 4, 7])
def test_parameters_are_put_back_when_the_function_raises(fails_at):
    w = leaf([1 / 3, 2 / 3, 1e-9])
    before = w.detach().numpy().copy()
    calls = 0

    def function():
        nonlocal calls
        calls += 1
        if calls == fails_at:
            raise ZeroDivisionError
        return (w**2).sum()

    with pytest.raises(ZeroDivisionError):
        compare(function, {"w": w})
    np.testing.assert_array_equal(w.detach().numpy(), before)


def test_prints_the_table_it_returns(problem, capsys):
    table = compare_gradients(*problem)
    assert capsys.readouterr().out == f"{table}\n"


def test_table_is_neat():
    w = leaf([[1.0, -2.0]])
    lines = str(compare(lambda: (w**2).sum(), {"weight": w}, {"weight": [[2.0, -4.0]]})).splitlines()
    heads, rule, row, below = lines[1:5]
    assert heads.split() == ["parameter", "shape", "entries", *["absolute", "relative"] * 2, "verdict"]
    assert set(rule) == {"-"} == set(below)
    assert row.startswith("weight     (1, 2)        2")
    assert row.index("agrees") == heads.index("verdict")
    assert lines[0].endswith("by hand - autograd  autograd - numerical")
    assert lines[5] == "2 entries: the gradients agree (relative differences at most 1e-07 and 1e-04)"


def test_rows_are_found_by_name_and_place(problem):
    table = compare(*problem)
    assert table[1] is table["0.bias"]
    assert len(table) == 4
    with pytest.raises(KeyError, match="no parameter 'bias'"):
        table["bias"]


def test_progress_bar_counts_entries_when_asked_for(problem, capsys):
    compare(*problem, progress=True)
    assert "26" in capsys.readouterr().err
    compare(*problem, progress=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "no parameters"),
        ({"w": np.ones(2)}, "'w' is a ndarray, expected a Tensor"),
        ({"w": minigrad.ones(2)}, "'w' does not require grad"),
        ({"w": minigrad.ones(2, requires_grad=True) * 2}, "'w' is not a leaf"),
        ({"w": minigrad.ones(2, requires_grad=True)}, "'w' is torch.float32, expected torch.float64"),
    ],
)
def test_unsuitable_parameters_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        compare(lambda: minigrad.tensor(1.0), parameters)


def test_unsuitable_functions_are_refused():
    w = leaf([1.0, 2.0])
    for function, message in [
        (lambda: w * 2, r"shape \(2,\), expected a tensor of one element"),
        (lambda: 1.0, "type float"),
        (lambda: w.detach().sum(), "does not depend on any parameter"),
        (lambda: w.float().sum(), "returned torch.float32"),
        (lambda: (w * minigrad.rand(2).double()).sum(), "the same value whenever it is called"),
    ]:
        with pytest.raises(ValueError, match=message):
            compare(function, {"w": w})


def test_unsuitable_gradients_by_hand_are_refused():
    w = leaf([1.0, 2.0])
    with pytest.raises(ValueError, match=r"by_hand names \['v'\], but the parameters are \['w'\]"):
        compare(lambda: w.sum(), {"w": w}, {"v": [1.0, 1.0]})
    with pytest.raises(ValueError, match=r"'w' by hand has shape \(3,\), its parameter \(2,\)"):
        compare(lambda: w.sum(), {"w": w}, {"w": [1.0, 1.0, 1.0]})
