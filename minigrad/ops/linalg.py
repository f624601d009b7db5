"""Determinants, inverses, solutions of linear systems, and what is made of them; all batched.

LAPACK, as NumPy calls it, is the kernel.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.arrange import tril, triu
from minigrad.ops.backend import array_module, array_of, as_array, as_its_kind, on_host
from minigrad.ops.decomposition import (
    check_matrices,
    check_precision,
    linalg_svd,
    mT,
    positive_definite,
    well_conditioned,
)
from minigrad.ops.dims import wrap_dim
from minigrad.ops.errors import LinAlgError
from minigrad.ops.matmul import matmul
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op, return_type
from minigrad.ops.promotion import not_implemented
from minigrad.ops.quiet import quiet
from minigrad.ops.reduce import sum
from minigrad.ops.select import where
from minigrad.ops.shape import reshape
from minigrad.ops.write import zero

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


# Determinants.


@op(namespace="linalg", node="LinalgDetBackward0", reference=np.linalg.det)
def det(A: Tensor) -> Tensor:
    """Determinant of square matrices, shape (..., n, n); the result has shape (...)."""
    check_matrices("linalg.det", A, square=True)
    out = np.linalg.det(A)
    return np.where(np.isnan(A).any((-2, -1)), A.dtype.type(np.nan), out) if (out == 0).any() else out


@det.gradient
def _(grad, A, out):
    if bool((out != 0).all()):
        return (grad * out)[..., None, None] * mT(inv(A))
    return grad[..., None, None] * cofactors(A)


@det.samples
def _(make):
    yield make.sample(well_conditioned(make, 3, 3))
    yield make.sample(well_conditioned(make, 2, 2, 2))
    yield make.sample(make(0, 0), gradient=False)


@op(namespace=None)
def cofactors(A: Tensor) -> Tensor:
    """Matrix of the cofactors, which is the gradient of the determinant, also of singular matrices."""
    U, S, Vh = np.linalg.svd(A)
    others = np.stack([np.prod(np.delete(S, k, -1), -1) for k in range(S.shape[-1])], -1)
    sign = np.linalg.det(U) * np.linalg.det(Vh)
    return sign[..., None, None] * np.matmul(U * others[..., None, :], Vh)


@cofactors.gradient
def _(grad):
    raise RuntimeError("the second derivative of det is computed only where no matrix is singular")


@cofactors.samples
def _(make):
    yield make.sample(make(3, 3), gradient=False)


@composed(name="det", method=True, reference=np.linalg.det)
def det_of(input: Tensor) -> Tensor:
    """Determinant; see `linalg.det`."""
    return det(input)


@det_of.samples
def _(make):
    yield make.sample(well_conditioned(make, 3, 3))


def _slogdet_reference(A: Any) -> Any:
    return tuple(np.linalg.slogdet(A))


@op(namespace=None, outputs=("sign", "logabsdet"), reference=_slogdet_reference)
def linalg_slogdet(A: Tensor) -> Any:
    """Sign of the determinant and the logarithm of its absolute value."""
    check_matrices("linalg.slogdet", A, square=True)
    return tuple(np.linalg.slogdet(A))


@linalg_slogdet.gradient
def _(grads, A):
    return grads[1][..., None, None] * mT(inv(A))


@linalg_slogdet.samples
def _(make):
    yield make.sample(well_conditioned(make, 3, 3))


@composed(namespace="linalg", reference=_slogdet_reference)
def slogdet(A: Tensor) -> Any:
    """Sign of the determinant and the logarithm of its absolute value, as a named pair; does not overflow."""
    return return_type("linalg_slogdet", ("sign", "logabsdet"))(linalg_slogdet(A))


@slogdet.samples
def _(make):
    yield make.sample(well_conditioned(make, 3, 3))
    yield make.sample(-well_conditioned(make, 2, 3, 3))


@composed(name="slogdet", method=True, reference=_slogdet_reference)
def slogdet_of(input: Tensor) -> Any:
    """Sign and logarithm of the determinant; see `linalg.slogdet`."""
    return return_type("slogdet", ("sign", "logabsdet"))(linalg_slogdet(input))


@slogdet_of.samples
def _(make):
    yield make.sample(well_conditioned(make, 3, 3))


@composed(method=True, reference=lambda A: np.log(np.linalg.det(A)))
def logdet(input: Tensor) -> Tensor:
    """Logarithm of the determinant; nan where that is negative."""
    sign, size = linalg_slogdet(input)
    return where(sign == -1.0, math.nan, size)


@logdet.samples
def _(make):
    yield make.sample(well_conditioned(make, 3, 3))
    yield make.sample(positive_definite(make, 2, 3, 3))


# Inverses and solutions.


def _first_dependent(A: Any) -> tuple[int, int]:
    """Return the number of the first singular matrix of a batch, and of its first dependent column, from 1."""
    for number, matrix in enumerate(A.reshape(-1, *A.shape[-2:])):
        for k in range(1, len(matrix) + 1):
            if np.linalg.matrix_rank(matrix[:, :k]) < k:
                return number, k
    return 0, A.shape[-1]


@op(namespace="linalg", node="LinalgInvExBackward0", reference=np.linalg.inv)
def inv(A: Tensor) -> Tensor:
    """Inverses of square matrices, shape (..., n, n).

    Raises
    ------
    LinAlgError
        For a singular matrix.
    """
    check_matrices("linalg.inv", A, square=True)
    try:
        return np.linalg.inv(A)
    except np.linalg.LinAlgError:
        if not np.isfinite(A).all():
            return np.full_like(A, np.nan)
        number, k = _first_dependent(A)
        batch = f"(Batch element {number}): " if A.ndim > 2 else ""
        raise LinAlgError(
            f"linalg.inv: {batch}The diagonal element {k} is zero, the inversion could not be completed because the "
            "input matrix is singular."
        ) from None


@inv.gradient
def _(grad, out):
    transposed = mT(out)
    return -matmul(matmul(transposed, grad), transposed)


@inv.samples
def _(make):
    yield make.sample(well_conditioned(make, 3, 3))
    yield make.sample(well_conditioned(make, 2, 2, 2))
    yield make.sample(well_conditioned(make, 3, 3).T)
    yield make.sample(make(0, 0), gradient=False)


@composed(method=True, reference=np.linalg.inv)
def inverse(input: Tensor) -> Tensor:
    """Inverses of square matrices; see `linalg.inv`."""
    return inv(input)


@inverse.samples
def _(make):
    yield make.sample(well_conditioned(make, 3, 3))


def _is_vector(A: Any, B: Any) -> bool:
    """Whether the right side of a system is a vector (or a batch of them) and not a matrix."""
    return B.ndim == 1 or (A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape[:-1]))


def _solve_reference(A: Any, B: Any, left: bool = True) -> Any:
    if _is_vector(A, B):
        return np.linalg.solve(A, B[..., None])[..., 0]
    return np.linalg.solve(A, B) if left else B @ np.linalg.inv(A)


@op(namespace="linalg", node="LinalgSolveExBackward0", reference=_solve_reference)
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """Solution ``X`` of ``A @ X == B`` (of ``X @ A == B`` unless ``left``).

    Parameters
    ----------
    A : Tensor, shape (..., n, n)
    B : Tensor, shape (..., n, k), (n,) or (..., n)

    Raises
    ------
    LinAlgError
        For a singular matrix.
    """
    check_matrices("linalg.solve", A, square=True)
    if A.dtype != B.dtype:
        raise RuntimeError(
            f"linalg.solve: Expected A and B to have the same dtype, but found A of type {A.dtype.name} and B of type "
            f"{B.dtype.name} instead"
        )
    is_vector = _is_vector(A, B)
    right = B[..., None] if is_vector else B
    rows, columns = right.shape[-2:]
    if A.shape[-1] != (rows if left else columns):
        raise RuntimeError(
            f"linalg.solve: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'} "
            f"({A.shape[-2]}x{A.shape[-1]} and {rows}x{columns})"
        )
    try:
        if left:
            out = np.linalg.solve(A, right)
        else:
            out = np.swapaxes(np.linalg.solve(np.swapaxes(A, -1, -2), np.swapaxes(right, -1, -2)), -1, -2)
    except np.linalg.LinAlgError:
        number, _ = _first_dependent(A)
        batch = f"(Batch element {number}): " if A.ndim > 2 else ""
        raise LinAlgError(
            f"torch.linalg.solve: {batch}The solver failed because the input matrix is singular."
        ) from None
    return out[..., 0] if is_vector else out


@solve.gradient
def _(grad, A, B_shape, out, left, needs):
    if len(B_shape) == 1 or (len(A.shape) - 1 == len(B_shape) and tuple(B_shape) == tuple(A.shape[:-1])):
        of_right = solve(mT(A), grad[..., None])
        return -matmul(of_right, out[..., None, :]) if needs[0] else None, of_right[..., 0]
    of_right = solve(mT(A), grad, left=left)
    if not needs[0]:
        return None, of_right
    return -(matmul(of_right, mT(out)) if left else matmul(mT(out), of_right)), of_right


@solve.samples
def _(make):
    yield make.sample(well_conditioned(make, 3, 3), make(3))
    yield make.sample(well_conditioned(make, 3, 3), make(3, 2))
    yield make.sample(well_conditioned(make, 2, 3, 3), make(3, 2))
    yield make.sample(well_conditioned(make, 2, 3, 3), make(2, 3))
    yield make.sample(well_conditioned(make, 3, 3), make(2, 3), left=False)


def _triangle(A: Any, upper: bool, unitriangular: bool) -> Any:
    part = np.triu(A, 1 if unitriangular else 0) if upper else np.tril(A, -1 if unitriangular else 0)
    return part + array_module(A).eye(A.shape[-1], dtype=A.dtype) if unitriangular else part


def _solve_triangular_reference(A: Any, B: Any, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:
    matrix = _triangle(A, upper, unitriangular)
    return np.linalg.inv(matrix) @ B if left else B @ np.linalg.inv(matrix)


@quiet
def _substituted(A: Any, B: Any, upper: bool) -> Any:
    """Return the solution of ``A @ X == B`` row by row; infinite where the diagonal is 0."""
    out = (np.broadcast_to(B, (*np.broadcast_shapes(A.shape[:-2], B.shape[:-2]), *B.shape[-2:]))).copy()
    order = range(A.shape[-1])
    for k in reversed(order) if upper else order:
        done = slice(k + 1, None) if upper else slice(k)
        known = np.matmul(A[..., k : k + 1, done], out[..., done, :])[..., 0, :]
        out[..., k, :] = (out[..., k, :] - known) / A[..., k, k, None]
    return out


@op(namespace="linalg", reference=_solve_triangular_reference, node="LinalgSolveTriangularBackward0")
def solve_triangular(
    input: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """Solution ``X`` of ``input @ X == B`` (of ``X @ input == B`` unless ``left``) for triangular ``input``.

    Parameters
    ----------
    input : Tensor, shape (..., n, n)
        Only the triangle named is read, without the diagonal if that is of ones (``unitriangular``).
    B : Tensor, shape (..., n, k)
    """
    check_matrices("linalg.solve_triangular", input, square=True, kernel="triangular_solve_cpu")
    if B.ndim < 2:
        raise RuntimeError("linalg.solve_triangular: The input tensor B must have at least 2 dimensions.")
    if input.shape[-1] != B.shape[-2 if left else -1]:
        raise RuntimeError(
            "linalg.solve_triangular: Incompatible shapes of A and B for the equation "
            f"{'AX = B' if left else 'XA = B'} "
            f"({input.shape[-2]}x{input.shape[-1]} and {B.shape[-2]}x{B.shape[-1]})"
        )
    matrix = _triangle(input, upper, unitriangular)
    if not left:
        matrix, B, upper = np.swapaxes(matrix, -1, -2), np.swapaxes(B, -1, -2), not upper
    try:
        out = np.linalg.solve(matrix, B)
    except np.linalg.LinAlgError:
        out = _substituted(matrix, B, upper)
    return out if left else np.swapaxes(out, -1, -2)


@solve_triangular.gradient
def _(grad, input, out, upper, left, unitriangular, needs):
    of_right = solve_triangular(mT(input), grad, upper=not upper, left=left, unitriangular=unitriangular)
    if not needs[0]:
        return None, of_right
    product = -(matmul(of_right, mT(out)) if left else matmul(mT(out), of_right))
    edge = int(unitriangular)
    return triu(product, edge) if upper else tril(product, -edge), of_right


@solve_triangular.samples
def _(make):
    yield make.sample(well_conditioned(make, 3, 3), make(3, 2), upper=True)
    yield make.sample(well_conditioned(make, 3, 3), make(3, 1), upper=False)
    yield make.sample(well_conditioned(make, 2, 3, 3), make(2, 3), upper=False, left=False)
    yield make.sample(make(3, 3), make(2, 3, 2), upper=True, unitriangular=True)


@op(method=True, reference=lambda B, L, upper=False: np.linalg.solve(L.T @ L if upper else L @ L.T, B))
def cholesky_solve(input: Tensor, input2: Tensor, upper: bool = False) -> Tensor:
    """Solution ``X`` of ``A @ X == input``, where ``input2`` is the Cholesky factor of ``A``.

    The gradient of the factor is that of a whole matrix, not only of the triangle that is read.
    """
    first, second = (mT(input2), input2) if upper else (input2, mT(input2))
    return solve_triangular(second, solve_triangular(first, input, upper=False), upper=True)


@cholesky_solve.gradient("input")
def _(grad, input2, upper):
    return cholesky_solve(grad, input2, upper)


@cholesky_solve.gradient("input2")
def _(grad, input2, upper, out):
    half = matmul(cholesky_solve(grad, input2, upper), mT(out))
    both = half + mT(half)
    return -matmul(input2, both) if upper else -matmul(both, input2)


@cholesky_solve.samples
def _(make):
    # Differences see the one triangle that is read.
    yield make.sample(make(3, 2), np.tril(well_conditioned(make, 3, 3)), gradient=False)
    yield make.sample(make(3, 2), np.triu(well_conditioned(make, 3, 3)), upper=True, gradient=False)


@composed(method=True, reference=lambda L, upper=False: np.linalg.inv(L.T @ L if upper else L @ L.T))
def cholesky_inverse(input: Tensor, upper: bool = False) -> Tensor:
    """Inverse of a matrix given by its Cholesky factor."""
    array = array_of(input)
    eye = as_its_kind(input, np.eye(array.shape[-1], dtype=array.dtype))
    return named(cholesky_solve(eye, input, upper), "CholeskyInverseBackward0")


@cholesky_inverse.samples
def _(make):
    yield make.sample(np.tril(well_conditioned(make, 3, 3)), gradient=False)


# Pseudo-inverses and least squares.


def _pinv_reference(A: Any, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Any:
    return np.linalg.pinv(A, max(A.shape[-2:]) * np.finfo(A.dtype).eps)


@op(namespace=None, node="LinalgPinvBackward0", reference=lambda A, atol, rtol, hermitian=False: _pinv_reference(A))
def linalg_pinv(A: Tensor, atol: Any, rtol: Any, hermitian: bool = False) -> Tensor:
    """Moore-Penrose inverse, singular values up to ``max(atol, rtol * largest)`` taken for 0."""
    if A.ndim < 2:
        title = f"{type(A).__name__}{{{list(A.shape)}}}"
        raise RuntimeError(
            f"linalg.pinv({title}): expected a tensor with 2 or more dimensions of float or double types"
        )
    check_precision("linalg.pinv", A)
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


@op(namespace=None, outputs=("solution", "residuals", "rank", "singular_values"))
@on_host
def linalg_lstsq(A: Tensor, B: Tensor, rcond: Any, driver: str | None) -> Any:
    """Least squares; see `linalg.lstsq`."""
    check_matrices("linalg.lstsq", A)
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


# Powers and exponentials.


def _power_reference(A: Any, n: int) -> Any:
    return np.linalg.matrix_power(A, n)


@composed(namespace="linalg", reference=_power_reference)
def matrix_power(input: Tensor, n: int) -> Tensor:
    """Square matrices multiplied with themselves ``n`` times; negative powers are those of the inverse."""
    if input.dim() < 2 or input.shape[-1] != input.shape[-2] or n < 0:
        check_matrices("linalg.matrix_power", array_of(input), square=True)
    if n == 0:
        return zero(input) + as_its_kind(input, np.eye(input.shape[-1], dtype=array_of(input).dtype))
    base = inv(input) if n < 0 else input
    n = abs(n)
    result = None
    while n:
        if n & 1:
            result = base if result is None else matmul(result, base)
        n >>= 1
        if n:
            base = matmul(base, base)
    return result.clone() if result is input else result


@matrix_power.samples
def _(make):
    for n in (0, 1, 2, 3, -1, -2):
        yield make.sample(well_conditioned(make, 3, 3), n)
    yield make.sample(make(2, 2, 2), 5)


@composed(name="matrix_power", method=True, reference=_power_reference)
def matrix_power_of(input: Tensor, n: int) -> Tensor:
    """Power of square matrices; see `linalg.matrix_power`."""
    return matrix_power(input, n)


@matrix_power_of.samples
def _(make):
    yield make.sample(make(3, 3), 3)


def _exp_reference(A: Any) -> Any:
    from scipy.linalg import expm

    return expm(A)


@op(namespace="linalg", node="LinalgMatrixExpBackward0", reference=_exp_reference)
def matrix_exp(input: Tensor) -> Tensor:
    """Exponential ``sum(input**k / k!)`` of square matrices, by scaling and squaring a Taylor polynomial [1]_.

    References
    ----------
    .. [1] P. Bader, S. Blanes, F. Casas, "Computing the matrix exponential with an optimized Taylor polynomial
       approximation", 2019, doi:10.3390/math7121174.
    """
    check_matrices("linalg.matrix_exp", input, square=True, low_precision=True)
    if not input.size:
        return input.copy()
    size = np.abs(input).sum(-2).max()
    halvings = int(max(0, np.ceil(np.log2(size)) + 1)) if np.isfinite(size) and size > 0 else 0
    scaled = input.astype(np.float64) / 2.0**halvings  # squaring doubles every error, so it is done in float64
    eye = array_module(input).eye(input.shape[-1], dtype=np.float64)
    result = eye + scaled / 18
    for k in range(17, 0, -1):
        result = eye + np.matmul(scaled, result) / k
    for _ in range(halvings):
        result = np.matmul(result, result)
    return result.astype(input.dtype)


@matrix_exp.gradient
def _(grad, input):
    # The upper right block of exp([[X, G], [0, X]]) is the derivative of exp at X in the direction G.
    from minigrad.ops.join import cat

    n = input.shape[-1]
    transposed = mT(input)
    above, below = cat([transposed, grad], -1), cat([zero(transposed), transposed], -1)
    return matrix_exp(cat([above, below], -2))[..., :n, n:]


@matrix_exp.samples
def _(make):
    yield make.sample(make(3, 3))
    yield make.sample(make(2, 2, 2))
    yield make.sample(np.zeros((2, 2)))


@composed(name="matrix_exp", method=True, reference=_exp_reference)
def matrix_exp_of(input: Tensor) -> Tensor:
    """Exponential of square matrices; see `linalg.matrix_exp`."""
    return matrix_exp(input)


@matrix_exp_of.samples
def _(make):
    yield make.sample(make(3, 3))


# Norms and conditions.


def _matrix_norm_reference(A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False) -> Any:
    return np.linalg.norm(A, ord, dim, keepdim)


@composed(namespace="linalg", reference=_matrix_norm_reference)
def matrix_norm(
    input: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """Norm of matrices.

    Parameters
    ----------
    ord : {"fro", "nuc", inf, -inf, 1, -1, 2, -2}
        Root of the sum of squares; sum of the singular values; largest or smallest sum of ``|input|`` over rows or
        columns;
        largest or smallest singular value.
    dim : tuple of two int
        The dimensions of the matrices.
    """
    from minigrad.ops.dims import wrap_dims
    from minigrad.ops.statistics import vector_norm

    if input.dim() < 2:
        raise RuntimeError("linalg.matrix_norm: The input tensor A must have at least 2 dimensions.")
    check_floating_matrix(input)
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise RuntimeError(
            f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim if isinstance(dim, int) else list(dim)}"
        )
    rows, columns = wrap_dims(tuple(dim), input.dim())
    if dtype is not None:
        input = input.to(dtype)
    if ord == "fro":
        return vector_norm(input, 2, (rows, columns), keepdim)
    if ord in ("nuc", 2, -2):
        values = linalg_svd(input.movedim((rows, columns), (-2, -1)), False)[1]
        out = values.sum(-1) if ord == "nuc" else values.amax(-1) if ord == 2 else values.amin(-1)
        if keepdim:
            for place in sorted((rows, columns)):
                out = out.unsqueeze(place)
            named(out, "PermuteBackward0")
        return out
    if ord in (1, -1, math.inf, -math.inf):
        along, over = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = vector_norm(input, 1, along, keepdim)
        over -= int(over > along and not keepdim)
        return sums.amax(over, keepdim) if ord > 0 else sums.amin(over, keepdim)
    raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")


def check_floating_matrix(A: Any) -> None:
    """Refuse a tensor of integers where a norm is taken."""
    if not A.is_floating_point():
        title = A.dtype.tensor_type.removesuffix("Tensor")
        raise RuntimeError(f"linalg.matrix_norm: Expected a floating point or complex tensor as input. Got {title}")


@matrix_norm.samples
def _(make):
    for order in ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf):
        yield make.sample(make.apart(3, 2), order)
    yield make.sample(make.apart(2, 3, 2), 2, (0, 1))
    yield make.sample(make(2, 3, 2), "nuc", (0, -1), True)
    yield make.sample(make.apart(2, 3, 2), 1, (0, -1), True)


def _norm_reference(A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False) -> Any:
    if dim is None and ord is None:
        A = A.reshape(-1)
    return np.linalg.norm(A, ord, dim, keepdim)


@composed(namespace="linalg", reference=_norm_reference)
def norm(input: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Vector norm, or matrix norm where ``ord`` is given and the dimensions are two.

    Parameters
    ----------
    ord : number or {"fro", "nuc"}, optional
        See `linalg.vector_norm` and `linalg.matrix_norm`; None is the root of the sum of squares of all elements.
    dim : int or tuple of two int, optional
    """
    from minigrad.ops.statistics import vector_norm

    if ord is None:
        return vector_norm(input, 2, dim, keepdim, dtype=dtype)
    if dim is None and input.dim() not in (1, 2) and not isinstance(ord, str):
        raise RuntimeError(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {input.dim()}D."
        )
    is_matrix = isinstance(ord, str) or (
        input.dim() == 2 if dim is None else isinstance(dim, (tuple, list)) and len(dim) == 2
    )
    if is_matrix:
        return matrix_norm(input, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    return vector_norm(input, ord, dim, keepdim, dtype=dtype)


@norm.samples
def _(make):
    yield make.sample(make(2, 3))
    yield make.sample(make(2, 3, 2))
    yield make.sample(make.apart(2, 3), 1)
    yield make.sample(make.apart(5), 3)
    yield make.sample(make(2, 3), "nuc")
    yield make.sample(make(2, 3, 2), dim=(0, 2), keepdim=True)
    yield make.sample(make.apart(2, 3), math.inf, dim=1)


def _cond_reference(A: Any, p: Any = None) -> Any:
    return np.linalg.cond(A, p)


@composed(namespace="linalg", reference=_cond_reference)
def cond(input: Tensor, p: Any = None) -> Tensor:
    """Condition number ``|input| * |inv(input)|``; by default the ratio of the largest to the smallest singular value.

    Parameters
    ----------
    p : {None, 2, -2, "fro", "nuc", inf, -inf, 1, -1}
        The matrix norm. Singular matrices have the condition ``inf``.
    """
    if p in (None, 2, -2):
        check_matrices("linalg.cond", array_of(input))
        values = linalg_svd(input, False)[1]
        first, last = values[..., :1], values[..., -1:]
        return (last / first if p == -2 else first / last).squeeze(-1)
    try:
        inverses = inv(input)
    except LinAlgError:
        array = array_of(input)
        inverses = type(input)._wrap(array_module(array).full(array.shape, np.inf, array.dtype))
    return named(matrix_norm(input, p) * matrix_norm(inverses, p), "NanToNumBackward0")


@cond.samples
def _(make):
    for p in (None, 2, -2, "fro", 1, -1, math.inf, -math.inf):
        yield make.sample(well_conditioned(make, 3, 3), p)


# Products.


def _cross_reference(x: Any, y: Any, dim: int = -1) -> Any:
    return np.cross(x, y, axis=dim)


def _cross(input: Any, other: Any, dim: int) -> Any:
    if input.dtype.name == "bool":
        raise not_implemented("cross", array_of(input))
    first = input.roll(-1, dim) * other.roll(-2, dim)
    return named(first - input.roll(-2, dim) * other.roll(-1, dim), "LinalgCrossBackward0")


@composed(namespace="linalg", reference=_cross_reference)
def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """Cross product of vectors of three elements along ``dim``; the other dimensions broadcast."""
    if input.dim() != other.dim():
        raise RuntimeError(
            f"linalg.cross: inputs must have the same number of dimensions, but got {input.dim()} and {other.dim()}"
        )
    wrap_dim(dim, input.dim())
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.shape[dim]} and {other.shape[dim]}"
        )
    return _cross(input, other, dim)


