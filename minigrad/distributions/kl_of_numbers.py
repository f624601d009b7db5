"""Kullback-Leibler divergences between different families of distributions of numbers.

``KL(p || q) = -H(p) - E_p[log q]``, and the second mean follows from a few moments of p: of ``x``, of its square, of
``log x`` and of ``exp(-x / scale)``.
"""

from __future__ import annotations

import math
from typing import Any

from minigrad.autograd.backward import grad
from minigrad.distributions.beta import Beta
from minigrad.distributions.binomial import Binomial
from minigrad.distributions.exp_family import ExponentialFamily
from minigrad.distributions.exponential import Exponential
from minigrad.distributions.gamma import Gamma
from minigrad.distributions.gumbel import Gumbel
from minigrad.distributions.kl import _never, register_kl
from minigrad.distributions.laplace import Laplace
from minigrad.distributions.normal import Normal
from minigrad.distributions.pareto import Pareto
from minigrad.distributions.poisson import Poisson
from minigrad.distributions.uniform import Uniform
from minigrad.distributions.utils import EULER, sum_rightmost

__all__: list[str] = []


def _mean_log(p: Any) -> Any:
    """Return the mean of ``log x``."""
    if isinstance(p, Beta):
        return p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
    if isinstance(p, Exponential):
        return -EULER - p.rate.log()
    if isinstance(p, Pareto):
        return p.scale.log() + p.alpha.reciprocal()
    return _mean_log_between(p.low, p.high)


def _mean_log_between(low: Any, high: Any) -> Any:
    """Return the mean of ``log x`` over an interval."""
    return (high * high.log() - low * low.log()) / (high - low) - 1


def _mean_decay(p: Any, scale: Any) -> Any:
    """Return the mean of ``exp(-x / scale)``."""
    if isinstance(p, Exponential):
        return p.rate / (p.rate + scale.reciprocal())
    if isinstance(p, Gamma):
        return (1 + (p.rate * scale).reciprocal()).pow(-p.concentration)
    if isinstance(p, Normal):
        return ((p.scale / scale).pow(2) * 0.5 - p.loc / scale).exp()
    return scale * ((-p.low / scale).exp() - (-p.high / scale).exp()) / (p.high - p.low)


def _to_normal(p: Any, q: Any) -> Any:
    distance = (p.variance + (p.mean - q.loc).pow(2)) / (2 * q.scale.pow(2))
    return -p.entropy() + 0.5 * math.log(2 * math.pi) + q.scale.log() + distance


def _to_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


def _to_gamma(p: Any, q: Any) -> Any:
    constant = q.concentration.lgamma() - q.concentration * q.rate.log()
    return -p.entropy() + constant - (q.concentration - 1) * _mean_log(p) + q.rate * p.mean


def _to_gumbel(p: Any, q: Any) -> Any:
    means = (p.mean - q.loc) / q.scale + (q.loc / q.scale).exp() * _mean_decay(p, q.scale)
    return -p.entropy() + q.scale.log() + means


_FORMULAS: tuple[tuple[Any, Any, tuple[Any, ...]], ...] = (
    (Normal, _to_normal, (Beta, Gamma, Gumbel, Laplace)),
    (Exponential, _to_exponential, (Beta, Gamma)),
    (Gamma, _to_gamma, (Beta, Exponential)),
    (Gumbel, _to_gumbel, (Exponential, Gamma, Normal, Uniform)),
)
for _target, _formula, _kinds in _FORMULAS:
    for _kind in _kinds:
        register_kl(_kind, _target)(_formula)

for _pair in ((Beta, Pareto), (Exponential, Pareto), (Gamma, Beta), (Gamma, Pareto), (Gumbel, Beta),
              (Gumbel, Exponential), (Gumbel, Gamma), (Gumbel, Pareto), (Gumbel, Uniform), (Laplace, Beta),
              (Laplace, Pareto), (Normal, Beta), (Normal, Pareto), (Pareto, Beta), (Pareto, Uniform),
              (Poisson, Binomial)):  # fmt: skip
    register_kl(*_pair)(_never)


@register_kl(Beta, Uniform)
def _(p: Any, q: Any) -> Any:
    found = -p.entropy() + (q.high - q.low).log()
    return found.masked_fill((q.low > 0) | (q.high < 1), math.inf)


@register_kl(Pareto, Exponential)
def _(p: Any, q: Any) -> Any:
    return _to_exponential(p, q).masked_fill(p.alpha <= 1, math.inf)


@register_kl(Pareto, Gamma)
def _(p: Any, q: Any) -> Any:
    return _to_gamma(p, q).masked_fill(p.alpha <= 1, math.inf)


@register_kl(Pareto, Normal)
def _(p: Any, q: Any) -> Any:
    return _to_normal(p, q).masked_fill(p.alpha <= 2, math.inf)


@register_kl(Uniform, Exponential)
def _(p: Any, q: Any) -> Any:
    return _to_exponential(p, q).masked_fill(p.low < 0, math.inf)


@register_kl(Uniform, Gamma)
def _(p: Any, q: Any) -> Any:
    return _to_gamma(p, q).masked_fill(p.low < 0, math.inf)


@register_kl(Uniform, Beta)
def _(p: Any, q: Any) -> Any:
    ones, zeros = q.concentration1, q.concentration0
    normalizer = ones.lgamma() + zeros.lgamma() - (ones + zeros).lgamma()
    logs = (ones - 1) * _mean_log(p) + (zeros - 1) * _mean_log_between(1 - p.high, 1 - p.low)
    return (-p.entropy() + normalizer - logs).masked_fill((p.high > 1) | (p.low < 0), math.inf)


@register_kl(Uniform, Pareto)
def _(p: Any, q: Any) -> Any:
    found = -p.entropy() - (q.alpha * q.scale.pow(q.alpha)).log() + (q.alpha + 1) * _mean_log(p)
    return found.masked_fill(p.low < q.scale, math.inf)


@register_kl(ExponentialFamily, ExponentialFamily)
def _(p: Any, q: Any) -> Any:
    """Return the Bregman divergence of the log-normaliser, for two distributions of one family."""
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot be computed using Bregman "
            "divergences"
        )
    of_p = [each.detach().requires_grad_() for each in p._natural_params]
    normalizer = p._log_normalizer(*of_p)
    gradients = grad(normalizer.sum(), of_p, create_graph=True)
    found = q._log_normalizer(*q._natural_params) - normalizer
    for here, there, gradient in zip(of_p, q._natural_params, gradients, strict=True):
        found = found - sum_rightmost((there - here) * gradient, len(q.event_shape))
    return found
