"""Padding: room around a tensor, filled with a number or with what is inside."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_module, array_of, as_its_kind
from minigrad.ops.index_rows import index_select
from minigrad.ops.interpolate import resampled
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import not_implemented, number_in
from minigrad_kernels._resampling import Resampling, Taps

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor

_NUMPY_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
_NODES = {"reflect": "ReflectionPad{}DBackward0", "replicate": "ReplicationPad{}DBackward0", "circular": "CopySlices"}


def _by_dim(pad: Any, ndim: int) -> list[tuple[int, int]]:
    """Return (before, after) for each dimension, of a list that starts with the last one."""
    pairs = list(zip(pad[::2], pad[1::2], strict=True))
    return [(0, 0)] * (ndim - len(pairs)) + pairs[::-1]


def _cut(pairs: list[tuple[int, int]]) -> tuple[slice, ...]:
    """Return the index that carries out the negative padding."""
    return tuple(slice(max(0, -before), -max(0, -after) or None) for before, after in pairs)


def _pad_reference(x: Any, pad: Any, mode: str = "constant", value: Any = None) -> Any:
    pairs = _by_dim(pad, x.ndim)
    widths = [(max(before, 0), max(after, 0)) for before, after in pairs]
    keywords = {"constant_values": value or 0} if mode == "constant" else {}
    return np.pad(x[_cut(pairs)], widths, _NUMPY_MODES[mode], **keywords)


@op(reference=lambda x, pad, value=0: _pad_reference(x, pad, value=value))
def constant_pad_nd(input: Tensor, pad: Any, value: Number = 0) -> Tensor:
    """Tensor with rows of ``value`` put at the ends of dimensions; negative numbers cut off instead.

    Parameters
    ----------
    pad : sequence of int
        How many before and after in the last dimension, then in the last but one, and so on.

    Raises
    ------
    RuntimeError
        For an odd number of lengths, for too many, and where nothing would be left.
    """
    if len(pad) % 2:
        raise RuntimeError(f"Length of pad must be even but instead it equals {len(pad)}")
    if len(pad) > 2 * input.ndim:
        raise RuntimeError(
            "Length of pad should be no more than twice the number of dimensions of the input. Pad length is "
            f"{len(pad)} while the input has {input.ndim} dimensions."
        )
    shape, inside, cut = _layout(input.shape, tuple(pad))
    module = array_module(input)
    out = module.full(shape, number_in(value, input.dtype), input.dtype) if value else module.zeros(shape, input.dtype)
    out[inside] = input if cut is None else input[cut]
    return out


@functools.lru_cache(maxsize=512)
def _layout(size: tuple[int, ...], pad: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """Return the shape after padding, the index of what is inside, and of what is kept of the input; None for all."""
    pairs = _by_dim(pad, len(size))
    shape = tuple(n + before + after for n, (before, after) in zip(size, pairs, strict=True))
    if min(shape, default=0) < 0:
        raise RuntimeError(
            f"The input size {list(size)}, plus negative padding {list(pad)}, resulted in a negative output "
            f"size {list(shape)}"
        )
    inside = tuple(slice(max(before, 0), n - max(after, 0)) for n, (before, after) in zip(shape, pairs, strict=True))
    return shape, inside, _cut(pairs) if min(pad, default=0) < 0 else None


@constant_pad_nd.gradient
def _(grad, pad):
    return constant_pad_nd(grad, tuple(-n for n in pad), 0)


@constant_pad_nd.samples
def _(make):
    yield make.sample(make(2, 3), (1, 2), 0.5)
    yield make.sample(make(2, 3), (0, 1, 2, -1))
    yield make.sample(make(0, 3), (1, 1))
    yield make.sample(make(3, 2).T, (1, 0, 0, 1), 2)


@composed(namespace="functional", reference=_pad_reference)
def pad(input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    """Tensor with elements added at the ends of dimensions; negative numbers cut off instead.

    Parameters
    ----------
    pad : sequence of int
        How many before and after in the last dimension, then in the last but one, and so on.
    mode : {"constant", "reflect", "replicate", "circular"}
        A number; the inside mirrored at its outermost element; that element; the inside from its other end.
    value : float, optional
        The number of "constant", 0 unless given.

    Raises
    ------
    RuntimeError
        For an odd number of lengths, for too many, and for a value that the mode does not take.
    NotImplementedError
        For an unknown mode, and for ranks that a mode does not know.
    """
    pad = tuple(pad)
    if mode != "constant" and not value and input.dtype.is_floating_point:
        plan, node = _find_plan(input.shape, pad, mode)
        return input.clone() if plan is None else named(resampled(input, plan), node)
    _check(input.shape, pad, mode, value)
    if mode == "constant":
        return constant_pad_nd(input, pad, 0 if value is None else value)
    if mode != "circular" and input.dtype.name == "bool":
        kernel = "reflection" if mode == "reflect" else "replication"
        raise not_implemented(f"{kernel}_pad{len(pad) // 2}d", array_of(input))
    if not any(pad):
        return input.clone()
    out = input
    for dim, (before, after) in enumerate(_by_dim(pad, input.dim())):
        if before or after:
            places = _places(mode, input.shape[dim], before, after, dim, tuple(input.shape))
            out = index_select(out, dim, as_its_kind(input, places))
    return out


def _check(shape: tuple[int, ...], pad: tuple[int, ...], mode: str, value: float | None) -> None:
    """Refuse padding that does not fit the mode or the input."""
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * len(shape):
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {len(shape)}"
        )
    if mode == "constant":
        return
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if mode not in _NODES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    rank = len(pad) // 2
    if rank not in (1, 2, 3) or len(shape) - rank not in (1, 2):
        raise NotImplementedError(
            f"Padding size {len(pad)} is not supported for {len(shape)}D input tensor: without a constant, the last 1, "
            "2 or 3 dimensions of tensors with 1 or 2 more dimensions can be padded"
        )
    if mode != "circular" and 0 in tuple(shape)[len(shape) - rank - 1 :]:
        raise RuntimeError(
            f"Expected {rank + 1}D or {rank + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(shape)}"
        )


@functools.lru_cache(maxsize=512)
def _find_plan(shape: tuple[int, ...], pad: tuple[int, ...], mode: str) -> tuple[Resampling | None, str]:
    """Check a padding without a constant; return the selection that it is and the node's name, or None for no width."""
    _check(shape, pad, mode, None)
    if not any(pad):
        return None, ""
    taps, rank = [], len(pad) // 2
    for dim, (before, after) in list(enumerate(_by_dim(pad, len(shape))))[-rank:]:
        places = _places(mode, shape[dim], before, after, dim, shape)
        taps.append(Taps(np.arange(len(places) + 1), places.astype(np.int64), np.ones(len(places)), shape[dim]))
    return Resampling(taps), _NODES[mode].format(rank)


