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
    """

    enabled = True
    inference = False


mode = Mode()


class Anomaly:
    """Whether nodes remember the line that made them (anomaly mode), for the whole process."""

    enabled = False
    check_nan = True


class Upper:
    """The classes of the layers above that operations make; `minigrad.tensor` fills them in."""

    Tensor: Any = None
    Node: Any = None
    MultiNode: Any = None
    SequenceNode: Any = None

    @staticmethod
    def refresh(view: Any) -> None:
        """Record a view again when its storage was written to since; filled in by `minigrad.autograd.views`."""

    @staticmethod
    def rebase_view(view: Any, node: Any) -> None:
        """Pass a write into a view on to its base; filled in by `minigrad.autograd.views`."""
