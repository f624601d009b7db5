"""Events as a table, in PyTorch's form."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["format_memory", "format_time", "make_table"]

_WIDTH = 12
_FLOPS = ("FLOPs", "KFLOPs", "MFLOPs", "GFLOPs", "TFLOPs", "PFLOPs")


def format_time(microseconds: float) -> str:
    """Return a time in seconds, milliseconds or microseconds."""
    if microseconds >= 1e6:
        return f"{microseconds / 1e6:.3f}s"
    return f"{microseconds / 1e3:.3f}ms" if microseconds >= 1e3 else f"{microseconds:.3f}us"


def format_memory(count: int) -> str:
    """Return a number of bytes in the largest unit that it reaches."""
    for power, unit in ((3, "GB"), (2, "MB"), (1, "KB")):
        if abs(count) >= 1024**power:
            return f"{count / 1024**power:.2f} {unit}"
    return f"{count} B"


def _in_unit(microseconds: float, unit: str | None) -> str:
    if unit is None:
        return format_time(microseconds)
    return f"{microseconds / {'s': 1e6, 'ms': 1e3, 'us': 1.0}[unit]:.3f}{unit}"


def _share(time: float, total: float) -> str:
    return f"{time * 100.0 / total:.2f}%" if total else "NaN"


def _fitted(longest: int, limit: int | None) -> int:
    return longest + 4 if limit is None else min(longest + 4, limit)


def _end_of(text: str, width: int) -> str:
    """Return the end of a path that is too long."""
    return text if len(text) <= width else "..." + text[len(text) - width + 3 :]


def make_table(
    events: Any,
    sort_by: str | None,
    row_limit: int,
    widths: tuple[int | None, int | None, int | None],
    header: str | None,
    with_flops: bool,
    profile_memory: bool,
    top_level_events_only: bool,
    time_unit: str | None,
) -> str:
    """Return the table that `EventList.table` describes; ``widths`` are those of names, shapes and source lines."""
    if not len(events):
        return ""
    total = sum(each.self_cpu_time_total for each in events)
    if sort_by is not None:
        events = sorted(events, key=lambda each: getattr(each, sort_by), reverse=True)
    has_shapes = any(each.input_shapes for each in events)
    has_stack = any(each.stack for each in events)
    flops = [each.flops for each in events if each.flops > 0]
    with_flops = with_flops and bool(flops)
    scale = min(int(max(0.0, math.log10(min(flops)) / 3)), len(_FLOPS) - 1) if with_flops else 0
    name_width = _fitted(max(len(each.key) for each in events), widths[0])
    shapes_width = _fitted(max(len(str(each.input_shapes)) for each in events), widths[1])
    source_width = _fitted(max((len(line) for each in events for line in each.stack or ()), default=0), widths[2])
    titles = ["Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg"]
    titles += [*(["CPU Mem", "Self CPU Mem"] if profile_memory else []), "# of Calls"]
    columns = [f"{{: >{name_width}}}", *[f"{{: >{_WIDTH}}}"] * (len(titles) - 1)]
    rules = [name_width, *[_WIDTH] * (len(titles) - 1)]
    for wanted, title, width, side in (
        (has_shapes, "Input Shapes", shapes_width, ">"),
        (has_stack, "Source Location", source_width, "<"),
        (with_flops, f"Total {_FLOPS[scale]}", _WIDTH, ">"),
    ):
        if wanted:
            titles.append(title)
            columns.append(f"{{: {side}{width}}}")
            rules.append(width)
    row_format = "  ".join(columns) + "  "
    rule = "  ".join("-" * width for width in rules) + "  "
    lines = []
    if header is not None:
        lines += ["=" * (len(rule) - 2), header]
    if top_level_events_only:
        lines += ["=" * (len(rule) - 2), "This report only display top-level ops statistics"]
    lines += [rule, row_format.format(*titles), rule]
    shown = [each for each in events if not (top_level_events_only and each.cpu_parent is not None)]
    for each in shown if row_limit < 0 else shown[:row_limit]:
        name = each.key
        if widths[0] is not None and len(name) >= widths[0] - 3:
            name = name[: widths[0] - 3] + "..."
        row = [
            name,
            _share(each.self_cpu_time_total, total),
            _in_unit(each.self_cpu_time_total, time_unit),
            _share(each.cpu_time_total, total),
            _in_unit(each.cpu_time_total, time_unit),
            _in_unit(each.cpu_time, time_unit),
        ]
        if profile_memory:
            row += [format_memory(each.cpu_memory_usage), format_memory(each.self_cpu_memory_usage)]
        row.append(each.count)
        if has_shapes:
            row.append(str(each.input_shapes)[:shapes_width])
        if has_stack:
            row.append(_end_of(each.stack[0], source_width) if each.stack else "")
        if with_flops:
            row.append(f"{each.flops / 1000**scale:8.3f}" if each.flops > 0 else "--")
        lines.append(row_format.format(*row))
        if has_stack:
            place = len(titles) - 1 - with_flops
            for line in [*each.stack[1:], ""]:
                blank = [""] * len(titles)
                blank[place] = _end_of(line, source_width)
                lines.append(row_format.format(*blank))
    lines += [rule, f"Self CPU time total: {_in_unit(total, time_unit)}"]
    return "\n".join(lines) + "\n"
