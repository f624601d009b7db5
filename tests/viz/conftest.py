"""A figure to draw on, and a look at the dots that came out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest


@pytest.fixture
def fig() -> Any:
    """A figure with the canvas that every figure has where there is no window system."""
    from matplotlib.figure import Figure

    return Figure(figsize=(6, 4), dpi=80)


@pytest.fixture
def dots() -> Callable[[Any], Any]:
    """Draw a figure; return its dots, shape (height, width, 3), between 0 and 1."""

    def draw(figure: Any) -> Any:
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3] / 255

    return draw
