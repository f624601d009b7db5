"""What the names in a saved file stand for.

A pickle refers to functions and classes by the name of their module. Files carry PyTorch's names
(``torch._utils._rebuild_tensor_v2``), so that either library reads what the other wrote; here those names are matched
with minigrad's own objects, both ways.
"""

from __future__ import annotations

import collections
import functools
import importlib
from typing import Any

from minigrad import dtypes
from minigrad.devices import device
from minigrad.serialization.rebuild import (
    StorageType,
    rebuild_from_type,
    rebuild_parameter,
    rebuild_parameter_with_state,
    rebuild_tensor,
    rebuild_tensor_v2,
    restore_bytes,
)
from minigrad.size import Size
from minigrad.tensor import Tensor

__all__ = ["resolve", "torch_name", "weights_only_globals"]

# By name only: the layer of the parameters stands above this one.
_PARAMETER = ("torch.nn.parameter", "Parameter")

_OBJECTS: dict[tuple[str, str], Any] = {
    ("torch._utils", "_rebuild_tensor"): rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor_v2,
    ("torch._utils", "_rebuild_parameter"): rebuild_parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): rebuild_parameter_with_state,
    ("torch._tensor", "_rebuild_from_type_v2"): rebuild_from_type,
    ("torch", "Tensor"): Tensor,
    ("torch", "Size"): Size,
    ("torch", "device"): device,
    **{("torch", each.name): each for each in dtypes.ALL},
}

_STORAGES = {
    ("torch", each.tensor_type.replace("Tensor", "Storage")): StorageType(
        each.tensor_type.replace("Tensor", "Storage"), each
    )
    for each in dtypes.ALL
}

_HARMLESS: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("collections", "Counter"): collections.Counter,
    ("builtins", "set"): set,
    ("builtins", "bytearray"): bytearray,
    ("builtins", "complex"): complex,
    ("_codecs", "encode"): restore_bytes,
}


@functools.cache
def parameter_class() -> Any:
    """Return the class of parameters."""
    return importlib.import_module("minigrad.nn.parameter").Parameter


@functools.cache
def lazy_classes() -> tuple[Any, ...]:
    """Return the classes of parameters and buffers that have no elements yet."""
    module = importlib.import_module("minigrad.nn.parameter")
    return module.UninitializedParameter, module.UninitializedBuffer


@functools.cache
def _names() -> dict[int, tuple[str, str]]:
    lazy = {(_PARAMETER[0], each.__name__): each for each in lazy_classes()}
    return {id(value): name for name, value in {**_OBJECTS, _PARAMETER: parameter_class(), **lazy}.items()}


def torch_name(value: Any) -> tuple[str, str] | None:
    """Return module and name by which PyTorch knows a function, class or dtype; None if it does not."""
    return _names().get(id(value))


def storage_type(dtype: dtypes.dtype) -> StorageType:
    """Return the type of storage that holds elements of ``dtype``."""
    return _STORAGES["torch", dtype.tensor_type.replace("Tensor", "Storage")]


@functools.cache
def weights_only_globals() -> dict[tuple[str, str], Any]:
    """Return everything that a file may refer to when only weights are to be loaded, by module and name."""
    return {**_OBJECTS, **_STORAGES, **_HARMLESS, _PARAMETER: parameter_class()}


def resolve(module: str, name: str) -> Any:
    """Return minigrad's object for one of PyTorch's names, such as ``torch.nn.modules.linear.Linear``.

    Raises
    ------
    AttributeError
        When minigrad has nothing of that name.
    """
    found = weights_only_globals().get((module, name))
    if found is not None:
        return found
    parts = module.split(".")
    # PyTorch defines in torch.nn.modules.linear what both libraries offer as nn.Linear.
    for depth in range(len(parts), 0, -1):
        try:
            place = importlib.import_module(".".join(["minigrad", *parts[1:depth]]))
            return functools.reduce(getattr, name.split("."), place)
        except (ImportError, AttributeError):
            continue
    raise AttributeError(f"the file refers to {module}.{name}, which minigrad does not have")
