"""A covariance that is given in one of three forms, and known in all of them."""

from __future__ import annotations

from typing import Any

from minigrad.distributions.utils import lazy_property
from minigrad.linalg import cholesky, solve_triangular
from minigrad.ops.linear_systems import cholesky_inverse
from minigrad.ranges import eye

__all__ = ["CovarianceForms", "cholesky_factor", "only_form"]

_NAMES = ("covariance_matrix", "precision_matrix", "scale_tril")


def only_form(matrices: tuple[Any, Any, Any], error: type[Exception]) -> tuple[str, Any]:
    """Return the name and the matrix of the one form that is given; raise ``error`` if there is not one."""
    given = [(name, matrix) for name, matrix in zip(_NAMES, matrices, strict=True) if matrix is not None]
    if len(given) != 1:
        raise error("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
    return given[0]


def cholesky_factor(name: str, matrix: Any) -> Any:
    """Return the Cholesky factor of the covariance that one of its forms, called ``name``, gives."""
    if name == "scale_tril":
        return matrix
    return cholesky(matrix) if name == "covariance_matrix" else _factor_of_inverse(matrix)


def _factor_of_inverse(precision: Any) -> Any:
    """Return the Cholesky factor of the inverse of a matrix."""
    factor = cholesky(precision.flip((-2, -1)))
    inverse = factor.flip((-2, -1)).transpose(-2, -1)
    return solve_triangular(inverse, eye(precision.shape[-1], dtype=precision.dtype), upper=False)


class CovarianceForms:
    """The forms of a covariance for each entry of a batch, made of its Cholesky factor when they are asked for."""

    _tril: Any
    _batch_shape: Any

    def _whole(self, matrix: Any) -> Any:
        return matrix.expand((*self._batch_shape, *matrix.shape[-2:]))

    def _expand_forms(self, new: Any, batch_shape: Any) -> None:
        """Give ``new`` the forms that are known already, expanded to its batch."""
        for name in _NAMES:
            if name in self.__dict__:
                matrix = getattr(self, name)
                setattr(new, name, matrix.expand((*batch_shape, *matrix.shape[-2:])))

    @lazy_property
    def scale_tril(self) -> Any:
        """The Cholesky factor of the covariance."""
        return self._whole(self._tril)

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The covariance."""
        return self._whole(self._tril @ self._tril.mT)

    @lazy_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance."""
        return self._whole(cholesky_inverse(self._tril))
