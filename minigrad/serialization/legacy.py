"""Reading files of PyTorch before 1.6 (or saved with ``_use_new_zipfile_serialization=False``).

Such a file is five pickles one after the other (a magic number, the version of the format, facts on the machine, the
object, the keys of its storages), then the storages, each as a length and its elements.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from minigrad import dtypes
from minigrad.serialization.archive import read_into
from minigrad.serialization.rebuild import Storage

__all__ = ["load_legacy"]

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001


def load_legacy(
    file: IO[bytes],
    unpickler: Callable[[IO[bytes], Callable[[str, dtypes.dtype, str, int], Storage]], Any],
    make_storage: Callable[[np.ndarray[Any, Any], str], Storage],
    description: str,
) -> Any:
    """Return the object in a file of the old format.

    Parameters
    ----------
    file : binary file
    unpickler : callable
        Makes an unpickler of a file and a function that returns storages.
    make_storage : callable
        Puts an array saved from a location where it is wanted.
    description : str
        What errors call the file.

    Raises
    ------
    RuntimeError
        When the file is a pickle but not of this format, or ends too early.
    """

    def no_storage(key: str, dtype: dtypes.dtype, location: str, count: int) -> Storage:
        raise pickle.UnpicklingError("a storage is referred to outside the saved object")

    if unpickler(file, no_storage).load() != MAGIC_NUMBER:
        raise RuntimeError(
            f"load: {description}: Invalid magic number; corrupt file? Expected a file written by save()"
        )
    version = unpickler(file, no_storage).load()
    if version != PROTOCOL_VERSION:
        raise RuntimeError(f"load: {description}: Invalid protocol version: {version}, expected {PROTOCOL_VERSION}")
    facts = unpickler(file, no_storage).load()
    order = "<" if not isinstance(facts, dict) or facts.get("little_endian", True) else ">"

    storages: dict[str, Storage] = {}

    def find_storage(key: str, dtype: dtypes.dtype, location: str, count: int) -> Storage:
        # The elements come after the object, so tensors are built on memory that is filled later.
        if key not in storages:
            storages[key] = make_storage(np.zeros(count, dtype.numpy), location)
        return storages[key]

    result = unpickler(file, find_storage).load()
    for key in unpickler(file, no_storage).load():
        if key not in storages:
            raise RuntimeError(f"load: {description}: the file holds a storage '{key}' that no tensor uses")
        array = storages[key].array
        head = file.read(8)
        if len(head) < 8:
            raise RuntimeError(f"load: {description}: the file ends before storage '{key}'")
        (count,) = struct.unpack(order + "q", head)
        if count != array.size:
            raise RuntimeError(f"load: {description}: storage '{key}' has {count} elements, expected {array.size}")
        try:
            read_into(file, array.view(np.uint8).data)
        except EOFError as error:
            raise RuntimeError(f"load: {description}: storage '{key}': {error}") from None
        if order == ">":
            array.byteswap(inplace=True)
    return result
