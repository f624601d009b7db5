"""Recording: the timed forwards, and the events they leave."""

from __future__ import annotations

import functools
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from minigrad.autograd.function import FunctionNode
from minigrad.autograd.node import MultiNode, Node, SequenceNode
from minigrad.autograd.profiler._events import FunctionEvent
from minigrad.autograd.profiler._flops import flops_of
from minigrad.autograd.saving import PackedMultiNode, PackedNode
from minigrad.autograd.views import CopySlices
from minigrad.ops.backend import is_array
from minigrad.ops.op import composed_table, table
from minigrad.ops.state import Upper

__all__ = ["Recorder", "recording"]

# Operations that PyTorch has under another name.
_NAMES = {
    "advanced_index": "index", "basic_index": "slice", "choose": "where", "column_sums": "sum", "copy": "copy_",
    "cross_entropy_of_classes": "cross_entropy_loss", "embedding_rows": "embedding", "max_all": "max", "max_dim": "max",
    "max_pool_values": "max_pool2d", "mean_pool": "avg_pool2d", "min_all": "min", "min_dim": "min",
    "normalized": "native_layer_norm", "sort_values": "sort", "split_parts": "split",
    "to_dtype": "to", "zeros_of": "zeros_like",
}  # fmt: skip

_NODES = (Node, FunctionNode, CopySlices, PackedNode, PackedMultiNode)

# Methods of layers above that a profile shows under PyTorch's names: module, class, method, how the name is made.
_LANDMARKS: tuple[tuple[str, str, str, Callable[[Any], str]], ...] = (
    ("minigrad.optim.optimizer", "Optimizer", "step", lambda self: f"Optimizer.step#{type(self).__name__}.step"),
    (
        "minigrad.optim.optimizer",
        "Optimizer",
        "zero_grad",
        lambda self: f"Optimizer.zero_grad#{type(self).__name__}.zero_grad",
    ),
    (
        "minigrad.utils.data._iterators",
        "_SingleProcessDataLoaderIter",
        "__next__",
        lambda self: f"enumerate(DataLoader)#{type(self).__name__}.__next__",
    ),
)


class _Recording:
    """Which recorder is active, for the whole process."""

    current: Recorder | None = None


recording = _Recording()


class _Thread(threading.local):
    def __init__(self) -> None:
        self.open: list[FunctionEvent] = []


