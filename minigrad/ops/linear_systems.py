"""Inverses, and solutions of linear systems; all batched. LAPACK, as NumPy calls it, is the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_module, array_of, as_its_kind
from minigrad.ops.diagonals import tril, triu
from minigrad.ops.errors import LinAlgError
from minigrad.ops.matmul import matmul
from minigrad.ops.matrices import check_matrices, mT, well_conditioned
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import not_implemented, scalar_type
from minigrad.ops.quiet import quiet

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


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
    check_matrices("linalg.solve", A, square=True, half="lu_cpu")
    if A.dtype != B.dtype:
        raise RuntimeError(
            f"linalg.solve: Expected A and B to have the same dtype, but found A of type {scalar_type(A)} and B of "
            f"type {scalar_type(B)} instead"
        )
    is_vector = _is_vector(A, B)
    right = B[..., None] if is_vector else B
    if right.ndim < 2:
        raise RuntimeError("linalg.solve: The input tensor B must have at least 2 dimensions.")
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

    Raises
    ------
    RuntimeError
        For shapes that do not fit each other.
    """
    check_matrices(
        "linalg.solve_triangular", input, square=True, kernel="triangular_solve_cpu", half="triangular_solve_cpu"
    )
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


def _check_solve(input: Any, input2: Any) -> None:
    """Refuse what `cholesky_solve` does not take."""
    for name, each in (("b", input), ("u", input2)):
        if each.ndim < 2:
            raise RuntimeError(f"{name} should have at least 2 dimensions, but has {each.ndim} dimensions instead")
    if input.dtype != input2.dtype:
        raise RuntimeError(
            f"Expected b and A to have the same dtype, but found b of type {scalar_type(input)} and A of type "
            f"{scalar_type(input2)} instead."
        )
    if input.dtype.kind != "f" or input.dtype.itemsize == 2:
        raise not_implemented("cholesky_solve_cpu", input)


@op(method=True, reference=lambda B, L, upper=False: np.linalg.solve(L.T @ L if upper else L @ L.T, B))
def cholesky_solve(input: Tensor, input2: Tensor, upper: bool = False) -> Tensor:
    """Solution ``X`` of ``A @ X == input``, where ``input2`` is the Cholesky factor of ``A``.

    The gradient of the factor is that of a whole matrix, not only of the triangle that is read.
    """
    _check_solve(input, input2)
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
    if array.ndim < 2:
        raise RuntimeError("cholesky_inverse: The input tensor A must have at least 2 dimensions.")
    if array.shape[-1] != array.shape[-2]:
        raise RuntimeError(
            f"cholesky_inverse: A must be batches of square matrices, but they are {array.shape[-2]} by "
            f"{array.shape[-1]} matrices"
        )
    if array.dtype.kind != "f" or array.dtype.itemsize == 2:
        raise not_implemented("cholesky_inverse_out_cpu", array)
    eye = as_its_kind(input, np.eye(array.shape[-1], dtype=array.dtype))
    return named(cholesky_solve(eye, input, upper), "CholeskyInverseBackward0")


@cholesky_inverse.samples
def _(make):
    yield make.sample(np.tril(well_conditioned(make, 3, 3)), gradient=False)
