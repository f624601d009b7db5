"""Reading the arguments of ``.to(...)`` and ``.type(...)``."""

from __future__ import annotations

from typing import Any

from minigrad import dtypes
from minigrad.devices import device, named_device
from minigrad.ops.state import Upper

_TYPE_NAMES = {each.tensor_type: each for each in dtypes.ALL}


def parse_to(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[device | None, dtypes.dtype | None, bool, bool]:
    """Return the device, the dtype, and whether to copy and not to wait, of a call ``x.to(*args, **kwargs)``.

    Raises
    ------
    TypeError
        For arguments that are neither a device, a dtype nor a tensor.
    """
    if len(args) == 1 and not kwargs:
        (only,) = args
        if isinstance(only, dtypes.dtype):
            return None, only, False, False
        if isinstance(only, device):
            return only, None, False, False
        if type(only) is str:
            return named_device(only), None, False, False
        if isinstance(only, Upper.Tensor):
            return only.device, only.dtype, False, False
    kwargs = dict(kwargs)
    target = kwargs.pop("device", None)
    dtype = kwargs.pop("dtype", None)
    if dtype is not None:
        dtype = dtypes.requested(dtype, "to")
    copy = kwargs.pop("copy", False)
    non_blocking = kwargs.pop("non_blocking", False)
    kwargs.pop("memory_format", None)
    other = kwargs.pop("other", None)
    if kwargs:
        raise TypeError(f"to() got an unexpected keyword argument '{next(iter(kwargs))}'")
    flags: list[bool] = []
    for value in (*args, *(() if other is None else (other,))):
        if isinstance(value, (dtypes.dtype, type)):
            dtype = dtypes.requested(value, "to")
        elif isinstance(value, (str, device)) or (
            type(value) is int and not flags and target is None and dtype is None
        ):
            target = value
        elif isinstance(value, Upper.Tensor):
            target, dtype = value.device, value.dtype
        elif isinstance(value, bool):
            flags.append(value)
        elif value is not None:
            raise TypeError(
                "to() received an invalid combination of arguments - got "
                f"({', '.join(type(each).__name__ for each in args)}), but expected one of: (device, dtype, "
                "non_blocking, copy), (dtype, non_blocking, copy), (other, non_blocking, copy)"
            )
    if flags:
        non_blocking, copy = flags[0], flags[1] if len(flags) > 1 else copy
    return (None if target is None else device(target)), dtype, bool(copy), bool(non_blocking)


def parse_type(given: Any) -> dtypes.dtype:
    """Return the dtype that ``.type(...)`` was asked for: a dtype, a tensor class or its name.

    Raises
    ------
    ValueError
        For a name that is no tensor type.
    """
    if isinstance(given, dtypes.dtype) or given in (bool, int, float):
        return dtypes.requested(given, "type")
    name = given if isinstance(given, str) else getattr(given, "__name__", str(given))
    found = _TYPE_NAMES.get(name.removeprefix("torch."))
    if name == ("torch.Tensor" if isinstance(given, str) else "Tensor"):
        found = dtypes.get_default_dtype()
    if found is None:
        raise ValueError(f"invalid type: '{name}'")
    return found
