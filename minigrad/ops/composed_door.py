"""The public functions that are made of operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.ops.arguments import fault
from minigrad.ops.errors import explained
from minigrad.ops.out import call_into
from minigrad.ops.signature import Signature
from minigrad.ops.state import NeedsValues, Upper


def composed_door(entry: Any) -> Callable[..., Any]:
    """Return the public function of a composed entry: the function itself, with NumPy's names and ``out=`` accepted."""
    function, signature = entry.forward, entry.signature
    are_known = frozenset(signature.names).issuperset

    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs and not are_known(kwargs):
            if "out" in kwargs:
                return call_into(call, args, kwargs)
            kwargs = signature.spell(kwargs)
        try:
            return function(*args, **kwargs)
        except NeedsValues:
            return Upper.by_samples(call, args, kwargs)
        except Exception as error:
            raise _explained_composed(error, signature, args, kwargs) from None

    def call_packed(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(args, kwargs)
        positional = signature.positional
        named = dict(zip(signature.names[positional:], bound[positional:], strict=True))
        try:
            return function(*bound[:positional], **named)
        except NeedsValues:
            return Upper.by_samples(call_packed, args, kwargs)

    return call if signature.pack is None else call_packed


def _explained_composed(error: Exception, signature: Signature, args: Any, kwargs: Any) -> Exception:
    """Return what to raise for an error inside a composed function, as `explained` finds it."""
    try:
        bound = signature.bind(args, kwargs)
        values = [getattr(each, "_array", each) for each in bound]
    except (TypeError, NeedsValues):
        return error
    if isinstance(error, TypeError) and (found := fault(signature, bound, kwargs, False)):
        return found
    return explained(error, signature, bound, values, kwargs)
