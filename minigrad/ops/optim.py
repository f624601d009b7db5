"""The step of an optimizer: in place on the arrays of parameters, outside the graph.

An optimizer's formula (``Optimizer.update``) is written with operators and operations, so it takes arrays as well as
tensors. `apply_update` runs it on arrays and writes the results back; `differentiable_update` runs it on tensors and
records it. `sgd_` and `adam_` are the fused forms of two formulas: one kernel call a parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, MutableMapping
from typing import Any

import numpy as np

from minigrad.ops.state import Upper
from minigrad_kernels import cpu

__all__ = ["adam_", "apply_update", "differentiable_update", "sgd_"]


def apply_update(
    update: Callable[..., Any],
    param: Any,
    state: dict[str, Any],
    scalars: Collection[str],
    options: dict[str, Any],
    maximize: bool,
) -> None:
    """Run a formula on the arrays of one parameter and write what it gives into the tensors.

    Parameters
    ----------
    update : callable
        ``update(p, g, state, **options)``, returning the new ``p`` and storing new values in ``state``.
    param : Tensor
        With a gradient.
    state : dict
        Tensors, by name; ``"step"``, if there, is counted up. New entries are added as tensors.
    scalars : collection of str
        Entries that the formula sees as Python floats; it sees the others as arrays.
    options : dict
    maximize : bool
        Whether the formula is given the negative gradient.
    """
    target = param._array
    # NumPy makes scalars of 0-d results, which operations do not take; one element behaves the same.
    shape = target.shape or (1,)
    p, g = target.reshape(shape), param._grad._array.reshape(shape)
    given = {
        name: float(each._array) if name in scalars else each._array.reshape(each._array.shape or shape)
        for name, each in state.items()
    }
    if "step" in given:
        given["step"] += 1.0
    found = dict(given)
    with np.errstate(all="ignore"):
        target[...] = update(p, -g if maximize else g, found, **options).reshape(target.shape)
    param._version[0] += 1
    for name, value in found.items():
        if name not in state:
            state[name] = Upper.Tensor._wrap(value.reshape(target.shape).copy())
        elif name in scalars or value is not given[name]:
            tensor = state[name]
            tensor._array[...] = value if name in scalars else value.reshape(tensor._array.shape)
            tensor._version[0] += 1


def differentiable_update(
    update: Callable[..., Any],
    param: Any,
    state: dict[str, Any],
    scalars: Collection[str],
    options: dict[str, Any],
    maximize: bool,
) -> None:
    """Run a formula on the tensors of one parameter, so that the step becomes part of the graph.

    The parameters are those of `apply_update`. New values of the state replace the old tensors, which the graph may
    still need; the parameter is changed in place.
    """
    found = {name: each.item() if name in scalars else each for name, each in state.items()}
    if "step" in found:
        found["step"] += 1.0
    g = param.grad
    new = update(param.clone(), -g if maximize else g, found, **options)
    for name, value in found.items():
        if name in scalars:
            state[name]._array[...] = value
            state[name]._version[0] += 1
        else:
            state[name] = value.clone() if value is g else value
    param.copy_(new)


def sgd_(
    params: Iterable[Any],
    states: MutableMapping[Any, dict[str, Any]],
    *,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
) -> None:
    """Take one step of `minigrad.optim.SGD` with every parameter that has a gradient."""
    has_momentum = momentum != 0
    batches: dict[Any, tuple[list[Any], ...]] = {}
    dtype = batch = None
    is_first = was_first = False
    for param in params:
        grad = param._grad
        if grad is None:
            continue
        array = param._array
        if has_momentum:
            state = states[param]
            buffer = state.get("momentum_buffer")
            is_first = buffer is None
            if is_first:
                buffer = state["momentum_buffer"] = Upper.Tensor._wrap(np.zeros(array.shape, array.dtype))
        if array.dtype is not dtype or is_first is not was_first:
            dtype, was_first = array.dtype, is_first
            batch = batches.setdefault((dtype, is_first), ([], [], []))
        batch[0].append(array)
        batch[1].append(grad._array)
        if has_momentum:
            batch[2].append(buffer._array)
            buffer._version[0] += 1
        param._version[0] += 1
    for (_, is_first), (arrays, grads, buffers) in batches.items():
        cpu.sgd(
            arrays, grads, buffers or None, lr, momentum, dampening, weight_decay, nesterov, maximize, is_first
        )  # fmt: skip


def adam_(
    params: Iterable[Any],
    states: MutableMapping[Any, dict[str, Any]],
    init_state: Callable[[Any], dict[str, Any]],
    *,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    amsgrad: bool,
    decoupled_weight_decay: bool,
    maximize: bool,
) -> None:
    """Take one step of `minigrad.optim.Adam` with every parameter that has a gradient.

    ``init_state`` gives the state of a parameter that has none.
    """
    batches: dict[Any, tuple[list[Any], ...]] = {}
    dtype = batch = last_t = None
    for param in params:
        grad = param._grad
        if grad is None:
            continue
        state = states[param]
        if not state:
            state.update(init_state(param))
        step, array = state["step"]._array, param._array
        t = step.item() + 1
        step[()] = t
        if array.dtype is not dtype or t != last_t:
            dtype, last_t = array.dtype, t
            batch = batches.setdefault((dtype, t), ([], [], [], [], []))
        batch[0].append(array)
        batch[1].append(grad._array)
        batch[2].append(state["exp_avg"]._array)
        batch[3].append(state["exp_avg_sq"]._array)
        if amsgrad:
            batch[4].append(state["max_exp_avg_sq"]._array)
        param._version[0] += 1
        for tensor in state.values():
            tensor._version[0] += 1
    for (_, t), (arrays, grads, means, squares, largests) in batches.items():
        cpu.adam(
            arrays, grads, means, squares, largests or None, t, lr, *betas, eps, weight_decay, decoupled_weight_decay,
            maximize,
        )  # fmt: skip
