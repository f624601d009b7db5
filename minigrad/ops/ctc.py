"""Connectionist temporal classification: the loss of labellings whose places in a sequence are not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import is_device_array, kernels_of, like, to_host
from minigrad.ops.indices import points_outside
from minigrad.ops.likelihood import reduced_reference
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import not_implemented
from minigrad.ops.select import where

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor

_PLACE = "(while checking arguments for ctc_loss_allocate_outputs)"


def _starts(shape: tuple[int, ...], counts: Any) -> Any:
    """Return where the labelling of each sequence begins among all labels, padded or one after another."""
    if len(shape) == 2:
        return np.arange(len(counts)) * shape[1]
    return np.cumsum(counts) - counts


def _check(log_probs: Any, targets: Any, lengths: Any, counts: Any, blank: int) -> None:
    """Refuse arguments that do not fit together, in PyTorch's words.

    Raises
    ------
    RuntimeError
    """
    if not log_probs.size:
        raise RuntimeError("log_probs tensor must not be empty")
    if log_probs.ndim != 3:
        raise RuntimeError(
            f"Expected 3-dimensional tensor, but got {log_probs.ndim}-dimensional tensor for argument #1 'log_probs' "
            f"{_PLACE}"
        )
    if targets.ndim not in (1, 2):
        raise RuntimeError(
            f"Expected 1 to 2 dimensions, but got {targets.ndim}-dimensional tensor for argument #2 'targets' {_PLACE}"
        )
    if log_probs.dtype not in (np.float32, np.float64):
        raise not_implemented("ctc_loss_cpu", log_probs)
    steps, batch, classes = log_probs.shape
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    for name, values in (("input_lengths", lengths), ("target_lengths", counts)):
        if len(values) != batch:
            raise RuntimeError(f"{name} must be of size batch_size")
    for value in (value for value in lengths if not 0 <= value <= steps):
        limit = "at least 0" if value < 0 else f"at most {steps}"
        raise RuntimeError(f"Expected input_lengths to have value {limit}, but got value {value} {_PLACE}")
    for value in (value for value in counts if value < 0):
        raise RuntimeError(f"Expected target_lengths to have value at least 0, but got value {value} {_PLACE}")
    wanted = (batch,) if targets.ndim == 2 else (int(np.sum(counts)),)
    if targets.shape[:1] != wanted:
        raise RuntimeError(
            f"Expected tensor to have size {wanted[0]} at dimension 0, but got size {targets.shape[0]} for argument #2 "
            f"'targets' {_PLACE}"
        )
    if targets.ndim == 2 and counts and max(counts) > targets.shape[1]:
        raise RuntimeError(
            f"Expected tensor to have size at least {max(counts)} at dimension 1, but got size {targets.shape[1]} for "
            f"argument #2 'targets' {_PLACE}"
        )


def _whole(name: str, lengths: Any) -> tuple[int, ...]:
    """Return lengths, of a tensor or a sequence, as Python's integers."""
    if isinstance(lengths, (tuple, list)):
        return tuple(int(each) for each in lengths)
    array = to_host(getattr(lengths, "_array", lengths))
    if array.dtype.kind not in "iu":
        raise RuntimeError(f"{name} must be integral")
    return tuple(array.reshape(-1).tolist())


@op(namespace=None, saves=("alpha",), node="CtcLossBackward0")
def ctc_nll(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: tuple[int, ...],
    target_lengths: tuple[int, ...],
    blank: int,
    zero_infinity: bool,
) -> Tensor:
    """Negative log-likelihood of each labelling, shape (batch,); see `ctc_loss`."""
    _check(log_probs, targets, input_lengths, target_lengths, blank)
    targets = targets.astype(np.int64, copy=False)
    lengths, counts = np.array(input_lengths, np.int64), np.array(target_lengths, np.int64)
    is_padded = targets.ndim == 2 and not is_device_array(targets)  # a device's numbers are not looked at
    used = targets[np.arange(targets.shape[1]) < counts[:, None]] if is_padded else targets
    if points_outside(used, log_probs.shape[2]):
        raise RuntimeError(f"targets must be class numbers between 0 and {log_probs.shape[2] - 1}")
    return kernels_of(log_probs).ctc_loss(log_probs, targets, _starts(targets.shape, counts), lengths, counts, blank)


@ctc_nll.gradient("log_probs")
def _(grad, log_probs, targets, input_lengths, target_lengths, blank, zero_infinity, out, alpha):
    return ctc_nll_backward(
        grad, log_probs, targets, input_lengths, target_lengths, blank, zero_infinity, out, alpha
    )  # fmt: skip


@ctc_nll.samples
def _(make):
    yield make.sample(
        make(4, 2, 3, low=-3, high=0), np.array([[1, 2], [2, 0]]), (4, 3), (2, 1), 0, False, gradient=False
    )  # fmt: skip