def _places(mode: str, length: int, before: int, after: int, dim: int, shape: tuple[int, ...]) -> Any:
    """Return, for each element of a padded dimension, which one of the inside it is.

    Raises
    ------
    RuntimeError
        When there is not enough inside.
    """
    places = np.arange(-before, length + after)
    if mode == "replicate":
        return places.clip(0, length - 1)
    if mode == "circular":
        if max(before, after) > length:
            raise RuntimeError("Padding value causes wrapping around more than once.")
        start = max(0, -before)
        return start + (places - start) % (length - start - max(0, -after))
    if max(before, after) >= length:
        raise RuntimeError(
            "Argument #4: Padding size should be less than the corresponding input dimension, but got: padding "
            f"({before}, {after}) at dimension {dim} of input {list(shape)}"
        )
    places = np.abs(places)
    return np.where(places >= length, 2 * (length - 1) - places, places)


@pad.samples
def _(make):
    yield make.sample(make(2, 3), (1, 2))
    yield make.sample(make(2, 3), (0, 1, 2, -1), value=1.5)
    for mode in ("reflect", "replicate", "circular"):
        yield make.sample(make(1, 2, 4), (2, 1), mode)
        yield make.sample(make(1, 2, 3, 4), (1, 2, 0, 1), mode=mode)
        yield make.sample(make(2, 4), (-1, 2), mode)
        yield make.sample(make(1, 1, 2, 3, 4), (1, 0, 0, 1, 1, 1), mode)
