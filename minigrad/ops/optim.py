"""The step of an optimizer: in place on the arrays of parameters, outside the graph.

An optimizer's formula (``Optimizer.update``) is written with operators and operations, so it takes arrays as well as
tensors. `apply_update` runs it on arrays and writes the results back; `differentiable_update` runs it on tensors and
records it. `fused_update` runs a kernel that does what the formula says, one call for all parameters alike; `sgd_` and
`adam_` are its shorter forms for the two optimizers that small networks are trained with.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, MutableMapping
from typing import Any

import numpy as np

from minigrad.ops.backend import array_module, is_array, kernels_of
from minigrad.ops.state import Upper

__all__ = ["adam_", "apply_update", "differentiable_update", "fused_update", "sgd_"]

_SMALL = 8192
"""Parameters of up to so many elements are joined; copying more costs more than the calls it saves."""

_BLOCK = 32768
"""Larger ones are updated in blocks of so many elements, so that the ten arrays or so of a formula stay in cache."""


def apply_update(
    update: Callable[..., Any],
    params: Iterable[Any],
    states: MutableMapping[Any, dict[str, Any]],
    scalars: Collection[str],
    options: dict[str, Any],
    maximize: bool,
    is_elementwise: bool,
) -> None:
    """Run a formula on the arrays of parameters and write what it gives into the tensors.

    Parameters
    ----------
    update : callable
        ``update(p, g, state, **options)``, returning the new ``p`` and storing new values in ``state``.
    params : iterable of Tensor
        With gradients.
    states : mapping
        From each parameter to its tensors, by name; ``"step"``, if there, is counted up. New entries become tensors.
    scalars : collection of str
        Entries that the formula sees as Python floats; it sees the others as arrays.
    options : dict
    maximize : bool
        Whether the formula is given the negative gradient.
    is_elementwise : bool
        Whether the formula treats all elements alike. Then it is given flat arrays, and small parameters are joined
        into one: for them the number of calls counts, not the arithmetic.
    """
    batches: dict[Any, list[Any]] = {}
    for param in params:
        key: Any = id(param)
        if is_elementwise and param._array.size <= _SMALL:
            state = states[param]
            numbers = [state[name]._array.item() for name in scalars if name in state]
            key = (param._array.dtype, *state, *numbers)
        batches.setdefault(key, []).append(param)
    with np.errstate(all="ignore"):
        for batch in batches.values():
            _update_batch(update, batch, [states[param] for param in batch], scalars, options, maximize, is_elementwise)


def _update_batch(
    update: Callable[..., Any],
    params: list[Any],
    states: list[dict[str, Any]],
    scalars: Collection[str],
    options: dict[str, Any],
    maximize: bool,
    is_elementwise: bool,
) -> None:
    """Run the formula on parameters as one, an elementwise one block by block, so that what it makes stays in cache."""
    join = _join if is_elementwise else _only
    p = join([param._array for param in params])
    g = join([param._grad._array for param in params])
    numbers = {name: tensor._array.item() for name, tensor in states[0].items() if name in scalars}
    arrays = {name: join([state[name]._array for state in states]) for name in states[0] if name not in scalars}
    if "step" in numbers:
        numbers["step"] += 1.0
    changed: dict[str, Any] = {}
    for start in range(0, p.size or 1, _BLOCK) if is_elementwise else (0,):
        block = slice(start, start + _BLOCK) if is_elementwise else slice(None)
        given = {**numbers, **{name: array[block] for name, array in arrays.items()}}
        found = dict(given)
        p[block] = update(p[block], -g[block] if maximize else g[block], found, **options)
        for name, value in found.items():
            if name in scalars:
                changed[name] = value
            elif name not in given or value is not given[name]:
                if name not in changed:
                    changed[name] = arrays[name] if name in arrays else np.empty_like(p)
                changed[name][block] = value
    _write(params, p)
    for name, value in changed.items():
        if name not in states[0]:
            for param, state in zip(params, states, strict=True):
                state[name] = Upper.Tensor._wrap(np.empty_like(param._array))
        _write([state[name] for state in states], value)


def _join(arrays: list[Any]) -> Any:
    """Return all elements as one flat array, which is a view where that is possible."""
    return arrays[0].ravel() if len(arrays) == 1 else np.concatenate([array.ravel() for array in arrays])


def _only(arrays: list[Any]) -> Any:
    """Return the only array; one of no dimension as one of one element, whose arithmetic gives arrays."""
    return arrays[0].reshape(arrays[0].shape or (1,))


def _write(tensors: list[Any], value: Any) -> None:
    """Write a number into every tensor, or into each its part of a joined array."""
    start = 0
    for tensor in tensors:
        array, part = tensor._array, value
        tensor._writes[0] += 1
        if is_array(value):
            stop = start + array.size
            part = value.reshape(-1)[start:stop].reshape(array.shape)
            start = stop
            if len(tensors) == 1 and np.may_share_memory(part, array):
                return
        array[...] = part


def differentiable_update(
    update: Callable[..., Any],
    params: Iterable[Any],
    states: MutableMapping[Any, dict[str, Any]],
    scalars: Collection[str],
    options: dict[str, Any],
    maximize: bool,
) -> None:
    """Run a formula on the tensors of parameters, so that the step becomes part of the graph.

    The arguments are those of `apply_update`. New values of the state replace the old tensors, which the graph may
    still need; the parameters are changed in place.
    """
    for param in params:
        state = states[param]
        found = {name: each.item() if name in scalars else each for name, each in state.items()}
        if "step" in found:
            found["step"] += 1.0
        g = param.grad
        new = update(param.clone(), -g if maximize else g, found, **options)
        for name, value in found.items():
            if name in scalars:
                _write([state[name]], value)
            else:
                state[name] = value.clone() if value is g else value
        param.copy_(new)


def fused_update(
    kernel: str,
    params: Iterable[Any],
    states: MutableMapping[Any, dict[str, Any]],
    arrays: Collection[str],
    scalars: Collection[str],
    kernel_options: Callable[[dict[str, float]], dict[str, Any]],
) -> None:
    """Update parameters by a kernel, called once for all that agree in dtype and in the numbers of their states.

    Parameters
    ----------
    kernel : str
        Called with lists of parameters, of gradients and of each of `arrays` (None where the states have none).
    params : iterable of Tensor
        With gradients.
    states : mapping
        From each parameter to its tensors, by name; ``"step"`` is counted up.
    arrays, scalars : collection of str
        The tensors that the kernel is given, in its order, and those that are numbers.
    kernel_options : callable
        From the numbers to the kernel's keywords; it stores new numbers in what it is given.
    """
    batches: dict[Any, tuple[list[Any], list[Any]]] = {}
    for param in params:
        state = states[param]
        key = (param._array.dtype, *[state[name]._array.item() for name in scalars])
        batch = batches.setdefault(key, ([], []))
        batch[0].append(param)
        batch[1].append(state)
    for key, (some, found) in batches.items():
        numbers = dict(zip(scalars, key[1:], strict=True))
        numbers["step"] += 1.0
        options = kernel_options(numbers)
        lists = [[state[name]._array for state in found] if name in found[0] else None for name in arrays]
        run = getattr(kernels_of(some[0]._array), kernel)
        run([param._array for param in some], [param._grad._array for param in some], *lists, **options)
        for param, state in zip(some, found, strict=True):
            param._writes[0] += 1
            for name in arrays:
                if name in state:
                    state[name]._writes[0] += 1
            for name, value in numbers.items():
                tensor = state[name]
                tensor._writes[0] += 1
                tensor._array[()] = value


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
    dtype = buffer = batch = None
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
                buffer = state["momentum_buffer"] = Upper.Tensor._wrap(
                    array_module(array).zeros(array.shape, array.dtype)
                )
        if array.dtype is not dtype or is_first is not was_first:
            dtype, was_first = array.dtype, is_first
            batch = batches.setdefault((dtype, is_first), ([], [], []))
        assert batch is not None
        batch[0].append(array)
        batch[1].append(grad._array)
        if buffer is not None:
            batch[2].append(buffer._array)
            buffer._writes[0] += 1
        param._writes[0] += 1
    for (_, is_first), (arrays, grads, buffers) in batches.items():
        kernels_of(arrays[0]).sgd(
            arrays, grads, buffers or None, lr, momentum, dampening, weight_decay, nesterov, maximize, is_first
        )


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
    dtype = last_t = batch = None
    for param in params:
        grad = param._grad
        if grad is None:
            continue
        state = states[param]
        if not state:
            state.update(init_state(param))
        array, step, m, v = param._array, state["step"], state["exp_avg"], state["exp_avg_sq"]
        t = step._array.item() + 1
        step._array[()] = t
        if array.dtype is not dtype or t != last_t:
            dtype, last_t = array.dtype, t
            batch = batches.setdefault((dtype, t), ([], [], [], [], []))
        assert batch is not None
        batch[0].append(array)
        batch[1].append(grad._array)
        batch[2].append(m._array)
        batch[3].append(v._array)
        if amsgrad:
            largest = state["max_exp_avg_sq"]
            batch[4].append(largest._array)
            largest._writes[0] += 1
        for tensor in (param, step, m, v):
            tensor._writes[0] += 1
    for (_, t), (arrays, grads, means, squares, largests) in batches.items():
        kernels_of(arrays[0]).adam(
            arrays, grads, means, squares, largests or None, t, lr, *betas, eps, weight_decay, decoupled_weight_decay,
            maximize,
        )  # fmt: skip
