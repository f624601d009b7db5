"""Samples of distributions that tensors describe: coin flips, counts and categories."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.devices import of_array
from minigrad.ops.backend import array_module
from minigrad.ops.drawn import drawn
from minigrad.ops.shape import order_of
from minigrad.random import discrete
from minigrad.random._arguments import check_floating, check_probability, finish, integer, title
from minigrad.random.generator import Generator, stream_of
from minigrad.random.mapped import vmappable
from minigrad.random.methods import checked_chances, in_memory_order
from minigrad.random.stream import Array
from minigrad.tensor import Tensor, register_method

__all__ = ["bernoulli", "multinomial", "poisson"]


def _input_array(name: str, input: Any) -> Array:
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    return input._array


@vmappable
def bernoulli(
    input: Tensor, p: float | None = None, *, generator: Generator | None = None, out: Tensor | None = None
) -> Tensor:
    """Return ones and zeros, of the shape and dtype of ``input``.

    Parameters
    ----------
    input : Tensor
        The probability of a one, for each element.
    p : float, optional
        One probability for all elements, whatever ``input`` holds.
    generator : Generator, optional
    out : Tensor, optional
        Resized and written to.
    """
    array = _input_array("bernoulli", input)
    stream = stream_of(generator, "bernoulli", input.device)
    if p is None:
        flips = discrete.bernoulli_each(stream, checked_chances(array).reshape(-1))
    else:
        check_probability(p)
        flips = discrete.bernoulli(stream, array.size, p)
    made = finish("bernoulli", flips.reshape(array.shape).astype(array.dtype), out, input.device, False)
    recorded = p is None and out is None and input.requires_grad
    return drawn(input, 0, made, "BernoulliBackward0") if recorded else made


def bernoulli_mask(input: Tensor, keep_probability: float, shape: Any = None) -> Tensor:
    """Return booleans, True with one probability: what dropout keeps.

    Parameters
    ----------
    input : Tensor
        The mask is where it is, and has its memory order as well as its shape, as PyTorch's dropout draws it.
    keep_probability : float
        At 0 and 1 nothing is drawn.
    shape : sequence of int, optional
        Another shape.

    Returns
    -------
    Tensor of bool
    """
    return Tensor._wrap(_mask(input._array, keep_probability, shape))


def _mask(array: Any, keep_probability: float, shape: Any) -> Any:
    if shape is None:
        mask = np.empty_like(array, np.bool_, order=order_of(array))
    else:
        mask = array_module(array).empty(shape, np.bool_)
    if keep_probability in (0, 1):
        mask.fill(keep_probability)
        return mask
    check_probability(keep_probability)
    flips = discrete.bernoulli(stream_of(None, "dropout", of_array(mask)), mask.size, keep_probability)
    if mask.flags.c_contiguous:
        return flips.reshape(mask.shape)
    ordered = in_memory_order(mask)
    ordered[...] = flips.reshape(ordered.shape)
    return mask


@vmappable
def multinomial(
    input: Tensor,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return indices drawn with probabilities in proportion to the weights in each row.

    Parameters
    ----------
    input : Tensor, shape (categories,) or (rows, categories)
        Weights: not negative, finite, and not all zero.
    num_samples : int
        Indices drawn a row.
    replacement : bool
        Whether an index may be drawn again.
    generator : Generator, optional
    out : Tensor, optional
        Resized and written to.

    Returns
    -------
    Tensor of int64, shape (num_samples,) or (rows, num_samples)

    Raises
    ------
    RuntimeError
        For weights that describe no distribution, and more samples than categories without replacement.
    """
    if isinstance(out, Tensor) and out.dtype.name != "int64":
        raise RuntimeError(f"multinomial expects Long tensor out, got: {title(out._array.dtype)}")
    array = _input_array("multinomial", input)
    count = integer("multinomial", "num_samples", num_samples, 2)
    _check_weights(array, count, replacement)
    weights = array.reshape(-1, array.shape[-1])
    indices = discrete.multinomial(stream_of(generator, "multinomial", input.device), weights, count, replacement)
    return finish("multinomial", indices.reshape(*array.shape[:-1], count), out, input.device, False)


def _check_weights(weights: Array, count: int, replacement: bool) -> None:
    if weights.ndim not in (1, 2):
        raise RuntimeError(f"prob_dist must be 1 or 2 dim; it has shape {list(weights.shape)}")
    if weights.dtype.kind != "f":
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {title(weights.dtype)}")
    if count <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if weights.shape[-1] > 2**24:
        raise RuntimeError("number of categories cannot exceed 2^24")
    if not replacement and count > weights.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement: "
            f"{count} samples of {weights.shape[-1]} categories"
        )
    if weights.size and not (weights.min() >= 0 and weights.max() < np.inf):
        if not replacement or count == 1:  # then PyTorch compares exponential waiting times, too
            raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
        what = "< 0" if weights.min() < 0 else "= infinity or NaN"
        raise RuntimeError(f"invalid multinomial distribution (encountering probability entry {what})")
    if not (np.add.reduce(weights, -1, np.float64) > 0).all():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")


@vmappable
def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Return Poisson counts, of the shape and dtype of ``input``, which holds their rates."""
    array = _input_array("poisson", input)
    check_floating(array.dtype, "poisson_cpu")
    if array.size and not array.min() >= 0:
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    counts = discrete.poisson(stream_of(generator, "poisson", input.device), array.reshape(-1))
    made = finish("poisson", counts.reshape(array.shape), None, input.device, False)
    return drawn(input, 0, made, "PoissonBackward0")


register_method("bernoulli", bernoulli)
register_method("multinomial", multinomial)
