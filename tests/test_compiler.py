"""What programs ask a compiler for, which changes nothing of what they compute."""

from __future__ import annotations

from typing import Any

import pytest

import minigrad
from minigrad import compiler, distributed, functional, jit, nn


def test_a_compiled_function_is_the_function():
    def double(x):
        return 2 * x

    assert minigrad.compile(double) is double
    assert minigrad.compile(mode="max-autotune", fullgraph=True)(double) is double


def test_a_compiled_module_computes_what_the_module_computes_under_other_names():
    layer = nn.Linear(2, 3)
    made = minigrad.compile(layer)
    x = minigrad.ones(1, 2)
    assert made(x).equal(layer(x))
    assert list(made.state_dict()) == ["_orig_mod.weight", "_orig_mod.bias"]
    assert repr(made).startswith("OptimizedModule(\n  (_orig_mod): Linear(")
    assert made.in_features == 2
    assert made.weight is layer.weight


def test_a_compiled_module_hands_on_its_mode_and_what_is_written_to_it():
    stack = nn.Sequential(nn.Linear(2, 2), nn.Dropout())
    made = minigrad.compile(stack)
    made.eval()
    made.note = "seen"
    assert not stack[1].training
    assert stack.note == "seen"
    assert len(made) == 2


def test_a_module_compiled_in_place_stays_what_it_is():
    layer = nn.Linear(2, 2)
    layer.compile(mode="reduce-overhead")
    assert list(layer.state_dict()) == ["weight", "bias"]


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"mode": "default", "options": {}}, RuntimeError, "Either mode or options can be specified"),
        ({"mode": "fastest"}, RuntimeError, "Unrecognized mode=fastest, should be one of"),
        ({"backend": "nope"}, RuntimeError, "Invalid backend: 'nope'"),
        ({"model": 3}, AssertionError, "A callable function is expected, but <class 'int'> is provided."),
    ],
)
def test_what_cannot_be_compiled_is_refused(options, error, text):
    with pytest.raises(error, match=text.split("'")[0][:30]):
        compiler.compile(**options)


def test_nothing_is_being_compiled_traced_or_distributed():
    questions = (
        compiler.is_compiling,
        jit.is_scripting,
        jit.is_tracing,
        distributed.is_available,
        distributed.is_initialized,
    )
    assert [ask() for ask in questions] == [False] * 5


@jit.script
def relu_of_sum(x, y):
    if jit.is_scripting():
        raise AssertionError
    return minigrad.relu(x + y)


def test_scripted_and_traced_code_runs_as_python():
    class Model(jit.ScriptModule):
        @jit.script_method
        def forward(self, x):
            return self.doubled(x)

        @jit.ignore
        def doubled(self, x):
            return x * 2

        @jit.unused
        @jit.export
        def other(self, x):
            return x

    one = minigrad.ones(2)
    model = Model()
    assert jit.trace(model, one)(one).tolist() == [2.0, 2.0]
    assert relu_of_sum(one, -3 * one).tolist() == [0.0, 0.0]
    assert jit.annotate(list[int], []) == []


@pytest.mark.parametrize(
    ("value", "kind", "holds"),
    [
        ([1, 2], list[int], True),
        ([1, "a"], list[int], False),
        ({"a": 1.0}, dict[str, float], True),
        ((1, "a"), tuple[int, str], True),
        ((1,), tuple[int, str], False),
        (None, int | None, True),
        ("a", int | None, False),
        ([1], (str, list[int]), True),
    ],
)
def test_types_are_told_by_what_containers_hold(value: Any, kind: Any, holds: bool):
    assert jit.isinstance(value, kind) is holds


def test_functions_are_found_at_their_other_address():
    assert functional.einsum is minigrad.einsum
    assert functional.__all__ == [name for name in functional.__all__ if hasattr(minigrad, name)]
