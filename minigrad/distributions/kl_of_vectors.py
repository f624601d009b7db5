"""Kullback-Leibler divergences of multivariate normal distributions, with covariances of full and of low rank."""

from __future__ import annotations

from typing import Any

from minigrad.distributions.kl import register_kl
from minigrad.distributions.lowrank_multivariate_normal import LowRankMultivariateNormal
from minigrad.distributions.multivariate_normal import MultivariateNormal, mahalanobis
from minigrad.linalg import solve_triangular
from minigrad.ops.stacking import broadcast_shapes

__all__: list[str] = []


def _squares(matrix: Any) -> Any:
    """Return the sum of the squares of a matrix's entries, the trace of ``matrix @ matrix.T``."""
    return matrix.pow(2).sum((-2, -1))


def _check(p: Any, q: Any, what: str) -> None:
    if p.event_shape != q.event_shape:
        raise ValueError(f"KL-divergence between two {what} with different event shapes cannot be computed")


@register_kl(MultivariateNormal, MultivariateNormal)
def _(p: Any, q: Any) -> Any:
    _check(p, q, "Multivariate Normals")
    spread = _squares(solve_triangular(q._tril, p._tril.expand(p._tril.shape), upper=False))
    distance = mahalanobis(q._tril, q.loc - p.loc)
    return q._half_log_det() - p._half_log_det() + 0.5 * (spread + distance - p.event_shape[0])


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _(p: Any, q: Any) -> Any:
    _check(p, q, "Low Rank Multivariate Normals")
    inner = q._inner()
    spread = (p._diagonal / q._diagonal).sum(-1) + _squares(p._factor * q._diagonal.rsqrt().unsqueeze(-1))
    spread = spread - _squares(inner * p._diagonal.sqrt().unsqueeze(-2)) - _squares(inner @ p._factor)
    distance = q._distance(q.loc - p.loc)
    return 0.5 * (q._log_det() - p._log_det() + spread + distance - p.event_shape[0])


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _(p: Any, q: Any) -> Any:
    _check(p, q, "(Low Rank) Multivariate Normals")
    spread = _squares(p._tril * q._diagonal.rsqrt().unsqueeze(-1)) - _squares(q._inner() @ p._tril)
    distance = q._distance(q.loc - p.loc)
    return 0.5 * (q._log_det() - 2 * p._half_log_det() + spread + distance - p.event_shape[0])


@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _(p: Any, q: Any) -> Any:
    _check(p, q, "(Low Rank) Multivariate Normals")
    batch = broadcast_shapes(tuple(q._tril.shape[:-2]), tuple(p._factor.shape[:-2]))
    tril, *parts = (
        each.expand((*batch, *each.shape[-2:])) for each in (q._tril, p._factor, p._diagonal.sqrt().diag_embed())
    )
    spread = sum(_squares(solve_triangular(tril, part, upper=False)) for part in parts)
    distance = mahalanobis(q._tril, q.loc - p.loc)
    return 0.5 * (2 * q._half_log_det() - p._log_det() + spread + distance - p.event_shape[0])
