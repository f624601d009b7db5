"""Vectors in pairs, and their lengths: distances, similarity, normalisation, the bilinear map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_of, kernels_of
from minigrad.ops.bounds import clamp_min
from minigrad.ops.dims import axes
from minigrad.ops.elementwise import add
from minigrad.ops.elementwise import sub as subtract
from minigrad.ops.errors import c_name, common_shape
from minigrad.ops.op import composed, op
from minigrad.ops.out import write_out
from minigrad.ops.promotion import not_implemented, promote, scalar_type
from minigrad.ops.reduce import sum
from minigrad.ops.select import where
from minigrad.ops.shape import expand, unsqueeze
from minigrad.ops.vector_norm import norm_along, norm_gradient, vector_norm

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _distance_reference(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    return (np.abs(x1 - x2 + eps) ** p).sum(-1, keepdims=keepdim) ** (1 / p)


@op(node="NormBackward1", reference=_distance_reference)
def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """p-norm of ``x1 - x2 + eps`` over the last dimension."""
    gaps = add(subtract(x1, x2), eps)
    return norm_along(gaps, p, axes(-1, gaps.ndim), keepdim)


@pairwise_distance.gradient
def _(grad, x1, x2, p, eps, keepdim, out):
    gradient = norm_gradient(grad, subtract(x1, x2) + eps, out, p, -1, keepdim)
    return gradient, -gradient


@pairwise_distance.samples
def _(make):
    yield make.sample(make(4, 3), make(4, 3))
    yield make.sample(make(4, 3), make(3), 3, keepdim=True)
    yield make.sample(make(3), make(3))
    yield make.sample(make(3, 4).T, make(2, 4, 3)[1], eps=0.01)


def _similarity_reference(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    lengths = [np.maximum(np.sqrt((x * x).sum(dim, keepdims=True)), eps) for x in np.broadcast_arrays(x1, x2)]
    return (x1 / lengths[0] * (x2 / lengths[1])).sum(dim)


@op(node="SumBackward1", reference=_similarity_reference)
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Cosine of the angle between vectors along ``dim``; lengths below ``eps`` count as ``eps``."""
    if x1.dtype is not x2.dtype or x1.dtype.kind != "f":
        x1, x2 = promote(x1, x2)
        if x1.dtype.kind != "f":
            name = scalar_type(x1)
            raise RuntimeError(f"expected common dtype to be floating point, yet common dtype is {name}")
    if eps < 0:
        raise RuntimeError(f"eps must be non-negative, got: {eps:g}")
    x1, x2 = _alike_along(dim, x1, x2)
    axis = axes(dim, x1.ndim)
    unit1, unit2 = (x / np.maximum(norm_along(x, 2, axis, True), eps) for x in (x1, x2))
    return kernels_of(unit1).sum(unit1 * unit2, axis)


def _alike_along(dim: int, x1: Any, x2: Any) -> Any:
    """Return both operands with the same length along a dimension of the shape to which they broadcast."""
    if x1.shape == x2.shape or (x1.ndim == x2.ndim > dim >= -x1.ndim and x1.shape[dim] == x2.shape[dim]):
        return x1, x2
    shape = common_shape(x1.shape, x2.shape)
    return expand(x1, shape), expand(x2, shape)


@cosine_similarity.gradient
def _(grad, x1, x2, dim, eps, out, needs):
    x1, x2 = _alike_along(dim, x1, x2)
    norm1, norm2 = vector_norm(x1, 2, dim, True), vector_norm(x2, 2, dim, True)
    length1, length2 = clamp_min(norm1, eps), clamp_min(norm2, eps)
    if out.ndim or x1.ndim:
        grad, out = unsqueeze(grad, dim), unsqueeze(out, dim)
    of_first = grad * (x2 / length2 - out * _direction(x1, norm1)) / length1 if needs[0] else None
    of_second = grad * (x1 / length1 - out * _direction(x2, norm2)) / length2 if needs[1] else None
    return of_first, of_second


def _direction(x: Any, norm: Any) -> Any:
    """Return vectors over their lengths, and those of length 0 as they are."""
    return x / where(norm == 0, 1.0, norm)


@cosine_similarity.samples
def _(make):
    yield make.sample(make(4, 3), make(4, 3))
    yield make.sample(make(4, 3), make(3), -1)
    yield make.sample(make(3, 4).T, make(4, 3), 0)
    yield make.sample(make(2, 3, 4), make(2, 3, 4))
    yield make.sample(make(2, 1, 4), make(3, 4), -1)
    yield make.sample(make(3, 1), make(3, 4), 1)


