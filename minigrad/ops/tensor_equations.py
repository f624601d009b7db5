"""Linear equations between tensors of several dimensions, solved as those of matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.linear_systems import inv, solve
from minigrad.ops.naming import named
from minigrad.ops.op import composed
from minigrad.ops.shape import reshape

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


@composed(namespace="linalg", reference=lambda A, ind=2: np.linalg.tensorinv(A, ind))
def tensorinv(input: Tensor, ind: int = 2) -> Tensor:
    """Inverse of a tensor under `tensordot` over its first ``ind`` dimensions.

    Parameters
    ----------
    input : Tensor
        The product of its first ``ind`` lengths equals that of the others.
    ind : int

    Raises
    ------
    RuntimeError
        For an ``ind`` that is not positive, and where what it makes is not square.
    """
    if ind <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    first, rest = tuple(input.shape[:ind]), tuple(input.shape[ind:])
    rows, columns = math.prod(first), math.prod(rest)
    if rows != columns:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
            f"{columns} != {rows}"
        )
    return named(reshape(inv(reshape(input, (rows, columns))), rest + first), "ReshapeAliasBackward0")


@tensorinv.samples
def _(make):
    yield make.sample(np.eye(6).reshape(2, 3, 3, 2) + 0.1 * make(2, 3, 3, 2))
    yield make.sample(np.eye(4).reshape(4, 2, 2) + 0.1 * make(4, 2, 2), ind=1)


@composed(namespace="linalg", reference=lambda A, B, dims=None: np.linalg.tensorsolve(A, B, dims))
def tensorsolve(input: Tensor, other: Tensor, dims: Any = None) -> Tensor:
    """Solution ``X`` of ``tensordot(input, X, X.ndim) == other``.

    Parameters
    ----------
    input : Tensor, shape ``(*other.shape, *X.shape)``
    other : Tensor
    dims : sequence of int, optional
        Dimensions of ``input`` that are moved to its end first.

    Raises
    ------
    RuntimeError
        Where the coefficients make no square matrix.
    """
    if dims is not None:
        input = input.movedim(tuple(dims), tuple(range(input.dim() - len(dims), input.dim())))
    shape = tuple(input.shape[other.dim() :])
    rows, columns = other.numel(), math.prod(shape)
    if rows != columns:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), "
            f"but got {columns} != {rows}"
        )
    return reshape(solve(reshape(input, (rows, columns)), reshape(other, (-1,))), shape)


@tensorsolve.samples
def _(make):
    yield make.sample(np.eye(6).reshape(2, 3, 6) + 0.1 * make(2, 3, 6), make(2, 3))
    yield make.sample((np.eye(6) + 0.1 * make(6, 6)).reshape(6, 2, 3).transpose(1, 0, 2), make(6), dims=(0, 2))
