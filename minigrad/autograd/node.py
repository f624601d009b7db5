"""The nodes of the graph: one for every recorded call of an operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minigrad.autograd.hooks import add_hook
from minigrad.ops.backend import is_array
from minigrad.ops.rules import OUT, SHAPE_OF, Plan
from minigrad.ops.state import NeedsValues, Upper

SECOND_BACKWARD = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already "
    "been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). "
    "Specify retain_graph=True if you need to backward through the graph a second time or if you need to access "
    "saved tensors after calling backward."
)


class Node:
    """A recorded call: what its gradient rules need, and the edges to the inputs that want a gradient.

    An edge is the node that made the input, an `Output` of a node with several, or the leaf tensor itself.
    Numbers come from one counter, and inputs exist before outputs, so descending ``order`` is a reverse topological
    order of the graph.

    Attributes
    ----------
    plan : Plan
        Which values are kept and which rules run.
    parents : list
        The edges, one for each of ``plan.targets``.
    saved : list or None
        The kept values; None once they were freed.
    marks : list of (list, int, int)
        Version counter of each kept array, its value when it was kept, and the array's position.
    shape, dtype
        Of the output, for the gradient that arrives here.
    label : str or None
        The node's name where the operation has several.
    watched : bool
        Whether hooks or retained gradients ask for attention.
    """

    __slots__ = ("__dict__", "__weakref__", "dtype", "label", "marks", "order", "parents", "plan", "saved", "shape")

    n_outputs = 1
    materializes = True
    watched = False
    hooks: dict[int, Any] | None = None
    pre_hooks: dict[int, Any] | None = None
    retained: Any = None
    trace: Any = None

    plan: Plan
    order: int
    shape: tuple[int, ...]
    dtype: Any
    parents: list[Any]
    saved: list[Any] | None
    marks: list[tuple[list[int], int, int]]
    label: str | None

    def input_gradients(self, grad: Any, create_graph: bool) -> list[tuple[Any, Any]]:
        """Run the gradient rules.

        Parameters
        ----------
        grad : array, Tensor under ``create_graph``, or a list of them (one an output) for nodes with several outputs
        create_graph : bool

        Returns
        -------
        list of (edge, gradient)
            The gradient is None where there is none.
        """
        saved = self.saved
        if saved is None:
            raise RuntimeError(SECOND_BACKWARD)
        for version, count, position in self.marks:
            if version[0] != count:
                self._raise_modified(position, version[0], count)
        if create_graph:
            return self._tensor_gradients(grad)
        return self.plan.gradients(grad, saved, self.parents)

    def _tensor_gradients(self, grad: Any) -> list[tuple[Any, Any]]:
        """Run the gradient rules on tensors; on batched ones sample by sample where a rule asks for their values."""
        saved, plan = self._saved_tensors(), self.plan
        found = []
        for rule, pick in plan.steps:
            values = (grad, *pick(saved))
            try:
                found.append(rule(*values))
            except NeedsValues:
                found.append(Upper.by_samples(rule, values, {}))
        gradients = [found[0][k] for k in plan.targets] if plan.joint else found
        return list(zip(self.parents, gradients, strict=True))

    def release(self) -> None:
        """Free the kept arrays; a node that kept none can run again."""
        if self.plan.frees:
            self.saved = None
            self.marks = []

    def _saved_tensors(self) -> list[Any]:
        """Return the kept values with the arrays of inputs and outputs as tensors of the graph."""
        plan, tensor = self.plan, Upper.Tensor
        positions = plan.op.signature.tensor_positions
        edges = {positions[k]: edge for k, edge in zip(plan.targets, self.parents, strict=True)}
        assert self.saved is not None
        rewrapped = []
        for position, value in zip(plan.kept, self.saved, strict=True):
            if not is_array(value):
                rewrapped.append(value)
                continue
            edge = edges.get(position) if position >= 0 else self._edge_of_output(OUT - position)
            if isinstance(edge, tensor):
                rewrapped.append(edge)
                continue
            wrapped = tensor._wrap(value)
            if edge is not None and value.dtype.kind == "f":
                wrapped._node = edge
                wrapped._requires_grad = True
            rewrapped.append(wrapped)
        return rewrapped

    def output_edge(self, index: int) -> Any:
        """Return the edge that stands for output ``index``."""
        return self

    def _edge_of_output(self, index: int) -> Any:
        return self.output_edge(index) if index < self.n_outputs else None

    def _raise_modified(self, position: int, version: int, expected: int) -> None:
        op = self.plan.op
        name = op.output_names[OUT - position] if position < 0 else op.signature.names[position]
        assert self.saved is not None
        array = self.saved[self.plan.kept.index(position)]
        raise RuntimeError(
            "one of the variables needed for gradient computation has been modified by an inplace operation: "
            f"{described(array)}, which is '{name}' of {self.name()}, is at version {version}; expected version "
            f"{expected} instead. Hint: clone the tensor before changing it, or enable anomaly detection to find the "
            "operation that failed to compute its gradient, with torch.autograd.set_detect_anomaly(True)."
        )

    # What PyTorch shows of a node.

    def name(self) -> str:
        """Return the node's name in PyTorch's manner, ``MulBackward0``."""
        return self.label or self.plan.op.node_name

    def __repr__(self) -> str:
        return f"<{self.name().rpartition('::')[2]} object at {id(self):#x}>"

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes that made the inputs, each with the number of the output."""
        wanted = dict(zip(self.plan.targets, self.parents, strict=True))
        return tuple(public_edge(wanted.get(k)) for k in self._slots())

    def input_slots(self) -> tuple[Sequence[int], int]:
        """Return which tensor inputs the gradients belong to, and how many inputs there are."""
        slots = self._slots()
        return [slots.index(k) for k in self.plan.targets], len(slots)

    def _slots(self) -> Sequence[int]:
        """Return the tensor slots that have edges: those that gradients may go to."""
        op = self.plan.op
        return range(len(self.plan.needs)) if op.signature.takes_sequence else op.gradient_slots

    def _saved(self, name: str) -> Any:
        """Return a value that PyTorch shows as ``_saved_...`` (a `__getattr__` would slow every attribute down)."""
        op = self.plan.op
        for slot, position in enumerate(self.plan.kept):
            names = op.output_names if position < 0 else op.signature.names
            if position < SHAPE_OF and names[OUT - position if position < 0 else position] == name:
                if self.saved is None:
                    raise RuntimeError(SECOND_BACKWARD)
                return self._saved_tensors()[slot]
        raise AttributeError(f"{self.name()} saved no '{name}'")

    _saved_self = property(lambda self: self._saved("input"))
    _saved_other = property(lambda self: self._saved("other"))
    _saved_exponent = property(lambda self: self._saved("exponent"))
    _saved_result = property(lambda self: self._saved("out"))

    @property
    def metadata(self) -> dict[str, Any]:
        """A dictionary for the user's own notes on this node."""
        return self.__dict__.setdefault("_metadata", {})

    def register_hook(self, hook: Callable[..., Any]) -> Any:
        """Call ``hook(grad_inputs, grad_outputs)`` after this node's rules ran; a returned tuple replaces the first."""
        self.watched = True
        return add_hook(self, "hooks", hook)

    def register_prehook(self, hook: Callable[..., Any]) -> Any:
        """Call ``hook(grad_outputs)`` before this node's rules run; a returned tuple replaces the gradients."""
        self.watched = True
        return add_hook(self, "pre_hooks", hook)


