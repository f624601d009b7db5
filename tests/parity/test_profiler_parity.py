"""The profiler beside PyTorch's: schedules, names, forms of tables and traces. Times are not compared."""

from __future__ import annotations

import gzip
import importlib
import inspect
import json
import re

import pytest

import minigrad
import minigrad.autograd.profiler
import minigrad.nn
import minigrad.optim
import minigrad.profiler
from tests.parity.both import attempt, same

torch = pytest.importorskip("torch")

BOTH = pytest.mark.parametrize("library", [minigrad, torch], ids=["minigrad", "torch"])


def profiler_of(library):
    return importlib.import_module(f"{library.__name__}.profiler")


def train(library, steps=1, after=lambda: None):
    nn = library.nn
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))
    optimizer = library.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        model(library.ones(5, 4)).sum().backward()
        optimizer.step()
        after()


@pytest.mark.parametrize("name", ["schedule", "tensorboard_trace_handler"])
def test_signatures(name):
    ours, theirs = (inspect.signature(getattr(profiler_of(library), name)) for library in (minigrad, torch))
    assert list(ours.parameters) == list(theirs.parameters)


@same
def test_schedules(torch):
    schedule = profiler_of(torch).schedule
    found = []
    for options in (
        {"wait": 1, "warmup": 1, "active": 2},
        {"wait": 1, "warmup": 1, "active": 2, "repeat": 2, "skip_first": 3},
        {"wait": 2, "warmup": 0, "active": 1, "skip_first": 1, "skip_first_wait": 1},
        {"wait": 0, "warmup": 0, "active": 1},
    ):
        which = schedule(**options)
        found.append([which(k).name for k in range(14)])
    found.append(attempt(lambda: schedule(wait=-1, warmup=1, active=2)))
    found.append(attempt(lambda: schedule(wait=1, warmup=1, active=0)))
    found.append(attempt(lambda: schedule(wait=1, warmup=1, active=1)(-1)))
    return found


@BOTH
def test_a_profile_names_operations_nodes_and_blocks(library):
    profiler = profiler_of(library)
    cpu = [profiler.ProfilerActivity.CPU]
    with profiler.profile(activities=cpu, record_shapes=True) as prof, profiler.record_function("the model"):
        train(library)
    names = {event.key for event in prof.key_averages()}
    wanted = {"the model", "aten::linear", "aten::relu", "aten::sum"}
    wanted |= {
        "autograd::engine::evaluate_function: AddmmBackward0",
        "autograd::engine::evaluate_function: SumBackward0",
    }
    wanted |= {"Optimizer.step#SGD.step", "Optimizer.zero_grad#SGD.zero_grad"}
    assert wanted <= names
    (block,) = (event for event in prof.events() if event.name == "the model")
    assert block.cpu_parent is None
    assert block.cpu_time_total >= sum(each.cpu_time_total for each in block.cpu_children)
    linear = next(event for event in prof.events() if event.name == "aten::linear")
    assert linear.input_shapes == [[5, 4], [3, 4], [3]]
    assert linear.time_range.elapsed_us() == pytest.approx(linear.cpu_time_total)


@BOTH
def test_the_form_of_a_table(library):
    profiler = profiler_of(library)
    with profiler.profile(record_shapes=True, profile_memory=True) as prof:
        train(library)
    table = prof.key_averages(group_by_input_shape=True).table(sort_by="cpu_time_total", row_limit=3, header="times")
    lines = table.splitlines()
    assert set(lines[0]) == {"="}
    assert lines[1] == "times"
    titles = ["Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg", "CPU Mem", "Self CPU Mem"]
    assert re.split(r"\s{2,}", lines[3].strip()) == [*titles, "# of Calls", "Input Shapes"]
    assert set(lines[2]) == set(lines[4]) == {"-", " "}
    assert len(lines[5:-2]) == 3
    totals = [event.cpu_time_total for event in sorted(prof.key_averages(), key=lambda e: -e.cpu_time_total)]
    assert totals == sorted(totals, reverse=True)
    assert re.fullmatch(r"Self CPU time total: \d+\.\d{3}(us|ms|s)", lines[-1])


