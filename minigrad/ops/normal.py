"""Functions of the normal distribution, and of entropies, elementwise; computed by SciPy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import as_array, is_array
from minigrad.ops.exponential import exp, log
from minigrad.ops.op import op
from minigrad.ops.promotion import check_tensors, promote_to_floating
from minigrad.ops.quiet import quiet
from minigrad.ops.samples import binary_samples, elementwise_samples
from minigrad.ops.select import masked_fill
from minigrad.ops.special import from_scipy, scipy_function, scipy_reference

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


@op(namespace="special", node="SpecialEntrBackward0", reference=scipy_reference("entr"))
def entr(input: Tensor) -> Tensor:
    """Entropy ``-input * log(input)``, elementwise; 0 at 0, and -inf below."""
    return from_scipy("entr", input)


@entr.gradient
def _(grad, input):
    return grad * (-log(input) - 1)


@entr.samples
def _(make):
    yield from elementwise_samples(make, low=0.1, high=3)
    yield make.sample(np.array([0.0, -1.0, np.inf, np.nan]), gradient=False)


@op(namespace="special", node="SpecialErfcxBackward0", reference=scipy_reference("erfcx"))
def erfcx(input: Tensor) -> Tensor:
    """Scaled complementary error function ``exp(input ** 2) * erfc(input)``, elementwise; finite for large inputs."""
    return from_scipy("erfcx", input)


@erfcx.gradient
def _(grad, input, out):
    return grad * (2 * input * out - 2 / math.sqrt(math.pi))


@op(namespace="special", node="MulBackward1", reference=scipy_reference("ndtr"))
def ndtr(input: Tensor) -> Tensor:
    """Probability that a standard normal variable is at most ``input``, elementwise."""
    return from_scipy("ndtr", input)


@ndtr.gradient
def _(grad, input):
    return grad * (exp(input * input * -0.5) / math.sqrt(2 * math.pi))


@op(namespace="special", node="SpecialLogNdtrBackward0", reference=scipy_reference("log_ndtr"))
def log_ndtr(input: Tensor) -> Tensor:
    """Logarithm of `ndtr`, elementwise; exact where that is too small to be told from 0."""
    return from_scipy("log_ndtr", input)


@log_ndtr.gradient
def _(grad, input):
    return grad / erfcx(input * (-1 / math.sqrt(2))) * math.sqrt(2 / math.pi)


for _function in (erfcx, ndtr, log_ndtr):

    @_function.samples
    def _(make):
        yield from elementwise_samples(make, low=-3, high=3)
        yield make.sample(np.array([0.0, -0.0, 12.0, np.inf, np.nan]), gradient=False)


@op(namespace="special", node="SpecialNdtriBackward0", reference=scipy_reference("ndtri"))
def ndtri(input: Tensor) -> Tensor:
    """Inverse of `ndtr`, elementwise: infinite at 0 and 1, nan beyond."""
    return from_scipy("ndtri", input)


@ndtri.gradient
def _(grad, out):
    return grad * (math.sqrt(2 * math.pi) * exp(out * out / 2))


@ndtri.samples
def _(make):
    yield from elementwise_samples(make, low=0.05, high=0.95)
    yield make.sample(np.array([0.0, 1.0, 2.0, np.nan]), gradient=False)


def _which_is_number(input: Any, other: Any) -> int:
    return 1 if not is_array(input) else 0 if is_array(other) else 2


@op(
    namespace="special",
    variant=lambda input, other: f"SpecialXlog1PyBackward{_which_is_number(input, other)}",
    reference=scipy_reference("xlog1py"),
)
def xlog1py(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Product ``input * log(1 + other)``, elementwise, 0 where ``input`` is 0 (unless ``other`` is nan)."""
    if not is_array(input) and not is_array(other):
        check_tensors("special_xlog1py", input=input, other=other)
    x, y = promote_to_floating(input, other)
    dtype = (x if is_array(x) else y).dtype
    return as_array(quiet(scipy_function("xlog1py", x if is_array(x) else y))(x, y), dtype)


@xlog1py.gradient("input")
def _(grad, input, other):
    return masked_fill(xlog1py(grad, other), (input == 0) & (other <= -1), 0)


@xlog1py.gradient("other")
def _(grad, input, other):
    return grad * input / (other + 1)


@xlog1py.samples
def _(make):
    yield from binary_samples(make, low=-0.9, high=2)
    yield make.sample(2.0, make(3, low=-0.9))
    yield make.sample(np.array([0.0, 0.0, 1.0]), np.array([-1.0, np.nan, -1.0]), gradient=False)
