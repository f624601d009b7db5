"""Pseudo-inverses, least squares and ranks of matrices: what hangs on which singular values count as 0; all batched."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_module, array_of, as_array, on_host
from minigrad.ops.decomposition import linalg_svd
from minigrad.ops.matmul import matmul
from minigrad.ops.matrices import check_matrices, mT, well_conditioned
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import scalar_type
from minigrad.ops.return_types import return_type

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _pinv_reference(A: Any, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Any:
    return np.linalg.pinv(A, max(A.shape[-2:]) * np.finfo(A.dtype).eps)


@op(namespace=None, node="LinalgPinvBackward0", reference=lambda A, atol, rtol, hermitian=False: _pinv_reference(A))
def linalg_pinv(A: Tensor, atol: Any, rtol: Any, hermitian: bool = False) -> Tensor:
    """Moore-Penrose inverse, singular values up to ``max(atol, rtol * largest)`` taken for 0."""
    if A.ndim < 2 or A.dtype.kind != "f" or A.dtype.itemsize == 2:
        raise RuntimeError(
            f"linalg.pinv({scalar_type(A)}{{{list(A.shape)}}}): expected a tensor with 2 or more dimensions of float, "
            "double, cfloat or cdouble types"
        )
    if hermitian:
        values, vectors = np.linalg.eigh(A, "L")
        size = np.abs(values)
        kept = _rank_tolerance(size, A.shape, atol, rtol) < size
        inverse = np.where(kept, 1 / np.where(kept, values, 1), 0).astype(A.dtype)
        return np.matmul(vectors * inverse[..., None, :], np.swapaxes(vectors, -1, -2))
    U, S, Vh = np.linalg.svd(A, full_matrices=False)
    kept = _rank_tolerance(S, A.shape, atol, rtol) < S
    inverse = np.where(kept, 1 / np.where(kept, S, 1), 0).astype(A.dtype)
    return np.matmul(np.swapaxes(Vh, -1, -2) * inverse[..., None, :], np.swapaxes(U, -1, -2))


def _rank_tolerance(S: Any, shape: tuple[int, ...], atol: Any, rtol: Any) -> Any:
    """Return up to where singular values count as 0."""
    atol, rtol = (getattr(each, "_array", each) for each in (atol, rtol))
    if rtol is None:
        positive = atol is not None and bool(np.any(as_array(atol) > 0))
        rtol = 0.0 if positive else max(shape[-2:]) * np.finfo(S.dtype).eps
    largest = S.max(-1) if S.shape[-1] else np.zeros_like(S, shape=S.shape[:-1])
    return np.maximum(0.0 if atol is None else atol, rtol * largest)[..., None]


@linalg_pinv.gradient
def _(grad, A, out):
    return _pinv_gradient(grad, A, out)


def _pinv_gradient(grad: Any, A: Any, P: Any) -> Any:
    """Return the gradient of a pseudo-inverse ``P`` whose rank does not change (Golub and Pereyra 1973)."""
    P_t, grad_t = mT(P), mT(grad)
    direct = -matmul(matmul(P_t, grad), P_t)
    rows = matmul(matmul(P_t, P), grad_t)
    columns = matmul(grad_t, matmul(P, P_t))
    return direct + rows - matmul(rows, matmul(P, A)) + columns - matmul(matmul(A, P), columns)


@linalg_pinv.samples
def _(make):
    yield make.sample(well_conditioned(make, 3, 3), None, None)
    yield make.sample(well_conditioned(make, 4, 2), None, None)
    yield make.sample(well_conditioned(make, 2, 2, 3), None, None)


@composed(namespace="linalg", reference=_pinv_reference)
def pinv(input: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Tensor:
    """Moore-Penrose inverses of matrices, shape (..., m, n).

    Parameters
    ----------
    rcond, rtol : float, optional
        Singular values up to this times the largest are taken for 0; ``max(m, n)`` times the precision unless given.
    atol : float, optional
        Singular values up to this are taken for 0.
    hermitian : bool
        Says that the matrices are symmetric: only their lower triangles are read.
    """
    return linalg_pinv(input, atol, rcond if rtol is None else rtol, hermitian)


@pinv.samples
def _(make):
    yield make.sample(well_conditioned(make, 3, 3))
    yield make.sample(well_conditioned(make, 4, 2))
    yield make.sample(well_conditioned(make, 2, 2, 3))


@composed(name="pinverse", method=True, reference=lambda x, rcond=1e-15: np.linalg.pinv(x, rcond))
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """Moore-Penrose inverse; see `linalg.pinv`."""
    return linalg_pinv(input, None, rcond)


@pinverse.samples
def _(make):
    yield make.sample(well_conditioned(make, 4, 2))


_OTHER_TYPES = "This function doesn't handle types other than float and double"


def _check_systems(A: Any, B: Any) -> None:
    """Refuse what `lstsq` does not take."""
    name = "torch.linalg.lstsq"
    if A.ndim < 2 or B.ndim < 1:
        which, least = ("input", "2 dimensions") if A.ndim < 2 else ("other", "1 dimension")
        raise RuntimeError(f"{name}: {which} must have at least {least}.")
    if A.dtype != B.dtype:
        raise RuntimeError(
            f"{name}: Expected input and other to have the same dtype, but got input's dtype {scalar_type(A)} and "
            f"other's dtype {scalar_type(B)}"
        )
    if not 0 <= A.ndim - B.ndim <= 1:
        raise RuntimeError(
            f"{name}: input.dim() must be greater or equal to other.dim() and (input.dim() - other.dim()) <= 1"
        )
    is_vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and A.shape[:-1] == B.shape)
    if A.shape[-2] != B.shape[-1 if is_vector else -2]:
        side = "-1" if is_vector else "-2"
        raise RuntimeError(f"{name}: input.size(-2) should match other.size({side})")
    if A.dtype.kind != "f" or A.dtype.itemsize == 2:
        raise RuntimeError(_OTHER_TYPES)


@op(namespace=None, outputs=("solution", "residuals", "rank", "singular_values"))
@on_host
def linalg_lstsq(A: Tensor, B: Tensor, rcond: Any, driver: str | None) -> Any:
    """Least squares; see `linalg.lstsq`."""
    _check_systems(A, B)
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            "torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), but got "
            + str(driver)
        )
    is_vector = B.ndim == A.ndim - 1 and B.shape == A.shape[:-1]
    right = B[..., None] if is_vector else B
    rows, columns = A.shape[-2:]
    batch = np.broadcast_shapes(A.shape[:-2], right.shape[:-2])
    systems = math.prod(batch)
    whole = np.broadcast_to(A, (*batch, rows, columns)).reshape(systems, rows, columns)
    targets = np.broadcast_to(right, (*batch, *right.shape[-2:])).reshape(systems, *right.shape[-2:])
    cut = max(rows, columns) * np.finfo(A.dtype).eps if rcond is None else rcond
    found = [np.linalg.lstsq(one, target, cut) for one, target in zip(whole, targets, strict=True)]
    solution = np.array([each[0] for each in found], A.dtype).reshape(*batch, columns, right.shape[-1])
    residuals = array_module(A).zeros(0, A.dtype)
    if rows > columns and driver not in (None, "gelsy") and all(each[2] == columns for each in found):
        residuals = np.array([each[1] for each in found], A.dtype).reshape(*batch, right.shape[-1])
    rank = np.array([each[2] if right.size else 0 for each in found], np.int64).reshape(batch)
    if driver == "gels":  # takes full rank for granted
        rank = array_module(A).zeros(0, np.int64)
    values = array_module(A).zeros(0, A.dtype)
    if driver in ("gelsd", "gelss"):
        values = np.array([each[3] for each in found], A.dtype).reshape(*batch, min(rows, columns))
    return solution[..., 0] if is_vector else solution, residuals, rank, values


@linalg_lstsq.gradient
def _(grads, A, B, solution):
    of_solution, of_residuals = grads[:2]
    is_vector = len(B.shape) == len(A.shape) - 1 and tuple(B.shape) == tuple(A.shape[:-1])
    if is_vector:
        B, solution, of_solution = B[..., None], solution[..., None], of_solution[..., None]
    P = linalg_pinv(A, None, None)
    of_matrix = _pinv_gradient(matmul(of_solution, mT(B)), A, P)
    of_right = matmul(mT(P), of_solution)
    if 0 not in of_residuals.shape:  # the solution minimises them, so only their direct dependence counts
        errors = (B - matmul(A, solution)) * of_residuals[..., None, :] * 2.0
        of_matrix, of_right = of_matrix - matmul(errors, mT(solution)), of_right + errors
    return of_matrix, of_right[..., 0] if is_vector else of_right


@linalg_lstsq.samples
def _(make):
    yield make.sample(well_conditioned(make, 4, 2), make(4, 1), None, None, gradient=False)


def _lstsq_reference(A: Any, B: Any, rcond: Any = None, driver: Any = None) -> Any:
    """Return the results of one or several systems whose matrix has full rank."""
    solution = np.linalg.pinv(A) @ B
    rows, columns = A.shape[-2:]
    some = driver == "gelsd"
    residuals = ((A @ solution - B) ** 2).sum(-2) if some and rows > columns else np.zeros(0)
    values = np.linalg.svd(A, compute_uv=False) if some else np.zeros(0)
    return solution, residuals, np.full(A.shape[:-2], min(rows, columns)), values


@composed(namespace="linalg", reference=_lstsq_reference)
def lstsq(input: Tensor, b: Tensor, rcond: float | None = None, *, driver: str | None = None) -> Any:
    """Solution ``X`` of least norm that minimises ``|input @ X - b|``, with residuals, rank and singular values.

    Parameters
    ----------
    input : Tensor, shape (..., m, n)
    b : Tensor, shape (..., m, k) or (..., m)
    rcond : float, optional
        Singular values up to this times the largest are taken for 0.
    driver : {"gelsy", "gels", "gelsd", "gelss"}, optional
        Decides which of the further results are filled, as in PyTorch; the method is always the SVD's.
    """
    solution, residuals, rank, values = linalg_lstsq(input, b, rcond, driver)
    names = ("solution", "residuals", "rank", "singular_values")
    return return_type("linalg_lstsq", names)((solution, residuals, rank, values.detach()))


@lstsq.samples
def _(make):
    yield make.sample(well_conditioned(make, 4, 2), make(4, 1))
    yield make.sample(well_conditioned(make, 4, 2), make(4, 2), driver="gelsd")
    yield make.sample(well_conditioned(make, 2, 3, 3), make(2, 3, 2))
    yield make.sample(well_conditioned(make, 2, 3), make(2, 1))


def _rank_reference(A: Any, **_: Any) -> Any:
    return np.linalg.matrix_rank(A)


@composed(namespace="linalg", reference=_rank_reference)
def matrix_rank(
    input: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """Number of singular values above ``max(atol, rtol * largest)``.

    Parameters
    ----------
    tol, atol : float or Tensor, optional
    rtol : float or Tensor, optional
        ``max(m, n)`` times the precision unless a positive ``atol`` is given.
    """
    array = array_of(input)
    if array.dtype.kind != "f" or array.dtype.itemsize == 2:
        raise RuntimeError(_OTHER_TYPES)
    check_matrices("torch.linalg.matrix_rank", array)
    S = linalg_svd(array, False)[1]
    if tol is not None:
        atol, rtol = tol, 0.0
    above = _rank_tolerance(S, array.shape, atol, rtol) < S
    return type(input)._wrap(as_array(above.sum(-1), np.int64))


@matrix_rank.samples
def _(make):
    yield make.sample(make(3, 3))
    yield make.sample(np.array([[1.0, 2.0], [2.0, 4.0]]))
    yield make.sample(make(2, 3, 2))
