"""The events of a profile, and their sums."""

from __future__ import annotations

import enum
from typing import Any

from minigrad.autograd.profiler._table import format_time, make_table
from minigrad.autograd.profiler._trace import write_stacks, write_trace

__all__ = ["DeviceType", "EventList", "FunctionEvent", "FunctionEventAvg", "Interval"]


_SUMMED = (
    "cpu_time_total", "self_cpu_time_total", "cpu_memory_usage", "self_cpu_memory_usage", "flops", "count",
)  # fmt: skip


class DeviceType(enum.Enum):
    """Kinds of devices that events happen on."""

    CPU = 0
    CUDA = 1


class Interval:
    """When an event began and ended, in microseconds."""

    def __init__(self, start: float, end: float) -> None:
        self.start = start
        self.end = end

    def elapsed_us(self) -> float:
        """Return the duration."""
        return self.end - self.start


class _Times:
    """What events and their sums have in common: times as text, and times of devices, which are 0."""

    count = 1
    cpu_time_total = 0.0
    self_cpu_time_total = 0.0
    device_time_total = self_device_time_total = device_time = 0.0
    cuda_time_total = self_cuda_time_total = cuda_time = 0.0
    device_memory_usage = self_device_memory_usage = 0
    device_type = DeviceType.CPU
    use_device: str | None = None
    overload_name = ""
    node_id = -1
    is_async = is_remote = is_legacy = is_user_annotation = False

    @property
    def cpu_time(self) -> float:
        """The mean time of a call in microseconds."""
        return self.cpu_time_total / self.count if self.count else 0.0

    cpu_time_str = property(lambda self: format_time(self.cpu_time))
    cpu_time_total_str = property(lambda self: format_time(self.cpu_time_total))
    self_cpu_time_total_str = property(lambda self: format_time(self.self_cpu_time_total))
    device_time_str = device_time_total_str = self_device_time_total_str = property(lambda self: format_time(0.0))


class FunctionEvent(_Times):
    """One call, with its place in time and among the others.

    Attributes
    ----------
    id : int
    name, key : str
    kind : str
        "cpu_op", or "user_annotation" for `record_function`.
    thread : int
    cpu_parent : FunctionEvent or None
        The call around it.
    cpu_children : list of FunctionEvent
        The calls inside it.
    input_shapes : list
    stack : list of str
    cpu_memory_usage : int
        Bytes of new memory, of the calls inside too.
    flops : int
    """

    def __init__(self, id: int, name: str, kind: str, thread: int, parent: FunctionEvent | None) -> None:
        self.id = id
        self.name = self.key = self.trace_name = name
        self.kind = kind
        self.is_user_annotation = kind == "user_annotation"
        self.thread = thread
        self.cpu_parent = parent
        self.cpu_children: list[FunctionEvent] = []
        self.input_shapes: list[Any] = []
        self.stack: list[str] = []
        self.cpu_memory_usage = 0
        self.flops = 0
        self.start_ns = self.end_ns = 0
        self.scope = 0
        self.sequence_nr = -1
        if parent is not None:
            parent.cpu_children.append(self)

    @property
    def time_range(self) -> Interval:
        """When the call began and ended."""
        return Interval(self.start_ns / 1000, self.end_ns / 1000)

    cpu_interval = time_range

    @property
    def cpu_time_total(self) -> float:  # type: ignore[override]
        """The time of the call in microseconds."""
        return (self.end_ns - self.start_ns) / 1000

    @property
    def self_cpu_time_total(self) -> float:  # type: ignore[override]
        """The time of the call without the calls inside it."""
        return self.cpu_time_total - sum(each.cpu_time_total for each in self.cpu_children)

    @property
    def self_cpu_memory_usage(self) -> int:
        """The bytes of new memory of the call without the calls inside it."""
        return self.cpu_memory_usage - sum(each.cpu_memory_usage for each in self.cpu_children)

    def note_memory(self, count: int) -> None:
        """Count bytes of new memory, here and in the calls around."""
        already = self.cpu_memory_usage
        self.cpu_memory_usage = max(count, already)
        around = self.cpu_parent
        while around is not None:
            around.cpu_memory_usage += self.cpu_memory_usage - already
            around = around.cpu_parent

    def __repr__(self) -> str:
        return (
            f"<FunctionEvent id={self.id} name={self.name} overload_name= device_type={self.device_type} node_id=-1 "
            f"cpu_time={self.cpu_time_str} start_us={self.time_range.start:.3f} end_us={self.time_range.end:.3f} "
            f"cpu_children={[each.id for each in self.cpu_children]} thread={self.thread} "
            f"input_shapes={self.input_shapes} cpu_memory_usage={self.cpu_memory_usage}>"
        )


