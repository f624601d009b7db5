"""What the distributions share: broadcast parameters, probabilities and logits, values computed once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from minigrad.autograd.grad_mode import enable_grad
from minigrad.creation import empty, tensor
from minigrad.dtypes import get_default_dtype
from minigrad.nn.functional import softmax
from minigrad.numeric_limits import finfo
from minigrad.ops.stacking import broadcast_tensors
from minigrad.ranges import arange
from minigrad.tensor import Tensor

__all__ = [
    "broadcast_all",
    "clamp_probs",
    "lazy_property",
    "logits_to_probs",
    "probs_to_logits",
    "tril_matrix_to_vec",
    "vec_to_tril_matrix",
]

EULER = 0.57721566490153286060

Number = (int, float)


def broadcast_all(*values: Any) -> tuple[Any, ...]:
    """Return tensors and numbers as tensors of one shape; numbers take the dtype of the first tensor.

    Raises
    ------
    ValueError
        For anything else.
    """
    if not all(isinstance(each, (Tensor, *Number)) for each in values):
        raise ValueError(
            "Input arguments must all be instances of Number, torch.Tensor or objects implementing __torch_function__."
        )
    first = next((each for each in values if isinstance(each, Tensor)), None)
    dtype = get_default_dtype() if first is None else first.dtype
    device = None if first is None else first.device
    made = [each if isinstance(each, Tensor) else tensor(each, dtype=dtype, device=device) for each in values]
    return tuple(broadcast_tensors(*made))


def standard_normal(shape: Any, like: Any) -> Any:
    """Return standard normal numbers of a shape, in the dtype and on the device of a tensor."""
    return empty(shape, dtype=like.dtype, device=like.device).normal_()


def sum_rightmost(value: Any, count: int) -> Any:
    """Return the sums over the last ``count`` dimensions."""
    return value if count == 0 else value.reshape((*value.shape[:-count], -1)).sum(-1)


def _standard_normal(shape: Any, dtype: Any, device: Any) -> Any:
    """Draw standard normal numbers, as programs ask for them by PyTorch's inner name."""
    return empty(shape, dtype=dtype, device=device).normal_()


_sum_rightmost = sum_rightmost  # as programs import it


def logits_to_probs(logits: Any, is_binary: bool = False) -> Any:
    """Return probabilities from log-odds, or from log-probabilities along the last dimension."""
    return logits.sigmoid() if is_binary else softmax(logits, dim=-1)


def clamp_probs(probs: Any) -> Any:
    """Return probabilities away from 0 and 1 by the precision of their dtype."""
    eps = finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Any, is_binary: bool = False) -> Any:
    """Return log-odds, or log-probabilities along the last dimension; those of 0 and 1 are finite."""
    clamped = clamp_probs(probs)
    return clamped.log() - (-clamped).log1p() if is_binary else clamped.log()


class lazy_property:
    """A property that is computed when first read, and then kept."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped = wrapped
        functools.update_wrapper(self, wrapped)  # type: ignore[arg-type]

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        with enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


def either(probs: Any, logits: Any) -> None:
    """Refuse both, and neither, of probabilities and logits.

    Raises
    ------
    ValueError
    """
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")


def _below_diagonal(n: int, diag: int, device: Any) -> Any:
    """Return where an n x n matrix is on or below a diagonal."""
    steps = arange(n, device=device)
    return steps < steps.view(-1, 1) + (diag + 1)


def tril_matrix_to_vec(mat: Any, diag: int = 0) -> Any:
    """Return the entries of matrices on and below a diagonal as vectors, row by row.

    Parameters
    ----------
    mat : Tensor, shape (..., n, n)
    diag : int
        The diagonal: 0 is the main one, -1 that below it.

    Raises
    ------
    ValueError
        For a diagonal outside the matrices.
    """
    n = mat.shape[-1]
    if diag < -n or diag >= n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    return mat[..., _below_diagonal(n, diag, mat.device)]


def vec_to_tril_matrix(vec: Any, diag: int = 0) -> Any:
    """Return vectors as the entries of matrices on and below a diagonal, row by row, with zeros above it.

    Parameters
    ----------
    vec : Tensor, shape (..., count)
    diag : int
        The diagonal: 0 is the main one, -1 that below it.

    Raises
    ------
    ValueError
        For a length that fills no triangle.
    """
    twice = 1 + 2 * diag
    n = (-twice + (twice**2 + 8 * vec.shape[-1] + 4 * abs(diag) * (diag + 1)) ** 0.5) / 2
    if round(n) - n > finfo(vec.dtype).eps:
        raise ValueError(
            f"The size of last dimension is {vec.shape[-1]} which cannot be expressed as the lower triangular part of "
            "a square D x D matrix."
        )
    matrix = vec.new_zeros((*vec.shape[:-1], round(n), round(n)))
    matrix[..., _below_diagonal(round(n), diag, vec.device)] = vec
    return matrix
