"""In-place forms of operations: the methods ``x.name_()``."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.ops.backend import as_array, is_array, is_writeable
from minigrad.ops.errors import explained
from minigrad.ops.inplace import check_cast, check_inference, check_view, check_writable, rebase, write
from minigrad.ops.overlap import SHARED, overlap
from minigrad.ops.promotion import common_dtype
from minigrad.ops.state import BATCHED, Upper, mode

_READS_FIRST = frozenset(("addmm", "ldexp"))
"""Operations that read everything before they write, and so may overlap what they read."""


def make_inplace(entry: Any) -> Callable[..., Any]:
    """Return the method ``x.name_()`` of an operation."""
    if not hasattr(entry, "ufunc"):
        call = _make_composed(entry)
    elif entry.view:
        call = _make_view(entry)
    elif entry.ufunc is None:
        call = _make_general(entry)
    else:
        call = _make_quick(entry, _make_general(entry))
    what = "gives this tensor another shape" if getattr(entry, "view", False) else "writes the result into this tensor"
    call.__name__ = f"{entry.name}_"
    call.__doc__ = f"In-place form of `{entry.name}`: {what} and returns it."
    return call


def _free(tensor: Any) -> bool:
    """Whether no graph has to hear of a write into a tensor, or of a tensor that is read for one."""
    return tensor._base is None and tensor._writes[0] >= 0 and not (tensor._requires_grad and mode.enabled)


def _make_quick(entry: Any, general: Callable[..., Any]) -> Callable[..., Any]:
    """Return an in-place form that hands floating tensors which nothing records straight to a ufunc."""
    ufunc, has_alpha = entry.ufunc, "alpha" in entry.signature.names
    count = ufunc.nin - 1

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        alpha = kwargs.get("alpha") if has_alpha and len(kwargs) == 1 else None
        if len(args) == count and (not kwargs or type(alpha) is float) and _free(self):
            target = self._array
            operands = [target]
            for other in args:
                if isinstance(other, Upper.Tensor) and _free(other):
                    other = other._array
                    if other.dtype is not target.dtype or other.ndim > target.ndim or overlap(target, other):
                        break
                elif type(other) is not float:
                    break
                operands.append(other if alpha is None else other * alpha)
            if len(operands) == ufunc.nin and target.dtype.kind == "f":
                try:
                    ufunc(*operands, out=target, casting="no")
                    self._writes[0] += 1
                    return self
                except (ValueError, TypeError):
                    pass  # the general form says what is wrong
        return general(self, *args, **kwargs)

    return call


def _make_general(entry: Any) -> Callable[..., Any]:
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
        if kwargs or len(args) != signature.unbound:
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
        direct = ufunc is not None and all(map(operator.is_, args[ufunc.nin :], signature.defaults[ufunc.nin :]))
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

    return call


def _make_composed(entry: Any) -> Callable[..., Any]:
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


def _make_view(entry: Any) -> Callable[..., Any]:
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
        if result._node is not None:
            self._node, self._requires_grad = result._node, True
            self._node.label = _INPLACE_NODES.get(self._node.name(), self._node.name())
        if before._base is not None and result._view_call is not None:
            self._base, self._view_of, self._view_call = result._base, before, result._view_call
            self._view_version = before._view_version = self._writes[0]
        return self

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


def _check_result(target: np.ndarray[Any, Any], operands: list[Any]) -> None:
    """Refuse operands whose common dtype the target does not hold, which PyTorch looks at before anything else."""
    numbers = [each for each in operands if is_array(each) or isinstance(each, (bool, int, float))]
    check_cast(common_dtype(*numbers), target.dtype)
