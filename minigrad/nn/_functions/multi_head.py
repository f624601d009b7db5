"""Multi-head attention: the projections, the attention of every head, and the way back."""

from __future__ import annotations

import math
from collections.abc import Sequence

from minigrad.creation import zeros
from minigrad.ops.join import cat
from minigrad.ops.matmul import linear
from minigrad.ops.pad import pad
from minigrad.tensor import Tensor

from .activation import softmax
from .attention import scaled_dot_product_attention
from .dropout import dropout
from .masks import canonical_mask, check_attention_shapes, mask_of_heads


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Attend with several heads at once, each in its own projection of query, key and value [1]_.

    Parameters
    ----------
    query : Tensor, shape (queries, batch, embed_dim) or (queries, embed_dim)
    key, value : Tensor, shape (keys, batch, size) or (keys, size)
    embed_dim_to_check, num_heads : int
    in_proj_weight : Tensor, shape (3 * embed_dim, embed_dim), optional
        The three projections, one below the other; with ``use_separate_proj_weight`` they are ``q_proj_weight``,
        ``k_proj_weight`` and ``v_proj_weight``.
    in_proj_bias : Tensor, shape (3 * embed_dim,), optional
    bias_k, bias_v : Tensor, shape (1, 1, embed_dim), optional
        One more key and value.
    add_zero_attn : bool
        Whether there is one more key and value of zeros.
    dropout_p : float
        The probability that a weight is dropped where ``training``.
    out_proj_weight, out_proj_bias : Tensor
        The last affine map.
    key_padding_mask : Tensor, shape (batch, keys) or (keys,), optional
        Keys to leave out (True), or numbers to add to their scores.
    need_weights : bool
        Whether the weights are returned too, which costs their memory.
    attn_mask : Tensor, shape (queries, keys) or (batch * num_heads, queries, keys), optional
        Pairs to leave out (True), or numbers to add to the scores.
    static_k, static_v : Tensor, shape (batch * num_heads, keys, head_dim), optional
        Instead of the projected key and value.
    average_attn_weights : bool
        Whether the returned weights are means over the heads.
    is_causal : bool
        A promise that ``attn_mask`` is the causal mask, which is then not read.

    Returns
    -------
    attn_output : Tensor, of the query's shape
    attn_output_weights : Tensor or None

    Raises
    ------
    RuntimeError
        For ``is_causal`` without a mask.
    AssertionError
        Without the weights of the projections.

    References
    ----------
    .. [1] Vaswani et al. Attention Is All You Need. 2017. arXiv:1706.03762
    """
    is_batched = check_attention_shapes(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not is_batched:
        query, key, value = _with_batch(query, key, value)
        key_padding_mask = None if key_padding_mask is None else key_padding_mask[None]
    queries, batch, size = query.shape
    padding = canonical_mask(key_padding_mask, "key_padding_mask", query.dtype, attn_mask, "attn_mask")
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    if is_causal and padding is None and not need_weights:
        attn_mask = None
    else:
        attn_mask = canonical_mask(attn_mask, "attn_mask", query.dtype)
        is_causal = is_causal and padding is None
    _check_sizes(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    if use_separate_proj_weight:
        weights = _need_all(q_proj_weight, k_proj_weight, v_proj_weight)
        q, k, v = _project_each(query, key, value, weights, in_proj_bias)
    elif in_proj_weight is None:
        raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
    else:
        q, k, v = _project_packed(query, key, value, in_proj_weight, in_proj_bias)
    mask = None if attn_mask is None else mask_of_heads(attn_mask, batch, num_heads, queries, len(key))
    more = add_zero_attn + _check_biases(bias_k, bias_v, static_k, static_v)
    if bias_k is not None and bias_v is not None:
        k, v = cat([k, bias_k.repeat(1, batch, 1)]), cat([v, bias_v.repeat(1, batch, 1)])
    q = _heads_of(q, num_heads)
    k = _heads_of(k, num_heads) if static_k is None else _static_heads("static_k", static_k, q)
    v = _heads_of(v, num_heads) if static_v is None else _static_heads("static_v", static_v, q)
    if add_zero_attn:
        nothing = zeros((batch, num_heads, 1, q.shape[-1]), dtype=k.dtype, device=k.device)
        k, v = cat([k, nothing], 2), cat([v, nothing], 2)
    mask = _merged(mask, padding, more, batch, k.shape[2])
    p = dropout_p if training else 0.0
    attended, shares = (
        _attend_with_weights(q, k, v, mask, p)
        if need_weights
        else (scaled_dot_product_attention(q, k, v, mask, p, is_causal), None)
    )
    out = attended.permute(2, 0, 1, 3).reshape(queries, batch, size)
    out = linear(out, out_proj_weight, out_proj_bias)
    if shares is not None and average_attn_weights:
        shares = shares.mean(dim=1)
    if is_batched:
        return out, shares
    return out.squeeze(1), None if shares is None else shares.squeeze(0)


def _with_batch(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Insert a batch dimension; what is one tensor stays one."""
    batched = query.unsqueeze(1)
    others = [batched if each is query else each.unsqueeze(1) for each in (key, value)]
    return batched, others[0], others[0] if key is value else others[1]


