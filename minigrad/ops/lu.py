"""LU factorisation with partial pivoting, its parts, and solutions by it; all batched.

NumPy reaches no such routine of LAPACK, so the elimination is written out: blocks of columns one after the other, and
what is left by a product of matrices, where the time goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_of, as_its_kind, on_host, to_host
from minigrad.ops.diagonals import tril, triu
from minigrad.ops.join import cat
from minigrad.ops.linear_systems import solve_triangular
from minigrad.ops.matmul import matmul
from minigrad.ops.matrices import eye_like, mT, well_conditioned
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import not_implemented
from minigrad.ops.quiet import quiet
from minigrad.ops.return_types import return_type
from minigrad.ops.shape import numel

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor

_BLOCK = 32


@quiet
def _factor(A: Any) -> tuple[Any, Any, Any]:
    """Return the compact factors of a batch of matrices, the pivots from 1, and the first zero pivot (0 for none)."""
    LU = np.array(A)
    rows, columns = A.shape[-2:]
    count = min(rows, columns)
    pivots = np.empty((len(A), count), np.int32)
    batch = np.arange(len(A))
    for start in range(0, count, _BLOCK):
        stop = min(start + _BLOCK, count)
        for k in range(start, stop):
            pivot = k + np.abs(LU[:, k:, k]).argmax(-1)
            pivots[:, k] = pivot + 1
            LU[batch, k], LU[batch, pivot] = LU[batch, pivot], LU[batch, k]
            divisor = LU[:, k, None, k]
            LU[:, k + 1 :, k] /= np.where(divisor == 0, 1, divisor)
            LU[:, k + 1 :, k + 1 : stop] -= LU[:, k + 1 :, k : k + 1] * LU[:, k : k + 1, k + 1 : stop]
        if stop < columns:
            for k in range(start, stop - 1):
                LU[:, k + 1 : stop, stop:] -= LU[:, k + 1 : stop, k : k + 1] * LU[:, k : k + 1, stop:]
            LU[:, stop:, stop:] -= np.matmul(LU[:, stop:, start:stop], LU[:, start:stop, stop:])
    is_zero = np.diagonal(LU, axis1=-2, axis2=-1) == 0
    info = np.where(is_zero.any(-1), is_zero.argmax(-1) + 1, 0) if count else np.zeros(len(A))
    return LU, pivots, info.astype(np.int32)


def _reference(A: Any) -> Any:
    """Factor with SciPy, matrix by matrix."""
    from scipy.linalg.lapack import dgetrf

    count = min(A.shape[-2:])
    LU, pivots, info = np.empty(A.shape), np.empty((*A.shape[:-2], count), np.int32), np.empty(A.shape[:-2], np.int32)
    for place in np.ndindex(*A.shape[:-2]):
        LU[place], found, info[place] = dgetrf(A[place]) if count else (0, 0, 0)
        pivots[place] = found + 1
    return LU, pivots, info


@op(namespace=None, outputs=("LU", "pivots", "info"), node="LinalgLuFactorExBackward0", reference=_reference)
@on_host
def linalg_lu(A: Tensor) -> Any:
    """Compact LU factors of matrices, shape (..., m, n): U on and above the diagonal, L below its ones."""
    if A.ndim < 2:
        raise RuntimeError(
            f"torch.lu_factor: Expected tensor with 2 or more dimensions. Got size: {list(A.shape)} instead"
        )
    if A.dtype.kind != "f" or A.dtype.itemsize == 2:
        raise not_implemented("lu_cpu", A)
    LU, pivots, info = _factor(A.reshape(numel(A.shape[:-2]), *A.shape[-2:]))
    return LU.reshape(A.shape), pivots.reshape(*A.shape[:-2], pivots.shape[-1]), info.reshape(A.shape[:-2])


@linalg_lu.gradient
def _(grads, LU, pivots, A_shape):
    rows, columns = A_shape[-2:]
    count = min(rows, columns)
    grad, square = grads[0], LU[..., :count, :count]
    lower, upper = tril(square, -1) + eye_like(square, count), triu(square)
    of_lower, of_upper = tril(grad, -1)[..., :, :count], triu(grad)[..., :count, :]
    below = matmul(mT(lower), of_lower[..., :count, :])
    above = matmul(of_upper[..., :count], mT(upper))
    if rows > count:
        above = above - matmul(mT(LU[..., count:, :count]), of_lower[..., count:, :])
    if columns > count:
        below = below - matmul(of_upper[..., count:], mT(LU[..., :count, count:]))
    inner = solve_triangular(mT(lower), tril(below, -1) + triu(above), upper=True, unitriangular=True)
    found = solve_triangular(mT(upper), inner, upper=False, left=False)
    if rows > count:
        rest = solve_triangular(mT(upper), of_lower[..., count:, :], upper=False, left=False)
        found = cat([found, rest], -2)
    if columns > count:
        rest = solve_triangular(mT(lower), of_upper[..., count:], upper=True, unitriangular=True)
        found = cat([found, rest], -1)
    return matmul(as_its_kind(grad, permutation_matrices(array_of(pivots), rows, array_of(LU).dtype)), found)


@linalg_lu.samples
def _(make):
    yield make.sample(well_conditioned(make, 3, 3))
    yield make.sample(well_conditioned(make, 2, 4, 3))
    yield make.sample(well_conditioned(make, 3, 5))
    yield make.sample(well_conditioned(make, 2, 2, 2, 2)[..., ::-1])
    yield make.sample(make(0, 3), gradient=False)
    yield make.sample(well_conditioned(make, 40, 40), gradient=False)


def permutation_matrices(pivots: Any, length: int, dtype: Any) -> Any:
    """Return the matrices P of the exchanges of rows that pivots stand for, so that ``A == P @ L @ U``."""
    flat = to_host(pivots).reshape(numel(pivots.shape[:-1]), pivots.shape[-1])
    order = np.tile(np.arange(length), (len(flat), 1))
    batch = np.arange(len(flat))
    for k in range(flat.shape[-1]):
        pivot = flat[:, k] - 1
        order[batch, k], order[batch, pivot] = order[batch, pivot], order[batch, k]
    found = np.zeros((len(flat), length, length), dtype)
    found[batch[:, None], order, np.arange(length)] = 1
    return found.reshape(*pivots.shape[:-1], length, length)


def _check_pivot(pivot: bool) -> None:
    if not pivot:
        raise RuntimeError("linalg.lu_factor: LU without pivoting is not implemented on the CPU")


def _check_info(name: str, info: Any) -> None:
    found = to_host(array_of(info)).reshape(-1)
    if found.any():
        number = int(found.nonzero()[0][0])
        batch = f"(Batch element {number}): " if info.dim() else ""
        k = int(found[number])
        raise RuntimeError(
            f"torch.linalg.{name}: {batch}U[{k},{k}] is zero and using it on lu_solve would result in a division by "
            "zero. If you still want to perform the factorization, consider calling linalg.lu(A, pivot) or "
            "linalg.lu_factor_ex(A, pivot)"
        )


@composed(namespace="linalg", reference=lambda A, pivot=True, check_errors=False: _reference(A))
def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """Compact LU factors as `lu_factor` gives them, and ``info``: the number of the first pivot that is 0, or 0."""
    _check_pivot(pivot)
    LU, pivots, info = linalg_lu(A)
    if check_errors:
        _check_info("lu_factor_ex", info)
    return return_type("linalg_lu_factor_ex", ("LU", "pivots", "info"))((LU, pivots, info))


@lu_factor_ex.samples
def _(make):
    yield make.sample(well_conditioned(make, 3, 3))
    yield make.sample(np.zeros((2, 2)), gradient=False)


@composed(namespace="linalg", reference=lambda A, pivot=True: _reference(A)[:2])
def lu_factor(A: Tensor, *, pivot: bool = True) -> Any:
    """Compact LU factors of matrices, for `lu_solve`.

    Parameters
    ----------
    A : Tensor, shape (..., m, n)
    pivot : bool
        Only True: rows are exchanged, so that the largest entry of a column is divided by.

    Returns
    -------
    LU : Tensor, shape (..., m, n)
        U on and above the diagonal; L below it, whose diagonal is 1.
    pivots : Tensor, shape (..., min(m, n)), int32
        With which row each one was exchanged, counted from 1.

    Raises
    ------
    RuntimeError
        For a singular matrix.
    """
    _check_pivot(pivot)
    LU, pivots, info = linalg_lu(A)
    _check_info("lu_factor", info)
    return return_type("linalg_lu_factor", ("LU", "pivots"))((LU, pivots))


@lu_factor.samples
def _(make):
    yield make.sample(well_conditioned(make, 3, 3))
    yield make.sample(well_conditioned(make, 2, 3, 2))


@composed(name="lu", method=True, reference=lambda A, pivot=True, get_infos=False: _reference(A)[: 2 + get_infos])
def lu_of(A: Tensor, pivot: bool = True, get_infos: bool = False) -> Any:
    """Compact LU factors and pivots, and with ``get_infos`` which pivot is 0; see `linalg.lu_factor_ex`."""
    _check_pivot(pivot)
    found = linalg_lu(A)
    return return_type("_lu_with_info", ("LU", "pivots", "info"))(found) if get_infos else tuple(found[:2])


@lu_of.samples
def _(make):
    yield make.sample(well_conditioned(make, 3, 3))
    yield make.sample(well_conditioned(make, 3, 3), get_infos=True)


def _parts(LU: Any, name: str) -> tuple[Any, Any]:
    """Return L and U of the compact form."""
    rows, columns = LU.shape[-2:]
    count = min(rows, columns)
    one = as_its_kind(LU, np.eye(rows, count, dtype=array_of(LU).dtype))
    return named(tril(LU[..., :count], -1) + one, name), named(triu(LU[..., :count, :]), name)


def _unpacked_reference(A: Any) -> Any:
    from scipy.linalg import lu as factor

    found = [factor(each) for each in A.reshape(-1, *A.shape[-2:])]
    return tuple(np.stack(each).reshape(*A.shape[:-2], *each[0].shape) for each in zip(*found, strict=True))


@composed(namespace="linalg", reference=lambda A, pivot=True: _unpacked_reference(A))
def lu(A: Tensor, *, pivot: bool = True) -> Any:
    """LU factorisation ``A == P @ L @ U`` with a permutation matrix P.

    Parameters
    ----------
    A : Tensor, shape (..., m, n)
    pivot : bool
        Only True.

    Returns
    -------
    P, L, U : Tensor, shapes (..., m, m), (..., m, k) and (..., k, n) with k = min(m, n)
    """
    _check_pivot(pivot)
    if A.dim() < 2:
        raise RuntimeError(f"linalg.lu: Expected tensor with 2 or more dimensions. Got size: {list(A.shape)} instead")
    LU, pivots, _ = linalg_lu(A)
    P = as_its_kind(LU, permutation_matrices(array_of(pivots), A.shape[-2], array_of(LU).dtype))
    return return_type("linalg_lu", ("P", "L", "U"))((P, *_parts(LU, "LinalgLuBackward0")))


@lu.samples
def _(make):
    for shape in ((3, 3), (2, 4, 3), (3, 5)):
        yield make.sample(well_conditioned(make, *shape))


def _unpack_reference(LU: Any, pivots: Any, unpack_data: bool = True, unpack_pivots: bool = True) -> Any:
    count = min(LU.shape[-2:])
    P = permutation_matrices(pivots, LU.shape[-2], LU.dtype) if unpack_pivots else np.empty(0)
    return P, np.tril(LU[..., :count], -1) + np.eye(LU.shape[-2], count), np.triu(LU[..., :count, :])


@composed(reference=_unpack_reference)
def lu_unpack(LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True) -> Any:
    """Return P, L and U of the compact form that `lu_factor` gives; empty tensors where they are not asked for."""
    if LU_data.dim() < 2:
        raise RuntimeError(
            f"torch.lu_unpack: Expected tensor with 2 or more dimensions. Got size: {list(LU_data.shape)} instead"
        )
    pivots = array_of(LU_pivots)
    if unpack_pivots and pivots.dtype != np.int32:
        raise RuntimeError(
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\n"
            "Note: this function is intended to be used with the output produced by torch.linalg.lu_factor"
        )
    P = as_its_kind(LU_data, np.empty(0, array_of(LU_data).dtype))
    if unpack_pivots:
        P = as_its_kind(LU_data, permutation_matrices(pivots, LU_data.shape[-2], array_of(LU_data).dtype))
    if unpack_data:
        L, U = _parts(LU_data, "LuUnpackBackward0")
    else:
        L, U = (named(LU_data.reshape(-1)[:0], "LuUnpackBackward0") for _ in range(2))
    return return_type("lu_unpack", ("P", "L", "U"))((P, L, U))


@lu_unpack.samples
def _(make):
    yield make.sample(make(3, 3), np.array([2, 3, 3], np.int32))
    yield make.sample(make(2, 4, 3), np.array([[2, 3, 4], [1, 2, 3]], np.int32))
    yield make.sample(make(3, 4), np.array([1, 3, 3], np.int32), unpack_pivots=False)


def _check_solve(LU: Any, pivots: Any, B: Any, left: bool) -> None:
    compact, right = array_of(LU), array_of(B)
    for each, name in ((right, "B"), (compact, "LU")):
        if each.ndim < 2:
            raise RuntimeError(f"linalg.lu_solve: The input tensor {name} must have at least 2 dimensions.")
    if compact.dtype.kind != "f":
        title = LU.dtype.tensor_type.removesuffix("Tensor")
        raise RuntimeError(f"torch.linalg.lu_solve: Expected a floating point or complex tensor as input. Got {title}")
    if compact.dtype != right.dtype:
        given = [each.dtype.tensor_type.removesuffix("Tensor") for each in (LU, B)]
        raise RuntimeError(
            f"linalg.lu_solve: Expected LU and B to have the same dtype, but found LU of type {given[0]} and B of "
            f"type {given[1]} instead"
        )
    if array_of(pivots).dtype != np.int32:
        raise RuntimeError("linalg.lu_solve: pivots should be a Tensor of scalar type torch.int32")
    if compact.shape[-1] != compact.shape[-2]:
        raise RuntimeError(
            f"torch.linalg.lu_solve: A must be batches of square matrices, but they are {compact.shape[-2]} by "
            f"{compact.shape[-1]} matrices"
        )
    if compact.shape[-1] != right.shape[-2 if left else -1]:
        equation = "AX = B" if left else "XA = B"
        raise RuntimeError(
            f"linalg.lu_solve: Incompatible shapes of A and B for the equation {equation} ({compact.shape[-2]}x"
            f"{compact.shape[-1]} and {right.shape[-2]}x{right.shape[-1]})"
        )
    if compact.shape[-1] != pivots.shape[-1]:
        raise RuntimeError("linalg.lu_solve: Number of pivots per batch should be same as the dimension of the matrix")


def _solve_reference(LU: Any, pivots: Any, B: Any, left: bool = True, adjoint: bool = False) -> Any:
    lower = np.tril(LU, -1) + np.eye(LU.shape[-1])
    A = permutation_matrices(pivots, LU.shape[-1], LU.dtype) @ lower @ np.triu(LU)
    A = np.swapaxes(A, -1, -2) if adjoint else A
    return np.linalg.inv(A) @ B if left else B @ np.linalg.inv(A)


@composed(namespace="linalg", reference=_solve_reference)
def lu_solve(LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False) -> Tensor:
    """Solution of ``A @ X == B`` by the factors of A.

    Parameters
    ----------
    LU, pivots : Tensor
        As `lu_factor` gives them.
    B : Tensor, shape (..., n, k), or (..., k, n) where ``left`` is False
    left : bool
        False for ``X @ A == B``.
    adjoint : bool
        Whether A is to be transposed.
    """
    _check_solve(LU, pivots, B, left)
    P = as_its_kind(LU, permutation_matrices(array_of(pivots), LU.shape[-1], array_of(LU).dtype))
    right = B if left else mT(B)
    if adjoint == left:
        half = solve_triangular(mT(LU), right, upper=False)
        out = matmul(P, solve_triangular(mT(LU), half, upper=True, unitriangular=True))
    else:
        half = solve_triangular(LU, matmul(mT(P), right), upper=False, unitriangular=True)
        out = solve_triangular(LU, half, upper=True)
    return named(out if left else mT(out), "LinalgLuSolveBackward0")


@lu_solve.samples
def _(make):
    pivots = np.array([2, 3, 3], np.int32)
    yield make.sample(well_conditioned(make, 3, 3), pivots, make(3, 2))
    yield make.sample(well_conditioned(make, 3, 3), pivots, make(2, 3, 2), adjoint=True)
    yield make.sample(well_conditioned(make, 2, 3, 3), np.stack([pivots, pivots]), make(2, 3), left=False)
    yield make.sample(well_conditioned(make, 3, 3), pivots, make(2, 3), left=False, adjoint=True)


@composed(name="lu_solve", method=True, reference=lambda b, LU, pivots: _solve_reference(LU, pivots, b))
def lu_solve_of(input: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """Solution of ``A @ X == input`` by the factors of A; see `linalg.lu_solve`."""
    return lu_solve(LU_data, LU_pivots, input)


@lu_solve_of.samples
def _(make):
    yield make.sample(make(3, 2), well_conditioned(make, 3, 3), np.array([2, 3, 3], np.int32))
