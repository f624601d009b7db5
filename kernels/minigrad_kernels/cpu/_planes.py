"""Images laid out so that every tap of a filter is one shifted run over all of them: the geometry of convolution.

Take an image with its border of zeros, as one long line. For a stride of 1, what the tap ``(b, e)`` of a filter sees of
all windows is that line from element ``b * width + e`` on; so a convolution is a sum of shifted lines, a matrix product
whose rows need not be copied. The results at the ends of rows, where windows reach over the edge, mean nothing and are
left out.

* The zeros after one row are the zeros before the next, and likewise between images, which follow each other.
* For a stride of s the image is split into s planes a dimension, each of every s-th element: a tap reads one of them,
  and there its stride is 1.
* The gradient of the images is such a sum, too: of the planes of the output's gradient, one sum for each remainder of a
  position by the stride.

Everything is done for three spatial dimensions; one- and two-dimensional images have leading lengths of 1.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from minigrad_kernels.cpu._copy import clear_run, copy_every_second, copy_run
from minigrad_kernels.cpu._kernel import subroutine
from minigrad_kernels.cpu._vectors import lanes

_CACHE = 1 << 20  # bytes of planes that stay in the second-level cache
_WIDEST = 8192  # columns of results that wait there to be written


class Planes:
    """How a batch of images is laid out.

    Parameters
    ----------
    images, channels, itemsize : int
    size : tuple of 3 int
        Spatial lengths of the images, as all tuples here.
    kernel, stride, padding, dilation, out : tuple of 3 int
        ``padding`` is what lies before the image, or what is cut off where it is negative; ``out`` is how many windows
        there are.
    beside : int
        Channels of other planes of this kind that share the cache.

    Attributes
    ----------
    rows : tuple of 3 int
        Lengths of a plane with its zeros.
    plane : int
        Their product: elements of a plane.
    capacity : int
        How many images are laid out at a time, one after the other in each plane.
    pitch, lanes : int
        Distance between planes, a multiple of `lanes`, which is the number of elements of a vector.
    count, slack : int
        Elements of all planes, and how many after them may be read.
    lines : int
        How many lines of results are computed from cached columns.
    taps : list of int
        Where in the planes of a channel each tap's run begins.
    """

    def __init__(self, images, channels, itemsize, size, kernel, stride, padding, dilation, out, beside=0):
        self.images, self.channels, self.size, self.stride, self.padding = images, channels, size, stride, padding
        steps = [range(0, k * d, d) for k, d in zip(kernel, dilation, strict=True)]
        used = [sorted({t % s for t in taps}) for taps, s in zip(steps, stride, strict=True)]
        self.phases = list(itertools.product(*used))
        self.rows = tuple(
            _row(n, s, p, o, taps[-1] // s, phases[0], phases[-1])
            for n, s, p, o, taps, phases in zip(size, stride, padding, out, steps, used, strict=True)
        )
        self.plane = math.prod(self.rows)
        bytes_of_one = (channels * len(self.phases) + beside) * self.plane * itemsize
        self.capacity = max(1, min(images, _CACHE // max(1, bytes_of_one)))
        self.lanes = lanes(itemsize)
        self.pitch = -(-self.capacity * self.plane // self.lanes) * self.lanes
        self.count = channels * len(self.phases) * self.pitch
        self.taps = [self.shift(taps) for taps in itertools.product(*steps)]
        # The runs of the last plane end beyond it, and the last tile beyond them.
        farthest = tuple(taps[-1] // s for taps, s in zip(steps, stride, strict=True))
        self.slack = self._place(farthest) + 8 * self.lanes + 1
        depth = _CACHE // (channels * len(self.phases) * itemsize)
        self.lines = max(1, min(depth, _WIDEST) // self.rows[2])

    def shift(self, taps):
        """Return where in the planes of a channel a tap's run begins."""
        phase = self.phases.index(tuple(t % s for t, s in zip(taps, self.stride, strict=True)))
        return phase * self.pitch + self._place(tuple(t // s for t, s in zip(taps, self.stride, strict=True)))

    def _place(self, position):
        z, y, x = position
        return (z * self.rows[1] + y) * self.rows[2] + x

    def offsets(self, channels, shifts):
        """Return where the run of each tap of each channel begins."""
        starts = np.arange(channels, dtype=np.int64) * (len(self.phases) * self.pitch)
        return (starts[:, None] + np.array(shifts, np.int64)).reshape(-1)

    def numbers(self):
        """Return all of it for `lay_out`."""
        phases = [number for phase in self.phases for number in phase]
        return np.array(
            [
                self.channels,
                *self.size,
                *self.stride,
                *self.padding,
                *self.rows,
                self.pitch,
                self.lanes,
                self.slack,
                *phases,
            ],
            np.int64,
        )


def _row(size, stride, padding, out, reach, first, last):
    """Return the length of a row with its zeros, of which neighbouring rows share what they can."""
    length = out + reach
    before = max(0, -(-(padding - last) // stride))
    after = max(0, length - max(0, -(-(size + padding - first) // stride)))
    return length - min(before, after, reach)


@subroutine
def inside(offset, stride, length, out):
    """Return the range of the outputs j, below `out`, for which 0 <= offset + j * stride < length."""
    low = min(max(0, (stride - 1 - offset) // stride), out)
    return low, max(low, min(out, (length - 1 - offset) // stride + 1))


@subroutine
def lay_out(x, first, count, numbers, planes):
    """Fill planes with `count` images from `first` on; `numbers` are those of `Planes`."""
    channels, d, h, w, sd, sh, sw, pd, ph, pw, rd, rh, rw, pitch, lanes, slack = numbers[:16]
    phases = (numbers.size - 16) // 3
    for c in range(channels):
        for phase in range(phases):
            z0, y0, x0 = numbers[16 + 3 * phase : 19 + 3 * phase]
            low, high = inside(x0 - pw, sw, w, rw)
            top, bottom = inside(y0 - ph, sh, h, rh)
            place = (c * phases + phase) * pitch
            for n in range(count):
                source = ((first + n) * channels + c) * d
                for a in range(rd):
                    z = a * sd + z0 - pd
                    end = place + rh * rw
                    if z < 0 or z >= d or low >= high or top >= bottom:
                        clear_run(planes, place, end - place)
                        place = end
                        continue
                    clear_run(planes, place, top * rw + low)
                    place += top * rw + low
                    begin = ((source + z) * h + top * sh + y0 - ph) * w + low * sw + x0 - pw
                    for y in range(top, bottom):
                        if sw == 1:
                            copy_run(planes, place, x, begin, high - low)
                        elif sw == 2:
                            copy_every_second(planes, place, x, begin, high - low)
                        else:
                            run, row = planes[place : place + high - low], x[begin : begin + (high - low) * sw]
                            for t in range(run.size):
                                run[t] = row[t * sw]
                        place += high - low
                        if y < bottom - 1:
                            clear_run(planes, place, rw - high + low)
                            place += rw - high + low
                        begin += sh * w
                    clear_run(planes, place, end - place)
                    place = end
            clear_run(planes, place, min(lanes, (c * phases + phase + 1) * pitch - place))
    clear_run(planes, channels * phases * pitch, slack)
