"""How windows lie over signals, images and volumes, and the two poolings as operations: largest element and mean.

`max_pool_values`, its gradient `max_pool_backward` and the gradient of that, `at_maxima`, all take the places of the
maxima; `mean_pool` and `mean_pool_backward` are each other's gradients. The public functions are in `max_pool` and
`avg_pool`.
"""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any

from minigrad.ops.backend import kernels_of
from minigrad.ops.dims import hashable
from minigrad.ops.op import op
from minigrad_kernels._pool_windows import Windows, even_windows, pool_windows, windows_without_padding

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


def find_windows(*arguments: Any) -> Windows:
    """Check the arguments of a pooling and return how its windows lie; what was found out once is remembered.

    Parameters
    ----------
    *arguments
        Those of `_find_settings`, and whether the padding counts for a mean.
    """
    try:
        return _find_windows(*arguments)
    except TypeError:  # perhaps because of lists, which cannot be remembered
        return _find_windows(*map(hashable, arguments))


@functools.lru_cache(maxsize=1024, typed=True)
def _find_windows(*arguments: Any) -> Windows:
    *settings, counts_padding = arguments
    size, kernel, stride, padding, dilation, out = _find_settings(*settings)
    if counts_padding:
        return pool_windows(size, kernel, stride, padding, dilation, out)
    return windows_without_padding(size, kernel, stride, padding, out)


def _find_settings(
    function: str, shape: Any, rank: int, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> tuple[Any, ...]:
    """Check the arguments of a pooling; return size, kernel, stride, padding, dilation and output lengths."""
    kernel = per_dim(function, "kernel_size", kernel, rank)
    stride = kernel if stride in (None, ()) else per_dim(function, "stride", stride, rank)
    padding = per_dim(function, "padding", padding, rank)
    dilation = per_dim(function, "dilation", dilation, rank)
    check_rank(function, shape, rank)
    (_check_windows_1d if function == "max_pool1d" else _check_windows)(kernel, stride, padding, dilation)
    size = tuple(shape[-rank:])
    if 0 in shape[-rank - 1 :]:
        raise _is_empty(function, shape, rank)
    out = []
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True):
        room = n + 2 * p - d * (k - 1) - 1
        count = (-(-room // s) if ceil_mode else room // s) + 1
        # The last window must start inside the input or in the border on its left.
        out.append(count - 1 if ceil_mode and (count - 1) * s >= n + p else count)
    if min(out) < 1 and function == "max_pool1d":
        raise RuntimeError(f"max_pool1d() Invalid computed output size: {out[0]}")
    if min(out) < 1:
        given, got = ("x".join(map(str, (shape[-rank - 1], *lengths))) for lengths in (size, out))
        raise RuntimeError(f"Given input size: ({given}). Calculated output size: ({got}). Output size is too small")
    return size, kernel, stride, padding, dilation, tuple(out)


def _check_windows(kernel: Any, stride: Any, padding: Any, dilation: Any) -> None:
    """Refuse windows that do not exist, and borders that one of them would not reach beyond.

    Raises
    ------
    RuntimeError
    """
    if min(kernel) <= 0 or min(stride) <= 0:
        raise RuntimeError("stride should not be zero" if 0 in stride else "kernel size should be greater than zero")
    if min(dilation) <= 0:
        raise RuntimeError(f"dilation should be greater than zero, but got {list(dilation)}")
    for k, p, d in zip(kernel, padding, dilation, strict=True):
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


def _check_windows_1d(kernel: Any, stride: Any, padding: Any, dilation: Any) -> None:
    """Do as `_check_windows` with the words that PyTorch has for `max_pool1d`."""
    named = {"kernel_size": kernel[0], "stride": stride[0], "dilation": dilation[0]}
    for name, value in named.items():
        if value <= 0:
            raise RuntimeError(f"max_pool1d() {name} must be greater than zero, but got {value}")
    if padding[0] < 0:
        raise RuntimeError(f"max_pool1d() padding must be non-negative, but got {padding[0]}")
    if padding[0] > kernel[0] // 2:
        raise RuntimeError(
            f"max_pool1d() padding should be at most half of kernel size, but got padding={padding[0]} and "
            f"kernel_size={kernel[0]}"
        )


def _is_empty(function: str, shape: Any, rank: int) -> RuntimeError:
    """Return the error for an input without channels or without elements in one."""
    if rank < 3:
        return RuntimeError(
            f"{function}: Expected {rank + 1}D or {rank + 2}D (batch mode) tensor with optional 0 dim batch size for "
            f"input, but got:{list(shape)}"
        )
    step = function.replace("max_pool3d", "max_pool3d_with_indices_out_cpu_template")
    return RuntimeError(
        f"{step}(): Expected input's non-batch dimensions to have positive length, but input has a shape of "
        f"{list(shape)} and non-batch dimension {list(shape[-rank - 1 :]).index(0)} has length zero!"
    )


def check_rank(function: str, shape: Any, rank: int) -> None:
    """Refuse what is neither one image of channels nor a batch of them."""
    if len(shape) not in (rank + 1, rank + 2):
        if rank == 3 and not function.startswith("adaptive"):
            raise RuntimeError(f"{function}: non-empty 4D or 5D (batch mode) tensor expected for input")
        raise RuntimeError(
            f"{function}: Expected {rank + 1}D or {rank + 2}D (batch mode) tensor with optional 0 dim batch size for "
            f"input, but got:{list(shape)}"
        )


def find_even_windows(function: str, shape: Any, rank: int, output_size: Any) -> Windows:
    """Return the windows that cover an input evenly; what was found out once is remembered."""
    try:
        return _find_even_windows(function, shape, rank, output_size)
    except TypeError:
        return _find_even_windows(function, shape, rank, hashable(output_size))


@functools.lru_cache(maxsize=1024, typed=True)
def _find_even_windows(function: str, shape: Any, rank: int, output_size: Any) -> Windows:
    size, out = _adaptive_lengths(function, shape, rank, output_size)
    if min(out) < 0 and "max" in function:
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(out)}: {[*shape[:-rank], *out]}")
    if min(out) < 0:
        raise RuntimeError(
            f"{function}: elements of output_size must be greater than or equal to 0 but received "
            f"{{{', '.join(map(str, out))}}}"
        )
    return even_windows(size, out)


def _adaptive_lengths(
    function: str, shape: Any, rank: int, output_size: Any
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the spatial lengths of an input and of its output, with what is None in ``output_size`` filled in."""
    if not isinstance(output_size, (tuple, list)):
        output_size = (output_size,) * rank
    elif rank > 1 and len(shape) <= len(output_size):
        raise ValueError(f"Input dimension should be at least {len(output_size) + 1}")
    if len(output_size) != rank:
        if rank == 1:
            raise RuntimeError(f"{function}() argument 'output_size' should contain one int (got {len(output_size)})")
        what = "(): internal error: output_size.size()" if "max" in function else ": output_size"
        raise RuntimeError(f"{function}{what} must be {rank}")
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
    return kernels_of(input).max_pool(input, windows, True)


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
