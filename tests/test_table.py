"""Tests about the table of operations itself: each entry brings its words, its samples, its reference and its rules."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from pathlib import Path
from typing import Any

import pytest

import minigrad
from minigrad.ops.op import Op, composed_table, table
from minigrad.ops.samples import Make, Sample

ROOT = Path(__file__).parent.parent
ENTRIES: dict[str, Any] = {**table, **composed_table}
PUBLIC = sorted(key for key, entry in ENTRIES.items() if entry.namespace is not None)


@pytest.mark.parametrize("key", sorted(ENTRIES))
def test_operation_is_described_in_a_sentence(key):
    text = inspect.getdoc(ENTRIES[key].forward) or ""
    summary = text.partition("\n\n")[0]
    assert summary.endswith((".", ":")), f"{key}: no docstring whose first paragraph is a sentence"


@pytest.mark.parametrize("key", sorted(ENTRIES))
def test_help_shows_the_signature_that_was_written(key):
    entry = ENTRIES[key]
    assert inspect.signature(entry.call) == entry.signature.of_forward


@pytest.mark.parametrize("key", PUBLIC)
def test_operation_has_samples_of_every_kind(key):
    entry = ENTRIES[key]
    assert entry.make_samples is not None, f"{key} has no samples"
    samples = list(entry.make_samples(Make()))
    assert samples, f"{key} yields no sample"
    assert all(isinstance(each, Sample) for each in samples)


@pytest.mark.parametrize("key", PUBLIC)
def test_operation_has_a_reference(key):
    assert ENTRIES[key].reference is not None, f"{key} has no reference="


@pytest.mark.parametrize("key", sorted(table))
def test_differentiable_operation_has_a_rule_for_every_input_or_says_that_it_has_none(key):
    entry: Op = table[key]
    slots = [entry.signature.names[k] for k in entry.signature.tensor_positions]
    if entry.differentiable and entry.joint_rule is None:
        assert entry.rules, f"{key} has no gradient rule; say differentiable=False where that is meant"
        assert set(entry.rules) <= set(slots)


@pytest.mark.parametrize("key", PUBLIC)
def test_public_name_is_the_entry_of_the_table(key):
    entry = ENTRIES[key]
    module = {"torch": "minigrad", "functional": "minigrad.nn.functional"}.get(
        entry.namespace, f"minigrad.{entry.namespace}"
    )
    home = importlib.import_module(module)
    for name in (entry.name, *entry.aliases):
        assert getattr(home, name, None) is entry.call, f"{entry.namespace}.{name} is something else"
        if entry.method:
            assert getattr(minigrad.Tensor, name) is entry.call


def test_stubs_say_what_the_table_gives():
    spec = importlib.util.spec_from_file_location("stubs", ROOT / "tools" / "stubs.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    stale = [
        str(path.relative_to(ROOT))
        for path, text in tool.stubs().items()
        if not path.exists() or path.read_text() != text
    ]
    assert not stale, f"run `make stubs`: {stale}"
