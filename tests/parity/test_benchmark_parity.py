"""``utils.benchmark`` beside PyTorch's: the form of what is shown. Times are not compared."""

from __future__ import annotations

import inspect
import re

import pytest

import minigrad.utils.benchmark

THEIRS = pytest.importorskip("torch.utils.benchmark")

BOTH = pytest.mark.parametrize("benchmark", [minigrad.utils.benchmark, THEIRS], ids=["ours", "theirs"])


@pytest.mark.parametrize("name", ["timeit", "blocked_autorange", "adaptive_autorange"])
def test_signatures(name):
    ours, theirs = (
        inspect.signature(getattr(each.Timer, name)).parameters.values() for each in (minigrad.utils.benchmark, THEIRS)
    )
    assert [(p.name, p.kind, p.default) for p in ours] == [(p.name, p.kind, p.default) for p in theirs]


@BOTH
def test_a_measurement_of_one_time(benchmark):
    timer = benchmark.Timer("x + 1", setup="x = torch.ones(3)", label="add", sub_label="small", description="eager")
    measurement = timer.timeit(100)
    assert measurement.number_per_run == 100
    assert measurement.median == measurement.mean > 0
    lines = repr(measurement).splitlines()
    assert lines[1:4] == ["add: small", "eager", "setup: x = torch.ones(3)"]
    assert re.fullmatch(r"  \d+\.\d\d (ns|us|ms)", lines[4])
    assert lines[5] == "  1 measurement, 100 runs , 1 thread"


@BOTH
def test_a_measurement_of_many_times(benchmark):
    calls = []
    timer = benchmark.Timer("f()", globals={"f": lambda: sum(range(1000))})
    measurement = timer.blocked_autorange(lambda number, time: calls.append(number), min_run_time=0.05)
    assert len(calls) == len(measurement.times)
    assert sum(measurement.raw_times) >= 0.05
    assert re.search(r"\n  Median: \d+\.\d\d us\n|\n  \d+\.\d\d us\n", repr(measurement))
    assert measurement.title == "f()"
    assert measurement.task_spec.num_threads == 1


@BOTH
def test_refusals(benchmark):
    with pytest.raises(ValueError, match="only a `str` stmt"):
        benchmark.Timer(lambda: None)
    with pytest.raises(NotImplementedError):
        benchmark.Timer("1").repeat()
