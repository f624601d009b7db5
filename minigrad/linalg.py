"""Linear algebra under the names of ``torch.linalg``: norms, solutions, factorisations, products; all batched."""

from __future__ import annotations

from minigrad.ops.combinatorics import powers_of as vander
from minigrad.ops.decomposition import cholesky, eigh, eigvalsh, qr, svd, svdvals
from minigrad.ops.errors import LinAlgError
from minigrad.ops.householder import householder_product
from minigrad.ops.linalg import (
    cond,
    cross,
    det,
    diagonal,
    inv,
    lstsq,
    matrix_exp,
    matrix_norm,
    matrix_power,
    matrix_rank,
    multi_dot,
    norm,
    pinv,
    slogdet,
    solve,
    solve_triangular,
    vecdot,
)
from minigrad.ops.linalg import matmul_of as matmul
from minigrad.ops.statistics import vector_norm
from minigrad.ops.tensor_equations import tensorinv, tensorsolve

__all__ = [
    "LinAlgError",
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "householder_product",
    "inv",
    "lstsq",
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
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]
