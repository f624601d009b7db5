"""Products that PyTorch keeps under `linalg`: of vectors, and of a chain of matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_of
from minigrad.ops.dims import wrap_dim
from minigrad.ops.errors import c_name, scalars_differ
from minigrad.ops.matmul import matmul
from minigrad.ops.matrices import check_precision
from minigrad.ops.naming import named
from minigrad.ops.op import composed
from minigrad.ops.promotion import not_implemented
from minigrad.ops.reduce import sum
from minigrad.ops.shape import reshape

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _cross_reference(x: Any, y: Any, dim: int = -1) -> Any:
    return np.cross(x, y, axis=dim)


def _cross(input: Any, other: Any, dim: int) -> Any:
    if input.dtype.name == "bool":
        raise not_implemented("cross", array_of(input))
    first = input.roll(-1, dim) * other.roll(-2, dim)
    return named(first - input.roll(-2, dim) * other.roll(-1, dim), "LinalgCrossBackward0")


@composed(namespace="linalg", reference=_cross_reference)
def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """Cross product of vectors of three elements along ``dim``; the other dimensions broadcast."""
    if input.dim() != other.dim():
        raise RuntimeError(
            f"linalg.cross: inputs must have the same number of dimensions, but got {input.dim()} and {other.dim()}"
        )
    wrap_dim(dim, input.dim())
    if input.dtype is not other.dtype:
        raise scalars_differ(array_of(input), array_of(other))
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.shape[dim]} and {other.shape[dim]}"
        )
    return _cross(input, other, dim)


@cross.samples
def _(make):
    yield make.sample(make(3), make(3))
    yield make.sample(make(2, 3), make(1, 3))
    yield make.sample(make(3, 2), make(3, 2), dim=0)


@composed(name="cross", method=True, reference=_cross_reference)
def cross_of(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """Cross product; see `linalg.cross`. Without ``dim``, along the first dimension of length 3."""
    if dim is None:
        if 3 not in input.shape:
            raise RuntimeError("no dimension of size 3 in input")
        dim = tuple(input.shape).index(3)
    return cross(input, other, dim=dim)


@cross_of.samples
def _(make):
    yield make.sample(make(2, 3), make(2, 3), 1)


@composed(namespace="linalg", reference=lambda x, y, dim=-1: (x * y).sum(dim))
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """Sums of the products of vectors' elements along ``dim``; the other dimensions broadcast."""
    check_precision("linalg.vecdot", array_of(x), low_precision=True)
    if x.dim() == y.dim() == 1 and x.shape == y.shape:
        return x.vdot(y)
    return sum(x * y, dim)


@vecdot.samples
def _(make):
    yield make.sample(make(3), make(3))
    yield make.sample(make(2, 3), make(3))
    yield make.sample(make(3, 2), make(3, 2), dim=0)


@composed(namespace="linalg", name="matmul", reference=np.matmul)
def matmul_of(input: Tensor, other: Tensor) -> Tensor:
    """Matrix product, batched over leading dimensions; see `matmul`."""
    return matmul(input, other)


@matmul_of.samples
def _(make):
    yield make.sample(make(2, 3), make(3, 4))


@composed(namespace="linalg", reference=lambda tensors: np.linalg.multi_dot(tensors))
def multi_dot(tensors: Any) -> Tensor:
    """Product of several matrices, in the order of multiplication that costs least.

    Parameters
    ----------
    tensors : sequence of Tensor
        Matrices; the first and the last may be vectors.

    Raises
    ------
    RuntimeError
        For a single tensor, and for tensors that cannot be multiplied.
    """
    tensors = list(tensors)
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    for k, each in enumerate(tensors):
        if each.dtype is not tensors[0].dtype:
            names = [c_name(array_of(one)) for one in (tensors[0], each)]
            raise RuntimeError(
                f"multi_dot(): all tensors must have be the same dtype but tensor 0 is {names[0]} and tensor {k} "
                f"{names[1]}"
            )
    first_is_vector, last_is_vector = tensors[0].dim() == 1, tensors[-1].dim() == 1
    if first_is_vector:
        tensors[0] = tensors[0].unsqueeze(0)
    if last_is_vector:
        tensors[-1] = tensors[-1].unsqueeze(-1)
    for k, each in enumerate(tensors):
        if each.dim() != 2:
            raise RuntimeError(f"multi_dot(): tensor {k} must be 2D but got {each.dim()}D")
        if k and tensors[k - 1].shape[1] != each.shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {k - 1} and {k} with shapes {list(tensors[k - 1].shape)} and {list(each.shape)} "
                "cannot be multiplied"
            )
    product = _multiplied(tensors, _cheapest_splits([each.shape[0] for each in tensors] + [tensors[-1].shape[1]]))
    shape = [] if first_is_vector else [product.shape[0]]
    shape += [] if last_is_vector else [product.shape[1]]
    return reshape(product, tuple(shape)) if first_is_vector or last_is_vector else product


def _cheapest_splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Return, for each run of matrices, after which one to split it; matrix k is (sizes[k], sizes[k + 1])."""
    count = len(sizes) - 1
    cost = {(k, k): 0 for k in range(count)}
    split = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            options = [(cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
            cost[i, j], split[i, j] = min(options)
    return split


def _multiplied(matrices: list[Any], splits: dict[tuple[int, int], int]) -> Any:
    def product(i: int, j: int) -> Any:
        if i == j:
            return matrices[i]
        k = splits[i, j]
        return matmul(product(i, k), product(k + 1, j))

    return product(0, len(matrices) - 1)


@multi_dot.samples
def _(make):
    yield make.sample([make(2, 3), make(3, 4)])
    yield make.sample([make(2, 3), make(3, 4), make(4, 1), make(1, 2)])
    yield make.sample([make(3), make(3, 4), make(4)])
