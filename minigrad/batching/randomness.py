"""Random functions inside ``vmap``: an error, the same numbers for every sample, or different ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.batching.dispatch import by_samples, is_batched
from minigrad.batching.levels import Level, deepest, front, open_levels
from minigrad.batching.tensor import batch
from minigrad.ops.state import Upper, mode
from minigrad.random.generator import get_rng_state, set_rng_state
from minigrad.tensor import Tensor

__all__ = ["drawn"]

# Functions whose first argument is the size: all samples are drawn in one call.
_BY_SIZE = {"rand", "randn"}

# Functions of a tensor's elements: all samples are drawn in one call.
_BY_ELEMENTS = {
    "bernoulli", "dropout", "poisson", "rand_like", "randint_like", "randn_like",
    "bernoulli_", "cauchy_", "exponential_", "geometric_", "log_normal_", "normal_", "random_", "uniform_",
}  # fmt: skip


def drawn(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a random function as the innermost ``vmap`` says.

    Raises
    ------
    RuntimeError
        Where the numbers are to be the same or different, but nobody said which.
    """
    level = open_levels()[-1]
    if level.randomness == "error":
        raise RuntimeError(
            "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' "
            "randomness flags on vmap or perform the randomness operation out of vmap"
        )
    batched = deepest((args, kwargs)) is level
    outside = _outside(level)
    if level.randomness == "same":
        if not batched:
            return outside(function, args, kwargs)
        return _same(function, args, kwargs)
    if function.__name__ in _BY_SIZE:
        return batch(level, outside(function, _sized(level, args, kwargs), _without_size(kwargs)))
    if function.__name__ in _BY_ELEMENTS and args and isinstance(args[0], Tensor):
        in_place = function.__name__.endswith("_")
        if in_place and not batched:
            raise RuntimeError(
                "vmap: Cannot ask for different inplace randomness on an unbatched tensor. This will appear like same "
                "randomness. If this is necessary for your usage, please file an issue with functorch."
            )
        if not any(is_batched(each, level) for each in (*args[1:], *kwargs.values())):
            result = outside(function, (front(args[0], level), *args[1:]), kwargs)
            return args[0] if in_place else batch(level, result)
    if batched:
        return by_samples(function, args, kwargs)
    return by_samples(lambda counter: outside(function, args, kwargs), (_counter(level),), {})


def _outside(level: Level) -> Callable[..., Any]:
    """Return what calls a function as if this level were not open."""

    def call(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        if level.depth:
            around = open_levels()[-2]
            return _at(around, function, args, kwargs)
        before, mode.mapped = mode.mapped, 0
        try:
            return function(*args, **kwargs)
        finally:
            mode.mapped = before

    return call


def _at(level: Level, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Call a random function at a level that is not the innermost."""
    from minigrad.batching.levels import _thread

    inner = _thread.levels
    _thread.levels = inner[: level.depth + 1]
    try:
        return drawn(function, args, kwargs)
    finally:
        _thread.levels = inner


def _same(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Call a function sample by sample, each time from the same state of the generator."""
    state = get_rng_state()

    def again(*args: Any, **kwargs: Any) -> Any:
        set_rng_state(state)
        before, mode.mapped = mode.mapped, 0
        try:
            return function(*args, **kwargs)
        finally:
            mode.mapped = before

    return by_samples(again, args, kwargs)


def _sized(level: Level, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[int, ...]:
    """Return a size with the number of samples before it."""
    size = kwargs.get("size", args)
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = size[0]
    return (level.size, *size)


def _without_size(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if name != "size"}


def _counter(level: Level) -> Any:
    """Return a tensor that is batched at a level, only to be there once a sample."""
    from minigrad.ranges import arange

    return batch(level, arange(level.size))


Upper.drawn = drawn  # type: ignore[method-assign]
