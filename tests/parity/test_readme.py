"""The README's examples print under PyTorch what they print under minigrad."""

from __future__ import annotations

import doctest

import pytest

from tests.test_examples import FLAGS, ROOT, examples_of_page

pytest.importorskip("torch")


def test_readme_prints_the_same_under_pytorch():
    page = examples_of_page(ROOT / "README.md")
    page = page.replace("import minigrad as torch", "import torch").replace("from minigrad import", "from torch import")
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    runner.run(doctest.DocTestParser().get_doctest(page, {}, "README.md", "README.md", 0), out=report.append)
    assert runner.failures == 0, "".join(report)
