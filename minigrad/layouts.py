"""How elements lie in memory, where PyTorch has names for it; minigrad's tensors are all strided."""

from __future__ import annotations

__all__ = [
    "channels_last",
    "channels_last_3d",
    "contiguous_format",
    "layout",
    "memory_format",
    "preserve_format",
    "strided",
]


class memory_format(str):
    """An order of the elements in memory, as ``x.clone(memory_format=...)`` takes it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "torch." + (str.__str__(self) if self.startswith("channels") else str.__str__(self) + "_format")

    __str__ = __repr__


class layout(str):
    """A way of storing tensors."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "torch." + str.__str__(self)

    __str__ = __repr__


contiguous_format = memory_format("contiguous")
preserve_format = memory_format("preserve")
channels_last = memory_format("channels_last")  # accepted, and the order stays row-major
channels_last_3d = memory_format("channels_last_3d")
strided = layout("strided")
