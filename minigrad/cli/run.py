"""``python -m minigrad run``: a PyTorch script, with minigrad in PyTorch's place."""

from __future__ import annotations

import argparse
import io
import os
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from minigrad.as_torch import WHERE_TO_LOOK, install_as_torch
from minigrad.tensor import Tensor

HELP = "run a PyTorch script as it is: `import torch` gives minigrad"
DESCRIPTION = (
    "Run a PyTorch script unmodified: `import torch`, `torch.nn` and so on are answered by minigrad, with PyTorch "
    "installed or without. A name that minigrad lacks raises an error that says which. In a notebook, or before tests, "
    "call minigrad.install_as_torch() instead."
)

# Child processes that multiprocessing starts from nothing (spawn, forkserver) run this module to get the script's
# functions and classes, with minigrad in PyTorch's place again.
_FOR_CHILDREN, _PATH = "minigrad.cli._script", "MINIGRAD_SCRIPT"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the script and what is passed on to it."""
    parser.add_argument("script", type=Path, help="the script")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="the script's own arguments")


def run(arguments: argparse.Namespace) -> int:
    """Run the script as ``python script.py`` would; the status is 1 if an exception ends it."""
    script: Path = arguments.script
    path = str(script.absolute())
    try:
        with io.open_code(path) as file:
            source = file.read()
    except OSError as error:
        print(f"cannot run '{script}': {error.strerror}", file=sys.stderr)
        return 2
    install_as_torch()
    main = ModuleType("__main__")
    main.__file__ = path
    main.__spec__ = ModuleSpec(_FOR_CHILDREN, None)
    main.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main
    os.environ[_PATH] = path
    sys.argv = [str(script), *arguments.rest]
    sys.path[0] = str(script.absolute().parent)
    try:
        exec(compile(source, path, "exec"), main.__dict__)
    except Exception as error:
        # From the script's own lines on, as if Python itself had run it.
        trace = error.__traceback__ and error.__traceback__.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        if isinstance(error, AttributeError) and isinstance(error.obj, Tensor):
            print(f"minigrad's tensors have no '{error.name}' ({WHERE_TO_LOOK})", file=sys.stderr)
        return 1
    return 0
