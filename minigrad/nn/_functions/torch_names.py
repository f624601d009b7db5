"""Functions of layers that PyTorch has at its top, too, with other parameters: ``torch.layer_norm``, ``torch.dropout``.

Their reductions are numbers: 0 for none, 1 for the mean, 2 for the sum. Unless one is given there is none: PyTorch's
declarations say the mean, and its calls do otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.nn import functional as F
from minigrad.nn.utils._weight_norm import norm_except_dim
from minigrad.ops.embedding import embedding_rows
from minigrad.ops.piecewise import threshold
from minigrad.tensor import Tensor

from .activation import celu_, rrelu_, selu_, threshold_
from .embedding import scaled_by_frequency

__all__ = [
    "adaptive_max_pool1d",
    "alpha_dropout",
    "alpha_dropout_",
    "batch_norm",
    "binary_cross_entropy_with_logits",
    "celu",
    "celu_",
    "cosine_embedding_loss",
    "dropout",
    "dropout_",
    "embedding",
    "feature_alpha_dropout",
    "feature_alpha_dropout_",
    "feature_dropout",
    "feature_dropout_",
    "group_norm",
    "hinge_embedding_loss",
    "instance_norm",
    "kl_div",
    "layer_norm",
    "margin_ranking_loss",
    "max_pool1d_with_indices",
    "norm_except_dim",
    "poisson_nll_loss",
    "rms_norm",
    "rrelu",
    "rrelu_",
    "selu",
    "selu_",
    "threshold",
    "threshold_",
    "triplet_margin_loss",
]

_REDUCTIONS = ("none", "mean", "sum")


def adaptive_max_pool1d(input: Tensor, output_size: Any) -> tuple[Tensor, Tensor]:
    """Return the largest element of each of so many windows that cover a signal evenly, and where it was."""
    values, indices = F.adaptive_max_pool1d(input, output_size, return_indices=True)
    return values, indices


def max_pool1d_with_indices(
    input: Tensor, kernel_size: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> tuple[Tensor, Tensor]:
    """Return the largest element of each window of a signal, and where it was."""
    values, indices = F.max_pool1d(input, kernel_size, stride or None, padding, dilation, ceil_mode, True)
    return values, indices


def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Return the input with elements set to zero with probability ``p``, the others divided by ``1 - p``."""
    return F.dropout(input, p, train)


def dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """Set elements to zero, in place; see `dropout`."""
    return F.dropout(input, p, train, inplace=True)


def feature_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Return the input with whole channels set to zero with probability ``p``."""
    return F.dropout3d(input.reshape(*input.shape, *(1,) * (5 - input.dim())), p, train).reshape(input.shape)


def feature_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """Set whole channels to zero, in place; see `feature_dropout`."""
    return input.copy_(feature_dropout(input, p, train))


def alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Return the input with elements set to SELU's negative limit, mean and variance kept."""
    return F.alpha_dropout(input, p, train)


def alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """Set elements to SELU's negative limit, in place; see `alpha_dropout`."""
    return F.alpha_dropout(input, p, train, inplace=True)


def feature_alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Return the input with whole channels set to SELU's negative limit."""
    return F.feature_alpha_dropout(input, p, train)


def feature_alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """Set whole channels to SELU's negative limit, in place; see `feature_alpha_dropout`."""
    return F.feature_alpha_dropout(input, p, train, inplace=True)


def celu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """Return ``input`` where positive and ``alpha * (exp(input / alpha) - 1)`` elsewhere."""
    return F.celu(input, alpha)


def selu(input: Tensor) -> Tensor:
    """Return ELU with the scale and the ``alpha`` that keep zero mean and unit variance."""
    return F.selu(input)


def rrelu(input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False) -> Tensor:
    """Return ``input`` where positive, elsewhere times a slope: drawn for each element, or the mean of the range."""
    return F.rrelu(input, lower, upper, training)


def batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """Normalise each channel over the batch; see `nn.functional.batch_norm`."""
    return F.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """Normalise each channel of each sample; see `nn.functional.instance_norm`."""
    return F.instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Tensor:
    """Normalise the trailing dimensions; see `nn.functional.layer_norm`."""
    return F.layer_norm(input, normalized_shape, weight, bias, eps)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enabled: bool = True,
) -> Tensor:
    """Normalise groups of channels of each sample; see `nn.functional.group_norm`."""
    return F.group_norm(input, num_groups, weight, bias, eps)


def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """Divide the trailing dimensions by their root mean square; see `nn.functional.rms_norm`."""
    return F.rms_norm(input, normalized_shape, weight, eps)


def embedding(
    weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False
) -> Tensor:
    """Return rows of ``weight``; see `nn.functional.embedding`, whose first two parameters are the other way round."""
    found = embedding_rows(weight, indices, padding_idx)
    return scaled_by_frequency(found, indices.numpy(force=True)) if scale_grad_by_freq else found


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    pos_weight: Tensor | None = None,
    reduction: int = 0,
) -> Tensor:
    """Return the cross-entropy of Bernoulli variables; see `nn.functional.binary_cross_entropy_with_logits`."""
    return F.binary_cross_entropy_with_logits(
        input, target, weight, reduction=_REDUCTIONS[reduction], pos_weight=pos_weight
    )


def kl_div(input: Tensor, target: Tensor, reduction: int = 0, *, log_target: bool = False) -> Tensor:
    """Return the Kullback-Leibler divergence; see `nn.functional.kl_div`."""
    loss = F.kl_div(input, target, reduction="none", log_target=log_target)
    if not reduction:
        return loss
    return loss.mean() if reduction == 1 else loss.sum()


def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0, reduction: int = 0) -> Tensor:
    """Return the loss of distances to be small or above a margin; see `nn.functional.hinge_embedding_loss`."""
    return F.hinge_embedding_loss(input, target, margin, reduction=_REDUCTIONS[reduction])


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """Return the loss of pairs to be alike or not; see `nn.functional.cosine_embedding_loss`."""
    return F.cosine_embedding_loss(input1, input2, target, margin, reduction=_REDUCTIONS[reduction])


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """Return the loss of pairs to be ordered; see `nn.functional.margin_ranking_loss`."""
    return F.margin_ranking_loss(input1, input2, target, margin, reduction=_REDUCTIONS[reduction])


def poisson_nll_loss(input: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int) -> Tensor:
    """Return the negative log-likelihood of counts; see `nn.functional.poisson_nll_loss`."""
    return F.poisson_nll_loss(input, target, log_input, full, eps=eps, reduction=_REDUCTIONS[reduction])


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: int = 0,
) -> Tensor:
    """Return the loss of anchors to be closer to one than to the other; see `nn.functional.triplet_margin_loss`."""
    return F.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, reduction=_REDUCTIONS[reduction])
