"""Files that either library writes, read by the other."""

from __future__ import annotations

import io
import pickle
import pickletools
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

import minigrad
from minigrad import nn

torch = pytest.importorskip("torch")

DTYPES = [each.name for each in minigrad.dtypes.ALL]


def written_by(library, obj, **options):
    file = io.BytesIO()
    library.save(obj, file, **options)
    file.seek(0)
    return file


def build(library, rng_seed):
    """Return a nest of tensors, views and plain values, built of either library."""
    rng = np.random.default_rng(rng_seed)

    def tensor():
        shape = tuple(rng.integers(0, 5, rng.integers(0, 4)).tolist())
        array = np.asarray(rng.integers(0, 2, shape) * rng.integers(1, 9)).astype(
            getattr(np, str(rng.choice(DTYPES)).replace("bool", "bool_"))
        )
        return library.from_numpy(array)

    def views():
        whole = library.from_numpy(rng.standard_normal((4, 5, 6)).astype(np.float32))
        parts = [whole, whole[1], whole[:, 2:4], whole.permute(2, 0, 1), whole[3, 4, 5], whole[::2, 1:, ::3], whole[4:]]
        return [parts[k] for k in rng.integers(0, len(parts), 4)]

    def value(depth):
        makers = [
            tensor,
            views,
            lambda: library.from_numpy(rng.standard_normal(3)).requires_grad_(),
            lambda: library.nn.Parameter(library.from_numpy(rng.standard_normal(3).astype(np.float32))),
            lambda: library.Size(rng.integers(0, 9, 2).tolist()),
            lambda: getattr(library, str(rng.choice(DTYPES))),
            lambda: library.device("cpu"),
            lambda: [3, 2.5, "text ä", b"\xff", None, True, 2**70, 1j, {1, 2}, bytearray(b"x")],
            lambda: OrderedDict((str(k), value(depth + 1)) for k in range(3)),
            lambda: {k: value(depth + 1) for k in range(3)},
            lambda: tuple(value(depth + 1) for _ in range(3)),
        ]
        return makers[rng.integers(len(makers) if depth < 3 else len(makers) - 3)]()

    return [value(0) for _ in range(5)]


def tensors_of(obj):
    if isinstance(obj, dict):
        obj = list(obj.values())
    if isinstance(obj, (list, tuple)):
        return [each for part in obj for each in tensors_of(part)]
    return [obj] if hasattr(obj, "stride") else []


def assert_alike(ours, theirs):
    assert repr(ours) == repr(theirs)
    for mine, other in zip(tensors_of(ours), tensors_of(theirs), strict=True):
        assert mine.stride() == other.stride() or not mine.numel()  # NumPy has its own strides for empty arrays
        assert mine.requires_grad == other.requires_grad
        assert mine.tolist() == other.tolist()
    # A write through one tensor must show in the same others.
    for mine, other in zip(tensors_of(ours), tensors_of(theirs), strict=True):
        mine.detach().fill_(1)
        other.detach().fill_(1)
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("seed", range(40))
def test_pytorch_reads_our_files(seed):
    ours = build(minigrad, seed)
    assert_alike(ours, torch.load(written_by(minigrad, ours)))


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
def test_we_read_the_files_of_pytorch(seed, is_zip):
    theirs = build(torch, seed)
    file = written_by(torch, theirs, _use_new_zipfile_serialization=is_zip)
    assert_alike(minigrad.load(file), theirs)


@pytest.mark.parametrize("seed", range(10))
def test_both_map_each_others_files(seed, tmp_path):
    ours, theirs = build(minigrad, seed), build(torch, seed)
    minigrad.save(ours, tmp_path / "ours.pt")
    torch.save(theirs, tmp_path / "theirs.pt")
    assert_alike(minigrad.load(tmp_path / "theirs.pt", mmap=True), torch.load(tmp_path / "ours.pt", mmap=True))


