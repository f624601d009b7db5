"""Singular vectors of the largest singular values only, found by random projection [1]_.

.. [1] Halko, Martinsson, Tropp. Finding structure with randomness. 2009. arXiv:0909.4061
"""

from __future__ import annotations

from minigrad.linalg import qr, svd
from minigrad.random import randn
from minigrad.tensor import Tensor

__all__ = ["pca_lowrank", "svd_lowrank"]


def svd_lowrank(
    A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return about the ``q`` largest singular values of matrices, and their vectors: ``A ~ U @ diag(S) @ V.mT``.

    Parameters
    ----------
    A : Tensor, shape (..., m, n)
    q : int, optional
        Somewhat more than the rank that is looked for; 6 unless given.
    niter : int, optional
        How many steps make the projection better; 2 unless given.
    M : Tensor, optional
        Subtracted from ``A``; it broadcasts.

    Returns
    -------
    U : Tensor, shape (..., m, q)
    S : Tensor, shape (..., q)
    V : Tensor, shape (..., n, q)
    """
    if M is not None:
        A = A - M.broadcast_to(tuple(A.shape))
    is_wide = A.shape[-2] < A.shape[-1]
    A = A.mT if is_wide else A
    basis = qr(A @ randn(A.shape[-1], 6 if q is None else q, dtype=A.dtype, device=A.device)).Q
    for _ in range(2 if niter is None else niter):
        basis = qr(A @ qr(A.mT @ basis).Q).Q
    U, S, Vh = svd(basis.mT @ A, full_matrices=False)
    U, V = basis @ U, Vh.mT
    return (V, S, U) if is_wide else (U, S, V)


def pca_lowrank(A: Tensor, q: int | None = None, center: bool = True, niter: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """Return about the ``q`` largest principal components of rows of data; the results are `svd_lowrank`'s.

    Parameters
    ----------
    A : Tensor, shape (..., m, n)
        ``m`` observations of ``n`` variables.
    q : int, optional
        At most 6 unless given.
    center : bool
        Whether the mean of the rows is subtracted first.
    niter : int

    Raises
    ------
    ValueError
        For a negative number of components or rounds, or more components than rows or columns.
    """
    rows, columns = A.shape[-2:]
    if q is None:
        q = min(6, rows, columns)
    elif not 0 <= q <= min(rows, columns):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(rows, columns)}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, keepdim=True) if center else A, q, niter)
