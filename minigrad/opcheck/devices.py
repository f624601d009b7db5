"""The same call on two devices, whose results and gradients must agree."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.autograd import grad as autograd_grad
from minigrad.creation import tensor
from minigrad.devices import device as Device
from minigrad.opcheck.cases import Case, is_floating, map_arrays
from minigrad.opcheck.gradients import flatten, is_differentiable
from minigrad.ops.backend import place
from minigrad.random import manual_seed
from minigrad.tensor import Tensor

__all__ = ["differences"]

_TOLERANCES = {"float16": 2e-2, "float32": 2e-4, "float64": 1e-7, "complex64": 2e-4, "complex128": 1e-7}


def differences(case: Case, device: Any, dtype: Any = np.float64) -> list[str]:
    """Return what is wrong with a case on a device, beside the CPU: nothing, if it is right.

    Results are compared by shape, dtype and value, and so are the gradients of a weighted sum of them and the gradients
    of a weighted sum of these. Random numbers differ between devices; their values are not compared.

    Parameters
    ----------
    case : Case
    device : device
    dtype : dtype
        What the floating point numbers of the sample are converted to.
    """
    wanted, again = _run(case, "cpu", dtype, 0), _run(case, "cpu", dtype, 1)
    is_random = any(_difference(one, other) for one, other in zip(wanted, again, strict=True))
    found = _run(case, device, dtype, 0)
    if len(found) != len(wanted):
        return [f"{len(found)} results, not {len(wanted)}"]
    faults = []
    for name, (one, other) in enumerate(zip(found, wanted, strict=True)):
        fault = _difference(one, other, only_form=is_random or case.entry.name.startswith("empty"))
        faults += [f"result or gradient {name}: {fault}"] if fault else []
    return faults


def _run(case: Case, device: Any, dtype: Any, seed: int) -> list[Any]:
    """Return the results of a case, and the gradients of what flows through it: on arrays, recorded, and second."""
    manual_seed(seed)
    wants = is_differentiable(case)
    leaves: list[Tensor] = []
    bound = [
        _moved(each, device, dtype, leaves if wants and k in case.differentiable_slots() else None)
        if _is_tensor_slot(case, k)
        else map_arrays(each, lambda array: place(array, Device(device)))
        for k, each in enumerate(case.bound())
    ]
    results = flatten(case.call(bound))
    plain = _gradients(results, leaves, recorded=False)
    grads = _gradients(results, leaves, recorded=True)
    return [*results, *plain, *grads, *_gradients(grads, leaves, recorded=True)]


def _gradients(outs: Any, leaves: list[Tensor], recorded: bool) -> list[Any]:
    """Return the gradients of a weighted sum of those results that have one.

    Unless they are recorded for further gradients, the rules run on arrays instead of tensors.
    """
    outs = [each for each in outs if isinstance(each, Tensor) and each.requires_grad]
    if not outs:
        return []
    weights = [_weights(each) for each in outs]
    return list(autograd_grad(outs, leaves, weights, retain_graph=True, create_graph=recorded, allow_unused=True))


def _is_tensor_slot(case: Case, k: int) -> bool:
    """Whether a parameter takes tensors; internal operations take arrays elsewhere."""
    if case.entry.namespace is not None or case.is_variadic:
        return True
    return k in ((0,) if case.entry.signature.takes_sequence else case.entry.signature.tensor_positions)


def _moved(value: Any, device: Any, dtype: Any, leaves: list[Tensor] | None) -> Any:
    """Return a value with tensors on a device for its arrays; those that a gradient is wanted of enter `leaves`."""

    def made(array: Any) -> Tensor:
        array = array.astype(dtype) if is_floating(array) else array
        moved = tensor(array, device=device, requires_grad=leaves is not None and is_floating(array))
        if leaves is not None and is_floating(array):
            leaves.append(moved)
        return moved

    return map_arrays(value, made)


def _weights(out: Tensor) -> Tensor:
    """Return what the elements of a result weigh: different numbers of both signs."""
    numbers = np.cos(np.arange(out.numel(), dtype=np.float64)).reshape(out.shape)
    return tensor(numbers, dtype=out.dtype, device=out.device)


def _difference(one: Any, other: Any, only_form: bool = False) -> str:
    """Return how two results differ, or nothing."""
    if not (isinstance(one, Tensor) and isinstance(other, Tensor)):
        return "" if type(one) is type(other) and (only_form or one == other) else f"{one!r}, not {other!r}"
    if (one.shape, one.dtype) != (other.shape, other.dtype):
        return f"{tuple(one.shape)} of {one.dtype}, not {tuple(other.shape)} of {other.dtype}"
    if only_form:
        return ""
    got, wanted = (each.detach().cpu().numpy() for each in (one, other))
    limit = _TOLERANCES.get(wanted.dtype.name, 0)
    try:
        np.testing.assert_allclose(got, wanted, rtol=limit, atol=limit)
    except AssertionError as error:
        return " ".join(line.strip() for line in str(error).splitlines()[3:6])
    return ""
