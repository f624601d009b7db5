"""Forward mode: tensors with a tangent, the derivative in a direction.

A dual tensor is one to differentiate by. The tangent of what is computed from it is the derivative of the backward
pass, which is linear in the gradient that enters it, in that direction; see `minigrad.autograd.functional.jvp`.
"""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

from minigrad.autograd.functional._common import gradients, zeros
from minigrad.autograd.grad_mode import _ModeContext, enable_grad

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]


class _Dual(NamedTuple):
    """A tensor to differentiate by, its tangent, and whether something outside wants gradients."""

    tensor: Any
    tangent: Any
    is_recorded: bool


class _Thread(threading.local):
    def __init__(self) -> None:
        self.duals: list[_Dual] | None = None


_thread = _Thread()


def enter_dual_level() -> int:
    """Open the level at which dual tensors are made; there is one.

    Raises
    ------
    RuntimeError
        When it is open already.
    """
    if _thread.duals is not None:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    _thread.duals = []
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """Close the level: its tensors have no tangents any more."""
    if _thread.duals is None or level not in (None, 0):
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    _thread.duals = None


class dual_level(_ModeContext):
    """Context manager and decorator in which dual tensors are made and unpacked.

    Examples
    --------
    >>> import minigrad as torch
    >>> import minigrad.autograd.forward_ad as forward
    >>> with forward.dual_level():
    ...     x = forward.make_dual(torch.tensor(0.0), torch.tensor(2.0))
    ...     forward.unpack_dual(x.sin()).tangent
    tensor(2.)
    """

    __slots__ = ()

    def __enter__(self) -> int:  # type: ignore[override]
        return enter_dual_level()

    def __exit__(self, *error: object) -> None:
        exit_dual_level()


class UnpackedDualTensor(NamedTuple):
    """A tensor's value, and its tangent (None where it has none)."""

    primal: Any
    tangent: Any


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> Any:
    """Return a tensor of the same value that has a tangent.

    Parameters
    ----------
    tensor, tangent : Tensor
        Floating, of one shape and dtype.
    level : int, optional
        0, the only one.

    Raises
    ------
    RuntimeError
        Outside of a level, and for another shape or dtype.
    ValueError
        For what is not floating.
    """
    if _thread.duals is None:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    for name, each in (("primal", tensor), ("tangent", tangent)):
        if not each.is_floating_point():
            raise ValueError(f"Expected {name} to be floating point or complex, but got: {each.dtype}")
    if tensor.shape != tangent.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
            f"supported. Tensor is of size {list(tensor.shape)} while the given forward gradient is of size "
            f"{list(tangent.shape)}."
        )
    if tensor.dtype != tangent.dtype:
        raise RuntimeError("Expected tangent to have the dtype of the primal")
    with enable_grad():
        dual = tensor.view_as(tensor) if tensor.requires_grad else tensor.detach().requires_grad_()
    _thread.duals.append(_Dual(dual, tangent, tensor.requires_grad or tangent.requires_grad))
    return dual


def unpack_dual(tensor: Any, *, level: int | None = None) -> UnpackedDualTensor:
    """Return a tensor's value and its tangent, which is None for a tensor that no dual tensor leads to."""
    duals = _thread.duals
    if not duals:
        return UnpackedDualTensor(tensor, None)
    recorded = any(each.is_recorded for each in duals)
    primal = tensor if recorded else tensor.detach()
    for each in duals:
        if each.tensor is tensor:
            return UnpackedDualTensor(primal, each.tangent)
    with enable_grad():
        entering = zeros(tensor, requires_grad=True)
        found = gradients((tensor,), tuple(each.tensor for each in duals), (entering,), create_graph=True)
        pairs = [(pulled, each.tangent) for pulled, each in zip(found, duals, strict=True) if pulled is not None]
        if not pairs:
            return UnpackedDualTensor(primal, None)
        pulled, tangents = zip(*pairs, strict=True)
        (tangent,) = gradients(pulled, (entering,), tangents, create_graph=recorded)
    return UnpackedDualTensor(primal, zeros(tensor) if tangent is None else tangent)
