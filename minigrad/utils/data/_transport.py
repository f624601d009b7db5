"""Batches on their way from a worker to the main process.

A message is pickled; large arrays in it are not copied into the pickle but written to the pipe as they are, and read
straight into the memory of the arrays that come out. Measured on a batch of 0.4 MB: 0.2 ms, against 0.6 ms through
`Connection.send_bytes` and 0.4 ms through shared memory, which a killed worker could leak besides.
"""

from __future__ import annotations

import os
import pickle
import sys
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

import numpy as np

Packed: TypeAlias = "tuple[bytes, list[memoryview]]"

# Below this an array is cheaper inside the pickle than by a system call of its own.
_LARGE = 1 << 14


def pack(message: Any) -> Packed:
    """Pickle a message, its large arrays apart."""
    views: list[memoryview] = []

    def keeps_inside(buffer: pickle.PickleBuffer) -> bool:
        try:
            view = buffer.raw()
        except BufferError:  # not contiguous
            return True
        if view.nbytes < _LARGE:
            return True
        views.append(view)
        return False

    body = pickle.dumps(message, protocol=5, buffer_callback=keeps_inside)
    return pickle.dumps((body, [view.nbytes for view in views])), views


def send(connection: Connection, packed: Packed) -> None:
    """Write a packed message; blocks until the other side reads."""
    header, views = packed
    connection.send_bytes(header)
    for view in views:
        _write(connection, view)


def receive(connection: Connection) -> Any:
    """Read one message."""
    body, sizes = pickle.loads(connection.recv_bytes())
    return pickle.loads(body, buffers=[_read(connection, size) for size in sizes])


if sys.platform == "win32":

    def _write(connection: Connection, view: memoryview) -> None:
        connection.send_bytes(view)

    def _read(connection: Connection, size: int) -> Any:
        return bytearray(connection.recv_bytes())

else:

    def _write(connection: Connection, view: memoryview) -> None:
        descriptor = connection.fileno()
        while view.nbytes:
            view = view[os.write(descriptor, view) :]

    def _read(connection: Connection, size: int) -> Any:
        # np.empty, because a bytearray would first be filled with zeros.
        buffer = np.empty(size, np.uint8)
        view = memoryview(buffer.data)
        descriptor = connection.fileno()
        while view.nbytes:
            count = os.readv(descriptor, [view])
            if count == 0:
                raise EOFError
            view = view[count:]
        return buffer
