"""Parts of one kernel's work on several threads.

Numba's threads cost a third of a second a loop to compile, and a process that forks loses them. Kernels release the
GIL, so Python's threads do as well: handing a part over costs some 20 microseconds, so only long calls are divided.
"""

from __future__ import annotations

import itertools
import os

_ENVIRONMENT = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
_WORTHWHILE = 1 << 25  # multiplications: a third of a millisecond on one thread
_state = {"count": None, "pool": None}


def count():
    """Return how many threads a long call is divided among: what the environment says, or one a processor."""
    if _state["count"] is None:
        named = [int(os.environ[name]) for name in _ENVIRONMENT if os.environ.get(name, "").isdecimal()]
        usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        _state["count"] = max(1, min([*named, usable]))
    return _state["count"]


def set_count(number):
    """Divide long calls among so many threads from now on."""
    _state.update(count=max(1, number), pool=None)


def _pool():
    if _state["pool"] is None:
        import concurrent.futures  # 10 ms, which a process without long calls need not spend

        _state["pool"] = concurrent.futures.ThreadPoolExecutor(count() - 1, "minigrad")
    return _state["pool"]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _state.update(pool=None))


def in_parts(function, size, work):
    """Return what ``function(first, last)`` gives for ranges that make up ``range(size)``, in order.

    Parameters
    ----------
    function : callable
        Run on this thread and others at once.
    size : int
    work : int
        Multiplications that it takes in all.
    """
    parts = min(count(), size, max(1, work // (_WORTHWHILE // 2)))
    if parts == 1:
        return [function(0, size)]
    edges = [size * part // parts for part in range(parts + 1)]
    mine, *others = itertools.pairwise(edges)
    others = [_pool().submit(function, *other) for other in others]
    mine = function(*mine)
    return [mine, *[each.result() for each in others]]
