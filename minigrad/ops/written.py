"""Functions that are written out for the case at hand, as `dataclasses` and `namedtuple` write theirs.

A loop over the arguments of a call costs more than a small operation: where the arguments are known beforehand, a
function with one line for each spares it. The texts of one form are compiled once.
"""

from __future__ import annotations

import builtins
import functools
import linecache
import operator
import os
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any


@functools.cache
def code_of(text: str) -> CodeType:
    """Return the code of the one function in a text, whose lines tracebacks show."""
    filename = f"{os.path.dirname(__file__)}{os.sep}<{text[4 : text.index('(')]} {code_of.cache_info().currsize}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    module = compile(text, filename, "exec")
    return next(each for each in module.co_consts if isinstance(each, CodeType))


def write_function(text: str, names: dict[str, Any]) -> Callable[..., Any]:
    """Return the one function in a text; ``names`` are the globals that it reads."""
    return FunctionType(code_of(text), {"__builtins__": builtins, "__name__": __name__, **names})


def picker(slots: list[int]) -> Callable[[list[Any]], Any]:
    """Return what takes the values at some places out of a sequence, as another."""
    if len(slots) > 1:
        return operator.itemgetter(*slots)
    return operator.itemgetter(slice(slots[0], slots[0] + 1) if slots else slice(0))
