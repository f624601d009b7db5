"""What runs in a worker process of a `DataLoader`."""

from __future__ import annotations

import os
import queue
import random
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Any

import numpy as np

from minigrad.random import manual_seed
from minigrad.utils.data import _transport, worker
from minigrad.utils.data._fetch import Fetch, FetchPlan
from minigrad.utils.data.worker import WorkerInfo

# A worker that waits looks this often, in seconds, whether its parent lives: the pipe usually tells at once.
_PARENT_CHECK_INTERVAL = 5.0


@dataclass(frozen=True)
class Task:
    """Fetch the batch at `index` (any form that the plan's fetch takes)."""

    epoch: int
    index: Any


@dataclass(frozen=True)
class NewEpoch:
    """Begin anew with the dataset: sent to workers that persist."""


@dataclass(frozen=True)
class Exhausted:
    """The worker's copy of an iterable dataset has ended."""


class _KeyErrorMessage(str):
    """A message that `KeyError` shows as it is, newlines and all."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Failure:
    """An exception of a worker, as its type and its printed traceback."""

    kind: type[BaseException]
    text: str
    worker_id: int

    @classmethod
    def of(cls, error: BaseException, worker_id: int) -> Failure:
        """Describe an exception that was just caught."""
        return cls(type(error), "".join(traceback.format_exception(error)), worker_id)

    def raise_again(self) -> None:
        """Raise an exception of the same type, whose message holds the worker's traceback."""
        where = f"in DataLoader worker process {self.worker_id}"
        message = f"Caught {self.kind.__name__} {where}.\nOriginal {self.text}"
        if self.kind is KeyError:
            raise KeyError(_KeyErrorMessage(message))
        try:
            error = self.kind(message)
        except Exception:  # a type of other arguments cannot be made from a message
            raise RuntimeError(message) from None
        raise error


@dataclass(frozen=True)
class WorkerSetup:
    """What a new worker is told."""

    plan: FetchPlan
    base_seed: int
    init_fn: Callable[[int], Any] | None
    worker_id: int
    num_workers: int


def run_worker(connection: Connection, setup: WorkerSetup) -> None:
    """Answer tasks, one reply each and in order, until the connection closes."""
    replies: queue.SimpleQueue[_transport.Packed] = queue.SimpleQueue()
    # Writing blocks while the main process is busy elsewhere; the fetching goes on meanwhile.
    threading.Thread(target=_send_all, args=(connection, replies), daemon=True).start()
    try:
        _prepare(setup)
        _answer(connection, setup, replies)
    except (EOFError, OSError, KeyboardInterrupt):
        # The main process is gone, has no more use for this one, or was interrupted by the same key press.
        return


def _prepare(setup: WorkerSetup) -> None:
    """Seed this process as PyTorch does, and tell it what it is."""
    seed = setup.base_seed + setup.worker_id
    random.seed(seed)
    manual_seed(seed)
    entropy = [setup.worker_id, setup.base_seed & 0xFFFFFFFF, setup.base_seed >> 32, 0]
    np.random.seed(np.random.SeedSequence(entropy).generate_state(4))  # noqa: NPY002  # users draw from it
    worker.set_worker_info(WorkerInfo(setup.worker_id, setup.num_workers, seed, setup.plan.dataset))


def _answer(connection: Connection, setup: WorkerSetup, replies: queue.SimpleQueue[_transport.Packed]) -> None:
    """Reply to every task until the connection closes."""
    fetch = _first_fetch(setup)
    while _wait_for_request(connection):
        request = connection.recv()
        if isinstance(request, NewEpoch):
            fetch = _start(setup)
            continue
        reply = _attempt(fetch, request.index, setup)
        if isinstance(reply, Exhausted):
            fetch = _ended
        replies.put(_packed(request.epoch, reply, setup))


def _first_fetch(setup: WorkerSetup) -> Fetch:
    """Call the user's initialiser and begin with the dataset; if that fails, the first task's reply says so."""
    try:
        if setup.init_fn is not None:
            setup.init_fn(setup.worker_id)
    except Exception as error:
        return _always_failing(error)
    return _start(setup)


def _start(setup: WorkerSetup) -> Fetch:
    try:
        return setup.plan.start()
    except Exception as error:
        return _always_failing(error)


def _always_failing(error: Exception) -> Fetch:
    def fetch(_: Any) -> Any:
        raise error

    return fetch


def _ended(_: Any) -> Any:
    raise StopIteration


def _attempt(fetch: Fetch, index: Any, setup: WorkerSetup) -> Any:
    """Fetch one batch, or describe what went wrong."""
    try:
        return fetch(index)
    except StopIteration as stop:
        return Exhausted() if setup.plan.is_iterable else Failure.of(stop, setup.worker_id)
    except Exception as error:
        return Failure.of(error, setup.worker_id)


def _packed(epoch: int, reply: Any, setup: WorkerSetup) -> _transport.Packed:
    """Pickle a reply, or the error that keeps it from being pickled."""
    try:
        return _transport.pack((epoch, reply))
    except Exception as error:
        # An exception of a class that cannot be pickled keeps its text.
        text = reply.text if isinstance(reply, Failure) else Failure.of(error, setup.worker_id).text
        return _transport.pack((epoch, Failure(RuntimeError, text, setup.worker_id)))


def _send_all(connection: Connection, replies: queue.SimpleQueue[_transport.Packed]) -> None:
    """Write the replies in order; a thread of its own, for as long as the main process reads."""
    try:
        while True:
            _transport.send(connection, replies.get())
    except OSError:  # the main process has closed its side
        return


def _wait_for_request(connection: Connection) -> bool:
    """Wait for the main process to say something; False if it is gone."""
    parent = parent_process()
    parent_id = os.getppid()
    watched: list[Any] = [connection] if parent is None else [connection, parent.sentinel]
    while True:
        ready = wait(watched, _PARENT_CHECK_INTERVAL)
        if connection in ready:
            return True
        # Another process may hold a copy of the pipe's other end, and keep it open after the parent's death.
        if ready or os.getppid() != parent_id:
            return False
