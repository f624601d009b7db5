"""Generators: a place in a stream of random numbers, and the one that is used where none is given."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from minigrad.devices import CPU, check_available, default
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
        Where the numbers are to be used, by default on the CPU. A GPU's are other numbers.

    Examples
    --------
    >>> import minigrad as torch
    >>> generator = torch.Generator().manual_seed(0)
    >>> torch.randn(3, generator=generator)
    tensor([ 1.5410, -0.2934, -2.1788])
    """

    __slots__ = ("__weakref__", "_device", "_stream")

    def __init__(self, device: Any = "cpu") -> None:
        self._device = check_available(device)
        if self._device.type == "cpu":
            self._stream: Any = Stream(_FIRST_SEED)
        else:
            from minigrad.random.philox import PhiloxStream

            self._stream = PhiloxStream(_FIRST_SEED)

    @property
    def device(self) -> Device:
        """The device that the generator is for."""
        return self._device

    def manual_seed(self, seed: int) -> Generator:
        """Go to the beginning of the stream of a seed, and return the generator.

        Parameters
        ----------
        seed : int
            In [-2**63, 2**64). The low 32 bits decide about the numbers.

        Raises
        ------
        RuntimeError
            For what is no integer.
        ValueError
            For a seed of more than 64 bits.
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
        other = Generator(self._device)
        other._stream.restore(self._stream.state())
        return other

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._stream.state(), self._device)

    def __repr__(self) -> str:
        return f"<torch._C.Generator object at {id(self):#x}>"


def _restored(state: np.ndarray[Any, Any], device: Device = CPU) -> Generator:
    generator = Generator(device)
    generator._stream.restore(state)
    return generator


default_generator = Generator()
"""The generator that is used where none is given; at the start its seed is a surprise."""

default_generator.seed()
_default_stream = default_generator._stream


_device_generators: dict[int, Generator] = {}


def device_generator(index: int) -> Generator:
    """Return the generator that is used for a CUDA device where none is given."""
    if index not in _device_generators:
        generator = _device_generators[index] = Generator(Device("cuda", index))
        if _last.seed is None:
            generator.seed()
        else:
            generator.manual_seed(_last.seed)
    return _device_generators[index]


class _last:
    """The seed that `manual_seed` was given last, for generators that are made later."""

    seed: int | None = None


def stream_of(generator: Generator | None, name: str, device: Any = None) -> Stream:
    """Return the stream to draw from for ``generator=``, in the function called ``name``.

    Parameters
    ----------
    device : device, optional
        Where the numbers are wanted, by default where new tensors are made.

    Raises
    ------
    TypeError
        For what is no generator.
    RuntimeError
        For a generator of another kind of device.
    """
    if device is None:
        device = default.stack[-1]
    elif type(device) is not Device:
        device = Device(device)
    if generator is None:
        if device.type == "cpu":
            return _default_stream
        return device_generator(check_available(device).index or 0)._stream
    if not isinstance(generator, Generator):
        raise TypeError(f"{name}(): argument 'generator' must be torch.Generator, not {type(generator).__name__}")
    if generator._device.type != device.type:
        raise RuntimeError(f"Expected a '{device.type}' device type for generator but found '{generator.device.type}'")
    return generator._stream


def manual_seed(seed: Any) -> Generator:
    """Seed the default generators of all devices, and return the CPU's.

    Parameters
    ----------
    seed : int
        In [-2**63, 2**64). The low 32 bits decide about the CPU's numbers.
    """
    _last.seed = seed = int(seed)
    for generator in _device_generators.values():
        generator.manual_seed(seed)
    return default_generator.manual_seed(seed)


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
    kept = [default_generator]
    for each in devices or ():
        device = Device(each) if device_type is None or not isinstance(each, int) else Device(device_type, each)
        if check_available(device).type == "cuda":
            kept.append(device_generator(device.index or 0))
    if not enabled:
        yield
        return
    states = [generator.get_state() for generator in kept]
    try:
        yield
    finally:
        for generator, state in zip(kept, states, strict=True):
            generator.set_state(state)
