"""Convolutions, their transposes, and the two products of their backward pass, each of which is the others' gradient.

A convolution is linear in its images ``x`` and in its filters ``w``. Three bilinear maps are closed under
differentiation: `convolution` ``(x, w) -> y``, `convolution_input` ``(y, w) -> x`` (a transposed convolution) and
`convolution_weight` ``(x, y) -> w``.
"""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minigrad.dtypes import from_numpy
from minigrad.ops import window_references as references
from minigrad.ops.backend import kernels_of
from minigrad.ops.dims import hashable
from minigrad.ops.errors import c_name
from minigrad.ops.op import op
from minigrad.ops.promotion import not_implemented
from minigrad.ops.shape import expand, reshape

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


class Settings(NamedTuple):
    """How filters move over images; one number a spatial dimension.

    Attributes
    ----------
    stride, padding, dilation : tuple of int
        ``padding`` is what lies before the image; what lies after it follows from ``out``.
    groups : int
    out : tuple of int
        Spatial lengths of the output of the convolution (of the input of the transposed one).
    """

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int
    out: tuple[int, ...]


def per_dim(name: str, value: Any, rank: int) -> tuple[int, ...]:
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
        raise TypeError(f"argument '{name}' must be tuple of ints, not {type(value).__name__}") from None
    if len(values) == 1:
        return values * rank
    if len(values) != rank:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {rank} values to match the convolution "
            f"dimensions, but got {name}={list(values)}"
        )
    return values


def _check_rank(name: str, rank: int, shape: tuple[int, ...], weight_shape: tuple[int, ...]) -> None:
    if len(shape) not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to {name}, but got input of size: "
            f"{list(shape)}"
        )
    if len(weight_shape) != rank + 2:
        if len(weight_shape) < 3:
            raise RuntimeError(f"weight should have at least three dimensions, but {name} got {list(weight_shape)}")
        wanted = len(weight_shape)
        raise RuntimeError(
            f"Expected {wanted}-dimensional input for {wanted}-dimensional weight{list(weight_shape)}, but got "
            f"{len(shape)}-dimensional input of size {list(shape)} instead; {name} takes one of {rank + 2}"
        )


def _check_numbers(stride: Any, padding: Any, dilation: Any, groups: int) -> None:
    if any(p < 0 for p in padding):
        raise RuntimeError("negative padding is not supported")
    if any(s <= 0 for s in stride):
        raise RuntimeError("non-positive stride is not supported")
    if any(d <= 0 for d in dilation):
        if min(dilation) < 0:
            raise RuntimeError(f"dilation should be greater than zero, but got {list(dilation)}")
        raise RuntimeError("non-positive dilation is not supported")
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")


def _check_filters(weight_shape: tuple[int, ...], groups: int) -> None:
    if weight_shape[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size "
            f"{list(weight_shape)} instead"
        )
    if weight_shape[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of "
            f"size [{list(weight_shape)}] instead"
        )


