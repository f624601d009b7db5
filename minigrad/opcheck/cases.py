"""The cases of the table: every entry with every one of its samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minigrad.ops.op import Op, composed_table, table
from minigrad.ops.samples import Make, Sample

ENTRIES: dict[str, Any] = {**table, **composed_table}


class Case(NamedTuple):
    """One call to test.

    Attributes
    ----------
    key : str
        Of the entry in the table.
    entry : Entry
    sample : Sample
    name : str
        The key, and the number of the sample.
    """

    key: str
    entry: Any
    sample: Sample
    name: str

    @property
    def is_variadic(self) -> bool:
        """Whether the function takes its tensors spread out: ``f(x, y, z)``."""
        return any(each.kind is each.VAR_POSITIONAL for each in self.entry.signature.of_forward.parameters.values())

    def bound(self) -> list[Any]:
        """Return one value a parameter, defaults filled in (of spread-out tensors: one tuple)."""
        if self.is_variadic:
            return [self.sample.args]
        return list(self.entry.signature.bind(self.sample.args, self.sample.kwargs))

    def call(self, bound: Any) -> Any:
        """Call the function with one value a parameter."""
        if self.is_variadic:
            return self.entry.call(*bound[0], **self.sample.kwargs)
        signature = self.entry.signature
        count = signature.positional
        return self.entry.call(*bound[:count], **dict(zip(signature.names[count:], bound[count:], strict=True)))

    def differentiable_slots(self) -> tuple[int, ...]:
        """Return the positions of the parameters through which gradients flow."""
        entry = self.entry
        if self.is_variadic:
            return (0,)
        slots = (0,) if entry.signature.takes_sequence else entry.signature.tensor_positions
        if isinstance(entry, Op) and entry.joint_rule is None:
            return tuple(k for k in slots if entry.signature.names[k] in entry.rules)
        return slots


def all_cases() -> list[Case]:
    """Return a case for every sample of every entry, in a fixed order."""
    cases = []
    for key in sorted(ENTRIES):
        entry = ENTRIES[key]
        if entry.make_samples is None:
            continue
        cases += [Case(key, entry, each, f"{key}-{k}") for k, each in enumerate(entry.make_samples(Make()))]
    return cases


def is_floating(value: Any) -> bool:
    """Whether a value is an array of floating point numbers."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def map_arrays(value: Any, function: Callable[[Any], Any]) -> Any:
    """Return a value with ``function`` applied to the arrays in it, however nested in tuples, lists and dicts."""
    if isinstance(value, np.ndarray):
        return function(value)
    if type(value) in (tuple, list):
        return type(value)(map_arrays(each, function) for each in value)
    if type(value) is dict:
        return {name: map_arrays(each, function) for name, each in value.items()}
    return value


def arrays_in(value: Any) -> list[Any]:
    """Return the arrays in a value, in order."""
    found: list[Any] = []
    map_arrays(value, found.append)
    return found
