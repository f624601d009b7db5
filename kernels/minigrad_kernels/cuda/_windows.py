"""Which of equally spaced windows cover a position, for kernels that gather what windows gave to it."""

from __future__ import annotations

from minigrad_kernels.cuda._kernel import subroutine


@subroutine
def first_window(position, reach, stride):
    """Return the first window that may cover a position, counted from the start of the first window.

    `reach` is the distance from a window's first position to its last.
    """
    return max(0, (position - reach + stride - 1) // stride)


@subroutine
def end_window(position, stride, out):
    """Return the end of the windows that may cover a position, of which there are `out`."""
    return min(out, position // stride + 1)
