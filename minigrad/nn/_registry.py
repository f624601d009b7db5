"""The dictionaries in which a module keeps its parameters, buffers and children.

``module._parameters`` is the truth: it decides what exists and in which order. A copy of each value also lies in the
module's own ``__dict__``, so that ``self.weight`` in a ``forward`` is an ordinary attribute (50 ns) and not a missed
lookup followed by a call of ``__getattr__`` (500 ns). Every change goes through :class:`Registry`, which keeps the two
together, whoever makes it: ``module.weight = p``, ``module._parameters["weight"] = p`` or ``module._modules.clear()``.
A class with a ``__getattr__`` of its own is to be asked for every parameter, as PyTorch asks it, and gets no copies.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, MutableMapping
from typing import Any

__all__ = ["REGISTRIES", "Registry", "bind_registry", "find_registered", "unbound_state"]

REGISTRIES = ("_parameters", "_buffers", "_modules")


def find_registered(self: Any, name: str) -> Any:
    """Return what a module has under a name that is no plain attribute; every module's ``__getattr__``.

    Registered names lie in ``__dict__``, where Python finds them before it asks here. What is left is a name that is
    missing, one whose copy in ``__dict__`` was deleted by hand, or a class that looks names up itself before it asks.
    """
    for kind in REGISTRIES:
        registry = self.__dict__.get(kind, ())
        if name in registry:
            return registry[name]
    message = f"'{type(self).__name__}' object has no attribute '{name}'"
    if "_parameters" not in self.__dict__:
        message += f" (super().__init__() was not called in {type(self).__name__}.__init__)"
    raise AttributeError(message, name=name, obj=self)  # of the name and the object Python makes a suggestion


def _nobody() -> None:
    """Stand for the reference to an owner that wants no copies."""


class Registry(dict[str, Any]):
    """A dictionary of named values, mirrored into the ``__dict__`` of the module that owns it.

    Parameters
    ----------
    owner : Module
        Held weakly, so that a module is freed with its last user and does not wait for the garbage collector.
    values : mapping
        The values to start with.
    """

    __slots__ = ("_owner",)

    def __init__(self, owner: Any, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self._owner: Any = _nobody
        if type(owner).__getattr__ is find_registered:
            self._owner = weakref.ref(owner)
            owner.__dict__.update(values)

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        owner = self._owner()
        if owner is not None:
            owner.__dict__[name] = value

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        owner = self._owner()
        if owner is not None:
            owner.__dict__.pop(name, None)

    def pop(self, name: str, *default: Any) -> Any:
        """Remove an entry and return its value; return ``default``, if given, where there is none."""
        if default and name not in self:
            return default[0]
        value = self[name]
        del self[name]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Remove the newest entry and return it."""
        name = next(reversed(self), None)
        if name is None:
            raise KeyError("popitem(): dictionary is empty")
        return name, self.pop(name)

    def __ior__(self, other: Any) -> Registry:  # type: ignore[override,misc]
        self.update(other)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy or a pickle has no module yet: it is a plain dictionary until Module.__setstate__ binds it.
        return dict, (), None, None, iter(self.items())

    # dict's own versions of these would bypass the methods above.
    clear = MutableMapping.clear
    update = MutableMapping.update
    setdefault = MutableMapping.setdefault


def bind_registry(module: Any, kind: str, values: Mapping[str, Any]) -> None:
    """Make ``values`` the module's registry of a kind (one of :data:`REGISTRIES`), in place of an earlier one."""
    attributes = module.__dict__
    for name in attributes.get(kind, ()):
        attributes.pop(name, None)
    attributes[kind] = Registry(module, values)


def unbound_state(module: Any) -> dict[str, Any]:
    """Return the module's ``__dict__`` without the mirrored names, its registries as plain dictionaries."""
    state = dict(module.__dict__)
    for kind in REGISTRIES:
        if kind in state:
            state[kind] = values = dict(state[kind])
            for name, value in values.items():
                if state.get(name, module) is value:
                    del state[name]
    return state