def _check_sizes(query: Tensor, key: Tensor, value: Tensor, expected: int, heads: int, is_separate: bool) -> None:
    size = query.shape[-1]
    if size != expected:
        raise AssertionError(f"was expecting embedding dimension of {expected}, but got {size}")
    if size // heads * heads != size:
        raise AssertionError(f"embed_dim {size} not divisible by num_heads {heads}")
    if is_separate and key.shape[:2] != value.shape[:2]:
        raise AssertionError(f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}")
    if not is_separate and key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")


def _need_all(*weights: Tensor | None) -> list[Tensor]:
    for name, weight in zip("qkv", weights, strict=True):
        if weight is None:
            raise AssertionError(f"use_separate_proj_weight is True but {name}_proj_weight is None")
    return [each for each in weights if each is not None]


def _project_packed(
    query: Tensor, key: Tensor, value: Tensor, weight: Tensor, bias: Tensor | None
) -> tuple[Tensor, ...]:
    """Project with one weight for all three, in as few products as there are different inputs."""
    size = query.shape[-1]
    if query is key and key is value:
        return tuple(linear(query, weight, bias).split(size, -1))
    if key is value:
        of_query, of_rest = weight.split([size, 2 * size])
        biases = (None, None) if bias is None else bias.split([size, 2 * size])
        return (linear(query, of_query, biases[0]), *linear(key, of_rest, biases[1]).split(size, -1))
    return _project_each(query, key, value, weight.chunk(3), bias)


def _project_each(
    query: Tensor, key: Tensor, value: Tensor, weights: Sequence[Tensor], bias: Tensor | None
) -> tuple[Tensor, ...]:
    """Project with a weight for each."""
    size = query.shape[-1]
    biases = (None, None, None) if bias is None else bias.chunk(3)
    found = []
    for name, x, weight, b in zip(("query", "key", "value"), (query, key, value), weights, biases, strict=True):
        if tuple(weight.shape) != (size, x.shape[-1]):
            raise AssertionError(f"expecting {name} weights shape of {(size, x.shape[-1])}, but got {weight.shape}")
        if b is not None and tuple(b.shape) != (size,):
            raise AssertionError(f"expecting {name} bias shape of {(size,)}, but got {b.shape}")
        found.append(linear(x, weight, b))
    return tuple(found)


def _check_biases(
    bias_k: Tensor | None, bias_v: Tensor | None, static_k: Tensor | None, static_v: Tensor | None
) -> bool:
    """Return whether there is one more key and value."""
    if bias_k is None and bias_v is None:
        return False
    for name, given, missing in (("k", bias_k, "v"), ("v", bias_v, "k")):
        if given is None:
            raise AssertionError(f"bias_{missing} is set but bias_{name} is None")
    if static_k is not None:
        raise AssertionError("bias cannot be added to static key.")
    if static_v is not None:
        raise AssertionError("bias cannot be added to static value.")
    return True


def _heads_of(x: Tensor, heads: int) -> Tensor:
    """Return (length, batch, size) as (batch, heads, length, head size)."""
    length, batch, size = x.shape
    return x.view(length, batch, heads, size // heads).permute(1, 2, 0, 3)


def _static_heads(name: str, given: Tensor, query: Tensor) -> Tensor:
    batch, heads, _, size = query.shape
    for dim, expected in ((0, batch * heads), (2, size)):
        if given.size(dim) != expected:
            raise AssertionError(f"expecting {name}.size({dim}) of {expected}, but got {given.size(dim)}")
    return given.view(batch, heads, given.size(1), size)


def _merged(mask: Tensor | None, padding: Tensor | None, more: int, batch: int, keys: int) -> Tensor | None:
    """Return both masks as one, with zeros for the keys that were added."""
    if mask is not None and more:
        mask = pad(mask, (0, more))
    if padding is None:
        return mask
    if more:
        padding = pad(padding, (0, more))
    for dim, expected in enumerate((batch, keys)):
        if padding.shape[dim] != expected:
            raise AssertionError(
                f"Expected key_padded_mask.shape[{dim}] to be {expected}, but got {padding.shape[dim]}"
            )
    padding = padding.view(batch, 1, 1, keys)
    return padding if mask is None else mask + padding


def _attend_with_weights(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, p: float) -> tuple[Tensor, Tensor]:
    """Return what the heads attend to, and their weights after dropout."""
    scores = (q * math.sqrt(1.0 / q.shape[-1])) @ k.transpose(-2, -1)
    weights = softmax(scores if mask is None else scores + mask, dim=-1)
    if p > 0.0:
        weights = dropout(weights, p)
    return weights @ v, weights
