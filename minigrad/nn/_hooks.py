"""Functions that run around a module's forward and backward: the half of :class:`Module` that registers them."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from minigrad.autograd.hooks import RemovableHandle

__all__ = ["HookMethods", "RemovableHandle", "add_hook", "call_with_hooks"]

Hook = Callable[..., Any]


def add_hook(
    hooks: OrderedDict[int, Hook], hook: Hook, *marks: tuple[OrderedDict[int, bool], bool], prepend: bool = False
) -> RemovableHandle:
    """File a hook under a new number and return the handle that removes it.

    Parameters
    ----------
    hooks : OrderedDict
        Where the hook goes: last, or first with ``prepend``.
    hook : callable
    *marks : (OrderedDict, bool)
        Further dictionaries in which the hook's number is noted where the flag beside them is true.
    prepend : bool
    """
    handle = RemovableHandle(hooks)
    while handle.id in hooks:  # numbers start anew in each process, and an unpickled module brings some along
        handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    for noted, flag in marks:
        if flag:
            noted[handle.id] = True
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


class HookMethods:
    """Registration of forward and backward hooks; inherited by :class:`Module`."""

    _forward_hooks: OrderedDict[int, Hook]
    _forward_hooks_with_kwargs: OrderedDict[int, bool]
    _forward_hooks_always_called: OrderedDict[int, bool]
    _forward_pre_hooks: OrderedDict[int, Hook]
    _forward_pre_hooks_with_kwargs: OrderedDict[int, bool]
    _backward_hooks: OrderedDict[int, Hook]
    _backward_pre_hooks: OrderedDict[int, Hook]
    _is_full_backward_hook: bool | None

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before each forward.

        Parameters
        ----------
        hook : callable
            May return other positional arguments: a tuple, or one value.
        prepend : bool
            Run before the hooks that are already there.
        with_kwargs : bool
            Call ``hook(module, args, kwargs)``; it may return ``(args, kwargs)``.

        Returns
        -------
        RemovableHandle
            Its ``remove()`` takes the hook away; it is also a context manager.
        """
        return add_hook(
            self._forward_pre_hooks, hook, (self._forward_pre_hooks_with_kwargs, with_kwargs), prepend=prepend
        )

    def register_forward_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after each forward.

        Parameters
        ----------
        hook : callable
            May return another output.
        prepend : bool
            Run before the hooks that are already there.
        with_kwargs : bool
            Call ``hook(module, args, kwargs, output)``.
        always_call : bool
            Run also when the forward raises, with the output None.

        Returns
        -------
        RemovableHandle
            Its ``remove()`` takes the hook away; it is also a context manager.
        """
        return add_hook(
            self._forward_hooks,
            hook,
            (self._forward_hooks_with_kwargs, with_kwargs),
            (self._forward_hooks_always_called, always_call),
            prepend=prepend,
        )

    def register_full_backward_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the gradients of the outputs are known.

        ``grad_output`` is a tuple, with None for outputs that are no tensors; the hook may return another one.
        """
        return add_hook(self._backward_pre_hooks, hook, prepend=prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the inputs are known.

        Both are tuples, with None for what is no tensor. The hook may return another ``grad_input``. Only positional
        arguments count as inputs. Where no input requires grad, the hook runs as soon as ``grad_output`` is known.
        """
        return self._add_backward_hook(hook, full=True, prepend=prepend)

    def register_backward_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` for the *last operation* of the module's forward.

        PyTorch keeps this old form, and so does minigrad; :meth:`register_full_backward_hook` sees the whole module.
        """
        return self._add_backward_hook(hook, full=False, prepend=False)

    def _add_backward_hook(self, hook: Hook, *, full: bool, prepend: bool) -> RemovableHandle:
        if self._is_full_backward_hook is (not full):
            where = "as a global Module hook" if self is EVERY_MODULE else "on a single Module"
            raise RuntimeError(
                f"Cannot use both regular backward hooks and full backward hooks {where}. Please use only one of them."
            )
        self._is_full_backward_hook = full
        return add_hook(self._backward_hooks, hook, prepend=prepend)


class _EveryModule(HookMethods):
    """The hooks that run around every module of the process."""

    def __init__(self) -> None:
        self._forward_hooks = OrderedDict()
        self._forward_hooks_with_kwargs = OrderedDict()
        self._forward_hooks_always_called = OrderedDict()
        self._forward_pre_hooks = OrderedDict()
        self._forward_pre_hooks_with_kwargs = OrderedDict()
        self._backward_hooks = OrderedDict()
        self._backward_pre_hooks = OrderedDict()
        self._is_full_backward_hook = None


EVERY_MODULE = _EveryModule()

everywhere: list[Hook] = []
"""Hooks that were ever registered for every module; while there are none, calls of modules need not look for them."""


def call_with_hooks(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a module's forward with all of its hooks around it."""
    called: set[int] = set()
    result = None
    try:
        args, kwargs = _run_forward_pre_hooks(module, args, kwargs)
        boundary = None
        full, before = _backward_hooks(module, full=True), [*_hooks_of("_backward_pre_hooks", module)]
        if full or before:
            from ._backward_hooks import BackwardHooks

            boundary = BackwardHooks(module, full, [hook for _, _, hook in before])
            args = boundary.watch_inputs(args)
        result = module.forward(*args, **kwargs)
        for owner, number, hook in _hooks_of("_forward_hooks", module):
            called.add(number)
            result = _run_forward_hook(module, owner, number, hook, args, kwargs, result)
        if boundary is not None:
            result = boundary.watch_outputs(result)
        last = _backward_hooks(module, full=False)
        if last:
            _watch_last_operation(module, last, result)
        return result
    except Exception:
        for owner, number, hook in _hooks_of("_forward_hooks", module):
            if number in owner._forward_hooks_always_called and number not in called:
                try:
                    result = _run_forward_hook(module, owner, number, hook, args, kwargs, result)
                except Exception as error:
                    warnings.warn(
                        "module forward hook with ``always_call=True`` raised an exception that was silenced as "
                        f"another error was raised in forward: {error}",
                        stacklevel=3,
                    )
        raise


def _hooks_of(kind: str, module: Any) -> list[tuple[Any, int, Hook]]:
    """Return the hooks of one kind, those of every module first, each with its owner and its number."""
    owners = (EVERY_MODULE, module) if everywhere else (module,)
    return [(owner, number, hook) for owner in owners for number, hook in getattr(owner, kind).items()]


def _backward_hooks(module: Any, *, full: bool) -> list[Hook]:
    return [hook for owner, _, hook in _hooks_of("_backward_hooks", module) if owner._is_full_backward_hook is full]


def _run_forward_pre_hooks(
    module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    for owner, number, hook in _hooks_of("_forward_pre_hooks", module):
        if number in owner._forward_pre_hooks_with_kwargs:
            result = hook(module, args, kwargs)
            if result is not None:
                if not (isinstance(result, tuple) and len(result) == 2):
                    raise RuntimeError(
                        f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {result}."
                    )
                args, kwargs = result
        else:
            result = hook(module, args)
            if result is not None:
                args = result if isinstance(result, tuple) else (result,)
    return args, kwargs


def _run_forward_hook(
    module: Any, owner: Any, number: int, hook: Hook, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
) -> Any:
    if number in owner._forward_hooks_with_kwargs:
        replaced = hook(module, args, kwargs, result)
    else:
        replaced = hook(module, args, result)
    return result if replaced is None else replaced


def _watch_last_operation(module: Any, hooks: list[Hook], result: Any) -> None:
    """Attach the old, non-full backward hooks to the node that made the (first) output."""
    while isinstance(result, (dict, list, tuple)):
        result = next(iter(result.values())) if isinstance(result, dict) else result[0]
    if result.grad_fn is None:
        return
    for hook in hooks:

        def run(grad_inputs: Any, grad_outputs: Any, hook: Hook = hook) -> Any:
            return hook(module, grad_inputs, grad_outputs)

        result.grad_fn.register_hook(run)
