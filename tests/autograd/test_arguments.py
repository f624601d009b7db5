"""The arguments of `backward` and `grad`, and what they refuse."""

from __future__ import annotations

import pytest

import minigrad as torch
from minigrad.autograd import backward, grad


def leaf(*values):
    return torch.tensor(values[0] if len(values) == 1 else list(values), requires_grad=True)


REFUSED = {
    "no scalar": (lambda x: (x * 2).backward(), RuntimeError, "implicitly created only for scalar outputs"),
    "no graph": (lambda x: torch.ones(()).backward(), RuntimeError, "element 0 of tensors does not require grad"),
    "wrong shape": (
        lambda x: (x * 2).backward(torch.ones(3)),
        RuntimeError,
        r"Mismatch in shape: grad_output\[0\] has a shape of torch.Size\(\[3\]\) and output\[0\] has a shape of "
        r"torch.Size\(\[2\]\)",
    ),
    "no tensor": (lambda x: (x * 2).backward([1.0, 2.0]), TypeError, "gradients can be either Tensors or None"),
    "too few": (lambda x: backward([x.sum(), x.sum()], [None]), RuntimeError, "got 2 tensors and 1 gradients"),
    "empty inputs": (lambda x: x.sum().backward(inputs=[]), RuntimeError, "`inputs` argument to `backward"),
    "no inputs": (lambda x: grad(x.sum(), []), RuntimeError, "`inputs` argument to `grad"),
    "constant input": (lambda x: grad(x.sum(), torch.ones(2)), RuntimeError, "does not require grad"),
    "unused input": (
        lambda x: grad(x.sum(), [x, leaf(3.0)]),
        RuntimeError,
        "Tensor at index 1 appears to not have been",
    ),
    "materialize": (
        lambda x: grad(x.sum(), x, allow_unused=False, materialize_grads=True),
        ValueError,
        "Expected allow_unused to be True or not passed",
    ),
    "assigned dtype": (lambda x: setattr(x, "grad", torch.ones(2).double()), RuntimeError, "gradient with dtype"),
    "assigned size": (
        lambda x: setattr(x, "grad", torch.ones(3)),
        RuntimeError,
        r"size '\[3\]' to a tensor of size '\[2\]'",
    ),
    "assigned list": (lambda x: setattr(x, "grad", [1.0, 2.0]), TypeError, "expected to be a Tensor or None"),
    "flag": (lambda x: setattr(x, "requires_grad", 1), RuntimeError, "requires_grad must be a bool"),
    "flag of a result": (
        lambda x: (x * 2).requires_grad_(False),
        RuntimeError,
        "requires_grad flags of leaf variables",
    ),
    "numpy": (lambda x: x.numpy(), RuntimeError, r"Use tensor.detach\(\).numpy\(\) instead"),
}


@pytest.mark.parametrize(("run", "error", "match"), REFUSED.values(), ids=REFUSED)
def test_wrong_arguments_raise_pytorchs_exception(run, error, match):
    with pytest.raises(error, match=match):
        run(leaf(1.0, 2.0))


def test_unused_inputs_give_none_or_zeros_on_request():
    x, unused = leaf(1.0, 2.0), leaf(3.0, 4.0)
    assert grad(x.sum(), [x, unused], allow_unused=True)[1] is None
    assert grad(x.sum(), [x, unused], materialize_grads=True)[1].tolist() == [0.0, 0.0]


def test_grad_leaves_the_leaves_alone():
    x = leaf(1.0, 2.0)
    (found,) = grad((x * x).sum(), x)
    assert found.tolist() == [2.0, 4.0]
    assert x.grad is None


def test_backward_with_inputs_fills_only_these():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    z = x * y
    (z * x).sum().backward(inputs=[x, z])
    assert x.grad.tolist() == [6.0, 16.0]
    assert y.grad is None


def test_roots_add_up():
    x = leaf(1.0, 2.0)
    y = x.sum()
    backward([y, (x * 3).sum(), y])
    assert x.grad.tolist() == [5.0, 5.0]


def test_a_gradient_weighs_the_elements():
    x = leaf(1.0, 2.0)
    (x * x).backward(torch.tensor([1.0, 10.0]))
    assert x.grad.tolist() == [2.0, 40.0]


def test_variable_makes_tensors():
    x = torch.autograd.Variable(torch.ones(2), requires_grad=True)
    assert isinstance(x, torch.autograd.Variable)
    assert isinstance(torch.ones(1), torch.autograd.Variable)
    x.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    with pytest.raises(TypeError, match="has to be a tensor, but got list"):
        torch.autograd.Variable([1.0])
