"""Names for the types of arguments, as annotations of PyTorch programs import them from ``torch.types``."""

from __future__ import annotations

import os
from builtins import bool as _bool  # noqa: F401
from builtins import bytes as _bytes  # noqa: F401
from builtins import float as _float  # noqa: F401
from builtins import int as _int  # noqa: F401
from builtins import str as _str  # noqa: F401
from collections.abc import Sequence
from typing import IO, TypeAlias

from minigrad.devices import device as _device
from minigrad.dtypes import dtype as _dtype  # noqa: F401
from minigrad.layouts import layout as _layout  # noqa: F401
from minigrad.size import Size
from minigrad.tensor import Tensor

__all__ = ["Device", "FileLike", "Number"]

Number: TypeAlias = int | float | bool
FileLike: TypeAlias = str | os.PathLike[str] | IO[bytes]
Device: TypeAlias = _device | str | int | None

_Number = (int, float, bool)
_size: TypeAlias = Size | list[int] | tuple[int, ...]
_TensorOrTensors: TypeAlias = Tensor | Sequence[Tensor]
_TensorOrOptionalTensors: TypeAlias = Tensor | Sequence[Tensor | None]