@functools.lru_cache(maxsize=512)
def _settings(
    name: str,
    shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Settings:
    """Check the arguments of a convolution and return them in full."""
    rank = int(name[4])
    _check_rank(name, rank, shape, weight_shape)
    kernel, size = weight_shape[2:], shape[-rank:]
    stride, dilation = per_dim("stride", stride, rank), per_dim("dilation", dilation, rank)
    reach = tuple(d * (k - 1) for k, d in zip(kernel, dilation, strict=True))
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise RuntimeError(f"Invalid padding string: '{padding}'")
        if padding == "same" and any(s != 1 for s in stride):
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        total = reach if padding == "same" else (0,) * rank
        before = tuple(t // 2 for t in total)
    else:
        before = per_dim("padding", padding, rank)
        total = tuple(2 * p for p in before)
    _check_numbers(stride, before, dilation, groups)
    _check_filters(weight_shape, groups)
    channels = shape[-rank - 1]
    if channels != weight_shape[1] * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(weight_shape)}, expected input"
            f"{list(shape if len(shape) == rank + 2 else (1, *shape))} to have {weight_shape[1] * groups} channels, "
            f"but got {channels} channels instead"
        )
    padded = tuple(n + t for n, t in zip(size, total, strict=True))
    if any(n < r + 1 for n, r in zip(padded, reach, strict=True)):
        raise RuntimeError(
            f"Calculated padded input size per channel: ({' x '.join(map(str, padded))}). Kernel size: "
            f"({' x '.join(str(r + 1) for r in reach)}). Kernel size can't be greater than actual input size"
        )
    out = tuple((n - r - 1) // s + 1 for n, r, s in zip(padded, reach, stride, strict=True))
    return Settings(stride, before, dilation, groups, out)


def _is_narrow(array: Any) -> bool:
    """Whether an array is of integers other than int64, which PyTorch convolves neither transposed nor dilated."""
    return array.dtype.kind != "f" and array.dtype.itemsize < 8 and bool(array.size)


def _check_types(input: Any, weight: Any, bias: Any, filters: int, transposed: bool, name: str) -> None:
    if transposed and _is_narrow(input):
        raise not_implemented(name, input)
    if weight.dtype != input.dtype:
        raise RuntimeError(
            f"Input type (torch.{from_numpy(input.dtype).tensor_type}) and weight type "
            f"(torch.{from_numpy(weight.dtype).tensor_type}) should be the same or input should be a MKLDNN tensor "
            "and weight is a dense tensor"
        )
    if input.dtype.kind == "b" and input.size:
        raise not_implemented(name, input)
    if bias is None:
        return
    if bias.shape != (filters,):
        given = "transposed=1" if transposed else None
        raise RuntimeError(
            f"Given {given + ', ' if given else ''}weight of size {list(weight.shape)}, expected bias to be "
            f"1-dimensional with {filters} elements, but got bias of size {list(bias.shape)} instead"
        )
    if bias.dtype != input.dtype:
        raise RuntimeError(f"Input type ({c_name(input)}) and bias type ({c_name(bias)}) should be the same")


def _convolve(
    name: str, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    """Return ``conv1d``, ``conv2d`` or ``conv3d`` of arrays."""
    settings = _settings(
        name, input.shape, weight.shape, hashable(stride), hashable(padding), hashable(dilation), groups
    )
    if _is_narrow(input) and any(step > 1 for step in settings.dilation):
        raise not_implemented("slow_conv_dilated<>", input)
    _check_types(input, weight, bias, weight.shape[0], False, "slow_conv2d_cpu")
    return _run_convolve(input, weight, bias, settings)


def _run_convolve(input: Any, weight: Any, bias: Any, settings: Settings) -> Any:
    stride, padding, dilation, groups, out = settings
    if input.ndim == weight.ndim:
        return kernels_of(input).convolve(input, weight, bias, stride, padding, dilation, groups, out)
    return kernels_of(input).convolve(input[None], weight, bias, stride, padding, dilation, groups, out)[0]


@op(namespace=None, node="ConvolutionBackward0")
def convolution(input: Tensor, weight: Tensor, settings: Settings) -> Tensor:
    """Cross-correlation of images, batched or one, with filters of shape (filters, channels / groups, *kernel)."""
    return _run_convolve(input, weight, None, settings)


@convolution.gradient("input")
def _(grad, weight, input_shape, settings):
    return convolution_input(grad, weight, input_shape[-len(settings.out) :], settings)


@convolution.gradient("weight")
def _(grad, input, weight_shape, settings):
    return convolution_weight(input, grad, weight_shape[2:], settings)


@convolution.samples
def _(make):
    for settings in (Settings((1,), (1,), (1,), 1, (5,)), Settings((2,), (0,), (2,), 2, (1,))):
        yield make.sample(make(2, 4, 5), make(4, 4 // settings.groups, 3), settings)


@op(namespace=None, node="ConvolutionBackward0")
def convolution_input(grad_output: Tensor, weight: Tensor, size: tuple[int, ...], settings: Settings) -> Tensor:
    """Images of spatial lengths ``size`` to which every element of ``grad_output`` adds its multiple of the filters."""
    stride, padding, dilation, groups, _ = settings
    run = kernels_of(grad_output).convolve_input
    if grad_output.ndim == weight.ndim:
        return run(grad_output, weight, size, stride, padding, dilation, groups)
    return run(grad_output[None], weight, size, stride, padding, dilation, groups)[0]


@convolution_input.gradient("grad_output")
def _(grad, weight, settings):
    return convolution(grad, weight, settings)


@convolution_input.gradient("weight")
def _(grad, grad_output, weight_shape, settings):
    return convolution_weight(grad, grad_output, weight_shape[2:], settings)


@convolution_input.samples
def _(make):
    yield make.sample(make(2, 4, 5), make(4, 3, 3), (5,), Settings((1,), (1,), (1,), 1, (5,)))
    yield make.sample(make(4, 1), make(4, 2, 3), (6,), Settings((2,), (0,), (2,), 2, (1,)))


@op(namespace=None, node="ConvolutionBackward0")
def convolution_weight(input: Tensor, grad_output: Tensor, kernel: tuple[int, ...], settings: Settings) -> Tensor:
    """Filters whose elements are the products of ``grad_output`` with the parts of ``input`` that they met."""
    stride, padding, dilation, groups, _ = settings
    run = kernels_of(input).convolve_weight
    if input.ndim == len(kernel) + 2:
        return run(input, grad_output, kernel, stride, padding, dilation, groups)
    return run(input[None], grad_output[None], kernel, stride, padding, dilation, groups)


@convolution_weight.gradient("input")
def _(grad, grad_output, input_shape, settings):
    return convolution_input(grad_output, grad, input_shape[-len(settings.out) :], settings)


@convolution_weight.gradient("grad_output")
def _(grad, input, settings):
    return convolution(input, grad, settings)


@convolution_weight.samples
def _(make):
    yield make.sample(make(2, 4, 5), make(2, 3, 5), (3,), Settings((1,), (1,), (1,), 1, (5,)))
    yield make.sample(make(4, 6), make(4, 1), (3,), Settings((2,), (0,), (2,), 2, (1,)))


@op(
    namespace=None,
    node="SumBackward1",
    reference=lambda x, rank: np.moveaxis(x, -rank - 1, 0).reshape(x.shape[-rank - 1], -1).sum(1),
)
def channel_sums(input: Tensor, rank: int) -> Tensor:
    """Sums over everything but the channels, after which come ``rank`` dimensions: the gradient of a bias."""
    return kernels_of(input).channel_sums(input, input.ndim - rank - 1)


@channel_sums.gradient
def _(grad, input_shape, rank):
    return expand(reshape(grad, (-1, *(1,) * rank)), input_shape)


@channel_sums.samples
def _(make):
    yield make.sample(make(2, 3, 4, 2), 2)
    yield make.sample(make(3, 4), 1)
    yield make.sample(make(4, 3, 2).T, 1)


def _give_gradients(function: Any, rank: int) -> None:
    """Register the rules of a convolution."""
    name = f"conv{rank}d"

    def find(shape: Any, weight_shape: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Settings:
        return _settings(
            name, tuple(shape), tuple(weight_shape), hashable(stride), hashable(padding), hashable(dilation), groups
        )

    @function.gradient("input")
    def _(grad, weight, input_shape, stride, padding, dilation, groups):
        settings = find(input_shape, weight.shape, stride, padding, dilation, groups)
        return convolution_input(grad, weight, input_shape[-rank:], settings)

    @function.gradient("weight")
    def _(grad, input, weight_shape, stride, padding, dilation, groups):
        settings = find(input.shape, weight_shape, stride, padding, dilation, groups)
        return convolution_weight(input, grad, weight_shape[2:], settings)

    @function.gradient("bias")
    def _(grad):
        return channel_sums(grad, rank)


def _node_name(rank: int) -> Any:
    return lambda input, *rest: "ConvolutionBackward0" if input.ndim == rank + 2 else "SqueezeBackward1"


@op(variant=_node_name(1), reference=references.convolution(1))
def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of signals with a bank of filters.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, length) or (channels, length)
    weight : Tensor, shape (filters, channels / groups, kernel)
    bias : Tensor, shape (filters,), optional
    stride, dilation : int
        Steps of the window, and within it.
    padding : int or {"valid", "same"}
        Zeros on both sides; "same" keeps the length.
    groups : int
        The filters of one group see the channels of that group only.

    Returns
    -------
    Tensor, shape (batch, filters, out) or (filters, out)
    """
    return _convolve("conv1d", input, weight, bias, stride, padding, dilation, groups)


_give_gradients(conv1d, 1)


@conv1d.samples
def _(make):
    yield make.sample(make(2, 3, 6), make(4, 3, 3), make(4))
    yield make.sample(make(2, 4, 7), make(4, 2, 3), None, 2, 1, 2, 2)
    yield make.sample(make(3, 6), make(2, 3, 2), make(2), padding="same")
    yield make.sample(make(0, 3, 6), make(4, 3, 3), make(4), gradient=False)
    yield make.sample(make(6, 3, 2).T, make(2, 3, 1))


@op(variant=_node_name(2), reference=references.convolution(2))
def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of images with a bank of filters.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, height, width) or (channels, height, width)
    weight : Tensor, shape (filters, channels / groups, kernel height, kernel width)
    bias : Tensor, shape (filters,), optional
    stride, dilation : int or (int, int)
        Steps of the window, and within it.
    padding : int, (int, int) or {"valid", "same"}
        Zeros on both sides; "same" keeps height and width.
    groups : int
        The filters of one group see the channels of that group only.

    Returns
    -------
    Tensor, shape (batch, filters, out height, out width), without the batch where the input has none
    """
    return _convolve("conv2d", input, weight, bias, stride, padding, dilation, groups)


_give_gradients(conv2d, 2)


@conv2d.samples
def _(make):
    yield make.sample(make(2, 3, 4, 5), make(4, 3, 3, 3), make(4), 1, 1)
    yield make.sample(make(2, 4, 6, 5), make(4, 2, 3, 2), make(4), (2, 1), (1, 0), (2, 1), 2)
    yield make.sample(make(3, 5, 5), make(2, 3, 2, 3), None, padding="same", dilation=2)
    yield make.sample(make(2, 3, 5, 4), make(2, 3, 1, 1), make(2))
    yield make.sample(make(2, 3, 5, 6), make(3, 1, 3, 3), make(3), 3, 2, groups=3)
    yield make.sample(make(1, 2, 3, 3), make(2, 2, 3, 3), padding="valid")
    yield make.sample(make(0, 2, 3, 3), make(2, 2, 3, 3), gradient=False)


@op(variant=_node_name(3), reference=references.convolution(3))
def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of volumes with a bank of filters.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, depth, height, width) or (channels, depth, height, width)
    weight : Tensor, shape (filters, channels / groups, *kernel)
    bias : Tensor, shape (filters,), optional
    stride, dilation : int or three
        Steps of the window, and within it.
    padding : int, three, or {"valid", "same"}
        Zeros on both sides; "same" keeps the lengths.
    groups : int
        The filters of one group see the channels of that group only.

    Returns
    -------
    Tensor, shape (batch, filters, *out), without the batch where the input has none
    """
    return _convolve("conv3d", input, weight, bias, stride, padding, dilation, groups)


_give_gradients(conv3d, 3)


@conv3d.samples
def _(make):
    yield make.sample(make(2, 2, 3, 4, 3), make(2, 2, 2, 3, 2), make(2), 1, 1)
    yield make.sample(make(2, 4, 5, 3), make(2, 1, 2, 3, 2), None, (1, 2, 1), (0, 1, 1), (2, 1, 1), 2)
