"""Products of vectors and matrices under their own names, einsum, and sums with products."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_of
from minigrad.ops.dims import wrap_dim
from minigrad.ops.matmul import _mismatch, matmul
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import not_implemented
from minigrad.ops.shape import numel

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


def _need(name: str, ranks: tuple[int, ...], *tensors: Any) -> None:
    """Refuse operands whose numbers of dimensions are not those of a product.

    Raises
    ------
    RuntimeError
    """
    given = tuple(each.dim() for each in tensors)
    if given != ranks:
        raise RuntimeError(
            f"{name}: expected tensors of {', '.join(f'{rank}D' for rank in ranks)}, but got "
            f"{', '.join(f'{rank}D' for rank in given)}"
        )


def _plus_product(multiply: Callable[..., Any]) -> Callable[..., Any]:
    """Return the reference of ``addmm`` and its kin, given that of the product."""
    return lambda x, a, b, beta=1, alpha=1: beta * x + alpha * multiply(a, b)


@composed(method=True, reference=np.matmul)
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """Product of two matrices: (n, k) and (k, m) give (n, m)."""
    _need("mm", (2, 2), input, mat2)
    return matmul(input, mat2)


@mm.samples
def _(make):
    yield make.sample(make(2, 3), make(3, 4))
    yield make.sample(make(2, 0), make(0, 4))


@op(method=True, reference=np.matmul)
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Products of matrices in a batch: (b, n, k) and (b, k, m) give (b, n, m)."""
    if input.ndim != 3 or mat2.ndim != 3:
        raise RuntimeError("batch1 must be a 3D tensor")
    if input.shape[0] != mat2.shape[0] or input.shape[2] != mat2.shape[1]:
        expected = [input.shape[0], input.shape[2]]
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: {expected} but got: "
            f"{list(mat2.shape[:2])}."
        )
    if input.dtype.kind == "b" and input.size and mat2.size:
        raise not_implemented("bmm", input)
    if input.dtype != mat2.dtype:
        from minigrad.ops.errors import dtype_mismatch

        raise dtype_mismatch("expected m1 and m2 to have the same dtype", input, mat2)
    return np.matmul(input, mat2)


@bmm.gradient("input")
def _(grad, mat2):
    return bmm(grad, _swapped(mat2))


@bmm.gradient("mat2")
def _(grad, input):
    return bmm(_swapped(input), grad)


@bmm.samples
def _(make):
    yield make.sample(make(2, 3, 4), make(2, 4, 2))
    yield make.sample(make(0, 3, 4), make(0, 4, 2))


def _swapped(batch: Any) -> Any:
    from minigrad.ops.shape import transpose

    return transpose(batch, 1, 2)


@composed(method=True, reference=np.matmul)
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """Product of a matrix and a vector: (n, k) and (k,) give (n,)."""
    if input.dim() != 2 or vec.dim() != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {input.dim()}, {vec.dim()}")
    if input.shape[1] != vec.shape[0]:
        raise RuntimeError(
            f"size mismatch, got input ({input.shape[0]}), mat ({input.shape[0]}x{input.shape[1]}), vec "
            f"({vec.shape[0]})"
        )
    return matmul(input, vec)


@mv.samples
def _(make):
    yield make.sample(make(2, 3), make(3))


@composed(method=True, reference=np.dot)
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """Sum of the products of two vectors' elements."""
    if input.dim() != 1 or tensor.dim() != 1:
        raise RuntimeError(f"1D tensors expected, but got {input.dim()}D and {tensor.dim()}D tensors")
    if input.dtype is not tensor.dtype:
        titles = [each.dtype.tensor_type.removesuffix("Tensor") for each in (input, tensor)]
        raise RuntimeError(f"dot : expected both vectors to have same dtype, but found {titles[0]} and {titles[1]}")
    if input.shape != tensor.shape:
        raise RuntimeError(_mismatch(array_of(input), array_of(tensor)))
    return matmul(input, tensor)


@dot.samples
def _(make):
    yield make.sample(make(3), make(3))
    yield make.sample(make(0), make(0))


@composed(method=True, reference=np.vdot)
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """As `dot`, for real numbers."""
    return named(dot(input, other), "VdotBackward0")


@vdot.samples
def _(make):
    yield make.sample(make(3), make(3))


@composed(method=True, reference=np.inner)
def inner(input: Tensor, other: Tensor) -> Tensor:
    """Sums of products over the last dimensions; an ordinary product where one operand is a number."""
    if input.dim() == 0 or other.dim() == 0:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            f"inner() the last dimension must match on both input tensors but got shapes {list(input.shape)} and "
            f"{list(other.shape)}"
        )
    return tensordot(input, other, ([-1], [-1]))


@inner.samples
def _(make):
    yield make.sample(make(3), make(3))
    yield make.sample(make(2, 3), make(4, 3))
    yield make.sample(make(), make(2, 3))


