"""The backward engine: gradients flow from the roots to the leaves, newest node first."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy import ndarray

from minigrad.autograd.anomaly import check as check_anomaly
from minigrad.autograd.anomaly import warn_of_line
from minigrad.autograd.node import Node, NodeHook, Output, edge_of
from minigrad.ops.backend import array_module, as_array, is_writeable
from minigrad.ops.quiet import silence, unsilence
from minigrad.ops.shape import laid_out_as, sum_to_size, to_dtype
from minigrad.ops.state import BATCHED, Anomaly, Upper, mode
from minigrad.ops.write import copy

_numbers = itertools.count()


def run_backward(
    roots: Sequence[Any],
    grads: Sequence[Any],
    retain_graph: bool,
    create_graph: bool,
    inputs: Sequence[Any] | None = None,
    accumulate: bool = True,
    tensors: bool = False,
) -> list[Any]:
    """Send gradients backward through the graph.

    Parameters
    ----------
    roots : sequence of Tensor
        Where the gradients enter.
    grads : sequence of arrays, or of Tensors under ``create_graph``
        One for each root, of its shape and dtype.
    retain_graph : bool
        Keep the saved arrays, so that the graph can be used again.
    create_graph : bool
        Compute with Tensors, so that the gradients have a graph of their own.
    inputs : sequence of Tensor, optional
        The tensors whose gradients are wanted; by default every leaf.
    accumulate : bool
        Whether the gradients are added to ``.grad``.
    tensors : bool
        Compute with Tensors as under ``create_graph``, but record nothing: for batched gradients.

    Returns
    -------
    list
        The gradients of ``inputs`` (None where no path leads to one), or an empty list.
    """
    flow = _Flow(create_graph or tensors)
    was_enabled, around = mode.enabled, mode.flow
    mode.enabled, mode.flow = create_graph, flow
    silent = silence()  # rules divide by zero at the edges of domains; that gives inf and nan, not warnings
    try:
        for root, grad in zip(roots, grads, strict=True):
            flow.shared.add(id(grad))
            flow.deliver(edge_of(root), grad)
        flow.roots = list(flow.pending)
        if inputs is None:
            flow.run(retain_graph)
            for leaf in flow.leaves:
                flow.accumulate(leaf, flow.pending[leaf])
            return []
        wanted = [edge_of(each) for each in inputs]
        flow.aim_at(wanted)
        flow.run(retain_graph)
        found = flow.collect(wanted)
        if accumulate:
            for tensor, grad in zip(inputs, found, strict=True):
                if grad is not None:
                    flow.accumulate(tensor, grad)
        return found
    finally:
        unsilence(silent)
        mode.enabled, mode.flow = was_enabled, around


def pass_number() -> int | None:
    """Return a number of the backward pass that is running in this thread, which no later one has; None outside."""
    return None if mode.flow is None else mode.flow.number


def is_aimed() -> bool:
    """Whether the backward pass that is running computes the gradients of some tensors only."""
    return mode.flow is not None and mode.flow.captured is not None


class _Flow:
    """The state of one backward pass.

    Attributes
    ----------
    pending : dict
        The sum of the gradients that reached each node or leaf (a list, one entry an output, at nodes with several).
    heap : list
        The waiting nodes, newest first.
    leaves : list
        The leaves reached so far.
    captured : dict or None
        Gradients at the edges of the wanted inputs, None until one arrives; None altogether when all leaves are wanted.
    on_path : set
        The nodes from which a wanted input can be reached.
    shared : set
        Identities of gradient arrays that somebody else may hold; they are copied before they become a ``.grad``.
    roots : list
        The nodes and leaves at which the gradients enter.
    reached : set or None
        The nodes and leaves that the pass reaches, found out when somebody asks.
    """

    __slots__ = (
        "captured", "create_graph", "heap", "leaves", "number", "on_path", "pending", "reached", "roots", "shared",
    )  # fmt: skip

    def __init__(self, create_graph: bool) -> None:
        self.create_graph = create_graph
        self.pending: dict[Any, Any] = {}
        self.heap: list[tuple[int, Node]] = []
        self.leaves: list[Any] = []
        self.shared: set[int] = set()
        self.captured: dict[Any, Any] | None = None
        self.roots: list[Any] = []
        self.reached: set[Any] | None = None
        self.number = next(_numbers)

    def deliver(self, edge: Any, grad: Any) -> None:
        """Add a gradient to what waits at an edge, in the shape and dtype that the edge has."""
        is_leaf = isinstance(edge, Upper.Tensor)
        target = edge._array if is_leaf else edge
        if not self.create_graph:
            if type(grad) is not ndarray:
                grad = as_array(grad)
            if grad.shape != target.shape:
                grad = sum_to_size(grad, target.shape)
            if grad.dtype is not target.dtype:
                grad = as_array(grad, target.dtype)
        else:
            if grad.shape != target.shape:
                grad = sum_to_size(grad, target.shape)
            if grad.dtype.numpy != target.dtype:
                grad = to_dtype(grad, target.dtype)
        if type(edge) is Output:
            self._deliver_output(edge, grad)
            return
        before = self.pending.get(edge)
        if before is not None:
            self.pending[edge] = self._sum(before, grad)
            return
        self.pending[edge] = grad
        if is_leaf:
            self.leaves.append(edge)
        else:
            heappush(self.heap, (-edge.order, edge))

    def _deliver_output(self, edge: Output, grad: Any) -> None:
        node = edge.node
        slots = self.pending.get(node)
        if slots is None:
            slots = self.pending[node] = [None] * node.n_outputs
            heappush(self.heap, (-node.order, node))
        before = slots[edge.index]
        slots[edge.index] = grad if before is None else self._sum(before, grad)

    def _sum(self, before: Any, grad: Any) -> Any:
        total = before + grad
        return total if self.create_graph else as_array(total)  # NumPy adds 0-d arrays to a scalar

    def run(self, retain_graph: bool) -> None:
        """Visit the waiting nodes until none is left, newest first."""
        heap, pending, create_graph, deliver = self.heap, self.pending, self.create_graph, self.deliver
        everything = self.captured is None
        careful = not everything or Anomaly.enabled
        while heap:
            node = heappop(heap)[1]
            grad = pending.pop(node)
            if careful or node.watched:
                found = self._visit_carefully(node, grad)
            else:
                found = node.input_gradients(grad, create_graph)
            # Where a pass towards wanted tensors ends, the node has only been reached, not run.
            if not retain_graph and node.saved and (everything or node in self.on_path):
                node.release()
            for edge, gradient in found:
                if (
                    type(edge) is Node
                    and type(gradient) is ndarray
                    and gradient.dtype is edge.dtype
                    and gradient.shape == edge.shape
                    and edge not in pending
                ):
                    pending[edge] = gradient
                    heappush(heap, (-edge.order, edge))
                elif gradient is not None:
                    deliver(edge, gradient)

    def accumulate(self, leaf: Any, grad: Any) -> None:
        """Add a gradient to a tensor's ``.grad``."""
        if leaf._hooks is not None and self.captured is None:
            grad = self._run_leaf_hooks(leaf, grad)
        if leaf._requires_grad is not True:  # frozen since the forward pass, or a view made under `no_grad`
            return
        before = leaf._grad
        if self.create_graph:
            leaf._grad = copy(grad, grad) if before is None else before + grad
        elif before is None:
            owned = grad
            if (
                grad.base is not None
                or id(grad) in self.shared
                or not grad.flags.c_contiguous
                or leaf._post_hooks is not None
            ):
                owned = grad.copy()
            if not leaf._array.flags.c_contiguous:
                owned = laid_out_as(leaf._array, owned)
            self.shared.add(id(owned))
            leaf._grad = Upper.Tensor._wrap(owned)
        else:
            np.add(before._array, grad, before._array)
            before._writes[0] += 1
        if leaf._post_hooks is not None:
            for hook in tuple(leaf._post_hooks.values()):
                if type(hook) is NodeHook:
                    hook.function((), (self._as_tensor(grad),))
                else:
                    hook(leaf)

    def will_reach(self, edge: Any) -> bool:
        """Whether this pass, from where it began, brings a gradient to an edge."""
        target = edge.node if isinstance(edge, Output) else edge
        if self.reached is None:
            self.reached = set(self.roots)
            stack = [each for each in self.roots if isinstance(each, Node)]
            while stack:
                node = stack.pop()
                if self.captured is not None and node not in self.on_path:
                    continue
                for parent in node.parents:
                    parent = parent.node if isinstance(parent, Output) else parent
                    if parent not in self.reached:
                        self.reached.add(parent)
                        if isinstance(parent, Node):
                            stack.append(parent)
        return target in self.reached

    def aim_at(self, wanted: Sequence[Any]) -> None:
        """Let the pass compute only what leads to the wanted edges, and keep the gradients that arrive there."""
        self.captured = {_key(edge): None for edge in wanted}
        self.on_path = _nodes_towards(wanted, [node for _, node in self.heap])

    def collect(self, wanted: Sequence[Any]) -> list[Any]:
        """Return the gradients that arrived at the wanted edges."""
        assert self.captured is not None
        for leaf in self.leaves:
            if leaf in self.captured:
                self.captured[leaf] = self._run_leaf_hooks(leaf, self.pending[leaf])
        return [self.captured[_key(edge)] for edge in wanted]

    def _visit_carefully(self, node: Node, grad: Any) -> list[tuple[Any, Any]]:
        """Return a node's input gradients, with hooks, wanted gradients, several outputs and anomalies looked after."""
        on_path = self.captured is None or node in self.on_path
        if self.captured is not None and on_path:
            self._capture(node, grad)
        if node.pre_hooks is not None or node.retained is not None:
            grad = self._run_pre_hooks(node, grad)
        if not on_path:
            self._capture(node, grad)  # after the hooks only where the pass ends, which is PyTorch's order too
            return []
        if node.n_outputs > 1 and node.materializes:
            some = next(g for g in grad if g is not None)
            grad = [
                self._zeros(some, *out) if g is None and out is not None and out[1].kind == "f" else g
                for g, out in zip(grad, node.outputs, strict=True)  # type: ignore[attr-defined]
            ]
        try:
            found = node.input_gradients(grad, self.create_graph)
        except Exception:
            if Anomaly.enabled:
                warn_of_line(node)
            raise
        if Anomaly.enabled:
            check_anomaly(node, found)
        return found if node.hooks is None else self._run_hooks(node, found, grad)

    def _capture(self, node: Node, grad: Any) -> None:
        """Keep the gradient at a node if it is wanted."""
        assert self.captured is not None
        if node.n_outputs > 1:
            for index, each in enumerate(grad):
                if (node, index) in self.captured:
                    self.captured[node, index] = each
        elif node in self.captured:
            self.captured[node] = grad

    def _as_tensor(self, grad: Any) -> Any:
        if grad is None or self.create_graph:
            return grad
        if not is_writeable(grad):
            grad = grad.copy()
        self.shared.add(id(grad))
        return Upper.Tensor._wrap(grad)

    def _as_flowing(self, grad: Any) -> Any:
        if grad is None or self.create_graph:
            return grad
        self.shared.add(id(grad._array))
        return grad._array

    def _run_pre_hooks(self, node: Node, grad: Any) -> Any:
        """Run the hooks of the output tensors and the node's own, and keep retained gradients."""
        several = node.n_outputs > 1
        tensors = [self._as_tensor(g) for g in (grad if several else [grad])]
        for hook in tuple((node.pre_hooks or {}).values()):
            changed = hook(tuple(tensors))
            if changed is not None:
                tensors = _checked(hook, tensors, list(changed) if isinstance(changed, (tuple, list)) else [changed])
        for index, reference in (node.retained or {}).items():
            tensor = reference()
            if tensor is not None and tensors[index] is not None:
                tensor._grad = tensors[index].clone() if tensor._grad is None else tensor._grad + tensors[index]
        flowing = [self._as_flowing(each) for each in tensors]
        return flowing if several else flowing[0]

    def _run_hooks(self, node: Node, found: list[tuple[Any, Any]], grad: Any) -> list[tuple[Any, Any]]:
        """Run the node's own hooks, which see one gradient an input, those without one included."""
        outputs = tuple(self._as_tensor(g) for g in (grad if node.n_outputs > 1 else [grad]))
        targets, count = node.input_slots()
        inputs: list[Any] = [None] * count
        for slot, (edge, gradient) in zip(targets, found, strict=True):
            inputs[slot] = self._as_tensor(None if gradient is None else _shaped(gradient, edge))
        for hook in tuple((node.hooks or {}).values()):
            changed = hook(tuple(inputs), outputs)
            if changed is not None:
                inputs = _checked(hook, inputs, list(changed) if isinstance(changed, (tuple, list)) else [changed])
        return [(edge, self._as_flowing(inputs[slot])) for slot, (edge, _) in zip(targets, found, strict=True)]

    def _run_leaf_hooks(self, leaf: Any, grad: Any) -> Any:
        if leaf._hooks is None:
            return grad
        tensor = self._as_tensor(grad)
        for hook in tuple(leaf._hooks.values()):
            changed = hook(tensor)
            if changed is not None:
                (tensor,) = _checked(hook, [tensor], [changed])
        return self._as_flowing(tensor)

    def _zeros(self, beside: Any, shape: tuple[int, ...], dtype: Any) -> Any:
        array = None if getattr(beside, "_base", None) is BATCHED else getattr(beside, "_array", beside)
        zeros = array_module(array).zeros(shape, dtype)
        return Upper.Tensor._wrap(zeros) if self.create_graph else zeros


