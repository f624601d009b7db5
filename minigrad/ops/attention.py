"""Scaled dot-product attention."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import from_numpy
from minigrad.ops.backend import is_array, kernels_of, like
from minigrad.ops.dropout import masked_scale
from minigrad.ops.errors import c_name, common_shape
from minigrad.ops.matmul import matmul
from minigrad.ops.matrices import mT
from minigrad.ops.op import op
from minigrad.ops.reduce import amax, sum
from minigrad.ops.select import where
from minigrad.ops.shape import numel, row_major
from minigrad.ops.softmax import softmax, softmax_backward

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _node_name(query: Any, key: Any, value: Any, mask: Any, kept: Any, *rest: Any) -> str:
    """Return the name of what PyTorch computes last: it has a kernel for most arrays of four dimensions."""
    is_plain = key.shape == value.shape and query.shape[:-2] == key.shape[:-2] and query.size and key.size
    if query.ndim == 4 and is_plain and kept is None:
        return "ScaledDotProductFlashAttentionForCpuBackward0"
    if query.dtype.itemsize == 2:
        return "ToCopyBackward0"
    return "MmBackward0" if query.ndim == key.ndim == value.ndim == 2 else "UnsafeViewBackward0"


def _reference(query, key, value, mask, kept, boost, scale, causal):
    scores = scale * query @ np.swapaxes(key, -1, -2)
    if causal:
        scores = np.where(np.tri(*scores.shape[-2:], dtype=np.bool_), scores, -np.inf)
    if mask is not None:
        scores = scores + (np.where(mask, 0, -np.inf) if mask.dtype == bool else mask)
    exponentials = np.exp(scores)
    sums = exponentials.sum(-1, keepdims=True)
    weights = exponentials / np.where(sums == 0, 1, sums)
    return (weights if kept is None else weights * kept * boost) @ value


@op(namespace=None, saves=("log_sums",), variant=_node_name, reference=_reference)
def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    kept: np.ndarray[Any, Any] | None,
    boost: float,
    scale: float,
    causal: bool,
) -> Tensor:
    """``softmax(scale * query @ key.T + mask) @ value``, without the matrix of scores in memory [1]_.

    Parameters
    ----------
    query : Tensor, shape (..., queries, size)
    key : Tensor, shape (..., keys, size)
    value : Tensor, shape (..., keys, width)
        The leading dimensions broadcast.
    mask : Tensor, broadcastable to (..., queries, keys), optional
        Booleans say which keys take part; numbers are added to the scores, and have no gradient here.
    kept : ndarray of bool, shape (..., queries, keys), optional
        The weights that dropout keeps; they are multiplied by ``boost``.
    boost, scale : float
    causal : bool
        Whether a query attends only to the keys up to its own place.

    Returns
    -------
    Tensor, shape (..., queries, width)
        A query that may attend to no key gives 0.

    References
    ----------
    .. [1] Dao, Fu, Ermon, Rudra, Ré. FlashAttention: Fast and Memory-Efficient Exact Attention with IO-Awareness. 2022.
       arXiv:2205.14135
    """
    check_attention(query, key, value, mask, causal, kept is not None)
    lead = _leading(query, key, value)
    kept = getattr(kept, "_array", kept)
    arrays = _with_heads(lead, query, key, value, mask, kept)
    out, log_sums = kernels_of(query).attend(*arrays, boost, scale, causal)
    if len(lead) != 2:
        out = row_major(out.reshape(*lead, *out.shape[2:]))
    return out if out.dtype is query.dtype else out.astype(query.dtype, copy=False), log_sums


@attend.gradient
def _(grad, query, key, value, mask, log_sums, kept, boost, scale, causal):
    return (*attend_backward(grad, query, key, value, mask, kept, log_sums, boost, scale, causal), None)


@attend.samples
def _(make):
    for lead, causal in (((2, 3), False), ((2,), True), ((), False), ((1, 2, 2), True)):
        yield make.sample(make(*lead, 4, 3), make(*lead, 5, 3), make(*lead, 5, 2), None, None, 1.0, 0.5, causal)
    yield make.sample(make(2, 1, 4, 3), make(3, 5, 3), make(1, 5, 3), None, None, 1.0, 0.7, False)
    mask = np.array([[True, False, True], [False, False, False], [True, True, True]])
    yield make.sample(make(2, 3, 4), make(2, 3, 4), make(2, 3, 4), mask, None, 1.0, 0.5, False)
    kept = make.booleans(2, 2, 3, 3)
    yield make.sample(make(2, 2, 3, 4), make(2, 2, 3, 4), make(2, 2, 3, 4), None, kept, 2.0, 0.5, False)
    q, k, v = (np.moveaxis(make(2, 3, 2, 4), 1, 2) for _ in range(3))
    yield make.sample(q, k, v, make(2, 1, 1, 3), None, 1.0, 0.5, False, gradient=False)


def check_attention(query: Any, key: Any, value: Any, mask: Any, causal: bool, is_composed: bool) -> None:
    """Refuse dtypes, shapes and settings that do not belong together, in PyTorch's words.

    Parameters
    ----------
    query, key, value : Tensor or array
    mask : Tensor or array, optional
    causal : bool
    is_composed : bool
        Whether PyTorch would compute this with its formula, which takes no mask beside ``causal``.

    Raises
    ------
    RuntimeError
        Where shapes do not fit each other, and for a mask beside ``is_causal``.
    """
    same = query.shape == key.shape == value.shape and query.dtype == key.dtype == value.dtype
    if same and mask is None and is_array(query) and query.dtype.kind == "f" and query.ndim > 1:
        return
    _check_dtypes(query, key, value)
    pairs = (*common_shape(query.shape[:-2], key.shape[:-2]), query.shape[-2], key.shape[-2])
    common_shape(pairs[:-2], value.shape[:-2])
    count = numel(pairs[:-2])
    for rows, left, right, columns in (
        (query.shape[-2], query.shape[-1], key.shape[-1], key.shape[-2]),
        (query.shape[-2], key.shape[-2], value.shape[-2], value.shape[-1]),
    ):
        if left != right and not pairs[:-2]:
            raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({rows}x{left} and {right}x{columns})")
        if left != right:
            raise RuntimeError(
                f"Expected size for first two dimensions of batch2 tensor to be: [{count}, {left}] but got: "
                f"[{count}, {right}]."
            )
    if mask is not None:
        _check_mask(query, mask, pairs)
        is_plain = query.ndim == 4 and query.shape[:2] == key.shape[:2] and key.shape == value.shape
        if causal and (is_composed or not is_plain):
            raise RuntimeError(
                "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True"
            )


_FLOATING = ("float32", "float64", "float16")


def _name(array: Any) -> Any:
    return array.dtype.name


def _c_name(array: Any) -> str:
    return c_name(np.empty(0, _name(array)))


def _check_dtypes(query: Any, key: Any, value: Any) -> None:
    if not query.dtype == key.dtype == value.dtype:
        raise RuntimeError(
            f"Expected query, key, and value to have the same dtype, but got query.dtype: {_c_name(query)} "
            f"key.dtype: {_c_name(key)} and value.dtype: {_c_name(value)} instead."
        )
    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise RuntimeError(
            f"Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: {query.ndim} "
            f"key.dim: {key.ndim} and value.dim: {value.ndim} instead."
        )
    if _name(query) not in _FLOATING:
        title = from_numpy(np.dtype(_name(query))).tensor_type.removesuffix("Tensor")
        raise RuntimeError(f"expected scalar type Float but found {title}")


def _check_mask(query: Any, mask: Any, pairs: tuple[int, ...]) -> None:
    kinds = ("bool", _name(query), "float32") if _name(query) == "float16" else ("bool", _name(query))
    if _name(mask) not in kinds:
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
            f"{_c_name(mask)} and  query.dtype: {_c_name(query)} instead."
        )
    full = common_shape(pairs, mask.shape)
    if full != pairs:
        raise RuntimeError(f"output with shape {list(pairs)} doesn't match the broadcast shape {list(full)}")


def _leading(*arrays: Any) -> tuple[int, ...]:
    """Return the common shape of all but the last two dimensions."""
    first = arrays[0].shape[:-2]
    if all(array.shape[:-2] == first for array in arrays):
        return first
    return np.broadcast_shapes(*(array.shape[:-2] for array in arrays))


def _with_heads(lead: tuple[int, ...], query: Any, key: Any, value: Any, mask: Any, kept: Any) -> list[Any]:
    """Return the arrays as the kernels take them: two leading dimensions, batch and heads, and no half precision."""
    is_plain = len(lead) == 2 and mask is None and kept is None and query.dtype.itemsize > 2
    if is_plain and query.shape[:2] == key.shape[:2] == value.shape[:2] == lead:
        return [query, key, value, None, None]  # the usual case, quickly
    pairs = (*lead, query.shape[-2], key.shape[-2])
    full = [(each, (*lead, *each.shape[-2:])) for each in (query, key, value)] + [(mask, pairs), (kept, pairs)]
    merged = lead if len(lead) == 2 else (numel(lead[:-1]), lead[-1]) if lead else (1, 1)
    found = []
    for array, shape in full:
        if array is not None:
            if array.shape != shape:
                array = np.broadcast_to(array, shape)
            if merged is not lead:
                array = array.reshape(*merged, *shape[-2:])
            if array.dtype.itemsize == 2:
                array = array.astype(np.float32)
        found.append(array)
    return found


@op(namespace=None, outputs=("of_query", "of_key", "of_value"))
def attend_backward(
    grad_output: Tensor,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    kept: np.ndarray[Any, Any] | None,
    log_sums: Any,
    boost: float,
    scale: float,
    causal: bool,
) -> Any:
    """Gradients of `attend`, which are summed where an input was broadcast by whoever asks for them."""
    lead = _leading(query, key, value)
    (grad,) = _with_heads(lead, grad_output, key, value, None, None)[:1]
    arrays = _with_heads(lead, query, key, value, mask, getattr(kept, "_array", kept))
    log_sums = getattr(log_sums, "_array", log_sums)
    found = kernels_of(query).attend_backward(grad, *arrays, log_sums, boost, scale, causal)
    if len(lead) != 2:
        found = [each.reshape(*lead, *each.shape[2:]) for each in found]
    return tuple(found) if query.dtype.itemsize > 2 else tuple(each.astype(query.dtype) for each in found)


@attend_backward.gradient
def _(grads, grad_output, query, key, value, mask, kept, boost, scale, causal):
    def drop(x: Any) -> Any:
        return x if kept is None else masked_scale(x, kept, boost)

    weights = attention_weights(query, key, mask, scale, causal)
    of_weights = drop(matmul(grad_output, mT(value)))
    row_sums = sum(weights * of_weights, -1, True)
    slopes = weights * (of_weights - row_sums)  # the gradient of the scores, as in the first backward pass
    # Differentiate <a, scale * slopes @ key> + <b, scale * slopes.T @ query> + <c, drop(weights).T @ grad_output>.
    a, b, c = grads
    of_slopes = scale * (matmul(a, mT(key)) + matmul(query, mT(b)))
    through = softmax_backward(of_slopes, weights, -1)
    of_softmax = of_slopes * (of_weights - row_sums) - of_weights * sum(of_slopes * weights, -1, True)
    of_scores = softmax_backward(of_softmax + drop(matmul(grad_output, mT(c))), weights, -1)
    of_query = scale * (matmul(slopes, b) + matmul(of_scores, key))
    of_key = scale * (matmul(mT(slopes), a) + matmul(mT(of_scores), query))
    of_grad = matmul(drop(through), value) + matmul(drop(weights), c)
    of_value = matmul(mT(drop(through)), grad_output)
    return of_grad, of_query, of_key, of_value, None


def attention_weights(query: Any, key: Any, mask: Any, scale: float, causal: bool) -> Any:
    """Return the weights of `attend` as the books have them, made of other operations; the parameters are its.

    A row of nothing but -inf becomes 0.
    """
    scores = matmul(query * scale, mT(key))
    if causal:
        seen = np.tri(*scores.shape[-2:], dtype=np.bool_)
        scores = where(like(getattr(scores, "_array", scores), seen), scores, -math.inf)
    if mask is None or not scores.shape[-1]:
        return softmax(scores, -1)
    scores = scores + (where(mask, 0.0, -math.inf) if mask.dtype.name == "bool" else mask)
    is_empty = amax(scores, -1, True) == -math.inf
    return where(is_empty, 0.0, softmax(where(is_empty, 0.0, scores), -1))