def test_a_schedule_hands_over_a_trace_a_cycle(tmp_path):
    """PyTorch 2.13 was seen to give the same, but crashed the process when it was run after other profiles."""
    library, profiler = minigrad, minigrad.profiler
    numbers = []

    def ready(prof):
        numbers.append(prof.step_num)
        profiler.tensorboard_trace_handler(str(tmp_path), "me", use_gzip=True)(prof)

    with profiler.profile(
        activities=[profiler.ProfilerActivity.CPU],
        schedule=profiler.schedule(wait=1, warmup=1, active=2, repeat=2),
        on_trace_ready=ready,
    ) as prof:
        train(library, steps=10, after=prof.step)
    assert numbers == [4, 8]
    files = sorted(tmp_path.iterdir())
    assert len(files) == 2
    assert all(re.fullmatch(r"me\.\d+\.pt\.trace\.json\.gz", each.name) for each in files)
    with gzip.open(files[0], "rt") as file:
        trace = json.load(file)
    names = {entry["name"] for entry in trace["traceEvents"] if entry["ph"] == "X"}
    assert {"ProfilerStep#2", "ProfilerStep#3", "aten::linear"} <= names
    assert "ProfilerStep#1" not in names


@BOTH
def test_the_older_profiler(library, tmp_path):
    module = importlib.import_module(f"{library.__name__}.autograd.profiler")
    with module.profile() as prof, module.record_function("block"):
        y = library.ones(3).exp()
        y.add_(1)
    assert {"aten::exp", "aten::add_", "block"} <= {event.key for event in prof.key_averages()}
    assert prof.self_cpu_time_total > 0
    assert prof.total_average().count == len(prof.function_events)
    assert "Self CPU time total" in str(prof)
    prof.export_chrome_trace(str(tmp_path / "trace.json"))
    entries = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    exp = next(entry for entry in entries if entry["name"] == "aten::exp")
    assert {"ph", "cat", "name", "pid", "tid", "ts", "dur"} <= set(exp)
    with module.profile(enabled=False) as nothing:
        library.ones(3).exp()
    assert nothing is None or not nothing.function_events


@BOTH
def test_record_function_decorates_and_does_nothing_without_a_profile(library):
    profiler = profiler_of(library)

    @profiler.record_function("decorated")
    def function(x):
        return x + 1

    assert function(library.ones(1)).item() == 2
    with profiler.profile() as prof:
        function(library.ones(1))
    assert "decorated" in {event.key for event in prof.key_averages()}


def test_nothing_is_left_in_the_doors_after_a_profile():
    from minigrad.ops.op import table

    def contents():
        return [entry.call.__globals__["forward"] for entry in table.values()]

    before = contents()
    with pytest.raises(ZeroDivisionError), minigrad.profiler.profile():
        1 / 0  # noqa: B018
    after = contents()
    assert all(one is other for one, other in zip(before, after, strict=True))
    refused = pytest.raises(RuntimeError, match="already enabled")
    with minigrad.profiler.profile(), refused, minigrad.profiler.profile():
        pass


def test_an_error_inside_an_operation_is_the_same_in_a_profile():
    with minigrad.profiler.profile() as prof:
        with pytest.raises(RuntimeError, match="must match the size"):
            minigrad.ones(2) + minigrad.ones(3)
        minigrad.ones(2).exp()
    assert [event.name for event in prof.events() if event.cpu_parent is None][-1] == "aten::exp"


def test_stacks_flops_and_memory_are_noted_when_asked_for(tmp_path):
    with minigrad.profiler.profile(with_stack=True, with_flops=True, profile_memory=True) as prof:
        minigrad.ones(2, 3) @ minigrad.ones(3, 4)
    (product,) = (event for event in prof.events() if event.name == "aten::matmul")
    assert product.flops == 2 * 2 * 3 * 4
    assert product.cpu_memory_usage == 2 * 4 * 4
    assert "test_profiler_parity.py" in product.stack[0]
    prof.export_stacks(str(tmp_path / "stacks"))
    assert "test_profiler_parity" in (tmp_path / "stacks").read_text()
    table = prof.key_averages(group_by_stack_n=2).table()
    assert "Source Location" in table
    assert "FLOPs" in table
