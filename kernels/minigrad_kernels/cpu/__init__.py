"""CPU kernels, by family; a kernel is reached under its op's name: ``cpu.sigmoid(x)``.

A family's module is imported when one of its names is first used, and a kernel is compiled (or loaded from the cache
on disk) when it is first called with a dtype.
"""

from __future__ import annotations

from minigrad_kernels import _families
from minigrad_kernels.cpu._memory import keep_freed

keep_freed()

_FAMILIES = {
    "elementary": ["exp", "log", "rsqrt", "sin", "cos", "logaddexp", "hypot", "xlogy", "logit"],
    "mersenne": ["twister_words"],
    "activation": [
        *["sigmoid", "sigmoid_backward", "tanh", "tanh_backward", "relu", "relu_backward", "leaky_relu"],
        *["leaky_relu_backward", "elu", "elu_backward", "gelu", "gelu_backward", "silu", "silu_backward", "softplus"],
        *["softplus_backward", "log_sigmoid", "log_sigmoid_backward", "mish", "mish_backward", "hardtanh_backward"],
        *["erf", "masked_scale"],
    ],
    "error_function": ["erfc", "erfinv"],
    "gamma_function": ["trigamma"],
    "rows": ["softmax", "log_softmax", "softmax_backward", "log_softmax_backward", "logsumexp"],
    "attention": ["attend", "attend_backward"],
    "norm": ["layer_norm", "layer_norm_backward", "group_norm", "group_norm_backward"],
    "channels": ["batch_norm", "batch_norm_backward", "channel_sums"],
    "loss": [
        *["cross_entropy", "cross_entropy_backward", "nll_loss", "nll_loss_backward", "mse_loss", "mse_loss_backward"],
        *["huber_loss", "huber_loss_backward", "smooth_l1_loss", "smooth_l1_loss_backward"],
    ],
    "entropy_loss": ["bce_with_logits", "bce_with_logits_backward", "bce", "bce_backward", "kl_div"],
    "margin_loss": ["multi_margin", "multi_margin_backward", "multilabel_margin", "multilabel_margin_backward"],
    "reduce": ["sum", "mean", "prod", "vector_norm", "squared_deviations", "integer_sum"],
    "extremum": ["extreme", "extreme_at"],
    "choice": ["choose"],
    "quotients": ["fmod", "remainder", "floor_divide"],
    "piecewise": [
        *["clip", "hardsigmoid", "hardswish", "hardshrink", "softshrink", "sign", "frac", "cube", "lerp", "addcmul"],
        *["copysign", "made_finite", "hardswish_backward"],
    ],
    "products": ["matmul"],
    "linear": ["add_bias", "column_sums"],
    "scan": ["cumsum", "cumprod", "running_extreme"],
    "sorting": ["sort_rows", "order_rows", "first_of_rows", "kth_of_rows", "median_of_rows", "mode_of_rows"],
    "optim": ["sgd", "adam"],
    "adaptive": ["rmsprop", "adagrad", "adadelta", "adamax", "nadam", "radam", "rprop", "asgd"],
    "index": ["index_add", "embedding_backward", "add_at", "scatter_add", "scatter", "gather", "select"],
    "conv": ["convolve", "convolve_input", "convolve_weight"],
    "columns": ["fold", "unfold"],
    "interpolate": ["resample", "resample_bytes"],
    "max_unpool": ["unpool", "unpool_backward"],
    "fractional_pool": ["fractional_max_pool"],
    "grid_sample": [
        *["read_at", "read_at_backward", "grid_taps", "grid_taps_backward", "tap_sums", "tap_sums_input"],
        "tap_sums_weights",
    ],
    "pool": [
        *["max_pool", "max_pool_backward", "at_maxima", "mean_pool", "mean_pool_backward"],
        *["even_windows", "pool_windows", "windows_without_padding"],
    ],
    "ctc": ["ctc_loss", "ctc_loss_backward"],
    "recurrent": ["lstm", "lstm_backward", "gru", "gru_backward", "rnn", "rnn_backward"],
    "random": ["randperm", "uniform32", "uniform64", "bernoulli", "normal32", "normal64"],
}
__all__, __getattr__, __dir__ = _families.by_name(__name__, _FAMILIES, "CPU kernel")
