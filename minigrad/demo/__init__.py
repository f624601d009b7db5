"""The main job: a network that learns to read handwritten digits, its gradients checked three ways, and pictures.

`python -m minigrad demo` runs it. `digits` loads the data, `training` trains, `by_hand` derives the gradients in NumPy,
`pictures` draws, and `job` puts them in order.
"""

from __future__ import annotations

from minigrad.demo.job import Settings, run

__all__ = ["Settings", "run"]
