"""Parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from minigrad.ops.join import cat
from minigrad.tensor import Tensor

from ..module import typename

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Return all parameters, flattened and joined in order."""
    return cat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Set the parameters to slices of a vector, whose memory they share afterwards.

    Parameters
    ----------
    vec : Tensor, 1-d
    parameters : iterable of Tensor
        In the order in which :func:`parameters_to_vector` joined them.

    Raises
    ------
    TypeError
        For what is no tensor.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {typename(vec)}")
    start = 0
    for parameter in parameters:
        stop = start + parameter.numel()
        parameter.data = vec[start:stop].view_as(parameter).data
        start = stop
