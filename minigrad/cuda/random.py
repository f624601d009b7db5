"""The random generators of GPUs: one a device, counter-based, with numbers of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minigrad.cuda._devices import current_device, device_count, index_of
from minigrad.random.generator import device_generator
from minigrad.tensor import Tensor


def manual_seed(seed: int) -> None:
    """Seed the generator of the current device; without one, nothing happens."""
    if device_count():
        device_generator(current_device()).manual_seed(int(seed))


def manual_seed_all(seed: int) -> None:
    """Seed the generators of all devices."""
    for index in range(device_count()):
        device_generator(index).manual_seed(int(seed))


def seed() -> None:
    """Seed the generator of the current device with a random number."""
    if device_count():
        device_generator(current_device()).seed()


def seed_all() -> None:
    """Seed the generators of all devices with one random number."""
    if device_count():
        manual_seed_all(device_generator(0).seed())


def initial_seed() -> int:
    """Return what the generator of the current device was last seeded with."""
    return device_generator(index_of(None)).initial_seed()


def get_rng_state(device: Any = "cuda") -> Tensor:
    """Return the state of a device's generator as a tensor of 16 bytes."""
    return device_generator(index_of(device)).get_state()


def set_rng_state(new_state: Tensor, device: Any = "cuda") -> None:
    """Bring a device's generator to where it was when the state was saved."""
    device_generator(index_of(device)).set_state(new_state)


def get_rng_state_all() -> list[Tensor]:
    """Return the states of all devices' generators."""
    return [get_rng_state(index) for index in range(device_count())]


def set_rng_state_all(new_states: Iterable[Tensor]) -> None:
    """Bring all devices' generators to where they were when their states were saved."""
    for index, state in enumerate(new_states):
        set_rng_state(state, index)
