"""How files are laid out, replaced, mapped and read on other machines."""

from __future__ import annotations

import io
import os
import pickle
import pickletools

import numpy as np
import pytest

import minigrad
from minigrad.serialization import load, save
from tests.serialization.files import again, entries, grid, repacked, saved


def test_the_file_has_pytorchs_entries_at_its_places():
    data = saved({"x": grid(), "y": minigrad.ones(1000)})
    assert list(entries(data)) == [
        "archive/data.pkl", "archive/.format_version", "archive/.storage_alignment", "archive/byteorder",
        "archive/data/0", "archive/data/1", "archive/version",
    ]  # fmt: skip
    assert entries(data)["archive/version"] == b"3\n"
    assert data.find(grid().numpy().tobytes()) % 64 == 0
    assert data.find(np.ones(1000, np.float32).tobytes()) % 64 == 0
    operations = pickletools.genops(entries(data)["archive/data.pkl"])
    names = [argument for operation, argument, _ in operations if operation.name == "GLOBAL"]
    assert names == ["torch._utils _rebuild_tensor_v2", "torch FloatStorage", "collections OrderedDict"]


def test_the_same_object_gives_the_same_bytes():
    assert saved({"x": grid()}) == saved({"x": grid()})


def test_an_archive_at_a_path_is_named_after_it(tmp_path):
    save(grid(), tmp_path / "model.v2.pt")
    assert "model.v2/data.pkl" in entries((tmp_path / "model.v2.pt").read_bytes())
    assert load(str(tmp_path / "model.v2.pt")).tolist() == grid().tolist()


def test_files_need_not_begin_at_zero_nor_be_seekable_for_writing():
    file = io.BytesIO()
    file.write(b"head")
    save(grid(), file)
    file.seek(4)
    assert load(file).tolist() == grid().tolist()

    class Stream(io.RawIOBase):
        written = b""

        def writable(self):
            return True

        def write(self, piece):
            self.written += bytes(piece)
            return len(piece)

    stream = Stream()
    save(grid(), stream)
    assert load(io.BytesIO(stream.written)).tolist() == grid().tolist()


def test_an_error_leaves_the_earlier_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "model.pt"
    save({"x": 1}, path)

    def fail(*args):
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("minigrad.serialization.archive.ArchiveWriter.write", fail)
        with pytest.raises(OSError, match="the disk is full"):
            save({"x": 2}, path)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        save({"x": lambda: 1}, path)
    assert os.listdir(tmp_path) == ["model.pt"]
    assert load(path) == {"x": 1}


def test_a_file_that_is_replaced_keeps_its_permissions_and_its_links(tmp_path):
    path = tmp_path / "model.pt"
    save(1, path)
    path.chmod(0o640)
    (tmp_path / "latest.pt").symlink_to(path)
    save(2, tmp_path / "latest.pt")
    assert load(path) == 2
    assert (tmp_path / "latest.pt").is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640


def test_mapped_tensors_can_be_written_to_without_changing_the_file(tmp_path):
    path = tmp_path / "model.pt"
    save({"x": grid(), "empty": minigrad.zeros(0)}, path)
    found = load(path, mmap=True)
    found["x"].zero_()
    assert found["empty"].shape == (0,)
    assert load(path)["x"].tolist() == grid().tolist()
    assert len(saved(found)) < 4000
    with pytest.raises(ValueError, match="f must be a file path in order to use the mmap argument"):
        load(io.BytesIO(saved(1)), mmap=True)


def test_map_location_takes_devices_dictionaries_and_functions():
    data = saved({"x": grid()})
    seen = []

    def where(storage, location):
        seen.append((len(storage), location))
        return storage

    for choice in ["cpu", minigrad.device("cpu"), {"cpu": "cpu"}, {}, where, lambda storage, location: None]:
        assert load(io.BytesIO(data), map_location=choice)["x"].tolist() == grid().tolist()
    assert seen == [(6, "cpu")]


@pytest.mark.parametrize(
    ("choice", "error", "message"),
    [
        ("nowhere", RuntimeError, r"don't know how to restore data location .* \(tagged with nowhere\)"),
        ({"cpu": "nowhere"}, RuntimeError, "tagged with nowhere"),
        (3, TypeError, "map_location is a device, a string, a dict or a function, got int"),
        (lambda storage, location: storage.anywhere(), AttributeError, "anywhere"),
    ],
)
def test_places_that_do_not_exist_are_named(choice, error, message):
    with pytest.raises(error, match=message):
        again(grid(), map_location=choice)


def test_a_file_of_the_other_byte_order_is_turned_round():
    data = saved(grid())
    turned = repacked(data, byteorder=b"big", **{"data/0": grid().numpy().astype(">f4").tobytes()})
    assert load(io.BytesIO(turned)).tolist() == grid().tolist()
