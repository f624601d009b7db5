"""The stream of random 32-bit words: PyTorch's MT19937, read in bulk.

The words are those of ``numpy.random.RandomState(seed & 0xffffffff)``. They are made a block of 624 at a time and
handed out as slices, so a small draw costs a slice and a large one costs what making its words costs. Once Numba is
loaded anyway, a kernel makes the words of large draws some ten times faster than NumPy does.

The state of the twister is its last block before tempering, and tempering can be undone; so nothing is kept beside
the words themselves to write a state down.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

BLOCK = 624
CHUNK = 64 * BLOCK
"""Words that a long draw makes and transforms at a time, so that they stay in the processor's cache."""

_KERNEL_PAYS = 50 * CHUNK
"""Words after which loading the kernel that makes them has paid for itself, if Numba is there anyway."""

# The layout of the state that PyTorch saves for its CPU generator; two of its fields are not in use any more.
STATE = np.dtype(
    {
        "names": ["seed", "left", "seeded", "next", "key", "normal", "has_normal"],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", BLOCK), "<f8", "<i4"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040],
        "itemsize": 5056,
    }
)

_spare_engines: list[tuple[np.random.MT19937, np.random.RandomState]] = []


def _make_engine() -> tuple[np.random.MT19937, np.random.RandomState]:
    """Return a twister and the interface that seeds it the classic way."""
    twister = np.random.MT19937(0)
    return twister, np.random.RandomState(twister)


def _temper(key: Array) -> Array:
    """Return the words that a block of the twister's state gives out."""
    words = key ^ (key >> 11)
    words ^= (words << 7) & 0x9D2C5680
    words ^= (words << 15) & 0xEFC60000
    words ^= words >> 18
    return words


def _untemper(words: Array) -> Array:
    """Return the block of state that gives out these words: each step of `_temper` undone, last one first."""
    key = words ^ (words >> 18)
    key ^= (key << 15) & 0xEFC60000
    low = key
    for _ in range(4):  # seven more bits come right each time
        low = key ^ ((low << 7) & 0x9D2C5680)
    high = low ^ (low >> 11)
    return low ^ (high >> 11)


