"""Functions and classes take the parameters that PyTorch's take, in the same order, with the same defaults.

PyTorch's Python functions are inspected. Those written in C++ are known by their schemas, one an overload; a function
of ours, which stands for all overloads, has to agree with at least one of them and to know the names of that one.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest

import minigrad
from minigrad.ops.op import composed_table, table

torch = pytest.importorskip("torch")

ENTRIES = {
    key: entry for key, entry in {**table, **composed_table}.items() if entry.namespace is not None and "." not in entry.name
}

# Parameters for memory layouts, devices and autocasting that minigrad has no use for, and names for PyTorch's internals.
NOT_OURS = {"out", "generator", "memory_format", "layout", "pin_memory", "_stacklevel", "dtype", "device", "requires_grad"}


def _home(namespace: str) -> Any:
    return {"torch": torch, "functional": torch.nn.functional, "linalg": torch.linalg, "special": torch.special}[namespace]


def _theirs(entry: Any) -> Any:
    found = getattr(_home(entry.namespace), entry.name, None)
    if found is None and entry.method:
        found = getattr(torch.Tensor, entry.name, None)
    return found


def _names(function: Any) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name not in NOT_OURS]


def _schemas(entry: Any) -> list[Any]:
    prefix = "" if entry.namespace in ("torch", "functional") else f"{entry.namespace}_"
    found = torch._C._jit_get_schemas_for_operator(f"aten::{prefix}{entry.name}")
    return [each for each in found if str(each.returns[0].type) != "t" if each.returns] if found else []


def _schema_names(schema: Any) -> list[str]:
    return ["input" if each.name == "self" else each.name for each in schema.arguments if each.name not in NOT_OURS]


@pytest.mark.parametrize("key", sorted(ENTRIES))
def test_function_takes_the_same_parameters(key):
    entry = ENTRIES[key]
    theirs = _theirs(entry)
    if theirs is None:
        pytest.fail(f"PyTorch has no {entry.namespace}.{entry.name}; its namespace should be None")
    ours = _names(entry.forward)
    try:
        expected = [_names(theirs)]
    except ValueError:
        expected = [_schema_names(each) for each in _schemas(entry)]
    if not expected:
        pytest.skip("neither a Python signature nor a schema")
    assert ours in expected
