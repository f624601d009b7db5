"""The graph itself: its nodes and edges, and hooks on what it saves and computes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from minigrad.autograd.engine import pass_number
from minigrad.autograd.hooks import RemovableHandle
from minigrad.autograd.node import AccumulateGrad, Node, edge_of, public_edge
from minigrad.autograd.saving import disable_saved_tensors_hooks, save_on_cpu, saved_tensors_hooks
from minigrad.ops.state import Upper, mode

__all__ = [
    "GradientEdge",
    "Node",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


class GradientEdge(NamedTuple):
    """A place in the graph at which a gradient arrives; ``autograd.grad`` and ``backward`` take it for a tensor.

    Attributes
    ----------
    node : Node
    output_nr : int
        Which output of the node.
    ownership_token : None
        PyTorch's; a node keeps itself alive here.
    """

    node: Any
    output_nr: int
    ownership_token: Any = None


def get_gradient_edge(tensor: Any) -> GradientEdge:
    """Return the place at which a tensor's gradient arrives.

    Raises
    ------
    RuntimeError
        For a tensor that does not require grad.
    """
    if not tensor.requires_grad:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    return GradientEdge(*public_edge(edge_of(tensor)))


def as_root(value: Any) -> Any:
    """Return a `GradientEdge` as the engine takes it; anything else as it is."""
    if not isinstance(value, GradientEdge):
        return value
    node = value.node
    return node.variable if isinstance(node, AccumulateGrad) else _EdgeRoot(node.output_edge(value.output_nr))


class _EdgeRoot:
    """An edge in the place of a tensor: what the engine asks of the tensors given to it."""

    _base = None
    requires_grad = True

    def __init__(self, edge: Any) -> None:
        self._node = edge
        self._array = _Empty(edge.shape, edge.dtype)

    @property
    def shape(self) -> Any:
        """The shape of the gradient."""
        return self._array.shape


class _Empty(NamedTuple):
    """What the engine asks of an array that is not there."""

    shape: tuple[int, ...]
    dtype: Any

    @property
    def size(self) -> int:
        size = 1
        for length in self.shape:
            size *= length
        return size

    @property
    def ndim(self) -> int:
        return len(self.shape)


def increment_version(tensor: Any) -> None:
    """Count a write that was made behind minigrad's back, through ``x.numpy()`` say.

    Parameters
    ----------
    tensor : Tensor or iterable of Tensor
    """
    for each in (tensor,) if isinstance(tensor, Upper.Tensor) else tensor:
        each._writes[0] += 1


class _MultiHandle(RemovableHandle):
    """Removes several hooks at once."""

    def __init__(self, handles: tuple[RemovableHandle, ...]) -> None:
        self.handles = handles

    def remove(self) -> None:
        """Remove the hooks."""
        for each in self.handles:
            each.remove()


def register_multi_grad_hook(tensors: Sequence[Any], fn: Callable[..., Any], *, mode: str = "all") -> RemovableHandle:
    """Call a function once a backward pass, when the gradients of several tensors have been computed.

    Parameters
    ----------
    tensors : sequence of Tensor
    fn : callable
        With "all" it gets the sequence of all gradients, None for tensors that the pass does not reach, after the last;
        with "any" the first gradient.
    mode : str
        "all" or "any".

    Raises
    ------
    ValueError
        For another mode.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    if mode == "any":
        first = _OnceAPass(fn)
        return _MultiHandle(tuple(each.register_hook(first) for each in tensors if each.requires_grad))
    gathering = _Gathering(tensors, fn)
    handles = tuple(each.register_hook(functools.partial(gathering, k)) for k, each in enumerate(tensors))
    return _MultiHandle(handles)


class _OnceAPass:
    """Calls a hook with the first gradient of each backward pass."""

    __name__ = "first gradient"

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.fn = fn
        self.seen: int | None = None

    def __call__(self, grad: Any) -> None:
        if pass_number() != self.seen:
            self.seen = pass_number()
            self.fn(grad)


class _Gathering:
    """Gathers the gradients of several tensors in a backward pass, and calls a hook with all of them."""

    def __init__(self, tensors: Sequence[Any], fn: Callable[..., Any]) -> None:
        self.edges = [edge_of(each) for each in tensors]
        self.fn = fn
        self.number: int | None = None
        self.grads: list[Any] = []
        self.missing = 0

    def __call__(self, k: int, grad: Any) -> None:
        if pass_number() != self.number:
            self.number = pass_number()
            self.grads = [None] * len(self.edges)
            self.missing = sum(map(mode.flow.will_reach, self.edges))
        self.grads[k] = grad
        self.missing -= 1
        if not self.missing:
            grads, self.number, self.grads = self.grads, None, []
            self.fn(grads)
