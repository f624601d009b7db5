"""Products of vectors and matrices under their own names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.dims import length_along, wrap_dim
from minigrad.ops.matmul import array_product, checked_product, matmul, multiplied
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.product_checks import batch_error
from minigrad.ops.promotion import promote
from minigrad.ops.shape import numel, transpose

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


@op(method=True, reference=np.matmul)
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """Product of two matrices: (n, k) and (k, m) give (n, m)."""
    if input.ndim != 2 or mat2.ndim != 2:
        raise RuntimeError(f"{'self' if input.ndim != 2 else 'mat2'} must be a matrix")
    return checked_product(input, mat2)


@mm.gradient("input")
def _(grad, mat2):
    return multiplied(grad, mat2.T)


@mm.gradient("mat2")
def _(grad, input):
    return multiplied(input.T, grad)


@mm.samples
def _(make):
    yield make.sample(make(2, 3), make(3, 4))
    yield make.sample(make(2, 0), make(0, 4))
    yield make.sample(make(3, 2).T, make(4, 3).T)


@op(method=True, reference=np.matmul)
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Products of matrices in a batch: (b, n, k) and (b, k, m) give (b, n, m)."""
    return checked_batches(input, mat2)


def checked_batches(input: Any, mat2: Any) -> Any:
    """Return the products of two batches of matrices, or say in PyTorch's words why there are none.

    Raises
    ------
    RuntimeError, NotImplementedError
    """
    if input.ndim != 3 or mat2.ndim != 3:
        raise RuntimeError(f"batch{1 if input.ndim != 3 else 2} must be a 3D tensor")
    if input.shape[0] != mat2.shape[0] or input.shape[2] != mat2.shape[1]:
        expected = [input.shape[0], input.shape[2]]
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: {expected} but got: "
            f"{list(mat2.shape[:2])}."
        )
    if input.dtype is not mat2.dtype or input.dtype.kind == "b":
        error = batch_error(input, mat2, len(input))
        if error is not None:
            raise error
    return array_product(input, mat2)


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

    return transpose(batch, 1, 2)


@op(method=True, reference=np.matmul)
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """Product of a matrix and a vector: (n, k) and (k,) give (n,)."""
    if input.ndim != 2 or vec.ndim != 1:
        length_along(input, 0)
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {input.ndim}, {vec.ndim}")
    return checked_product(input, vec)


@mv.gradient("input")
def _(grad, vec):
    return outer(grad, vec)


@mv.gradient("vec")
def _(grad, input):
    return multiplied(input.T, grad)


@mv.samples
def _(make):
    yield make.sample(make(2, 3), make(3))
    yield make.sample(make(3, 2).T, make(3))


@op(method=True, reference=np.dot)
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """Sum of the products of two vectors' elements."""
    if input.ndim != 1 or tensor.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors")
    return checked_product(input, tensor)


@dot.gradient("input")
def _(grad, tensor):
    return grad * tensor


@dot.gradient("tensor")
def _(grad, input):
    return grad * input


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
    if input.dtype != other.dtype:
        raise RuntimeError("both inputs should have same dtype")
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            f"inner() the last dimension must match on both input tensors but got shapes {list(input.shape)} and "
            f"{list(other.shape)}"
        )
    if input.dim() == other.dim() == 1 and not input.is_floating_point():
        return dot(input, other)
    return tensordot(input, other, ([-1], [-1]))


@inner.samples
def _(make):
    yield make.sample(make(3), make(3))
    yield make.sample(make(2, 3), make(4, 3))
    yield make.sample(make(), make(2, 3))


@op(method=True, aliases=("ger",), node="MulBackward0", reference=np.outer)
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Products of all pairs of elements of two vectors: (n,) and (m,) give (n, m)."""
    if input.ndim != 1 or vec2.ndim != 1:
        name, found = ("self", input) if input.ndim != 1 else ("vec2", vec2)
        raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {found.ndim}-D")
    if input.dtype is not vec2.dtype:
        input, vec2 = promote(input, vec2)
    return np.multiply(input.reshape(-1, 1), vec2)


@outer.gradient("input")
def _(grad, vec2):
    return (grad * vec2).sum(1)


@outer.gradient("vec2")
def _(grad, input):
    return (grad * input.reshape((-1, 1))).sum(0)


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
        left, right = list(range(-dims, 0)), list(range(dims))
    else:
        left, right = ([each] if isinstance(each, int) else list(each) for each in dims)
    if len(left) != len(right):
        raise RuntimeError("both dimension lists should have same length")
    if a.dtype != b.dtype:
        raise RuntimeError("both inputs should have same dtype")
    given = list(zip(left, right, strict=True))
    left, right = [wrap_dim(k, a.dim()) for k in left], [wrap_dim(k, b.dim()) for k in right]
    for i, j in zip(left, right, strict=True):  # a length of 1 is as good as that of the other
        if a.shape[i] != b.shape[j] and 1 in (a.shape[i], b.shape[j]):
            a, b = (a, _summed(b, j)) if a.shape[i] == 1 else (_summed(a, i), b)
    for i, j in given:
        if a.shape[i] != b.shape[j]:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a.shape[i]} in dim {i} and second has size "
                f"{b.shape[j]} in dim {j}"
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


@composed(reference=lambda *matrices: np.linalg.multi_dot(matrices))
def chain_matmul(*matrices: Tensor) -> Tensor:
    """Product of several matrices, from left to right."""
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    for each in matrices:
        if each.dim() != 2:
            raise RuntimeError(f"Tensor dimension is {each.dim()}, expected 2 instead.")
    product = matrices[0]
    for each in matrices[1:]:
        product = matmul(product, each)
    return product


@chain_matmul.samples
def _(make):
    yield make.sample(make(2, 3), make(3, 4), make(4, 1))
