"""Single steps of recurrent layers, for loops that users write themselves."""

from __future__ import annotations

import math
from typing import Any

from minigrad.creation import empty, zeros
from minigrad.ops.recurrent_cells import gru_cell, lstm_cell, rnn_relu_cell, rnn_tanh_cell
from minigrad.tensor import Tensor

from . import init
from .module import Module
from .parameter import Parameter

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


class RNNCellBase(Module):
    """What the cells share: their parameters, uniform in ``±1 / sqrt(hidden_size)``, and the checks of their input.

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool
    num_chunks : int
        How many gates there are.
    device : device, optional
    dtype : dtype, optional

    Attributes
    ----------
    weight_ih, weight_hh : Parameter, shapes (num_chunks * hidden_size, input_size) and (..., hidden_size)
    bias_ih, bias_hh : Parameter, shape (num_chunks * hidden_size,), or None
    """

    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(empty((rows, input_size), device=device, dtype=dtype))
        self.weight_hh = Parameter(empty((rows, hidden_size), device=device, dtype=dtype))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(empty(rows, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def extra_repr(self) -> str:
        """Return the sizes and whatever differs from the defaults."""
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text

    def _check_rank(self, what: str, tensor: Tensor) -> None:
        if tensor.dim() not in (1, 2):
            raise ValueError(
                f"{type(self).__name__}: Expected {what} to be 1D or 2D, got {tensor.dim()}D instead"
            )  # fmt: skip

    def _step(self, function: Any, input: Tensor, hx: Tensor | None) -> Tensor:
        """Return the next state of a cell that has one."""
        self._check_rank("input", input)
        if hx is not None:
            self._check_rank("hidden", hx)
        is_batched = input.dim() == 2
        if not is_batched:
            input = input.unsqueeze(0)
            hx = None if hx is None else hx.unsqueeze(0)
        if hx is None:
            hx = zeros(input.size(0), self.hidden_size, dtype=input.dtype, device=input.device)
        state: Tensor = function(input, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return state if is_batched else state.squeeze(0)


class RNNCell(RNNCellBase):
    """One step of Elman's network: ``tanh(weight_ih @ x + bias_ih + weight_hh @ h + bias_hh)``.

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool
    nonlinearity : {"tanh", "relu"}
    device : device, optional
    dtype : dtype, optional
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Return the next state: (batch, input_size), (batch, hidden_size) -> (batch, hidden_size)."""
        function = {"tanh": rnn_tanh_cell, "relu": rnn_relu_cell}.get(self.nonlinearity)
        if function is None:
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._step(function, input, hx)


class LSTMCell(RNNCellBase):
    """One step of an LSTM; see :class:`LSTM`.

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool
    device : device, optional
    dtype : dtype, optional
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """Return the next state and cell, each of shape (batch, hidden_size); zeros come before the first."""
        self._check_rank("input", input)
        for k, state in enumerate(hx or ()):
            self._check_rank(f"hx[{k}]", state)
        is_batched = input.dim() == 2
        if not is_batched:
            input = input.unsqueeze(0)
            hx = None if hx is None else (hx[0].unsqueeze(0), hx[1].unsqueeze(0))
        if hx is None:
            start = zeros(input.size(0), self.hidden_size, dtype=input.dtype, device=input.device)
            hx = (start, start)
        h, c = lstm_cell(input, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return (h, c) if is_batched else (h.squeeze(0), c.squeeze(0))


class GRUCell(RNNCellBase):
    """One step of a GRU; see :class:`GRU`.

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool
    device : device, optional
    dtype : dtype, optional
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Return the next state: (batch, input_size), (batch, hidden_size) -> (batch, hidden_size)."""
        return self._step(gru_cell, input, hx)
