"""Where compiled kernels are kept between processes, and the lock that guards the folder.

The folder is named by a hash of all kernel sources, because Numba notices a change only in the file that holds the
kernel, not in the scalar functions that it calls.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import threading
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: only the threads of one process are kept apart there
    fcntl = None

_SOURCES = Path(__file__).parent
_threads = threading.RLock()
_MONTH = 30 * 24 * 3600.0


def _root():
    """Return the user's folder for all of minigrad's caches."""
    if named := os.environ.get("MINIGRAD_CACHE_DIR"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "minigrad"


def _sources_hash():
    """Return a short hash of the text of all kernel sources."""
    digest = hashlib.sha256()
    for path in sorted(_SOURCES.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _open_folder():
    """Return the folder for these sources, made if need be, or None where nothing can be written."""
    try:
        folder = _root() / f"kernels-{_sources_hash()}"
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _prune(folder)
        (folder / "lock").touch()
    except (OSError, RuntimeError):
        return None
    return folder


def _prune(newest):
    """Remove folders of former sources that no process has opened for a month."""
    for old in newest.parent.glob("kernels-*"):
        lock = old / "lock"
        if old != newest and lock.exists() and time.time() - lock.stat().st_mtime > _MONTH:
            shutil.rmtree(old, ignore_errors=True)


def _renew_lock():
    """Give a forked process its own lock: a thread of the parent may have held the inherited one."""
    global _threads
    _threads = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)

FOLDER = _open_folder()


@contextlib.contextmanager
def exclusive():
    """Keep other threads and processes from compiling meanwhile.

    Numba's index of cached code is read, changed and written without a lock: two processes that compile two versions
    of one kernel at the same time can leave an index that points at the wrong code for good.
    """
    with _threads:
        if FOLDER is None or fcntl is None:
            yield
            return
        with open(FOLDER / "lock") as lock:
            with contextlib.suppress(OSError):  # file systems without locks
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
