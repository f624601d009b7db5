"""`Timer`: runs a snippet as often as it takes to time it."""

from __future__ import annotations

import importlib
import textwrap
import time
import timeit
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from minigrad.settings import get_num_threads, set_num_threads
from minigrad.utils.benchmark.measurement import Measurement, TaskSpec

__all__ = ["Timer"]


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = get_num_threads()
    set_num_threads(count)
    try:
        yield
    finally:
        set_num_threads(before)


class Timer:
    """Times a snippet.

    Parameters
    ----------
    stmt : str
        The snippet; the name ``torch`` is known in it.
    setup : str
        Runs before it, once.
    global_setup : str
        For C++ snippets, which are not supported.
    timer : callable
        Returns the time in seconds.
    globals : dict, optional
        Names that the snippet knows.
    label, sub_label, description, env : str, optional
        What it is called where measurements are shown.
    num_threads : int
        With how many threads it runs.
    language : str
        "python".

    Examples
    --------
    >>> from minigrad.utils.benchmark import Timer
    >>> Timer("x + 1", setup="x = torch.ones(2)").timeit(10).number_per_run
    10
    """

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        global_setup: str = "",
        timer: Callable[[], float] = time.perf_counter,
        globals: dict[str, Any] | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        env: str | None = None,
        num_threads: int = 1,
        language: str = "python",
    ) -> None:
        if not isinstance(stmt, str):
            raise ValueError("Currently only a `str` stmt is supported.")
        if language not in ("python", "py"):
            raise ValueError(f"Timer only supports Python snippets, not language={language!r}")
        if global_setup:
            raise ValueError(
                f"global_setup is C++ only, got `{global_setup}`. Most likely this code can simply be moved to `setup`."
            )
        names = {"torch": importlib.import_module("minigrad"), **(globals or {})}
        stmt, setup = textwrap.dedent(stmt), textwrap.dedent(setup)
        if stmt and stmt[0] == "\n":
            stmt = stmt[1:].rstrip()
        if setup and setup[0] == "\n":
            setup = setup[1:].rstrip()
        self._timer = timeit.Timer(stmt=stmt, setup=setup, timer=timer, globals=names)
        self._task_spec = TaskSpec(stmt, setup, global_setup, label, sub_label, description, env, num_threads)

    def _seconds(self, number: int) -> float:
        return max(self._timer.timeit(number), 1e-9)

    def timeit(self, number: int = 1000000) -> Measurement:
        """Return the time of so many runs, after a few to warm up."""
        with _threads(self._task_spec.num_threads):
            self._seconds(max(number // 100, 2))
            return Measurement(number, [self._seconds(number)], self._task_spec)

    def repeat(self, repeat: int = -1, number: int = -1) -> None:
        """Refuse, as PyTorch does: `blocked_autorange` finds the numbers itself."""
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def autorange(self, callback: Callable[[int, float], None] | None = None) -> None:
        """Refuse, as PyTorch does: see `blocked_autorange`."""
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def _block_size(self, min_run_time: float) -> int:
        """Return a number of runs for which the timer's own time does not count."""
        overhead = min(self._seconds(0) for _ in range(5))
        number = 1
        while True:
            taken = self._seconds(number)
            if overhead / taken <= 1e-4 and taken >= min_run_time / 1000:
                return number
            if taken > min_run_time:
                return number
            number *= 10

    def _measured(self, number: int, stop: Callable[[list[float]], bool], min_run_time: float, max_run_time: float,
                  callback: Callable[[int, float], None] | None) -> Measurement:  # fmt: skip
        times: list[float] = []
        total = 0.0
        while total < min_run_time or not stop(times):
            if total >= max_run_time:
                break
            taken = self._seconds(number)
            total += taken
            if callback is not None:
                callback(number, taken)
            times.append(taken)
        return Measurement(number, times, self._task_spec)

    def blocked_autorange(
        self, callback: Callable[[int, float], None] | None = None, min_run_time: float = 0.2
    ) -> Measurement:
        """Return the times of blocks of runs, until together they have taken ``min_run_time`` seconds.

        Parameters
        ----------
        callback : callable, optional
            Gets the number of runs and the time of each block.
        min_run_time : float
        """
        with _threads(self._task_spec.num_threads):
            number = self._block_size(min_run_time)
            return self._measured(number, lambda times: True, min_run_time, float("inf"), callback)

    def adaptive_autorange(
        self,
        threshold: float = 0.1,
        *,
        min_run_time: float = 0.01,
        max_run_time: float = 10.0,
        callback: Callable[[int, float], None] | None = None,
    ) -> Measurement:
        """Return the times of blocks of runs, until their quartiles are close enough together.

        Parameters
        ----------
        threshold : float
            The share of the median that they may be apart.
        min_run_time, max_run_time : float
            In seconds.
        callback : callable, optional
            As for `blocked_autorange`.
        """

        def settled(times: list[float]) -> bool:
            return len(times) > 3 and Measurement(number, times, self._task_spec).meets_confidence(threshold)

        with _threads(self._task_spec.num_threads):
            number = self._block_size(0.05)
            return self._measured(number, settled, min_run_time, max_run_time, callback)
