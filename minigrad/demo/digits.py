"""Scikit-learn's handwritten digits, one part of them held out."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minigrad.creation import from_numpy
from minigrad.tensor import Tensor

__all__ = ["Digits", "load_digits"]

LARGEST_PIXEL = 16
HELD_OUT = 5


class Digits(NamedTuple):
    """Images of 8 x 8 pixels in rows of 64 numbers between 0 and 1 (float32), and what they show, 0 to 9 (int64).

    Attributes
    ----------
    train_images, test_images : Tensor, shape (images, 64)
    train_labels, test_labels : Tensor, shape (images,)
    """

    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor

    def to(self, device: str) -> Digits:
        """Return the same digits on a device."""
        return Digits(*(each.to(device) for each in self))


def load_digits() -> Digits:
    """Return the digits, every fifth of them held out as the test set, whatever the seed."""
    table = _table()
    images = (table[:, :-1] / LARGEST_PIXEL).astype(np.float32)
    labels = table[:, -1].astype(np.int64)
    held_out = np.arange(len(table)) % HELD_OUT == 0
    return Digits(*(from_numpy(part[which]) for which in (~held_out, held_out) for part in (images, labels)))


def _table() -> np.ndarray[Any, Any]:
    """Return the 1,797 rows: 64 pixels from 0 to 16, and the digit."""
    # Importing scikit-learn takes longer than training, so its data file is read without it where it lies as usual.
    found = importlib.util.find_spec("sklearn")
    for folder in (found.submodule_search_locations or ()) if found else ():
        path = Path(folder) / "datasets" / "data" / "digits.csv.gz"
        if path.exists():
            return np.loadtxt(path, delimiter=",", dtype=np.float32)
    from sklearn import datasets

    pixels, digits = datasets.load_digits(return_X_y=True)
    return np.column_stack([pixels, digits])
