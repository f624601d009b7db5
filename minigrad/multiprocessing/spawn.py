"""Running a function in several processes, and raising here what went wrong there."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

__all__ = [
    "ProcessContext",
    "ProcessExitedException",
    "ProcessRaisedException",
    "SpawnContext",
    "spawn",
    "start_processes",
]


class ProcessException(Exception):
    """What the two ways of failing share: which process it was.

    Attributes
    ----------
    error_index, error_pid : int
    msg : str
    """

    def __init__(self, msg: str, error_index: int, pid: int) -> None:
        super().__init__(msg)
        self.msg = msg
        self.error_index = error_index
        self.error_pid = pid


class ProcessRaisedException(ProcessException):
    """A process failed by an exception, whose traceback is in the message."""


class ProcessExitedException(ProcessException):
    """A process ended by a signal or with an exit code other than 0.

    Attributes
    ----------
    exit_code : int
    signal_name : str or None
    """

    def __init__(self, msg: str, error_index: int, error_pid: int, exit_code: int, signal_name: str | None) -> None:
        super().__init__(msg, error_index, error_pid)
        self.exit_code = exit_code
        self.signal_name = signal_name


def _run(fn: Callable[..., Any], index: int, args: tuple[Any, ...], errors: Any) -> None:
    """Call the function in the new process; send the traceback of what it raises."""
    try:
        fn(index, *args)
    except KeyboardInterrupt:
        pass  # the parent is interrupted, too
    except Exception:
        errors.put(traceback.format_exc())
        sys.exit(1)


class ProcessContext:
    """Processes that were started together.

    Attributes
    ----------
    processes : list of multiprocessing.Process
    """

    def __init__(self, processes: list[Any], error_queues: list[Any]) -> None:
        self.processes = processes
        self.error_queues = error_queues
        self._running = {process.sentinel: index for index, process in enumerate(processes)}

    def pids(self) -> list[int]:
        """Return the numbers that the system gave the processes."""
        return [int(process.pid) for process in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Wait until a process ends or the time is up; return whether all have ended.

        Raises
        ------
        ProcessRaisedException, ProcessExitedException
            For the first that failed, after ending the others.
        """
        if not self._running:
            return True
        failed = None
        for sentinel in multiprocessing.connection.wait(list(self._running), timeout):
            index = self._running.pop(sentinel)
            self.processes[index].join()
            if self.processes[index].exitcode != 0:
                failed = index
                break
        if failed is None:
            return not self._running
        for process in self.processes:
            if process.is_alive():
                process.terminate()
            process.join()
        raise self._failure(failed)

    def _failure(self, index: int) -> ProcessException:
        process, errors = self.processes[index], self.error_queues[index]
        if not errors.empty():
            text = f"\n\n-- Process {index} terminated with the following error:\n{errors.get()}"
            return ProcessRaisedException(text, index, process.pid)
        code = process.exitcode
        name = signal.Signals(-code).name if code < 0 else None
        how = f"signal {name}" if name else f"exit code {code}"
        return ProcessExitedException(f"process {index} terminated with {how}", index, process.pid, code, name)


SpawnContext = ProcessContext


def start_processes(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Call ``fn(index, *args)`` in ``nprocs`` processes.

    Parameters
    ----------
    join : bool
        Whether to wait for them all; otherwise their `ProcessContext` is returned.
    daemon : bool
        Whether they end with this process.
    start_method : {"spawn", "fork", "forkserver"}

    Raises
    ------
    ProcessRaisedException, ProcessExitedException
        Where one fails.
    """
    context: Any = multiprocessing.get_context(start_method)
    queues = [context.SimpleQueue() for _ in range(nprocs)]
    processes = [
        context.Process(target=_run, args=(fn, index, args, queue), daemon=daemon) for index, queue in enumerate(queues)
    ]
    for process in processes:
        process.start()
    made = ProcessContext(processes, queues)
    if not join:
        return made
    while not made.join():
        pass
    return None


def spawn(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Call ``fn(index, *args)`` in ``nprocs`` new interpreters; see `start_processes`."""
    return start_processes(fn, args, nprocs, join, daemon, start_method)
