"""Recurrent layers as functions of their weights: ``lstm``, ``gru``, ``rnn_tanh`` and ``rnn_relu``.

Each has two forms, as in PyTorch: one for a batch of sequences of one length, and one for packed sequences, whose
second argument is the number of sequences at each step.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from minigrad.creation import zeros
from minigrad.dtypes import float32
from minigrad.ops.join import cat, stack
from minigrad.ops.naming import named
from minigrad.ops.recurrent import gru_sequence, lstm_sequence, rnn_sequence
from minigrad.ops.recurrent_steps import as_steps
from minigrad.random.dropping import dropped
from minigrad.tensor import Tensor

__all__ = ["gru", "lstm", "rnn_relu", "rnn_tanh"]

_OPTIONS = ("has_biases", "num_layers", "dropout", "train", "bidirectional")
_PADDED = ("input", "hx", "params", *_OPTIONS, "batch_first")
_PACKED = ("data", "batch_sizes", "hx", "params", *_OPTIONS)


class Settings(NamedTuple):
    """What the weights do not say of a recurrent layer.

    Attributes
    ----------
    has_biases : bool
    num_layers : int
    dropout : float
        Of the results of all layers but the last, while ``train`` is set.
    train : bool
    bidirectional : bool
    """

    has_biases: bool
    num_layers: int
    dropout: float
    train: bool
    bidirectional: bool


def lstm(*args: Any, **kwargs: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Run layers of an LSTM: ``lstm(input, hx, params, ...)`` or ``lstm(data, batch_sizes, hx, params, ...)``.

    Parameters
    ----------
    input : Tensor, shape (length, batch, inputs), or (batch, length, inputs) with ``batch_first``
    data, batch_sizes : Tensor, shapes (n, inputs) and (length,)
        Those of a packed sequence.
    hx : (Tensor, Tensor), shapes (layers * directions, batch, state) and (layers * directions, batch, hidden)
    params : sequence of Tensor
        Of each layer and direction ``w_ih, w_hh``, the biases ``b_ih, b_hh`` and, where states are projected, ``w_hr``.
    has_biases : bool
    num_layers : int
    dropout : float
    train, bidirectional, batch_first : bool

    Returns
    -------
    output, h, c : Tensor
        The last layer's states at all steps, and the final states and cells of all layers.

    Raises
    ------
    TypeError
        Where ``hx`` is no pair.
    RuntimeError
        For shapes that do not fit each other.
    """
    arguments = _bound("lstm", args, kwargs)
    hx = arguments[2] if _is_packed(arguments) else arguments[1]
    if not isinstance(hx, (tuple, list)):
        raise TypeError(f"lstm(): argument 'hx' (position 2) must be tuple of Tensors, not {type(hx).__name__}")
    if len(hx) != 2:
        raise RuntimeError("lstm expects two hidden states")
    return _call(_lstm_layer, arguments)


