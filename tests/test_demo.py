"""The main job: that it learns, that its three gradients agree, and that its pictures show it."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest
from sklearn import datasets

import minigrad
from minigrad import nn
from minigrad.autograd import compare_gradients
from minigrad.demo import Settings, digits, pictures, run
from minigrad.demo.by_hand import gradients_by_hand, target_distributions
from minigrad.demo.training import History, make_network


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The demo as a user runs it, its output in no terminal: (what it printed, what it complained of, its folder)."""
    folder = tmp_path_factory.mktemp("demo") / "pictures"
    done = subprocess.run(
        [sys.executable, "-m", "minigrad", "demo", "--out", str(folder)], capture_output=True, text=True, check=True
    )
    return done.stdout, done.stderr, folder


def test_reads_at_least_97_percent_of_the_images_it_never_saw(whole):
    (accuracy,) = re.findall(r"Test accuracy: ([\d.]+)%", whole[0])
    assert float(accuracy) >= 97


def test_prints_model_parameters_and_progress(whole):
    out = whole[0]
    assert str(make_network()) in out
    assert re.search(r"^0\.weight +\(128, 64\) +8,192$", out, re.MULTILINE)
    assert re.search(r"^total +17,226$", out, re.MULTILINE)
    epochs = [int(each) for each in re.findall(r"^ *(\d+)(?: +[\d.]+%?){4}$", out, re.MULTILINE)]
    assert epochs == [1, 5, 10, 15, 20, 25, 30]


def test_compares_every_parameter_three_ways(whole):
    rows = re.findall(r"^([024]\.\w+) +\(\d+, ?\d*\) +[\d,]+((?: +\d\.\de-\d+){4})  agrees", whole[0], re.MULTILINE)
    assert len(rows) == 6
    for _, differences in rows:
        by_hand, numerical = (float(each) for each in differences.split()[1::2])
        assert by_hand < 1e-9
        assert numerical < 1e-4
    assert "17,226 entries: the gradients agree" in whole[0]


def test_output_that_is_no_terminal_has_no_bars_and_no_complaints(whole):
    assert whole[1] == ""
    assert "\r" not in whole[0]
    assert max(map(len, whole[0].splitlines())) <= 120


def test_writes_the_pictures_to_the_folder_it_names(whole):
    from matplotlib import image

    out, _, folder = whole
    assert f"In the folder {folder}:" in out
    for name in ("training.png", "confusion.png", "mistakes.png"):
        assert f"  {name}" in out
        picture = image.imread(folder / name)
        assert min(picture.shape[:2]) > 200
        assert picture[..., :3].std() > 0.05


def test_without_pictures_no_folder_is_made(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(Settings(epochs=1, pictures=False))
    assert not list(tmp_path.iterdir())
    assert "Pictures" not in capsys.readouterr().out


def test_digits_are_those_of_scikit_learn_whether_read_from_its_file_or_by_it(monkeypatch):
    pixels, labels = datasets.load_digits(return_X_y=True)
    held_out = np.arange(len(labels)) % 5 == 0
    for _ in range(2):
        data = digits.load_digits()
        np.testing.assert_array_equal(data.test_images.numpy(), (pixels[held_out] / 16).astype(np.float32))
        np.testing.assert_array_equal(data.train_images.numpy(), (pixels[~held_out] / 16).astype(np.float32))
        np.testing.assert_array_equal(data.test_labels.numpy(), labels[held_out])
        np.testing.assert_array_equal(data.train_labels.numpy(), labels[~held_out])
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_gradients_by_hand_agree_on_a_fresh_network(smoothing):
    model = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 3)).double()
    x, labels = minigrad.rand(7, 5).double(), minigrad.randint(0, 3, (7,))
    criterion = nn.CrossEntropyLoss(label_smoothing=smoothing)
    arrays = {name: each.detach().numpy() for name, each in model.named_parameters()}
    by_hand = gradients_by_hand(arrays, x.numpy(), target_distributions(labels.numpy(), 3, smoothing))
    assert compare_gradients(
        lambda: criterion(model(x), labels), model.named_parameters(), by_hand, verbose=False
    ).passed


@pytest.mark.parametrize(
    ("mistakes", "title"), [(0, "All test images"), (1, "The one"), (7, "The 7"), (30, "18 of the 30")]
)
def test_pictures_can_be_drawn_however_many_mistakes_there_are(tmp_path, monkeypatch, mistakes, title):
    from matplotlib.figure import Figure

    titles = []
    monkeypatch.setattr(Figure, "suptitle", lambda self, text, **kwargs: titles.append(text))
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, 60)
    probabilities = np.full((60, 10), 0.05)
    probabilities[np.arange(60), (labels + (np.arange(60) < mistakes)) % 10] = 0.55
    history = History([1.0, 0.5], [0.5, 0.9], [1.1, 0.6], [0.4, 0.8])
    written = pictures.draw_pictures(tmp_path, history, random.random((60, 64)), labels, probabilities)
    assert sorted(written) == sorted(each.name for each in tmp_path.iterdir())
    assert titles[0].startswith(title)
