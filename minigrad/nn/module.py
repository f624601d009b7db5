"""Module: the base class of every layer and model."""

from __future__ import annotations

import importlib
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minigrad.tensor import Tensor

from ._global_hooks import buffer_hooks, module_hooks, parameter_hooks, registered
from ._hooks import HookMethods, call_with_hooks, everywhere
from ._registry import REGISTRIES, bind_registry, find_registered, unbound_state
from ._state_dict import StateDictMethods
from ._tree import TreeMethods
from .parameter import Buffer, Parameter

__all__ = ["Module"]

# Set in every module when it is made, and in one unpickled from a version that did not have them yet.
_HOOK_DICTIONARIES = (
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks_with_module",
    "_load_state_dict_post_hooks",
)

# Stands for an argument that was not given, so that None can be one.
_NOTHING: Any = object()


def _forward_missing(self: Module, *input: Any) -> None:
    """Compute the module's output; every module defines its own."""
    raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


class Module(TreeMethods, HookMethods, StateDictMethods):
    """A part of a network: parameters, buffers, other modules, and a ``forward`` that computes with them.

    Assigning a :class:`Parameter`, a :class:`Buffer` or another module to an attribute registers it, so that it is
    found by :meth:`parameters`, saved by :meth:`state_dict` and moved by :meth:`to`.

    Attributes
    ----------
    training : bool
        Whether the module is in training mode (see :meth:`train`).

    Examples
    --------
    >>> class Net(Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.weight = Parameter(Tensor([2.0]))
    ...
    ...     def forward(self, x):
    ...         return self.weight * x
    >>> [name for name, _ in Net().named_parameters()]
    ['weight']
    """

    call_super_init: bool = False
    """Whether ``Module.__init__`` calls the next ``__init__`` in line, for classes with several bases."""

    training: bool

    forward: Callable[..., Any] = _forward_missing

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init:
            if kwargs:
                raise TypeError(
                    f"{type(self).__name__}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
                )
            if args:
                raise TypeError(
                    f"{type(self).__name__}.__init__() takes 1 positional argument but {len(args) + 1} were given"
                )
        # Written to __dict__ directly: __setattr__ would look at each of them in vain.
        attributes = self.__dict__
        attributes["training"] = True
        attributes["_non_persistent_buffers_set"] = set()
        attributes["_is_full_backward_hook"] = None
        for name in _HOOK_DICTIONARIES:
            attributes[name] = OrderedDict()
        for kind in REGISTRIES:
            bind_registry(self, kind, {})
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def __call__(self, input: Any = _NOTHING, /, *args: Any, **kwargs: Any) -> Any:
        """Run the hooks and :meth:`forward`."""
        hooked: Any = self._forward_hooks or self._forward_pre_hooks or self._backward_hooks or self._backward_pre_hooks
        hooked = hooked or everywhere
        # Passing on a single argument by itself costs a third less than unpacking it: this is every layer's way.
        if not (hooked or args or kwargs or input is _NOTHING):
            return self.forward(input)
        if input is not _NOTHING:
            args = (input, *args)
        return call_with_hooks(self, args, kwargs) if hooked else self.forward(*args, **kwargs)

    # --------------------------------------------------------------------------------------------------- attributes

    def __setattr__(self, name: str, value: Any) -> None:
        attributes = self.__dict__
        parameters = attributes.get("_parameters", ())
        if isinstance(value, Parameter):
            if "_parameters" not in attributes:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            self._forget(name, "_buffers", "_modules")
            self.register_parameter(name, value)
        elif name in parameters:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{typename(value)}' as parameter '{name}' (torch.nn.Parameter or None expected)"
                )
            self.register_parameter(name, None)
        elif isinstance(value, Module):
            if "_modules" not in attributes:
                raise AttributeError("cannot assign module before Module.__init__() call")
            self._forget(name, "_parameters", "_buffers")
            self._modules[name] = registered(module_hooks, self, name, value)
        elif name in attributes.get("_modules", ()):
            if value is not None:
                raise TypeError(
                    f"cannot assign '{typename(value)}' as child module '{name}' (torch.nn.Module or None expected)"
                )
            self._modules[name] = None
        elif isinstance(value, Buffer) or name in attributes.get("_buffers", ()):
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign '{typename(value)}' as buffer '{name}' "
                    "(torch.nn.Buffer, torch.Tensor or None expected)"
                )
            persistent = value.persistent if isinstance(value, Buffer) else name not in self._non_persistent_buffers_set
            self.register_buffer(name, value, persistent)
        elif name in REGISTRIES:
            bind_registry(self, name, value)
        else:
            super().__setattr__(name, value)

    def _forget(self, name: str, *kinds: str) -> None:
        """Remove a name, if it is there, from the plain attributes and from some registries."""
        self.__dict__.pop(name, None)
        for kind in kinds:
            self.__dict__[kind].pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    else:
        __getattr__ = find_registered

    def __delattr__(self, name: str) -> None:
        for kind in REGISTRIES:
            registry = self.__dict__.get(kind, ())
            if name in registry:
                del registry[name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        names = {*dir(type(self)), *self.__dict__}
        for kind in REGISTRIES:
            names.update(self.__dict__.get(kind, ()))
        return sorted(name for name in names if not name[0].isdigit())

    def __getstate__(self) -> dict[str, Any]:
        return unbound_state(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        attributes = self.__dict__
        attributes.update(state)
        attributes.setdefault("_non_persistent_buffers_set", set())
        attributes.setdefault("_is_full_backward_hook", None)
        for name in _HOOK_DICTIONARIES:
            attributes.setdefault(name, OrderedDict())
        for kind in REGISTRIES:
            bind_registry(self, kind, dict(attributes.get(kind, {})))

    # -------------------------------------------------------------------------------------------------- registration

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, found afterwards as ``module.<name>``; None reserves the name."""
        self._check_name(name, "parameter", "_parameters")
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{typename(param)}' object to parameter '{name}' "
                    "(torch.nn.Parameter or None required)"
                )
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created "
                    f"explicitly. To express '{name}' as a function of another Tensor, compute the value in the "
                    "forward() method."
                )
            param = registered(parameter_hooks, self, name, param)
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is part of the module's state but no parameter, such as a running mean.

        Parameters
        ----------
        name : str
            Found afterwards as ``module.<name>``.
        tensor : Tensor or None
            None reserves the name and is not saved.
        persistent : bool
            Whether it is part of the state dict.
        """
        self._check_name(name, "buffer", "_buffers")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        self._buffers[name] = registered(buffer_hooks, self, name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child module, found afterwards as ``module.<name>``."""
        if not isinstance(module, Module) and module is not None:
            raise TypeError(f"{typename(module)} is not a Module subclass")
        self._check_name(name, "module", "_modules")
        self._modules[name] = registered(module_hooks, self, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """Add a child module; another name of :meth:`add_module`."""
        self.add_module(name, module)

    def _check_name(self, name: str, kind: str, registry: str) -> None:
        if registry not in self.__dict__:
            raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {typename(name)}")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain "."' + (f", got: {name}" if kind == "module" else ""))
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if name not in self.__dict__[registry] and hasattr(self, name):
            raise KeyError(f"attribute '{name}' already exists")

    # ------------------------------------------------------------------------------------------------------ printing

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Ask for what ``torch.compile`` does to this module's calls; they go on as they are.

        Parameters
        ----------
        args, kwargs
            `minigrad.compile`'s.
        """
        importlib.import_module("minigrad.compiler").compile(self.forward, *args, **kwargs)

    def extra_repr(self) -> str:
        """Return what stands between the parentheses of the module's printed form; for subclasses to define."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr()
        children = [f"({name}): {indented(repr(module))}" for name, module in self._modules.items()]
        lines = (extra.split("\n") if extra else []) + children
        if not lines:
            return f"{self._get_name()}()"
        if len(lines) == 1 and not children:
            return f"{self._get_name()}({extra})"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)"


def indented(text: str) -> str:
    """Return the text with every line but the first moved two columns to the right."""
    return text.replace("\n", "\n  ")


def typename(value: Any) -> str:
    """Return the name by which PyTorch's messages call a value's type: ``torch.FloatTensor``, ``numpy.ndarray``."""
    if isinstance(value, Tensor):
        return value.type()
    kind = value if isinstance(value, type) else type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
