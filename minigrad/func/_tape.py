"""The recorded evaluation of a function, from which every transform takes its products.

A transform differentiates by tensors of its own, so that the same tensors inside the function, captured from outside,
are told apart: that alone keeps nested transforms from confusing their derivatives. Inside ``vmap`` each sample has a
tensor of its own too; the gradients of all samples then come out of one backward pass, because no sample's result
depends on another's input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.autograd.engine import run_backward
from minigrad.autograd.node import Output
from minigrad.batching.levels import lift, lower, open_levels
from minigrad.batching.tensor import BatchedTensor
from minigrad.creation import zeros_like
from minigrad.tensor import Tensor

__all__ = ["Tape"]


class Tape:
    """What a function was differentiated by, and what it gave.

    Parameters
    ----------
    inputs : sequence of Tensor
        As they come, possibly batched.

    Attributes
    ----------
    inputs : list of Tensor
        What the function is to be called with.
    outputs : list of Tensor
        What the function gave; to be set by `record`.
    """

    def __init__(self, inputs: Sequence[Any]) -> None:
        self.levels = open_levels()
        self._own = [_own(lower(each, self.levels)) for each in inputs]
        self._fresh = {id(each) for each in self._own if each.is_leaf}
        self.inputs = [lift(each, self.levels) for each in self._own]

    def record(self, outputs: Sequence[Any]) -> None:
        """Keep what the function gave, with the samples of all open levels in front."""
        self.outputs = outputs
        self._roots = [lower(each, self.levels) for each in outputs]
        self.reaches_out = any(self._depends_on_others(root) for root in self._roots)

    def _depends_on_others(self, tensor: Any) -> bool:
        """Whether something outside the transform requires a gradient of a tensor."""
        node = None if isinstance(tensor, BatchedTensor) else tensor.grad_fn
        if node is None:
            return tensor.requires_grad and id(tensor) not in self._fresh
        seen = {node}
        stack = [node]
        while stack:
            for edge in stack.pop().parents:
                parent = edge.node if isinstance(edge, Output) else edge
                if isinstance(parent, Tensor):
                    if id(parent) not in self._fresh:
                        return True
                elif parent not in seen:
                    seen.add(parent)
                    stack.append(parent)
        return False

    def released(self, tensor: Any) -> Any:
        """Return a result outside the graph, unless something outside the transform has a part in it."""
        behind = tensor
        while isinstance(behind, BatchedTensor):
            behind = behind.value
        return tensor if self._depends_on_others(behind) else tensor.detach()

    def pull(self, cotangents: Sequence[Any], create_graph: bool, retain_graph: bool = True) -> list[Any]:
        """Return the products of cotangents with the Jacobian, one for each input.

        Raises
        ------
        RuntimeError
            For a cotangent of another shape than its output's.
        """
        for k, (given, output) in enumerate(zip(cotangents, self.outputs, strict=True)):
            if given.shape != output.shape:
                raise RuntimeError(
                    f"Mismatch in shape: grad_output[{k}] has a shape of {given.shape} and output[{k}] has a shape of "
                    f"{output.shape}."
                )
        entering = [lower(each, self.levels) for each in cotangents]
        found = _backward(self._roots, self._own, entering, create_graph and self._is_recorded(entering), retain_graph)
        return [self.released(lift(each, self.levels)) for each in found]

    def _is_recorded(self, others: Sequence[Any]) -> bool:
        return self.reaches_out or any(each.requires_grad for each in others) or len(self._fresh) < len(self._own)

    def linear(self, create_graph: bool) -> Linear:
        """Return the Jacobian as a map of tangents."""
        return Linear(self, create_graph)

    def push(self, linear: Linear, tangents: Sequence[Any]) -> list[Any]:
        """Return the products of the Jacobian with tangents, one for each output."""
        entering = [lower(each, self.levels) for each in tangents]
        create_graph = linear.create_graph and self._is_recorded(entering)
        found = _backward(linear.backward, linear.cotangents, entering, create_graph, True)
        self._fresh.update(id(each) for each in linear.cotangents)
        return [self.released(lift(each, self.levels)) for each in found]

    def backward_with_graph(self, cotangents: Sequence[Any]) -> list[Any]:
        """Return the gradients of the inputs as functions of the cotangents."""
        return _backward(self._roots, self._own, cotangents, True, True)

    def zero_cotangents(self) -> list[Any]:
        """Return zeros of the outputs' shapes, samples in front, to differentiate by."""
        return [zeros_like(each).requires_grad_() for each in self._roots]


class Linear:
    """The backward pass as a function of what enters it; its derivative is the Jacobian itself [1]_.

    References
    ----------
    .. [1] J. Townsend, "A new trick for calculating Jacobian vector products", 2017.
    """

    def __init__(self, tape: Tape, create_graph: bool) -> None:
        self.create_graph = create_graph
        self.cotangents = tape.zero_cotangents()
        self.backward = tape.backward_with_graph(self.cotangents)


def _own(tensor: Any) -> Any:
    """Return a tensor to differentiate by that the caller does not hold."""
    return tensor.view_as(tensor) if tensor.requires_grad else tensor.detach().requires_grad_()


def _backward(
    roots: Sequence[Any], inputs: Sequence[Any], entering: Sequence[Any], create_graph: bool, retain_graph: bool
) -> list[Any]:
    """Return gradients as tensors, zeros where no path leads to an input."""
    pairs = [(root, each) for root, each in zip(roots, entering, strict=True) if root.requires_grad]
    batched = any(isinstance(each, BatchedTensor) for _, each in pairs)
    with_tensors = create_graph or batched
    found = run_backward(
        [root for root, _ in pairs],
        [each if with_tensors else each._array for _, each in pairs],
        retain_graph=retain_graph,
        create_graph=create_graph,
        inputs=inputs,
        accumulate=False,
        tensors=with_tensors,
    )
    given = {id(each._array) for _, each in pairs if not isinstance(each, BatchedTensor)}
    return [_as_result(gradient, each, given) for gradient, each in zip(found, inputs, strict=True)]


def _as_result(gradient: Any, like: Any, given: set[int]) -> Any:
    if gradient is None:
        return zeros_like(like)
    if isinstance(gradient, Tensor):
        return gradient
    shared = gradient.base is not None or id(gradient) in given
    return Tensor._wrap(gradient.copy() if shared else gradient)
