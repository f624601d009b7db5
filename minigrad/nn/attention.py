"""Which implementation of scaled dot-product attention is used: PyTorch's ``torch.nn.attention``."""

from __future__ import annotations

import contextlib
import enum
import threading
from collections.abc import Iterator

__all__ = ["SDPBackend", "sdpa_kernel"]


class SDPBackend(enum.Enum):
    """The implementations that PyTorch tells apart.

    Two of them are here: ``FLASH_ATTENTION`` works in blocks and keeps no matrix of weights; ``MATH`` is the formula,
    made of other operations. The others are names for what other machines have.
    """

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


class Choice(threading.local):
    """What may be used in this thread.

    Attributes
    ----------
    backends : list of SDPBackend
    """

    backends = list(SDPBackend)[1:]


choice = Choice()


@contextlib.contextmanager
def sdpa_kernel(backends: list[SDPBackend] | SDPBackend, set_priority: bool = False) -> Iterator[dict[str, object]]:
    """Allow only some implementations of ``F.scaled_dot_product_attention`` inside a ``with`` block.

    Parameters
    ----------
    backends : SDPBackend or list of SDPBackend
    set_priority : bool
        Accepted for PyTorch's sake: the one that works in blocks goes first where it is allowed.

    Raises
    ------
    AssertionError
        For what is neither a backend nor a list of backends.
    """
    if not isinstance(backends, (list, SDPBackend)):
        raise AssertionError(
            "Backend must be an instance of SDPBackend or a list of SDPBackend instances, got "
            f"{type(backends).__name__}"
        )
    before = choice.backends
    choice.backends = [backends] if isinstance(backends, SDPBackend) else list(backends)
    try:
        yield {}
    finally:
        choice.backends = before
