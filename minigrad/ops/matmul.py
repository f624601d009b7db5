"""Products of matrices, and the affine map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import is_array, is_device_array, kernels_of
from minigrad.ops.op import op
from minigrad.ops.product_checks import check_terms, product_error
from minigrad.ops.shape import expand, reshape, transpose

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


_SMALL = 1 << 20  # multiplications; fewer are BLAS's, without asking


def _linear_name(input: np.ndarray, weight: np.ndarray, bias: np.ndarray | None) -> str:
    if weight.ndim == 1:
        return "MvBackward0"
    if input.ndim != 2:
        return "ViewBackward0"
    return "MmBackward0" if bias is None else "AddmmBackward0"


@op(namespace="functional", variant=_linear_name, reference=lambda x, weight, bias=0: x @ weight.T + bias)
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Affine map ``input @ weight.T + bias``.

    Parameters
    ----------
    input : Tensor, shape (..., in_features)
    weight : Tensor, shape (out_features, in_features) or (in_features,)
    bias : Tensor, shape (out_features,), optional

    Returns
    -------
    Tensor, shape (..., out_features)

    Raises
    ------
    RuntimeError
        For shapes or dtypes that do not fit each other.
    """
    if input.dtype is not weight.dtype or input.dtype.kind == "b" or weight.ndim != 2 or not input.ndim:
        _check_linear(input, weight, bias)
    try:
        out = array_product(input, weight.T) if input.ndim == 2 else _times_matrix(input, weight.T)
    except ValueError as error:
        raise _linear_error(input, weight, bias) or error from None
    if bias is None:
        return out
    if bias.dtype is not input.dtype:
        _check_linear(input, weight, bias)
    if bias.shape == out.shape[-1:] and bias.ndim:
        return kernels_of(out).add_bias(out, bias)
    return np.add(out, expand(bias, out.shape))


@linear.gradient("input")
def _(grad, weight):
    if weight.ndim == 1:
        return reshape(grad, (*grad.shape, 1)) * weight
    if grad.ndim < 3 or not grad.shape[-1]:
        return multiplied(grad, weight)
    return reshape(multiplied(reshape(grad, (-1, grad.shape[-1])), weight), (*grad.shape[:-1], weight.shape[-1]))


@linear.gradient("weight")
def _(grad, input, weight_shape):
    if len(weight_shape) == 1:
        return column_sums(input * reshape(grad, (*grad.shape, 1)))
    if grad.ndim != 2:
        grad = reshape(grad, (-1, grad.shape[-1]))
        input = reshape(input, (-1, input.shape[-1]))
    return multiplied(grad.T, input)


@linear.gradient("bias")
def _(grad):
    return column_sums(grad) if grad.ndim > 1 else grad


@linear.samples
def _(make):
    yield make.sample(make(4, 3), make(2, 3), make(2))
    yield make.sample(make(4, 3), make(2, 3))
    yield make.sample(make(2, 4, 3), make(2, 3), make(2))
    yield make.sample(make(3), make(2, 3), make(2))
    yield make.sample(make(4, 3), make(2, 3), make(1))
    yield make.sample(make(4, 3), make(3))
    yield make.sample(make(3, 4).T, make(3, 2).T, make(2))
    yield make.sample(make(0, 3), make(2, 3), make(2))
    yield make.sample(make(4, 0), make(2, 0), make(2))


@op(namespace=None, node="SumBackward1", reference=lambda x: x.reshape(-1, x.shape[-1]).sum(axis=0))
def column_sums(input: Tensor) -> Tensor:
    """Sums over all dimensions but the last."""
    return kernels_of(input).column_sums(input if input.ndim == 2 else input.reshape(-1, input.shape[-1]))


@column_sums.gradient
def _(grad, input_shape):
    return expand(grad, input_shape)


@column_sums.samples
def _(make):
    yield make.sample(make(4, 3))
    yield make.sample(make(3))
    yield make.sample(make(2, 4, 3))
    yield make.sample(make(0, 3))


