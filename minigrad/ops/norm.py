"""Normalisation: zero mean and unit variance over some dimensions, then an affine map.

The gradients are kernels too. Where they are to be differentiated again they are made of other operations instead, by
`gradients_by_formula`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import is_array, kernels_of
from minigrad.ops.op import op
from minigrad.ops.promotion import check_floating, scalar_type
from minigrad.ops.reduce import mean, sum
from minigrad.ops.shape import numel, reshape

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _normalised(x: Any, axes: tuple[int, ...], eps: float, centred: bool = True) -> Any:
    """Return what the references share: x with zero mean and unit variance over some axes."""
    x = x - x.mean(axis=axes, keepdims=True) if centred else x
    return x / np.sqrt((x * x).mean(axis=axes, keepdims=True) + eps)


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def _layer_name(input: Any, centred: bool) -> str:
    if centred:
        return "NativeLayerNormBackward0"
    return "ToCopyBackward0" if input.dtype.itemsize == 2 else "MulBackward0"


def _agree(input: Any, parameters: tuple[Any, ...]) -> bool:
    """Whether the input is floating and the parameters that are given have its dtype; a quick look that may miss it."""
    dtype = input.dtype
    for each in parameters:
        if each is not None and each.dtype is not dtype:
            return False
    return dtype.kind == "f"


def _check(name: str, input: Any, *parameters: Any) -> None:
    """Refuse dtypes that PyTorch's kernels do not take together."""
    if _agree(input, parameters):
        return
    given = [each for each in parameters if each is not None]
    if given:
        _check_mixed(input, given)
    check_floating(name, input)


def _check_mixed(input: Any, given: list[Any]) -> None:
    """Refuse parameters of other dtypes than the input's, which may be float32 beside float16."""
    wanted = given[0].dtype
    if wanted != input.dtype:
        is_half = input.dtype == np.float16
        if wanted != np.float32 or (is_half and any(each.dtype != wanted for each in given)):
            raise RuntimeError("mixed dtype (CPU): expect parameter to have scalar type of Float")
        if not is_half:
            raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")
    for each in given:
        if each.dtype != wanted:
            raise RuntimeError(f"expected scalar type {scalar_type(given[0])} but found {scalar_type(each)}")


def _along_channels(parameter: Any, ndim: int) -> Any:
    return None if parameter is None else parameter.reshape(-1, *(1,) * (ndim - 2))


@op(
    namespace=None,
    name="layer_norm",
    saves=("means", "rstds"),
    variant=lambda input, weight, bias, count, eps, centred: _layer_name(input, centred),
    reference=lambda x, weight, bias, count, eps, centred: _affine(
        _normalised(x, tuple(range(-count, 0)), eps, centred), weight, bias
    ),
)
def layer_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, count: int, eps: float, centred: bool
) -> Tensor:
    """``(input - mean) / sqrt(variance + eps) * weight + bias``, with the moments over the last ``count`` dimensions.

    Parameters
    ----------
    weight, bias : Tensor, of the shape of these dimensions, optional
    centred : bool
        False to take the mean for 0, which is root-mean-square normalisation.
    """
    if centred:
        _check("LayerNormKernelImpl", input, weight, bias)
    elif weight is not None:
        weight = weight.astype(input.dtype, copy=False)
    return kernels_of(input).layer_norm(input, weight, bias, numel(input.shape[-count:]), centred, eps)


@layer_norm.gradient
def _(grad, input, weight, bias, means, rstds, count, eps, centred):
    if is_array(grad):
        width = numel(input.shape[-count:])
        found = kernels_of(grad).layer_norm_backward(grad, input, weight, means, rstds, width, centred)
        return found[0], *(each.reshape(input.shape[-count:]) for each in found[1:])
    return gradients_by_formula(grad, input, weight, tuple(range(-count, 0)), eps, centred)


@layer_norm.samples
def _(make):
    yield make.sample(make(3, 4), make(4), make(4), 1, 1e-5, True)
    yield make.sample(make(2, 3, 4), make(3, 4), None, 2, 1e-3, True)
    yield make.sample(make(4, 3).T, None, None, 1, 1e-5, True)
    yield make.sample(make(2, 3, 4), make(4), None, 1, 1e-2, False)
    yield make.sample(make(2, 3), None, None, 2, 1e-2, False)
    yield make.sample(make(0, 3), make(3), make(3), 1, 1e-5, True)


@op(
    namespace=None,
    name="group_norm",
    saves=("means", "rstds"),
    node="NativeGroupNormBackward0",
    reference=lambda x, weight, bias, groups, eps: _affine(
        _normalised(x.reshape(len(x), groups, -1), (2,), eps).reshape(x.shape),
        _along_channels(weight, x.ndim),
        _along_channels(bias, x.ndim),
    ),
)
def group_norm(input: Tensor, weight: Tensor | None, bias: Tensor | None, num_groups: int, eps: float) -> Tensor:
    """Normalise each group of channels of each sample, then scale and shift each channel.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, ...)
    weight, bias : Tensor, shape (channels,), optional
    """
    _check("GroupNormKernelImpl", input, weight, bias)
    return kernels_of(input).group_norm(input, weight, bias, num_groups, eps)


