"""Every printed example is true: those of the pages, of the docstrings and of the table of operations."""

from __future__ import annotations

import doctest
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from unittest import mock

import numpy as np
import pytest

import minigrad
from minigrad.ops.op import table
from minigrad.ops.samples import Make
from tests.test_conventions import SOURCES

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def _run(test: doctest.DocTest) -> None:
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)


def examples_of_page(page: Path) -> str:
    """Return the page with everything blanked out but its ``pycon`` blocks, so that line numbers stay right."""
    inside, lines = False, []
    for line in page.read_text().splitlines():
        if line.startswith("```"):
            inside = line == "```pycon"
            line = ""
        lines.append(line if inside else "")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_prints_what_it_says(page):
    _run(doctest.DocTestParser().get_doctest(examples_of_page(page), {}, page.name, str(page), 0))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_page_lead_somewhere(page):
    prose = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose)
    written_by_the_build = ("tutorials/", "reference/", "benchmarks/") if page.parent.name == "docs" else ()
    missing = [
        each
        for each in targets
        if "://" not in each and not each.startswith(written_by_the_build) and not (page.parent / each).exists()
    ]
    assert not missing, f"{page.name} points to {missing}"


def test_worked_example_of_contributing_makes_an_operation_that_holds():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    family = dict(vars(importlib.import_module("minigrad.ops.elementwise")))
    with mock.patch.dict(table):
        table.pop("hypot", None)
        exec(compile("from __future__ import annotations\n" + code, "CONTRIBUTING.md", "exec"), family)
        hypot, entry = family["hypot"], family["hypot"].entry
        for sample in entry.make_samples(Make()):
            expected = entry.reference(*sample.args)
            inputs = [minigrad.tensor(each, requires_grad=True) for each in sample.args]
            out = hypot(*inputs)
            np.testing.assert_allclose(out.detach().numpy(), expected)
            assert minigrad.autograd.gradcheck(hypot, inputs)
            assert minigrad.autograd.gradgradcheck(hypot, inputs)


def _docstring_examples(module: ModuleType) -> Iterator[doctest.DocTest]:
    yield from doctest.DocTestFinder(exclude_empty=True).find(module, module.__name__)
    for name, value in vars(module).items():  # operations are objects, which the finder passes over
        home = getattr(value, "__module__", None)
        if home == module.__name__ and not isinstance(value, type) and not hasattr(value, "__code__"):
            text = value.__doc__ or ""
            if ">>>" in text:
                yield doctest.DocTestParser().get_doctest(text, dict(vars(module)), name, module.__file__, 0)


WITH_EXAMPLES = sorted(name for name, path in SOURCES.items() if ">>> " in path.read_text())


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_docstrings_print_what_they_say(name):
    for test in _docstring_examples(importlib.import_module(name)):
        _run(test)