def _checked(hook: Any, before: list[Any], after: list[Any]) -> list[Any]:
    """Return what a hook gave in place of gradients.

    Raises
    ------
    RuntimeError
        For another number of gradients, or one of another shape or dtype.
    TypeError
        For something that is no tensor.
    """
    name = getattr(hook, "__name__", type(hook).__name__)
    if len(after) != len(before):
        raise RuntimeError(
            f"hook '{name}' has returned an incorrect number of values (got {len(after)}, but expected {len(before)})"
        )
    for old, new in zip(before, after, strict=True):
        if new is not None and not isinstance(new, Upper.Tensor):
            raise TypeError(f"expected Variable, but hook returned '{type(new).__name__}'")
        if old is None or new is None:
            continue
        if new._array.shape != old._array.shape:
            raise RuntimeError(f"hook '{name}' has changed the size of value")
        if new._array.dtype != old._array.dtype:
            raise RuntimeError(f"hook '{name}' has changed the type of value (was {old.type()} got {new.type()})")
    return after


def _shaped(grad: Any, edge: Any) -> Any:
    return grad if grad.shape == edge.shape else sum_to_size(grad, edge.shape)


def _key(edge: Any) -> Any:
    """Return what identifies an edge: outputs of one node are told apart by their number."""
    return (edge.node, edge.index) if isinstance(edge, Output) else edge


def _nodes_towards(wanted: Iterable[Any], roots: Iterable[Node]) -> set[Node]:
    """Return the nodes, among those that the roots lead to, from which a wanted edge can be reached."""
    targets = {edge.node if isinstance(edge, Output) else edge for edge in wanted}
    seen: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        for edge in node.parents:
            parent = edge.node if isinstance(edge, Output) else edge
            if isinstance(parent, Node):
                stack.append(parent)
    on_path: set[Node] = set()
    for node in sorted(seen, key=lambda each: each.order):
        for edge in node.parents:
            parent = edge.node if isinstance(edge, Output) else edge
            if parent in targets or parent in on_path:
                on_path.add(node)
                break
    return on_path