class SequenceNode(Node):
    """The node of an operation whose first argument is a sequence of tensors (cat, stack)."""

    __slots__ = ()

    def _saved_tensors(self) -> list[Any]:
        tensor = Upper.Tensor
        edges = dict(zip(self.plan.targets, self.parents, strict=True))
        assert self.saved is not None
        rewrapped = list(self.saved)
        for slot, position in enumerate(self.plan.kept):
            if position == 0:
                rewrapped[slot] = [_tensor_at(edges.get(k), a) for k, a in enumerate(self.saved[slot])]
            elif is_array(self.saved[slot]):
                rewrapped[slot] = tensor._wrap(self.saved[slot])
        return rewrapped


def _tensor_at(edge: Any, array: Any) -> Any:
    if isinstance(edge, Upper.Tensor):
        return edge
    wrapped = Upper.Tensor._wrap(array)
    if edge is not None:
        wrapped._node = edge
        wrapped._requires_grad = True
    return wrapped


class MultiNode(Node):
    """The node of an operation with several outputs; gradients arrive as a list, one entry an output.

    Attributes
    ----------
    outputs : list of (shape, dtype)
    """

    __slots__ = ("outputs",)

    watched = True
    outputs: list[tuple[Any, Any]]

    @property
    def n_outputs(self) -> int:  # type: ignore[override]
        """The number of outputs."""
        return len(self.outputs)

    @property
    def materializes(self) -> bool:  # type: ignore[override]
        """Whether zeros stand for gradients that did not come."""
        return self.plan.op.materialize_grads

    def output_edge(self, index: int) -> Any:
        """Return the edge that stands for output ``index``."""
        return Output(self, index, *self.outputs[index])


