"""The lists that coverage goes by name what PyTorch has."""

from __future__ import annotations

import pytest

from minigrad.cli.coverage import sections

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.title)
def test_the_lists_name_what_pytorch_has(section):
    counted = section.names[0].count > 0  # what code uses may be long gone
    for path in [path for name in section.names for path in name.paths]:
        place = torch
        for part in path.split("."):
            assert counted or hasattr(place, part), path
            place = getattr(place, part, place)
