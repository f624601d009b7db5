"""How the threads of a block work together: groups of neighbouring threads share a row, and add up what they found.

A block of `THREADS` threads is divided into groups of `lanes` threads, a power of two, so that short rows keep it as
busy as long ones. A group reduces in a tree, in shared memory and in a fixed order. All threads of a block have to take
part, those without a row too, because they wait for each other at every step.
"""

from __future__ import annotations

from minigrad_kernels.cuda._kernel import subroutine
from minigrad_kernels.cuda._numba import THREADS, cuda
from minigrad_kernels.cuda._scalar import larger

_EACH = 4  # elements a thread has at least, before more threads share a row


def lanes_for(length):
    """Return how many threads share a row of so many elements."""
    lanes = 1
    while lanes < THREADS and lanes * _EACH < length:
        lanes *= 2
    return lanes


def blocks_for_rows(rows, lanes):
    """Return how many blocks there is work for, with a row for each group of `lanes` threads."""
    return -(-rows * lanes // THREADS)


@subroutine
def group_sum(shared, value, lanes):
    """Return the sum of a group's values, to each of its threads; `shared` has an element for each thread."""
    if lanes == 1:
        return value
    thread = cuda.threadIdx.x
    place, half = thread & (lanes - 1), lanes >> 1
    shared[thread] = value
    cuda.syncthreads()
    while half > 0:
        if place < half:
            shared[thread] += shared[thread + half]
        cuda.syncthreads()
        half >>= 1
    total = shared[thread - place]
    cuda.syncthreads()  # `shared` may be written again
    return total


@subroutine
def group_max(shared, value, lanes):
    """Return the largest of a group's values, or nan if there is one, to each of its threads."""
    if lanes == 1:
        return value
    thread = cuda.threadIdx.x
    place, half = thread & (lanes - 1), lanes >> 1
    shared[thread] = value
    cuda.syncthreads()
    while half > 0:
        if place < half:
            shared[thread] = larger(shared[thread], shared[thread + half])
        cuda.syncthreads()
        half >>= 1
    top = shared[thread - place]
    cuda.syncthreads()
    return top
