"""Operations that users write: `autograd.Function`."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as torch
from minigrad.autograd import Function, grad
from minigrad.autograd.function import once_differentiable


def leaf(*values):
    return torch.tensor(values[0] if len(values) == 1 else list(values), dtype=torch.float64, requires_grad=True)


def make(forward, backward, setup_context=None):
    methods = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    if setup_context is not None:
        methods["setup_context"] = staticmethod(setup_context)
    return type("Made", (Function,), methods)


class ScaledCube(Function):
    """``scale * x**3``."""

    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x)
        ctx.scale = scale
        return scale * x**3

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * ctx.scale * 3 * x**2, None


def test_gradients_of_first_and_second_order():
    x = leaf(1.0, 2.0)
    y = ScaledCube.apply(x, 2.0)
    assert y.grad_fn.name() == "ScaledCubeBackward"
    (first,) = grad(y.sum(), x, create_graph=True)
    (second,) = grad(first.sum(), x)
    assert (first.tolist(), second.tolist()) == ([6.0, 24.0], [12.0, 24.0])


def test_saved_tensors_are_freed_with_the_graph():
    y = ScaledCube.apply(leaf(1.0), 2.0)
    y.backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.backward()
    with pytest.raises(RuntimeError, match="saved tensors after they have already been freed"):
        _ = y.grad_fn.saved_tensors


def test_changing_a_saved_tensor_raises():
    x = leaf(1.0, 2.0) * 1
    y = ScaledCube.apply(x, 2.0)
    x.zero_()
    with pytest.raises(
        RuntimeError, match=r"inplace operation: \[torch.DoubleTensor \[2\]\].*saved by ScaledCubeBackward"
    ):
        y.sum().backward()


def test_setup_context_sees_inputs_and_output():
    def setup(ctx, inputs, output):
        ctx.save_for_backward(output)

    made = make(lambda x: x.exp(), lambda ctx, grad: grad * ctx.saved_tensors[0], setup)
    x = leaf(0.0, 1.0)
    made.apply(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp([0.0, 1.0]))


def test_numpy_inside_with_once_differentiable():
    def forward(ctx, x):
        return torch.from_numpy(np.sin(x.numpy()))

    made = make(forward, once_differentiable(lambda ctx, grad: grad * 2))
    x = leaf(1.0, 2.0)
    (first,) = grad((made.apply(x) * x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


def test_backward_gets_zeros_or_none_for_outputs_that_no_gradient_reached():
    seen = []

    def forward(ctx, x, materialize):
        ctx.set_materialize_grads(materialize)
        return x * 1, x * 2

    def backward(ctx, first, second):
        seen.append(None if first is None else first.tolist())
        return second * 2, None

    made = make(forward, backward)
    for materialize in (True, False):
        made.apply(leaf(1.0, 2.0), materialize)[1].sum().backward()
    assert seen == [[0.0, 0.0], None]


def test_outputs_that_are_no_tensors_pass_through():
    made = make(lambda ctx, x: (x * 2, 5, "text"), lambda ctx, grad, *rest: grad * 2)
    x = leaf(1.0)
    y, number, text = made.apply(x)
    y.backward()
    assert (number, text, x.grad.item()) == (5, "text", 2.0)


def test_marked_outputs_do_not_require_grad():
    def forward(ctx, x):
        y = x * 2
        ctx.mark_non_differentiable(y)
        return x * 1, y

    first, second = make(forward, lambda ctx, grad, other: grad).apply(leaf(1.0))
    assert (first.requires_grad, second.requires_grad) == (True, False)


def double_in_place(ctx, x):
    x.mul_(2)
    ctx.mark_dirty(x)
    return x


def test_a_dirty_input_is_returned_itself_and_may_be_a_view():
    made = make(double_in_place, lambda ctx, grad: grad * 2)
    x = leaf(1.0, 2.0)
    y = x * 1
    part = y[0]
    assert made.apply(part) is part
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 1.0]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad has been used in an in-place"):
        made.apply(leaf(1.0))


def test_a_dirty_input_must_be_returned():
    made = make(lambda ctx, x: double_in_place(ctx, x) + 0, lambda ctx, grad: grad)
    with pytest.raises(RuntimeError, match="marked as dirty during the forward method were not returned"):
        made.apply(leaf(1.0) * 1)


def test_an_input_returned_as_it_is_is_a_view_that_refuses_writes():
    x = leaf(1.0, 2.0)
    y = make(lambda ctx, x: x, lambda ctx, grad: grad * 7).apply(x)
    assert y is not x
    with pytest.raises(RuntimeError, match="Output 0 of Made is a view and is being modified inplace"):
        y.mul_(2)
    y.sum().backward()
    assert x.grad.tolist() == [7.0, 7.0]


WRONG = {
    "too many": (lambda ctx, grad: (grad, grad), "returned an incorrect number of gradients .expected 1, got 2"),
    "shape": (
        lambda ctx, grad: torch.ones(3),
        r"invalid gradient at index 0 - got \[3\] but expected shape compatible",
    ),
    "number": (lambda ctx, grad: 3, r"expected Variable or None \(got int\)"),
}


@pytest.mark.parametrize(("backward", "match"), WRONG.values(), ids=WRONG)
def test_wrong_gradients_raise(backward, match):
    with pytest.raises(RuntimeError, match=match):
        make(lambda ctx, x: x * 2, backward).apply(leaf(1.0, 2.0)).sum().backward()


def test_backward_may_write_into_the_gradient_it_gets():
    x = leaf(1.0)
    make(lambda ctx, x: x * 1, lambda ctx, grad: grad.mul_(5)).apply(x).backward()
    assert x.grad.item() == 5.0


def test_missing_methods_are_named():
    class Empty(Function):
        pass

    with pytest.raises(NotImplementedError, match="must implement the forward function"):
        Empty.apply(leaf(1.0))
    with pytest.raises(TypeError, match="argument 0 is of type int"):
        make(lambda ctx, x: ctx.save_for_backward(3), None).apply(leaf(1.0))