@op(namespace=None)
def ctc_nll_backward(
    grad_output: Tensor,
    log_probs: Tensor,
    targets: Any,
    input_lengths: tuple[int, ...],
    target_lengths: tuple[int, ...],
    blank: int,
    zero_infinity: bool,
    losses: Any,
    alpha: Any,
) -> Tensor:
    """Gradient of `ctc_nll` for the logits whose log-softmax ``log_probs`` is."""
    targets, losses, alpha = (getattr(each, "_array", each) for each in (targets, losses, alpha))
    targets = targets.astype(np.int64, copy=False)
    lengths, counts = np.array(input_lengths, np.int64), np.array(target_lengths, np.int64)
    return kernels_of(log_probs).ctc_loss_backward(
        grad_output, log_probs, losses, alpha, targets, _starts(targets.shape, counts), lengths, counts, blank,
        zero_infinity,
    )  # fmt: skip


@ctc_nll_backward.gradient
def _(grad):
    raise RuntimeError("derivative for aten::_ctc_loss_backward is not implemented")


def _log_softmax(x: Any) -> Any:
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def _reference(log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    batched = log_probs.ndim == 3
    log_probs = log_probs if batched else log_probs[:, None]
    lengths, counts = np.atleast_1d(input_lengths), np.atleast_1d(target_lengths)
    starts, flat = _starts(np.atleast_2d(targets).shape if not batched else targets.shape, counts), targets.reshape(-1)
    losses = []
    for n, (length, count) in enumerate(zip(lengths, counts, strict=True)):
        states = [blank, *(each for k in range(count) for each in (flat[starts[n] + k], blank))]
        paths = np.zeros(len(states))
        paths[0] = 1  # before the first step: a way to its first two states
        for t in range(length):
            moved = paths + np.append(0, paths[:-1]) * (t > 0 or np.arange(len(states)) == 1)
            for i in range(3, len(states), 2):
                moved[i] += paths[i - 2] * (states[i] != states[i - 2]) * (t > 0)
            paths = moved * np.exp(log_probs[t, n, states])
        losses.append(-np.log(paths[-2:].sum() if length else float(count == 0)))
    found: Any = np.where(np.isinf(losses) & zero_infinity, 0, losses)
    if reduction == "mean":
        return (found / np.maximum(counts, 1)).mean()
    return reduced_reference(found if batched or reduction != "none" else found[0], reduction)


@composed(namespace="functional", reference=_reference)
def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Loss of labellings of sequences without knowing where the labels are: connectionist temporal classification [1]_.

    The probability of a labelling is the sum over all ways to write one class a step that give it when repetitions
    are merged and blanks left out. The loss is its negative logarithm, infinite where there are too few steps. As in
    PyTorch the gradient is that for the logits whose ``log_softmax`` the ``log_probs`` are, and is not differentiated
    again.

    Parameters
    ----------
    log_probs : Tensor, shape (steps, batch, classes) or (steps, classes)
    targets : Tensor of integers, shape (batch, longest), or (sum(target_lengths),) for labellings one after another
    input_lengths, target_lengths : Tensor of integers or sequence of int, shape (batch,)
    blank : int
        The class that stands for no label.
    reduction : {"mean", "sum", "none"}
        A mean is taken of the losses divided by the labellings' lengths.
    zero_infinity : bool
        Take infinite losses, and their gradients, for zero.

    Raises
    ------
    ValueError
        For an unknown reduction.
    TypeError
        For lengths as a tensor and as a tuple.

    References
    ----------
    .. [1] A. Graves, S. Fernández, F. Gomez, J. Schmidhuber, "Connectionist Temporal Classification", 2006.
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if isinstance(input_lengths, (tuple, list)) != isinstance(target_lengths, (tuple, list)):
        raise TypeError(
            "ctc_loss() received an invalid combination of arguments: input_lengths and target_lengths must both be "
            "tensors, or both tuples of ints"
        )
    lengths, counts = _whole("input_lengths", input_lengths), _whole("target_lengths", target_lengths)
    is_batched = log_probs.ndim == 3
    rows = log_probs if is_batched else log_probs.unsqueeze(1)
    losses = ctc_nll(rows, targets, lengths, counts, blank, zero_infinity)
    if zero_infinity:
        losses = where(losses == np.inf, 0.0, losses)
    if reduction == "mean":
        array = losses._array
        return (losses / like(array, [max(count, 1) for count in counts], array.dtype)).mean()
    return losses.sum() if reduction == "sum" else losses if is_batched else losses.squeeze(0)


@ctc_loss.samples
def _(make):
    log_probs = _log_softmax(make(6, 2, 4))
    padded, listed = np.array([[1, 2, 2], [3, 1, 0]]), np.array([1, 2, 2, 3, 1])
    for reduction in ("mean", "sum", "none"):
        yield make.sample(log_probs, padded, (6, 5), (3, 2), 0, reduction, gradient=False)
    yield make.sample(log_probs, listed, np.array([6, 5]), np.array([3, 2]), gradient=False)
    yield make.sample(log_probs, padded[:, :2], (6, 2), (0, 2), blank=3, reduction="none", gradient=False)
    yield make.sample(log_probs, padded, (3, 5), (3, 2), reduction="sum", zero_infinity=True, gradient=False)
    yield make.sample(log_probs[:, 0], padded[0], (6,), (3,), reduction="none", gradient=False)
