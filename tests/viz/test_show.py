"""Where `show` puts figures."""

from __future__ import annotations

import pytest
from matplotlib import pyplot
from matplotlib.image import imread

from minigrad import viz


@pytest.fixture
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_empty_folder")
@pytest.mark.parametrize("named", ["here/and/there", None])
def test_saves_and_closes(tmp_path, monkeypatch, capsys, named):
    monkeypatch.delenv("MINIGRAD_FIGURES", raising=False)
    if named:
        monkeypatch.setenv("MINIGRAD_FIGURES", named)
    figure, ax = pyplot.subplots(figsize=(2, 1))
    ax.plot([0, 1])
    viz.show(figure, "line")
    path = tmp_path / (named or "figures") / "line.png"
    assert imread(path).shape[:2] == (120, 240)
    assert path.name in capsys.readouterr().out
    assert not pyplot.fignum_exists(figure.number)


@pytest.mark.usefixtures("_empty_folder")
def test_saves_nothing_in_a_notebook(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    figure = pyplot.figure()
    viz.show(figure, "line")
    assert not list(tmp_path.iterdir())
    assert pyplot.fignum_exists(figure.number)
    pyplot.close(figure)
