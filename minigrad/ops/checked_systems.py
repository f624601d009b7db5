"""Factors, inverses and solutions that tell by a number, ``info``, which matrices have none, and raise nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_of, as_its_kind
from minigrad.ops.decomposition import cholesky
from minigrad.ops.errors import LinAlgError
from minigrad.ops.linear_systems import inv, solve
from minigrad.ops.lu import linalg_lu, lu_solve
from minigrad.ops.matrices import eye_like, positive_definite, well_conditioned
from minigrad.ops.naming import named
from minigrad.ops.op import composed
from minigrad.ops.quiet import quiet
from minigrad.ops.return_types import return_type

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _no_info(A: Any) -> Any:
    return as_its_kind(A, np.zeros(tuple(A.shape[:-2]), np.int32))


@composed(namespace="linalg", reference=lambda A, check_errors=False: (np.linalg.inv(A), np.zeros(A.shape[:-2])))
def inv_ex(A: Tensor, *, check_errors: bool = False) -> Any:
    """Inverses, and ``info``: the number of the first pivot that is 0, or 0; what is singular gets no finite inverse.

    Parameters
    ----------
    A : Tensor, shape (..., n, n)
    check_errors : bool
        Whether a singular matrix raises after all.
    """
    make: Any = return_type("linalg_inv_ex", ("inverse", "info"))
    try:
        return make((inv(A), _no_info(A)))
    except LinAlgError as error:
        if check_errors:
            raise LinAlgError(str(error).replace("linalg.inv:", "linalg.inv_ex:")) from None
    LU, pivots, info = linalg_lu(A)
    with np.errstate(all="ignore"):
        inverse = lu_solve(LU, pivots, eye_like(A, A.shape[-1]))
    return make((named(inverse, "LinalgInvExBackward0"), info))


@inv_ex.samples
def _(make):
    yield make.sample(well_conditioned(make, 3, 3))
    yield make.sample(well_conditioned(make, 2, 2, 2))


@composed(
    namespace="linalg",
    reference=lambda A, B, left=True, check_errors=False: (np.linalg.solve(A, B), np.zeros(A.shape[:-2])),
)
def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> Any:
    """Solutions as `solve` gives them, and ``info``: the number of the first pivot that is 0, or 0.

    Parameters
    ----------
    A : Tensor, shape (..., n, n)
    B : Tensor, shape (..., n) or (..., n, k)
    left : bool
        False for ``X @ A == B``.
    check_errors : bool
        Whether a singular matrix raises after all.
    """
    make: Any = return_type("linalg_solve_ex", ("result", "info"))
    try:
        return make((solve(A, B, left=left), _no_info(A)))
    except LinAlgError as error:
        if check_errors:
            raise LinAlgError(str(error).replace("linalg.solve:", "linalg.solve_ex:")) from None
    LU, pivots, info = linalg_lu(A)
    is_vector = B.dim() == 1 or (A.dim() - 1 == B.dim() and B.shape == A.shape[:-1])
    with np.errstate(all="ignore"):
        result = lu_solve(LU, pivots, B.unsqueeze(-1) if is_vector else B, left=left)
    return make((named(result.squeeze(-1) if is_vector else result, "LinalgSolveExBackward0"), info))


@solve_ex.samples
def _(make):
    yield make.sample(well_conditioned(make, 3, 3), make(3, 2))
    yield make.sample(well_conditioned(make, 3, 3), make(3))


def _first_bad_minor(matrix: Any) -> int:
    """Return the order of the first leading minor of a matrix that is not positive definite, 0 for none."""
    for order in range(1, len(matrix) + 1):
        try:
            np.linalg.cholesky(matrix[:order, :order])
        except np.linalg.LinAlgError:
            return order
    return 0


@quiet
def _as_far_as_possible(matrix: Any, order: int) -> Any:
    """Return a lower triangle whose leading part, up to a minor that is not positive definite, is factored."""
    out = np.tril(matrix)
    done = order - 1
    if done:
        out[:done, :done] = np.linalg.cholesky(matrix[:done, :done])
        out[done:, :done] = np.linalg.solve(out[:done, :done], matrix[done:, :done].T).T
        out[done:, done:] -= np.tril(out[done:, :done] @ out[done:, :done].T)
    return out


@composed(
    namespace="linalg",
    reference=lambda A, upper=False, check_errors=False: (
        np.swapaxes(np.linalg.cholesky(A), -1, -2) if upper else np.linalg.cholesky(A),
        np.zeros(A.shape[:-2]),
    ),
)
def cholesky_ex(input: Tensor, *, upper: bool = False, check_errors: bool = False) -> Any:
    """Cholesky factors, and ``info``: the order of the first minor that is not positive definite, or 0.

    Parameters
    ----------
    input : Tensor, shape (..., n, n)
    upper : bool
        Whether the factor is upper triangular.
    check_errors : bool
        Whether a matrix that is not positive definite raises after all.
    """
    make: Any = return_type("linalg_cholesky_ex", ("L", "info"))
    try:
        return make((cholesky(input, upper=upper), _no_info(input)))
    except LinAlgError as error:
        if check_errors:
            raise LinAlgError(str(error).replace("linalg.cholesky:", "linalg.cholesky_ex:")) from None
    array = array_of(input)
    array = np.swapaxes(array, -1, -2) if upper else array
    flat = array.reshape(-1, *array.shape[-2:])
    info = np.array([_first_bad_minor(each) for each in flat], np.int32)
    factors = [
        _as_far_as_possible(each, k) if k else np.linalg.cholesky(each) for each, k in zip(flat, info, strict=True)
    ]
    found = np.stack(factors).reshape(array.shape)
    found = np.swapaxes(found, -1, -2).copy() if upper else found
    return make((as_its_kind(input, found), as_its_kind(input, info.reshape(array.shape[:-2]))))


@cholesky_ex.samples
def _(make):
    yield make.sample(positive_definite(make, 3, 3), gradient=False)
    yield make.sample(positive_definite(make, 2, 2, 2), upper=True, gradient=False)
