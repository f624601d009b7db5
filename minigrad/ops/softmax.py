"""Softmax, its logarithm, and log-sum-exp."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import kernels_of
from minigrad.ops.dims import wrap_dim, wrap_dims
from minigrad.ops.exponential import exp
from minigrad.ops.op import op
from minigrad.ops.promotion import not_implemented, to_floating
from minigrad.ops.reduce import expand_reduced, sum
from minigrad.ops.shape import numel

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _floating(name: str, input: Any, dtype: Any) -> Any:
    if dtype is not None:
        input = input.astype(dtype.numpy, copy=False)
    if input.dtype.kind != "f" and input.size:
        raise not_implemented(f"{name}_lastdim_kernel_impl", input)
    return input


def _rows_reference(x: Any, dim: int) -> Any:
    shifted = np.exp(x - x.max(axis=dim, keepdims=True)) if x.size else x
    return shifted / shifted.sum(axis=dim, keepdims=True)


def _dim_samples(make: Any) -> Any:
    yield make.sample(make(2, 3), 1)
    yield make.sample(make(2, 3), 0)
    yield make.sample(make(2, 3, 4), -2)
    yield make.sample(make(4), 0)
    yield make.sample(make(4, 3).T, -1)
    yield make.sample(make(0, 3), 1)
    yield make.sample(make(), 0)


@op(method=True, reference=lambda x, dim, dtype=None: _rows_reference(x, dim) if x.ndim else np.ones(()))
def softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """Exponentials normalised to sum 1 along ``dim``: ``exp(x_i) / sum_j exp(x_j)``, computed without overflow."""
    return kernels_of(input).softmax(_floating("softmax", input, dtype), wrap_dim(dim, input.ndim))


@softmax.gradient
def _(grad, out, dim):
    return softmax_backward(grad, out, dim)


@softmax.samples
def _(make):
    yield from _dim_samples(make)


@op(namespace=None, reference=lambda g, out, dim: out * (g - (g * out).sum(axis=dim, keepdims=True)))
def softmax_backward(grad_output: Tensor, out: Tensor, dim: int) -> Tensor:
    """Gradient of `softmax`: ``out * (grad - sum(grad * out))``."""
    return kernels_of(out).softmax_backward(grad_output, out, wrap_dim(dim, out.ndim))


@softmax_backward.gradient("grad_output")
def _(grad, out, dim):
    return softmax_backward(grad, out, dim)


@softmax_backward.gradient("out")
def _(grad, grad_output, out, dim):
    inner = sum(grad_output * out, dim, True)
    return grad * (grad_output - inner) - grad_output * sum(grad * out, dim, True)


@softmax_backward.samples
def _(make):
    yield make.sample(make(2, 3), make(2, 3, low=0, high=1), 1)
    yield make.sample(make(2, 3), make(2, 3, low=0, high=1), 0)


@op(method=True, reference=lambda x, dim, dtype=None: np.log(_rows_reference(x, dim)) if x.ndim else np.zeros(()))
def log_softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """Logarithm of `softmax` along ``dim``: ``x_i - log sum_j exp(x_j)``, computed without overflow."""
    return kernels_of(input).log_softmax(_floating("log_softmax", input, dtype), wrap_dim(dim, input.ndim))


@log_softmax.gradient
def _(grad, out, dim):
    return log_softmax_backward(grad, out, dim)


@log_softmax.samples
def _(make):
    yield from _dim_samples(make)


@op(namespace=None, reference=lambda g, out, dim: g - np.exp(out) * g.sum(axis=dim, keepdims=True))
def log_softmax_backward(grad_output: Tensor, out: Tensor, dim: int) -> Tensor:
    """Gradient of `log_softmax`: ``grad - exp(out) * sum(grad)``."""
    return kernels_of(out).log_softmax_backward(grad_output, out, wrap_dim(dim, out.ndim))


@log_softmax_backward.gradient("grad_output")
def _(grad, out, dim):
    return grad - sum(grad * exp(out), dim, True)


@log_softmax_backward.gradient("out")
def _(grad, grad_output, out, dim):
    return -grad * exp(out) * sum(grad_output, dim, True)


@log_softmax_backward.samples
def _(make):
    yield make.sample(make(2, 3), make(2, 3), 1)
    yield make.sample(make(2, 3), make(2, 3), 0)


def _logsumexp_reference(x: Any, dim: Any, keepdim: bool = False) -> Any:
    axis = tuple(dim) if isinstance(dim, (tuple, list)) else dim
    return np.log(np.exp(x).sum(axis=axis if x.ndim else None, keepdims=keepdim))


@op(method=True, reference=_logsumexp_reference)
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """Logarithm of the sum of exponentials over ``dim``, computed without overflow."""
    input = to_floating(input)
    dims = wrap_dims(dim, input.ndim)
    if len(dims) == 1 and input.ndim:
        return kernels_of(input).logsumexp(input, dims[0], keepdim)
    if not input.ndim:
        return input.copy()
    last = [k for k in range(input.ndim) if k not in dims]
    rows = input.transpose((*last, *dims))
    rows = rows.reshape((*(input.shape[k] for k in last), numel([input.shape[k] for k in dims])))
    out = kernels_of(input).logsumexp(rows, -1)
    return out.reshape([1 if k in dims else length for k, length in enumerate(input.shape)]) if keepdim else out


@logsumexp.gradient
def _(grad, input, out, dim, keepdim):
    shape = input.shape
    return expand_reduced(grad, shape, dim, keepdim) * exp(input - expand_reduced(out, shape, dim, keepdim))


@logsumexp.samples
def _(make):
    yield make.sample(make(2, 3), 1)
    yield make.sample(make(2, 3), 0, keepdim=True)
    yield make.sample(make(2, 3, 4), (0, 2))
    yield make.sample(make(2, 3, 4), (0, -1), keepdim=True)
    yield make.sample(make(), 0)
    yield make.sample(make(4, 3).T, 1)