@group_norm.gradient
def _(grad, input, weight, bias, means, rstds, num_groups, eps):
    if is_array(grad):
        return kernels_of(grad).group_norm_backward(grad, input, weight, means, rstds, num_groups)
    batch, channels, *rest = input.shape
    split = (batch, num_groups, channels // num_groups, numel(rest))
    scale = None if weight is None else reshape(weight, (1, num_groups, -1, 1))
    found = gradients_by_formula(reshape(grad, split), reshape(input, split), scale, (2, 3), eps, True)
    return reshape(found[0], input.shape), *(reshape(sum(each, (0, 3)), (channels,)) for each in found[1:])


@group_norm.samples
def _(make):
    yield make.sample(make(2, 4, 3), make(4), make(4), 2, 1e-5)
    yield make.sample(make(2, 4, 2, 2), None, None, 4, 1e-3)
    yield make.sample(make(3, 6), make(6), None, 3, 1e-2)
    yield make.sample(make(4, 2, 3).T, None, make(2), 1, 1e-2)


def _batch_reference(
    x: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, uses_batch: bool, momentum: float, eps: float
) -> Any:
    if uses_batch:
        x = _normalised(x, (0, *range(2, x.ndim)), eps)
    else:
        x = (x - _along_channels(running_mean, x.ndim)) / np.sqrt(_along_channels(running_var, x.ndim) + eps)
    return _affine(x, _along_channels(weight, x.ndim), _along_channels(bias, x.ndim))


@op(
    namespace=None,
    name="batch_norm",
    saves=("means", "rstds"),
    node="NativeBatchNormBackward0",
    constants=("running_mean", "running_var"),
    reference=_batch_reference,
)
def batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    uses_batch: bool,
    momentum: float,
    eps: float,
) -> Tensor:
    """Normalise each channel over the batch, or by known moments, then scale and shift it.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, ...)
    weight, bias : Tensor, shape (channels,), optional
    running_mean, running_var : Tensor, shape (channels,), optional
        The known moments. Where the batch's are used, they are mixed into these in place: ``momentum`` is their share,
        and the variance is made unbiased. Neither has a gradient.
    uses_batch : bool
    """
    check_floating("batch_norm", input)
    _check("batch_norm", input, weight, bias, running_mean, running_var)
    run = kernels_of(input).batch_norm
    return run(input, weight, bias, running_mean, running_var, uses_batch, momentum, eps)


@batch_norm.gradient
def _(grad, input, weight, means, rstds, uses_batch, eps):
    if is_array(grad):
        return *kernels_of(grad).batch_norm_backward(grad, input, weight, means, rstds, uses_batch), None, None
    dims, scale = (0, *range(2, len(input.shape))), _along_channels(weight, len(input.shape))
    if uses_batch:
        found = gradients_by_formula(grad, input, scale, dims, eps, True)
    else:
        shift, rstd = (_along_channels(each, len(input.shape)) for each in (means, rstds))
        scaled = grad * rstd
        found = scaled if scale is None else scaled * scale, scaled * (input - shift), grad
    return found[0], sum(found[1], dims), sum(found[2], dims), None, None


@batch_norm.samples
def _(make):
    for shape in ((4, 3), (3, 2, 4), (2, 3, 2, 2)):
        yield make.sample(make(*shape), make(shape[1]), make(shape[1]), None, None, True, 0.0, 1e-5)
        yield make.sample(make(*shape), None, None, None, None, True, 0.0, 1e-3)
        moments = make(shape[1]), make(shape[1], low=0.5)
        yield make.sample(make(*shape), make(shape[1]), make(shape[1]), *moments, False, 0.0, 1e-3)
    yield make.sample(make(4, 3, 2).T, make(3), None, None, None, True, 0.0, 1e-2)


def gradients_by_formula(
    grad: Any, input: Any, weight: Any, dims: tuple[int, ...], eps: float, centred: bool
) -> tuple[Any, Any, Any]:
    """Return the gradients of a normalisation for its input, its weight and its bias, made of operations.

    Those for weight and bias are yet to be summed where these were broadcast.
    """
    x = input - mean(input, dims, True) if centred else input
    rstd = (mean(x * x, dims, True) + eps) ** -0.5
    y = x * rstd
    scaled = grad if weight is None else grad * weight
    of_input = scaled - y * mean(scaled * y, dims, True)
    if centred:
        of_input = of_input - mean(scaled, dims, True)
    return rstd * of_input, grad * y, grad