def test_the_pickle_is_pytorchs_to_the_byte():
    def program(library):
        x = library.from_numpy(np.arange(6, dtype=np.float32)).reshape(2, 3)
        obj = {"x": x, "t": x.permute(1, 0), "p": library.nn.Parameter(x.clone()), "n": [1, "a", library.float32, None]}
        return zipfile.ZipFile(written_by(library, obj)).read("archive/data.pkl")

    ours, theirs = program(minigrad), program(torch)
    assert list(map(str, pickletools.genops(ours))) == list(map(str, pickletools.genops(theirs)))
    assert ours == theirs


def test_a_checkpoint_of_pytorch_is_read_and_written_back():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 1))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(8, 3)).sum().backward()
    optimizer.step()
    checkpoint = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "loss": 0.5}
    found = minigrad.load(written_by(torch, checkpoint))
    assert repr(found) == repr(checkpoint)
    assert repr(found["model"]._metadata) == repr(model.state_dict()._metadata)
    back = torch.load(written_by(minigrad, found))
    assert repr(back) == repr(checkpoint)
    model.load_state_dict(back["model"])
    optimizer.load_state_dict(back["optimizer"])


def test_attributes_of_tensors_travel_both_ways():
    def noted(library):
        tensor, parameter = library.ones(2), library.nn.Parameter(library.ones(2))
        tensor.note, parameter.note = [1, "mine"], {"a": 1}
        return [tensor, parameter, library.nn.Buffer(library.ones(2))]

    for found in (torch.load(written_by(minigrad, noted(minigrad))), minigrad.load(written_by(torch, noted(torch)))):
        assert (found[0].note, found[1].note) == ([1, "mine"], {"a": 1})
        assert repr(found[2]) == "tensor([1., 1.])"


def test_whole_modules_of_pytorch_become_ours_when_the_file_is_trusted():
    torch.manual_seed(0)
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    ours = minigrad.load(written_by(torch, theirs), weights_only=False)
    assert type(ours) is nn.Sequential
    assert repr(ours.state_dict()) == repr(theirs.state_dict())
    assert repr(ours) == repr(theirs)


class Foreign:
    """A class that no reader of weights knows."""


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: data[:10],
        lambda data: data[:100],
        lambda data: pickle.dumps({"a": 1}, 2),
        lambda data: written_by(torch, Foreign()).getvalue(),
        lambda data: written_by(torch, [print]).getvalue(),
        lambda data: written_by(torch, frozenset([1])).getvalue(),
        lambda data: written_by(torch, np.float64(1)).getvalue(),
    ],
)
def test_damaged_and_forbidden_files_raise_the_same_type(tmp_path, spoil):
    path = tmp_path / "model.pt"
    path.write_bytes(spoil(written_by(torch, torch.ones(3)).getvalue()))
    with pytest.raises(Exception) as theirs:  # noqa: PT011  (whatever it is)
        torch.load(path)
    with pytest.raises(theirs.type):
        minigrad.load(path)


@pytest.mark.parametrize(
    "misuse",
    [
        lambda library, folder: library.save(1, folder),
        lambda library, folder: library.save(1, folder / "none" / "x.pt"),
        lambda library, folder: library.save(1, 5),
        lambda library, folder: library.save(1, io.StringIO()),
        lambda library, folder: library.load(folder / "none.pt"),
        lambda library, folder: library.load(folder),
        lambda library, folder: library.load(5),
        lambda library, folder: library.load(io.StringIO("abc")),
        lambda library, folder: library.load(written_by(library, 1), mmap=True),
        lambda library, folder: library.load(written_by(library, library.ones(2)), map_location="nowhere"),
        lambda library, folder: library.load(written_by(library, library.ones(2)), map_location="cuda:0"),
        lambda library, folder: library.load(written_by(library, library.ones(2)), map_location=3),
        lambda library, folder: library.save([library.ones(4), library.ones(4).mul], io.BytesIO()),
        lambda library, folder: library.serialization.add_safe_globals(3),
    ],
)
def test_misuse_raises_the_same_type(tmp_path, misuse):
    try:
        misuse(torch, tmp_path)
    except Exception as error:
        with pytest.raises(type(error)):
            misuse(minigrad, tmp_path)
    else:
        misuse(minigrad, tmp_path)
