"""DataParallel for the one device there is: the module runs on the whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad import cuda
from minigrad.devices import device
from minigrad.nn.module import Module

__all__ = ["DataParallel", "data_parallel"]


class DataParallel(Module):
    """Wraps a module as PyTorch does to spread batches over GPUs, its state under ``module.``; here it runs on one.

    Parameters
    ----------
    module : Module
    device_ids : sequence of int or device, optional
        At most one GPU; without a GPU they are not looked at.
    output_device : int or device, optional
    dim : int
        The dimension of the batch.

    Attributes
    ----------
    module : Module
    device_ids : list of int
        Empty without a GPU.

    Raises
    ------
    RuntimeError
        For more than one device.
    """

    module: Any

    def __init__(
        self, module: Module, device_ids: Sequence[Any] | None = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__()
        if not cuda.is_available():
            self.module = module
            self.device_ids: list[int] = []
            return
        self.dim = dim
        self.module = module
        self.device_ids = _indices(device_ids)
        self.output_device = self.device_ids[0] if output_device is None else _indices([output_device])[0]
        module.to(device("cuda", self.device_ids[0]))

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """Return what the module returns, its arguments brought to its device."""
        if not self.device_ids:
            return self.module(*inputs, **kwargs)
        return _run(self.module, inputs, kwargs, self.device_ids[0])


def data_parallel(
    module: Module,
    inputs: Any,
    device_ids: Sequence[Any] | None = None,
    output_device: Any = None,
    dim: int = 0,
    module_kwargs: dict[str, Any] | None = None,
) -> Any:
    """Call a module on inputs as `DataParallel` does.

    Raises
    ------
    RuntimeError
        Without a GPU.
    """
    if not cuda.is_available():
        raise RuntimeError("device type could not be determined")
    inputs = inputs if isinstance(inputs, tuple) else () if inputs is None else (inputs,)
    return _run(module, inputs, module_kwargs or {}, _indices(device_ids)[0])


def _indices(device_ids: Sequence[Any] | None) -> list[int]:
    """Return the number of the one GPU."""
    if device_ids is None:
        return [0]
    found = [each if isinstance(each, int) else device(each).index or 0 for each in device_ids]
    if len(found) != 1:
        raise RuntimeError(f"minigrad runs a module on one device; got device_ids {list(device_ids)}")
    return found


def _run(module: Module, inputs: tuple[Any, ...], kwargs: dict[str, Any], index: int) -> Any:
    target = device("cuda", index)
    return module(*_moved(inputs, target), **_moved(kwargs, target))


def _moved(value: Any, target: device) -> Any:
    """Return tensors, alone or in collections, on a device."""
    if isinstance(value, (tuple, list)):
        moved = [_moved(each, target) for each in value]
        return type(value)(*moved) if hasattr(value, "_fields") else type(value)(moved)
    if isinstance(value, dict):
        return {key: _moved(each, target) for key, each in value.items()}
    return value.to(target) if hasattr(value, "to") else value
