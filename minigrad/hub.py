"""Files of parameters from the network, kept in a folder: ``torch.hub.load_state_dict_from_url``."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from minigrad.serialization import load

__all__ = ["download_url_to_file", "get_dir", "load_state_dict_from_url", "set_dir"]

_CHUNK = 1 << 17
HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")
_chosen: list[str] = []


def get_dir() -> str:
    """Return the folder: the one set, else ``$TORCH_HOME/hub``, else ``hub`` in the user's cache of PyTorch's files."""
    if _chosen:
        return _chosen[-1]
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return os.path.join(os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(cache, "torch"))), "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Set the folder."""
    _chosen[:] = [os.path.expanduser(d)]


def download_url_to_file(url: str, dst: str, hash_prefix: str | None = None, progress: bool = True) -> None:
    """Fetch a file, and put it in its place when it is whole.

    Parameters
    ----------
    hash_prefix : str, optional
        What the SHA-256 of the content must begin with.
    progress : bool
        Whether to say at the end how much was fetched.

    Raises
    ------
    RuntimeError
        For other content.
    """
    target = Path(dst).expanduser()
    partial = target.with_name(target.name + f".{os.getpid()}.partial")
    digest, size = hashlib.sha256(), 0
    try:
        with urllib.request.urlopen(url) as source, partial.open("wb") as file:
            while chunk := source.read(_CHUNK):
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        if hash_prefix and not digest.hexdigest().startswith(hash_prefix):
            raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "{digest.hexdigest()}")')
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    if progress:
        sys.stderr.write(f"{size / 2**20:.1f} MiB\n")


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = False,
) -> Any:
    """Return what a file of the network holds, fetching it unless it was fetched before.

    Parameters
    ----------
    url : str
    model_dir : str, optional
        Where to keep the file; ``checkpoints`` in `get_dir` if omitted.
    map_location, weights_only
        `load`'s.
    progress : bool
    check_hash : bool
        Whether the name, as in ``resnet18-5c106cde.pth``, tells how the SHA-256 begins.
    file_name : str, optional
    """
    folder = Path(get_dir(), "checkpoints") if model_dir is None else Path(model_dir)
    folder.mkdir(parents=True, exist_ok=True)
    name = file_name or os.path.basename(urllib.parse.urlparse(url).path)
    target = folder / name
    if not target.exists():
        sys.stderr.write(f'Downloading: "{url}" to {target}\n')
        found = HASH_REGEX.search(name) if check_hash else None
        download_url_to_file(url, str(target), found.group(1) if found else None, progress)
    return load(target, map_location=map_location, weights_only=weights_only)
