"""Layers' mathematics as functions: PyTorch's ``torch.nn.functional``.

The operations are in `minigrad.ops`; those that need more than a name here are in `minigrad.nn._functions`.
"""

from __future__ import annotations

from minigrad.ops.activation import gelu, logsigmoid, sigmoid, softplus, tanh
from minigrad.ops.affine_grid import affine_grid
from minigrad.ops.avg_pool import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    lp_pool1d,
    lp_pool2d,
    lp_pool3d,
)
from minigrad.ops.class_loss import cross_entropy, nll_loss
from minigrad.ops.conv import conv1d, conv2d, conv3d
from minigrad.ops.conv_transpose import conv_transpose1d, conv_transpose2d, conv_transpose3d
from minigrad.ops.ctc import ctc_loss
from minigrad.ops.distances import pdist
from minigrad.ops.embedding import one_hot
from minigrad.ops.entropy_loss import binary_cross_entropy, binary_cross_entropy_with_logits, kl_div
from minigrad.ops.fold import fold, unfold
from minigrad.ops.gated import glu
from minigrad.ops.grid_sample import grid_sample
from minigrad.ops.interpolate import interpolate
from minigrad.ops.likelihood import gaussian_nll_loss, poisson_nll_loss
from minigrad.ops.margin_loss import (
    hinge_embedding_loss,
    margin_ranking_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    soft_margin_loss,
)
from minigrad.ops.matmul import linear
from minigrad.ops.max_pool import (
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
    max_pool1d,
    max_pool2d,
    max_pool3d,
)
from minigrad.ops.max_unpool import max_unpool1d, max_unpool2d, max_unpool3d
from minigrad.ops.pad import pad
from minigrad.ops.pair_loss import cosine_embedding_loss, triplet_margin_loss, triplet_margin_with_distance_loss
from minigrad.ops.pairs import bilinear, cosine_similarity, normalize, pairwise_distance
from minigrad.ops.piecewise import hardshrink, prelu, softshrink
from minigrad.ops.regression_loss import huber_loss, l1_loss, mse_loss, smooth_l1_loss
from minigrad.ops.shuffle import channel_shuffle, pixel_shuffle, pixel_unshuffle

from ._functions.activation import (
    celu,
    celu_,
    elu,
    elu_,
    gumbel_softmax,
    hardsigmoid,
    hardswish,
    hardtanh,
    hardtanh_,
    leaky_relu,
    leaky_relu_,
    log_softmax,
    mish,
    relu,
    relu6,
    relu_,
    rrelu,
    rrelu_,
    selu,
    selu_,
    silu,
    softmax,
    softmin,
    softsign,
    tanhshrink,
    threshold,
    threshold_,
)
from ._functions.attention import scaled_dot_product_attention
from ._functions.dropout import (
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
)
from ._functions.embedding import embedding
from ._functions.embedding_bag import embedding_bag
from ._functions.fractional_pool import fractional_max_pool2d, fractional_max_pool3d
from ._functions.group_norm import group_norm, instance_norm, local_response_norm, rms_norm
from ._functions.linear_cross_entropy import linear_cross_entropy
from ._functions.multi_head import multi_head_attention_forward
from ._functions.normalization import batch_norm, layer_norm
from ._functions.upsampling import upsample, upsample_bilinear, upsample_nearest
from ._functions.with_indices import (
    adaptive_max_pool1d_with_indices,
    adaptive_max_pool2d_with_indices,
    adaptive_max_pool3d_with_indices,
    fractional_max_pool2d_with_indices,
    fractional_max_pool3d_with_indices,
    max_pool1d_with_indices,
    max_pool2d_with_indices,
    max_pool3d_with_indices,
)

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d",
    "adaptive_max_pool3d_with_indices",
    "affine_grid",
    "alpha_dropout",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norm",
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "celu_",
    "channel_shuffle",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "ctc_loss",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu",
    "elu_",
    "embedding",
    "embedding_bag",
    "feature_alpha_dropout",
    "fold",
    "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
    "gaussian_nll_loss",
    "gelu",
    "glu",
    "grid_sample",
    "group_norm",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "hinge_embedding_loss",
    "huber_loss",
    "instance_norm",
    "interpolate",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "leaky_relu_",
    "linear",
    "linear_cross_entropy",
    "local_response_norm",
    "log_softmax",
    "logsigmoid",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "margin_ranking_loss",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool2d_with_indices",
    "max_pool3d",
    "max_pool3d_with_indices",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
    "mish",
    "mse_loss",
    "multi_head_attention_forward",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "pairwise_distance",
    "pdist",
    "pixel_shuffle",
    "pixel_unshuffle",
    "poisson_nll_loss",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "rms_norm",
    "rrelu",
    "rrelu_",
    "scaled_dot_product_attention",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "threshold_",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
    "unfold",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]
