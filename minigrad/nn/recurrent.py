"""Recurrent layers: RNN, LSTM, GRU."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any

from minigrad.creation import empty
from minigrad.recurrent import LAYERS, Settings, run_packed, run_padded
from minigrad.tensor import Tensor

from . import init
from .module import Module
from .parameter import Parameter
from .utils.rnn import PackedSequence

__all__ = ["GRU", "LSTM", "RNN", "RNNBase"]

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


class RNNBase(Module):
    """What recurrent layers share: their parameters, the checks of their input, and the call.

    Parameters
    ----------
    mode : {"LSTM", "GRU", "RNN_TANH", "RNN_RELU"}
    input_size, hidden_size : int
    num_layers : int
        Each layer after the first takes the states of the one before.
    bias : bool
    batch_first : bool
        Whether inputs and outputs are (batch, length, ...) instead of (length, batch, ...).
    dropout : float
        Probability with which elements between layers are set to zero in training mode.
    bidirectional : bool
        Whether each layer also runs from the ends of the sequences to their beginnings.
    proj_size : int
        Width that states are projected to (LSTM only); 0 for no projection.
    device : device, optional
    dtype : dtype, optional

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, weight_hr_l0, weight_ih_l0_reverse, ... : Parameter
        Of each layer and direction, all uniform in ``±1 / sqrt(hidden_size)``. The gates' rows lie one below the
        other: in, forget, cell, out for the LSTM, and reset, update, new for the GRU.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._check_settings(dropout)
        self._flat_weights_names: list[str] = []
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            for suffix in ("", "_reverse")[: self._directions]:
                shapes = self._shapes(layer)
                names = [f"{name}_l{layer}{suffix}" for name in shapes]
                for name, shape in zip(names, shapes.values(), strict=True):
                    setattr(self, name, Parameter(empty(shape, device=device, dtype=dtype)))
                self._flat_weights_names.extend(names)
                self._all_weights.append(names)
        self.reset_parameters()

    def _check_settings(self, dropout: Any) -> None:
        is_number = isinstance(dropout, numbers.Number)
        if not is_number or isinstance(dropout, bool) or not 0 <= self.dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
            )
        if self.dropout > 0 and self.num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
                f"num_layers greater than 1, but got dropout={dropout} and num_layers={self.num_layers}",
                stacklevel=4,
            )
        for name, kind in (("bias", bool), ("batch_first", bool), ("input_size", int), ("hidden_size", int)):
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise TypeError(f"{name} should be of type {kind.__name__}, got: {type(value).__name__}")
            if kind is int and value <= 0:
                raise ValueError(f"{name} must be greater than zero")
        if self.num_layers <= 0:
            raise ValueError("num_layers must be greater than zero")
        if self.proj_size < 0:
            raise ValueError("proj_size should be a positive integer or zero to disable projections")
        if self.proj_size >= self.hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")
        if self.mode not in _GATES:
            raise ValueError(f"Unrecognized RNN mode: {self.mode}")

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _state_size(self) -> int:
        return self.proj_size or self.hidden_size

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the parameters of one layer and direction, in order."""
        rows = _GATES[self.mode] * self.hidden_size
        width = self.input_size if layer == 0 else self._state_size * self._directions
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, width), "weight_hh": (rows, self._state_size)}
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        return shapes

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters, one list a layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights(self) -> list[Any]:
        return [getattr(self, name, None) for name in self._flat_weights_names]

    def flatten_parameters(self) -> None:
        """Return at once: only cuDNN wants the parameters in one piece of memory."""

    def extra_repr(self) -> str:
        """Return the sizes and whatever differs from the defaults."""
        text = f"{self.input_size}, {self.hidden_size}"
        for name, default in (
            *(("proj_size", 0), ("num_layers", 1), ("bias", True), ("batch_first", False)),
            *(("dropout", 0), ("bidirectional", False)),
        ):
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        return text

    # -------------------------------------------------------------------------------------------------- the checks

    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """Refuse an input of another dtype than the weights', another number of dimensions or another width.

        Raises
        ------
        ValueError
            For the dtype.
        RuntimeError
        """
        dtype = getattr(self, self._flat_weights_names[0]).dtype
        if input.dtype != dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({dtype}). Convert input: "
                f"input.to({dtype}), or convert model: model.to({input.dtype})"
            )
        rank = 3 if batch_sizes is None else 2
        if input.dim() != rank:
            raise RuntimeError(f"input must have {rank} dimensions, got {input.dim()}")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}"
            )

    def _batch_size(self, input: Tensor, batch_sizes: Tensor | None) -> int:
        if batch_sizes is not None:
            return int(batch_sizes[0])
        return input.shape[0 if self.batch_first else 1]

    def get_expected_hidden_size(self, input: Tensor, batch_sizes: Tensor | None) -> tuple[int, int, int]:
        """Return the shape that the initial states have to have."""
        return self.num_layers * self._directions, self._batch_size(input, batch_sizes), self._state_size

    def check_hidden_size(
        self, hx: Tensor, expected_hidden_size: tuple[int, int, int], msg: str = "Expected hidden size {}, got {}"
    ) -> None:
        """Refuse initial states of another shape.

        Raises
        ------
        RuntimeError
        """
        if tuple(hx.shape) != expected_hidden_size:
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.shape)))

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Refuse inputs and initial states that do not fit."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """Return states with the sequences of the batch in another order; None leaves it."""
        return hx if permutation is None else hx.index_select(1, permutation)

    # ---------------------------------------------------------------------------------------------------- the call

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Return the last layer's states at all steps, and the final states of all layers.

        Parameters
        ----------
        input : Tensor, shape (length, batch, input_size), (batch, length, input_size) or (length, input_size)
            Or a :class:`PackedSequence`; then so is the output.
        hx : Tensor, shape (layers * directions, batch, hidden_size), optional
            Initial states, zeros by default; without the batch where the input has none. An LSTM takes and returns a
            pair of states and cells.

        Returns
        -------
        output : Tensor, shape (length, batch, directions * hidden_size), laid out as the input
        hx : as the initial states

        Raises
        ------
        ValueError
            For an input that is neither a sequence nor a batch of sequences.
        """
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        if input.dim() not in (2, 3):
            kind, tensor = ("RNN", " tensor") if self.mode.startswith("RNN") else (self.mode, "")
            raise ValueError(f"{kind}: Expected input to be 2D or 3D, got {input.dim()}D{tensor} instead")
        is_batched = input.dim() == 3
        batch_dim = 0 if self.batch_first else 1
        if hx is not None:
            self._check_ranks(hx, 3 if is_batched else 2)
        if not is_batched:
            input = input.unsqueeze(batch_dim)
            hx = None if hx is None else self._each(lambda state: state.unsqueeze(1), hx)
        self._check(input, hx, None)
        layer, settings = LAYERS[self.mode], self._settings()
        output, *final = run_padded(layer, input, self._tuple(hx), self._flat_weights, settings, self.batch_first)
        if not is_batched:
            output, final = output.squeeze(batch_dim), [state.squeeze(1) for state in final]
        return output, self._joined(final)

    def _forward_packed(self, input: PackedSequence, hx: Any) -> Any:
        data, batch_sizes, sorted_indices, unsorted_indices = input
        hx = None if hx is None else self.permute_hidden(hx, sorted_indices)
        self._check(data, hx, batch_sizes)
        layer, settings = LAYERS[self.mode], self._settings()
        output, *final = run_packed(layer, data, batch_sizes, self._tuple(hx), self._flat_weights, settings)
        packed = PackedSequence(output, batch_sizes, sorted_indices, unsorted_indices)
        return packed, self.permute_hidden(self._joined(final), unsorted_indices)

    def _settings(self) -> Settings:
        return Settings(self.bias, self.num_layers, self.dropout, self.training, self.bidirectional)

    def _check(self, input: Tensor, hx: Any, batch_sizes: Tensor | None) -> None:
        if hx is None:
            self.check_input(input, batch_sizes)
        else:
            self.check_forward_args(input, hx, batch_sizes)

    def _check_ranks(self, hx: Any, rank: int) -> None:
        if hx.dim() != rank:
            raise RuntimeError(
                f"For {'batched' if rank == 3 else 'unbatched'} {rank}-D input, hx should also be {rank}-D but got "
                f"{hx.dim()}-D tensor"
            )

    # States are one tensor, and a pair in an LSTM.

    def _tuple(self, hx: Any) -> tuple[Any, ...] | None:
        return None if hx is None else (hx,)

    def _joined(self, states: Any) -> Any:
        return states[0]

    def _each(self, function: Any, hx: Any) -> Any:
        return function(hx)


