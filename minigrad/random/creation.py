"""New tensors of random numbers: the same numbers that PyTorch draws on the CPU from the same seed."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.creation import on_device
from minigrad.ops.backend import is_array
from minigrad.ops.drawn import drawn
from minigrad.ops.out import dtype_of
from minigrad.ops.shape import order_of
from minigrad.random import continuous, discrete
from minigrad.random._arguments import (
    check_floating,
    check_range,
    check_std,
    finish,
    integer,
    shape_of,
    title,
)
from minigrad.random.generator import Generator, stream_of
from minigrad.random.mapped import vmappable
from minigrad.random.methods import normal_, random_, uniform_
from minigrad.random.stream import Array
from minigrad.tensor import Tensor

__all__ = ["normal", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm"]

# Keywords that PyTorch has, and that change nothing for tensors in ordinary CPU memory.
Ignored = Any


@vmappable
def rand(
    *args: Any,
    size: Any = None,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: dtypes.dtype | None = None,
    layout: Ignored = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return numbers uniform in [0, 1).

    Parameters
    ----------
    *args : int, or one sequence of int
        The size; may also be given as ``size=``.
    generator : Generator, optional
    out : Tensor, optional
        Resized and written to.
    dtype : dtype, optional
        Floating; by default the default dtype.
    device : device, optional
    requires_grad : bool
    layout, pin_memory
        Accepted for CPU tensors, on which they have no effect.

    Examples
    --------
    >>> import minigrad as torch
    >>> _ = torch.manual_seed(42)
    >>> torch.rand(5)
    tensor([0.8823, 0.9150, 0.3829, 0.9593, 0.3904])
    """
    shape = shape_of("rand", args, size)
    numpy_type = dtype_of("rand", dtype, out)
    check_floating(numpy_type, "check_uniform_bounds")
    values = continuous.standard_uniform(stream_of(generator, "rand", device), prod(shape), numpy_type)
    return finish("rand", values.reshape(shape), out, device, requires_grad)


@vmappable
def randn(
    *args: Any,
    size: Any = None,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: dtypes.dtype | None = None,
    layout: Ignored = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return standard normal numbers; the parameters are those of `rand`.

    Examples
    --------
    >>> import minigrad as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randn(3)
    tensor([ 1.5410, -0.2934, -2.1788])
    """
    shape = shape_of("randn", args, size)
    numpy_type = dtype_of("randn", dtype, out)
    check_floating(numpy_type, "normal_kernel_cpu")
    values = continuous.normal(stream_of(generator, "randn", device), prod(shape), numpy_type, 0, 1)
    return finish("randn", values.reshape(shape), out, device, requires_grad)


@vmappable
def randint(
    *args: Any,
    low: Any = None,
    high: Any = None,
    size: Any = None,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: dtypes.dtype | None = None,
    layout: Ignored = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return integers from ``low`` to ``high - 1``: ``randint(high, size)`` or ``randint(low, high, size)``.

    Parameters
    ----------
    *args
        high and size, or low, high and size; each may also be given by name. Without low, it is 0.
    generator, out, device, requires_grad, layout, pin_memory
        As for `rand`.
    dtype : dtype, optional
        By default int64.

    Raises
    ------
    RuntimeError
        When high is not above low, or the dtype does not hold the integers.

    Examples
    --------
    >>> import minigrad as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randint(3, 10, (2, 2))
    tensor([[7, 6],
            [3, 5]])
    """
    given = list(args)
    if size is None and len(given) > (high is None):
        size = given.pop()
        if not isinstance(size, (tuple, list)):
            raise TypeError(
                f"randint(): argument 'size' (position {len(args)}) must be tuple of ints, not {type(size).__name__}"
            )
    if high is None and given:
        high = given.pop()
    if low is None:
        low = given.pop() if given else 0
    if given or high is None or size is None:
        raise TypeError("randint() takes (high, size) or (low, high, size)")
    shape = shape_of("randint", (), size)
    low, high = integer("randint", "low", low, 1), integer("randint", "high", high, max(len(args) - 1, 1))
    numpy_type = np.dtype(np.int64) if dtype is None and out is None else dtype_of("randint", dtype, out)
    check_range(low, high, numpy_type)
    values = discrete.integers(stream_of(generator, "randint", device), prod(shape), numpy_type, low, high)
    return finish("randint", values.reshape(shape), out, device, requires_grad)


@vmappable
def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: dtypes.dtype | None = None,
    layout: Ignored = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return the integers 0 to n - 1 in random order.

    Parameters
    ----------
    n : int
    generator, out, device, requires_grad, layout, pin_memory
        As for `rand`.
    dtype : dtype, optional
        By default int64.

    Raises
    ------
    RuntimeError
        For a negative ``n``, and for one that the dtype does not hold.
    NotImplementedError
        For bools.

    Examples
    --------
    >>> import minigrad as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randperm(8)
    tensor([4, 0, 7, 3, 2, 5, 1, 6])
    """
    n = integer("randperm", "n", n, 1)
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    numpy_type = np.dtype(np.int64) if dtype is None and out is None else dtype_of("randperm", dtype, out)
    if numpy_type.kind == "b":
        raise NotImplementedError("\"randperm\" not implemented for 'Bool'")
    most = discrete.largest_integer(numpy_type) + 1
    if n > most:
        raise RuntimeError(f"n cannot be greater than {most} for {title(numpy_type)} type: it is {n}")
    values = discrete.permutation(stream_of(generator, "randperm", device), n)
    return finish("randperm", values.astype(numpy_type, copy=False), out, device, requires_grad)


@vmappable
def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: dtypes.dtype | None = None,
    layout: Ignored = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return normal numbers of given means and standard deviations.

    Parameters
    ----------
    mean, std : float or Tensor
        With a tensor among them, the result has their common shape; the samples pass gradients of 0 on to them.
    size : sequence of int
        Only, and always, with two numbers.
    generator, out, dtype, device, requires_grad, layout, pin_memory
        As for `rand`.

    Raises
    ------
    RuntimeError
        For a negative standard deviation.
    """
    given = next((each for each in (mean, std) if isinstance(each, Tensor)), None)
    stream = stream_of(generator, "normal", device if given is None else given.device)
    if given is not None:
        if size is not None:
            raise TypeError("normal() takes no size along with a tensor: the result has the tensor's shape")
        means, stds = _array_of(mean), _array_of(std)
        values = _normal_around(means, stds, stream)
        made = finish("normal", values, out, device, requires_grad)
        kind = 3 if isinstance(mean, Tensor) and isinstance(std, Tensor) else 1 if isinstance(mean, Tensor) else 2
        return made if out is not None else drawn(mean, std, made, f"NormalBackward{kind}")
    if not isinstance(size, (tuple, list)) or not _are_numbers(mean, std):
        raise TypeError(
            "normal() takes (mean, std, size) with two numbers and a tuple of ints, or a tensor as mean or std; it was "
            f"given ({', '.join(type(each).__name__ for each in (mean, std, size))})"
        )
    check_std(std)
    shape = shape_of("normal", (), size)
    numpy_type = dtype_of("normal", dtype, out)
    check_floating(numpy_type, "normal_kernel_cpu")
    values = continuous.normal(stream, prod(shape), numpy_type, float(mean), float(std))
    return finish("normal", values.reshape(shape), out, device, requires_grad)


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(value, (int, float, np.number)) for value in values)


