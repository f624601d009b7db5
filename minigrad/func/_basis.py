"""The unit vectors of several tensors taken together, and Jacobians put together from products with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.creation import zeros

__all__ = ["assembled", "basis_of"]


def basis_of(tensors: Sequence[Any]) -> list[Any]:
    """Return unit vectors of all tensors together, one after the other: for each tensor its part of all of them.

    Returns
    -------
    list of Tensor
        Shaped ``(count, *tensor.shape)``, where count is the number of all elements.
    """
    count = sum(each.numel() for each in tensors)
    parts, start = [], 0
    for each in tensors:
        part = zeros(count, each.numel(), dtype=each.dtype, device=each.device)
        part[start : start + each.numel()].diagonal().fill_(1)
        start += each.numel()
        parts.append(part.reshape((count, *each.shape)))
    return parts


def assembled(products: Any, shape: Any, others: Sequence[Any], last: bool) -> list[Any]:
    """Return the blocks of a Jacobian, one for each of ``others``, from products with their unit vectors.

    Parameters
    ----------
    products : Tensor
        With one dimension that counts the unit vectors: the last, or else the first.
    shape : Size
        Of the other dimensions.
    others : sequence of Tensor
    """
    parts = products.split([each.numel() for each in others], -1 if last else 0)
    return [
        part.reshape((*shape, *each.shape) if last else (*each.shape, *shape))
        for part, each in zip(parts, others, strict=True)
    ]
