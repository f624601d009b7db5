"""Gradients of samples by their parameters, where the sampler itself cannot be differentiated.

A sample x with distribution function F(x; a) keeps its probability when the parameter changes, so
``dx/da = -(dF/da) / (dF/dx)`` [1]_. The derivative of F by its parameter is taken by central differences in float64, of
the smaller of F and 1 - F in its logarithm.

References
----------
.. [1] M. Figurnov, S. Mohamed, A. Mnih, "Implicit Reparameterization Gradients", 2018, arXiv:1805.08498.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.autograd.function import Function, once_differentiable
from minigrad.creation import from_numpy
from minigrad.random.rejection import standard_dirichlet, standard_gamma
from minigrad.tensor import Tensor

__all__ = ["DirichletSample", "GammaSample"]


def _by_parameter(lower: Callable[[Any], Any], upper: Callable[[Any], Any], a: Any) -> Any:
    """Return the derivative of ``lower`` (which ``upper`` complements to 1) by its parameter at ``a``."""
    step = 1e-4 * np.minimum(a, 1.0)
    use_lower = lower(a) < 0.5

    def slope(function: Callable[[Any], Any]) -> Any:
        far = (np.log(function(a + 2 * step)) - np.log(function(a - 2 * step))) / (4 * step)
        near = (np.log(function(a + step)) - np.log(function(a - step))) / (2 * step)
        return (4 * near - far) / 3 * function(a)

    with np.errstate(all="ignore"):
        return np.nan_to_num(np.where(use_lower, slope(lower), -slope(upper)))


def _gamma_gradient(a: Any, x: Any) -> Any:
    """Return dx/da of gamma numbers of shape ``a``."""
    from scipy.special import gammainc, gammaincc, gammaln

    with np.errstate(all="ignore"):
        density = np.exp((a - 1) * np.log(x) - x - gammaln(a))
        by_shape = _by_parameter(lambda shape: gammainc(shape, x), lambda shape: gammaincc(shape, x), a)
        return np.nan_to_num(-by_shape / density)


def _beta_gradient(x: Any, a: Any, total: Any) -> Any:
    """Return dx/da of beta numbers of shapes ``a`` and ``total - a``, divided by ``1 - x``."""
    from scipy.special import betainc, betaincc, betaln

    b = total - a
    with np.errstate(all="ignore"):
        density = np.exp((a - 1) * np.log(x) + b * np.log1p(-x) - betaln(a, b))
        by_shape = _by_parameter(lambda shape: betainc(shape, b, x), lambda shape: betaincc(shape, b, x), a)
        return np.nan_to_num(-by_shape / density)


def _wide(tensor: Any) -> Any:
    return tensor.detach().double().numpy()


class GammaSample(Function):
    """Gamma numbers of rate 1, differentiable by their shapes."""

    @staticmethod
    def forward(ctx: Any, concentration: Any) -> Any:
        """Draw."""
        drawn = standard_gamma(concentration)
        ctx.save_for_backward(drawn, concentration)
        return drawn

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Any) -> Any:
        """Return the implicit gradient."""
        drawn, concentration = ctx.saved_tensors
        return grad * from_numpy(_gamma_gradient(_wide(concentration), _wide(drawn))).to(grad.dtype)


class DirichletSample(Function):
    """Vectors of positive numbers with sum 1, differentiable by their shapes."""

    @staticmethod
    def forward(ctx: Any, concentration: Any) -> Any:
        """Draw."""
        drawn = standard_dirichlet(concentration)
        ctx.save_for_backward(drawn, concentration)
        return drawn

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Any) -> Any:
        """Return the implicit gradient: each entry by its own shape, the others keeping their proportions."""
        drawn, concentration = ctx.saved_tensors
        shapes = _wide(concentration)
        slope = _beta_gradient(_wide(drawn), shapes, shapes.sum(-1, keepdims=True))
        return from_numpy(slope).to(grad.dtype) * (grad - (drawn * grad).sum(-1, True))


def _standard_gamma(self: Tensor, generator: Any = None) -> Any:
    """Draw gamma numbers of rate 1, as programs ask for them by PyTorch's inner name."""
    return GammaSample.apply(self) if generator is None else standard_gamma(self, generator)


def _sample_dirichlet(self: Tensor, generator: Any = None) -> Any:
    """Draw vectors with sum 1, as programs ask for them by PyTorch's inner name."""
    return DirichletSample.apply(self) if generator is None else standard_dirichlet(self, generator)