@composed(method=True, aliases=("ger",), reference=np.outer)
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Products of all pairs of elements of two vectors: (n,) and (m,) give (n, m)."""
    if input.dim() != 1 or vec2.dim() != 1:
        raise RuntimeError(f"outer: Expected 1-D argument self, but got {input.dim()}-D")
    return input.reshape(-1, 1) * vec2


@outer.samples
def _(make):
    yield make.sample(make(3), make(2))


@composed(method=True, reference=np.kron)
def kron(input: Tensor, other: Tensor) -> Tensor:
    """Kronecker product: every element of the input times the whole of ``other``."""
    ndim = max(input.dim(), other.dim())
    left = (1,) * (ndim - input.dim()) + tuple(input.shape)
    right = (1,) * (ndim - other.dim()) + tuple(other.shape)
    spread_left = input.reshape([n for pair in zip(left, (1,) * ndim, strict=True) for n in pair])
    spread_right = other.reshape([n for pair in zip((1,) * ndim, right, strict=True) for n in pair])
    product = (spread_left * spread_right).reshape([a * b for a, b in zip(left, right, strict=True)])
    return named(product, "UnsafeViewBackward0")


@kron.samples
def _(make):
    yield make.sample(make(2, 2), make(1, 3))
    yield make.sample(make(2), make(2, 2))


def _summed(x: Any, dim: int) -> Any:
    return x.sum(dim, keepdim=True, dtype=x.dtype)


@composed(reference=lambda a, b, dims=2: np.tensordot(a, b, dims))
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """Sums of products over several dimensions: the last ``dims`` of ``a`` with the first of ``b``, or two lists."""
    if isinstance(dims, int):
        if dims > min(a.dim(), b.dim()):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        left, right = list(range(a.dim() - dims, a.dim())), list(range(dims))
    else:
        left, right = ([each] if isinstance(each, int) else list(each) for each in dims)
    left, right = [wrap_dim(k, a.dim()) for k in left], [wrap_dim(k, b.dim()) for k in right]
    for i, j in zip(left, right, strict=False):  # a length of 1 is as good as that of the other
        if a.shape[i] != b.shape[j] and 1 in (a.shape[i], b.shape[j]):
            a, b = (a, _summed(b, j)) if a.shape[i] == 1 else (_summed(a, i), b)
    if len(left) != len(right) or any(a.shape[i] != b.shape[j] for i, j in zip(left, right, strict=True)):
        raise RuntimeError(
            f"contracted dimensions need to match, but a has {[a.shape[i] for i in left]} and b has "
            f"{[b.shape[j] for j in right]}"
        )
    rest_a, rest_b = [k for k in range(a.dim()) if k not in left], [k for k in range(b.dim()) if k not in right]
    common = numel([a.shape[i] for i in left])
    rows = a.permute(tuple(rest_a + left)).reshape(numel([a.shape[k] for k in rest_a]), common)
    columns = b.permute(tuple(right + rest_b)).reshape(common, numel([b.shape[k] for k in rest_b]))
    return matmul(rows, columns).reshape([a.shape[k] for k in rest_a] + [b.shape[k] for k in rest_b])


@tensordot.samples
def _(make):
    yield make.sample(make(2, 3, 4), make(3, 4, 2))
    yield make.sample(make(2, 3), make(3, 2), 1)
    yield make.sample(make(2, 3, 4), make(4, 2), dims=([0, 2], [1, 0]))


# Sums with products.


@composed(method=True, inplace=True, reference=_plus_product(np.matmul))
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """``beta * input + alpha * (mat1 @ mat2)``."""
    _need("addmm", (2, 2), mat1, mat2)
    return named(_sum_with(input, matmul(mat1, mat2), beta, alpha), "AddmmBackward0")


def _sum_with(input: Any, product: Any, beta: Any, alpha: Any) -> Any:
    if not product.is_floating_point():
        beta, alpha = int(beta), int(alpha)
    scaled = product if alpha == 1 else product * alpha
    if beta == 0:
        return scaled
    return (input if beta == 1 else input * beta) + scaled


@addmm.samples
def _(make):
    yield make.sample(make(2, 4), make(2, 3), make(3, 4))
    yield make.sample(make(4), make(2, 3), make(3, 4), beta=0.5, alpha=2)


@composed(method=True, inplace=True, reference=_plus_product(np.matmul))
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """``beta * input + alpha * (mat @ vec)``."""
    return named(_sum_with(input, mv(mat, vec), beta, alpha), "AddmvBackward0")


@addmv.samples
def _(make):
    yield make.sample(make(2), make(2, 3), make(3), beta=0.5)


@composed(method=True, inplace=True, reference=_plus_product(np.outer))
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """``beta * input + alpha * outer(vec1, vec2)``."""
    if type(alpha) is float and not input.is_floating_point():
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    if all(array_of(each).dtype.kind == "b" for each in (input, vec1, vec2)):
        return (input & bool(beta)) | (outer(vec1, vec2) & bool(alpha))
    return named(_sum_with(input, outer(vec1, vec2), beta, alpha), "AddrBackward0")


@addr.samples
def _(make):
    yield make.sample(make(2, 3), make(2), make(3), alpha=0.5)


@composed(method=True, inplace=True, reference=_plus_product(np.matmul))
def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """``beta * input + alpha * bmm(batch1, batch2)``."""
    return named(_sum_with(input, bmm(batch1, batch2), beta, alpha), "BaddbmmBackward0")


@baddbmm.samples
def _(make):
    yield make.sample(make(2, 3, 2), make(2, 3, 4), make(2, 4, 2), beta=0.5)


@composed(method=True, inplace=True, reference=_plus_product(lambda a, b: np.matmul(a, b).sum(0)))
def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """``beta * input + alpha * bmm(batch1, batch2).sum(0)``."""
    return named(_sum_with(input, bmm(batch1, batch2).sum(0, dtype=batch1.dtype), beta, alpha), "AddbmmBackward0")


@addbmm.samples
def _(make):
    yield make.sample(make(3, 2), make(2, 3, 4), make(2, 4, 2), alpha=0.5)


@composed(reference=lambda *matrices: np.linalg.multi_dot(matrices))
def chain_matmul(*matrices: Tensor) -> Tensor:
    """Product of several matrices, from left to right."""
    product = matrices[0]
    for each in matrices[1:]:
        product = matmul(product, each)
    return product


@chain_matmul.samples
def _(make):
    yield make.sample(make(2, 3), make(3, 4), make(4, 1))
