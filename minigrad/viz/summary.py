"""A table of a model's layers: shapes, parameters, products and memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minigrad import dtypes
from minigrad.autograd.grad_mode import no_grad
from minigrad.creation import zeros

__all__ = ["LayerSummary", "ModelSummary", "summary"]


@dataclass(frozen=True)
class LayerSummary:
    """A line of the table.

    Attributes
    ----------
    name : str
        Path of the layer in the model; empty for the model itself.
    kind : str
        Its class.
    depth : int
        How deep it stands.
    output_shape : tuple of int
    parameters : int
        Numbers in the layer's own parameters, without its children's.
    multiply_adds : int
        Products with those parameters in one forward pass.
    """

    name: str
    kind: str
    depth: int
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class ModelSummary:
    """The table; prints as one.

    Attributes
    ----------
    layers : tuple of LayerSummary
        In the order in which they were called, the model first.
    total_parameters, trainable_parameters : int
    multiply_adds : int
    input_bytes, output_bytes, parameter_bytes : int
        Memory of the input, of what layers without children put out (as training keeps it), and of the parameters.
    """

    layers: tuple[LayerSummary, ...]
    total_parameters: int
    trainable_parameters: int
    multiply_adds: int
    input_bytes: int
    output_bytes: int
    parameter_bytes: int

    def __str__(self) -> str:
        """Return the table and the totals below it."""
        labels = ["  " * each.depth + each.kind + (f" ({each.name})" if each.name else "") for each in self.layers]
        left = max(len("Layer"), *map(len, labels))
        shapes = [str(list(each.output_shape)) for each in self.layers]
        middle = max(len("Output shape"), *map(len, shapes))
        head = f"{'Layer':{left}}  {'Output shape':{middle}}  {'Parameters':>12}  {'Mult-adds':>14}"
        lines = [head, "=" * len(head)]
        for label, shape, each in zip(labels, shapes, self.layers, strict=True):
            own, products = (f"{n:,}" if n else "-" for n in (each.parameters, each.multiply_adds))
            lines.append(f"{label:{left}}  {shape:{middle}}  {own:>12}  {products:>14}")
        frozen = self.total_parameters - self.trainable_parameters
        lines += [
            "=" * len(head),
            f"Parameters: {self.total_parameters:,} ({self.trainable_parameters:,} trainable, {frozen:,} not)",
            f"Multiply-adds of a forward pass: {self.multiply_adds:,}",
            f"Memory (MB): input {_mb(self.input_bytes)}, outputs forward and backward {_mb(2 * self.output_bytes)}, "
            f"parameters {_mb(self.parameter_bytes)}",
        ]
        return "\n".join(lines)

    __repr__ = __str__


def summary(model: Any, input_size: Sequence[int], dtype: Any = None) -> ModelSummary:
    """Pass zeros through a model once and return what every layer put out and holds.

    Parameters
    ----------
    model : Module
        It runs in evaluation mode, and without a graph; both are as before afterwards.
    input_size : sequence of int
        Shape of the input, the batch's size first.
    dtype : dtype, optional
        Of the input; by default that of the model's first parameter. ``minigrad.int64`` for a model that begins with
        an embedding.

    Returns
    -------
    ModelSummary

    Notes
    -----
    Multiply-adds are counted as torchinfo counts them: each entry of a layer's parameters once for each sample, and for
    a convolution once for each place of its output. Layers without parameters count as none.

    Examples
    --------
    >>> from minigrad import nn
    >>> print(summary(nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1)), (32, 2)))
    Layer         Output shape    Parameters       Mult-adds
    ========================================================
    Sequential    [32, 1]                  -               -
      Linear (0)  [32, 8]                 24             768
      ReLU (1)    [32, 8]                  -               -
      Linear (2)  [32, 1]                  9             288
    ========================================================
    Parameters: 33 (33 trainable, 0 not)
    Multiply-adds of a forward pass: 1,056
    Memory (MB): input 0.00, outputs forward and backward 0.00, parameters 0.00
    """
    parameters = list(model.parameters())
    given = zeros(*input_size, dtype=dtype or (parameters[0].dtype if parameters else dtypes.float32))
    names = {id(module): name for name, module in model.named_modules()}
    order: list[str] = []
    outputs: dict[str, Any] = {}

    def note_order(module: Any, inputs: Any) -> None:
        order.append(names[id(module)])

    def note_output(module: Any, inputs: Any, output: Any) -> None:
        outputs[names[id(module)]] = _first_tensor(output)

    modules = dict(model.named_modules())
    handles = [module.register_forward_pre_hook(note_order) for module in modules.values()]
    handles += [module.register_forward_hook(note_output) for module in modules.values()]
    was_training = model.training
    model.eval()
    try:
        with no_grad():
            model(given)
    finally:
        model.train(was_training)
        for handle in handles:
            handle.remove()
    layers = tuple(_line(name, modules[name], outputs[name]) for name in dict.fromkeys(order))
    leaves = [outputs[each.name] for each in layers if not list(modules[each.name].children())]
    return ModelSummary(
        layers=layers,
        total_parameters=sum(each.numel() for each in parameters),
        trainable_parameters=sum(each.numel() for each in parameters if each.requires_grad),
        multiply_adds=sum(each.multiply_adds * order.count(each.name) for each in layers),
        input_bytes=given.numel() * given.element_size(),
        output_bytes=sum(each.numel() * each.element_size() for each in leaves if each is not None),
        parameter_bytes=sum(each.numel() * each.element_size() for each in parameters),
    )


def _line(name: str, module: Any, output: Any) -> LayerSummary:
    shape = () if output is None else tuple(output.shape)
    own = sum(each.numel() for each in module.parameters(recurse=False))
    places = math.prod(shape[2:]) if "Conv" in type(module).__name__ else 1
    depth = name.count(".") + 1 if name else 0
    return LayerSummary(name, type(module).__name__, depth, shape, own, own * places * (shape[0] if shape else 1))


def _first_tensor(output: Any) -> Any:
    """Return the first tensor in what a layer puts out."""
    if hasattr(output, "shape"):
        return output
    parts = output.values() if isinstance(output, dict) else output if isinstance(output, list | tuple) else ()
    return next((found for part in parts if (found := _first_tensor(part)) is not None), None)


def _mb(size: int) -> str:
    return f"{size / 1e6:.2f}"
