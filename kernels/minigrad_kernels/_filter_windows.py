"""How filters' windows lie over images, on any device.

Everything is said for three spatial dimensions; one- and two-dimensional images have leading lengths of 1.
"""

from __future__ import annotations

import functools
import math

import numpy as np


class Windows:
    """How windows lie over images.

    Parameters
    ----------
    channels : int
    size : tuple of int
        Spatial lengths of the images: 1 to 3 of them, as of all tuples here.
    kernel : tuple of int
        Lengths of a window.
    stride, padding, dilation : tuple of int
        ``padding`` is what lies before the image; what lies after it follows from ``out``.
    out : tuple of int
        Windows along each dimension.

    Attributes
    ----------
    taps : int
        Elements of a window over all channels.
    lines, line : int
        Output rows an image, and their length.
    shape : ndarray of int64
        All of it, for the loops.
    """

    def __init__(self, channels, size, kernel, stride, padding, dilation, out):
        missing = 3 - len(size)
        ones, zeros = (1,) * missing, (0,) * missing
        size, kernel, out = ones + size, ones + kernel, ones + out
        self.channels, self.taps = channels, channels * math.prod(kernel)
        self.lines, self.line = out[0] * out[1], out[2]
        self.is_plain = math.prod(kernel) == 1 and size == out and not any(padding) and all(s == 1 for s in stride)
        self.shape = np.array(
            [channels, *size, *kernel, *ones, *stride, *zeros, *padding, *ones, *dilation, *out], np.int64
        )

    def blocks(self, images, filters, itemsize, limit):
        """Yield blocks of about `limit` bytes of columns and products: whole images, or a part of the lines of one.

        A block is the first image and their number, the first line and their number.
        """
        fitting = max(1, limit // max(1, (self.taps + filters) * self.line * itemsize))
        if fitting >= self.lines:
            step = fitting // max(1, self.lines)
            for image in range(0, images, step):
                yield image, min(step, images - image), 0, self.lines
            return
        for image in range(images):
            for first in range(0, self.lines, fitting):
                yield image, 1, first, min(fitting, self.lines - first)


@functools.lru_cache(maxsize=512)
def windows(channels, size, kernel, stride, padding, dilation, out):
    """Return the `Windows` of these numbers, made once."""
    return Windows(channels, size, kernel, stride, padding, dilation, out)