class FunctionEventAvg(_Times):
    """The sums of the events of one name."""

    def __init__(self) -> None:
        self.key: str | None = None
        self.count = 0
        self.cpu_time_total = 0.0
        self.self_cpu_time_total = 0.0
        self.cpu_memory_usage = 0
        self.self_cpu_memory_usage = 0
        self.flops = 0
        self.input_shapes: Any = None
        self.stack: Any = None
        self.cpu_parent: Any = None
        self.cpu_children: list[Any] = []
        self.scope = 0

    def add(self, other: Any) -> FunctionEventAvg:
        """Add an event, or sums."""
        if self.key is None:
            self.key = other.key
            self.cpu_parent = other.cpu_parent
            self.is_user_annotation = other.is_user_annotation
            self.input_shapes, self.stack = other.input_shapes, other.stack
        for name in _SUMMED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    __iadd__ = add

    def __repr__(self) -> str:
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={self.self_cpu_time_total_str} "
            f"cpu_time={self.cpu_time_str}  self_cuda_time=0.000us cuda_time=0.000us input_shapes={self.input_shapes} "
            f"cpu_memory_usage={self.cpu_memory_usage} cuda_memory_usage=0>"
        )


class EventList(list[Any]):
    """A list of events, or of their sums.

    Parameters
    ----------
    events : iterable
    profile_memory, with_flops : bool
        Whether tables show them.
    """

    def __init__(self, events: Any = (), *, profile_memory: bool = False, with_flops: bool = False) -> None:
        super().__init__(events)
        self._profile_memory = profile_memory
        self._with_flops = with_flops

    def __str__(self) -> str:
        return self.table()

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_src_column_width: int | None = 75,
        max_name_column_width: int | None = 55,
        max_shapes_column_width: int | None = 80,
        header: str | None = None,
        top_level_events_only: bool = False,
        time_unit: str | None = None,
    ) -> str:
        """Return the events as a table.

        Parameters
        ----------
        sort_by : str, optional
            "cpu_time", "cpu_time_total", "self_cpu_time_total", "cpu_memory_usage", "self_cpu_memory_usage" or "count",
            the largest first; by default as they come.
        row_limit : int
            -1 for all rows.
        max_src_column_width, max_name_column_width, max_shapes_column_width : int or None
        header : str, optional
            A line above.
        top_level_events_only : bool
            Leave out what was called inside something else.
        time_unit : str, optional
            "s", "ms" or "us"; by default as fits each time.
        """
        return make_table(
            self, sort_by, row_limit, (max_name_column_width, max_shapes_column_width, max_src_column_width), header,
            self._with_flops, self._profile_memory, top_level_events_only, time_unit,
        )  # fmt: skip

    def key_averages(
        self, group_by_input_shapes: bool = False, group_by_stack_n: int = 0, group_by_overload_name: bool = False
    ) -> EventList:
        """Return one entry a name (and, if asked for, shapes and stack), with the sums of its events."""
        sums: dict[Any, FunctionEventAvg] = {}
        for event in self:
            key = [event.key]
            if group_by_input_shapes:
                key.append(str(event.input_shapes))
            if group_by_stack_n:
                key += event.stack[:group_by_stack_n]
            sums.setdefault(tuple(key), FunctionEventAvg()).add(event)
        for each in sums.values():
            each.input_shapes = each.input_shapes if group_by_input_shapes else ""
            each.stack = each.stack[:group_by_stack_n] if group_by_stack_n else []
        return EventList(sums.values(), profile_memory=self._profile_memory, with_flops=self._with_flops)

    def total_average(self) -> FunctionEventAvg:
        """Return one entry with the sums of all events."""
        total = FunctionEventAvg()
        for each in self:
            total.add(each)
            total.key = None
        total.key = "Total"
        return total

    @property
    def self_cpu_time_total(self) -> float:
        """The time of all events in microseconds, each moment counted once."""
        return sum(each.self_cpu_time_total for each in self)

    def export_chrome_trace(self, path: str) -> None:
        """Write the events to a file that chrome://tracing and Perfetto show."""
        write_trace(self, path)

    def export_stacks(self, path: str, metric: str) -> None:
        """Write the stacks and their times to a file, as flame graphs are made of."""
        write_stacks(self, path, metric)

    def supported_export_stacks_metrics(self) -> list[str]:
        """Return what `export_stacks` can write."""
        return ["self_cpu_time_total", "self_cuda_time_total", "self_xpu_time_total", "self_privateuse1_time_total"]
