"""Losses: element by element (or row by row), then reduced over the dimensions of a sample."""

from __future__ import annotations

from typing import Any

from minigrad.batching.dispatch import NO_RULE, rule, wrap
from minigrad.batching.levels import Level, front
from minigrad.batching.rules.elementwise import aligned
from minigrad.batching.tensor import BatchedTensor
from minigrad.tensor import Tensor

__all__ = ["reduced"]


def reduced(losses: Any, reduction: str) -> Any:
    """Return losses summed up or averaged as a loss function's ``reduction`` says."""
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.mean()


@rule("functional.mse_loss", "functional.binary_cross_entropy", "functional.kl_div", "huber", "bce_with_logits")
def _elementwise(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    names = entry.signature.names
    place = names.index("reduction")
    input, target = args[:2]
    if "weight" in names and args[names.index("weight")] is not None:
        return NO_RULE
    if input.dtype != target.dtype or args[place] == "batchmean":
        return NO_RULE
    rank = max(input.ndim, target.ndim)
    values = [aligned(each, level, rank) if isinstance(each, Tensor) else each for each in args]
    values[place] = "none"
    if "size_average" in names and (args[names.index("size_average")], args[names.index("reduce")]) != (None, None):
        return NO_RULE
    if values[0].shape != values[1].shape and input.shape == target.shape:
        values[:2] = [each.expand((level.size, *input.shape)) for each in values[:2]]
    return reduced(wrap(level, entry.call(*values)), args[place])


@rule("cross_entropy_of_classes", "functional.nll_loss")
def _of_classes(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    """The rows of all samples in one call, unless a mean is taken over weights."""
    given = dict(zip(entry.signature.names, args, strict=True))
    input, target, reduction = given["input"], given["target"], given["reduction"]
    if input.ndim not in (1, 2) or target.ndim != input.ndim - 1 or given["weight"] is not None:
        return NO_RULE
    if (given.get("size_average"), given.get("reduce")) != (None, None):
        return NO_RULE
    rows, labels = front(input, level), front(target, level)
    if isinstance(labels, BatchedTensor) or bool((labels == given["ignore_index"]).any()):
        return NO_RULE
    if input.ndim == 2:
        rows, labels = rows.flatten(0, 1), labels.flatten()
    losses = entry.call(**{**given, "input": rows, "target": labels, "reduction": "none"})
    if input.ndim == 1:
        return wrap(level, losses)
    return reduced(wrap(level, losses.unflatten(0, (level.size, input.shape[0]))), reduction)
