"""`profile`: recording by a schedule of steps."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

from minigrad.autograd.profiler import EventList, record_function
from minigrad.autograd.profiler._recorder import Recorder
from minigrad.autograd.profiler._trace import write_trace
from minigrad.profiler._schedule import ProfilerAction, ProfilerActivity

__all__ = ["kineto_available", "profile", "supported_activities", "tensorboard_trace_handler"]

_RECORDS = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)


def kineto_available() -> bool:
    """Whether PyTorch's profiling library is there: never; minigrad records by itself."""
    return False


def supported_activities() -> set[ProfilerActivity]:
    """Return what can be recorded."""
    return {ProfilerActivity.CPU}


def _always(step: int) -> ProfilerAction:
    return ProfilerAction.RECORD


class profile:
    """Context manager that records operations, in all steps or in those of a schedule.

    Parameters
    ----------
    activities : iterable of ProfilerActivity, optional
        By default all that can be recorded; of those that cannot, nothing is.
    schedule : callable, optional
        Gives the `ProfilerAction` of each step; ``step()`` is to be called after each.
    on_trace_ready : callable, optional
        Gets the profiler at the end of each cycle of the schedule, or at the end.
    record_shapes, profile_memory, with_stack, with_flops : bool
        As for ``autograd.profiler.profile``.
    with_modules, experimental_config, execution_trace_observer, use_cuda, custom_trace_id_callback
        Accepted.
    acc_events : bool
        Keep the events of earlier cycles.

    Examples
    --------
    >>> import minigrad as torch
    >>> with torch.profiler.profile(record_shapes=True) as prof:
    ...     with torch.profiler.record_function("the product"):
    ...         _ = torch.ones(2, 3) @ torch.ones(3, 4)
    >>> [event.name for event in prof.events()]
    ['the product', 'aten::matmul']
    """

    def __init__(
        self,
        *,
        activities: Iterable[ProfilerActivity] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[..., Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        experimental_config: Any = None,
        execution_trace_observer: Any = None,
        acc_events: bool = False,
        use_cuda: bool | None = None,
        custom_trace_id_callback: Callable[[], str] | None = None,
        post_processing_timeout_s: float | None = None,
    ) -> None:
        self.activities = set(activities) if activities is not None else supported_activities()
        if not self.activities:
            raise AssertionError("No valid profiler activities found")
        self.schedule = schedule or _always
        self.record_steps = schedule is not None
        self.on_trace_ready = on_trace_ready
        self.record_shapes = record_shapes or with_flops
        self.profile_memory = profile_memory
        self.with_stack = with_stack
        self.with_flops = with_flops
        self.acc_events = acc_events
        self.step_num = 0
        self.current_action = self.schedule(0)
        self._recorder: Recorder | None = None
        self._step: record_function | None = None
        self._kept: EventList | None = None
        self._metadata: dict[str, Any] = {}

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin with the first step."""
        if self.current_action is not ProfilerAction.NONE:
            self._begin()

    def stop(self) -> None:
        """End the last step, and hand over what was recorded in it."""
        recording = self.current_action in _RECORDS and self._recorder is not None
        self._end()
        if recording and self.on_trace_ready is not None:
            self.on_trace_ready(self)

    def step(self) -> None:
        """Say that the next step begins."""
        self._leave_step()
        before = self.current_action
        self.step_num += 1
        self.current_action = after = self.schedule(self.step_num)
        if before is ProfilerAction.RECORD_AND_SAVE:
            self._end()
            if self.on_trace_ready is not None:
                self.on_trace_ready(self)
        elif before in _RECORDS and after is ProfilerAction.NONE:
            self._end()
        if before is ProfilerAction.WARMUP and after in _RECORDS and self._recorder is not None:
            self._recorder.events.clear()  # what the warm-up recorded
        elif after is ProfilerAction.NONE:
            self._end()
        elif self._recorder is None:
            self._begin()
        self._enter_step()

    def _begin(self) -> None:
        self._recorder = Recorder(self.record_shapes, self.with_stack, self.profile_memory, self.with_flops)
        self._recorder.start()
        self._enter_step()

    def _end(self) -> None:
        if self._recorder is None:
            return
        self._leave_step()
        self._recorder.stop()
        before = list(self._kept) if self.acc_events and self._kept is not None else []
        self._kept = EventList(
            [*before, *self._recorder.events], profile_memory=self.profile_memory, with_flops=self.with_flops
        )
        self._recorder = None

    def _enter_step(self) -> None:
        if self.record_steps and self._recorder is not None and self._step is None:
            self._step = record_function(f"ProfilerStep#{self.step_num}")
            self._step.__enter__()

    def _leave_step(self) -> None:
        if self._step is not None:
            self._step.__exit__(None, None, None)
            self._step = None

    def events(self) -> EventList:
        """Return what was recorded in the last cycle.

        Raises
        ------
        AssertionError
            When nothing was recorded yet.
        """
        if self._kept is None:
            raise AssertionError("Profiler must be initialized before accessing events")
        return self._kept

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0, group_by_overload_name: bool = False
    ) -> EventList:
        """Return one entry a name (and, if asked for, shapes and stack), with the sums of its events."""
        return self.events().key_averages(group_by_input_shape, group_by_stack_n)

    def export_chrome_trace(self, path: str, use_python_export: bool = False) -> None:
        """Write the events to a file that chrome://tracing and Perfetto show; one ending in ``.gz`` is compressed."""
        write_trace(self.events(), str(path), self._metadata)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Write the stacks and their times to a file, as flame graphs are made of."""
        self.events().export_stacks(path, metric)

    def add_metadata(self, key: str, value: str) -> None:
        """Put a text into the trace."""
        self._metadata[key] = value

    def add_metadata_json(self, key: str, value: str) -> None:
        """Put a JSON value into the trace."""
        import json

        self._metadata[key] = json.loads(value)


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False, use_python_export: bool = False
) -> Callable[[profile], None]:
    """Return a function for ``on_trace_ready`` that writes each trace to a file of its own in a folder.

    Parameters
    ----------
    dir_name : str
        Made if it is not there.
    worker_name : str, optional
        Of this process; by default the host's name and the process number.
    use_gzip : bool
    """

    def handler_fn(prof: profile) -> None:
        os.makedirs(dir_name, exist_ok=True)
        worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        name = f"{worker}.{time.time_ns()}.pt.trace.json{'.gz' if use_gzip else ''}"
        prof.export_chrome_trace(os.path.join(dir_name, name))

    return handler_fn
