"""Arguments of the wrong kind: the error names the function, the argument, what was given and what it takes."""

from __future__ import annotations

import pytest

import minigrad as torch
from minigrad.nn import functional as F


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: x.median("a"), r"median\(\): argument 'dim' .* must be int, not str"),
        (lambda x: x.cumsum((0, 1)), r"cumsum\(\): argument 'dim' .* must be int, not tuple"),
        (lambda x: torch.softmax(x, 0.5), r"softmax\(\): argument 'dim' .* must be int, not float"),
        (lambda x: x.amax(dim=1.0), r"amax\(\): argument 'dim' must be tuple of ints, not float"),
        (lambda x: x.sum(dtype="int"), r"sum\(\): argument 'dtype' must be torch.dtype, not str"),
        (lambda x: torch.softmax(x, 0, True), r"softmax\(\): argument 'dtype' .* must be torch.dtype, not bool"),
        (lambda x: F.elu(x, "a"), r"elu\(\): argument 'alpha' .* must be Number, not str"),
        (lambda x: x.fill_("a"), r"fill\(\) received an invalid combination of arguments - got \(Tensor, str\)"),
        (lambda x: torch.max(x, "a"), r"max\(\) received an invalid combination of arguments - got \(Tensor, str\)"),
        (lambda x: torch.mean(x, axis="a"), r"mean\(\) received an invalid combination of arguments"),
        (lambda x: torch.matmul(), r'matmul\(\) missing 2 required positional argument: "input", "other"'),
        (lambda x: x.exp(1), r"exp\(\) takes 1 positional argument but 2 were given"),
        (lambda x: x.topk(x), r"topk\(\): argument 'k' .* must be int, not Tensor"),
        (lambda x: torch.pow(2.0, 3.0), r"pow\(\): argument 'input' \(position 1\) must be Tensor, not float"),
        (lambda x: torch.float_power(2, 3), r"argument 'input' \(position 1\) must be Tensor, not float"),
        (lambda x: torch.cat([x, x], "a"), r"cat\(\): argument 'dim' .* must be int, not str"),
        (lambda x: torch.add(x, "a"), r"add\(\): argument 'other' .* must be Number, not str"),
    ],
)
def test_error_names_the_argument_at_fault(call, message):
    with pytest.raises(TypeError, match=message):
        call(torch.ones(2, 3))


@pytest.mark.parametrize("convert", [float, int, complex])
@pytest.mark.parametrize("shape", [(2,), (0,), (1, 2)])
def test_only_one_element_becomes_a_python_number(convert, shape):
    with pytest.raises(ValueError, match="only one element tensors can be converted to Python scalars"):
        convert(torch.ones(shape))


def test_a_missing_device_is_either_error_that_pytorch_raises():
    for kind in (RuntimeError, AssertionError):
        with pytest.raises(kind, match="cuda"):
            torch.ones(1, device="cuda")


def test_numbers_too_large_for_half_become_inf_without_a_warning():
    x = torch.ones(2, dtype=torch.float16)
    assert (x + 1e30).isinf().all()
    assert (x * -1e30).isinf().all()
    assert not (x == 1e30).any()
    assert torch.tensor([1e30], dtype=torch.float16).isinf().all()


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.masked_select(torch.tensor([True, False])),
        lambda x: x.take_along_dim(torch.tensor([[0, 1]] * 3), -1),
        lambda x: x.masked_scatter(torch.tensor([True, False]), x),
    ],
)
def test_shapes_that_do_not_broadcast_are_a_runtime_error_in_composed_functions_too(call):
    with pytest.raises(RuntimeError, match="must match the size of tensor b"):
        call(torch.ones(2, 3))


def test_reversed_turns_the_first_dimension_around():
    assert torch.equal(reversed(torch.arange(6).view(2, 3)), torch.tensor([[3, 4, 5], [0, 1, 2]]))
    assert reversed(torch.tensor(3)).item() == 3


def test_items_are_not_deleted():
    with pytest.raises(TypeError, match="does not support deleting items"):
        del torch.arange(3)[0]
