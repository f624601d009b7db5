"""``python -m minigrad coverage`` and the page that it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad.cli.coverage import Name, Section, has, markdown, sections

PAGE = Path(__file__).parent.parent / "docs" / "coverage.md"


def test_the_page_is_fresh():
    assert PAGE.read_text() == markdown(), "run: python -m minigrad coverage --markdown docs/coverage.md"


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("relu", True),
        ("Tensor.relu_", True),
        ("nn.functional.cross_entropy", True),
        ("utils.data.DataLoader", True),
        ("optim.lr_scheduler.StepLR", True),
        ("no_such_thing", False),
        ("Tensor.no_such_thing", False),
        ("no.such.module", False),
    ],
)
def test_a_name_is_looked_for_at_its_path(path, answer):
    assert has(path) is answer


def test_a_share_weighs_names_by_their_use():
    used = Section("used", (Name(("relu",), 30), Name(("no_such_thing",), 10)))
    assert [name.paths for name in used.lacking] == [("no_such_thing",)]
    assert used.share == 0.75
    forms = Section("forms", (Name(("relu", "Tensor.relu"), 0), Name(("abs", "Tensor.no_such_thing"), 0)))
    assert forms.lacking[0].missing == ["Tensor.no_such_thing"]
    assert forms.share == 0.5


def test_the_lists_are_read_whole():
    by_title = {section.title: section for section in sections()}
    assert by_title["Used: torch"].names[0] == Name(("no_grad",), 412)
    assert len(by_title["Layers"].names) >= 113
    operations = sum(len(section.names) for title, section in by_title.items() if title.startswith("Operations"))
    assert operations == 416


def test_the_command_prints_sections_and_refuses_unknown_ones(capsys):
    assert main(["coverage", "optimizers"]) == 0
    assert capsys.readouterr().out.startswith("Optimizers: ")
    assert main(["coverage", "nonsense"]) == 2
    assert "  Layers" in capsys.readouterr().out
