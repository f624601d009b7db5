"""Functions take the parameters that PyTorch's take, in the same order, with the same defaults.

PyTorch's Python functions are inspected. Those written in C++ are known by the schemas of their overloads: ours has to
be one of those, or, where it stands for several, to have their parameters and no others.
"""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from minigrad.ops.op import composed_table, table

torch = pytest.importorskip("torch")

ENTRIES = {key: entry for key, entry in {**table, **composed_table}.items() if entry.namespace is not None}

# Memory layouts, and what every function may take without saying so (`out`).
NOT_COMPARED = {"out", "memory_format", "layout", "pin_memory", "_stacklevel", "implicit"}

# The dispatcher's names where Python's differ.
NAMES = {"self": "input", "sections": "indices_or_sections", "tensor_indices_or_sections": "indices_or_sections"}

# Functions whose Python face takes more than their schema says.
WIDER = {"nonzero"}

EMPTY = inspect.Parameter.empty


def _theirs(entry: Any) -> Any:
    homes = {"functional": torch.nn.functional, "linalg": torch.linalg, "special": torch.special}
    found = getattr(homes.get(entry.namespace, torch), entry.name, None)
    return getattr(torch.Tensor, entry.name, None) if found is None and entry.method else found


def _parameters(signature: inspect.Signature) -> dict[str, Any]:
    parameters = signature.parameters.values()
    return {each.name: each.default for each in parameters if each.name not in NOT_COMPARED}


def _overloads(entry: Any) -> list[dict[str, Any]]:
    """Return parameters and defaults of each overload that PyTorch's dispatcher knows for tensors."""
    prefix = f"{entry.namespace}_" if entry.namespace in ("linalg", "special") else ""
    found = []
    for schema in torch._C._jit_get_schemas_for_operator(f"aten::{prefix}{entry.name}"):
        returns = [str(each.type) for each in schema.returns]
        if returns and "Tensor" in returns[0] and "Dimname" not in str(schema):
            inputs = [each for each in schema.arguments if not (each.kwarg_only and each.alias_info)]
            found.append({NAMES.get(each.name, each.name): _default(each) for each in inputs})
    return [{name: value for name, value in each.items() if name not in NOT_COMPARED} for each in found]


def _default(argument: Any) -> Any:
    if not argument.has_default_value():
        return EMPTY
    value = argument.default_value
    return tuple(value) if isinstance(value, list) else value


def _agree(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Whether names and order are the same, and the defaults where PyTorch states them."""
    stated = {name: value for name, value in theirs.items() if value is not EMPTY}
    return list(ours) == list(theirs) and all(_means(ours[name], value) for name, value in stated.items())


def _means(ours: Any, theirs: Any) -> bool:
    """Whether a default says the same; the dispatcher writes a number out for each dimension, and none as ()."""
    if isinstance(theirs, tuple) and not isinstance(ours, tuple):
        return ours is None if not theirs else set(theirs) == {ours}
    return bool(ours == theirs)


@pytest.mark.parametrize("key", sorted(ENTRIES))
def test_function_takes_the_same_parameters(key):
    entry = ENTRIES[key]
    theirs = _theirs(entry)
    if theirs is None:
        pytest.fail(f"PyTorch has no {entry.namespace}.{entry.name}; its namespace should be None")
    ours = _parameters(entry.signature.of_forward)
    try:
        expected = [_parameters(inspect.signature(theirs))]
    except ValueError:
        expected = _overloads(entry)
    if key in WIDER or expected in ([], [{"args": EMPTY}], [{"args": EMPTY, "kwargs": EMPTY}]):
        pytest.skip("PyTorch shows neither a Python signature nor a schema")
    merged = {name for each in expected for name in each}
    if "indices_or_sections" in merged:
        merged.discard("indices")
    assert any(_agree(ours, each) for each in expected) or (len(expected) > 1 and set(ours) == merged), expected
