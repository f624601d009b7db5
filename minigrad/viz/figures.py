"""Where a script's figures go."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["show"]

# There the figure stands in the page, and no file is wanted.
PAGES = ("sphinx_gallery", "ipykernel")


def show(figure: Figure, name: str) -> None:
    """Save a figure as ``name``.png, and show it where there is a screen.

    Parameters
    ----------
    figure : Figure
        Of pyplot. It is closed afterwards, except in a notebook or a page of documentation, which shows it by itself.
    name : str
        Of the file, in the folder that the environment variable ``MINIGRAD_FIGURES`` names, or in ``./figures``.
        Nothing is saved in a notebook or a page of documentation.
    """
    from matplotlib import pyplot

    in_page = any(each in sys.modules for each in PAGES)
    if not in_page:
        folder = Path(os.environ.get("MINIGRAD_FIGURES", "figures"))
        folder.mkdir(parents=True, exist_ok=True)
        figure.savefig(folder / f"{name}.png", dpi=120)
        print(f"[figure: {folder / name}.png]")
    if pyplot.get_backend().lower() != "agg":
        pyplot.show()
    if not in_page:
        pyplot.close(figure)
