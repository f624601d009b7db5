"""The main process's side of a loader with workers.

Every worker has a pipe of its own, on which it gets tasks and answers each, in order. So batches come in order by
reading the right pipe; a dead worker shows as a closed pipe, and cannot leave a lock behind; and closing the pipes
ends the workers, whether the loop was left early or the iterator was dropped.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import socket
import sys
import time
import weakref
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from minigrad.utils.data import _transport
from minigrad.utils.data._iterators import BaseDataLoaderIter
from minigrad.utils.data._worker_process import Exhausted, Failure, NewEpoch, Task, WorkerSetup, run_worker

if TYPE_CHECKING:
    from minigrad.utils.data.dataloader import DataLoader

# How long, in seconds, workers may take to finish what they do when the loader closes.
_PATIENCE = 5.0


@dataclass(eq=False)
class _Worker:
    """A worker process as the main process sees it."""

    process: Any
    connection: Connection
    active: bool = True
    pending: int = 0


class MultiProcessingDataLoaderIter(BaseDataLoaderIter):
    """Iterates a loader whose batches are fetched by worker processes."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        self._prefetch = loader.num_workers * (loader.prefetch_factor or 0)
        self._timeout = loader.timeout
        self._in_order = loader.in_order
        self._persistent = loader.persistent_workers
        self._epoch = 0
        self._workers: list[_Worker] = []
        self._tasks: deque[_Worker] = deque()
        self._close = weakref.finalize(self, _close, self._workers, os.getpid())
        # At exit multiprocessing ends its daemons by itself, at once.
        self._close.atexit = False
        try:
            self._start_workers(loader)
            self.reset(loader)
        except BaseException:
            self._close()
            raise

    def _start_workers(self, loader: DataLoader[Any]) -> None:
        context: Any = loader.multiprocessing_context or multiprocessing.get_context()
        for worker_id in range(loader.num_workers):
            setup = WorkerSetup(
                plan=loader.fetch_plan(),
                base_seed=self._base_seed,
                init_fn=loader.worker_init_fn,
                worker_id=worker_id,
                num_workers=loader.num_workers,
            )
            ours, theirs = context.Pipe()
            process = context.Process(target=run_worker, args=(theirs, setup), daemon=True)
            process.start()
            # Only the worker may hold its end, or its death would not close the pipe.
            theirs.close()
            self._workers.append(_Worker(process, ours))

    @property
    def is_open(self) -> bool:
        """Whether the workers are there for another epoch."""
        return self._close.alive

    def reset(self, loader: DataLoader[Any]) -> None:
        """Begin an epoch; what workers still send of the last one is dropped."""
        self._restart(loader)
        self._epoch += 1
        self._tasks.clear()
        for worker in self._workers:
            worker.active, worker.pending = True, 0
            if self._epoch > 1:
                self._tell(worker, NewEpoch())
        self._turns: Iterator[_Worker] = itertools.cycle(self._workers)
        for _ in range(self._prefetch):
            self._send_task()

    def _send_task(self) -> None:
        """Give the next indices to the worker whose turn it is."""
        if not any(worker.active for worker in self._workers):
            return
        index = next(self._sampler_iter, _END)
        if index is _END:
            return
        if self._in_order:
            worker = next(worker for worker in self._turns if worker.active)
        else:
            worker = min((worker for worker in self._workers if worker.active), key=lambda worker: worker.pending)
        self._tell(worker, Task(self._epoch, index))
        worker.pending += 1
        self._tasks.append(worker)

    def _tell(self, worker: _Worker, request: Task | NewEpoch) -> None:
        try:
            worker.connection.send(request)
        except OSError:
            self._fail(worker)

    def _next_batch(self) -> Any:
        while self._tasks:
            worker = self._awaited()
            reply = self._reply_of(worker)
            self._tasks.remove(worker)
            worker.pending -= 1
            if not isinstance(reply, Exhausted):
                self._send_task()
                if isinstance(reply, Failure):
                    reply.raise_again()
                return reply
            if worker.active:
                worker.active = False
                self._send_task()
        if not self._persistent:
            self._close()
        raise StopIteration

    def _awaited(self) -> _Worker:
        """Return the worker whose reply is the next batch."""
        if self._in_order:
            return self._tasks[0]
        waiting = {worker.connection: worker for worker in self._workers if worker.pending}
        ready = wait(list(waiting), self._timeout or None)
        if not ready:
            self._raise_timeout()
        return next(worker for connection, worker in waiting.items() if connection in ready)

    def _reply_of(self, worker: _Worker) -> Any:
        """Read a worker's reply of this epoch."""
        deadline = time.monotonic() + self._timeout if self._timeout else None
        try:
            while True:
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                ready = wait([worker.connection, worker.process.sentinel], left)
                if not ready:
                    self._raise_timeout()
                if worker.connection not in ready and not worker.connection.poll():
                    raise EOFError
                epoch, reply = _transport.receive(worker.connection)
                if epoch == self._epoch:
                    return reply
        except (EOFError, OSError):
            self._fail(worker)
        except _TimeoutError:
            raise
        except BaseException:
            # A message may have been read in part: the pipe is of no more use.
            self._tasks.clear()
            self._close()
            raise

    def _raise_timeout(self) -> None:
        raise _TimeoutError(f"DataLoader timed out after {self._timeout} seconds")

    def _fail(self, worker: _Worker) -> None:
        """Close the loader and say how the worker ended."""
        process_id = worker.process.pid
        worker.process.join(_PATIENCE)
        code = worker.process.exitcode
        self._tasks.clear()
        self._close()
        if code is not None and code < 0:
            name = signal.strsignal(-code) or str(-code)
            raise RuntimeError(f"DataLoader worker (pid {process_id}) is killed by signal: {name}. ") from None
        raise RuntimeError(f"DataLoader worker (pid(s) {process_id}) exited unexpectedly") from None


class _TimeoutError(RuntimeError):
    """No batch came in time."""


_END = object()


def _close(workers: list[_Worker], owner: int) -> None:
    """End the workers, and wait for them."""
    if os.getpid() != owner:  # a forked copy of the iterator
        return
    for worker in workers:
        _hang_up(worker.connection)
    deadline = time.monotonic() + _PATIENCE
    for worker in workers:
        worker.process.join(max(0.0, deadline - time.monotonic()))
        if worker.process.exitcode is None:
            worker.process.terminate()
            worker.process.join(_PATIENCE)
        if worker.process.exitcode is None:
            worker.process.kill()
            worker.process.join()
    workers.clear()


def _hang_up(connection: Connection) -> None:
    """Close a pipe for both sides, even if a process forked meanwhile holds a copy of its end."""
    if sys.platform != "win32":
        try:
            with socket.socket(fileno=os.dup(connection.fileno())) as end:
                end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
    connection.close()
