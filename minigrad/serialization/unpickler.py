"""Unpickling, either of anything or of nothing but a known list of classes and functions."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import IO, Any, ClassVar

from minigrad import dtypes
from minigrad.serialization import names
from minigrad.serialization.rebuild import Storage, StorageType

__all__ = ["RefusedError", "StorageLoader", "TrustingUnpickler", "WeightsUnpickler"]

StorageLoader = Callable[[str, dtypes.dtype, str, int], Storage]


class RefusedError(pickle.UnpicklingError):
    """The file asks for something that a reader of weights does not do."""


# The one in Python, whose instructions can be replaced; it is declared to type checkers in part only.
_PythonUnpickler: Any = pickle._Unpickler


def _storage_of(pid: Any, load_storage: StorageLoader) -> Storage:
    if not (isinstance(pid, tuple) and len(pid) >= 5 and pid[0] == "storage"):
        raise pickle.UnpicklingError(f"a storage is expected, the file refers to {pid!r}")
    kind, key, location, count = pid[1:5]
    if not isinstance(kind, StorageType):
        raise pickle.UnpicklingError(f"a type of storage is expected, the file has {kind!r}")
    return load_storage(str(key), kind.dtype, str(location), count)


class TrustingUnpickler(pickle.Unpickler):
    """Unpickles anything, running whatever code the file names: for files from a trusted source only."""

    def __init__(self, file: IO[bytes], load_storage: StorageLoader, **arguments: Any) -> None:
        super().__init__(file, **arguments)
        self._load_storage = load_storage

    def persistent_load(self, pid: Any) -> Storage:
        """Return the storage that a persistent id names."""
        return _storage_of(pid, self._load_storage)

    def find_class(self, module: str, name: str) -> Any:
        """Return the object of a name, minigrad's for PyTorch's names."""
        if module == "torch" or module.startswith("torch."):
            return names.resolve(module, name)
        return super().find_class(module, name)


# All instructions but those that look up attributes by themselves, use registries of the process, or allocate at will.
_INSTRUCTIONS = """
    PROTO FRAME STOP MARK POP POP_MARK DUP NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 LONG4 BINFLOAT
    BINUNICODE SHORT_BINUNICODE BINUNICODE8 BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8
    EMPTY_DICT EMPTY_LIST EMPTY_TUPLE EMPTY_SET TUPLE TUPLE1 TUPLE2 TUPLE3 LIST DICT APPEND APPENDS ADDITEMS SETITEM
    SETITEMS BINPUT LONG_BINPUT BINGET LONG_BINGET MEMOIZE GLOBAL STACK_GLOBAL BINPERSID
"""


class WeightsUnpickler(_PythonUnpickler):  # type: ignore[misc]  # its base is untyped
    """Unpickles tensors, containers and plain values, and refuses everything else.

    A pickle is a program: it can import any function and call it. This reader knows only instructions that build plain
    values, and calls only what is on a fixed list or what the user has put there by `add_safe_globals`.

    Parameters
    ----------
    file : binary file
    load_storage : callable
        Returns a storage for its key, dtype, location and length.
    allowed : dict
        What the user has allowed, by ``"module.name"``.
    """

    dispatch: ClassVar[dict[int, Any]] = {
        code: _PythonUnpickler.dispatch[code] for code in (getattr(pickle, name)[0] for name in _INSTRUCTIONS.split())
    }

    def __init__(self, file: IO[bytes], load_storage: StorageLoader, allowed: dict[str, Any]) -> None:
        super().__init__(file, encoding="utf-8")
        self._load_storage = load_storage
        self._allowed = allowed
        self._callable: dict[int, Any] = {}

    def persistent_load(self, pid: Any) -> Storage:
        """Return the storage that a persistent id names."""
        return _storage_of(pid, self._load_storage)

    def find_class(self, module: str, name: str) -> Any:
        """Return the object of a name that is allowed.

        Raises
        ------
        RefusedError
            For every other name.
        """
        module = {"__builtin__": "builtins", "copy_reg": "copyreg"}.get(module, module)
        full = f"{module}.{name}"
        found = self._allowed.get(full)
        if found is None:
            found = names.weights_only_globals().get((module, name))
        if found is None:
            raise RefusedError(
                f"Unsupported global: GLOBAL {full} was not an allowed global by default. If you trust it, allow it by "
                f"`torch.serialization.add_safe_globals([{full}])` or within "
                f"`torch.serialization.safe_globals([{full}])`. If you trust the whole file, pass weights_only=False, "
                "which runs whatever code the file holds"
            )
        if callable(found):
            self._callable[id(found)] = found
        return found

    def _check_callable(self, function: Any) -> None:
        if id(function) not in self._callable:
            raise RefusedError(f"the file calls {function!r}, which is not allowed")

    def _reduce(self) -> None:
        self._check_callable(self.stack[-2])
        _PythonUnpickler.dispatch[pickle.REDUCE[0]](self)

    def _new_object(self) -> None:
        self._check_callable(self.stack[-2])
        _PythonUnpickler.dispatch[pickle.NEWOBJ[0]](self)

    def _build(self) -> None:
        target = self.stack[-2]
        if type(target) is OrderedDict:  # a state dict keeps the versions of its modules as an attribute
            state = self.stack.pop()
            vars(target).update(state)
        elif any(type(target) is each for each in self._allowed.values()):
            _PythonUnpickler.dispatch[pickle.BUILD[0]](self)
        else:
            raise RefusedError(f"the file sets the state of a {type(target).__name__}, which is not allowed")

    dispatch[pickle.REDUCE[0]] = _reduce
    dispatch[pickle.NEWOBJ[0]] = _new_object
    dispatch[pickle.BUILD[0]] = _build
