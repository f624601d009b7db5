"""Scaled dot-product attention: the checks, the draws and the defaults around the operation."""

from __future__ import annotations

import math

from minigrad.autograd import is_grad_enabled
from minigrad.ops.attention import attend, attention_weights
from minigrad.ops.errors import c_name, common_shape
from minigrad.random.sampling import bernoulli_mask
from minigrad.tensor import Tensor

from ..attention import SDPBackend, choice
from .dropout import dropout


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Return ``softmax(scale * query @ key.T + attn_mask) @ value``: for each query, a mean of the values [1]_.

    The matrix of weights is never in memory as a whole, except where ``attn_mask`` requires a gradient.

    Parameters
    ----------
    query : Tensor, shape (..., heads, queries, size)
    key : Tensor, shape (..., heads, keys, size)
    value : Tensor, shape (..., heads, keys, width)
        The leading dimensions broadcast.
    attn_mask : Tensor, broadcastable to (..., heads, queries, keys), optional
        Booleans say which keys take part; numbers are added to the scores.
    dropout_p : float
        The probability that a weight is dropped, in eval mode too.
    is_causal : bool
        Whether a query attends only to the keys up to its own place, counted from the first.
    scale : float, optional
        By default ``1 / sqrt(size)``.
    enable_gqa : bool
        Whether key and value may have fewer heads, each of which then serves several of the query's [2]_.

    Returns
    -------
    Tensor, shape (..., heads, queries, width)
        A query that may attend to no key gives 0.

    Raises
    ------
    RuntimeError
        For shapes that do not fit together, unequal dtypes, and a mask that is neither bool nor of the query's dtype.

    References
    ----------
    .. [1] Vaswani et al. Attention Is All You Need. 2017. arXiv:1706.03762
    .. [2] Ainslie et al. GQA: Training Generalized Multi-Query Transformer Models. 2023. arXiv:2305.13245
    """
    _check_kinds(query, key, value, attn_mask, scale)
    if enable_gqa:
        key, value = _spread_heads(query, key, value)
    pairs = _check_shapes(query, key, value, attn_mask, dropout_p, is_causal)
    size = query.shape[-1]
    if scale is None:
        scale = 1 / math.sqrt(size) if size else math.inf
    if _wants_formula(attn_mask):
        weights = attention_weights(query, key, attn_mask, scale, is_causal)
        return dropout(weights, dropout_p) @ value
    if not dropout_p:
        return attend(query, key, value, attn_mask, None, 1.0, scale, is_causal)
    real = query.dtype.numpy.type
    boost = float(real(1) / real(1 - dropout_p)) if dropout_p < 1 else 0.0
    kept = bernoulli_mask(query, 1 - dropout_p, pairs)
    return attend(query, key, value, attn_mask, kept, boost, scale, is_causal)


def _wants_formula(mask: Tensor | None) -> bool:
    """Whether to compute all weights at once: they are asked for, or the mask needs a gradient."""
    if SDPBackend.FLASH_ATTENTION not in choice.backends:
        if SDPBackend.MATH in choice.backends:
            return True
        raise RuntimeError(
            "No viable backend for scaled_dot_product_attention was found. This is likely due to turning off both the "
            "math kernel and the fused kernels."
        )
    return mask is not None and mask.requires_grad and is_grad_enabled()


def _check_kinds(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, scale: float | None) -> None:
    """Refuse what is no tensor, and dtypes that do not belong together."""
    for position, (name, given) in enumerate((("query", query), ("key", key), ("value", value)), 1):
        if not isinstance(given, Tensor):
            raise TypeError(
                f"scaled_dot_product_attention(): argument '{name}' (position {position}) must be Tensor, "
                f"not {type(given).__name__}"
            )
    if scale is not None and not isinstance(scale, (int, float)):
        raise TypeError(f"scaled_dot_product_attention(): argument 'scale' must be float, not {type(scale).__name__}")
    dtype = query.dtype
    if key.dtype is not dtype or value.dtype is not dtype:
        raise RuntimeError(
            f"Expected query, key, and value to have the same dtype, but got query.dtype: {_c_name(query)} "
            f"key.dtype: {_c_name(key)} and value.dtype: {_c_name(value)} instead."
        )
    if min(query.dim(), key.dim(), value.dim()) < 2:
        raise RuntimeError(
            f"Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: {query.dim()} "
            f"key.dim: {key.dim()} and value.dim: {value.dim()} instead."
        )
    kinds = ("bool", "float32") if dtype.itemsize == 2 else ("bool",)
    if mask is not None and mask.dtype is not dtype and mask.dtype.name not in kinds:
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
            f"{_c_name(mask)} and  query.dtype: {_c_name(query)} instead."
        )
    if not dtype.is_floating_point:
        raise RuntimeError(f"expected scalar type Float but found {dtype.tensor_type.removesuffix('Tensor')}")


def _check_shapes(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout_p: float, is_causal: bool
) -> tuple[int, ...]:
    """Return the shape of the weights, after refusing shapes and settings that do not fit together."""
    pairs = (*common_shape(query.shape[:-2], key.shape[:-2]), query.shape[-2], key.shape[-2])
    common_shape(pairs[:-2], value.shape[:-2])
    for left, right in (
        ((*pairs[:-1], query.shape[-1]), (*key.shape[:-2], key.shape[-1], key.shape[-2])),
        (pairs, value.shape),
    ):
        if left[-1] != right[-2]:
            raise RuntimeError(_mismatch(left, right))
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p}")
    if mask is not None:
        full = common_shape(pairs, mask.shape)
        if full != pairs:
            raise RuntimeError(f"output with shape {list(pairs)} doesn't match the broadcast shape {list(full)}")
        is_plain = query.dim() == 4 and query.shape[:2] == key.shape[:2] and key.shape == value.shape and not dropout_p
        if is_causal and (not is_plain or mask.requires_grad):
            raise RuntimeError(
                "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True"
            )
    return pairs


def _mismatch(left: tuple[int, ...], right: tuple[int, ...]) -> str:
    if len(left) == len(right) == 2:
        return f"mat1 and mat2 shapes cannot be multiplied ({left[0]}x{left[1]} and {right[0]}x{right[1]})"
    count = math.prod(left[:-2])
    return (
        f"Expected size for first two dimensions of batch2 tensor to be: [{count}, {left[-1]}] but got: "
        f"[{count}, {right[-2]}]."
    )


def _spread_heads(query: Tensor, key: Tensor, value: Tensor) -> list[Tensor]:
    """Return key and value, each head repeated for as many of the query's heads as it serves."""
    heads = query.size(-3)
    if any(not each.size(-3) or heads % each.size(-3) for each in (key, value)):
        raise RuntimeError("Number of heads in key and value must divide the number of heads in ")
    return [
        each if each.size(-3) == heads else each.repeat_interleave(heads // each.size(-3), -3) for each in (key, value)
    ]


def _c_name(tensor: Tensor) -> str:
    return c_name(tensor.detach().cpu().numpy()).replace("long long", "long int")
