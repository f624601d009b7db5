"""Handles of registered hooks."""

from __future__ import annotations

import itertools
import warnings
import weakref
from types import TracebackType
from typing import Any

_ids = itertools.count()


class RemovableHandle:
    """Removes a hook again: by ``handle.remove()``, or at the end of a ``with`` block.

    Parameters
    ----------
    hooks : dict
        The hooks, by id; the handle does not keep them alive.
    """

    def __init__(self, hooks: Any) -> None:
        self.id = next(_ids)
        self._hooks = weakref.ref(hooks)

    def remove(self) -> None:
        """Remove the hook; a second call does nothing."""
        hooks = self._hooks()
        if hooks is not None:
            hooks.pop(self.id, None)

    # A copied or unpickled handle removes the copy's hook.

    def __getstate__(self) -> tuple[Any, int]:
        return self._hooks(), self.id

    def __setstate__(self, state: tuple[Any, int]) -> None:
        hooks, self.id = state
        self._hooks = weakref.ref(HookDict() if hooks is None else hooks)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


class HookDict(dict[int, Any]):
    """Hooks by id, in order of registration; may be referred to weakly."""

    __slots__ = ("__weakref__",)


def add_hook(owner: Any, attribute: str, hook: Any) -> RemovableHandle:
    """Add a hook to the dictionary that ``owner`` keeps under ``attribute``, making it if there is none."""
    hooks = getattr(owner, attribute)
    if hooks is None:
        hooks = HookDict()
        setattr(owner, attribute, hooks)
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle


def warn_of_no_grad() -> None:
    """Warn that ``.grad`` of a tensor was read that backward passes leave alone."""
    warnings.warn(
        "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be "
        "populated during autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf "
        "Tensor, use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure "
        "you access the leaf Tensor instead.",
        stacklevel=3,
    )