def _refuse_projection(keywords: dict[str, Any]) -> None:
    if "proj_size" in keywords:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")


class RNN(RNNBase):
    """Elman's recurrent network [1]_, of one or more layers: ``h = tanh(W_ih x + b_ih + W_hh h + b_hh)``.

    ``RNN(input_size, hidden_size, num_layers=1, nonlinearity='tanh', bias=True, batch_first=False, dropout=0.0,
    bidirectional=False, device=None, dtype=None)``; the parameters are :class:`RNNBase`'s, and ``nonlinearity`` is
    "tanh" or "relu".

    References
    ----------
    .. [1] J. L. Elman, "Finding Structure in Time", 1990.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _refuse_projection(kwargs)
        if len(args) > 3:
            nonlinearity = args[3]
            args = args[:3] + args[4:]
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Long short-term memory [1]_ with forget gates, of one or more layers.

    ``LSTM(input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False,
    proj_size=0, device=None, dtype=None)``; the parameters are :class:`RNNBase`'s. States and cells come in pairs::

        i, f, o = sigmoid(W_i x + b_i + U_i h + v_i), ...
        c = f * c + i * tanh(W_g x + b_g + U_g h + v_g)
        h = o * tanh(c)

    References
    ----------
    .. [1] S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory", 1997.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def get_expected_cell_size(self, input: Tensor, batch_sizes: Tensor | None) -> tuple[int, int, int]:
        """Return the shape that the initial cells have to have."""
        return self.num_layers * self._directions, self._batch_size(input, batch_sizes), self.hidden_size

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Refuse inputs, initial states and initial cells that do not fit."""
        self.check_input(input, batch_sizes)
        for k, expected in enumerate(
            (self.get_expected_hidden_size(input, batch_sizes), self.get_expected_cell_size(input, batch_sizes))
        ):
            self.check_hidden_size(hidden[k], expected, f"Expected hidden[{k}] size {{}}, got {{}}")

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """Return states and cells with the sequences of the batch in another order; None leaves it."""
        return hx if permutation is None else self._each(lambda state: state.index_select(1, permutation), hx)

    def _check_ranks(self, hx: Any, rank: int) -> None:
        if hx[0].dim() != rank or hx[1].dim() != rank:
            raise RuntimeError(
                f"For {'batched' if rank == 3 else 'unbatched'} {rank}-D input, hx and cx should also be {rank}-D but "
                f"got ({hx[0].dim()}-D, {hx[1].dim()}-D) tensors"
            )

    def _tuple(self, hx: Any) -> tuple[Any, ...] | None:
        return None if hx is None else tuple(hx)

    def _joined(self, states: Any) -> Any:
        return tuple(states)

    def _each(self, function: Any, hx: Any) -> Any:
        return function(hx[0]), function(hx[1])


class GRU(RNNBase):
    """Gated recurrent units [1]_, of one or more layers.

    ``GRU(input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False,
    device=None, dtype=None)``; the parameters are :class:`RNNBase`'s::

        r, z = sigmoid(W_r x + b_r + U_r h + v_r), ...
        n = tanh(W_n x + b_n + r * (U_n h + v_n))
        h = (1 - z) * n + z * h

    References
    ----------
    .. [1] K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014. arXiv:1406.1078
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _refuse_projection(kwargs)
        super().__init__("GRU", *args, **kwargs)