class Output:
    """One output of a node that has several, as an edge."""

    __slots__ = ("dtype", "index", "node", "shape")

    def __init__(self, node: Any, index: int, shape: tuple[int, ...], dtype: Any) -> None:
        self.node = node
        self.index = index
        self.shape = shape
        self.dtype = dtype


class NodeHook:
    """A hook of the end of the graph at a leaf, called like a node's: ``hook(grad_inputs, grad_outputs)``."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function


class AccumulateGrad:
    """The end of the graph at a leaf, as PyTorch shows it in ``next_functions``."""

    def __init__(self, variable: Any) -> None:
        self.variable = variable
        self.next_functions: tuple[Any, ...] = ()

    def name(self) -> str:
        """Return the node's name."""
        return "torch::autograd::AccumulateGrad"

    def register_hook(self, hook: Callable[..., Any]) -> Any:
        """Call ``hook((), (grad,))`` after a gradient was added to the leaf's ``.grad``."""
        return add_hook(self.variable, "_post_hooks", NodeHook(hook))

    def register_prehook(self, hook: Callable[..., Any]) -> Any:
        """Call ``hook((grad,))`` before a gradient is added to the leaf's; a returned tuple replaces it."""

        def on_gradient(grad: Any) -> Any:
            changed = hook((grad,))
            return changed[0] if isinstance(changed, (tuple, list)) else changed

        return add_hook(self.variable, "_hooks", on_gradient)

    def __repr__(self) -> str:
        return f"<AccumulateGrad object at {id(self.variable):#x}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AccumulateGrad) and other.variable is self.variable

    def __hash__(self) -> int:
        return id(self.variable)


def edge_of(tensor: Any) -> Any:
    """Return the edge that leads to a tensor: what made it, or itself for a leaf."""
    if tensor._base is not None:
        Upper.refresh(tensor)
    return tensor._node or tensor


def described(array: Any) -> str:
    """Return how errors call a saved array: its type and shape."""
    return f"[{Upper.Tensor._wrap(array).type()} {list(array.shape)}]" if is_array(array) else "a tensor"


def public_edge(edge: Any) -> tuple[Any, int]:
    """Return an edge as `Node.next_functions` shows it: a node and the number of its output."""
    if edge is None:
        return None, 0
    if isinstance(edge, Output):
        return shown(edge.node), edge.index
    if isinstance(edge, Upper.Tensor):
        return AccumulateGrad(edge), 0
    return shown(edge), 0


def node_of(tensor: Any) -> Any:
    """Return the node that made a tensor, as the engine has it; None for a leaf."""
    if tensor._base is not None:
        Upper.refresh(tensor)
    edge = tensor._node
    return edge.node if isinstance(edge, Output) else edge


_classes: dict[tuple[str, type], type] = {}


def shown(node: Any) -> Any:
    """Return a node as an object of the class that carries its name: ``type(x.grad_fn)`` is ``AddBackward0``.

    A node gets that class when somebody looks at it; until then, making it costs nothing for the name.
    """
    if node is None:
        return None
    name = node.name().rpartition("::")[2]
    cls = type(node)
    if cls.__name__ != name:
        base = cls.__mro__[1] if cls.__module__ == "builtins" else cls
        found = _classes.get((name, base))
        if found is None:
            found = _classes[name, base] = type(name, (base,), {"__slots__": (), "__module__": "builtins"})
        node.__class__ = found
    return node
