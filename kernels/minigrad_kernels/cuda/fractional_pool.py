"""Max pooling over windows whose places are drawn for each plane; a thread a window."""

from __future__ import annotations

from math import prod

import numpy as np

from minigrad_kernels._pool_windows import drawn_starts
from minigrad_kernels.cuda import _memory
from minigrad_kernels.cuda._kernel import In, InInt64, Out, OutInt64, empty, kernel
from minigrad_kernels.cuda._numba import cuda


@kernel
def _fractional_max_loop(
    x: In,
    across: InInt64,
    down: InInt64,
    deep: InInt64,
    d: int,
    h: int,
    w: int,
    kd: int,
    kh: int,
    kw: int,
    od: int,
    oh: int,
    ow: int,
    places: OutInt64,
    out: Out,
):
    """Out = the largest element of each window, places = its number in the plane; windows start where the rows say."""
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        plane, p, q, r = i // (od * oh * ow), i // (oh * ow) % od, i // ow % oh, i % ow
        first = (deep[plane * od + p] * h + down[plane * oh + q]) * w + across[plane * ow + r]
        start, place = plane * d * h * w, first
        best = x[start + first]
        for a in range(kd):
            for b in range(kh):
                for e in range(kw):
                    v = x[start + first + (a * h + b) * w + e]
                    if v > best or v != v:
                        best, place = v, first + (a * h + b) * w + e
        out[i], places[i] = best, place


def fractional_max_pool(x, samples, size, out):
    """Return the largest element of each of so many windows, and its number within its plane; see the CPU's."""
    xp, rank, leading = _memory.module(), len(size), x.shape[: x.ndim - len(size)]
    values, places = empty(leading + out, x.dtype), empty(leading + out, np.int64)
    if values.size:
        draws = samples.reshape(-1, rank)[: prod(leading)]
        order = (0, 1) if rank == 2 else (2, 1, 0)
        each = zip(order, x.shape[::-1], size[::-1], out[::-1], strict=False)
        starts = [drawn_starts(xp, draws[:, k], *numbers) for k, *numbers in each]
        deep = starts[2] if rank == 3 else xp.zeros(len(draws), np.int64)
        lengths = [each for of in (x.shape[-rank:], size, out) for each in ((1, *of) if rank == 2 else of)]
        _fractional_max_loop[x.dtype](x, *starts[:2], deep, *lengths, places, values)
    return values, places
