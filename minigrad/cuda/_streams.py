"""Streams, in which a GPU does what it is asked in order, and events, which mark places in them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from minigrad.cuda._devices import index_of
from minigrad.devices import check_available
from minigrad.devices import device as Device
from minigrad_kernels.cuda import _memory


class Stream:
    """A sequence of work on a GPU; work in different streams may overlap.

    Parameters
    ----------
    device : device, optional
        By default the current one.
    priority : int
        Negative for urgent work.
    """

    def __init__(self, device: Any = None, priority: int = 0, *, stream: Any = None) -> None:
        self.device = Device("cuda", index_of(device))
        self._stream = _memory.module().cuda.Stream(non_blocking=True) if stream is None else stream
        self.priority = priority

    def synchronize(self) -> None:
        """Wait until all work of the stream is done."""
        self._stream.synchronize()

    def query(self) -> bool:
        """Whether all work of the stream is done."""
        return bool(self._stream.done)

    def wait_event(self, event: Event) -> None:
        """Let work asked for from now on wait for an event."""
        self._stream.wait_event(event._made())

    def wait_stream(self, stream: Stream) -> None:
        """Let work asked for from now on wait for what another stream was asked for."""
        self.wait_event(stream.record_event())

    def record_event(self, event: Event | None = None) -> Event:
        """Mark the end of what the stream was asked for so far."""
        event = event or Event()
        event.record(self)
        return event

    @property
    def cuda_stream(self) -> int:
        """The address by which CUDA knows the stream."""
        return int(self._stream.ptr)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and self.cuda_stream == other.cuda_stream

    def __hash__(self) -> int:
        return hash(self.cuda_stream)

    def __repr__(self) -> str:
        return f"<torch.cuda.Stream device={self.device} cuda_stream={self.cuda_stream:#x}>"


class Event:
    """A place in a stream, to wait for or to measure time between.

    Parameters
    ----------
    enable_timing : bool
        Whether `elapsed_time` will be asked.
    blocking : bool
        Whether waiting sleeps instead of asking again and again.
    interprocess : bool
        Must be False.
    """

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> None:
        if interprocess:
            raise RuntimeError("events between processes are not supported")
        self._options = {"block": blocking, "disable_timing": not enable_timing}
        self._event: Any = None

    def _made(self) -> Any:
        if self._event is None:
            check_available("cuda")
            self._event = _memory.module().cuda.Event(**self._options)
        return self._event

    def record(self, stream: Stream | None = None) -> None:
        """Mark the end of what a stream, by default the current one, was asked for so far."""
        event = self._made()
        event.record(None if stream is None else stream._stream)

    def wait(self, stream: Stream | None = None) -> None:
        """Let a stream, by default the current one, wait for the event."""
        (current_stream() if stream is None else stream).wait_event(self)

    def synchronize(self) -> None:
        """Wait until the work before the event is done."""
        self._made().synchronize()

    def query(self) -> bool:
        """Whether the work before the event is done."""
        return bool(self._made().done)

    def elapsed_time(self, end_event: Event) -> float:
        """Return the milliseconds between this event and a later one, both recorded with ``enable_timing``."""
        if self._options["disable_timing"] or end_event._options["disable_timing"]:
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        if self._event is None or end_event._event is None:
            raise ValueError("Both events must be recorded before calculating elapsed time.")
        return float(_memory.module().cuda.get_elapsed_time(self._event, end_event._event))


def current_stream(device: Any = None) -> Stream:
    """Return the stream that operations are asked in."""
    index = index_of(device)
    return Stream(index, stream=_memory.module().cuda.get_current_stream(index))


def default_stream(device: Any = None) -> Stream:
    """Return the stream that is used where none is chosen."""
    return Stream(index_of(device), stream=_memory.module().cuda.Stream.null)


@contextlib.contextmanager
def stream(stream: Stream | None) -> Iterator[None]:
    """In a ``with`` statement, the stream that operations are asked in; None changes nothing."""
    if stream is None:
        yield
        return
    with stream._stream:
        yield
