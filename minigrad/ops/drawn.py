"""Samples in the graph: they depend on what they were drawn with, and pass no gradient on to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad.ops.backend import array_of
from minigrad.ops.op import op

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


@op(namespace=None, variant=lambda input, other, values, name: name)
def drawn(input: Tensor | Number, other: Tensor | Number, values: Any, name: str) -> Tensor:
    """Return ``values``, drawn with the probabilities or moments ``input`` and ``other``, whose gradients are 0.

    Parameters
    ----------
    values : Tensor
        Of the common shape of ``input`` and ``other``.
    name : str
        What PyTorch calls the node.
    """
    return array_of(values)


@drawn.gradient("input")
def _(grad):
    return grad * 0


@drawn.gradient("other")
def _(grad):
    return grad * 0


@drawn.samples
def _(make):
    values = make(2, 3)
    yield make.sample(make(2, 3), 1.0, values, "NormalBackward1", gradient=False)
