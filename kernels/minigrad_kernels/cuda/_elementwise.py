"""The `elementwise` decorator: the loop around a function of one element, for kernels that do nothing else.

::

    @elementwise
    def _leaky_relu_loop(x: In, slope: Real, real):
        return x if x > real(0) else x * slope

    _leaky_relu_loop[x.dtype](x, 0.01, out)

Such a kernel is as fast as memory, if enough of it is under way at a time. So each thread fetches several elements
before it computes on the first: a compiler may not exchange the store of one with the fetch of the next, which could be
from the same place.
"""

from __future__ import annotations

import linecache

import numpy as np

from minigrad_kernels.cuda._kernel import Kernel, subroutine
from minigrad_kernels.cuda._numba import cuda

_EACH = 4  # elements that a thread fetches at a time


def elementwise(function):
    """Make a `Kernel` of a function of numbers, its parameters annotated as a kernel's; the result's array comes last.

    A parameter `real`, without an annotation, is the type to compute in, for constants: single precision for half.
    """
    half = Kernel(_loop(function, "single"), dtypes=("float16",), each=_EACH)
    return Kernel(_loop(function, "result.dtype.type"), each=_EACH, half=half)


def _loop(function, real):
    """Return a loop around a function, which computes in the type that the expression `real` gives."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    notes = dict(function.__annotations__)
    source = _source(function.__name__, names, notes, real)
    file = f"<{function.__module__}.{function.__name__} in {real}>"
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file  # for tracebacks
    space = {"cuda": cuda, "one": subroutine(function), "single": np.float32, "__name__": function.__module__}
    exec(compile(source, file, "exec"), space)
    loop = space[function.__name__]
    loop.__doc__, loop.__annotations__ = function.__doc__, {**notes, "result": "Out"}
    return loop


def _source(name, names, notes, real):
    """Return the text of the loop.

    Where a thread has fewer elements left, it fetches the last one again rather than branch between fetches.
    """
    given = [each for each in names if each != "real"]
    lines = [
        f"def {name}({', '.join(given)}, result):",
        f"    real, size, step = {real}, result.size, cuda.gridsize(1)",
        f"    for i0 in range(cuda.grid(1), size, {_EACH} * step):",
    ]
    for k in range(1, _EACH):
        lines.append(f"        i{k} = min(i0 + {k} * step, size - 1)")
    fetched = {each: "real({}[i{}])" if notes[each] == "In" else "{}[i{}]" for each in given if "In" in notes[each]}
    for k in range(_EACH):
        lines += [f"        {each}{k} = {text.format(each, k)}" for each, text in fetched.items()]
    for k in range(_EACH):
        arguments = ", ".join(f"{each}{k}" if each in fetched else each for each in names)
        guard = f"if i0 + {k} * step < size: " if k else ""
        lines.append(f"        {guard}result[i{k}] = one({arguments})")
    return "\n".join(lines) + "\n"
