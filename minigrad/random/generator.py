"""Generators: a place in a stream of random numbers, and the one that is used where none is given."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from minigrad.devices import CPU, check_available
from minigrad.devices import device as Device
from minigrad.random.stream import Stream
from minigrad.tensor import Tensor

__all__ = [
    "Generator",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]

_FIRST_SEED = 67280421310721  # what PyTorch seeds a new generator with


class Generator:
    """A source of random numbers, whose state can be saved and restored; the same as PyTorch's for the same seed.

    Parameters
    ----------
    device : device
        Where the numbers are to be used; the CPU.

    Examples
    --------
    >>> import minigrad as torch
    >>> generator = torch.Generator().manual_seed(0)
    >>> torch.randn(3, generator=generator)
    tensor([ 1.5410, -0.2934, -2.1788])
    """

    __slots__ = ("__weakref__", "_stream")

    def __init__(self, device: Any = "cpu") -> None:
        check_available(device)
        self._stream = Stream(_FIRST_SEED)

    @property
    def device(self) -> Device:
        """The device that the generator is for."""
        return CPU

    def manual_seed(self, seed: int) -> Generator:
        """Go to the beginning of the stream of a seed, and return the generator.

        Parameters
        ----------
        seed : int
            In [-2**63, 2**64). The low 32 bits decide about the numbers.
        """
        if not isinstance(seed, (int, np.integer)):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        if not -(2**63) <= seed < 2**64:
            raise ValueError(f"Overflow when unpacking long long: the seed {seed} does not fit into 64 bits")
        self._stream.restart(int(seed) % 2**64)
        return self

    def seed(self) -> int:
        """Seed the generator with a number that nobody can foresee, and return it."""
        self._stream.restart(secrets.randbits(64))
        return self._stream.seed

    def initial_seed(self) -> int:
        """Return what the generator was last seeded with."""
        return self._stream.seed

    def get_state(self) -> Tensor:
        """Return the state as a tensor of 5056 bytes, laid out as PyTorch's."""
        return Tensor._wrap(self._stream.state())

    def set_state(self, new_state: Tensor) -> Generator:
        """Go to where a generator was when its state was saved, by minigrad or by PyTorch."""
        if not isinstance(new_state, Tensor):
            raise TypeError(f"expected a torch.ByteTensor, but got {type(new_state).__name__}")
        if new_state._array.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        self._stream.restore(new_state._array)
        return self

    def clone_state(self) -> Generator:
        """Return a new generator in the same state."""
        other = Generator()
        other._stream.restore(self._stream.state())
        return other

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._stream.state(),)

    def __repr__(self) -> str:
        return f"<torch._C.Generator object at {id(self):#x}>"


def _restored(state: np.ndarray[Any, Any]) -> Generator:
    generator = Generator()
    generator._stream.restore(state)
    return generator


default_generator = Generator()
"""The generator that is used where none is given; at the start its seed is a surprise."""

default_generator.seed()
_default_stream = default_generator._stream


def stream_of(generator: Generator | None, name: str) -> Stream:
    """Return the stream to draw from for ``generator=``, in the function called ``name``."""
    if generator is None:
        return _default_stream
    if not isinstance(generator, Generator):
        raise TypeError(f"{name}(): argument 'generator' must be torch.Generator, not {type(generator).__name__}")
    return generator._stream


def manual_seed(seed: Any) -> Generator:
    """Seed the default generator, and return it.

    Parameters
    ----------
    seed : int
        In [-2**63, 2**64). The low 32 bits decide about the numbers.
    """
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seed the default generator with a number that nobody can foresee, and return it."""
    return default_generator.seed()


def initial_seed() -> int:
    """Return what the default generator was last seeded with."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """Return the state of the default generator as a tensor of 5056 bytes, laid out as PyTorch's."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Go to where the default generator was when a state was saved, by minigrad or by PyTorch."""
    default_generator.set_state(new_state)


@contextlib.contextmanager
def fork_rng(
    devices: Iterable[Any] | None = None,
    enabled: bool = True,
    _caller: str = "fork_rng",
    _devices_kw: str = "devices",
    device_type: str | None = None,
) -> Iterator[None]:
    """Keep what is drawn inside the ``with`` block from changing what is drawn after it.

    Parameters
    ----------
    devices : iterable of devices, optional
        GPUs whose generators are to be kept as well; the CPU's always is.
    enabled : bool
        With False, the block is nothing special.
    device_type : str, optional
        The type of the devices.
    """
    for each in devices or ():
        check_available(Device(each) if device_type is None or not isinstance(each, int) else Device(device_type, each))
    if not enabled:
        yield
        return
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)
