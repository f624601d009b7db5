"""Orthogonal matrices as products of reflections: LAPACK's compact form of a QR factorisation, and out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_of, as_its_kind, on_host
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import not_implemented

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _compact_reference(x: Any) -> Any:
    from scipy.linalg import qr

    out, tau = np.empty(x.shape), np.empty((*x.shape[:-2], min(x.shape[-2:])))
    for place in np.ndindex(*x.shape[:-2]):
        (out[place], tau[place]), _ = qr(x[place], mode="raw")
    return out, tau


@op(method=True, outputs=("a", "tau"), differentiable=False, reference=_compact_reference)
@on_host
def geqrf(input: Tensor) -> Any:
    """QR factorisation of matrices in compact form.

    Parameters
    ----------
    input : Tensor, shape (..., m, n)

    Returns
    -------
    a : Tensor, shape (..., m, n)
        R on and above the diagonal; below it the vectors of the reflections, whose first entry is 1.
    tau : Tensor, shape (..., min(m, n))
        The factors of the reflections.

    Raises
    ------
    RuntimeError
        For what is no matrix, and for dtypes without LAPACK.
    """
    if input.ndim < 2:
        raise RuntimeError("torch.geqrf: input must have at least 2 dimensions.")
    if input.dtype.kind != "f" or input.dtype == np.float16:
        raise not_implemented("geqrf_cpu", input)
    compact, tau = np.linalg.qr(input, mode="raw")
    return np.ascontiguousarray(np.swapaxes(compact, -1, -2)), tau


@geqrf.samples
def _(make):
    for shape in ((4, 3), (3, 4), (2, 3, 3)):
        yield make.sample(make(*shape))


def _product_reference(vectors: Any, tau: Any) -> Any:
    """Multiply the reflections out as matrices, one stack entry at a time."""
    out = np.empty(vectors.shape)
    for place in np.ndindex(*vectors.shape[:-2]):
        rows, columns = vectors.shape[-2:]
        product = np.eye(rows)
        for k, factor in enumerate(tau[place]):
            reflector = np.r_[np.zeros(k), 1.0, vectors[place][k + 1 :, k]]
            product = product @ (np.eye(rows) - factor * np.outer(reflector, reflector))
        out[place] = product[:, :columns]
    return out


@composed(namespace="linalg", reference=_product_reference)
def householder_product(input: Tensor, tau: Tensor) -> Tensor:
    """First ``n`` columns of a product of reflections ``I - tau[k] * v[k] v[k]^T``.

    Parameters
    ----------
    input : Tensor, shape (..., m, n), m >= n
        Column ``k`` below the diagonal holds ``v[k]`` after its first entry, which is 1; the rest is not read.
    tau : Tensor, shape (..., k), k <= n
    """
    _check(input, tau)
    rows, columns = input.shape[-2:]
    product = as_its_kind(input, np.broadcast_to(np.eye(rows, columns), tuple(input.shape))).to(input.dtype)
    vectors = input.tril(-1) + as_its_kind(input, np.eye(rows, columns)).to(input.dtype)
    for k in reversed(range(tau.shape[-1])):
        reflector = vectors[..., k : k + 1]
        product = product - tau[..., k, None, None] * (reflector @ (reflector.mT @ product))
    return named(product, "LinalgHouseholderProductBackward0")


def _check(input: Any, tau: Any) -> None:
    name = "torch.linalg.householder_product"
    if input.dim() < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    if input.shape[-2] < input.shape[-1]:
        raise RuntimeError(f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if input.shape[-1] < tau.shape[-1]:
        raise RuntimeError(f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    if input.dim() - tau.dim() != 1:
        raise RuntimeError(
            f"{name}: Expected tau to have one dimension less than input, but got tau.ndim equal to {tau.dim()} and "
            f"input.ndim is equal to {input.dim()}"
        )
    if input.shape[:-2] != tau.shape[:-1]:
        raise RuntimeError(
            f"{name}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got {list(tau.shape[:-1])}"
        )
    if input.dtype != tau.dtype:
        given, wanted = (each.dtype.tensor_type.removesuffix("Tensor") for each in (tau, input))
        raise RuntimeError(f"{name}: tau dtype {given} does not match input dtype {wanted}")
    if not input.is_floating_point() or input.dtype.itemsize == 2:
        raise not_implemented("orgqr_cpu", array_of(input))


@householder_product.samples
def _(make):
    for shape, count in (((4, 3), 3), ((4, 3), 2), ((3, 3), 3), ((2, 4, 2), 2)):
        vectors = np.tril(make(*shape), -1)
        yield make.sample(vectors, 2 / (1 + (vectors**2).sum(-2)[..., :count]))


@composed(method=True, reference=_product_reference)
def orgqr(input: Tensor, input2: Tensor) -> Tensor:
    """First columns of a product of reflections: another name of `linalg.householder_product`."""
    return householder_product(input, input2)


@orgqr.samples
def _(make):
    yield make.sample(np.tril(make(4, 2), -1), make(2, low=0.1, high=1.0))


def _times_reference(vectors: Any, tau: Any, other: Any, left: bool = True, transpose: bool = False) -> Any:
    """Multiply by the reflections as one matrix."""
    rows, count = vectors.shape[-2], tau.shape[-1]
    wide = np.zeros((*vectors.shape[:-1], rows))
    wide[..., :count] = vectors[..., :count]
    Q = _product_reference(wide, tau)
    Q = np.swapaxes(Q, -1, -2) if transpose else Q
    return Q @ other if left else other @ Q


@composed(method=True, reference=_times_reference)
def ormqr(input: Tensor, input2: Tensor, input3: Tensor, left: bool = True, transpose: bool = False) -> Tensor:
    """Product of a matrix with the orthogonal one that is a product of reflections ``I - input2[k] v[k] v[k]^T``.

    Parameters
    ----------
    input : Tensor, shape (..., m, k)
        Columns as `geqrf` gives them: below the diagonal, ``v[k]`` after its first entry, which is 1.
    input2 : Tensor, shape (..., min(m, k))
    input3 : Tensor, shape (..., m, n), or (..., n, m) where ``left`` is False
    left : bool
        Whether the orthogonal matrix stands to the left.
    transpose : bool
        Whether it is transposed.
    """
    _check_times(input, input2, input3, left)
    tau, other = input2, input3
    rows, count = input.shape[-2], tau.shape[-1]
    vectors = input[..., :count].tril(-1) + as_its_kind(input, np.eye(rows, count)).to(input.dtype)
    product = other if left else other.mT
    # Q = H[0] H[1] ..., so Q @ x begins with the last reflection, and x @ Q is the transpose of Q.T @ x.T.
    order = range(count) if left == transpose else reversed(range(count))
    for k in order:
        reflector = vectors[..., k : k + 1]
        product = product - tau[..., k, None, None] * (reflector @ (reflector.mT @ product))
    return named(product if left else product.mT, "OrmqrBackward0")


def _check_times(input: Any, tau: Any, other: Any, left: bool) -> None:
    for name, each in (("input", input), ("other", other)):
        if each.dim() < 2:
            raise RuntimeError(f"torch.ormqr: {name} must have at least 2 dimensions.")
    side = -2 if left else -1
    if other.shape[side] < tau.shape[-1]:
        raise RuntimeError(f"torch.ormqr: other.shape[{side}] must be greater than or equal to tau.shape[-1]")
    if other.shape[side] != input.shape[-2]:
        raise RuntimeError(f"torch.ormqr: other.shape[{side}] must be equal to input.shape[-2]")
    if tau.shape[-1] != min(other.shape[side], input.shape[-1]):
        raise RuntimeError(f"torch.ormqr: tau.shape[-1] must be equal to min(other.shape[{side}], input.shape[-1])")
    if input.dim() - tau.dim() != 1:
        raise RuntimeError(
            f"torch.ormqr: Expected tau to have one dimension less than input, but got tau.ndim equal to {tau.dim()} "
            f"and input.ndim is equal to {input.dim()}"
        )
    if input.dim() != other.dim():
        raise RuntimeError(
            "torch.ormqr: Expected other to have the same number of dimensions as input, but got other.ndim equal to "
            f"{other.dim()} and input.ndim is equal to {input.dim()}"
        )
    for name, each in (("tau", tau), ("other", other)):
        if each.dtype != input.dtype:
            titles = [one.dtype.tensor_type.removesuffix("Tensor") for one in (input, each)]
            raise RuntimeError(
                f"torch.ormqr: Expected input and {name} to have the same dtype, but input has dtype{titles[0]} and "
                f"{name} has dtype {titles[1]}"
            )
    if not input.is_floating_point():
        raise not_implemented("ormqr_cpu", array_of(input))


@ormqr.samples
def _(make):
    vectors = np.tril(make(4, 3), -1)
    factors = 2 / (1 + (vectors**2).sum(-2))
    yield make.sample(vectors, factors, make(4, 2))
    yield make.sample(vectors, factors, make(4, 2), True, True)
    yield make.sample(vectors, factors, make(2, 4), False)
    yield make.sample(vectors, factors, make(2, 4), left=False, transpose=True)