def gru(*args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
    """Run layers of a GRU: ``gru(input, hx, params, ...)`` or ``gru(data, batch_sizes, hx, params, ...)``.

    ``hx`` is one tensor, and so is the final state; otherwise see :func:`lstm`.
    """
    return _call(_gru_layer, _bound("gru", args, kwargs))


def rnn_tanh(*args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
    """Run layers of an Elman network with hyperbolic tangents; see :func:`gru`."""
    return _call(_tanh_layer, _bound("rnn_tanh", args, kwargs))


def rnn_relu(*args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
    """Run layers of an Elman network with rectified units; see :func:`gru`."""
    return _call(_relu_layer, _bound("rnn_relu", args, kwargs))


# ------------------------------------------------------------------------------------------------------ the arguments


def _bound(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """Return the nine arguments of either form in order."""
    packed = "data" in kwargs or "batch_sizes" in kwargs or (len(args) > 3 and isinstance(args[3], (list, tuple)))
    names = _PACKED if packed else _PADDED
    values = [*args, *(kwargs[each] for each in names[len(args) :] if each in kwargs)]
    if len(values) != len(names) or len(args) + len(kwargs) != len(names):
        given = ", ".join(type(each).__name__ for each in args)
        raise TypeError(
            f"{name}() received an invalid combination of arguments - got ({given}), but expected one of:\n"
            f" * ({', '.join(_PACKED)})\n * ({', '.join(_PADDED)})"
        )
    return values


def _is_packed(arguments: Sequence[Any]) -> bool:
    return isinstance(arguments[3], (list, tuple))


def _call(layer: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    if _is_packed(arguments):
        data, batch_sizes, hx, params, *options = arguments
        return run_packed(layer, data, batch_sizes, _as_tuple(hx), params, Settings(*options))
    input, hx, params, *options, batch_first = arguments
    return run_padded(layer, input, _as_tuple(hx), params, Settings(*options), batch_first)


def _as_tuple(hx: Any) -> tuple[Any, ...]:
    return tuple(hx) if isinstance(hx, (tuple, list)) else (hx,)


# --------------------------------------------------------------------------------------- one layer, in one direction


def _lstm_layer(rows: Any, states: Any, weights: Any, has_biases: bool, sizes: Any, reverse: bool) -> tuple[Any, Any]:
    """Return the states at all rows, and the final states and cells."""
    w_ih, w_hh, *rest = weights
    b_ih, b_hh, *rest = rest if has_biases else (None, None, *rest)
    h, c = states or (_zeros(rows, sizes, w_hh.shape[1]), _zeros(rows, sizes, w_hh.shape[0] // 4))
    out, h, c, _ = lstm_sequence(rows, h, c, w_ih, w_hh, b_ih, b_hh, rest[0] if rest else None, sizes, reverse)
    return out, (h, c)


def _gru_layer(rows: Any, states: Any, weights: Any, has_biases: bool, sizes: Any, reverse: bool) -> tuple[Any, Any]:
    """Return the states at all rows, and the final state."""
    w_ih, w_hh, b_ih, b_hh = weights[:4] if has_biases else (*weights[:2], None, None)
    (h,) = states or (_zeros(rows, sizes, w_hh.shape[1]),)
    out, h = gru_sequence(rows, h, w_ih, w_hh, b_ih, b_hh, sizes, reverse)
    return out, (h,)


def _tanh_layer(
    rows: Any, states: Any, weights: Any, has_biases: bool, sizes: Any, reverse: bool, relu: bool = False
) -> tuple[Any, Any]:
    """Return the states at all rows, and the final state."""
    w_ih, w_hh, b_ih, b_hh = weights[:4] if has_biases else (*weights[:2], None, None)
    (h,) = states or (_zeros(rows, sizes, w_hh.shape[1]),)
    out, h = rnn_sequence(rows, h, w_ih, w_hh, b_ih, b_hh, relu, sizes, reverse)
    return out, (h,)


_relu_layer = functools.partial(_tanh_layer, relu=True)


def _zeros(rows: Any, sizes: Sequence[int], width: int) -> Any:
    """Return the states that the sequences start from if none are given."""
    return zeros(sizes[0], width, dtype=rows.dtype, device=rows.device)


LAYERS: dict[str, Callable[..., Any]] = {
    "LSTM": _lstm_layer,
    "GRU": _gru_layer,
    "RNN_TANH": _tanh_layer,
    "RNN_RELU": _relu_layer,
}
"""What runs one layer in one direction, by PyTorch's name of the mode."""


# ---------------------------------------------------------------------------------------------------- all the layers


def run_padded(
    layer: Callable[..., Any], input: Tensor, hx: Any, params: Any, settings: Settings, batch_first: bool
) -> tuple[Tensor, ...]:
    """Run all layers on a batch of sequences of one length; return the last one's states and the final states."""
    steps = input.transpose(0, 1) if batch_first else input
    length, batch, width = steps.shape
    if not length:
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
    rows, finals = _run_layers(layer, steps.reshape(length * batch, width), hx, params, settings, (batch,) * length)
    shape = (length, batch, rows.shape[1])
    is_lstm = layer is _lstm_layer
    if settings.bidirectional:
        output = named(rows.reshape(shape), "CatBackward0")
    elif is_lstm and rows.shape[1] == finals[1].shape[2] and rows.dtype == float32 and rows.numel():
        output = named(rows.reshape(shape), "MkldnnRnnLayerBackward0")
    else:
        output = as_steps(rows, shape)
    if batch_first:
        output = named(output.transpose(0, 1), "TransposeBackward0" if is_lstm else "TransposeBackward1")
    return output, *finals


def run_packed(
    layer: Callable[..., Any], data: Tensor, batch_sizes: Tensor, hx: Any, params: Any, settings: Settings
) -> tuple[Tensor, ...]:
    """Run all layers on packed sequences; return the last one's states, packed likewise, and the final states."""
    sizes = tuple(batch_sizes.tolist())
    if sum(sizes) > len(data):
        raise RuntimeError(f"batch_sizes name {sum(sizes)} rows, but the data have {len(data)}")
    rows, finals = _run_layers(layer, data, hx, params, settings, sizes)
    return rows if settings.bidirectional else as_steps(rows, tuple(rows.shape)), *finals


def _run_layers(
    layer: Callable[..., Any], rows: Tensor, hx: Any, params: Any, settings: Settings, sizes: tuple[int, ...]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return the last layer's states at all rows, and the stacked final states of all layers and directions."""
    directions = 2 if settings.bidirectional else 1
    runs = settings.num_layers * directions
    if any(len(each) < runs for each in hx or ()):
        raise RuntimeError("Expected more hidden states in stacked_rnn")
    if len(params) % runs or len(params) // runs < (4 if settings.has_biases else 2):
        raise RuntimeError("Expected more weights in stacked_rnn")
    count = len(params) // runs
    finals = []
    for k in range(0, runs, directions):
        outs = []
        for reverse in range(directions):
            states = None if hx is None else [each[k + reverse] for each in hx]
            weights = params[(k + reverse) * count : (k + reverse + 1) * count]
            out, final = layer(rows, states, weights, settings.has_biases, sizes, bool(reverse))
            outs.append(out)
            finals.append(final)
        rows = outs[0] if directions == 1 else cat(outs, 1)
        if settings.train and settings.dropout and k + directions < runs:
            rows = dropped(rows, settings.dropout)
    return rows, tuple(stack(each) for each in zip(*finals, strict=True))