def _times_matrix(x: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return ``x @ matrix`` as one product, where NumPy would make one of each matrix in ``x``: up to twice as fast."""
    if is_device_array(x) or x.ndim < 3 or matrix.ndim != 2 or not x.shape[-1] or x.shape[-1] != matrix.shape[0]:
        return array_product(x, matrix)
    return array_product(x.reshape(-1, x.shape[-1]), matrix).reshape(*x.shape[:-1], matrix.shape[1])


def array_product(a: Any, b: Any) -> Any:
    """Return the matrix product of two arrays, by the function that takes least time for their size."""
    if type(a) is not np.ndarray:
        return _device_product(a, b)
    if a.size * b.shape[-1] >= _SMALL:
        return kernels_of(a).matmul(a, b)
    return a.dot(b) if a.ndim <= 2 and b.ndim <= 2 else np.matmul(a, b)


def checked_product(input: Any, other: Any) -> Any:
    """Return the matrix product of two arrays, or say in PyTorch's words why there is none.

    Raises
    ------
    RuntimeError, NotImplementedError
    """
    if input.dtype is not other.dtype or input.dtype.kind == "b" or not input.ndim or not other.ndim:
        _check_product(input, other)
    try:
        if input.dtype.kind == "f" and input.dtype.itemsize == 2:
            return np.matmul(input.astype(np.float32), other.astype(np.float32)).astype(input.dtype)
        return array_product(input, other) if input.ndim == 2 else _times_matrix(input, other)
    except ValueError as error:
        raise product_error(input, other) or error from None


def multiplied(a: Tensor, b: Tensor) -> Tensor:
    """Return ``a @ b``, of arrays by the method that costs least to call."""
    return array_product(a, b) if is_array(a) else a @ b


class Blas:
    """Who multiplies matrices on a GPU: "cublas", or "minigrad" for the kernel of ours."""

    chosen = "cublas"


def _device_product(a: Any, b: Any) -> Any:
    """Return the matrix product of two arrays of a device."""
    if Blas.chosen == "minigrad" and a.dtype == b.dtype and a.dtype.kind == "f":
        return kernels_of(a).matmul(a, b)
    return np.matmul(a, b)


@op(method=True, variant=lambda input, other: _matmul_name(input.ndim, other.ndim), reference=np.matmul)
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """Matrix product, batched over leading dimensions, which broadcast; 1-D operands are vectors.

    Parameters
    ----------
    input : Tensor, shape (..., n, k) or (k,)
    other : Tensor, shape (..., k, m) or (k,)

    Returns
    -------
    Tensor, shape (..., n, m), without n or m where an operand is a vector

    Raises
    ------
    RuntimeError
        For shapes or dtypes that do not fit each other.
    """
    return checked_product(input, other)


@matmul.gradient("input")
def _(grad, other, input_shape):
    if len(input_shape) == 1:
        if other.ndim == 1:
            return grad * other
        return matmul(other, grad.reshape((*grad.shape, 1))).reshape(grad.shape[:-1] + input_shape)
    if other.ndim == 1:
        return grad.reshape((*grad.shape, 1)) * other
    return matmul(grad, transpose(other, -1, -2))


@matmul.gradient("other")
def _(grad, input, other_shape):
    if len(other_shape) == 1:
        if input.ndim == 1:
            return grad * input
        return matmul(transpose(input, -1, -2), grad.reshape((*grad.shape, 1))).reshape(grad.shape[:-1] + other_shape)
    if input.ndim == 1:
        return input.reshape((*input.shape, 1)) * grad.reshape((*grad.shape[:-1], 1, grad.shape[-1]))
    if len(other_shape) == 2 and input.ndim > 2 and input.shape[-1] and grad.shape[-1]:
        rows, columns = reshape(input, (-1, input.shape[-1])), reshape(grad, (-1, grad.shape[-1]))
        return matmul(transpose(rows, 0, 1), columns)
    return matmul(transpose(input, -1, -2), grad)


@matmul.samples
def _(make):
    yield make.sample(make(3, 4), make(4, 2))
    yield make.sample(make(4), make(4))
    yield make.sample(make(4), make(4, 2))
    yield make.sample(make(3, 4), make(4))
    yield make.sample(make(5, 3, 4), make(5, 4, 2))
    yield make.sample(make(2, 1, 3, 4), make(5, 4, 2))
    yield make.sample(make(2, 3, 4), make(4))
    yield make.sample(make(4), make(2, 4, 3))
    yield make.sample(make(3, 0), make(0, 2))
    yield make.sample(make(4, 3).T, make(2, 4).T)


def _check_linear(input: np.ndarray, weight: np.ndarray, bias: np.ndarray | None) -> None:
    error = _linear_error(input, weight, bias)
    if error is not None:
        raise error


def _check_product(input: np.ndarray, other: np.ndarray) -> None:
    error = product_error(input, other)
    if error is not None:
        raise error


def _matmul_name(left: int, right: int) -> str:
    if left == 1 and right == 1:
        return "DotBackward0"
    if left == 2 and right == 2:
        return "MmBackward0"
    if left == 2 and right == 1:
        return "MvBackward0"
    if left == 1 and right == 2:
        return "SqueezeBackward4"
    return "UnsafeViewBackward0"


def _linear_error(input: np.ndarray, weight: np.ndarray, bias: np.ndarray | None) -> Exception | None:
    """Return what keeps an affine map from being computed, None where nothing does."""
    if weight.ndim > 2:
        return RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {weight.ndim}D")
    if 0 in (input.ndim, weight.ndim):
        return RuntimeError(
            f"both arguments to linear need to be at least 1D, but they are {input.ndim}D and {weight.ndim}D"
        )
    if bias is None:
        return product_error(input, weight.T)
    if weight.ndim != 2:
        return RuntimeError(f"mat2 must be a matrix, got {weight.ndim}-D tensor")
    try:
        check_terms(("self", "mat1", "mat2"), (bias, input, weight))
    except RuntimeError as error:
        return error
    found = product_error(input[None] if input.ndim == 1 else input, weight.T)
    if found is None and input.dtype.kind == "b" and not weight.shape[1]:
        return RuntimeError("result type Long can't be cast to the desired output type Bool")
    return found
