"""Powers and exponentials of square matrices; all batched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_module, array_of, as_its_kind
from minigrad.ops.join import cat
from minigrad.ops.linear_systems import inv
from minigrad.ops.matmul import matmul
from minigrad.ops.matrices import check_matrices, mT, well_conditioned
from minigrad.ops.op import composed, op
from minigrad.ops.write import zero

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _power_reference(A: Any, n: int) -> Any:
    return np.linalg.matrix_power(A, n)


@composed(namespace="linalg", reference=_power_reference)
def matrix_power(input: Tensor, n: int) -> Tensor:
    """Square matrices multiplied with themselves ``n`` times; negative powers are those of the inverse."""
    if input.dim() < 2 or input.shape[-1] != input.shape[-2]:
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
