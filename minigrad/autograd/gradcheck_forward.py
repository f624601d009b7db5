"""The part of `gradcheck` that is about forward mode, and which checks go together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.autograd.functional.products import jvp
from minigrad.ops.state import Upper

__all__ = ["check_options", "forward_mismatch"]


def check_options(forward: bool, backward: bool, batched: bool, batched_forward: bool) -> None:
    """Refuse to check nothing, and several of what is not checked.

    Raises
    ------
    AssertionError
    """
    if not (forward or backward):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if batched and not backward:
        raise AssertionError("Setting check_batched_grad=True requires check_backward_ad to be True")
    if batched_forward and not forward:
        raise AssertionError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")


def forward_mismatch(
    func: Callable[..., tuple[Any, ...]],
    points: tuple[Any, ...],
    eps: float,
    atol: float,
    rtol: float,
    directions: int,
) -> str | None:
    """Compare products of the Jacobian with random vectors with central differences in their direction.

    Parameters
    ----------
    func : callable
        Takes the points, returns a tuple of tensors.
    points : tuple of Tensor
    eps, atol, rtol : float
    directions : int
        How many vectors.

    Returns
    -------
    str or None
        What is wrong.
    """
    random = np.random.default_rng(0)
    wrap = Upper.Tensor._wrap
    for _ in range(directions):
        steps = [np.asarray(random.standard_normal(each.shape), each._array.dtype) for each in points]
        _, products = jvp(func, points, tuple(map(wrap, steps)))
        above, below = (
            func(*(wrap(x._array + by * step).requires_grad_() for x, step in zip(points, steps, strict=True)))
            for by in (eps, -eps)
        )
        for i, (product, up, down) in enumerate(zip(products, above, below, strict=True)):
            numerical = (up._array - down._array) / (2 * eps)
            if np.allclose(product._array, numerical, rtol=rtol, atol=atol):
                continue
            worst = np.unravel_index(np.argmax(np.abs(product._array - numerical)), numerical.shape)
            return (
                f"Jacobian computed with forward mode mismatch for output {i}: at {list(map(int, worst))} numerical "
                f"{numerical[worst]:.9g}, analytical {product._array[worst]:.9g}"
            )
    return None
