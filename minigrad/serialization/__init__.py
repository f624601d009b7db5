"""Saving and loading: the files are PyTorch's own, so that either library reads what the other wrote.

A file is a zip archive (`minigrad.serialization.archive`) of one pickle with everything but the elements of tensors
(`minigrad.serialization.pickler`) and one entry for each storage. Tensors that share memory share it again after
loading, and their memory is written once.
"""

from __future__ import annotations

import os
import pickle
import struct
import sys
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from minigrad import devices, dtypes
from minigrad.serialization.rebuild import Storage
from minigrad.serialization.safe_globals import (
    add_safe_globals,
    allowed_by_name,
    clear_safe_globals,
    get_safe_globals,
    safe_globals,
)

if TYPE_CHECKING:
    from minigrad.serialization.archive import ArchiveReader

__all__ = ["add_safe_globals", "clear_safe_globals", "get_safe_globals", "load", "safe_globals", "save"]

_ZIP = b"PK\x03\x04"
MapLocation = Any
DEFAULT_PROTOCOL = 2
MAP_LOCATION = MapLocation  # as programs import it, to annotate their own functions
# What an unpickler runs into when bytes are no pickle.
_ERRORS_OF_DAMAGED_PICKLES = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError, TypeError,
    ValueError, struct.error,
)  # fmt: skip


def save(
    obj: object,
    f: str | os.PathLike[str] | IO[bytes],
    pickle_module: Any = pickle,
    pickle_protocol: int = 2,
) -> None:
    """Save an object to a file that PyTorch can load too.

    Parameters
    ----------
    obj : object
        A tensor, a state dict, or any picklable nest of tensors and other values.
    f : path or binary file
        A path is written whole or not at all: after an error an earlier file of that name is as it was.
    pickle_module : module
        Only the standard library's ``pickle`` is supported.
    pickle_protocol : int
        PyTorch's ``load`` expects 2.

    Raises
    ------
    RuntimeError
        When the folder does not exist, or when tensors of different dtypes share memory.

    Examples
    --------
    >>> import io
    >>> from minigrad.creation import tensor
    >>> file = io.BytesIO()
    >>> save({"weight": tensor([1.0, 2.0])}, file)
    >>> _ = file.seek(0)
    >>> load(file)
    {'weight': tensor([1., 2.])}
    """
    from minigrad.serialization.archive import ArchiveWriter, atomic_write
    from minigrad.serialization.pickler import pickle_with_storages

    _check_pickle_module(pickle_module)
    path = _path(f)
    if path is None and not hasattr(f, "write"):
        raise AttributeError(
            f"expected 'f' to be string, path, or a file-like object with a 'write' attribute, got {type(f).__name__}"
        )
    # Before a file is opened: what cannot be pickled is found out here.
    data, storages = pickle_with_storages(obj, pickle_protocol)
    name = "archive" if path is None else os.path.splitext(os.path.basename(path))[0]
    target: AbstractContextManager[Any] = nullcontext(f) if path is None else atomic_write(path)
    with target as file, ArchiveWriter(file, name) as archive:
        archive.write("data.pkl", data)
        archive.write(".format_version", b"1")
        archive.write(".storage_alignment", b"64")
        archive.write("byteorder", sys.byteorder.encode())
        for storage in storages:
            archive.write(f"data/{storage.key}", storage.part)
        archive.write("version", b"3\n")


