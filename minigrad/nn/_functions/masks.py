"""Masks of attention: booleans that leave out, or numbers that are added to the scores."""

from __future__ import annotations

import warnings
from typing import Any

from minigrad.creation import zeros_like
from minigrad.tensor import Tensor


def canonical_mask(
    mask: Tensor | None, name: str, dtype: Any, other: Tensor | None = None, other_name: str = ""
) -> Tensor | None:
    """Return a mask as numbers to add: -inf where booleans leave out.

    Parameters
    ----------
    mask : Tensor of bool or floating, optional
    name : str
        What errors and warnings call it.
    dtype : dtype
        Of the numbers that booleans become.
    other : Tensor, optional
        Another mask, whose dtype should be the same.
    other_name : str

    Raises
    ------
    AssertionError
        For a mask of integers.
    """
    if mask is None:
        return None
    is_floating = mask.is_floating_point()
    if mask.dtype.name != "bool" and not is_floating:
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if other is not None and other.dtype is not mask.dtype:
        warnings.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead.",
            stacklevel=3,
        )
    return mask if is_floating else zeros_like(mask, dtype=dtype).masked_fill_(mask, float("-inf"))


def check_attention_shapes(
    query: Tensor, key: Tensor, value: Tensor, padding: Tensor | None, mask: Tensor | None, heads: int
) -> bool:
    """Return whether there is a batch dimension.

    Raises
    ------
    AssertionError
        For inputs and masks whose numbers of dimensions do not belong together.
    """
    rank = query.dim()
    if rank not in (2, 3):
        raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {rank}-D query tensor")
    kind = "batched (3-D)" if rank == 3 else "unbatched (2-D)"
    if key.dim() != rank or value.dim() != rank:
        raise AssertionError(
            f"For {kind} `query`, expected `key` and `value` to be {rank}-D but found {key.dim()}-D and "
            f"{value.dim()}-D tensors respectively"
        )
    if padding is not None and padding.dim() != rank - 1:
        raise AssertionError(
            f"For {kind} `query`, expected `key_padding_mask` to be `None` or {rank - 1}-D but found {padding.dim()}-D "
            "tensor instead"
        )
    if mask is not None and mask.dim() not in (2, 3):
        raise AssertionError(
            f"For {kind} `query`, expected `attn_mask` to be `None`, 2-D or 3-D but found {mask.dim()}-D tensor instead"
        )
    if mask is not None and rank == 2 and mask.dim() == 3:
        expected = (heads, query.shape[0], key.shape[0])
        if mask.shape != expected:
            raise AssertionError(f"Expected `attn_mask` shape to be {expected} but got {mask.shape}")
    return rank == 3


def mask_of_heads(mask: Tensor, batch: int, heads: int, queries: int, keys: int) -> Tensor:
    """Return a mask of two or three dimensions as one of four that broadcasts to (batch, heads, queries, keys).

    Raises
    ------
    RuntimeError
        For a mask of another shape.
    """
    expected = {2: (queries, keys), 3: (batch * heads, queries, keys)}.get(mask.dim())
    if expected is None:
        raise RuntimeError(f"attn_mask's dimension {mask.dim()} is not supported")
    if tuple(mask.shape) != expected:
        raise RuntimeError(f"The shape of the {mask.dim()}D attn_mask is {mask.shape}, but should be {expected}.")
    return mask[None, None] if mask.dim() == 2 else mask.reshape(batch, heads, queries, keys)