@cross.samples
def _(make):
    yield make.sample(make(3), make(3))
    yield make.sample(make(2, 3), make(1, 3))
    yield make.sample(make(3, 2), make(3, 2), dim=0)


@composed(name="cross", method=True, reference=_cross_reference)
def cross_of(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """Cross product; see `linalg.cross`. Without ``dim``, along the first dimension of length 3."""
    if dim is None:
        if 3 not in input.shape:
            raise RuntimeError("no dimension of size 3 in input")
        dim = tuple(input.shape).index(3)
    return cross(input, other, dim=dim)


@cross_of.samples
def _(make):
    yield make.sample(make(2, 3), make(2, 3), 1)


@composed(namespace="linalg", reference=lambda x, y, dim=-1: (x * y).sum(dim))
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """Sums of the products of vectors' elements along ``dim``; the other dimensions broadcast."""
    check_precision("linalg.vecdot", array_of(x), low_precision=True)
    if x.dim() == y.dim() == 1 and x.shape == y.shape:
        return x.vdot(y)
    return sum(x * y, dim)


@vecdot.samples
def _(make):
    yield make.sample(make(3), make(3))
    yield make.sample(make(2, 3), make(3))
    yield make.sample(make(3, 2), make(3, 2), dim=0)


@composed(namespace="linalg", name="matmul", reference=np.matmul)
def matmul_of(input: Tensor, other: Tensor) -> Tensor:
    """Matrix product, batched over leading dimensions; see `matmul`."""
    return matmul(input, other)


@matmul_of.samples
def _(make):
    yield make.sample(make(2, 3), make(3, 4))


@composed(namespace="linalg", reference=lambda A, offset=0, dim1=-2, dim2=-1: np.diagonal(A, offset, dim1, dim2))
def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """View of the diagonals of matrices."""
    return A.diagonal(offset, dim1, dim2)


@diagonal.samples
def _(make):
    yield make.sample(make(2, 3, 3))


@composed(namespace="linalg", reference=lambda tensors: np.linalg.multi_dot(tensors))
def multi_dot(tensors: Any) -> Tensor:
    """Product of several matrices, in the order of multiplication that costs least.

    Parameters
    ----------
    tensors : sequence of Tensor
        Matrices; the first and the last may be vectors.
    """
    tensors = list(tensors)
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    first_is_vector, last_is_vector = tensors[0].dim() == 1, tensors[-1].dim() == 1
    if first_is_vector:
        tensors[0] = tensors[0].unsqueeze(0)
    if last_is_vector:
        tensors[-1] = tensors[-1].unsqueeze(-1)
    for k, each in enumerate(tensors):
        if each.dim() != 2:
            raise RuntimeError(f"multi_dot(): tensor {k} must be 2D but got {each.dim()}D")
        if k and tensors[k - 1].shape[1] != each.shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {k - 1} and {k} with shapes {list(tensors[k - 1].shape)} and {list(each.shape)} "
                "cannot be multiplied"
            )
    product = _multiplied(tensors, _cheapest_splits([each.shape[0] for each in tensors] + [tensors[-1].shape[1]]))
    shape = [] if first_is_vector else [product.shape[0]]
    shape += [] if last_is_vector else [product.shape[1]]
    return reshape(product, tuple(shape)) if first_is_vector or last_is_vector else product


def _cheapest_splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Return, for each run of matrices, after which one to split it; matrix k is (sizes[k], sizes[k + 1])."""
    count = len(sizes) - 1
    cost = {(k, k): 0 for k in range(count)}
    split = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            options = [(cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
            cost[i, j], split[i, j] = min(options)
    return split


def _multiplied(matrices: list[Any], splits: dict[tuple[int, int], int]) -> Any:
    def product(i: int, j: int) -> Any:
        if i == j:
            return matrices[i]
        k = splits[i, j]
        return matmul(product(i, k), product(k + 1, j))

    return product(0, len(matrices) - 1)


@multi_dot.samples
def _(make):
    yield make.sample([make(2, 3), make(3, 4)])
    yield make.sample([make(2, 3), make(3, 4), make(4, 1), make(1, 2)])
    yield make.sample([make(3), make(3, 4), make(4)])
