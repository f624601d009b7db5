"""``python -m minigrad tutorial``: one of the course's scripts, its figures saved."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

HELP = "run a tutorial by its number and save its figures; without a number, list them"
DESCRIPTION = (
    "Run one of the numbered scripts in the folder tutorials/ of minigrad's source tree, and save the figures that it "
    "draws. Each can be read as text, run as a script, and opened as a notebook."
)
FOLDER = Path(__file__).resolve().parents[2] / "tutorials"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the tutorial's number and the folder for its figures."""
    parser.add_argument("number", type=int, nargs="?", help="the tutorial's number; all are listed without one")
    parser.add_argument("--out", type=Path, default=Path("figures"), help="folder for the figures (default: figures)")


def run(arguments: argparse.Namespace) -> int:
    """Run the tutorial in a Python of its own; the status is its exit status."""
    scripts = {int(path.name[:2]): path for path in sorted(FOLDER.glob("[0-9][0-9]_*.py"))}
    if not scripts:
        print(f"the tutorials are part of minigrad's source tree, and are not in {FOLDER}", file=sys.stderr)
        return 2
    if arguments.number is None:
        for number, path in scripts.items():
            print(f"{number:2d}  {_title(path)}")
        return 0
    if arguments.number not in scripts:
        print(f"there is no tutorial {arguments.number}; there are {min(scripts)} to {max(scripts)}", file=sys.stderr)
        return 2
    folder: Path = arguments.out.absolute()
    settings = {"MINIGRAD_FIGURES": str(folder), "MPLBACKEND": os.environ.get("MPLBACKEND", "Agg")}
    status = subprocess.run([sys.executable, scripts[arguments.number]], env=os.environ | settings, check=False)
    if status.returncode == 0:
        for figure in sorted(folder.glob(f"{arguments.number:02d}*")):
            print(f"saved {figure}")
    return status.returncode


def _title(path: Path) -> str:
    """Return the first line of a tutorial's text, without the quotes and its number."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(line.strip('"r ') for line in lines if line.strip('"r ')).partition(". ")[2] or path.stem
