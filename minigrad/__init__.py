"""minigrad: PyTorch's interface on NumPy and Numba, with a graph that can be read."""

from __future__ import annotations

import importlib
from math import e, inf, nan, pi
from typing import TYPE_CHECKING, Any

from minigrad import autograd, dtypes, linalg, memory_methods, methods, random, serialization, shared_memory, special
from minigrad.as_torch import install_as_torch
from minigrad.autograd import (
    enable_grad,
    inference_mode,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from minigrad.creation import *  # noqa: F403
from minigrad.devices import device
from minigrad.dtypes import *  # noqa: F403
from minigrad.exchange import *  # noqa: F403
from minigrad.layouts import *  # noqa: F403
from minigrad.legacy import *  # noqa: F403
from minigrad.low_rank import *  # noqa: F403
from minigrad.numeric_limits import finfo, iinfo
from minigrad.ops.op import composed_table, table
from minigrad.printing import set_printoptions
from minigrad.queries import *  # noqa: F403
from minigrad.random import *  # noqa: F403
from minigrad.ranges import *  # noqa: F403
from minigrad.real_numbers import *  # noqa: F403
from minigrad.recurrent import *  # noqa: F403
from minigrad.serialization import load, save
from minigrad.settings import *  # noqa: F403
from minigrad.size import Size
from minigrad.storage import *  # noqa: F403
from minigrad.tensor import Tensor
from minigrad.version import __version__
from minigrad.window_functions import *  # noqa: F403

if TYPE_CHECKING:
    from minigrad import (
        accelerator,
        amp,
        backends,
        compiler,
        cuda,
        distributed,
        distributions,
        func,
        functional,
        hub,
        jit,
        multiprocessing,
        nn,
        optim,
        profiler,
        signal,
        testing,
        types,
        utils,
    )
    from minigrad._functions import *  # noqa: F403

newaxis = None

for _entry in (*table.values(), *composed_table.values()):
    if _entry.namespace == "torch":
        for _name in (_entry.name, *_entry.aliases):
            globals()[_name] = _entry.call
            if _entry.inplace and _entry.signature.required == 1:
                globals()[f"{_name}_"] = _entry.call_inplace

# In-place forms that PyTorch has as functions, too, though they take more than the tensor or have no other function.
for _name in ("addmv", "clamp_max", "clamp_min", "fill", "gcd", "index_put", "lcm", "ldexp", "xlogy", "zero"):
    globals()[f"{_name}_"] = {**table, **composed_table}[_name].call_inplace

# Imported when first asked for: who only computes with tensors does not wait for the layers.
_OF_SUBMODULES = {
    "vmap": "func",
    "autocast": "amp",
    "GradScaler": "amp",
    "compile": "compiler",
    "_sample_dirichlet": "distributions._implicit",
    "_standard_gamma": "distributions._implicit",
    "get_autocast_dtype": "amp.autocast_mode",
    "is_autocast_cache_enabled": "amp.autocast_mode",
    "is_autocast_cpu_enabled": "amp.autocast_mode",
    "is_autocast_enabled": "amp.autocast_mode",
}
_SUBMODULES = {
    "accelerator",
    "amp",
    "backends",
    "compiler",
    "cuda",
    "distributed",
    "distributions",
    "func",
    "functional",
    "hub",
    "jit",
    "multiprocessing",
    "nn",
    "optim",
    "profiler",
    "signal",
    "testing",
    "types",
    "utils",
}


# Functions of layers that PyTorch has here, too, and those that its layers call.
_OF_LAYERS = {
    *("adaptive_max_pool1d", "alpha_dropout", "alpha_dropout_", "batch_norm", "binary_cross_entropy_with_logits"),
    *("celu", "celu_", "cosine_embedding_loss", "dropout", "dropout_", "embedding", "feature_alpha_dropout"),
    *("feature_alpha_dropout_", "feature_dropout", "feature_dropout_", "group_norm", "hinge_embedding_loss"),
    *("instance_norm", "kl_div", "layer_norm", "margin_ranking_loss", "max_pool1d_with_indices", "norm_except_dim"),
    *("poisson_nll_loss", "rms_norm", "rrelu", "rrelu_", "selu", "selu_", "threshold", "threshold_"),
    "triplet_margin_loss",
}


_OF_SUBMODULES |= dict.fromkeys(
    (
        *("affine_grid_generator", "conv_tbc", "convolution", "ctc_loss", "grid_sampler", "grid_sampler_2d"),
        *("grid_sampler_3d", "native_batch_norm", "native_channel_shuffle", "native_dropout", "native_group_norm"),
        "native_layer_norm",
    ),
    "nn._functions.native_names",
)
_OF_SUBMODULES["binomial"] = "random.rejection"


def __getattr__(name: str) -> Any:
    """Import a submodule that is asked for as an attribute, as in ``minigrad.nn.Linear``."""
    if name in _SUBMODULES:
        return importlib.import_module(f"minigrad.{name}")
    if name in _OF_LAYERS:
        globals()[name] = getattr(importlib.import_module("minigrad.nn._functions.torch_names"), name)
        return globals()[name]
    if name in _OF_SUBMODULES:
        globals()[name] = getattr(importlib.import_module(f"minigrad.{_OF_SUBMODULES[name]}"), name)
        return globals()[name]
    if name.startswith("_foreach_") and (found := importlib.import_module("minigrad.foreach").find(name)) is not None:
        globals()[name] = found
        return found
    raise AttributeError(
        f"module 'minigrad' has no attribute '{name}'", name=name, obj=importlib.import_module("minigrad")
    )


def __dir__() -> list[str]:
    """List the submodules too."""
    return sorted({*globals(), *_SUBMODULES, *_OF_LAYERS, *_OF_SUBMODULES})
