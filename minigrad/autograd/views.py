"""Views in the graph: a write into a view reaches its base, and a write into the base reaches its views.

A view remembers the tensor it was taken from and the call that took it. When its storage was written to since, its
node no longer tells how its value came about, and the view is recorded again from the base's present node. A recorded
write into a view gives the base a `CopySlices` node: the written region takes its gradient from the write, the rest
from what the base was before. PyTorch does the same (https://docs.pytorch.org/docs/stable/notes/autograd.html).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.autograd.node import Node, public_edge
from minigrad.ops.backend import as_its_kind
from minigrad.ops.inplace import check_view
from minigrad.ops.overlap import writeable
from minigrad.ops.recording import orders
from minigrad.ops.select import masked_fill
from minigrad.ops.shape import permute, row_major
from minigrad.ops.state import Upper, mode
from minigrad.ops.strided import as_strided, places_of, through_memory


def refresh(view: Any) -> None:
    """Record a view again if its storage was written to since it was recorded."""
    version = view._writes[0]
    if view._view_version == version or not mode.enabled:
        return
    if not view._base._requires_grad:  # nothing was recorded that it could follow
        view._view_version = version
        return
    check_view(view, "its base or another view of its base has been")
    chain = []
    while view._view_call is not None and view._view_version != version:
        chain.append(view)
        view = view._view_of
    for stale in reversed(chain):
        source = stale._base if _reaches_beyond(stale) else stale._view_of
        call, rest = _by_strides(stale) if source._reshaped or stale._reshaped else stale._view_call
        stale._view_version = version
        if source._requires_grad:
            again = call(source, *rest)
            stale._node = again._node
            stale._requires_grad = again._requires_grad
            if type(again._node) is Node:
                again._node.label = "AsStridedBackward0"  # PyTorch takes all such views again by their strides


def _reaches_beyond(view: Any) -> bool:
    """Whether a view was taken by strides, and so may show what its source does not."""
    return view._view_call[0] is as_strided


def _by_strides(view: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return the call that takes a view by its place in memory, whatever has become of its source's shape."""
    return as_strided, (tuple(view.shape), view.stride(), view.storage_offset())


def rebase_view(view: Any, node: Node) -> None:
    """Pass a write into a view on to its base, whose node becomes a `CopySlices`."""
    base = view._base
    calls = []
    each = view
    reshaped = view._reshaped
    while each is not base:
        calls.append(each._view_call)
        reshaped = reshaped or _reaches_beyond(each)
        each = each._view_of
        reshaped = reshaped or each._reshaped
    base._node = StridedCopySlices(base, node, view) if reshaped else CopySlices(base, node, calls[::-1])
    base._requires_grad = True
    each = view
    while each is not base:
        each._view_version = -1
        each = each._view_of
    refresh(view)


def _in_rows(values: Any) -> Any:
    return values.contiguous() if isinstance(values, Upper.Tensor) else row_major(values)


class CopySlices(Node):
    """The node of a base tensor part of which was written through a view."""

    __slots__ = ("axes", "calls", "had_gradient")

    def __init__(self, base: Any, written: Node, calls: list[Any]) -> None:
        self.order = next(orders)
        self.shape = base._array.shape
        self.dtype = base._array.dtype
        self.calls = calls
        self.axes = None if base.is_contiguous() else np.argsort(base.stride(), kind="stable")[::-1].tolist()
        self.had_gradient = base._requires_grad
        self.parents = [base._node or base, written] if self.had_gradient else [written]
        self.marks = []
        self.saved = []

    def input_gradients(self, grad: Any, create_graph: bool) -> list[tuple[Any, Any]]:
        """Split the gradient between what the base was and what was written."""
        grad = self._as_base(grad)
        region = self._region(grad)
        written = region.clone() if create_graph else region.copy(order="C")
        if not self.had_gradient:
            return [(self.parents[0], written)]
        return [(self.parents[0], self._rest(grad, create_graph)), (self.parents[1], written)]

    def _as_base(self, grad: Any) -> Any:
        """Return the gradient with its elements in the order in which the base had them, where `view` finds them."""
        if self.axes is None:
            return _in_rows(grad)
        return permute(_in_rows(permute(grad, self.axes)), np.argsort(self.axes).tolist())

    def _region(self, array: Any) -> Any:
        for call, rest in self.calls:
            array = call(array, *rest)
        return array

    def _rest(self, grad: Any, create_graph: bool) -> Any:
        rest = grad.clone() if create_graph else grad.copy(order="K")
        if create_graph:
            self._region(rest).zero_()
        else:
            writeable(self._region(rest), repeated=True)[...] = 0
        return rest

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes that the gradient goes to."""
        return tuple(public_edge(edge) for edge in self.parents)

    def name(self) -> str:
        """Return the node's name."""
        return "torch::autograd::CopySlices"

    def input_slots(self) -> tuple[Sequence[int], int]:
        """Return which inputs the gradients belong to, and how many inputs there are."""
        return range(len(self.parents)), len(self.parents)


class StridedCopySlices(CopySlices):
    """The same, where a tensor on the way to the view has got another shape since: places in memory tell the region."""

    __slots__ = ("here", "length", "there")

    def __init__(self, base: Any, written: Node, view: Any) -> None:
        super().__init__(base, written, [])
        self.there, self.length = places_of(base._array)
        self.here, _ = places_of(view._array)

    def _region(self, array: Any) -> Any:
        return through_memory(array, self.there, self.here, self.length)

    def _rest(self, grad: Any, create_graph: bool) -> Any:
        return masked_fill(grad, as_its_kind(grad, np.isin(self.there, self.here)), 0)


Upper.refresh = refresh  # type: ignore[method-assign]
Upper.rebase_view = rebase_view  # type: ignore[method-assign]
