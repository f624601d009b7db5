"""The rules that guard writing into a tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.dtypes import from_numpy
from minigrad.ops.backend import like
from minigrad.ops.overlap import writeable
from minigrad.ops.state import Upper, mode

SEVERAL_VIEWS = (
    "This view is the output of a function that returns multiple views. Such functions do not allow the output views "
    "to be modified inplace. You should replace the inplace operation by an out-of-place one."
)

VIEW_OF_FUNCTION = (
    "This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic "
    "to handle view+inplace would override the custom backward associated with the custom Function, leading to "
    "incorrect gradients. This behavior is forbidden. You can fix this by cloning the output of the custom Function."
)

VIEW_WITHOUT_GRAD = (
    "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both "
    "the view and the inplace either both inside the no_grad block (if you don't want the inplace to be tracked) or "
    "both outside (if you want the inplace to be tracked)."
)


def check_inference(tensor: Any) -> None:
    """Refuse to write into a tensor made in inference mode from outside.

    Raises
    ------
    RuntimeError
    """
    if tensor._writes[0] < 0 and not mode.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed."
            "You can make a clone to get a normal tensor before doing inplace update."
            "See https://github.com/pytorch/rfcs/pull/17 for more details."
        )


def check_writable(tensor: Any) -> None:
    """Refuse a recorded write into a leaf that requires grad.

    Raises
    ------
    RuntimeError
        While gradients are recorded, for a leaf that requires grad or a view of one.
    """
    if not tensor._requires_grad or not mode.enabled:
        return
    if tensor._base is not None:
        check_view(tensor)
        if tensor._base._node is None:
            raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")
    if tensor._node is None:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")


def check_view(tensor: Any, change: str = "is being") -> None:
    """Refuse to record a write that a view cannot pass on to its base, or take over from it.

    Parameters
    ----------
    tensor : Tensor
        A view.
    change : str
        The beginning of "... modified inplace".

    Raises
    ------
    RuntimeError
        For a view made under `no_grad`, one that a custom function returned, one of several views that an operation
        returned at once, and a view of such a view.
    """
    special = tensor
    while special._view_call is not None and not isinstance(special._view_call[0], OneOfSeveral):
        special = special._view_of
        if special is None or special is tensor._base:
            return
    name = None
    if tensor._node is not None:
        node = getattr(tensor._node, "node", tensor._node)
        output = f"Output {tensor.output_nr} of {node.name().partition('Backward')[0]} is a view"
        name = f"{output} and {change} modified inplace."
    if special._view_call is not None:
        reason = SEVERAL_VIEWS
    elif special._node is not None:
        reason = VIEW_OF_FUNCTION
    else:
        reason = VIEW_WITHOUT_GRAD
        name = None if name is None else f"{output} of a view which was created in no_grad mode"
        name = name and f"{name} and {change} modified inplace with grad mode enabled."
    without = f"A view was created in no_grad mode and {change} modified inplace with grad mode enabled."
    raise RuntimeError(f"{name or without} {reason}")


class OneOfSeveral:
    """The call that takes one view again, of an operation that returns several."""

    __slots__ = ("call", "index")

    def __init__(self, call: Callable[..., Any], index: int) -> None:
        self.call = call
        self.index = index

    def __call__(self, *args: Any) -> Any:
        """Return the one view."""
        return self.call(*args)[self.index]


def write(target: np.ndarray[Any, Any], result: Any, one_value: bool = False) -> None:
    """Copy a result into an array, by PyTorch's rules for shapes and dtypes.

    Where every element of it is ``one_value``, the array may be an expanded one.

    Raises
    ------
    RuntimeError
        When the result is larger than the target, or of a higher category (floating into integer).
    """
    if result.shape != target.shape:
        raise RuntimeError(
            f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(result.shape)}"
        )
    same = result.dtype is target.dtype
    if not same:
        check_cast(result.dtype, target.dtype)
    target = writeable(target, one_value)
    if same and type(result) is type(target):
        target[...] = result
    else:
        np.copyto(target, like(target, result), casting="unsafe")


def check_cast(source: np.dtype[Any], target: np.dtype[Any]) -> None:
    """Refuse to store a result of a higher category than its target holds."""
    if source != target:
        given, wanted = from_numpy(source), from_numpy(target)
        if given.category > wanted.category:
            raise RuntimeError(f"result type {_title(given)} can't be cast to the desired output type {_title(wanted)}")


def _title(dtype: Any) -> str:
    return dtype.tensor_type.removesuffix("Tensor")


def rebase(tensor: Any, node: Any) -> None:
    """Make ``node`` what made the tensor's present value; a view passes the change on to its base."""
    if tensor._retains_grad:
        before = getattr(tensor._node, "node", tensor._node)
        node.retained = {0: before.retained.pop(tensor.output_nr)}
        node.watched = True
    if tensor._base is None:
        tensor._node = node
        tensor._requires_grad = True
    else:
        Upper.rebase_view(tensor, node)
