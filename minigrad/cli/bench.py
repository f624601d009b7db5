"""``python -m minigrad bench``: the benchmarks of the source tree."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HELP = "measure training steps, side by side with PyTorch where it is installed"
DESCRIPTION = (
    "Run benchmarks/steps.py of the source tree, or with --device cuda benchmarks/gpu.py, which proves minigrad on "
    "this machine's GPU and times it; what follows the command is passed on. "
    "The options are listed by: python benchmarks/steps.py --help"
)
SCRIPTS = {"cpu": "steps.py", "cuda": "gpu.py"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare that everything but the device is passed on."""
    parser.add_argument("--device", choices=SCRIPTS, default="cpu", help="what is measured (default: cpu)")
    parser.add_argument("rest", nargs="*", metavar="...", help="options of the script")


def find_script(name: str) -> Path | None:
    """Return a script, beside the package (a clone installed in editable mode) or in the current folder."""
    for folder in (Path(__file__).parents[2], Path.cwd()):
        script = folder / "benchmarks" / name
        if script.is_file():
            return script
    return None


def run(arguments: argparse.Namespace) -> int:
    """Run the script; its status is the status."""
    ours = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    ours.add_argument("--device", choices=SCRIPTS, default="cpu")
    known, rest = ours.parse_known_args(arguments.rest)
    name = SCRIPTS[known.device]
    script = find_script(name)
    if script is None:
        print(
            f"benchmarks/{name} is not here: the benchmarks come with the source tree, not with the package.\n"
            "Run this in a clone of the repository.",
            file=sys.stderr,
        )
        return 1
    return subprocess.call([sys.executable, str(script), *rest])
