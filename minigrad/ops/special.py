"""Special functions, elementwise: the error function, the gamma function, and their kin.

The rarer ones come from SciPy (which scikit-learn brings along), imported when they are first called.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import as_array, is_device_array, kernels_of, on_host
from minigrad.ops.exponential import exp
from minigrad.ops.op import op
from minigrad.ops.promotion import to_floating
from minigrad.ops.samples import elementwise_samples
from minigrad.ops.select import choose

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def scipy_function(name: str, x: Any = None) -> Any:
    """Return a function of SciPy, or its twin for arrays of a device."""
    if is_device_array(x):
        from minigrad_kernels.cuda import _memory

        found = getattr(_memory.special(), name, None)
        return found or on_host(scipy_function(name))
    from scipy import special

    return getattr(special, name)


def scipy_reference(name: str) -> Any:
    """Return a function of SciPy as a reference, to be imported when it is called."""
    return lambda *arguments: scipy_function(name)(*arguments)


def from_scipy(name: str, x: Any) -> Any:
    """Compute a function of SciPy in the precision of its argument."""
    x = to_floating(x)
    return as_array(scipy_function(name, x)(x), x.dtype)


@op(method=True, inplace=True, reference=scipy_reference("erf"))
def erf(input: Tensor) -> Tensor:
    """Error function ``2 / sqrt(pi) * integral of exp(-t ** 2) from 0 to input``, elementwise."""
    x = to_floating(input)
    return kernels_of(x).erf(x)


@erf.gradient
def _(grad, input):
    return grad * ((2 / math.sqrt(math.pi)) * exp(-(input * input)))


@op(method=True, inplace=True, reference=scipy_reference("erfc"))
def erfc(input: Tensor) -> Tensor:
    """Complementary error function ``1 - erf(input)``, elementwise; exact for large inputs too."""
    x = to_floating(input)
    return kernels_of(x).erfc(x)


@erfc.gradient
def _(grad, input):
    return grad * ((-2 / math.sqrt(math.pi)) * exp(-(input * input)))


for _function in (erf, erfc):

    @_function.samples
    def _(make):
        yield from elementwise_samples(make, low=-3, high=3)
        yield make.sample(np.array([0.0, np.inf, -np.inf, np.nan]), gradient=False)


@op(method=True, inplace=True, reference=scipy_reference("erfinv"))
def erfinv(input: Tensor) -> Tensor:
    """Inverse of the error function, elementwise; infinite at -1 and 1, nan beyond."""
    x = to_floating(input)
    return kernels_of(x).erfinv(x)


@erfinv.gradient
def _(grad, out):
    return grad * ((math.sqrt(math.pi) / 2) * exp(out * out))


@erfinv.samples
def _(make):
    yield from elementwise_samples(make, low=-0.9, high=0.9)
    yield make.sample(np.array([0.0, 1.0, -1.0, 2.0]), gradient=False)


@op(method=True, inplace=True, reference=lambda x: np.where(np.isneginf(x), np.inf, scipy_function("gammaln")(x)))
def lgamma(input: Tensor) -> Tensor:
    """Logarithm of the magnitude of the gamma function, elementwise; infinite at 0, -1, -2, ..."""
    x = to_floating(input)
    return np.where(x == -np.inf, x.dtype.type(np.inf), from_scipy("gammaln", x))


@lgamma.gradient
def _(grad, input):
    return grad * digamma(input)


@op(method=True, inplace=True, reference=scipy_reference("digamma"))
def digamma(input: Tensor) -> Tensor:
    """Logarithmic derivative of the gamma function, elementwise; nan at -1, -2, ..., infinite at 0."""
    return from_scipy("digamma", input)


@digamma.gradient
def _(grad, input):
    return grad * polygamma(1, input)


for _function in (lgamma, digamma):

    @_function.samples
    def _(make):
        yield from elementwise_samples(make, low=0.3, high=4)
        yield make.sample(make(4, low=-1.8, high=-1.2))
        yield make.sample(np.array([0.0, -0.0, np.inf, np.nan]), gradient=False)


@op(reference=lambda n, x: scipy_function("polygamma")(n, x))
def polygamma(n: int, input: Tensor) -> Tensor:
    """Derivative of order ``n`` of `digamma`, elementwise; of order 0, digamma itself.

    Parameters
    ----------
    n : int
        Not negative.
    input : Tensor

    Raises
    ------
    RuntimeError
        For a negative ``n``.
    """
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    x = to_floating(input)
    return kernels_of(x).trigamma(x) if n == 1 else as_array(scipy_function("polygamma", x)(n, x), x.dtype)


@polygamma.gradient
def _(grad, n, input):
    return grad * polygamma(n + 1, input)


@polygamma.samples
def _(make):
    for n in (0, 1, 2, 4):
        yield make.sample(n, make(3, low=0.5, high=4))
    yield make.sample(1, make(3, 2, low=0.5, high=4).T)
    yield make.sample(1, np.array([0.0, -0.0, np.nan, 1e-3, 1e9]), gradient=False)
    yield make.sample(1, make(low=0.5, high=4))
    yield make.sample(1, make(0))


@op(
    method=True,
    inplace=True,
    reference=lambda x, eps=None: scipy_function("logit")(x if eps is None else np.clip(x, eps, 1 - eps)),
)
def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """Inverse of the logistic function, ``log(input / (1 - input))``, elementwise; nan outside [0, 1].

    Parameters
    ----------
    eps : float, optional
        Clamp the input to [eps, 1 - eps] first; the gradient beyond is 0.
    """
    x = to_floating(input)
    return kernels_of(x).logit(x) if eps is None else kernels_of(x).logit(x, eps, 1 - eps)


@logit.gradient
def _(grad, input, eps):
    low, high = (0.0, 1.0) if eps is None else (eps, 1.0 - eps)
    slope = 1 / (input * (1 - input))
    inside = (input >= low) & (input <= high)
    return choose(inside, grad * slope, float("nan") if eps is None else 0.0)


@logit.samples
def _(make):
    yield from elementwise_samples(make, low=0.05, high=0.95)
    yield make.sample(np.array([0.05, 0.3, 0.5, 0.96]), eps=0.1)
    yield make.sample(np.array([0.0, 1.0, 0.3, -0.5, 2.0]), gradient=False)
    yield make.sample(np.array([0.0, 1.0, 0.3, -0.5, 2.0]), 0.25, gradient=False)


@op(method=True, inplace=True, reference=scipy_reference("i0"))
def i0(input: Tensor) -> Tensor:
    """Modified Bessel function of the first kind of order 0, elementwise."""
    return from_scipy("i0", input)


@i0.gradient
def _(grad, input):
    return grad * i1(input)


@op(namespace="special", reference=scipy_reference("i1"), node="SpecialI1Backward0")
def i1(input: Tensor) -> Tensor:
    """Modified Bessel function of the first kind of order 1, elementwise."""
    return from_scipy("i1", input)


@i1.gradient
def _(grad, input, out):
    safe = choose(input == 0, 1.0, input)
    return grad * choose(input == 0, 0.5, i0(input) - out / safe)


for _function in (i0, i1):

    @_function.samples
    def _(make):
        yield from elementwise_samples(make)
