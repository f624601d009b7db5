"""What the operations need to know of the layers above them: the tensor class, the node class, the grad mode."""

from __future__ import annotations

import threading
from typing import Any


class Mode(threading.local):
    """Per-thread switches; each thread starts with recording on.

    Attributes
    ----------
    enabled : bool
        Whether operations on tensors that require grad record a node.
    inference : bool
        Whether inference mode is on.
    first : int
        Where the version counters of new tensors start: below 0 in inference mode, which marks its tensors.
    mapped : int
        How many calls of ``vmap`` are open.
    savers : tuple
        The pairs of hooks that pack what nodes save, the innermost last; None in the place of a pair that is off.
    flow : object or None
        The backward pass that is running.
    """

    enabled = True
    inference = False
    first = 0
    mapped = 0
    savers: tuple[Any, ...] = ()
    flow: Any = None


mode = Mode()

INFERENCE = -(1 << 62)
"""The first version of tensors that inference mode makes; writes count up from it, so theirs are always negative."""


class _Anomaly:
    """What new nodes look after besides the graph, for the whole process.

    Attributes
    ----------
    enabled : bool
        Whether they remember the line that made them (anomaly mode).
    check_nan : bool
        Whether a NaN in a gradient raises.
    hooked : int
        How many contexts with hooks on saved tensors are open.
    attentive : bool
        Whether any of this is asked for: the one question that a new node has time for.
    """

    def __init__(self) -> None:
        self.enabled = False
        self.check_nan = True
        self.hooked = 0
        self.attentive = False


Anomaly = _Anomaly()  # an object, and so is `Upper`: the attributes of a class are several times slower to read

INHERITED = 2
"""Stands for True in views made under `no_grad` whose base requires grad: so do they, but they get no ``.grad``."""

BATCHED: Any = object()
"""Stands for the base of a batched tensor, a sample of `vmap`: the doors of the table pass a call with one on."""


class NeedsValues(RuntimeError):
    """Raised where code asks for the elements of a batched tensor, which has none of its own.

    A composed function that does so is run again, sample by sample.
    """


class _Upper:
    """The classes of the layers above that operations make; `minigrad.tensor` fills them in."""

    def __init__(self) -> None:
        self.Tensor: Any = None
        self.Node: Any = None
        self.MultiNode: Any = None
        self.SequenceNode: Any = None
        self.inferring = 0  # how many threads are in inference mode: where it is 0, no new tensor asks for `mode.first`

    @staticmethod
    def attend(node: Any, args: Any, results: Any) -> None:
        """Look after a new node in anomaly mode and under hooks; filled in by `minigrad.autograd.saving`."""

    @staticmethod
    def batched(entry: Any, call: Any, args: Any) -> Any:
        """Carry out a call of an operation with a batched tensor; filled in by `minigrad.batching`."""

    @staticmethod
    def batched_inplace(entry: Any, call: Any, args: Any) -> Any:
        """Carry out an in-place call with a batched tensor; filled in by `minigrad.batching`."""

    @staticmethod
    def batched_index(tensor: Any, index: Any) -> Any:
        """Return ``tensor[index]`` where either is batched; filled in by `minigrad.batching`."""

    @staticmethod
    def batched_write(tensor: Any, index: Any, value: Any) -> None:
        """Carry out ``tensor[index] = value`` where one is batched; filled in by `minigrad.batching`."""

    @staticmethod
    def batched_like(tensor: Any, make: Any) -> Any:
        """Return what ``make`` gives for all samples of a batched tensor; filled in by `minigrad.batching`."""

    @staticmethod
    def batched_function(function: Any, args: Any) -> Any:
        """Apply a user's `Function` to batched tensors; filled in by `minigrad.batching`."""

    @staticmethod
    def drawn(function: Any, args: Any, kwargs: Any) -> Any:
        """Call a random function inside ``vmap``; filled in by `minigrad.batching`."""

    @staticmethod
    def by_samples(function: Any, args: Any, kwargs: Any) -> Any:
        """Call a function once a sample, and stack the results; filled in by `minigrad.batching`."""

    @staticmethod
    def refresh(view: Any) -> None:
        """Record a view again when its storage was written to since; filled in by `minigrad.autograd.views`."""

    @staticmethod
    def rebase_view(view: Any, node: Any) -> None:
        """Pass a write into a view on to its base; filled in by `minigrad.autograd.views`."""


Upper = _Upper()