def or_on_device(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function that draws from a `Stream`: the streams of devices have a method of its name."""
    name = function.__name__

    @functools.wraps(function)
    def draw_from(stream: Any, *parameters: Any) -> Any:
        if type(stream) is Stream:
            return function(stream, *parameters)
        return getattr(stream, name)(*parameters)

    return draw_from


class Stream:
    """A position in the stream of words of one seed.

    Attributes
    ----------
    seed : int
        What the stream was seeded with, in [0, 2**64).
    normal : float or None
        The second value of a pair of normals of which only the first was asked for.
    """

    __slots__ = ("_at", "_engine", "_key", "_lock", "_words", "normal", "seed")

    def __init__(self, seed: int) -> None:
        # Making an engine takes longer than the whole rest of an epoch's shuffling, so they are used again.
        self._engine = _spare_engines.pop() if _spare_engines else _make_engine()
        self._lock = threading.Lock()
        self.restart(seed)

    def __del__(self, spare: list[Any] = _spare_engines) -> None:
        spare.append(self._engine)

    def restart(self, seed: int) -> None:
        """Go to the beginning of the stream of a seed, of which the low 32 bits count."""
        with self._lock:
            self.seed = seed
            self._engine[1].seed(seed & 0xFFFFFFFF)
            self._key: Array | None = None  # the state before the next block, where it is not the engine's
            self._words = np.empty(0, np.uint32)  # whole blocks
            self._at = 0
            self.normal: float | None = None

    def take(self, count: int) -> Array:
        """Return the next words; what is returned must not be written to.

        Parameters
        ----------
        count : int

        Returns
        -------
        ndarray of uint32, shape (count,)
        """
        with self._lock:
            start = self._at
            stop = start + count
            if stop > self._words.size:
                return self._refill(count)
            self._at = stop
            return self._words[start:stop]

    def ahead(self, count: int) -> Array:
        """Return at least ``count`` next words, some of which must then be taken by `advance`."""
        with self._lock:
            if self._words.size - self._at < count:
                block = max(self._at - 1, 0) // BLOCK * BLOCK  # the state is told from the block that was come to
                kept = self._words[block:]
                words = np.empty(kept.size + -(-count // BLOCK) * BLOCK, np.uint32)
                words[: kept.size] = kept
                self._make(words[kept.size :])
                self._words = words
                self._at -= block
            return self._words[self._at :]

    def advance(self, count: int) -> None:
        """Take words that `ahead` has shown."""
        with self._lock:
            self._at += count

    def _refill(self, count: int) -> Array:
        left = self._words[self._at :]
        missing = count - left.size
        size = max(-(-missing // BLOCK), 8 if self._words.size else 2) * BLOCK
        words = np.empty(left.size + size, np.uint32)
        words[: left.size] = left
        fresh = words[left.size :]
        self._make(fresh)
        # Only the block that the stream has come to is kept of a large draw.
        done = 0 if size <= CHUNK else (missing - 1) // BLOCK * BLOCK
        self._words = fresh[done:] if done == 0 else fresh[done:].copy()
        self._at = missing - done
        return words[:count]

    def _make(self, out: Array) -> None:
        """Fill ``out`` with the next words, a number of whole blocks."""
        kernel = _kernel(out.size)
        twister = self._engine[0]
        if kernel is not None and self._key is None:
            if self._words.size:
                self._key = _untemper(self._words[-BLOCK:])
            elif out.size > CHUNK // 4:  # asking NumPy for its state takes longer than a few words do
                self._key = twister.state["state"]["key"]
        if kernel is not None and self._key is not None:
            kernel(self._key, out)
            return
        if self._key is not None:
            twister.state = {"bit_generator": "MT19937", "state": {"key": self._key, "pos": BLOCK}}
            self._key = None
        for start in range(0, out.size, CHUNK):
            part = out[start : start + CHUNK]
            part[:] = twister.random_raw(part.size)

    def state(self) -> Array:
        """Return the state as the 5056 bytes that PyTorch saves.

        Returns
        -------
        ndarray of uint8, shape (5056,)
        """
        with self._lock:
            blob = np.zeros((), STATE)
            blob["seed"], blob["seeded"] = self.seed, 1
            if self._words.size == 0:
                blob["key"] = self._engine[0].state["state"]["key"] if self._key is None else self._key
                blob["left"] = 1
            else:
                block = (self._at - 1) // BLOCK * BLOCK
                blob["key"] = _untemper(self._words[block : block + BLOCK])
                blob["next"] = self._at - block
                blob["left"] = BLOCK + 1 - blob["next"]
            if self.normal is not None:
                blob["normal"], blob["has_normal"] = self.normal, 1
            return blob.reshape(1).view(np.uint8)

    def restore(self, state: Array) -> None:
        """Go to where the stream was when a state was saved, by minigrad or by PyTorch.

        Raises
        ------
        RuntimeError
            When the bytes are not the state of an MT19937 CPU generator.
        """
        if state.size != STATE.itemsize:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {STATE.itemsize} but found the input RNG state size to be "
                f"{state.size}"
            )
        blob = np.ascontiguousarray(state).reshape(-1).view(STATE)[0]
        if blob["seeded"] != 1 or not 0 < blob["left"] <= BLOCK or blob["next"] > BLOCK:
            raise RuntimeError("Invalid mt19937 state")
        with self._lock:
            self.seed = int(blob["seed"])
            self._key = blob["key"].astype(np.uint32)
            used = BLOCK + 1 - int(blob["left"])
            fresh = used == BLOCK and blob["next"] == 0  # seeded, and nothing drawn yet
            self._words = np.empty(0, np.uint32) if fresh else _temper(self._key)
            self._at = 0 if fresh else used
            self.normal = float(blob["normal"]) if blob["has_normal"] else None


class Loaded:
    """The kernel that makes words, once it is loaded, and how many words were made without it."""

    kernel: Any = None
    made = 0


def _kernel(wanted: int) -> Any:
    """Return the kernel that makes words, or None where NumPy should: no draw is worth loading Numba for."""
    if Loaded.kernel is None and "numba" in sys.modules:
        Loaded.made += wanted
        if Loaded.made > _KERNEL_PAYS:
            from minigrad_kernels.cpu.mersenne import twister_words

            Loaded.kernel = twister_words
    return Loaded.kernel
