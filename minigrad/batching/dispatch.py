"""Calls with batched tensors: by the rule of the operation, or sample by sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.batching.levels import Level, deepest, front
from minigrad.batching.tensor import BatchedTensor, batch
from minigrad.ops.inplace import check_cast
from minigrad.ops.join import stack
from minigrad.ops.state import NeedsValues, Upper
from minigrad.tensor import Tensor

__all__ = ["NO_BATCH_IN_PLACE", "NO_RULE", "by_samples", "is_batched", "rule", "rules", "wrap"]

rules: dict[str, Callable[..., Any]] = {}
"""The rule of each operation that has one, by its key in the table."""

NO_RULE: Any = object()
"""What a rule returns for arguments that it does not cover."""

OF_DYNAMIC_SHAPE = ("argwhere", "masked_select", "nonzero", "unique", "unique_consecutive")
"""Operations whose result has a shape that its elements decide, so that it may differ from sample to sample."""

_DYNAMIC = (
    "vmap: We do not support batching operators that can output dynamic shape. Attempted to vmap over aten::{name}. "
    "Please file an issue at https://github.com/pytorch/pytorch/issues if you need this feature."
)

NO_BATCH_IN_PLACE = (
    "vmap: inplace arithmetic(self, *extra_args) is not possible because there exists a Tensor `other` in extra_args "
    "that has more elements than `self`. This happened due to `other` being vmapped over but `self` not being vmapped "
    "over in a vmap. Please try to use out-of-place operators instead of inplace arithmetic. If said operator is being "
    "called inside the PyTorch framework, please file a bug report instead."
)


def rule(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function the rule of operations: ``rule(entry, level, args)`` gets all arguments in order."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            rules[name] = function
        return function

    return register


def is_batched(value: Any, level: Level) -> bool:
    """Whether a value is a tensor batched at a level."""
    return isinstance(value, BatchedTensor) and value.level is level


def wrap(level: Level, result: Any) -> Any:
    """Return results with the samples along their first dimension as batched tensors."""
    if isinstance(result, Tensor):
        return batch(level, result)
    values = [batch(level, each) for each in result]
    return tuple(values) if type(result) is tuple else type(result)(values)


def call_batched(entry: Any, call: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Carry out a call of an operation with a batched tensor among its arguments."""
    level = deepest(args)
    assert level is not None
    if entry.name in OF_DYNAMIC_SHAPE:
        raise RuntimeError(_DYNAMIC.format(name=entry.name))
    found = rules.get(_key(entry))
    if found is not None:
        result = found(entry, level, args)
        if result is not NO_RULE:
            return result
    return by_samples(call, args, {})


def _key(entry: Any) -> str:
    return entry.name if entry.namespace in ("torch", None) else f"{entry.namespace}.{entry.name}"


def call_composed(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Carry out a composed function that asked for the values of a batched tensor."""
    entry = getattr(function, "entry", None)
    if entry is not None and entry.name in OF_DYNAMIC_SHAPE:
        raise RuntimeError(_DYNAMIC.format(name=entry.name))
    level = deepest((args, kwargs))
    found = None if entry is None else rules.get(_key(entry))
    if entry is not None and found is not None and level is not None:
        result = found(entry, level, entry.signature.bind(args, kwargs))
        if result is not NO_RULE:
            return result
    return by_samples(function, args, kwargs)


def by_samples(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Call a function once a sample, and stack the results.

    Raises
    ------
    RuntimeError
        When the results differ in shape.
    """
    level = deepest((args, kwargs))
    if level is None:
        raise NeedsValues("no batched tensor is among the arguments")
    if not level.size:
        example = function(*_blank(args, level), **_blank(kwargs, level))
        return _joined(level, [example], function, empty=True)
    calls = (
        function(*_sample(args, level, k), **_sample(kwargs, level, k)) for k in range(level.size)
    )  # fmt: skip
    return _joined(level, list(calls), function)


def _sample(value: Any, level: Level, k: int) -> Any:
    """Return what sample ``k`` has in the place of a value."""
    if is_batched(value, level):
        return value.value[k]
    if isinstance(value, (list, tuple)):
        parts = [_sample(each, level, k) for each in value]
        return parts if isinstance(value, list) else tuple(parts)
    if isinstance(value, dict):
        return {key: _sample(each, level, k) for key, each in value.items()}
    return value


def _blank(value: Any, level: Level) -> Any:
    """Return what an imagined sample has in the place of a value, where there are none."""
    if is_batched(value, level):
        return value.value.new_zeros(tuple(value.shape))
    if isinstance(value, (list, tuple)):
        return type(value)([_blank(each, level) for each in value])
    if isinstance(value, dict):
        return {key: _blank(each, level) for key, each in value.items()}
    return value


def _joined(level: Level, results: list[Any], function: Callable[..., Any], empty: bool = False) -> Any:
    """Return the results of the samples as one of batched tensors."""
    first = results[0]
    if isinstance(first, Tensor):
        if any(each.shape != first.shape for each in results):
            raise RuntimeError(_DYNAMIC.format(name=getattr(function, "__name__", function)))
        return batch(level, first.new_zeros((0, *first.shape)) if empty else stack(results))
    if isinstance(first, (tuple, list)):
        columns = [_joined(level, list(column), function, empty) for column in zip(*results, strict=True)]
        return tuple(columns) if type(first) is tuple else type(first)(columns)
    if first is None:
        return None
    if any(each != first for each in results):
        raise NeedsValues(
            f"vmap: {getattr(function, '__name__', function)} gives Python numbers that differ from sample to sample"
        )
    return first


def call_batched_inplace(entry: Any, call: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Carry out an in-place call with a batched tensor among its arguments; the first is what is written to.

    Raises
    ------
    RuntimeError
        When the samples of an argument differ but those of the target do not.
    """
    target, *rest = args
    level = deepest(args)
    assert level is not None
    if not is_batched(target, level):
        raise NeedsValues(NO_BATCH_IN_PLACE)
    if getattr(entry, "view", False):
        target.value = entry.call(target, *rest).value
        target._writes = target.value._writes
        return target
    result = entry.call(*args)
    if result.shape != target.shape:
        raise RuntimeError(
            f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(result.shape)}"
        )
    check_cast(result.dtype.numpy, target.dtype.numpy)
    target.value.copy_(front(result, level))
    return target


Upper.batched = call_batched  # type: ignore[method-assign]
Upper.batched_inplace = call_batched_inplace  # type: ignore[method-assign]
Upper.by_samples = call_composed  # type: ignore[method-assign]
