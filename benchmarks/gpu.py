"""Prove minigrad on this machine's GPU, and time it beside CuPy and PyTorch: one command, one report.

Each part runs in processes of its own: what kills one, or hangs it, is reported, and the rest goes on. The report is
printed as it grows, and written as Markdown. With ``NUMBA_ENABLE_CUDASIM=1`` and ``--tiny`` all of it runs on Numba's
simulator, to see that it does.

Run it: ``python benchmarks/gpu.py [--only PART] [--output FILE]``, or ``python -m minigrad bench --device cuda``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import gpu_parts

RESTARTS = 20  # of a part whose process died
WAIT = 0.1  # seconds between two looks at a part's progress
TAIL = 3  # lines of its error output that are shown of a process that died


class Fault(NamedTuple):
    """Something that failed: its name, and why."""

    name: str
    reason: str


class Outcome:
    """What a part has told so far.

    Attributes
    ----------
    columns : list of str
    rows : list of list of str
    faults : list of Fault
    done : int
        How many items were finished, well or not.
    begun : str or None
        The item that is being done.
    has_ended : bool
    """

    def __init__(self) -> None:
        self.columns: list[str] = []
        self.rows: list[list[str]] = []
        self.faults: list[Fault] = []
        self.done, self.has_ended = 0, False
        self.begun: str | None = None

    def take(self, event: dict[str, Any]) -> None:
        """Note one thing that a part's process told."""
        self.columns = event.get("columns", self.columns)
        self.has_ended = "end" in event
        if "begin" in event:
            self.begun = event["begin"]
        elif "row" in event:
            self.done, self.begun = self.done + 1, None
            self.rows += [event["row"]] if event["row"] else []
        elif "fault" in event:
            self.fail(event["fault"])

    def fail(self, reason: str) -> None:
        """Note that what was begun has failed."""
        self.faults.append(Fault(self.begun or "the start", reason))
        self.done, self.begun = self.done + 1, None


def run_part(name: str, tiny: bool, patience: float) -> Outcome:
    """Run a part to its end, in as many processes as it takes."""
    outcome = Outcome()
    for _ in range(RESTARTS):
        before = outcome.done
        reason = _run_process(name, tiny, patience, outcome)
        if outcome.has_ended:
            break
        if outcome.begun or outcome.done == before:
            has_begun = bool(outcome.begun)
            outcome.fail(reason)
            if not has_begun:
                break  # it would not get further next time
    return outcome


def _run_process(name: str, tiny: bool, patience: float, outcome: Outcome) -> str:
    """Let a process do what is left of a part, and return why it ended."""
    with tempfile.TemporaryDirectory() as folder:
        events, errors = Path(folder, "events"), Path(folder, "errors")
        events.touch()
        command = [sys.executable, gpu_parts.__file__, name, str(outcome.done), str(events), *["--tiny"] * tiny]
        with errors.open("w") as sink:
            process = subprocess.Popen(command, stdout=sink, stderr=sink)
            reason = _watch(process, events, patience, outcome)
        last = [line for line in errors.read_text(errors="replace").splitlines() if line.strip()][-TAIL:]
    return "; ".join([reason, *last])


def _watch(process: subprocess.Popen[bytes], events: Path, patience: float, outcome: Outcome) -> str:
    """Take what a process tells until it ends, and end it where it tells nothing for too long."""
    heard = time.monotonic()
    with events.open() as lines:
        while True:
            is_over = process.poll() is not None
            for line in lines:
                outcome.take(json.loads(line))
                heard = time.monotonic()
            if is_over:
                return f"its process ended with status {process.returncode}"
            if time.monotonic() - heard > patience:
                process.kill()
                process.wait()
                return f"nothing was heard for {patience:.0f} s"
            time.sleep(WAIT)


def table_lines(columns: list[str], rows: list[list[str]]) -> Iterator[str]:
    """Yield a table in Markdown, its columns as wide as their longest cell, numbers to the right."""
    cells = [columns, *([cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(columns))]
    is_text = [k == 0 or len(columns) == 2 for k in range(len(columns))]
    for number, row in enumerate(cells):
        padded = [c.ljust(w) if text else c.rjust(w) for c, w, text in zip(row, widths, is_text, strict=True)]
        yield f"| {' | '.join(padded)} |"
        if not number:
            rule = ["-" * w if text else "-" * (w - 1) + ":" for w, text in zip(widths, is_text, strict=True)]
            yield f"| {' | '.join(rule)} |"


def section(part: gpu_parts.Part, outcome: Outcome, seconds: float) -> str:
    """Return what the report says of a part."""
    lines = [f"## {part.title}", "", *textwrap.wrap(part.text, 120), ""]
    if outcome.rows:
        lines += [*table_lines(outcome.columns, outcome.rows), ""]
    failed = len(outcome.faults)
    lines.append(
        f"{outcome.done - failed} of {outcome.done} done in {seconds:.0f} s{f', {failed} FAILED' * bool(failed)}."
    )
    if failed:
        lines += ["", *table_lines(["failed", "why"], [list(fault) for fault in outcome.faults])]
    return "\n".join([*lines, ""])


def main(arguments: list[str] | None = None) -> int:
    """Run the parts, print and write the report; the status says whether something failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=gpu_parts.PARTS, action="append", help="only this part (may be repeated)")
    parser.add_argument("--output", type=Path, default=Path("gpu-report.md"), help="default: gpu-report.md")
    parser.add_argument("--tiny", action="store_true", help="a few small cases, to see that everything runs")
    parser.add_argument("--patience", type=float, default=300, metavar="SECONDS", help="until silence is a failure")
    options = parser.parse_args(arguments)
    report, failed = f"# minigrad on a GPU, {time.strftime('%Y-%m-%d %H:%M')}\n", 0
    print(report, flush=True)
    for name in options.only or gpu_parts.PARTS:
        start = time.monotonic()
        outcome = run_part(name, options.tiny, options.patience)
        text = section(gpu_parts.PARTS[name], outcome, time.monotonic() - start)
        print(text, flush=True)
        report += "\n" + text
        failed += len(outcome.faults)
        options.output.write_text(report, encoding="utf-8")
    print(f"The report is in {options.output}" + (f"; {failed} failures are in it." if failed else "."))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