class Recorder:
    """Records events from `start` to `stop`.

    Parameters
    ----------
    shapes, stacks, memory, flops : bool
        What is noted of each call.

    Attributes
    ----------
    events : list of FunctionEvent
        In order of their beginning.
    """

    def __init__(self, shapes: bool, stacks: bool, memory: bool, flops: bool) -> None:
        self.shapes = shapes
        self.stacks = stacks
        self.memory = memory
        self.flops = flops
        self.events: list[FunctionEvent] = []
        self._thread = _Thread()
        self._undo: list[Callable[[], None]] = []
        self._origin = 0

    def start(self) -> None:
        """Begin to record.

        Raises
        ------
        RuntimeError
            While another profile is active.
        """
        if recording.current is not None:
            raise RuntimeError("Profiler is already enabled on this thread")
        recording.current = self
        self._origin = time.perf_counter_ns()
        for entry in (*table.values(), *composed_table.values()):
            self._time_door(entry)
        for kind in _NODES:
            self._time_node(kind)
        for module, owner, method, name in _LANDMARKS:
            found = getattr(sys.modules.get(module), owner, None)
            if found is not None:
                self._time_method(found, method, name)

    def stop(self) -> None:
        """Put everything back."""
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()
        recording.current = None

    def begin(self, name: str, kind: str, inputs: Any) -> FunctionEvent:
        """Return a new event inside those that are open in this thread."""
        opened = self._thread.open
        event = FunctionEvent(len(self.events), name, kind, threading.get_ident(), opened[-1] if opened else None)
        if self.shapes:
            event.input_shapes = [list(each.shape) if hasattr(each, "shape") else [] for each in inputs]
        if self.stacks:
            event.stack = _calling_lines()
        self.events.append(event)
        opened.append(event)
        event.start_ns = time.perf_counter_ns() - self._origin
        return event

    def end(self, event: FunctionEvent, now: int) -> None:
        """Close an event (and those inside it that an error left open)."""
        opened = self._thread.open
        event.end_ns = now - self._origin
        while opened and opened.pop() is not event:
            pass

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a forward that leaves an event at each call."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            event = self.begin(name, "cpu_op", args)
            try:
                result = function(*args, **kwargs)
            except BaseException:
                self.end(event, time.perf_counter_ns())
                raise
            self.end(event, time.perf_counter_ns())
            if self.memory:
                event.note_memory(_new_bytes(result))
            if self.flops:
                event.flops = flops_of(name, args)
            return result

        return timed

    def _time_door(self, entry: Any) -> None:
        """Exchange the forward inside an operation's public function, and in its in-place form, for a timed one."""
        plain = f"aten::{_NAMES.get(entry.name, entry.name)}"
        if entry.namespace == "linalg":
            plain = f"aten::linalg_{entry.name}"
        for call, name in ((entry.call, plain), (entry.call_inplace, f"{plain.removesuffix('_')}_")):
            if call.__globals__.get("op") is entry:  # written out: its variables are globals of its own
                call.__globals__["forward"] = self.timed(name, entry.forward)
                self._undo.append(functools.partial(call.__globals__.update, forward=entry.forward))
            for variable, cell in _cells(call):
                if variable in ("forward", "function"):
                    self._exchange(cell, self.timed(name, cell.cell_contents))
                elif variable == "ufunc" and cell.cell_contents is not None:
                    self._exchange(cell, _TimedUfunc(cell.cell_contents, self.timed(name, cell.cell_contents)))

    def _exchange(self, cell: Any, value: Any) -> None:
        before = cell.cell_contents
        cell.cell_contents = value
        self._undo.append(lambda: setattr(cell, "cell_contents", before))

    def _time_node(self, kind: type) -> None:
        """Let the nodes of a class leave events in backward passes."""
        if "input_gradients" not in kind.__dict__ and kind not in (MultiNode, SequenceNode):
            return
        self._time_method(kind, "input_gradients", lambda node: f"autograd::engine::evaluate_function: {node.name()}")

    def _time_method(self, kind: type, method: str, name: Callable[[Any], str]) -> None:
        plain = kind.__dict__[method]

        def timed(self_: Any, *args: Any, **kwargs: Any) -> Any:
            event = self.begin(name(self_), "cpu_op", ())
            try:
                return plain(self_, *args, **kwargs)
            finally:
                self.end(event, time.perf_counter_ns())

        setattr(kind, method, timed)
        self._undo.append(lambda: setattr(kind, method, plain))


class _TimedUfunc:
    """A ufunc whose calls are timed."""

    def __init__(self, ufunc: Any, timed: Callable[..., Any]) -> None:
        self.nin = ufunc.nin
        self._timed = timed

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._timed(*args, **kwargs)


def _cells(function: Any) -> Iterator[tuple[str, Any]]:
    """Yield the variables that a function and its general form close over, and their cells."""
    if getattr(function, "__closure__", None):
        for variable, cell in zip(function.__code__.co_freevars, function.__closure__, strict=True):
            yield variable, cell
            if variable == "general":
                yield from _cells(cell.cell_contents)


def _new_bytes(result: Any) -> int:
    """Return how many bytes of new memory a result holds."""
    if isinstance(result, (tuple, list)):
        return sum(map(_new_bytes, result))
    array = result._array if isinstance(result, Upper.Tensor) and result._base is None else result
    return int(array.nbytes) if is_array(array) and array.base is None else 0


def _calling_lines() -> list[str]:
    """Return the lines that called, the innermost first, without those of minigrad itself."""
    lines = [f"{each.filename}({each.lineno}): {each.name}" for each in traceback.extract_stack()]
    return [line for line in reversed(lines) if "/minigrad/" not in line.replace("\\", "/")]
