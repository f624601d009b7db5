"""Triangular systems under their older name, with the two sides in the older order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_of
from minigrad.ops.linear_systems import solve_triangular
from minigrad.ops.matrices import mT, well_conditioned
from minigrad.ops.naming import named
from minigrad.ops.op import composed
from minigrad.ops.promotion import scalar_type
from minigrad.ops.return_types import return_type
from minigrad.ops.shape import expand

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _reference(b: Any, A: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False) -> Any:
    matrix = np.triu(A, int(unitriangular)) if upper else np.tril(A, -int(unitriangular))
    matrix = matrix + np.eye(A.shape[-1]) * unitriangular
    X = np.linalg.solve(np.swapaxes(matrix, -1, -2) if transpose else matrix, b)
    return X, np.broadcast_to(A, (*X.shape[:-2], *A.shape[-2:]))


def _check(b: Any, A: Any) -> None:
    for name, each in (("b", b), ("A", A)):
        if each.ndim < 2:
            raise RuntimeError(
                f"torch.triangular_solve: Expected {name} to have at least 2 dimensions, but it has {each.ndim} "
                "dimensions instead"
            )
    if A.shape[-1] != A.shape[-2]:
        raise RuntimeError(
            f"A must be batches of square matrices, but they are {A.shape[-2]} by {A.shape[-1]} matrices"
        )
    if b.dtype != A.dtype:
        raise RuntimeError(
            f"Expected b and A to have the same dtype, but found b of type {scalar_type(b)} and A of type "
            f"{scalar_type(A)} instead."
        )


@composed(method=True, reference=_reference)
def triangular_solve(
    input: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> Any:
    """Solution ``X`` of ``A @ X == input`` for triangular ``A``, and a copy of ``A``; see `linalg.solve_triangular`.

    Parameters
    ----------
    input : Tensor, shape (..., n, k)
    A : Tensor, shape (..., n, n)
        Only the triangle named is read, without the diagonal if that is of ones (``unitriangular``).
    transpose : bool
        Whether to solve ``A.mT @ X == input``.
    """
    _check(array_of(input), array_of(A))
    if transpose:
        solution = solve_triangular(mT(A), input, upper=not upper, unitriangular=unitriangular)
    else:
        solution = solve_triangular(A, input, upper=upper, unitriangular=unitriangular)
    copied = expand(A, (*solution.shape[:-2], *A.shape[-2:])) + 0
    results = [named(each, "TriangularSolveBackward0") for each in (solution, copied)]
    return return_type("triangular_solve", ("solution", "cloned_coefficient"))(results)


@triangular_solve.samples
def _(make):
    yield make.sample(make(3, 2), well_conditioned(make, 3, 3))
    yield make.sample(make(3, 1), well_conditioned(make, 3, 3), upper=False, transpose=True)
    yield make.sample(make(2, 3, 2), well_conditioned(make, 3, 3), unitriangular=True)
