"""Events as files: a trace for chrome://tracing and Perfetto, and stacks for flame graphs."""

from __future__ import annotations

import gzip
import json
import os
import socket
from typing import Any

__all__ = ["write_stacks", "write_trace"]


def write_trace(events: Any, path: str, metadata: dict[str, Any] | None = None) -> None:
    """Write events in the Trace Event Format; a path that ends in ``.gz`` is compressed.

    The format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU.
    """
    process = os.getpid()
    entries: list[dict[str, Any]] = [
        {
            "ph": "X",
            "cat": event.kind,
            "name": event.name,
            "pid": process,
            "tid": event.thread,
            "ts": event.time_range.start,
            "dur": event.time_range.elapsed_us(),
            "args": _details(event),
        }
        for event in events
    ]
    entries.append(
        {"name": "process_name", "ph": "M", "ts": 0, "pid": process, "tid": 0, "args": {"name": "python"}}
    )  # fmt: skip
    trace = {
        "schemaVersion": 1,
        "deviceProperties": [],
        "host_name": socket.gethostname(),
        "displayTimeUnit": "ms",
        **(metadata or {}),
        "traceEvents": entries,
        "traceName": path,
    }
    opened: Any = gzip.open(path, "wt") if path.endswith(".gz") else open(path, "w", encoding="utf-8")  # noqa: SIM115
    with opened as file:
        json.dump(trace, file)


def _details(event: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"External id": event.id + 1, "Ev Idx": event.id}
    if event.input_shapes:
        found["Input Dims"] = event.input_shapes
    if event.stack:
        found["Call stack"] = ";".join(event.stack)
    if event.cpu_memory_usage:
        found["Bytes"] = event.cpu_memory_usage
    return found


def write_stacks(events: Any, path: str, metric: str) -> None:
    """Write a line for each event with a stack: its lines from the outermost to the innermost, and the time.

    Raises
    ------
    ValueError
        For an unknown metric.
    """
    known = events.supported_export_stacks_metrics()
    if metric not in known:
        raise ValueError(f"metric should be one of: {known}")
    table = str.maketrans(" ;\t\n", "____")
    with open(path, "w", encoding="utf-8") as file:
        for event in events:
            value = int(getattr(event, metric, 0))
            if event.stack and value > 0:
                frames = ";".join(line.translate(table) for line in reversed(event.stack))
                file.write(f"{frames} {value}\n")
