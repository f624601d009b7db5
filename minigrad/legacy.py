"""PyTorch's old constructors: ``Tensor(2, 3)``, ``FloatTensor([1, 2])``, ``LongTensor(...)``."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.tensor import Tensor


def construct(cls: Any, *args: Any, dtype: dtypes.dtype | None = None) -> Any:
    """Return what ``cls(*args)`` means: sizes give uninitialised elements, a sequence gives its numbers.

    Raises
    ------
    TypeError
        For data that is neither.
    """
    from minigrad.creation import shape_of, to_array

    dtype = dtype or dtypes.get_default_dtype()
    if not args:
        array = np.empty(0, dtype.numpy)
    elif len(args) == 1 and isinstance(args[0], Tensor):
        array = to_array(args[0], dtype, copy=False)
    elif all(type(each) is int for each in args) or type(args[0]).__name__ == "Size":
        array = np.empty(shape_of(args), dtype.numpy)
    elif len(args) == 1 and isinstance(args[0], (list, tuple, np.ndarray)):
        array = to_array(args[0], dtype, copy=True)
    else:
        kinds = ", ".join(type(each).__name__ for each in args)
        raise TypeError(f"new() received an invalid combination of arguments - got ({kinds}); expected sizes or a sequence")
    return Tensor._wrap(array) if cls is Tensor else cls._make_subclass(Tensor._wrap(array))