def _normalize_reference(x: Any, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    return x / np.maximum((np.abs(x) ** p).sum(dim, keepdims=True) ** (1 / p), eps)


@composed(namespace="functional", reference=_normalize_reference)
def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None) -> Tensor:
    """Vectors along ``dim`` divided by their p-norm, or by ``eps`` where that is larger."""
    found = scaled_to_one(input, p, dim, eps)
    return found if out is None else write_out("normalize", out, found)


@normalize.samples
def _(make):
    yield make.sample(make(4, 3))
    yield make.sample(make(4, 3), 3, 0)
    yield make.sample(make(3, 4).T, dim=-1)


@op(namespace=None, node="DivBackward0", reference=_normalize_reference)
def scaled_to_one(input: Tensor, p: float, dim: Any, eps: float) -> Tensor:
    """What `normalize` makes of the input."""
    return np.divide(input, np.maximum(vector_norm(input, p, dim, True), eps))


@scaled_to_one.gradient
def _(grad, input, p, dim, eps, out):
    norm = vector_norm(input, p, dim, True)
    length = clamp_min(norm, eps)
    of_norm = where(norm < eps, 0.0, -sum(grad * out, dim, True) / length)
    return grad / length + norm_gradient(of_norm, input, norm, p, dim, True)


@scaled_to_one.samples
def _(make):
    yield make.sample(make(4, 3), 2.0, 1, 1e-12)
    yield make.sample(make(4, 3), 1.5, -1, 1e-12)
    yield make.sample(make(4, 3), 2.0, 1, 100.0)


def _bilinear_reference(x1: Any, x2: Any, weight: Any, bias: Any = None) -> Any:
    return np.einsum("...i,kij,...j->...k", x1, weight, x2) + (0 if bias is None else bias)


def _check_bilinear(**terms: Any) -> None:
    """Refuse dtypes that differ, and bools."""
    given = {name: array_of(each) for name, each in terms.items() if each is not None}
    if len({each.dtype for each in given.values()}) > 1:
        shown = ", ".join(f"{name}: {c_name(each)}" for name, each in given.items())
        raise RuntimeError(f"All tensors must have the same dtype, got {shown}")
    if given["input1"].dtype.kind == "b":
        raise not_implemented("bmm", given["input1"])


@composed(reference=_bilinear_reference)
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Bilinear map ``input1 @ weight[k] @ input2 + bias[k]``.

    Parameters
    ----------
    input1 : Tensor, shape (..., in1)
    input2 : Tensor, shape (..., in2)
    weight : Tensor, shape (out, in1, in2)
    bias : Tensor, shape (out,), optional

    Returns
    -------
    Tensor, shape (..., out)

    Raises
    ------
    RuntimeError
        For shapes that do not fit each other, and for bools.
    """
    if input1.dim() != input2.dim():
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {input1.dim()} and {input2.dim()}")
    for dim, (one, other) in enumerate(zip(input1.shape[:-1], input2.shape[:-1], strict=True)):
        if one != other:
            raise RuntimeError(f"bilinear(): input batch dimensions do not match at dim {dim}: got {one} and {other}")
    for k, given in enumerate((input1, input2), 1):
        if given.size(-1) != weight.size(k):
            raise RuntimeError(
                f"bilinear(): input{k} size does not match weight size: got {given.size(-1)} but expected "
                f"{weight.size(k)}"
            )
    _check_bilinear(input1=input1, input2=input2, weight=weight, bias=bias)
    count, width1, width2 = weight.shape
    # (batch, in1) @ (in1, out * in2) is the one large product; what is left of it is a product an element.
    partial = input1.reshape(-1, width1) @ weight.permute(1, 0, 2).reshape(width1, count * width2)
    found = (partial.reshape(-1, count, width2) @ input2.reshape(-1, width2, 1)).reshape(*input1.shape[:-1], count)
    if bias is None:
        return found
    if bias.size(0) != count:
        raise RuntimeError(f"bilinear(): bias size does not match weight size: got {bias.size(0)} but expected {count}")
    return found + bias


@bilinear.samples
def _(make):
    yield make.sample(make(4, 3), make(4, 2), make(5, 3, 2), make(5))
    yield make.sample(make(3), make(2), make(5, 3, 2))
    yield make.sample(make(2, 4, 3), make(2, 4, 2), make(5, 3, 2), make(5))
