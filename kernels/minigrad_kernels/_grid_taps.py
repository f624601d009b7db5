"""Images read at the positions of a grid by places and weights that were found before, on any device."""

from __future__ import annotations

import math
from typing import Any, NamedTuple


class ByTaps(NamedTuple):
    """Reading with the kernels of one device, which are the fields."""

    grid_taps: Any
    grid_taps_backward: Any
    tap_sums: Any
    tap_sums_input: Any
    tap_sums_weights: Any

    def read_at(self, x, grid, mode, padding_mode, align_corners):
        """Return images read at the positions of a grid, and what `grid_taps` found; see the CPU's `read_at`."""
        batch, channels, *sizes = x.shape
        places, weights = self.grid_taps(grid, tuple(sizes[::-1]), mode, padding_mode, align_corners)
        out = self.tap_sums(x.reshape(batch, channels, math.prod(sizes)), places, weights)
        return out.reshape(batch, channels, *grid.shape[1:-1]), places, weights

    def read_at_backward(self, grad, x, grid, places, weights, mode, padding_mode, align_corners, needs):
        """Return the gradients of `read_at`, as far as they are needed; see the CPU's."""
        (batch, channels, *sizes), of_x, of_grid = x.shape, None, None
        grad, length = grad.reshape(batch, channels, places.shape[1]), math.prod(sizes)
        if needs[0]:
            of_x = self.tap_sums_input(grad, places, weights, length).reshape(x.shape)
        if needs[1]:
            of_weights = self.tap_sums_weights(grad, places, x.reshape(batch, channels, length))
            of_grid = self.grid_taps_backward(of_weights, grid, tuple(sizes[::-1]), mode, padding_mode, align_corners)
        return of_x, of_grid
