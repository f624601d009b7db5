"""A user's `Function` under ``vmap``: by its own rule, or by one made of its ``forward`` and ``backward``."""

from __future__ import annotations

from typing import Any, NamedTuple

from minigrad.autograd.function import Function
from minigrad.batching.dispatch import is_batched
from minigrad.batching.levels import Level, deepest, front
from minigrad.batching.tensor import batch
from minigrad.ops.state import Upper
from minigrad.tensor import Tensor

__all__ = ["VmapInfo"]

_MORE = "For more details, please see https://pytorch.org/docs/main/notes/extending.func.html"


class VmapInfo(NamedTuple):
    """What a `Function`'s own rule is told of the batch."""

    batch_size: int
    randomness: str


def apply_batched(function: type[Function], args: tuple[Any, ...]) -> Any:
    """Apply a `Function` to batched tensors.

    Raises
    ------
    RuntimeError
        When it does not say how.
    """
    name = function.__name__
    has_rule = function.vmap is not Function.vmap
    if function.setup_context is None:
        raise RuntimeError(
            "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, ...), it must "
            f"override the setup_context staticmethod. {_MORE}"
        )
    if has_rule and function.generate_vmap_rule:
        raise RuntimeError(
            f"You tried to vmap over {name}, but it has both generate_vmap_rule=True and an overridden vmap "
            "staticmethod. Please set generate_vmap_rule=False or delete the overridden vmap staticmethod to avoid "
            f"ambiguity. {_MORE}"
        )
    if not has_rule and not function.generate_vmap_rule:
        raise RuntimeError(
            f"You tried to vmap over {name}, but it does not have vmap support. Please override and implement the vmap "
            f"staticmethod or set generate_vmap_rule=True. {_MORE}"
        )
    level = deepest(args)
    assert level is not None
    return _by_own_rule(function, level, args) if has_rule else _by_made_rule(function, level, args)


def _by_own_rule(function: type[Function], level: Level, args: tuple[Any, ...]) -> Any:
    in_dims = tuple(0 if is_batched(each, level) else None for each in args)
    values = [each.value if is_batched(each, level) else each for each in args]
    results, out_dims = function.vmap(VmapInfo(level.size, level.randomness), in_dims, *values)

    def placed(result: Any, dim: Any) -> Any:
        return result if dim is None or not isinstance(result, Tensor) else batch(level, result.movedim(dim, 0))

    if isinstance(results, (tuple, list)):
        dims = out_dims if isinstance(out_dims, (tuple, list)) else [out_dims] * len(results)
        return type(results)(placed(*pair) for pair in zip(results, dims, strict=True))
    return placed(results, out_dims)


def _by_made_rule(function: type[Function], level: Level, args: tuple[Any, ...]) -> Any:
    """Apply a `Function` of all samples that calls the user's with batched tensors, forward and backward."""
    places = [is_batched(each, level) for each in args]

    def samples(values: Any) -> list[Any]:
        return [batch(level, each) if there else each for each, there in zip(values, places, strict=True)]

    def mapped(result: Any) -> Any:
        return front(result, level) if isinstance(result, Tensor) else result

    def unmapped(result: Any) -> Any:
        return batch(level, result) if isinstance(result, Tensor) else result

    def each_of(change: Any, results: Any) -> Any:
        return type(results)(map(change, results)) if isinstance(results, (tuple, list)) else change(results)

    class Mapped(Function):
        @staticmethod
        def forward(*values: Any) -> Any:
            return each_of(mapped, function.forward(*samples(values)))

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            function.setup_context(ctx, tuple(samples(inputs)), each_of(unmapped, output))

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            found = function.backward(ctx, *map(unmapped, grads))
            found = found if isinstance(found, (tuple, list)) else (found,)
            whole = [each if each is None else front(each, level) for each in found]
            return tuple(
                each if there or each is None else each.sum(0) for each, there in zip(whole, places, strict=True)
            )

    Mapped.__name__ = function.__name__
    return each_of(
        unmapped, Mapped.apply(*(each.value if there else each for each, there in zip(args, places, strict=True)))
    )


Upper.batched_function = apply_batched  # type: ignore[method-assign]
