"""The profiler of operations: what ran, how often, how long, on what shapes.

While a profile is active the forwards of the operations are exchanged for timed ones inside the doors of the table; the
rest of the time nothing asks whether there is a profiler.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

from minigrad.autograd.profiler._events import DeviceType, EventList, FunctionEvent, FunctionEventAvg
from minigrad.autograd.profiler._recorder import Recorder, recording

__all__ = [
    "DeviceType",
    "EventList",
    "FunctionEvent",
    "FunctionEventAvg",
    "Kernel",
    "profile",
    "record_function",
]


class Kernel:
    """A kernel on a device, by name and duration; the CPU has none apart from its operations."""

    def __init__(self, name: str, device: int, duration: int) -> None:
        self.name = name
        self.device = device
        self.duration = duration


class profile:
    """Context manager that records the operations called inside.

    Parameters
    ----------
    enabled : bool
        With False, the block is nothing special.
    record_shapes : bool
        Note the shapes of the inputs.
    with_flops : bool
        Estimate the floating point operations of products and convolutions.
    profile_memory : bool
        Note the bytes of the results that are new memory.
    with_stack : bool
        Note the lines that called.
    use_cuda, use_device, with_modules, use_kineto, use_cpu, experimental_config, acc_events, custom_trace_id_callback
        Accepted; they change nothing on the CPU.

    Examples
    --------
    >>> import minigrad as torch
    >>> with torch.autograd.profiler.profile() as prof:
    ...     _ = torch.ones(3).exp()
    >>> [event.key for event in prof.key_averages()]
    ['aten::exp']
    """

    def __init__(
        self,
        enabled: bool = True,
        *,
        use_cuda: bool = False,
        use_device: str | None = None,
        record_shapes: bool = False,
        with_flops: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_modules: bool = False,
        use_kineto: bool = False,
        use_cpu: bool = True,
        experimental_config: Any = None,
        acc_events: bool = False,
        custom_trace_id_callback: Callable[[], str] | None = None,
        post_processing_timeout_s: float | None = None,
        activity_filters: Any = None,
    ) -> None:
        self.enabled = enabled
        self.record_shapes = record_shapes or with_flops
        self.with_flops = with_flops
        self.profile_memory = profile_memory
        self.with_stack = with_stack
        self.with_modules = with_modules
        self.function_events: EventList | None = None
        self.entered = False
        self._recorder: Recorder | None = None

    def __enter__(self) -> profile | None:
        if not self.enabled:
            return None
        if self.entered:
            raise RuntimeError("Profiler context manager is not reentrant")
        self.entered = True
        self._recorder = Recorder(self.record_shapes, self.with_stack, self.profile_memory, self.with_flops)
        self._recorder.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self.enabled and self._recorder is not None:
            self._recorder.stop()
            self.function_events = EventList(
                self._recorder.events, profile_memory=self.profile_memory, with_flops=self.with_flops
            )

    def _events(self) -> EventList:
        if self.function_events is None:
            raise RuntimeError("Profiler didn't finish running")
        return self.function_events

    def __repr__(self) -> str:
        return "<unfinished torch.autograd.profile>" if self.function_events is None else repr(self.function_events)

    def __str__(self) -> str:
        return "<unfinished torch.autograd.profile>" if self.function_events is None else str(self.function_events)

    def table(self, *args: Any, **kwargs: Any) -> str:
        """Return the events as a table; the parameters are those of `EventList.table`."""
        return self._events().table(*args, **kwargs)

    def export_chrome_trace(self, path: str) -> None:
        """Write the events to a file that chrome://tracing and Perfetto show."""
        self._events().export_chrome_trace(path)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Write the stacks and their times to a file, as flame graphs are made of."""
        self._events().export_stacks(path, metric)

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0, group_by_overload_name: bool = False
    ) -> EventList:
        """Return one entry a name (and, if asked for, shapes and stack), with the sums of its events."""
        return self._events().key_averages(group_by_input_shape, group_by_stack_n)

    def total_average(self) -> FunctionEventAvg:
        """Return one entry with the sums of all events."""
        return self._events().total_average()

    @property
    def self_cpu_time_total(self) -> float:
        """The time of all events in microseconds, each moment counted once."""
        return self._events().self_cpu_time_total


class record_function:
    """Context manager and decorator that gives a block of code a name in the profile; without one it does nothing.

    Parameters
    ----------
    name : str
    args : str, optional
        Accepted.
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self.args = args
        self._begun: tuple[Recorder, Any] | None = None

    def __enter__(self) -> record_function:
        recorder = recording.current
        if recorder is not None:
            self._begun = recorder, recorder.begin(self.name, "user_annotation", ())
        return self

    def __exit__(self, *error: object) -> None:
        if self._begun is not None:
            recorder, event = self._begun
            self._begun = None
            recorder.end(event, time.perf_counter_ns())

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with its calls recorded under the name."""

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name, self.args):
                return function(*args, **kwargs)

        return decorated
