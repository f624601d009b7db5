"""What ``python -m minigrad`` does: one module a subcommand.

A subcommand's module has ``HELP`` (a line), ``DESCRIPTION`` (a paragraph), ``add_arguments(parser)`` and
``run(arguments)``, which returns the exit status. What a subcommand needs is imported when it runs.
"""

from __future__ import annotations

import argparse
import difflib
import os
import shutil
import sys
from collections.abc import Sequence
from typing import NoReturn

from minigrad.cli import bench, coverage, demo, gradcheck, info, run, tutorial

__all__ = ["main", "make_parser"]

COMMANDS = {
    "demo": demo,
    "run": run,
    "tutorial": tutorial,
    "gradcheck": gradcheck,
    "coverage": coverage,
    "bench": bench,
    "info": info,
}

INTERRUPTED = 130


def _formatter(prog: str) -> argparse.HelpFormatter:
    width = min(100, shutil.get_terminal_size().columns)
    formatter = argparse.HelpFormatter(prog, max_help_position=24, width=width)
    formatter._action_max_length = 13  # argparse forgets that the names of commands are indented
    return formatter


class _Parser(argparse.ArgumentParser):
    """A parser that suggests the command that was meant."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and how to get help, and leave with status 2."""
        given = message.partition("invalid choice: '")[2].partition("'")[0]
        if given and "COMMAND" in message:
            near = difflib.get_close_matches(given, COMMANDS, 1)
            meant = f" Did you mean '{near[0]}'?" if near else ""
            message = f"there is no command '{given}'.{meant} The commands are: {', '.join(COMMANDS)}."
        self.exit(2, f"{self.prog}: {message}\nTry: {self.prog} --help\n")


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = _Parser(
        prog="python -m minigrad",
        description="minigrad: PyTorch's interface on NumPy and Numba, with a graph that can be read.",
        formatter_class=_formatter,
        epilog="Each command explains itself: python -m minigrad COMMAND --help",
    )
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")
    for name, module in COMMANDS.items():
        one = commands.add_parser(
            name,
            help=module.HELP,
            description=module.DESCRIPTION,
            formatter_class=_formatter,
        )
        module.add_arguments(one)
        one.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = make_parser()
    argv = sys.argv[1:] if argv is None else argv
    arguments, unknown = parser.parse_known_args(argv)
    if arguments.command == "bench":
        arguments.rest = argv[1:]  # argparse has no "everything from here on" that may begin with an option
    elif unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    if arguments.command is None:
        parser.print_help()
        return 0
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # as in `python -m minigrad gradcheck | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status
