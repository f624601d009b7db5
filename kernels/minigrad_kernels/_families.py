"""Finding a kernel by its op's name, its family's module imported only then."""

from __future__ import annotations

import importlib


def by_name(package, families, kind):
    """Return ``__all__``, ``__getattr__`` and ``__dir__`` of a package of kernels.

    Parameters
    ----------
    package : str
        The package's name.
    families : dict of str to list of str
        The names that each module defines.
    kind : str
        What the error for an unknown name calls a kernel.
    """
    home = {name: family for family, names in families.items() for name in names}
    names = [*families, *home]

    def find(name):
        """Import the family that `name` is or lives in, and keep what was asked for."""
        if name in families:
            return importlib.import_module(f"{package}.{name}")
        if name not in home:
            raise AttributeError(f"there is no {kind} {name!r}")
        found = getattr(importlib.import_module(f"{package}.{home[name]}"), name)
        setattr(importlib.import_module(package), name, found)
        return found

    def list_names():
        """List the families and the kernels."""
        return sorted(names)

    return names, find, list_names
