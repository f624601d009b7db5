"""Scaled dot-product attention: the checks, the draws and the defaults around the operation."""

from __future__ import annotations

import math

from minigrad.autograd import is_grad_enabled
from minigrad.ops.attention import attend, attention_weights, check_attention
from minigrad.ops.errors import common_shape
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
    _check_kinds(query, key, value, scale)
    if enable_gqa:
        key, value = _spread_heads(query, key, value)
    size = query.shape[-1] if query.dim() else 0
    if scale is None:
        scale = 1 / math.sqrt(size) if size else math.inf
    if dropout_p:
        return _with_dropout(query, key, value, attn_mask, dropout_p, is_causal, scale)
    if _wants_formula(attn_mask):
        check_attention(query, key, value, attn_mask, is_causal, True)
        return attention_weights(query, key, attn_mask, scale, is_causal) @ value
    return attend(query, key, value, attn_mask, None, 1.0, scale, is_causal)


def _with_dropout(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, p: float, is_causal: bool, scale: float
) -> Tensor:
    """Return attention whose weights are dropped with a probability."""
    check_attention(query, key, value, mask, is_causal, True)
    if not 0 <= p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p}")
    if _wants_formula(mask):
        return dropout(attention_weights(query, key, mask, scale, is_causal), p) @ value
    real = query.dtype.numpy.type
    boost = float(real(1) / real(1 - p)) if p < 1 else 0.0
    pairs = (*common_shape(query.shape[:-2], key.shape[:-2]), query.shape[-2], key.shape[-2])
    return attend(query, key, value, mask, bernoulli_mask(query, 1 - p, pairs), boost, scale, is_causal)


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


def _check_kinds(query: object, key: object, value: object, scale: object) -> None:
    """Refuse what is no tensor, and a scale that is no number."""
    for position, (name, given) in enumerate((("query", query), ("key", key), ("value", value)), 1):
        if not isinstance(given, Tensor):
            raise TypeError(
                f"scaled_dot_product_attention(): argument '{name}' (position {position}) must be Tensor, "
                f"not {type(given).__name__}"
            )
    if scale is not None and not isinstance(scale, (int, float)):
        raise TypeError(f"scaled_dot_product_attention(): argument 'scale' must be float, not {type(scale).__name__}")


def _spread_heads(query: Tensor, key: Tensor, value: Tensor) -> list[Tensor]:
    """Return key and value, each head repeated for as many of the query's heads as it serves."""
    heads = query.size(-3)
    if any(not each.size(-3) or heads % each.size(-3) for each in (key, value)):
        raise RuntimeError("Number of heads in key and value must divide the number of heads in ")
    return [
        each if each.size(-3) == heads else each.repeat_interleave(heads // each.size(-3), -3) for each in (key, value)
    ]
