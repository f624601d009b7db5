"""``python -m minigrad coverage``: which of PyTorch's names are here.

The names are kept in ``pytorch_names.txt``; whether minigrad has one is asked of minigrad itself.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad.as_torch import OWN

HELP = "list which of PyTorch's names are here, and which are not"
DESCRIPTION = (
    "Go through the names of PyTorch that people use, and the operations, layers and optimizers that a framework is "
    "expected to have, and say which of them minigrad has. A number after a name says how many of 1,521 public files "
    "use it."
)

NAMES = Path(__file__).with_name("pytorch_names.txt")

_PAGE_HEAD = """\
# Coverage of PyTorch's names

Which of PyTorch's names minigrad has, asked of minigrad itself: a name counts when it is there at PyTorch's path, and
an operation when it is there in all forms in which PyTorch has it (function, method, in-place method). The first
sections are the names that some 45 public teaching and example repositories use; the number after a name says how many
of their 1,521 files do, and the share is of uses, so that a missing name weighs what it is used. Method names that
tensors share with arrays and strings are counted too high.

Written by `python -m minigrad coverage --markdown docs/coverage.md`.
"""


@dataclass(frozen=True)
class Name:
    """One thing of PyTorch: its paths below ``torch``, and how many files use it (0 if not counted)."""

    paths: tuple[str, ...]
    count: int

    @property
    def missing(self) -> list[str]:
        """The paths that minigrad lacks."""
        return [path for path in self.paths if not has(path)]


@dataclass(frozen=True)
class Section:
    """A list of names under a heading."""

    title: str
    names: tuple[Name, ...]

    @property
    def lacking(self) -> list[Name]:
        """The names of which minigrad lacks a form."""
        return [name for name in self.names if name.missing]

    @property
    def share(self) -> float:
        """How much is here, by number of uses if they were counted, else by number of names."""
        weights = [name.count or 1 for name in self.names]
        return 1 - sum(name.count or 1 for name in self.lacking) / sum(weights)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument(
        "pattern", nargs="?", default="", help="only sections with this in their title ('nn', 'Layers')"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write all of it as a page, instead of printing")


def run(arguments: argparse.Namespace) -> int:
    """Print a line a section and what it lacks, or write the page."""
    if arguments.markdown:
        arguments.markdown.write_text(markdown(), encoding="utf-8")
        return 0
    chosen = [section for section in sections() if arguments.pattern.lower() in section.title.lower()]
    if not chosen:
        print(f"no section has '{arguments.pattern}' in its title; they are:")
        print("\n".join(f"  {section.title}" for section in sections()))
        return 2
    for section in chosen:
        lacking = section.lacking
        print(f"{section.title}: {_summary(section)}")
        if lacking:
            text = ", ".join(_lacked(name) for name in lacking).replace("`", "")
            print(textwrap.fill(f"not here: {text}", 100, initial_indent="    ", subsequent_indent="    "))
    return 0


@functools.cache
def sections() -> tuple[Section, ...]:
    """Return the lists, as the file has them."""
    found: list[tuple[str, list[Name]]] = []
    for line in NAMES.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            found.append((line[1:-1], []))
        elif line and not line.startswith("#"):
            words = line.split()
            count = int(words.pop(0)) if words[0].isdecimal() else 0
            found[-1][1].append(Name(tuple(words), count))
    return tuple(Section(title, tuple(names)) for title, names in found)


@functools.cache
def has(path: str) -> bool:
    """Whether minigrad has what PyTorch has at ``torch.<path>``."""
    if path.partition(".")[0] in OWN:
        return False
    place: Any = importlib.import_module("minigrad")
    home = "minigrad"
    for part in path.split("."):
        home = f"{home}.{part}"
        if not hasattr(place, part):
            try:
                place = importlib.import_module(home)
            except ImportError:
                return False
        else:
            place = getattr(place, part)
    return True


def markdown() -> str:
    """Return the page."""
    return "\n".join([_PAGE_HEAD, *_table(), *_details()]) + "\n"


def _table() -> Iterator[str]:
    yield "| | here | of | share |"
    yield "|---|---:|---:|---:|"
    for section in sections():
        here = len(section.names) - len(section.lacking)
        yield f"| {section.title} | {here} | {len(section.names)} | {_percent(section.share)} |"


def _details() -> Iterator[str]:
    for section in sections():
        lacking = section.lacking
        here = [name for name in section.names if name not in lacking]
        yield f"\n## {section.title}\n"
        if lacking:
            yield _wrapped("**Not here:** " + ", ".join(_lacked(name) for name in lacking))
        if here:
            yield ("\n" if lacking else "") + _wrapped("**Here:** " + ", ".join(_shown(name) for name in here))


def _summary(section: Section) -> str:
    here = len(section.names) - len(section.lacking)
    uses = " of uses" if section.names[0].count else ""
    return f"{here} of {len(section.names)}, {_percent(section.share)}{uses}"


def _percent(share: float) -> str:
    """Return a share as a percentage that is 100 only when nothing is lacking."""
    return f"{int(share * 1000) / 10:.1f} %"


def _shown(name: Name) -> str:
    return f"`{name.paths[0]}`" + (f" {name.count}" if name.count else "")


def _lacked(name: Name) -> str:
    """Name what is lacking: all of it, or the forms that are."""
    return ", ".join(f"`{path}`" for path in name.missing) + (f" {name.count}" if name.count else "")


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)
