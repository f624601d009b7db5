"""Windows and channels: samples join the batch, and filters that differ from sample to sample become groups."""

from __future__ import annotations

from typing import Any

from minigrad.batching.dispatch import NO_RULE, is_batched, rule, wrap
from minigrad.batching.levels import Level, front

__all__: list[str] = []


def merged(entry: Any, level: Level, input: Any, rank: int, *rest: Any) -> Any:
    """Call an operation on images of ``rank`` dimensions without batch, with the samples as (part of) their batch."""
    if input.ndim == rank:
        return wrap(level, entry.call(input.value, *rest))
    if input.ndim != rank + 1:
        return NO_RULE
    result = entry.call(input.value.flatten(0, 1), *rest)
    return wrap(level, result.unflatten(0, (level.size, input.shape[0])))


def _image_rank(entry: Any) -> int:
    return int(entry.name[-2]) + 1


@rule("conv1d", "conv2d", "conv3d")
def _conv(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, weight, bias, *settings = args
    rank = _image_rank(entry)
    if not is_batched(weight, level) and not is_batched(bias, level):
        return merged(entry, level, input, rank, weight, bias, *settings)
    if input.ndim == rank:
        return entry.call(input.unsqueeze(0), weight, bias, *settings).squeeze(0)
    if input.ndim != rank + 1 or weight.ndim != rank + 1:
        return NO_RULE
    *settings, groups = settings
    images = front(input, level).transpose(0, 1).flatten(1, 2)
    filters = front(weight, level).flatten(0, 1)
    shifts = None if bias is None else front(bias, level).flatten()
    result = entry.call(images, filters, shifts, *settings, groups * level.size)
    return wrap(level, result.unflatten(1, (level.size, weight.shape[0])).transpose(0, 1))


@rule("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def _conv_transpose(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, weight, bias, *settings = args
    if is_batched(weight, level) or is_batched(bias, level):
        return NO_RULE
    return merged(entry, level, input, _image_rank(entry), weight, bias, *settings)


@rule("functional.unfold")
def _unfold(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    return merged(entry, level, args[0], 3, *args[1:])


@rule("functional.fold")
def _fold(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    return merged(entry, level, args[0], 2, *args[1:])


@rule("max_pool_values", "max_pool_indices", "mean_pool", "resampled", "pixel_shuffle", "pixel_unshuffle")
def _pool(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, windows, *rest = args
    if any(is_batched(each, level) for each in rest):
        return NO_RULE
    return wrap(level, entry.call(input.value, windows, *rest))


@rule("channel_shuffle")
def _channel_shuffle(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, groups = args
    return merged(entry, level, input, input.ndim - 1, groups) if input.ndim > 2 else NO_RULE


@rule("batch_norm")
def _batch_norm(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, *rest = args
    running_mean, running_var, uses_batch = args[3:6]
    if uses_batch and any(each is not None and not is_batched(each, level) for each in (running_mean, running_var)):
        raise RuntimeError(_AVERAGES)
    if uses_batch or any(is_batched(each, level) for each in rest):
        return NO_RULE
    return merged(entry, level, input, input.ndim - 1, *rest)


_AVERAGES = (
    "Batch norm got a batched tensor as input while the running_mean or running_var, which will be updated in place, "
    "were not batched.\nIf you are using a module and do not need eval mode, please set `track_running_stats` to be "
    "False."
)
