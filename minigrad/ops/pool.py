"""How windows lie over signals, images and volumes, and the two poolings as operations: largest element and mean.

`max_pool_values`, its gradient `max_pool_backward` and the gradient of that, `at_maxima`, all take the places of the
maxima; `mean_pool` and `mean_pool_backward` are each other's gradients. The public functions are in `max_pool` and
`avg_pool`.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from minigrad.ops.backend import kernels_of
from minigrad.ops.op import op

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor

_WORDS = {1: "one int", 2: "two ints", 3: "three ints"}


def per_dim(function: str, name: str, value: Any, rank: int) -> tuple[int, ...]:
    """Return an argument as one number a spatial dimension.

    Raises
    ------
    RuntimeError
        When it is neither one number nor ``rank`` of them.
    TypeError
        When it is not of integers.
    """
    if type(value) is int:
        return (value,) * rank
    try:
        values = tuple(map(operator.index, value if isinstance(value, (tuple, list)) else (value,)))
    except TypeError:
        raise TypeError(f"{function}(): argument '{name}' must be tuple of ints, not {type(value).__name__}") from None
    if len(values) not in (1, rank):
        raise RuntimeError(f"{function}: {name} must either be a single int, or a tuple of {_WORDS[rank]}")
    return values * rank if len(values) == 1 else values


def find_settings(
    function: str, shape: Any, rank: int, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> tuple[Any, ...]:
    """Check the arguments of a pooling; return size, kernel, stride, padding, dilation and output lengths."""
    kernel = per_dim(function, "kernel_size", kernel, rank)
    stride = kernel if stride is None or stride in ((), []) else per_dim(function, "stride", stride, rank)
    padding = per_dim(function, "padding", padding, rank)
    dilation = per_dim(function, "dilation", dilation, rank)
    check_rank(function, shape, rank)
    size = tuple(shape[-rank:])
    if 0 in shape[-rank - 1 :]:
        raise RuntimeError(
            f"{function}: Expected {rank + 1}D or {rank + 2}D (batch mode) tensor with optional 0 dim batch size for "
            f"input, but got:{list(shape)}"
        )
    if min(kernel) <= 0 or min(stride) <= 0:
        raise RuntimeError("stride should not be zero" if 0 in stride else "kernel size should be greater than zero")
    if min(dilation) <= 0:
        raise RuntimeError(f"dilation should be greater than zero, but got {list(dilation)}")
    out = []
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True):
        if p < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {p}")
        if p > (d * (k - 1) + 1) // 2:
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and "
                f"dilation={d}"
            )
        if p > k // 2:
            raise RuntimeError(
                f"pad should be smaller than or equal to half of kernel size, but got pad={p}, kernel_size={k}"
            )
        room = n + 2 * p - d * (k - 1) - 1
        count = (-(-room // s) if ceil_mode else room // s) + 1
        # The last window must start inside the input or in the border on its left.
        out.append(count - 1 if ceil_mode and (count - 1) * s >= n + p else count)
    if min(out) < 1:
        given, got = ("x".join(map(str, (shape[-rank - 1], *lengths))) for lengths in (size, out))
        raise RuntimeError(f"Given input size: ({given}). Calculated output size: ({got}). Output size is too small")
    return size, kernel, stride, padding, dilation, tuple(out)


def check_rank(function: str, shape: Any, rank: int) -> None:
    """Refuse what is neither one image of channels nor a batch of them."""
    if len(shape) not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"{function}: Expected {rank + 1}D or {rank + 2}D (batch mode) tensor with optional 0 dim batch size for "
            f"input, but got:{list(shape)}"
        )


def adaptive_lengths(function: str, shape: Any, rank: int, output_size: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the spatial lengths of an input and of its output, with what is None in ``output_size`` filled in."""
    if not isinstance(output_size, (tuple, list)):
        output_size = (output_size,) * rank
    if len(output_size) != rank:
        raise RuntimeError(f"{function}: output_size must be {rank}")
    check_rank(function, shape, rank)
    size = tuple(shape[-rank:])
    if 0 in size:
        raise RuntimeError(
            f"{function}(): Expected input to have non-zero size for non-batch dimensions, but got {size}"
        )
    try:
        return size, tuple(n if m is None else operator.index(m) for n, m in zip(size, output_size, strict=True))
    except TypeError:
        raise TypeError(
            f"{function}(): argument 'output_size' (position 2) must be int or tuple of ints, not {output_size}"
        ) from None


@op(namespace=None, saves=("places",), node="MaxPoolBackward0")
def max_pool_values(input: Tensor, windows: Any) -> Tensor:
    """Largest element of each window."""
    return kernels_of(input).max_pool(input, windows)


@max_pool_values.gradient
def _(grad, places, windows):
    return max_pool_backward(grad, places, windows)


@op(namespace=None, outputs=("values", "indices"), node="MaxPoolBackward0")
def max_pool_indices(input: Tensor, windows: Any) -> Any:
    """Largest element of each window, and its number within its plane."""
    kernels = kernels_of(input)
    values, places = kernels.max_pool(input, windows)
    return values, kernels.plane_indices(places, windows)


@max_pool_indices.gradient
def _(grad, indices, windows):
    return max_pool_backward(grad, indices, windows)


@op(namespace=None)
def max_pool_backward(grad_output: Tensor, places: Any, windows: Any) -> Tensor:
    """Zeros to which each element of ``grad_output`` is added where its maximum was."""
    return kernels_of(grad_output).max_pool_backward(grad_output, getattr(places, "_array", places), windows)


@max_pool_backward.gradient
def _(grad, places, windows):
    return at_maxima(grad, places, windows)


@op(namespace=None)
def at_maxima(input: Tensor, places: Any, windows: Any) -> Tensor:
    """Elements of ``input`` where the maxima of another array were."""
    return kernels_of(input).at_maxima(input, getattr(places, "_array", places), windows)


@at_maxima.gradient
def _(grad, places, windows):
    return max_pool_backward(grad, places, windows)


@op(namespace=None, node="AvgPoolBackward0")
def mean_pool(input: Tensor, windows: Any, divisor: int) -> Tensor:
    """Mean of each window, or its sum divided by ``divisor`` where that is not 0."""
    return kernels_of(input).mean_pool(input, windows, divisor)


@mean_pool.gradient
def _(grad, windows, divisor):
    return mean_pool_backward(grad, windows, divisor)


@op(namespace=None)
def mean_pool_backward(grad_output: Tensor, windows: Any, divisor: int) -> Tensor:
    """Zeros to which each element of ``grad_output`` is added, in equal shares, over its window."""
    return kernels_of(grad_output).mean_pool_backward(grad_output, windows, divisor)


@mean_pool_backward.gradient
def _(grad, windows, divisor):
    return mean_pool(grad, windows, divisor)
