"""PyTorch's second address for layers: ``torch.nn.modules.conv.Conv2d``, ``nn.modules.batchnorm._BatchNorm``.

The layers are defined one folder up, by families of minigrad's own. Here they are grouped as in PyTorch, with the names
of the base classes that code asks for in ``isinstance``.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any

from . import utils

# PyTorch's module, the modules here whose layers it has, and PyTorch's names of base classes.
_HOMES: dict[str, tuple[str, dict[str, str]]] = {
    "activation": ("activation piecewise softmax multihead", {}),
    "adaptive": ("adaptive_softmax", {}),
    "batchnorm": ("batchnorm", {"_BatchNorm": "batchnorm.PlainBatchNorm", "_NormBase": "batchnorm.BatchNorm"}),
    "channelshuffle": ("fold", {}),
    "container": ("containers parameter_containers", {}),
    "conv": ("conv", {"_ConvNd": "conv._Convolution", "_ConvTransposeNd": "conv._Transposed"}),
    "distance": ("distance", {}),
    "dropout": ("dropout", {"_DropoutNd": "dropout._Dropout"}),
    "flatten": ("flatten", {}),
    "fold": ("fold", {}),
    "instancenorm": ("instancenorm", {"_InstanceNorm": "instancenorm.InstanceNorm"}),
    "lazy": ("lazy", {}),
    "linear": ("linear lazy_layers", {}),
    "loss": (
        "loss margin_loss distance linear_cross_entropy",
        {"_Loss": "loss.Loss", "_WeightedLoss": "loss.WeightedLoss"},
    ),
    "module": ("module _global_hooks", {}),
    "normalization": ("normalization groupnorm", {}),
    "padding": ("padding", {}),
    "pixelshuffle": ("fold", {}),
    "pooling": ("pooling fractional_pooling", {"_MaxPoolNd": "pooling._MaxPool", "_AvgPoolNd": "pooling._AvgPool"}),
    "rnn": ("recurrent recurrent_cells", {}),
    "sparse": ("embedding embedding_bag", {}),
    "transformer": ("transformer transformer_layer", {}),
    "upsampling": ("upsampling", {}),
}


def _home(name: str) -> Any:
    return importlib.import_module(f"minigrad.nn.{name}")


def _make(name: str, homes: str, bases: dict[str, str]) -> ModuleType:
    """Return a module of PyTorch's name with the layers that PyTorch has there."""
    made = module_from_spec(ModuleSpec(f"{__name__}.{name}", None))
    made.__doc__ = f"Layers under PyTorch's address ``torch.nn.modules.{name}``."
    for home in homes.split():
        source = _home(home)
        vars(made).update({each: getattr(source, each) for each in source.__all__})
    for alias, path in bases.items():
        home, _, original = path.partition(".")
        setattr(made, alias, getattr(_home(home), original))
    return made


__all__ = ["utils"]
for _name, (_homes, _bases) in _HOMES.items():
    _made = _make(_name, _homes, _bases)
    sys.modules[_made.__name__] = globals()[_name] = _made
    __all__ += [_name]
    for _layer, _value in vars(_made).items():
        if not _layer.startswith("_"):
            globals()[_layer] = _value
            __all__ += [_layer] if _layer not in __all__ else []
