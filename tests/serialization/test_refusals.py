"""What damaged and hostile files do, and files and calls that make no sense."""

from __future__ import annotations

import io
import os
import pickle
import zlib
from contextlib import suppress

import numpy as np
import pytest

import minigrad
from minigrad.serialization import add_safe_globals, clear_safe_globals, get_safe_globals, load, safe_globals, save
from tests.serialization.files import Attack, Note, again, entries, grid, repacked, saved, written_by_pytorch


def test_nothing_that_is_not_allowed_is_run(tmp_path):
    with pytest.raises(pickle.UnpicklingError) as caught:
        again([Attack(tmp_path / "made")])
    for part in ("posix.mkdir" if os.name == "posix" else "mkdir", "weights_only=False", "add_safe_globals"):
        assert part in str(caught.value)
    assert not (tmp_path / "made").exists()
    again([Attack(tmp_path / "made")], weights_only=False)
    assert (tmp_path / "made").exists()


def test_classes_can_be_allowed_for_good_or_for_a_block():
    with pytest.raises(pickle.UnpicklingError, match="Note was not an allowed global"):
        again(Note("a"))
    with safe_globals([Note]):
        assert again(Note("a")).text == "a"
    assert get_safe_globals() == []
    add_safe_globals([(Note, "elsewhere.Name"), Note])
    try:
        assert again(Note("b")).text == "b"
        renamed = entries(saved(Note("c")))["archive/data.pkl"].replace(
            f"{Note.__module__}\nNote\n".encode(), b"elsewhere\nName\n"
        )
        assert load(io.BytesIO(repacked(saved(Note("c")), **{"data.pkl": renamed}))).text == "c"
    finally:
        clear_safe_globals()
    with pytest.raises(pickle.UnpicklingError):
        again(Note("a"))


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (b"cbuiltins\neval\n(X\x03\x00\x00\x001+1tR.", "builtins.eval was not an allowed global"),
        (b"(X\x03\x00\x00\x001+1ibuiltins\neval\n.", "105|damaged"),
        (b"ctorch\nfloat32\n}X\x04\x00\x00\x00nameK\x01sb.", "sets the state of a dtype"),
        (b"ctorch._utils\n_rebuild_tensor_v2\n}X\x01\x00\x00\x00aK\x01sb.", "sets the state of a function"),
        (b"ctorch\nfloat32\n)R.", "calls torch.float32, which is not allowed"),
        (b"X\x01\x00\x00\x00a)R.", "calls 'a', which is not allowed"),
        (b"ctorch._utils\n_rebuild_tensor_v2\n(K\x01K\x00))\x89NtR.", "a tensor's storage is expected"),
        (b"K\x01Q.", "a storage is expected, the file refers to 1"),
    ],
)
def test_hostile_pickles_are_refused(program, message):
    data = repacked(saved(1), **{"data.pkl": b"\x80\x02" + program})
    with pytest.raises((pickle.UnpicklingError, RuntimeError), match=message):
        load(io.BytesIO(data))


def test_a_tensor_that_reaches_beyond_its_storage_is_refused():
    data = repacked(saved(grid()), **{"data/0": bytes(20)})
    with pytest.raises(RuntimeError, match="storage '0' has 5 elements, expected 6"):
        load(io.BytesIO(data))
    program = entries(saved(grid()))["archive/data.pkl"].replace(b"K\x02K\x03\x86", b"K\x07K\x03\x86")
    with pytest.raises(RuntimeError, match=r"a tensor of size \(7, 3\).* does not fit into its storage of 6 elements"):
        load(io.BytesIO(repacked(saved(grid()), **{"data.pkl": program})))


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        (lambda data: b"", EOFError, "is empty, expected a file written by save"),
        (lambda data: b"no model at all", pickle.UnpicklingError, "is damaged or was not written by save"),
        (lambda data: data[:100], RuntimeError, "failed reading zip archive"),
        (lambda data: data[:-5], RuntimeError, "failed reading zip archive"),
        (lambda data: data.replace(grid().numpy().tobytes(), bytes(24)), RuntimeError, "checksum does not match"),
        (lambda data: repacked(data, **{"data/0": None}), RuntimeError, "has no entry 'model/data/0'"),
        (lambda data: repacked(data, **{"data.pkl": None}), RuntimeError, "without the entry <name>/data.pkl"),
        (lambda data: repacked(data, **{"data.pkl": b"\x80\x02]q"}), pickle.UnpicklingError, "is damaged"),
        (lambda data: repacked(data, byteorder=b"middle"), ValueError, "Unknown endianness type: middle"),
        (lambda data: pickle.dumps({"a": 1}), RuntimeError, "Invalid magic number; corrupt file"),
        (lambda data: written_by_pytorch("legacy")[:-3], RuntimeError, "ends after 0 of 0|ends"),
    ],
)
def test_damaged_files_are_named(tmp_path, damage, error, message):
    path = tmp_path / "model.pt"
    save(grid(), path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(error, match=message) as caught:
        load(path)
    assert "model.pt" in str(caught.value)


def test_any_damage_ends_in_an_error_of_loading():
    rng = np.random.default_rng(0)
    data = saved({"x": grid(), "y": grid()[0], "z": [1, "a", b"b", (2.5,), minigrad.Size([1])]})
    program = entries(data)["archive/data.pkl"]
    for source, rebuild in [
        (program, lambda bad: repacked(data, **{"data.pkl": bad})),
        (data, lambda bad: bad),
        (written_by_pytorch("legacy"), lambda bad: bad),
    ]:
        for _ in range(150):
            bad = bytearray(source)
            for _ in range(rng.integers(1, 4)):
                bad[rng.integers(len(bad))] = rng.integers(256)
            with suppress(pickle.UnpicklingError, RuntimeError, EOFError):
                load(io.BytesIO(rebuild(bytes(bad))))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda folder: save(1, folder), RuntimeError, "Is a directory"),
        (lambda folder: save(1, folder / "none" / "x.pt"), RuntimeError, "Parent directory .*none does not exist"),
        (lambda folder: save(1, 5), AttributeError, "expected 'f' to be string, path, or a file-like object"),
        (lambda folder: save(1, io.StringIO()), TypeError, "string argument expected"),
        (lambda folder: load(folder / "none.pt"), FileNotFoundError, "none.pt"),
        (lambda folder: load(folder), IsADirectoryError, "directory"),
        (lambda folder: load(5), AttributeError, "'int' object has no attribute 'seek'"),
        (lambda folder: load(io.StringIO("abc")), AssertionError, "Expected bytes, got str"),
        (
            lambda folder: save(1, io.BytesIO(), pickle_module=zlib),
            ValueError,
            "pickle_module is the standard library's",
        ),
    ],
)
def test_misuse_raises_what_pytorch_raises(tmp_path, call, error, message):
    with pytest.raises(error, match=message):
        call(tmp_path)


def test_arguments_for_the_unpickler_need_a_trusted_file():
    with pytest.warns(UserWarning, match="pickle_load_args only works if `weights_only=False`"):
        again(1, encoding="latin1")
    assert again(1, weights_only=False, encoding="latin1") == 1


def test_a_dtype_that_minigrad_lacks_is_named():
    program = entries(saved(grid()))["archive/data.pkl"].replace(b"FloatStorage", b"BFloat16Storage")
    with pytest.raises(pickle.UnpicklingError, match=r"torch\.BFloat16Storage"):
        load(io.BytesIO(repacked(saved(grid()), **{"data.pkl": program})))
