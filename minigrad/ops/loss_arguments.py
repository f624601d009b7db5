"""What losses share: reductions, operands of one shape, and weights."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from minigrad.ops.errors import broadcast_error
from minigrad.ops.hints import users_level
from minigrad.ops.promotion import promote
from minigrad.ops.shape import broadcast

REDUCTIONS = ("none", "mean", "sum")


def check_reduction(reduction: str) -> str:
    """Return a reduction's name, or refuse it.

    Raises
    ------
    ValueError
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction; expected 'none', 'mean' or 'sum'")
    return reduction


def legacy_reduction(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """Return the reduction that PyTorch's old arguments ``size_average`` and ``reduce`` ask for, or ``reduction``."""
    if size_average is None and reduce is None:
        return reduction if reduction in REDUCTIONS else check_reduction(reduction)
    found = resolved_reduction(size_average, reduce, reduction)
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{found}' instead.",
        stacklevel=users_level(),
    )
    return found


def resolved_reduction(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """Return what `legacy_reduction` does, without a warning: in the gradient of a loss that has given it."""
    if size_average is None and reduce is None:
        return reduction
    return "none" if reduce is False else "sum" if size_average is False else "mean"


def reduced(losses: Any, reduction: str) -> Any:
    """Return losses as they are, their mean or their sum."""
    if check_reduction(reduction) == "none":
        return losses
    return losses.mean() if reduction == "mean" else losses.sum()


def of_one_shape(name: str, input: Any, target: Any) -> tuple[Any, Any]:
    """Return both operands in one shape and dtype, after PyTorch's warning where the shapes differ."""
    if input.shape != target.shape:
        warnings.warn(
            f"Using a target size (torch.Size({list(target.shape)})) that is different to the input size "
            f"(torch.Size({list(input.shape)})). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            stacklevel=users_level(),
        )
        try:
            shape = np.broadcast_shapes(input.shape, target.shape)
        except ValueError:
            problem = broadcast_error(ValueError("could not broadcast"), (input, target))
            raise RuntimeError(
                f"{problem}: {name} of input {list(input.shape)} and target {list(target.shape)}"
            ) from None
        input, target = broadcast(input, shape), broadcast(target, shape)
    return promote(input, target) if input.dtype is not target.dtype else (input, target)


def check_weight(weight: Any, shape: tuple[int, ...]) -> None:
    """Refuse weights of elements that are not of the input's shape.

    Raises
    ------
    ValueError
    """
    if weight is not None and weight.shape != shape:
        raise ValueError(f"Weights and input must have the same size. They have {list(weight.shape)} and {list(shape)}")


def broadcast_pair(input: Any, target: Any) -> Any:
    """Return both operands in one shape and dtype; the forward has warned where the shapes differ."""
    if input.shape != target.shape:
        input, target = np.broadcast_arrays(input, target)
    return promote(input, target)


def loss_samples(make: Any, low: float = -2.0, high: float = 2.0, **kwargs: Any) -> Any:
    """Yield pairs of inputs and targets with each reduction."""
    for reduction in REDUCTIONS:
        yield make.sample(make(2, 3), make(2, 3, low=low, high=high), reduction=reduction, **kwargs)
    yield make.sample(make(4, 3).T, make(3, 4, low=low, high=high), **kwargs)
    yield make.sample(make(), make(low=low, high=high), **kwargs)


def mean_of(gradient: Any, reduction: str) -> Any:
    """Return a gradient over the count of its elements where the reduction is a mean."""
    return gradient / max(_size(gradient), 1) if reduction == "mean" else gradient


def _size(values: Any) -> int:
    return math.prod(values.shape)
