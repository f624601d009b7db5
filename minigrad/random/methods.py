"""Drawing into tensors that exist: ``x.normal_()`` and its like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.ops.inplace import check_inference, check_writable, write
from minigrad.ops.state import mode
from minigrad.random import continuous, discrete
from minigrad.random._arguments import (
    check_floating,
    check_probability,
    check_range,
    check_std,
    check_uniform,
    integer,
    real,
    title,
)
from minigrad.random.generator import Generator, stream_of
from minigrad.random.mapped import vmappable
from minigrad.random.stream import Array
from minigrad.tensor import Tensor, register_method

__all__ = [
    "bernoulli_",
    "cauchy_",
    "exponential_",
    "geometric_",
    "log_normal_",
    "normal_",
    "random_",
    "uniform_",
]


def in_memory_order(array: Array) -> Array:
    """Return a view with the dimensions sorted by their steps in memory, the order in which PyTorch fills a tensor."""
    if array.flags.c_contiguous:
        return array
    return array.transpose(sorted(range(array.ndim), key=lambda dim: -abs(array.strides[dim])))


def _fill(
    tensor: Tensor, generator: Generator | None, name: str, draw: Callable[..., Array], *parameters: Any
) -> Tensor:
    """Write ``draw(stream, size, dtype, *parameters)`` into a tensor, by the rules of in-place operations."""
    check_inference(tensor)
    stream = stream_of(generator, name, tensor.device)
    recorded = (tensor._requires_grad or tensor._base is not None) and tensor.requires_grad and mode.enabled
    if recorded:
        check_writable(tensor)
    array = tensor._array
    target = in_memory_order(array)
    values = draw(stream, target.size, target.dtype, *parameters).reshape(target.shape)
    if recorded:
        drawn = np.empty_like(array)
        in_memory_order(drawn)[...] = values
        return tensor.copy_(Tensor._wrap(drawn))
    write(target, values)
    tensor._writes[0] += 1
    return tensor


def _bounds(name: str, given: tuple[Any, ...], named: dict[str, Any], defaults: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return the arguments ``from`` and ``to``, of which Python has no parameter named the first."""
    names = ("from", "to")
    if len(given) > 2:
        raise TypeError(f"{name}() takes 2 positional arguments but {len(given)} were given")
    values = dict(zip(names, given, strict=False))
    for key, value in named.items():
        if key not in names:
            raise TypeError(f"{name}() got an unexpected keyword argument '{key}'")
        if key in values:
            raise TypeError(f"{name}() got multiple values for argument '{key}'")
        values[key] = value
    return values.get("from", defaults[0]), values.get("to", defaults[1])


@vmappable
def uniform_(self: Tensor, *bounds: Any, generator: Generator | None = None, **named: Any) -> Tensor:
    """Fill the tensor with numbers uniform in [from, to), by default [0, 1): ``x.uniform_(from=0, to=1)``."""
    if not bounds and not named:
        check_floating(self._array.dtype, "check_uniform_bounds")
        return _fill(self, generator, "uniform_", continuous.standard_uniform)
    low, high = _bounds("uniform_", bounds, named, (0.0, 1.0))
    low, high = real("uniform_", "from", low, 1), real("uniform_", "to", high, 2)
    check_uniform(low, high, self._array.dtype)
    return _fill(self, generator, "uniform_", continuous.uniform, low, high)


