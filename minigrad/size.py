"""Size: the shape of a tensor, a tuple of integers that prints as PyTorch prints it."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

__all__ = ["Size"]


class Size(tuple[int, ...]):
    """The lengths of a tensor's dimensions.

    A ``Size`` is a tuple, equal to and hashed like one; slices, sums and multiples of a ``Size`` are one too.

    Parameters
    ----------
    sequence : iterable of int
        Integers, or objects that stand for one (``operator.index``).

    Examples
    --------
    >>> Size([2, 3])[:1] + (4,)
    torch.Size([2, 4])
    >>> Size([2, 3]).numel()
    6
    """

    __slots__ = ()

    def __new__(cls, sequence: Iterable[Any] = (), /) -> Size:
        """Return the shape that an iterable of integers names."""
        return tuple.__new__(cls, [_as_int(value, position) for position, value in enumerate(sequence)])

    def numel(self) -> int:
        """Return the number of elements of a tensor of this shape: the product of the lengths."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(repr, self))}])"

    def __getitem__(self, index: Any) -> Any:
        found = tuple.__getitem__(self, index)
        return make_size(found) if type(found) is tuple else found

    def __add__(self, other: Any) -> Any:
        if isinstance(other, tuple):
            return Size(tuple.__add__(self, other))
        if hasattr(other, "__radd__"):
            return NotImplemented
        raise TypeError(f"can only concatenate tuple (not {type(other).__name__}) to torch.Size")

    def __radd__(self, other: Any) -> Any:
        return Size(tuple.__add__(other, self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, count: Any) -> Any:
        if not hasattr(count, "__index__"):
            raise TypeError(f"can't multiply sequence by non-int of type '{type(count).__name__}'")
        return make_size(tuple.__mul__(self, count))

    __rmul__ = __mul__

    def __reduce__(self) -> tuple[Any, ...]:
        return Size, (tuple(self),)


def _as_int(value: Any, position: int) -> int:
    try:
        return operator.index(value)
    except TypeError:
        kind = type(value).__name__ if type(value).__module__ != "numpy" else f"numpy.{type(value).__name__}"
        raise TypeError(f"torch.Size() takes an iterable of 'int' (item {position} is '{kind}')") from None


# Every access to `Tensor.shape` comes here, and an array's own shape needs no check.
make_size: Callable[[Iterable[int]], Size] = partial(tuple.__new__, Size)
