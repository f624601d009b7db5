"""Transforms of which each works on a part of a tensor, and factors of correlation matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from minigrad.distributions import constraints
from minigrad.distributions.transforms.transform import Transform
from minigrad.distributions.utils import lazy_property, sum_rightmost, tril_matrix_to_vec, vec_to_tril_matrix
from minigrad.nn.functional import pad, softplus
from minigrad.numeric_limits import finfo
from minigrad.ops.join import cat, stack
from minigrad.ranges import eye
from minigrad.size import Size

__all__ = ["CatTransform", "CorrCholeskyTransform", "StackTransform"]


class _OfParts(Transform):
    """Base of what applies one transform to each part along a dimension."""

    def __init__(self, tseq: Sequence[Transform], dim: int, cache_size: int) -> None:
        if not all(isinstance(each, Transform) for each in tseq):
            raise AssertionError("All elements of tseq must be Transform instances")
        super().__init__(cache_size=cache_size)
        self.transforms = [each.with_cache(cache_size) for each in tseq] if cache_size else list(tseq)
        self.dim = dim

    def _check(self, name: str, value: Any, length: int) -> None:
        if not -value.dim() <= self.dim < value.dim():
            raise AssertionError(f"dim {self.dim} out of range for {name} with {value.dim()} dimensions")
        if value.size(self.dim) != length:
            raise AssertionError(f"{name}.size({self.dim}) = {value.size(self.dim)} must equal length {length}")

    bijective = property(lambda self: all(each.bijective for each in self.transforms))


class CatTransform(_OfParts):
    """Transforms of parts that lie one after the other, as `cat` puts them.

    Parameters
    ----------
    tseq : sequence of Transform
    dim : int
        The dimension along which the parts lie.
    lengths : sequence of int, optional
        Of the parts; 1 each by default.
    """

    def __init__(
        self, tseq: Sequence[Transform], dim: int = 0, lengths: Sequence[int] | None = None, cache_size: int = 0
    ) -> None:
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            raise AssertionError(f"lengths ({len(self.lengths)}) must match transforms ({len(self.transforms)})")

    @lazy_property
    def event_dim(self) -> int:
        """How many of the last dimensions the parts couple."""
        return max(each.event_dim for each in self.transforms)

    @lazy_property
    def length(self) -> int:
        """The lengths' sum."""
        return sum(self.lengths)

    def with_cache(self, cache_size: int = 1) -> Any:
        """Return the transform with another cache."""
        if self._cache_size == cache_size:
            return self
        return CatTransform(self.transforms, self.dim, self.lengths, cache_size)

    def _split(self, name: str, value: Any) -> Any:
        self._check(name, value, self.length)
        return value.split(self.lengths, self.dim)

    def _call(self, x: Any) -> Any:
        parts = zip(self.transforms, self._split("x", x), strict=True)
        return cat([transform(part) for transform, part in parts], self.dim)

    def _inverse(self, y: Any) -> Any:
        parts = zip(self.transforms, self._split("y", y), strict=True)
        return cat([transform.inv(part) for transform, part in parts], self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return those of the parts, one after the other, or their sum where the dimension is part of a value."""
        found = []
        for transform, before, after in zip(self.transforms, self._split("x", x), self._split("y", y), strict=True):
            term = transform.log_abs_det_jacobian(before, after)
            found.append(sum_rightmost(term, self.event_dim - transform.event_dim))
        dim = (self.dim - x.dim() if self.dim >= 0 else self.dim) + self.event_dim
        return cat(found, dim) if dim < 0 else sum(found)

    @constraints.dependent_property
    def domain(self) -> Any:
        """What the parts take, one after the other."""
        return constraints.cat([each.domain for each in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property
    def codomain(self) -> Any:
        """What the parts give, one after the other."""
        return constraints.cat([each.codomain for each in self.transforms], self.dim, self.lengths)


class StackTransform(_OfParts):
    """Transforms of the entries along a dimension, as `stack` puts them.

    Parameters
    ----------
    tseq : sequence of Transform
    dim : int
    """

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(tseq, dim, cache_size)

    def with_cache(self, cache_size: int = 1) -> Any:
        """Return the transform with another cache."""
        return self if self._cache_size == cache_size else StackTransform(self.transforms, self.dim, cache_size)

    def _entries(self, name: str, value: Any) -> Any:
        self._check(name, value, len(self.transforms))
        return value.unbind(self.dim)

    def _call(self, x: Any) -> Any:
        entries = zip(self.transforms, self._entries("x", x), strict=True)
        return stack([transform(entry) for transform, entry in entries], self.dim)

    def _inverse(self, y: Any) -> Any:
        entries = zip(self.transforms, self._entries("y", y), strict=True)
        return stack([transform.inv(entry) for transform, entry in entries], self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return those of the entries, stacked."""
        entries = zip(self.transforms, self._entries("x", x), self._entries("y", y), strict=True)
        return stack([transform.log_abs_det_jacobian(one, other) for transform, one, other in entries], self.dim)

    @constraints.dependent_property
    def domain(self) -> Any:
        """What the entries' transforms take."""
        return constraints.stack([each.domain for each in self.transforms], self.dim)

    @constraints.dependent_property
    def codomain(self) -> Any:
        """What the entries' transforms give."""
        return constraints.stack([each.codomain for each in self.transforms], self.dim)


class CorrCholeskyTransform(Transform):
    """Vectors of n (n - 1) / 2 numbers to Cholesky factors of n x n correlation matrices.

    Row by row, a stick of length 1 is broken at the squares of ``tanh`` of the numbers; the roots of the pieces, with
    the numbers' signs, are the row.
    """

    domain = constraints.real_vector
    codomain = constraints.corr_cholesky
    bijective = True

    def _call(self, x: Any) -> Any:
        eps = finfo(x.dtype).eps
        shares = vec_to_tril_matrix(x.tanh().clamp(min=-1 + eps, max=1 - eps), diag=-1)
        rest = (1 - shares**2).sqrt().cumprod(-1)
        shares = shares + eye(shares.shape[-1], dtype=shares.dtype, device=shares.device)
        return shares * pad(rest[..., :-1], [1, 0], value=1)

    def _inverse(self, y: Any) -> Any:
        rest = 1 - (y * y).cumsum(-1)
        rest = tril_matrix_to_vec(pad(rest[..., :-1], [1, 0], value=1), diag=-1)
        shares = tril_matrix_to_vec(y, diag=-1) / rest.sqrt()
        return (shares.log1p() - (-shares).log1p()) / 2

    def log_abs_det_jacobian(self, x: Any, y: Any, intermediates: Any = None) -> Any:
        """Return the logarithm of the determinant for the entries below the diagonal."""
        rest = tril_matrix_to_vec(1 - (y * y).cumsum(-1), diag=-2)
        of_tanh = -2 * (x + softplus(-2 * x) - math.log(2.0)).sum(-1)
        return 0.5 * rest.log().sum(-1) + of_tanh

    def forward_shape(self, shape: Any) -> Any:
        """Return the shape of the output."""
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        n = round((0.25 + 2 * shape[-1]) ** 0.5 + 0.5)
        if n * (n - 1) // 2 != shape[-1]:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return Size((*shape[:-1], n, n))

    def inverse_shape(self, shape: Any) -> Any:
        """Return the shape of the input."""
        if len(shape) < 2:
            raise ValueError("Too few dimensions on input")
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        return Size((*shape[:-2], shape[-1] * (shape[-1] - 1) // 2))
