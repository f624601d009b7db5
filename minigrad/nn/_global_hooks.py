"""Hooks of all modules of the process: for looking at what a program does, as ``torch.nn.modules.module`` has them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from minigrad.autograd.hooks import RemovableHandle

from ._hooks import EVERY_MODULE, add_hook, everywhere

__all__ = [
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

Hook = Callable[..., Any]

buffer_hooks: OrderedDict[int, Hook] = OrderedDict()
module_hooks: OrderedDict[int, Hook] = OrderedDict()
parameter_hooks: OrderedDict[int, Hook] = OrderedDict()


def registered(hooks: OrderedDict[int, Hook], module: Any, name: str, value: Any) -> Any:
    """Return what is registered under a name, after the hooks have seen it and perhaps replaced it."""
    for hook in hooks.values():
        replaced = hook(module, name, value)
        value = value if replaced is None else replaced
    return value


def register_module_forward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, args)`` before the forward of every module; see `Module.register_forward_pre_hook`."""
    everywhere.append(hook)
    return EVERY_MODULE.register_forward_pre_hook(hook)


def register_module_forward_hook(
    hook: Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after the forward of every module; see `Module.register_forward_hook`."""
    everywhere.append(hook)
    return EVERY_MODULE.register_forward_hook(hook, with_kwargs=with_kwargs, always_call=always_call)


def register_module_full_backward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` for every module; see `Module.register_full_backward_pre_hook`."""
    everywhere.append(hook)
    return EVERY_MODULE.register_full_backward_pre_hook(hook)


def register_module_full_backward_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` for every module; see `Module.register_full_backward_hook`."""
    everywhere.append(hook)
    return EVERY_MODULE.register_full_backward_hook(hook)


def register_module_backward_hook(hook: Hook) -> RemovableHandle:
    """Call a hook for the last operation of every module's forward; see `Module.register_backward_hook`."""
    everywhere.append(hook)
    return EVERY_MODULE.register_backward_hook(hook)


def register_module_buffer_registration_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` for every buffer that a module gets; a returned tensor replaces it."""
    return add_hook(buffer_hooks, hook)


def register_module_module_registration_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, name, child)`` for every child that a module gets; a returned module replaces it."""
    return add_hook(module_hooks, hook)


def register_module_parameter_registration_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, name, parameter)`` for every parameter that a module gets; a returned one replaces it."""
    return add_hook(parameter_hooks, hook)