@vmappable
def normal_(self: Tensor, mean: float = 0, std: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with normal numbers of the given mean and standard deviation."""
    mean, std = real("normal_", "mean", mean, 1), real("normal_", "std", std, 2)
    check_std(std)
    check_floating(self._array.dtype, "normal_kernel_cpu")
    draw = continuous.normal if self._array.flags.c_contiguous else continuous.scattered_normal
    return _fill(self, generator, "normal_", draw, mean, std)


@vmappable
def random_(self: Tensor, *bounds: Any, generator: Generator | None = None, **named: Any) -> Tensor:
    """Fill the tensor with random integers.

    Called as ``x.random_()`` for integers from 0 to the largest that the dtype holds exactly, ``x.random_(to)`` for 0
    to to - 1, ``x.random_(from, to)``, and ``x.random_(from, None)`` for everything from ``from`` on.
    """
    if not bounds and not named:
        return _fill(self, generator, "random_", discrete.random_integers)
    if len(bounds) == 1 and "to" not in named:
        bounds = (0, bounds[0])
    low, high = _bounds("random_", bounds, named, (0, None))
    dtype = self._array.dtype
    low = integer("random_", "from", low, 1)
    high = discrete.largest_integer(dtype) + 1 if high is None else integer("random_", "to", high, max(len(bounds), 1))
    check_range(low, high, dtype)
    return _fill(self, generator, "random_", discrete.integers, low, high)


@vmappable
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with ones, each with probability ``p`` (a number, or a tensor that broadcasts), and zeros."""
    if not isinstance(p, Tensor):
        check_probability(p)
        return _fill(self, generator, "bernoulli_", lambda stream, n, dtype: discrete.bernoulli(stream, n, p))
    chances = checked_chances(p._array)
    try:
        chances = np.broadcast_to(chances, self._array.shape)
    except ValueError:
        raise RuntimeError(
            f"bernoulli_() needs a p that broadcasts to the tensor's shape {list(self.shape)}: its shape is "
            f"{list(p.shape)}"
        ) from None
    # Each element's probability has to be where the element is in memory order.
    placed = np.empty_like(self._array, chances.dtype)
    placed[...] = chances
    flat = in_memory_order(placed).reshape(-1)
    return _fill(self, generator, "bernoulli_", lambda stream, n, dtype: discrete.bernoulli_each(stream, flat))


def checked_chances(p: Array) -> Array:
    """Return an array of probabilities, having looked that each is one."""
    check_floating(p.dtype, "bernoulli_tensor_cpu_p_")
    if p.size and not (p.min() >= 0 and p.max() <= 1):
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false: each p must be in [0, 1]")
    return p


@vmappable
def exponential_(self: Tensor, lambd: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with exponential numbers of rate ``lambd``."""
    _check_continuous("Exponential", self._array.dtype)
    lambd = real("exponential_", "lambd", lambd, 1)
    if not lambd > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
    return _fill(self, generator, "exponential_", continuous.exponential, lambd)


@vmappable
def cauchy_(self: Tensor, median: float = 0, sigma: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with numbers of the Cauchy distribution of the given median and half-width ``sigma``."""
    _check_continuous("Cauchy", self._array.dtype)
    median, sigma = real("cauchy_", "median", median, 1), real("cauchy_", "sigma", sigma, 2)
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")
    return _fill(self, generator, "cauchy_", continuous.cauchy, median, sigma)


def _check_continuous(name: str, dtype: np.dtype[Any]) -> None:
    if dtype.kind != "f":
        raise RuntimeError(
            f"{name} distribution is a continuous probability distribution. dtype must be a floating point but you "
            f"specified {title(dtype)}"
        )


@vmappable
def log_normal_(self: Tensor, mean: float = 1, std: float = 2, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with numbers whose logarithms are normal with the given mean and standard deviation."""
    mean, std = real("log_normal_", "mean", mean, 1), real("log_normal_", "std", std, 2)
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
    check_floating(self._array.dtype, "log_normal_cpu")
    return _fill(self, generator, "log_normal_", continuous.log_normal, mean, std)


@vmappable
def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with the numbers of trials, of success probability ``p``, up to and with the first success."""
    if self._array.dtype.kind == "b":
        raise NotImplementedError("\"geometric_cpu\" not implemented for 'Bool'")
    p = real("geometric_", "p", p, 1)
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
    return _fill(self, generator, "geometric_", discrete.geometric, p)


for _method in (bernoulli_, cauchy_, exponential_, geometric_, log_normal_, normal_, random_, uniform_):
    register_method(_method.__name__, _method)
