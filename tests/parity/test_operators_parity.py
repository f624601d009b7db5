"""Python's operators, reflected and in place, on operands of every kind; and what they refuse."""

from __future__ import annotations

import itertools

import pytest

torch = pytest.importorskip("torch")

import minigrad  # noqa: E402
from tests.parity.expressions import assert_same, evaluate  # noqa: E402

BINARY = ("+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>", "==", "!=", "<", "<=", ">", ">=")
TENSORS = ("f", "h", "i", "u", "s", "b", "z", "zd", "zi", "zb", "G")
NUMBERS = ("2", "3.0", "2.5", "True", "-1", "np.float64(2.0)", "np.int64(3)", "300")

EXPRESSIONS = [
    *(f"{x} {operator} {y}" for operator, x, y in itertools.product(BINARY, TENSORS, TENSORS)),
    *(f"{x} {operator} {y}" for operator, x, y in itertools.product(BINARY, TENSORS, NUMBERS)),
    *(f"{x} {operator} {y}" for operator, x, y in itertools.product(BINARY, NUMBERS, TENSORS)),
    *(
        f"{x} {operator}= {y}"
        for operator in BINARY[:12]
        for x in ("f", "h", "i", "u", "b", "z")
        for y in ("g", "j", "b", "zi", "2", "1.5", "True")
    ),
    *(f"{operator}{x}" for operator, x in itertools.product(("-", "+", "~"), TENSORS)),
    *(f"abs({x})" for x in TENSORS),
    "2 / F", "1 / F", "F / 2", "2 - F", "F - 2", "3 ** F", "F ** 3", "2 // f", "2 % f", "F % 2", "F // 2", "i / i",
    "F * z", "f + None", "f + 'a'", "f == None", "f != None", "f == 'a'", "f < None", "f == [1, 2]", "divmod(f, 2)",
    "round(f)", "f @ g.T", "f @ v", "v @ v", "f @ f", "f @ 2", "i @ i.T", "f.__rdiv__(2)", "f.__div__(2)",
    "F.__rtruediv__(3)", "f + v", "f + w", "v * w", "e + f", "e + z", "f < w", "f // w", "f ** w", "f % w",
    "torch.where(b, f, w)",
]  # fmt: skip

# Where minigrad does more: gradients that PyTorch does not define, numbers where it wants tensors.
BEYOND = {f"{x} % G" for x in NUMBERS}


@pytest.mark.parametrize("expression", [each for each in EXPRESSIONS if each not in BEYOND])
def test_operator_does_what_pytorchs_does(expression):
    assert_same(evaluate(minigrad, expression), evaluate(torch, expression))


@pytest.mark.parametrize(
    "expression",
    [
        "f + w", "v * w", "f < w", "f // w", "torch.where(b, f, w)", "f.add_(w)", "torch.maximum(f, w)", "i & w",
        "b - b", "-b", "i ** -1", "i // 0", "i % 0", "f.clamp()", "i.add(i, alpha=1.5)", "i.masked_fill(i > 0, inf)",
        "f.masked_fill(i, 1)", "i + torch.tensor([1, 2])", "v.lerp(v.double(), 0.5)", "torch.frac(i)",
        "torch.hypot(i, i)", "f & f", "f << 2", "torch.atan2(f, 2)", "torch.isclose(f, d)", "torch.isin(b, b)",
        "i += 1.5", "torch.addcdiv(i, i, i)", "torch.heaviside(f, d)", "torch.eye(-1)", "torch.arange(1, 2, -1)",
        "torch.arange(1, 5, 0)", "F += 1",
    ],
)  # fmt: skip
def test_refusal_is_worded_as_pytorchs(expression):
    ours, theirs = evaluate(minigrad, expression), evaluate(torch, expression)
    assert isinstance(theirs, Exception)
    assert str(ours) == str(theirs)
