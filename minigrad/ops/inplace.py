"""In-place forms of operations, and the rules that guard writing into a tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.dtypes import from_numpy
from minigrad.ops.backend import as_array, is_array, is_writeable, like
from minigrad.ops.errors import explained
from minigrad.ops.overlap import SHARED, overlap, writeable
from minigrad.ops.promotion import common_dtype
from minigrad.ops.state import BATCHED, Upper, mode

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


def _check_result(target: np.ndarray[Any, Any], operands: list[Any]) -> None:
    """Refuse operands whose common dtype the target does not hold, which PyTorch looks at before anything else."""
    numbers = [each for each in operands if is_array(each) or isinstance(each, (bool, int, float))]
    check_cast(common_dtype(*numbers), target.dtype)


def _title(dtype: Any) -> str:
    return dtype.tensor_type.removesuffix("Tensor")


_READS_FIRST = frozenset(("addmm", "ldexp"))
"""Operations that read everything before they write, and so may overlap what they read."""


def make_inplace(entry: Any) -> Callable[..., Any]:
    """Return the method ``x.name_()`` of an operation."""
    if not hasattr(entry, "ufunc"):
        return _make_composed_inplace(entry)
    if entry.view:
        return _make_view_inplace(entry)
    signature, forward, ufunc = entry.signature, entry.forward, entry.ufunc
    slots = tuple((position, 1 << k) for k, position in enumerate(signature.tensor_positions))
    count = len(slots)
    others = () if entry.name in _READS_FIRST else signature.tensor_positions[1:]
    one_value = entry.name in ("fill", "zero")
    rules = entry.rules  # of comparisons, too: what they overwrite has no part in the result

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._requires_grad:
            check_writable(self)
        if self._writes[0] < 0:
            check_inference(self)
        args = (self, *args)
        if kwargs or len(args) != signature.arity:
            args = signature.bind(args, kwargs)
        values = list(args)
        mask = 0
        for position, bit in slots:
            value = args[position]
            if isinstance(value, Upper.Tensor):
                if value._base is not None:
                    if value._base is BATCHED:
                        return Upper.batched_inplace(entry, call, args)
                    Upper.refresh(value)
                values[position] = value._array
                if value._requires_grad:
                    mask |= bit
        target = values[0]
        recorded = mask and mode.enabled and (entry.differentiable or rules) and target.dtype.kind == "f"
        before = None
        if self._base is not None and mode.enabled and (mask or self._base._requires_grad):
            check_view(self)
        if recorded:
            plan = entry.plan(mask, count)
            if 0 in plan.kept:
                before = target.copy()
            counts = [value._writes[0] if isinstance(value, Upper.Tensor) else 0 for value in args]
        direct = ufunc is not None and args[ufunc.nin :] == signature.defaults[ufunc.nin :]
        if not direct or not _apply_ufunc(ufunc, target, values):
            try:
                result = forward(*values)
            except (ValueError, TypeError, AttributeError) as error:
                raise explained(error, signature, args, values, kwargs) from None
            except NotImplementedError:
                _check_result(target, [values[position] for position, _ in slots])
                raise
            for position in others:
                if type(values[position]) is np.ndarray and overlap(target, values[position]):
                    raise RuntimeError(SHARED)
            write(target, as_array(result), one_value)
        self._writes[0] += 1
        if recorded:
            values[0] = before
            record = entry.recorders.get(mask) or entry.recorder(mask)
            node = record(*args, *(values[position] for position, _ in slots), target, self)
            _mark_before(node, counts)
            rebase(self, node)
        return self

    call.__name__ = f"{entry.name}_"
    call.__doc__ = f"In-place form of `{entry.name}`: writes the result into this tensor and returns it."
    return call


def _make_composed_inplace(entry: Any) -> Callable[..., Any]:
    function = entry.call

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        check_writable(self)
        check_inference(self)
        given = (self, *args, *kwargs.values())
        kept = mode.enabled and any(getattr(each, "_requires_grad", False) for each in given)
        result = function(self.clone() if kept else self, *args, **kwargs)  # what is kept must not be overwritten
        written, target = result._array, self._array
        for each in given[1:]:
            if entry.name == "scatter" and isinstance(each, Upper.Tensor) and overlap(target, each._array):
                raise RuntimeError(SHARED)
        check_cast(written.dtype, target.dtype)
        if written.shape != target.shape:
            raise RuntimeError(
                f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(written.shape)}"
            )
        return self.copy_(result)

    call.__name__ = f"{entry.name}_"
    call.__doc__ = f"In-place form of `{entry.name}`: writes the result into this tensor and returns it."
    return call


_INPLACE_NODES = {
    "TBackward0": "TBackward1",
    "TransposeBackward0": "TransposeBackward1",
    "UnsqueezeBackward0": "UnsqueezeBackward1",
    "SqueezeBackward0": "SqueezeBackward3",
    "SqueezeBackward1": "SqueezeBackward4",
    "SqueezeBackward2": "SqueezeBackward5",
}
"""What PyTorch calls the nodes of views that take the place of what they are views of."""


def _make_view_inplace(entry: Any) -> Callable[..., Any]:
    """Return ``x.transpose_()`` and the like: the tensor becomes the view of itself, no element moves."""
    function, signature = entry.call, entry.signature

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._base is BATCHED:
            return Upper.batched_inplace(entry, call, signature.bind((self, *args), kwargs))
        check_writable(self)
        check_inference(self)
        before = type(self)._wrap(self._array)
        for field in ("_node", "_requires_grad", "_writes", "_base", "_view_of", "_view_call", "_view_version"):
            setattr(before, field, getattr(self, field, None))
        result = function(before, *args, **kwargs)
        self._array = result._array
        self._reshaped = True
        self._writes[0] += 1
        if result._requires_grad:
            self._node, self._requires_grad = result._node, True
            self._node.label = _INPLACE_NODES.get(self._node.name(), self._node.name())
        if before._base is not None and result._base is not None:
            self._base, self._view_of, self._view_call = result._base, before, result._view_call
            self._view_version = before._view_version = self._writes[0]
        return self

    call.__name__ = f"{entry.name}_"
    call.__doc__ = f"In-place form of `{entry.name}`: gives this tensor another shape and returns it."
    return call


def _apply_ufunc(ufunc: Any, target: Any, values: list[Any]) -> bool:
    """Run a ufunc straight into the target where that is what PyTorch would do; return whether it did."""
    for value in values[1 : ufunc.nin]:
        if is_array(value):
            if value.dtype != target.dtype or value.ndim > target.ndim or overlap(target, value):
                return False
        elif type(value) in (float, bool) and target.dtype.kind != "f":
            return False
    if not is_writeable(target):
        return False
    try:
        ufunc(*values[: ufunc.nin], out=target, casting="no" if target.dtype.kind == "f" else "same_kind")
    except (ValueError, TypeError, OverflowError):
        return False
    return True


def _mark_before(node: Any, counts: list[int]) -> None:
    """Let the saved inputs carry the version that they had before the write; of the tensor itself a copy was saved."""
    node.marks = [
        (version, count if position < 0 else counts[position], position)
        for version, count, position in node.marks
        if position != 0
    ]


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
