"""Determinants of square matrices, and their logarithms; all batched. LAPACK, as NumPy calls it, is the kernel."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.linear_systems import inv
from minigrad.ops.matrices import check_matrices, mT, positive_definite, well_conditioned
from minigrad.ops.op import composed, op
from minigrad.ops.return_types import return_type
from minigrad.ops.select import where

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


@op(namespace="linalg", node="LinalgDetBackward0", reference=np.linalg.det)
def det(A: Tensor) -> Tensor:
    """Determinant of square matrices, shape (..., n, n); the result has shape (...)."""
    check_matrices("linalg.det", A, square=True, half="lu_cpu")
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