def _array_of(value: Any) -> Any:
    return value._array if isinstance(value, Tensor) else value


def _normal_around(mean: Any, std: Any, stream: Any) -> Array:
    """Return normal values around an array or a number, with an array or a number as standard deviation."""
    leading = mean if is_array(mean) else std
    if not is_array(std):
        check_std(std)
    elif std.size and not (std >= 0).all():
        raise RuntimeError("normal expects all elements of std >= 0.0")
    check_floating(leading.dtype, "normal_kernel_cpu")
    try:
        shape = np.broadcast_shapes(np.shape(mean), np.shape(std))
    except ValueError:
        raise RuntimeError(
            f"normal() needs mean and std of shapes that broadcast: they are {np.shape(mean)} and {np.shape(std)}"
        ) from None
    spread = 1.0 if is_array(std) else float(std)
    values = continuous.normal(stream, prod(shape), leading.dtype, 0, spread).reshape(shape)
    if is_array(std):
        np.multiply(values, std, out=values, casting="same_kind")
    return np.add(values, mean, out=values, casting="same_kind")


def _like(input: Tensor, dtype: Any, name: str, device: Any) -> Tensor:
    """Return an empty tensor of the shape and the memory order of another, where it is unless a device is given."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    numpy_type = input._array.dtype if dtype is None else dtype_of(name, dtype, None)
    array = np.empty_like(input._array, numpy_type, order=order_of(input._array))
    return Tensor._wrap(array if device is None else on_device(array, device))


def _is_row_major(input: Any) -> bool:
    """Whether a tensor lies in memory as a new one does, so that it is told by its shape."""
    return isinstance(input, Tensor) and input._array.flags.c_contiguous


@vmappable
def rand_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: dtypes.dtype | None = None,
    layout: Ignored = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return numbers uniform in [0, 1), of the shape, dtype and memory order of ``input``.

    The parameters are those of `rand`.
    """
    if _is_row_major(input):
        return rand(
            size=input._array.shape,
            generator=generator,
            dtype=input.dtype if dtype is None else dtype,
            device=input.device if device is None else device,
            requires_grad=requires_grad,
        )
    drawn = uniform_(_like(input, dtype, "rand_like", device), generator=generator)
    return finish("rand_like", drawn._array, None, drawn.device, requires_grad)


@vmappable
def randn_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: dtypes.dtype | None = None,
    layout: Ignored = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return standard normal numbers, of the shape, dtype and memory order of ``input``.

    The parameters are those of `rand`.
    """
    if _is_row_major(input):
        return randn(
            size=input._array.shape,
            generator=generator,
            dtype=input.dtype if dtype is None else dtype,
            device=input.device if device is None else device,
            requires_grad=requires_grad,
        )
    drawn = normal_(_like(input, dtype, "randn_like", device), generator=generator)
    return finish("randn_like", drawn._array, None, drawn.device, requires_grad)


@vmappable
def randint_like(
    input: Tensor,
    *args: Any,
    low: Any = None,
    high: Any = None,
    generator: Generator | None = None,
    dtype: dtypes.dtype | None = None,
    layout: Ignored = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return integers from ``low`` to ``high - 1``, of the shape, dtype and memory order of ``input``.

    Called as ``randint_like(input, high)`` or ``randint_like(input, low, high)``; the other parameters are those of
    `randint`.
    """
    given = list(args)
    if high is None and given:
        high = given.pop()
    if low is None:
        low = given.pop() if given else 0
    if given or high is None:
        raise TypeError("randint_like() takes (input, high) or (input, low, high)")
    low, high = integer("randint_like", "low", low, 2), integer("randint_like", "high", high, len(args) + 1)
    drawn = random_(_like(input, dtype, "randint_like", device), low, high, generator=generator)
    return finish("randint_like", drawn._array, None, drawn.device, requires_grad)
