"""``python -m minigrad bench``: the benchmarks of the source tree."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HELP = "measure training steps, side by side with PyTorch where it is installed"
DESCRIPTION = (
    "Run benchmarks/steps.py of the source tree; what follows the command is passed on to it. "
    "Its options are listed by: python benchmarks/steps.py --help"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare that everything is passed on."""
    parser.add_argument("rest", nargs="*", metavar="...", help="options of benchmarks/steps.py")


def find_script() -> Path | None:
    """Return the script, beside the package (a clone installed in editable mode) or in the current folder."""
    for folder in (Path(__file__).parents[2], Path.cwd()):
        script = folder / "benchmarks" / "steps.py"
        if script.is_file():
            return script
    return None


def run(arguments: argparse.Namespace) -> int:
    """Run the script; its status is the status."""
    script = find_script()
    if script is None:
        print(
            "benchmarks/steps.py is not here: the benchmarks come with the source tree, not with the package.\n"
            "Run this in a clone of the repository.",
            file=sys.stderr,
        )
        return 1
    return subprocess.call([sys.executable, str(script), *arguments.rest])
