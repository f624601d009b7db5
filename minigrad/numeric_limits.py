"""The limits of the numeric types: ``finfo`` and ``iinfo``."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from minigrad import dtypes

__all__ = ["finfo", "iinfo"]

_REAL: dict[dtypes.dtype, dtypes.dtype] = {dtypes.complex64: dtypes.float32, dtypes.complex128: dtypes.float64}
_BFLOAT16 = SimpleNamespace(
    bits=16, eps=2.0**-7, max=(2 - 2.0**-7) * 2.0**127, min=(2.0**-7 - 2) * 2.0**127, tiny=2.0**-126, precision=2
)


class _Limits:
    """What the two kinds of limits share: read-only attributes, equality by dtype, PyTorch's printed form."""

    __slots__ = ("_of", "bits", "dtype", "max", "min")

    _of: dtypes.dtype
    bits: int
    dtype: str
    max: Any
    min: Any
    _printed: tuple[str, ...] = ("min", "max")

    def __init__(self, of: dtypes.dtype, info: Any, number: type) -> None:
        values = {"_of": of, "bits": info.bits, "dtype": of.name, "min": number(info.min), "max": number(info.max)}
        self._fill(values)

    def _fill(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"attribute '{name}' of 'torch.{type(self).__name__}' objects is not writable")

    def __repr__(self) -> str:
        numbers = ", ".join(f"{name}={getattr(self, name):g}" for name in self._printed)
        return f"{type(self).__name__}({numbers}, dtype={self.dtype})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Limits) and self._of is other._of

    __hash__ = None  # type: ignore[assignment]  # as in PyTorch: equality is by dtype, and nobody keys on limits


class finfo(_Limits):
    """The limits of a floating dtype.

    Parameters
    ----------
    type : dtype, optional
        A floating or complex dtype; the default dtype if omitted.

    Attributes
    ----------
    bits : int
        Bits a number occupies.
    eps : float
        The smallest number with ``1 + eps != 1`` representable.
    max, min : float
        The largest and the most negative number.
    tiny, smallest_normal : float
        The smallest positive normal number.
    resolution : float
        ``10 ** -digits``, the approximate decimal resolution.
    dtype : str
        The name of the dtype.

    Examples
    --------
    >>> from minigrad.dtypes import float16
    >>> finfo(float16).max, finfo(float16).eps
    (65504.0, 0.0009765625)
    """

    __slots__ = ("eps", "resolution", "smallest_normal", "tiny")

    eps: float
    resolution: float
    smallest_normal: float
    tiny: float
    _printed = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")

    def __init__(self, type: dtypes.dtype | None = None) -> None:
        of = dtypes.get_default_dtype() if type is None else _checked(type, "finfo")
        of = _REAL.get(of, of)
        if not of.is_floating_point:
            raise TypeError(
                "torch.finfo() requires a floating point input type. "
                f"Use torch.iinfo to handle 'torch.finfo' (got {of})"
            )
        info: Any = _BFLOAT16 if of is dtypes.bfloat16 else np.finfo(of.numpy)
        super().__init__(of, info, float)
        smallest = float(info.tiny)
        self._fill(
            {"eps": float(info.eps), "resolution": 10.0**-info.precision, "smallest_normal": smallest, "tiny": smallest}
        )


class iinfo(_Limits):
    """The limits of an integer dtype.

    Parameters
    ----------
    type : dtype
        An integer dtype.

    Attributes
    ----------
    bits : int
        Bits a number occupies.
    max, min : int
        The largest and the smallest number.
    dtype : str
        The name of the dtype.

    Examples
    --------
    >>> from minigrad.dtypes import int8
    >>> iinfo(int8)
    iinfo(min=-128, max=127, dtype=int8)
    """

    __slots__ = ()

    def __init__(self, type: dtypes.dtype) -> None:
        of = _checked(type, "iinfo")
        if of.is_floating_point or of.is_complex:
            raise TypeError(
                f"torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo' (got {of})"
            )
        if of is dtypes.bool:
            raise TypeError(f"{of} is not supported by torch.iinfo")
        super().__init__(of, np.iinfo(of.name), int)


def _checked(type_: Any, name: str) -> dtypes.dtype:
    if not isinstance(type_, dtypes.dtype):
        raise TypeError(f"{name}(): argument 'type' (position 1) must be torch.dtype, not {type(type_).__name__}")
    return type_
