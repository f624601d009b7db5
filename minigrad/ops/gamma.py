"""The incomplete and multivariate gamma functions and the zeta function, elementwise; computed by SciPy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import as_array, is_array
from minigrad.ops.exponential import exp, log
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import check_tensors, not_implemented, promote_tensors, promote_to_floating
from minigrad.ops.quiet import quiet
from minigrad.ops.samples import binary_samples
from minigrad.ops.special import lgamma, scipy_function, scipy_reference

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


def _incomplete(name: str, function: str, input: Any, other: Any) -> Any:
    a, x = promote_tensors(name, input, other)
    if a.dtype.kind != "f":
        raise not_implemented(f"{name}_cpu", a)
    return as_array(quiet(scipy_function(function, a))(a, x), a.dtype)


def _no_derivative(function: str) -> Any:
    def rule(grad):
        raise NotImplementedError(f"the derivative for '{function}' is not implemented.")

    return rule


def _density(grad: Any, a: Any, x: Any) -> Any:
    """Return ``grad`` times the density of the gamma distribution of shape ``a`` at ``x``."""
    return grad * exp((a - 1) * log(x) - x - lgamma(a))


@op(method=True, inplace=True, reference=scipy_reference("gammainc"))
def igamma(input: Tensor, other: Tensor) -> Tensor:
    """Regularised lower incomplete gamma function of shape ``input`` up to ``other``, elementwise.

    The gradient with respect to ``input`` is not defined, as in PyTorch.
    """
    return _incomplete("igamma", "gammainc", input, other)


@igamma.gradient("other")
def _(grad, input, other):
    return _density(grad, input, other)


@op(method=True, inplace=True, reference=scipy_reference("gammaincc"))
def igammac(input: Tensor, other: Tensor) -> Tensor:
    """Regularised upper incomplete gamma function, ``1 - igamma(input, other)``, elementwise."""
    return _incomplete("igammac", "gammaincc", input, other)


@igammac.gradient("other")
def _(grad, input, other):
    return -_density(grad, input, other)


for _function in (igamma, igammac):
    _function.gradient("input")(_no_derivative(f"{_function.__name__}: input"))

    @_function.samples
    def _(make):
        for sample in binary_samples(make, low=0.3, high=3):
            if is_array(sample.args[1]):
                yield sample._replace(gradient=False)
        yield make.sample(np.array([1.0, -1.0, 1.0]), np.array([0.0, 1.0, np.inf]), gradient=False)


def _multivariate_reference(x: Any, p: int) -> Any:
    return p * (p - 1) / 4 * math.log(math.pi) + sum(scipy_function("gammaln")(x - j / 2) for j in range(p))


@composed(method=True, inplace=True, reference=_multivariate_reference)
def mvlgamma(input: Tensor, p: int) -> Tensor:
    """Logarithm of the multivariate gamma function of dimension ``p``, elementwise.

    Parameters
    ----------
    input : Tensor
        Above ``(p - 1) / 2``.
    p : int
        At least 1.

    Raises
    ------
    RuntimeError
        For a ``p`` below 1, and for bools.
    """
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    if input.dtype.name == "bool":
        raise RuntimeError("The input tensor may not be a boolean tensor.")
    total = lgamma(input)
    for j in range(1, p):
        total = total + lgamma(input - j / 2)
    return named(total + p * (p - 1) / 4 * math.log(math.pi), "MvlgammaBackward0")


@mvlgamma.samples
def _(make):
    for p in (1, 2, 3):
        yield make.sample(make(4, low=1.2, high=4), p)
    yield make.sample(make(3, 2, low=1.2, high=4).T, 2)
    yield make.sample(make(low=1.2, high=4), p=2)


@op(
    namespace="special",
    node="SpecialZetaBackward0",
    variant=lambda input, other: f"SpecialZetaBackward{1 if not is_array(input) else 0 if is_array(other) else 2}",
    reference=scipy_reference("zeta"),
)
def zeta(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Hurwitz zeta function, the sum of ``1 / (k + other) ** input`` over ``k = 0, 1, ...``, elementwise.

    The gradient with respect to ``input`` is not defined, as in PyTorch.
    """
    if not is_array(input) and not is_array(other):
        check_tensors("special_zeta", input=input, other=other)
    x, q = promote_to_floating(input, other)
    like = x if is_array(x) else q
    return as_array(quiet(scipy_function("zeta", like))(x, q), like.dtype)


zeta.gradient("input")(_no_derivative("zeta"))


@zeta.gradient("other")
def _(grad, input, other):
    return grad * -input * zeta(input + 1, other)


@zeta.samples
def _(make):
    for sample in binary_samples(make, low=1.5, high=4):
        if is_array(sample.args[1]):
            yield sample._replace(gradient=False)
    yield make.sample(2.5, make(3, low=0.5, high=3))
