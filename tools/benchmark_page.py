"""Write the site's page of benchmarks: the results of ``benchmarks/RESULTS.md``, and a picture of their ratios."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

INTRO = """# Benchmarks

How long whole training steps take (clearing gradients, forward, backward, the optimizer's step), side by side with
PyTorch in eager mode on the same machine: `make bench` measures them on yours. A ratio of 3x says that PyTorch takes
three times as long.
"""

NOTHING = """
No results are kept in this source tree. They belong into `benchmarks/RESULTS.md`.
"""

MEASURED = re.compile(r"\d+(\.\d+)?\s*(ns|us|ms|s|x)")


class Ratio(NamedTuple):
    """A line of the results: what was measured, and how many times faster it is here."""

    name: str
    value: float


def ratios(text: str) -> list[Ratio]:
    """Return the ratios in the tables of a text, be they of pipes or of columns: each row's first number with an x."""
    found = []
    for line in text.splitlines():
        cells = [cell.strip(" *`") for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        cells = cells or re.split(r"\s{2,}|(?<=us)\s*(?=\d)", line.strip())
        numbers = [re.fullmatch(r"(\d+(?:\.\d+)?)\s*x", cell.split(" us")[-1].strip(" *")) for cell in cells[1:]]
        values = [float(number[1]) for number in numbers if number]
        if values and values[0] > 0:
            labels = takewhile(lambda cell: not MEASURED.fullmatch(cell), cells[1:])
            found.append(Ratio(" ".join([cells[0], *labels]), values[0]))
    return found


def draw(results: list[Ratio], path: Path) -> None:
    """Draw the ratios as bars from 1, longer to the right where minigrad is faster."""
    import matplotlib as mpl

    mpl.use("Agg", force=False)
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullLocator

    figure = Figure(figsize=(8, 0.6 + 0.36 * len(results)), layout="constrained")
    ax = figure.add_subplot()
    names = [each.name for each in results]
    values = [each.value for each in results]
    places = range(len(results))
    colours = ["#3566a8" if value >= 1 else "#c7762b" for value in values]
    bars = ax.barh(places, [value - 1 for value in values], left=1, color=colours, height=0.62)
    for bar, value in zip(bars, values, strict=True):
        if value < 1:
            bar.set_hatch("///")
            bar.set_edgecolor("white")
    for place, value in zip(places, values, strict=True):
        ax.annotate(
            f"{value:.1f}x", (value, place), xytext=(4 if value >= 1 else -4, 0), textcoords="offset points",
            ha="left" if value >= 1 else "right", va="center", fontsize=9,
        )  # fmt: skip
    ax.set_yticks(list(places), names, fontsize=9)
    ax.margins(y=0.01)
    ax.invert_yaxis()
    ax.set_xscale("log")
    low, high = min([0.5, *values]) * 0.6, max([2, *values]) * 1.35
    ax.set_xlim(low, high)
    ticks = [tick for tick in (0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000) if low <= tick <= high]
    ax.set_xticks(ticks)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.axvline(1, color="black", linewidth=1)
    ax.set_xlabel("time of PyTorch / time of minigrad (log scale)")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    # The same results give the same file, so that an unchanged page is not written again.
    with mpl.rc_context({"svg.hashsalt": "minigrad"}):
        figure.savefig(path, metadata={"Date": None})


def page(results: Path, picture: str) -> str:
    """Return the page in Markdown."""
    if not results.is_file():
        return INTRO + NOTHING
    text = results.read_text()
    lines = [INTRO]
    if ratios(text):
        lines += [f"```{{image}} {picture}\n:alt: How many times faster minigrad is than PyTorch, case by case\n```\n"]
    body = re.sub(r"\A\s*# .*\n", "", text)
    return "\n".join([*lines, body])


def write(folder: Path, results: Path, report: Callable[[str], object] = print) -> None:
    """Write page and picture into a folder if they changed."""
    folder.mkdir(parents=True, exist_ok=True)
    text, path = page(results, "ratios.svg"), folder / "index.md"
    if path.exists() and path.read_text() == text:
        return
    path.write_text(text)
    if results.is_file() and (found := ratios(results.read_text())):
        draw(found, folder / "ratios.svg")
    report(f"wrote {path.name} of the benchmarks")
