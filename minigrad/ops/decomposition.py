"""Factorisations of matrices: Cholesky, QR, singular values, eigenvalues of symmetric matrices; all batched.

LAPACK, as NumPy calls it, is the kernel. The gradients are those of S. F. Walter, "Structured higher-order algorithmic
differentiation", 2012, and of M. Giles, "An extended collection of matrix derivative results", 2008.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_module, array_of
from minigrad.ops.diagonals import tril, triu
from minigrad.ops.errors import LinAlgError
from minigrad.ops.join import cat
from minigrad.ops.linear_systems import solve_triangular
from minigrad.ops.matmul import matmul
from minigrad.ops.matrices import check_matrices, eye_like, mT, positive_definite
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import check_floating
from minigrad.ops.return_types import return_type
from minigrad.ops.select import where

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


# Cholesky.


def _cholesky_reference(A: Any, upper: bool = False) -> Any:
    out = np.linalg.cholesky(A)
    return np.swapaxes(out, -1, -2) if upper else out


@op(namespace="linalg", node="LinalgCholeskyExBackward0", reference=_cholesky_reference)
def cholesky(input: Tensor, *, upper: bool = False) -> Tensor:
    """Lower triangular ``L`` with ``L @ L.mT == input`` (or upper triangular ``U`` with ``U.mT @ U == input``).

    Parameters
    ----------
    input : Tensor, shape (..., n, n)
        Symmetric and positive definite; only one triangle is read.

    Raises
    ------
    LinAlgError
        For a matrix that is not positive definite.
    """
    check_matrices("linalg.cholesky", input, square=True, half="cholesky_cpu")
    source = np.swapaxes(input, -1, -2) if upper else input
    try:
        factor = np.linalg.cholesky(source)
    except np.linalg.LinAlgError:
        raise LinAlgError(_not_positive("linalg.cholesky", source)) from None
    return np.swapaxes(factor, -1, -2).copy() if upper else factor


def _not_positive(name: str, A: Any) -> str:
    """Return the message for matrices one of which has no Cholesky factor."""
    for number, matrix in enumerate(A.reshape(-1, *A.shape[-2:])):
        for order in range(1, len(matrix) + 1):
            try:
                np.linalg.cholesky(matrix[:order, :order])
            except np.linalg.LinAlgError:
                batch = f"(Batch element {number}): " if A.ndim > 2 else ""
                return (
                    f"{name}: {batch}The factorization could not be completed because the input is not "
                    "positive-definite "
                    f"(the leading minor of order {order} is not positive-definite)."
                )
    return f"{name}: The factorization could not be completed because the input is not positive-definite."


@cholesky.gradient
def _(grad, out, upper):
    factor, grad = (mT(out), mT(grad)) if upper else (out, grad)
    inner = tril(matmul(mT(factor), grad))
    inner = (inner + mT(tril(inner, -1))) * 0.5
    half = solve_triangular(mT(factor), inner, upper=True)
    return solve_triangular(factor, half, upper=False, left=False)


@cholesky.samples
def _(make):
    yield make.sample(positive_definite(make, 3, 3), gradient=False)
    yield make.sample(positive_definite(make, 2, 2, 2), upper=True, gradient=False)
    yield make.sample(make(0, 0), gradient=False)


@composed(name="cholesky", method=True, reference=_cholesky_reference)
def cholesky_of(input: Tensor, upper: bool = False) -> Tensor:
    """Cholesky factor; see `linalg.cholesky`."""
    if not input.numel():
        return named(input.clone(), "CholeskyBackward0")
    check_floating("cholesky_cpu", array_of(input))
    return named(cholesky(input, upper=upper), "CholeskyBackward0")


@cholesky_of.samples
def _(make):
    yield make.sample(positive_definite(make, 3, 3), gradient=False)


# QR.


def _qr_reference(A: Any, mode: str = "reduced") -> Any:
    if mode == "r":
        return np.zeros(0), np.linalg.qr(A, "r")
    return tuple(np.linalg.qr(A, mode))


@op(namespace=None, outputs=("Q", "R"), reference=_qr_reference)
def linalg_qr(A: Tensor, mode: str) -> Any:
    """Orthogonal ``Q`` and upper triangular ``R`` with ``Q @ R == A``."""
    check_matrices("linalg.qr", A, half="geqrf_cpu")
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    if mode == "r":
        return array_module(A).zeros(0, A.dtype), np.linalg.qr(A, "r")
    return tuple(np.linalg.qr(A, mode))


@linalg_qr.gradient
def _(grads, A_shape, Q, R, mode):
    rows, columns = A_shape[-2:]
    if mode == "r":
        raise RuntimeError("linalg.qr: the derivative of linalg.qr depends on Q, which is not computed when mode='r'.")
    if mode == "complete" and rows > columns:
        raise RuntimeError(
            "The QR decomposition is not differentiable when mode='complete' and nrows > ncols, since Q is not unique "
            "then"
        )
    grad_q, grad_r = grads
    if rows >= columns:
        return _qr_gradient(grad_q, grad_r, Q, R)
    # A wide matrix is [X, Y] with X square: X = Q U and Y = Q V.
    square, rest = R[..., :rows], grad_r[..., rows:]
    grad_q = grad_q + matmul(matmul(Q, R[..., rows:]), mT(rest))
    left = _qr_gradient(grad_q, grad_r[..., :rows], Q, square)
    return _beside(left, matmul(Q, rest))


def _qr_gradient(grad_q: Any, grad_r: Any, Q: Any, R: Any) -> Any:
    inner = triu(matmul(grad_r, mT(R)) - matmul(mT(Q), grad_q))
    inner = inner + mT(triu(inner, 1))
    return solve_triangular(mT(R), grad_q + matmul(Q, inner), upper=False, left=False)


def _beside(left: Any, right: Any) -> Any:

    return cat([left, right], -1)


@linalg_qr.samples
def _(make):
    yield make.sample(make(3, 3), "reduced")
    yield make.sample(make(4, 2), "reduced")
    yield make.sample(make(2, 2, 4), "complete")
    yield make.sample(make(4, 2), "complete", gradient=False)


@composed(namespace="linalg", reference=_qr_reference)
def qr(A: Tensor, mode: str = "reduced") -> Any:
    """Orthogonal ``Q`` and upper triangular ``R`` with ``Q @ R == A``, as a named pair.

    Parameters
    ----------
    A : Tensor, shape (..., m, n)
    mode : {"reduced", "complete", "r"}
        ``Q`` with min(m, n) columns, with m, or left empty.
    """
    return return_type("linalg_qr", ("Q", "R"))(linalg_qr(A, mode))


@qr.samples
def _(make):
    yield make.sample(make(3, 3))
    yield make.sample(make(4, 2))
    yield make.sample(make(2, 2, 4))
    yield make.sample(make(4, 2), "complete", gradient=False)
    yield make.sample(make(4, 2), "r", gradient=False)


@composed(name="qr", method=True, reference=lambda x, some=True: _qr_reference(x, "reduced" if some else "complete"))
def qr_of(input: Tensor, some: bool = True) -> Any:
    """Orthogonal and upper triangular factor; see `linalg.qr`."""
    return return_type("qr", ("Q", "R"))(linalg_qr(input, "reduced" if some else "complete"))


@qr_of.samples
def _(make):
    yield make.sample(make(4, 2))


# Singular values.


@op(namespace=None, outputs=("U", "S", "Vh"))
def linalg_svd(A: Tensor, full_matrices: bool) -> Any:
    """Singular vectors and values: ``A == U @ diag(S) @ Vh``."""
    check_matrices("linalg.svd", A, half="linalg_svd_cpu")
    try:
        return tuple(np.linalg.svd(A, full_matrices))
    except np.linalg.LinAlgError:
        raise LinAlgError(
            "linalg.svd: The algorithm failed to converge because the input matrix is ill-conditioned, has too many "
            "repeated singular values, or contains non-finite values."
        ) from None


@linalg_svd.gradient
def _(grads, U, S, Vh):
    grad_u, grad_s, grad_vh = grads
    rank = S.shape[-1]
    # The vectors of full_matrices=True beyond the first min(m, n) are not unique: nothing sensible depends on them.
    U, Vh = U[..., :rank], Vh[..., :rank, :]
    grad_u, grad_vh = grad_u[..., :rank], grad_vh[..., :rank, :]
    if not (bool((grad_u != 0).any()) or bool((grad_vh != 0).any())):
        return matmul(U * grad_s[..., None, :], Vh)
    V, grad_v = mT(Vh), mT(grad_vh)
    squares = S * S
    gaps = squares[..., None, :] - squares[..., :, None] + eye_like(S, rank)
    turn_u, turn_v = _skew(matmul(mT(U), grad_u)) / gaps, _skew(matmul(Vh, grad_v)) / gaps
    inner = turn_u * S[..., None, :] + S[..., :, None] * turn_v + eye_like(S, rank) * grad_s[..., None, :]
    total = matmul(matmul(U, inner), Vh)
    if U.shape[-2] > rank:
        scaled = grad_u / S[..., None, :]
        total = total + matmul(scaled - matmul(U, matmul(mT(U), scaled)), Vh)
    if V.shape[-2] > rank:
        scaled = mT(grad_v / S[..., None, :])
        total = total + matmul(U, scaled - matmul(matmul(scaled, V), Vh))
    return total


def _skew(X: Any) -> Any:
    return X - mT(X)


@linalg_svd.samples
def _(make):
    yield make.sample(make(3, 3), False, gradient=False)
    yield make.sample(make(4, 2), True, gradient=False)


def _svd_reference(A: Any, full_matrices: bool = True) -> Any:
    return tuple(np.linalg.svd(A, full_matrices))


@composed(namespace="linalg", reference=_svd_reference)
def svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> Any:
    """Singular value decomposition ``A == U @ diag(S) @ Vh``, as a named triple.

    Parameters
    ----------
    A : Tensor, shape (..., m, n)
    full_matrices : bool
        Whether ``U`` and ``Vh`` are square, or have min(m, n) columns and rows.
    driver : str, optional
        Accepted for PyTorch's CUDA; without effect.

    Notes
    -----
    Singular vectors are unique up to signs, and where singular values are equal up to rotations; there the gradient
    does not exist. The gradient of the values always does.
    """
    return return_type("linalg_svd", ("U", "S", "Vh"))(linalg_svd(A, full_matrices))


@svd.samples
def _(make):
    yield make.sample(make(3, 3), False)
    yield make.sample(make(4, 2), full_matrices=False)
    yield make.sample(make(2, 2, 3), full_matrices=False)
    yield make.sample(make(3, 2), gradient=False)


@composed(namespace="linalg", reference=lambda A: np.linalg.svd(A, compute_uv=False))
def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """Singular values in descending order."""
    return linalg_svd(A, False)[1]


@svdvals.samples
def _(make):
    yield make.sample(make(3, 3))
    yield make.sample(make(2, 4, 3))
    yield make.sample(np.eye(2), gradient=False)


def _svd_with_v_reference(x: Any, some: bool = True, compute_uv: bool = True) -> Any:
    U, S, Vh = np.linalg.svd(x, not some)
    return U, S, np.swapaxes(Vh, -1, -2)


@composed(name="svd", method=True, reference=_svd_with_v_reference)
def svd_of(input: Tensor, some: bool = True, compute_uv: bool = True) -> Any:
    """Singular value decomposition as ``(U, S, V)``; new code calls `linalg.svd`, which returns ``V`` transposed."""
    U, S, Vh = linalg_svd(input, not some)
    if not compute_uv:
        rows, columns = input.shape[-2:]
        batch = tuple(input.shape[:-2])
        array = array_of(input)
        wrap, zeros, dtype = type(input)._wrap, array_module(array).zeros, array.dtype
        U, Vh = wrap(zeros((*batch, rows, rows), dtype)), wrap(zeros((*batch, columns, columns), dtype))
    return return_type("svd", ("U", "S", "V"))((U, S, mT(Vh)))


@svd_of.samples
def _(make):
    yield make.sample(make(3, 2), gradient=False)


# Eigenvalues of symmetric matrices.


def _eigh_reference(A: Any, UPLO: str = "L") -> Any:
    return tuple(np.linalg.eigh(A, UPLO))


@op(namespace=None, outputs=("eigenvalues", "eigenvectors"), reference=_eigh_reference)
def linalg_eigh(A: Tensor, UPLO: str = "L") -> Any:
    """Eigenvalues, ascending, and orthonormal eigenvectors (columns) of symmetric matrices."""
    check_matrices("linalg.eigh", A, square=True, kernel="linalg_eigh_cpu", half="linalg_eigh_cpu")
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    try:
        return tuple(np.linalg.eigh(A, UPLO.upper()))
    except np.linalg.LinAlgError:
        raise LinAlgError(
            "linalg.eigh: The algorithm failed to converge because the input matrix is ill-conditioned or "
            "has too many repeated eigenvalues."
        ) from None


@linalg_eigh.gradient
def _(grads, eigenvalues, eigenvectors):
    of_values, of_vectors = grads
    inner = eye_like(eigenvalues, eigenvalues.shape[-1]) * of_values[..., None, :]
    if bool((of_vectors != 0).any()):
        eye = eye_like(eigenvalues, eigenvalues.shape[-1], bool)
        gaps = eigenvalues[..., None, :] - eigenvalues[..., :, None]
        turn = matmul(mT(eigenvectors), of_vectors) / where(eye, 1.0, gaps)
        inner = inner + where(eye, 0.0, turn)
    whole = matmul(matmul(eigenvectors, inner), mT(eigenvectors))
    return (whole + mT(whole)) * 0.5


@linalg_eigh.samples
def _(make):
    yield make.sample(positive_definite(make, 3, 3), "L", gradient=False)


@composed(namespace="linalg", reference=_eigh_reference)
def eigh(input: Tensor, UPLO: str = "L") -> Any:
    """Eigenvalues, ascending, and orthonormal eigenvectors (columns) of symmetric matrices, as a named pair.

    Parameters
    ----------
    input : Tensor, shape (..., n, n)
    UPLO : {"L", "U"}
        The triangle that is read. The gradient is that of the whole, symmetric matrix.
    """
    return return_type("linalg_eigh", ("eigenvalues", "eigenvectors"))(linalg_eigh(input, UPLO))


@eigh.samples
def _(make):
    yield make.sample(positive_definite(make, 3, 3), gradient=False)
    yield make.sample(positive_definite(make, 2, 2, 2), "U", gradient=False)


@composed(namespace="linalg", reference=np.linalg.eigvalsh)
def eigvalsh(input: Tensor, UPLO: str = "L") -> Tensor:
    """Eigenvalues of symmetric matrices, ascending."""
    return linalg_eigh(input, UPLO)[0]


@eigvalsh.samples
def _(make):
    yield make.sample(positive_definite(make, 3, 3), gradient=False)
