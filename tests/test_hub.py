"""Files of parameters by their address; here addresses of files."""

from __future__ import annotations

import hashlib

import pytest

import minigrad
from minigrad import hub


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "there" / "weights.pth"
    path.parent.mkdir()
    minigrad.save({"weight": minigrad.ones(2)}, path)
    return path


def test_a_file_is_fetched_once_and_then_read_from_the_folder(source, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(hub, "_chosen", [])
    hub.set_dir(tmp_path / "kept")
    assert hub.load_state_dict_from_url(source.as_uri(), progress=False)["weight"].tolist() == [1.0, 1.0]
    assert "Downloading" in capsys.readouterr().err
    source.unlink()
    again = hub.load_state_dict_from_url(source.as_uri(), weights_only=True)
    assert again["weight"].tolist() == [1.0, 1.0]
    assert [each.name for each in (tmp_path / "kept" / "checkpoints").iterdir()] == ["weights.pth"]
    assert capsys.readouterr().err == ""


def test_the_name_may_tell_how_the_hash_begins(source, tmp_path):
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    right, wrong = (source.with_name(f"net-{each}.pth") for each in (digest[:8], "00000000"))
    for path in (right, wrong):
        path.write_bytes(source.read_bytes())
    folder = str(tmp_path / "models")
    assert "weight" in hub.load_state_dict_from_url(right.as_uri(), folder, check_hash=True)
    with pytest.raises(RuntimeError, match='invalid hash value \\(expected "00000000"'):
        hub.load_state_dict_from_url(wrong.as_uri(), folder, check_hash=True)
    assert [each.name for each in (tmp_path / "models").iterdir()] == [right.name]


def test_the_folder_is_that_of_the_environment_unless_one_is_set(monkeypatch):
    monkeypatch.setattr(hub, "_chosen", [])
    monkeypatch.setenv("TORCH_HOME", "/somewhere")
    assert hub.get_dir() == "/somewhere/hub"
    hub.set_dir("/elsewhere")
    assert hub.get_dir() == "/elsewhere"
