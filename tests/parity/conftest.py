"""The tests of this folder compare with PyTorch, and are left out where it is not installed: make parity."""

from __future__ import annotations

import importlib.util

collect_ignore_glob = [] if importlib.util.find_spec("torch") else ["test_*.py"]
