"""Vectors in pairs, and their lengths: distances, similarity, normalisation, the bilinear map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import from_numpy
from minigrad.ops.backend import array_of
from minigrad.ops.errors import c_name
from minigrad.ops.naming import named
from minigrad.ops.op import composed
from minigrad.ops.out import write_out
from minigrad.ops.promotion import common_dtype, not_implemented
from minigrad.ops.vector_norm import norm, vector_norm

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _distance_reference(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    return (np.abs(x1 - x2 + eps) ** p).sum(-1, keepdims=keepdim) ** (1 / p)


@composed(reference=_distance_reference)
def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """p-norm of ``x1 - x2 + eps`` over the last dimension."""
    return named(norm(x1 - x2 + eps, p, -1, keepdim), "NormBackward1")


@pairwise_distance.samples
def _(make):
    yield make.sample(make(4, 3), make(4, 3))
    yield make.sample(make(4, 3), make(3), 3, keepdim=True)
    yield make.sample(make(3), make(3))
    yield make.sample(make(3, 4).T, make(2, 4, 3)[1], eps=0.01)


def _similarity_reference(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    lengths = [np.maximum(np.sqrt((x * x).sum(dim, keepdims=True)), eps) for x in np.broadcast_arrays(x1, x2)]
    return (x1 / lengths[0] * (x2 / lengths[1])).sum(dim)


@composed(reference=_similarity_reference)
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Cosine of the angle between vectors along ``dim``; lengths below ``eps`` count as ``eps``."""
    dtype = common_dtype(array_of(x1), array_of(x2))
    if dtype.kind != "f":
        name = {"bool": "Bool", "int64": "Long", "int32": "Int"}.get(dtype.name, dtype.name)
        raise RuntimeError(f"expected common dtype to be floating point, yet common dtype is {name}")
    if x1.dtype is not x2.dtype:
        x1, x2 = x1.to(from_numpy(dtype)), x2.to(from_numpy(dtype))
    if eps < 0:
        raise RuntimeError(f"eps must be non-negative, got: {eps:g}")
    if x1.shape != x2.shape:
        shape = np.broadcast_shapes(tuple(x1.shape), tuple(x2.shape))
        x1, x2 = x1.expand(shape), x2.expand(shape)
    return (x1 / _length(x1, dim, eps) * (x2 / _length(x2, dim, eps))).sum(dim)


def _length(x: Tensor, dim: int, eps: float) -> Tensor:
    """Return vectors' lengths, at least ``eps``; gradients pass the bound unchanged."""
    found = vector_norm(x, 2, dim, keepdim=True)
    return found + (found.clamp_min(eps) - found).detach()


@cosine_similarity.samples
def _(make):
    yield make.sample(make(4, 3), make(4, 3))
    yield make.sample(make(4, 3), make(3), -1)
    yield make.sample(make(3, 4).T, make(4, 3), 0)
    yield make.sample(make(2, 3, 4), make(2, 3, 4))


def _normalize_reference(x: Any, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    return x / np.maximum((np.abs(x) ** p).sum(dim, keepdims=True) ** (1 / p), eps)


@composed(namespace="functional", reference=_normalize_reference)
def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None) -> Tensor:
    """Vectors along ``dim`` divided by their p-norm, or by ``eps`` where that is larger."""
    lengths = vector_norm(input, p, dim, keepdim=True).clamp_min(eps).expand_as(input)
    return input / lengths if out is None else write_out("normalize", out, input / lengths)


@normalize.samples
def _(make):
    yield make.sample(make(4, 3))
    yield make.sample(make(4, 3), 3, 0)
    yield make.sample(make(3, 4).T, dim=-1)


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
