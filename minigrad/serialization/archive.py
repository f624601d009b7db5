"""The container of a saved file: a zip archive whose entries are stored uncompressed, at aligned places.

PyTorch lays files out so that a storage can be mapped into memory where it lies: every entry begins at a multiple of 64
bytes, reached by padding in the extra field of the entry's header.
"""

from __future__ import annotations

import os
import secrets
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np

__all__ = ["ArchiveReader", "ArchiveWriter", "atomic_write", "read_into"]

ALIGNMENT = 64
_LOCAL_HEADER = 30
_ZIP64_FIELD = 20
_EXTRA_HEADER = 4
_SIGNATURE = b"PK\x03\x04"
_ERRORS_OF_DAMAGED_ARCHIVES = (
    EOFError, NotImplementedError, OSError, OverflowError, ValueError, struct.error, zipfile.BadZipFile, zlib.error
)  # fmt: skip


class ArchiveWriter:
    """Writes the entries of an archive.

    Parameters
    ----------
    file : binary file
        What to write to; need not be seekable.
    name : str
        The folder that holds all entries.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._zip = zipfile.ZipFile(file, "w")
        self._name = name

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is None:
            self._zip.close()
        elif self._zip.fp is not None:
            # Closing would write a directory, as if the archive were complete.
            self._zip.fp = None

    def write(self, entry: str, data: bytes | np.ndarray[Any, Any]) -> None:
        """Write an entry: bytes, or the elements of a contiguous array."""
        buffer = data if isinstance(data, bytes) else data.view(np.uint8).data
        info = zipfile.ZipInfo(f"{self._name}/{entry}")
        info.file_size = len(buffer)
        info.extra = self._padding(info)
        with self._zip.open(info, "w") as out:
            out.write(buffer)
        info.extra = b""  # of no use in the directory

    def _padding(self, info: zipfile.ZipInfo) -> bytes:
        is_large = info.file_size * 1.05 > zipfile.ZIP64_LIMIT  # the test by which zipfile adds its own field
        start = self._zip.start_dir + _LOCAL_HEADER + len(info.filename.encode()) + _EXTRA_HEADER
        count = -(start + _ZIP64_FIELD * is_large) % ALIGNMENT
        return struct.pack("<2sH", b"FB", count) + b"Z" * count


class ArchiveReader:
    """Reads the entries of an archive.

    Parameters
    ----------
    file : binary file, seekable
    description : str
        What errors call the file.
    map_from : str, optional
        Path from which arrays are mapped into memory, instead of being read.

    Raises
    ------
    RuntimeError
        When the file is no complete archive of this kind.
    """

    def __init__(self, file: IO[bytes], description: str, map_from: str | None = None) -> None:
        self._file = file
        self._description = description
        self._map: Any = None
        try:
            self._zip = zipfile.ZipFile(file)
        except _ERRORS_OF_DAMAGED_ARCHIVES as error:
            raise self._corrupt(
                f"failed reading zip archive ({error}). The file is incomplete or damaged: it may not have been "
                "written or transferred to its end"
            ) from None
        names = self._zip.namelist()
        pickles = [name for name in names if name.endswith("/data.pkl") and name.count("/") == 1]
        if not pickles:
            raise self._corrupt(
                "a zip archive without the entry <name>/data.pkl, so not written by save(); it holds "
                f"{', '.join(names[:5]) or 'nothing'}{', ...' if len(names) > 5 else ''}"
            )
        self._folder = pickles[0].removesuffix("data.pkl")
        self._names = set(names)
        if map_from is not None:
            import mmap

            with open(map_from, "rb") as again:
                self._map = mmap.mmap(again.fileno(), 0, access=mmap.ACCESS_COPY)

    def __contains__(self, entry: str) -> bool:
        return self._folder + entry in self._names

    def read(self, entry: str) -> bytes:
        """Return an entry's bytes."""
        return self.read_array(entry, np.dtype(np.uint8)).tobytes()

    def read_array(self, entry: str, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
        """Return an entry's bytes as a vector of ``dtype``.

        Raises
        ------
        RuntimeError
            When the entry is missing, cut off or damaged.
        """
        name = self._folder + entry
        if name not in self._names:
            raise self._corrupt(f"the archive has no entry '{name}'")
        info = self._zip.getinfo(name)
        if info.file_size % dtype.itemsize:
            raise self._corrupt(f"entry '{name}' has {info.file_size} bytes, expected a multiple of {dtype.itemsize}")
        try:
            if info.compress_type != zipfile.ZIP_STORED:
                return np.frombuffer(bytearray(self._zip.read(info)), dtype)
            return self._stored_array(info, dtype)
        except _ERRORS_OF_DAMAGED_ARCHIVES as error:
            raise self._corrupt(f"entry '{name}' cannot be read ({error})") from None

    def _stored_array(self, info: zipfile.ZipInfo, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
        self._file.seek(info.header_offset)
        header = self._file.read(_LOCAL_HEADER)
        if header[:4] != _SIGNATURE:
            raise zipfile.BadZipFile("no entry begins where the directory says")
        start = info.header_offset + _LOCAL_HEADER + sum(struct.unpack("<HH", header[26:30]))
        if self._map is not None and info.file_size:
            if start + info.file_size > len(self._map):
                raise EOFError("it reaches beyond the end of the file")
            return np.frombuffer(self._map, dtype, info.file_size // dtype.itemsize, start)
        self._file.seek(start)
        array = np.empty(info.file_size // dtype.itemsize, dtype)
        read_into(self._file, array.view(np.uint8).data)
        # A sum of 0 stands for none: PyTorch can be told to leave it out.
        if info.CRC and zlib.crc32(array.view(np.uint8).data) != info.CRC:
            raise zipfile.BadZipFile("its checksum does not match")
        return array

    def _corrupt(self, problem: str) -> RuntimeError:
        return RuntimeError(f"load: {self._description}: {problem}")


def read_into(file: IO[bytes], buffer: memoryview) -> None:
    """Fill a buffer from a file.

    Raises
    ------
    EOFError
        When the file ends before the buffer is full.
    """
    readinto = getattr(file, "readinto", None)
    position = 0
    while position < len(buffer):
        if readinto is None:
            piece = file.read(len(buffer) - position)
            count = len(piece)
            buffer[position : position + count] = piece
        else:
            count = readinto(buffer[position:])
        if not count:
            raise EOFError(f"it ends after {position} of {len(buffer)} bytes")
        position += count


@contextmanager
def atomic_write(path: str) -> Iterator[IO[bytes]]:
    """Open a file such that it appears under ``path`` only when it was written to its end.

    It is written under a passing name in the same folder, which takes the place of ``path`` at the end; after an
    error an earlier file of that name is as it was.

    Raises
    ------
    RuntimeError
        When the folder does not exist, or ``path`` is a folder.
    """
    path = os.path.realpath(path)
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise RuntimeError(f"save: Parent directory {folder} does not exist.")
    if os.path.isdir(path):
        raise RuntimeError(f"save: {path} Is a directory; expected the path of a file")
    exists = os.path.exists(path)
    if exists and not os.path.isfile(path):  # a pipe or a device, which must not be replaced
        with open(path, "wb") as file:
            yield file
        return
    passing = os.path.join(folder, f".minigrad-{secrets.token_hex(8)}.tmp")
    try:
        with open(passing, "xb") as file:
            if exists:
                shutil.copymode(path, passing)
            yield file
        os.replace(passing, path)
    except BaseException:
        if os.path.exists(passing):
            os.unlink(passing)
        raise
