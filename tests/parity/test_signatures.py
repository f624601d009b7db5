"""Functions and classes take the parameters that PyTorch's take, in the same order, with the same defaults.

PyTorch's Python functions are inspected. Those written in C++ are known by their schemas, one an overload; a function
of ours, which stands for all overloads, has to agree with at least one of them and to know the names of that one.
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


def _theirs(entry: Any) -> Any:
    homes = {"functional": torch.nn.functional, "linalg": torch.linalg, "special": torch.special}
    found = getattr(homes.get(entry.namespace, torch), entry.name, None)
    return getattr(torch.Tensor, entry.name, None) if found is None and entry.method else found


def _parameters(signature: inspect.Signature) -> dict[str, Any]:
    parameters = signature.parameters.values()
    return {each.name: each.default for each in parameters if each.name not in NOT_COMPARED}


def _overloads(entry: Any) -> list[dict[str, Any]]:
    """Return parameters and defaults of each overload that PyTorch's dispatcher knows."""
    prefix = f"{entry.namespace}_" if entry.namespace in ("linalg", "special") else ""
    return [
        {
            "input" if each.name == "self" else each.name: each.default_value
            if each.has_default_value()
            else inspect.Parameter.empty
            for each in schema.arguments
            if each.name not in NOT_COMPARED
        }
        for schema in torch._C._jit_get_schemas_for_operator(f"aten::{prefix}{entry.name}")
    ]


def _agree(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Whether names and order are the same, and the defaults where PyTorch states them."""
    stated = {name: value for name, value in theirs.items() if value is not inspect.Parameter.empty}
    return list(ours) == list(theirs) and all(ours[name] == value for name, value in stated.items())


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
    if not expected:
        pytest.skip("PyTorch shows neither a Python signature nor a schema")
    assert any(_agree(ours, each) for each in expected), (ours, expected)
