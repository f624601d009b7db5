"""Calling a module with other tensors in the place of its parameters and buffers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["functional_call"]

_ABSENT: Any = object()


def functional_call(
    module: Any,
    parameters_and_buffers: dict[str, Any],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module as ``minigrad.func.functional_call`` does, which PyTorch recommends instead."""
    warnings.warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be removed in a future "
        "version of PyTorch. Please use `torch.func.functional_call` instead which is a drop-in replacement.",
        FutureWarning,
        stacklevel=2,
    )
    return _functional_call(module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict)


def _functional_call(
    module: Any,
    parameters_and_buffers: dict[str, Any],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    arguments = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, parameters_and_buffers, tie_weights, strict):
        return module(*arguments, **(kwargs or {}))


@contextmanager
def _replaced(module: Any, given: dict[str, Any], tie_weights: bool, strict: bool) -> Iterator[None]:
    """Put tensors in the place of a module's own for a while; what the module then has is noted in ``given``."""
    values = _with_ties(module, given) if tie_weights else given
    if strict:
        _check_names(module, values)
    places = {name: _place(module, name) for name in values}
    before = {name: registry.get(last, _ABSENT) for name, (registry, last) in places.items()}
    for name, (registry, last) in places.items():
        registry[last] = values[name]
    try:
        yield
    finally:
        for name, (registry, last) in places.items():
            if name in given and last in registry:
                given[name] = registry[last]  # a buffer may have been assigned
            if before[name] is _ABSENT:
                registry.pop(last, None)
            else:
                registry[last] = before[name]


def _place(module: Any, name: str) -> tuple[Any, str]:
    """Return the registry of parameters or buffers that has a name, and the name in it; else the plain attributes."""
    path, _, last = name.rpartition(".")
    owner = module.get_submodule(path)
    for kind in ("_parameters", "_buffers"):
        registry = getattr(owner, kind)
        if last in registry:
            return registry, last
    return owner.__dict__, last


def _named_tensors(module: Any) -> dict[str, Any]:
    return {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }


def _with_ties(module: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Return the given tensors under all names that the module has for the same one.

    Raises
    ------
    ValueError
        When several different tensors were given for one.
    """
    names_of: dict[int, list[str]] = {}
    for name, tensor in _named_tensors(module).items():
        names_of.setdefault(id(tensor), []).append(name)
    values = dict(given)
    for names in names_of.values():
        found = [given[name] for name in names if name in given]
        if len(names) < 2 or not found:
            continue
        if any(each is not found[0] for each in found[1:]):
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(names)}, which are tied. Consider using "
                "tie_weights=False"
            )
        values.update(dict.fromkeys(names, found[0]))
    return values


def _check_names(module: Any, values: dict[str, Any]) -> None:
    """Refuse missing and unknown names.

    Raises
    ------
    RuntimeError
    """
    known = _named_tensors(module)
    missing = [name for name in known if name not in values]
    unexpected = [name for name in values if name not in known]
    if missing or unexpected:
        parts = []
        if unexpected:
            parts.append(f"Unexpected key(s): {', '.join(map(repr, unexpected))}.")
        if missing:
            parts.append(f"Missing key(s): {', '.join(map(repr, missing))}.")
        name = type(module).__name__
        raise RuntimeError(f"Error(s) in reparametrizing for {name}:\n\t" + "\n\t".join(parts))
