"""What the tables of operations cannot say of pointwise operations: kinks, warnings, refusals, speed's short cuts."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

import minigrad
from minigrad import tensor
from minigrad.ops.elementwise import add, mul
from minigrad.ops.promotion import promote, promote_two


def slope(function, *points):
    """Return the gradients of a function of numbers, one a number."""
    leaves = [tensor(float(point), requires_grad=True) for point in points]
    function(*leaves).backward()
    grads = [0.0 if leaf.grad is None else leaf.grad.item() for leaf in leaves]
    return grads[0] if len(grads) == 1 else grads


@pytest.mark.parametrize(
    ("function", "points", "expected"),
    [
        (minigrad.abs, [0], 0),
        (minigrad.sqrt, [0], math.inf),
        (minigrad.log, [0], math.inf),
        (minigrad.maximum, [1, 1], [0.5, 0.5]),
        (minigrad.minimum, [1, 1], [0.5, 0.5]),
        (minigrad.maximum, [2, 1], [1, 0]),
        (minigrad.fmax, [1, 1], [1, 0]),
        (minigrad.fmin, [1, 1], [1, 0]),
        (lambda x: minigrad.clamp(x, 0, 1), [0], 1),
        (lambda x: minigrad.clamp(x, 0, 1), [1], 1),
        (lambda x: minigrad.clamp(x, 0, 1), [1.5], 0),
        (minigrad.clamp, [0, 1, 2], [0, 1, 0]),
        (minigrad.clamp, [0, 2, 1], [0, 0, 1]),
        (lambda x: x**2, [0], 0),
        (lambda x: x**0, [0], 0),
        (lambda x: x**0.5, [0], math.inf),
        (minigrad.pow, [0, 2], [0, 0]),
        (minigrad.pow, [0, 0], [0, 0]),
        (lambda y: 0**y, [1], 0),
        (minigrad.atan2, [0, 0], [0, 0]),
        (minigrad.sinc, [0], 0),
        (minigrad.sign, [3], 0),
        (minigrad.floor, [1.5], 0),
        (minigrad.xlogy, [0, 0], [0, math.nan]),
        (minigrad.copysign, [0, 1], [0, 0]),
    ],
)
def test_gradient_at_a_kink_is_pytorchs(function, points, expected):
    np.testing.assert_array_equal(slope(function, *points), expected)


def test_nan_on_the_side_not_chosen_does_not_leak():
    x = tensor([0.0, 4.0], requires_grad=True)
    minigrad.where(x > 0, x.sqrt(), x * 0).sum().backward()
    assert x.grad.tolist()[1] == 0.25
    y = tensor([0.0, 4.0], requires_grad=True)
    minigrad.where(y > 0, y, minigrad.tensor(math.nan)).sum().backward()
    assert y.grad.tolist() == [0, 1]


@pytest.mark.parametrize(
    "expression",
    [
        "1 / x", "x.log()", "x.sqrt().sum().backward()", "(x - 1).log().nansum().backward()", "x ** -0.5", "x // 0",
        "x % 0", "x / x", "x.rsqrt().sum().backward()", "minigrad.atan2(x, x).sum().backward()",
        "(x * 1e38 * 1e38).exp()", "x.acosh()", "x.xlogy(x).sum().backward()", "x.half() * 70000.0",
        "x.pow(x).sum().backward()", "x.logit()",
    ],
)  # fmt: skip
def test_infinities_and_nan_come_without_warnings(expression):
    x = tensor([0.0, -1.0, 2.0, math.inf, math.nan], requires_grad=True)
    eval(expression, {"x": x, "minigrad": minigrad})


def test_products_that_overflow_do_not_warn_where_users_left_the_filters_alone():
    code = "import minigrad; x = minigrad.full((3,), 1e38); print(x * x + x - x * 10)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_numpy_warns_as_before():
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        np.ones(1) / np.zeros(1)
    tensor([1.0]) / 0
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        np.ones(1) / np.zeros(1)


def test_operands_of_one_dtype_are_passed_on_as_they_are():
    x, y = np.ones(3, np.float32), np.ones((), np.float32)
    assert promote_two(x, y) == (x, y) or promote_two(x, y)[0] is x
    assert promote(x, 2.0)[0] is x
    assert promote_two(x, 2)[1] == 2


def test_small_integers_wrap_around_like_c():
    small = tensor([1, 200], dtype=minigrad.uint8)
    assert (small + 300).tolist() == [45, 244]
    assert (small * -1).tolist() == [255, 56]
    small += 300
    assert small.tolist() == [45, 244]


def test_operations_take_arrays_where_rules_call_them():
    assert type(add(np.ones(2), np.ones(2))) is np.ndarray
    assert type(mul(np.float64(2.0), np.float64(3.0))) is np.ndarray
    assert mul(np.float64(2.0), np.float64(3.0)).dtype == np.float64


def test_numbers_alone_are_refused():
    with pytest.raises(TypeError, match="must be Tensor, not"):
        minigrad.exp(2.0)
    with pytest.raises(TypeError, match="must be Tensor, not"):
        minigrad.maximum(tensor([1.0]), 2.0)


def test_floor_division_says_that_it_has_no_gradient():
    quotient = tensor([1.0], requires_grad=True) // 2
    assert quotient.requires_grad
    with pytest.raises(RuntimeError, match="derivative for aten::floor_divide is not implemented"):
        quotient.backward()


def test_saved_inputs_of_an_operation_are_guarded():
    x = tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    z = y**2
    y += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_comparison_with_none_is_false():
    x = tensor([1.0])
    assert (x == None) is False  # noqa: E711
    assert (x != None) is True  # noqa: E711


def test_methods_with_operands_in_another_order():
    x = tensor([1.0, 2.0], requires_grad=True)
    chosen = x.where(x > 1, 0.0)
    assert chosen.tolist() == [0, 2]
    chosen.sum().backward()
    assert x.grad.tolist() == [0, 1]
    assert x.polygamma(1).tolist() == minigrad.polygamma(1, x).tolist()


def test_casts_to_integers_leave_the_graph():
    x = tensor([1.5], requires_grad=True)
    assert not x.long().requires_grad
    assert x.double().requires_grad
    assert x.float() is x


def test_gradient_of_the_zeroth_power_is_zero_whatever_flows_in():
    x = minigrad.tensor([2.0, 0.0], requires_grad=True)
    (x**0).backward(minigrad.tensor([float("inf"), 1.0]))
    assert x.grad.tolist() == [0.0, 0.0]


def test_trigamma_is_exact_on_both_sides_of_zero_and_has_its_poles():
    special = pytest.importorskip("scipy.special")
    points = np.concatenate([np.linspace(-9.9, 20, 600), np.logspace(-8, 12, 60)])
    points = points[np.abs(points - np.rint(points)) > 1e-3 * (points < 0.5)]
    found = minigrad.polygamma(1, minigrad.from_numpy(points)).numpy()
    np.testing.assert_allclose(found, special.polygamma(1, points), rtol=5e-14)
    assert minigrad.polygamma(1, tensor([0.0, -3.0, math.inf])).tolist() == [math.inf, math.inf, 0]
