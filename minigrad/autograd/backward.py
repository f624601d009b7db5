"""`backward` and `grad`: the public doors to the engine."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from minigrad.autograd.engine import run_backward
from minigrad.autograd.graph import GradientEdge, as_root
from minigrad.ops.backend import array_module, is_array, is_writeable
from minigrad.ops.join import stack
from minigrad.ops.state import BATCHED, Upper

__all__ = ["backward", "grad"]


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    *,
    inputs: Any = None,
) -> None:
    """Add the gradients of the sum of ``tensors`` to ``.grad`` of the leaves.

    Parameters
    ----------
    tensors : Tensor or sequence of Tensor
    grad_tensors : Tensor or sequence of Tensor, optional
        The gradient that enters at each; may be None for tensors of one element.
    retain_graph : bool, optional
        Keep what a second backward needs; by default as ``create_graph``.
    create_graph : bool
        Record the backward pass.
    inputs : Tensor or sequence of Tensor, optional
        Only these accumulate gradients; by default every leaf does.

    Raises
    ------
    RuntimeError
        When a tensor does not require grad, or has several elements and no gradient was given.
    """
    roots = _as_tuple(tensors)
    wanted = None if inputs is None else _as_tuple(inputs)
    if wanted is not None and not wanted:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    if wanted is not None and not all(each.requires_grad for each in wanted):
        raise RuntimeError(
            "can't retain_grad on Tensor that has requires_grad=False: each of `inputs` must require grad"
        )
    if create_graph:
        warnings.warn(
            "Using backward() with create_graph=True will create a reference cycle between the parameter and its "
            "gradient which can cause a memory leak. We recommend using autograd.grad when creating the graph to "
            "avoid this. If you have to use this function, make sure to reset the .grad fields of your parameters "
            "to None after use to break the cycle and avoid the leak.",
            stacklevel=3,
        )
    grads = _root_gradients(roots, grad_tensors, create_graph)
    run_backward(
        roots,
        grads,
        retain_graph=create_graph if retain_graph is None else retain_graph,
        create_graph=create_graph,
        inputs=wanted,
    )


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """Return the gradients of the sum of ``outputs`` with respect to ``inputs``, leaving ``.grad`` alone.

    Parameters
    ----------
    outputs, inputs : Tensor or sequence of Tensor
    grad_outputs : Tensor or sequence of Tensor, optional
        The gradient that enters at each output.
    retain_graph, create_graph : bool
        As for `backward`.
    allow_unused : bool, optional
        Return None for an input that no output depends on, instead of raising.
    is_grads_batched : bool
        The first dimension of ``grad_outputs`` counts independent gradients; the results have it too.
    materialize_grads : bool
        Return zeros instead of None.

    Raises
    ------
    RuntimeError
        When an input does not require grad or is not used.
    """
    roots, wanted = _as_tuple(outputs), _as_tuple(inputs)
    if not wanted:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    if is_grads_batched:
        return _batched_grad(roots, wanted, grad_outputs, retain_graph, create_graph, allow_unused, materialize_grads)
    with_tensors = create_graph or (grad_outputs is not None and _any_batched(grad_outputs))
    grads = _root_gradients(roots, grad_outputs, with_tensors)
    for each in wanted:
        if not each.requires_grad:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    found = run_backward(
        roots,
        grads,
        retain_graph=create_graph if retain_graph is None else retain_graph,
        create_graph=create_graph,
        inputs=wanted,
        accumulate=False,
        tensors=with_tensors,
    )
    taken = {id(each) for each in grads}
    results = []
    for k, (each, gradient) in enumerate(zip(wanted, found, strict=True)):
        if gradient is None and materialize_grads:
            gradient = array_module(each._array).zeros(each._array.shape, each._array.dtype)
        elif gradient is None and not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {k} appears to not have been used in the graph. Set "
                "allow_unused=True if this is the desired behavior."
            )
        if is_array(gradient):
            if gradient.base is not None or id(gradient) in taken or not is_writeable(gradient):
                gradient = gradient.copy()
            taken.add(id(gradient))
            gradient = Upper.Tensor._wrap(gradient)
        results.append(gradient)
    return tuple(results)


def _batched_grad(
    roots: Sequence[Any],
    wanted: Sequence[Any],
    grad_outputs: Any,
    retain_graph: bool | None,
    create_graph: bool,
    allow_unused: bool | None,
    materialize_grads: bool,
) -> tuple[Any, ...]:
    batches = _as_tuple(() if grad_outputs is None else grad_outputs)
    if len(batches) != len(roots) or not all(isinstance(each, Upper.Tensor) for each in batches):
        raise ValueError(f"is_grads_batched=True takes one tensor of gradients for each of the {len(roots)} outputs")
    for k, (root, batch) in enumerate(zip(roots, batches, strict=True)):
        if not batch.ndim or batch.shape[1:] != root._array.shape:
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the batch "
                "dimension. The sizes of the remaining dimensions are expected to match the shape of corresponding "
                f"output, but a mismatch was detected: grad_output[{k}] has a shape of {batch.shape[1:]} and "
                f"output[{k}] has a shape of {root.shape}."
            )
    count = len(batches[0])
    rows = []
    for k in range(count):
        keep = retain_graph or create_graph or k + 1 < count
        rows.append(
            grad(
                roots, wanted, [batch[k] for batch in batches], keep, create_graph,
                allow_unused=allow_unused, materialize_grads=materialize_grads,
            )
        )  # fmt: skip
    return tuple(None if column[0] is None else stack(list(column)) for column in zip(*rows, strict=True))


@cache
def _one(dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    one = np.ones((), dtype)
    one.flags.writeable = False
    return one


def _as_tuple(tensors: Any) -> tuple[Any, ...]:
    if isinstance(tensors, Upper.Tensor):
        return (tensors,)
    return (as_root(tensors),) if isinstance(tensors, GradientEdge) else tuple(map(as_root, tensors))


def _any_batched(gradients: Any) -> bool:
    """Whether a gradient is a sample of ``vmap``, which only tensors can carry through the graph."""
    return any(getattr(each, "_base", None) is BATCHED for each in _as_tuple(gradients))


def _root_gradients(roots: Sequence[Any], given: Any, with_tensors: bool) -> list[Any]:
    """Return the gradient that enters at each root: the one given, or 1 for a tensor of one element."""
    if given is None:
        given = [None] * len(roots)
    elif isinstance(given, Upper.Tensor):
        given = [given]
    else:
        given = list(given)
        for each in given:
            if each is not None and not isinstance(each, Upper.Tensor):
                raise TypeError(f"gradients can be either Tensors or None, but got {type(each).__name__}")
    if len(given) != len(roots):
        raise RuntimeError(f"got {len(roots)} tensors and {len(given)} gradients")
    grads = []
    for k, (root, gradient) in enumerate(zip(roots, given, strict=True)):
        if not root.requires_grad:
            raise RuntimeError(f"element {k} of tensors does not require grad and does not have a grad_fn")
        array = root._array
        if gradient is None:
            if array.size != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            host = type(array) is np.ndarray and not array.ndim
            gradient = _one(array.dtype) if host else array_module(array).ones(array.shape, array.dtype)
            grads.append(Upper.Tensor._wrap(gradient) if with_tensors else gradient)
            continue
        if gradient.shape != array.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{k}] has a shape of {gradient.shape} and output[{k}] has a shape of "
                f"{root.shape}."
            )
        grads.append(gradient if with_tensors else gradient._array)
    return grads
