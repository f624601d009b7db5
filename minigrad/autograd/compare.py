"""One gradient computed three ways: derived by hand, by the graph, and from differences of the function's values."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from minigrad.autograd.backward import grad as autograd_grad
from minigrad.autograd.grad_mode import enable_grad, no_grad
from minigrad.autograd.gradient_table import Difference, GradientRow, GradientTable
from minigrad.autograd.numerical import Numerical, resolution
from minigrad.ops.backend import to_host
from minigrad.ops.state import Upper

__all__ = ["compare_gradients"]

Array = np.ndarray[Any, Any]

# A gradient is not asked to be right to more than this part of the largest entry of its tensor, and of all tensors.
OF_TENSOR = 1e-3
OF_ALL = 1e-6


def compare_gradients(
    function: Callable[[], Any],
    parameters: Mapping[str, Any] | Iterable[tuple[str, Any]],
    by_hand: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None = None,
    *,
    eps: float = 1e-6,
    rtol: float = 1e-4,
    rtol_by_hand: float = 1e-7,
    progress: bool | None = None,
    verbose: bool = True,
) -> GradientTable:
    """Compare the gradients of a scalar function: by hand, by autograd and numerically, every entry of every parameter.

    Parameters
    ----------
    function : callable
        Takes nothing and returns a tensor of one element, computed from the parameters. It must give the same value
        whenever it is called: no dropout in training mode, no fresh random numbers.
    parameters : mapping of str to Tensor, or iterable of pairs
        The leaves to differentiate by, in float64; ``model.named_parameters()`` will do. They are moved by ``eps``, one
        entry at a time, and put back to the bit, also when ``function`` raises.
    by_hand : mapping of str to array, or callable that returns one, optional
        The gradients derived by hand, under the names in ``parameters``; names may be left out.
    eps : float
        Step of the central differences ``(f(p + eps) - f(p - eps)) / (2 eps)``, in units of the parameters.
    rtol : float
        Largest relative difference of autograd and numerical gradient that passes.
    rtol_by_hand : float
        Largest relative difference of the gradient by hand and autograd that passes.
    progress : bool, optional
        Whether a bar shows how far the differences are; by default only on a terminal, and only if they take a while.
    verbose : bool
        Print the table.

    Returns
    -------
    GradientTable
        One row a parameter; ``table.passed`` is the verdict, ``str(table)`` the text, ``table[name]`` a row with the
        three gradients.

    Raises
    ------
    ValueError
        When a parameter is not a float64 leaf that requires grad, when the function is not a deterministic scalar, or
        when a gradient by hand has an unknown name or another shape than its parameter.

    Notes
    -----
    The relative difference of two entries is ``|a - b| / max(|a|, |b|, floor)``. The floor keeps entries that are zero
    but for rounding from counting as different: it is a thousandth of the largest entry of the tensor, at least a
    millionth of the largest entry of all tensors, and for the numerical gradient at least what differences of the step
    can resolve in float64, some ``8 * 2**-52 * |f| / eps``, over ``rtol``. Nan agrees with nothing.

    A step may cross a kink (of `relu`, say), and the central difference then mixes two slopes. Such entries betray
    themselves: their differences ahead and behind disagree. They are measured again with smaller steps; those that
    still disagree sit on the kink, where there is no derivative to compare with, and are left out. The table says
    how many there were of either kind.

    Examples
    --------
    >>> import minigrad
    >>> w = minigrad.tensor([1.0, -2.0], dtype=minigrad.float64, requires_grad=True)
    >>> table = compare_gradients(lambda: (w**3).sum(), {"w": w}, {"w": 3 * w.detach().numpy() ** 2}, verbose=False)
    >>> table.passed, table["w"].autograd
    (True, array([ 3., 12.]))
    """
    named = _checked(parameters)
    by_name = _by_hand(by_hand, named)
    loss, analytic = _autograd(function, named)
    recording = enable_grad() if _needs_graph(function, loss) else no_grad()
    largest = max((float(np.abs(each).max(initial=0)) for each in analytic.values()), default=0.0)
    rows = []
    entries = sum(each._array.size for each in named.values())
    with recording, _bar(entries, progress) as bar:
        measure = Numerical(lambda: float(function()._array.reshape(())), loss, eps, rtol, bar.update)
        for name, tensor in named.items():
            found = analytic[name]
            floor = max(OF_TENSOR * float(np.abs(found).max(initial=0)), OF_ALL * largest, sys.float_info.min)
            numerical, steps = measure(tensor._array, floor)
            at_kink = np.isnan(steps)
            hand = by_name.get(name)
            rows.append(
                GradientRow(
                    name=name,
                    by_hand=hand,
                    autograd=found,
                    numerical=numerical,
                    hand_to_autograd=None if hand is None else Difference.between(hand, found, floor, rtol_by_hand),
                    autograd_to_numerical=Difference.between(
                        found, numerical, np.fmax(floor, resolution(loss, steps) / rtol), rtol, at_kink
                    ),
                    measured_again=int((steps != eps).sum()),
                    at_kink=int(at_kink.sum()),
                )
            )
    table = GradientTable(rows, loss=loss, eps=eps, rtol=rtol, rtol_by_hand=rtol_by_hand)
    if verbose:
        print(table)
    return table


def _checked(parameters: Any) -> dict[str, Any]:
    """Return the parameters by name, or say what is wrong with them."""
    named = dict(parameters)
    if not named:
        raise ValueError("compare_gradients(): there are no parameters to differentiate by")
    for name, tensor in named.items():
        if not isinstance(tensor, Upper.Tensor):
            raise ValueError(f"compare_gradients(): parameter '{name}' is a {type(tensor).__name__}, expected a Tensor")
        if not (tensor.requires_grad and tensor.is_leaf):
            what = "is not a leaf" if tensor.requires_grad else "does not require grad"
            raise ValueError(
                f"compare_gradients(): parameter '{name}' {what}; only leaves that require grad can be moved"
            )
        if tensor._array.dtype != np.float64:
            raise ValueError(
                f"compare_gradients(): parameter '{name}' is {tensor.dtype}, expected torch.float64: differences "
                "need the digits. Convert the model and its inputs, as in copy.deepcopy(model).double() and x.double()"
            )
    return named


def _by_hand(by_hand: Any, named: dict[str, Any]) -> dict[str, Array]:
    """Return the gradients by hand as arrays, in the shapes of their parameters."""
    given = by_hand() if callable(by_hand) else by_hand or {}
    unknown = [name for name in given if name not in named]
    if unknown:
        raise ValueError(f"compare_gradients(): by_hand names {unknown}, but the parameters are {list(named)}")
    arrays = {}
    for name, value in given.items():
        array = to_host(value._array) if isinstance(value, Upper.Tensor) else np.asarray(value, np.float64)
        expected = named[name]._array.shape
        if array.shape != expected:
            raise ValueError(
                f"compare_gradients(): the gradient of '{name}' by hand has shape {array.shape}, "
                f"its parameter {expected}"
            )
        arrays[name] = array
    return arrays


def _autograd(function: Callable[[], Any], named: dict[str, Any]) -> tuple[float, dict[str, Array]]:
    """Return the function's value and the gradients that the graph computes; nothing is left in any ``.grad``."""
    with enable_grad():
        loss = function()
        if not isinstance(loss, Upper.Tensor) or loss._array.size != 1:
            what = f"shape {tuple(loss.shape)}" if isinstance(loss, Upper.Tensor) else f"type {type(loss).__name__}"
            raise ValueError(f"compare_gradients(): the function returned {what}, expected a tensor of one element")
        if loss._array.dtype != np.float64:
            raise ValueError(f"compare_gradients(): the function returned {loss.dtype}, expected torch.float64")
        if not loss.requires_grad:
            raise ValueError("compare_gradients(): what the function returned does not depend on any parameter")
        grads = autograd_grad(
            loss, list(named.values()), Upper.Tensor._wrap(np.ones_like(loss._array)), allow_unused=True
        )
    arrays = {
        name: np.zeros(tensor._array.shape) if grad is None else to_host(grad._array)
        for (name, tensor), grad in zip(named.items(), grads, strict=True)
    }
    return float(loss._array.reshape(())), arrays


def _needs_graph(function: Callable[[], Any], loss: float) -> bool:
    """Return whether the function works only where graphs are recorded; check that it gives the same value again."""
    needs = False
    try:
        with no_grad():
            again = float(function()._array.reshape(()))
    except RuntimeError:  # the function differentiates too
        needs = True
        with enable_grad():
            again = float(function()._array.reshape(()))
    if not (again == loss or abs(again - loss) <= 1e-13 * abs(loss) or (np.isnan(again) and np.isnan(loss))):
        raise ValueError(
            f"compare_gradients(): the function gave {loss!r} and then {again!r}; it must give the same value "
            "whenever it is called (model.eval() turns dropout off)"
        )
    return needs


def _bar(total: int, progress: bool | None) -> Any:
    """Return a progress bar over the entries."""
    from tqdm import tqdm

    hidden = None if progress is None else not progress
    return tqdm(
        total=total, desc="differences", unit="entry", unit_scale=True, disable=hidden, leave=False,
        delay=0 if progress else 0.5,
    )  # fmt: skip
