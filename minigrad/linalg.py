"""Linear algebra under the names of ``torch.linalg``: norms, solutions, factorisations, products; all batched."""

from __future__ import annotations

from minigrad.ops.checked_systems import cholesky_ex, inv_ex, solve_ex
from minigrad.ops.combinatorics import powers_of as vander
from minigrad.ops.decomposition import cholesky, eigh, eigvalsh, qr, svd, svdvals
from minigrad.ops.determinant import det, slogdet
from minigrad.ops.diagonals import diagonal_of as diagonal
from minigrad.ops.errors import LinAlgError
from minigrad.ops.householder import householder_product
from minigrad.ops.least_squares import lstsq, matrix_rank, pinv
from minigrad.ops.linalg_products import cross, multi_dot, vecdot
from minigrad.ops.linalg_products import matmul_of as matmul
from minigrad.ops.linear_systems import inv, solve, solve_triangular
from minigrad.ops.lu import lu, lu_factor, lu_factor_ex, lu_solve
from minigrad.ops.matrix_functions import matrix_exp, matrix_power
from minigrad.ops.matrix_norm import cond, matrix_norm, norm
from minigrad.ops.tensor_equations import tensorinv, tensorsolve
from minigrad.ops.vector_norm import vector_norm

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]