def load(
    f: str | os.PathLike[str] | IO[bytes],
    map_location: MapLocation = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Load an object saved by `save`, or by PyTorch.

    Parameters
    ----------
    f : path or seekable binary file
    map_location : device, str, dict or callable, optional
        Where to put tensors: one device for all, a device for each location in the file, or a function of storage and
        location that returns the storage, or None for the usual place. By default where they were saved from.
    pickle_module : module
        Only the standard library's ``pickle`` is supported.
    weights_only : bool
        True, the default, loads tensors, containers and plain values, and runs no code that the file names, beyond
        what `add_safe_globals` allows. False unpickles anything: for trusted files only.
    mmap : bool
        Map the storages from the file into memory instead of reading them; writes do not reach the file.
    **pickle_load_args
        For the unpickler; only with ``weights_only=False``.

    Raises
    ------
    pickle.UnpicklingError
        When the file refers to something that is not allowed, or is no file of this kind.
    RuntimeError
        When the file is damaged or incomplete.
    EOFError
        When it is empty.
    """
    _check_pickle_module(pickle_module)
    weights_only = weights_only is None or weights_only
    path = _path(f)
    if mmap and path is None:
        raise ValueError("f must be a file path in order to use the mmap argument")
    if weights_only and pickle_load_args:
        warnings.warn("pickle_load_args only works if `weights_only=False`.", stacklevel=2)
        pickle_load_args = {}
    description = _describe(f) if path is None else f"'{path}'"
    with nullcontext(_seekable(f)) if path is None else open(path, "rb") as file:
        reader = _Reader(description, weights_only, _place_on(map_location), pickle_load_args)
        head = file.read(4)
        if isinstance(head, str):
            raise AssertionError(f"load: {description}: Expected bytes, got str. Open the file in binary mode")
        file.seek(-len(head), os.SEEK_CUR)
        if not head:
            raise EOFError(f"load: {description} is empty, expected a file written by save()")
        if head == _ZIP:
            return reader.load_archive(file, path if mmap else None)
        if mmap:
            raise RuntimeError(f"load: {description}: mmap can only be used with files saved in the zip format")
        return reader.load_legacy(file)


class _FromTheUser(Exception):
    """Carries an error of the user's own ``map_location`` past what handles damaged files."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class _Reader:
    """How one file is read: by which unpickler, onto which device, and what errors call it."""

    def __init__(
        self,
        description: str,
        weights_only: bool,
        place: Callable[[Storage], Storage],
        arguments: dict[str, Any],
    ) -> None:
        self.description = description
        self.weights_only = weights_only
        self.place = place
        self.arguments = {"encoding": "utf-8", **arguments}

    def load_archive(self, file: IO[bytes], map_from: str | None) -> Any:
        """Return the object in a zip archive."""
        import io

        from minigrad.serialization.archive import ArchiveReader

        archive = ArchiveReader(file, self.description, map_from)
        if "constants.pkl" in archive:
            raise RuntimeError(f"load: {self.description} is a TorchScript archive, expected a file written by save()")
        swap = self._has_foreign_bytes(archive)
        storages: dict[str, Storage] = {}

        def load_storage(key: str, dtype: dtypes.dtype, location: str, count: int) -> Storage:
            if key not in storages:
                array = archive.read_array(f"data/{key}", dtype.numpy)
                if array.size != count:
                    raise RuntimeError(
                        f"load: {self.description}: storage '{key}' has {array.size} elements, expected {count}"
                    )
                storages[key] = self.make_storage(array.byteswap() if swap else array, location)
            return storages[key]

        data = io.BytesIO(archive.read("data.pkl"))
        return self._guarded(lambda: self.unpickler(data, load_storage).load())

    def _has_foreign_bytes(self, archive: ArchiveReader) -> bool:
        order = archive.read("byteorder").decode(errors="replace") if "byteorder" in archive else "little"
        if order not in ("little", "big"):
            raise ValueError(f"load: {self.description}: Unknown endianness type: {order}, expected little or big")
        return order != sys.byteorder

    def load_legacy(self, file: IO[bytes]) -> Any:
        """Return the object in a file of the old format."""
        from minigrad.serialization.legacy import load_legacy

        return self._guarded(lambda: load_legacy(file, self.unpickler, self.make_storage, self.description))

    def make_storage(self, array: np.ndarray[Any, Any], location: str) -> Storage:
        """Put an array saved from a location where it is wanted."""
        return self.place(Storage(array, location))

    def unpickler(self, file: IO[bytes], load_storage: Callable[..., Storage]) -> Any:
        """Return an unpickler."""
        from minigrad.serialization.unpickler import TrustingUnpickler, WeightsUnpickler

        if self.weights_only:
            return WeightsUnpickler(file, load_storage, allowed_by_name())
        return TrustingUnpickler(file, load_storage, **self.arguments)

    def _guarded(self, run: Callable[[], Any]) -> Any:
        """Run a load; say of errors which file they come from."""
        from minigrad.serialization.unpickler import RefusedError

        try:
            return run()
        except _FromTheUser as carrier:
            raise carrier.error from None
        except RefusedError as error:
            raise pickle.UnpicklingError(f"Weights only load failed for {self.description}: {error}.") from None
        except pickle.UnpicklingError as error:
            raise self._damaged(error) from None
        except _ERRORS_OF_DAMAGED_PICKLES as error:
            if not self.weights_only:  # then the file runs code of its own, which may raise what it likes
                raise
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> pickle.UnpicklingError:
        start = "Weights only load failed for" if self.weights_only else "load:"
        return pickle.UnpicklingError(
            f"{start} {self.description}: the file is damaged or was not written by save() "
            f"({type(error).__name__}: {error})."
        )


def _place_on(map_location: MapLocation) -> Callable[[Storage], Storage]:
    """Return the function that puts a storage where ``map_location`` wants it."""
    if isinstance(map_location, (str, devices.device)):
        return lambda storage: _move(storage, str(map_location))
    if isinstance(map_location, dict):
        return lambda storage: _move(storage, str(map_location.get(storage.location, storage.location)))
    if callable(map_location):

        def place(storage: Storage) -> Storage:
            try:
                placed = map_location(storage, storage.location)
            except Exception as error:
                raise _FromTheUser(error) from error
            return _move(storage, storage.location) if placed is None else placed

        return place
    if map_location is not None:
        raise TypeError(
            f"load: map_location is a device, a string, a dict or a function, got {type(map_location).__name__}"
        )
    return lambda storage: _move(storage, storage.location)


def _move(storage: Storage, location: str) -> Storage:
    try:
        target = devices.device(location)
    except RuntimeError:
        raise RuntimeError(f"don't know how to restore data location of {storage!r} (tagged with {location})") from None
    try:
        devices.check_available(target)
    except RuntimeError as error:
        raise RuntimeError(
            f"Attempting to deserialize object on device '{target}', which is not available: {error}. If you are "
            "running on a CPU-only machine, please use load with map_location=device('cpu') to map your storages to "
            "the CPU."
        ) from None
    return storage.to(target)


def _path(f: Any) -> str | None:
    return os.fspath(f) if isinstance(f, (str, os.PathLike)) else None


def _check_pickle_module(module: Any) -> None:
    if module not in (None, pickle):
        raise ValueError(f"pickle_module is the standard library's pickle, got {module!r}")


def _describe(file: Any) -> str:
    name = getattr(file, "name", None)
    return f"'{name}'" if isinstance(name, str) else f"the {type(file).__name__}"


def _seekable(file: Any) -> Any:
    for needed in ("seek", "tell", "read", "readline"):
        if not hasattr(file, needed):
            raise AttributeError(
                f"'{type(file).__name__}' object has no attribute '{needed}'. You can only torch.load from a file that "
                "is seekable. Please pre-load the data into a buffer like io.BytesIO and try to load from it instead."
            )
    return file
