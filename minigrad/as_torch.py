"""``import torch`` answered by minigrad.

`install_as_torch` puts a finder before all others. It answers ``import torch`` and ``import torch.nn.functional`` with
minigrad's own modules of the same path (the same objects, so a script and the libraries it imports share one `Tensor`),
whether PyTorch is installed or not. A name that minigrad lacks raises what Python raises for it, and says where the
list of names is.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from opcode import opmap
from types import ModuleType
from typing import Any

from minigrad.torch_version import TorchVersion

__all__ = ["install_as_torch"]

WHERE_TO_LOOK = "docs/coverage.md and `python -m minigrad coverage` list what is there"

OWN = {"as_torch", "batching", "cli", "demo", "opcheck", "ops", "viz"}
"""minigrad's modules that mirror none of PyTorch's."""


def install_as_torch() -> None:
    """Answer every later ``import torch`` in this process with minigrad.

    Call it before anything imports ``torch``; calling it again does nothing. PyTorch need not be installed, and is not
    touched if it is. ``python -m minigrad run script.py`` does this and then runs the script.

    Since programs compare ``torch.__version__``, it is from then on that of the interface, PyTorch's, and minigrad's
    own comes after a plus sign, where PyTorch says how it was built: ``2.13.0+minigrad0.1.0``.

    Raises
    ------
    RuntimeError
        When PyTorch itself has been imported already: some code would go on with its tensors.

    Examples
    --------
    >>> install_as_torch()  # doctest: +SKIP
    >>> import torch.nn as nn  # doctest: +SKIP
    >>> nn.Linear.__module__  # doctest: +SKIP
    'minigrad.nn.linear'
    """
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    if "torch" in sys.modules:
        raise RuntimeError(
            "install_as_torch() came too late: PyTorch itself has been imported already. Call it before the first "
            "`import torch`, in a notebook after restarting the kernel, or use `python -m minigrad run script.py`."
        )
    sys.meta_path.insert(0, _Finder())
    _show_version_of_interface()
    _explain_missing_names()


def _show_version_of_interface() -> None:
    version: Any = importlib.import_module("minigrad.version")
    shown = TorchVersion(f"{version.pytorch}+minigrad{version.__version__}")
    version.__version__ = str(shown)
    vars(sys.modules["minigrad"])["__version__"] = shown


class _Finder(MetaPathFinder):
    """Finds ``torch`` and everything below it in minigrad."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load ``torch...``; leave every other module to the other finders."""
        top, dot, rest = fullname.partition(".")
        if top != "torch":
            return None
        if rest.partition(".")[0] in OWN or importlib.util.find_spec(f"minigrad{dot}{rest}") is None:
            raise ModuleNotFoundError(f"minigrad has no module '{fullname}' ({WHERE_TO_LOOK})", name=fullname)
        return ModuleSpec(fullname, _Alias(), origin="minigrad")


class _Alias(Loader):
    """Loads ``torch.x`` by importing ``minigrad.x`` and giving it the other name too."""

    def exec_module(self, module: ModuleType) -> None:
        """Put minigrad's module in the place of the new and empty one."""
        _, dot, rest = module.__name__.partition(".")
        own = importlib.import_module(f"minigrad{dot}{rest}")
        _explain_missing_names()
        sys.modules[module.__name__] = own


def _explain_missing_names() -> None:
    """Make every module loaded so far say in PyTorch's terms which name it lacks."""
    for name, module in list(sys.modules.items()):
        top, *parts = name.split(".")
        if top != "minigrad" or OWN.intersection(parts[:1]) or any(part.startswith("_") for part in parts):
            continue
        given = module.__dict__.get("__getattr__")
        if not hasattr(given, "explains"):
            module.__dict__["__getattr__"] = _make_getattr(module, given)


def _make_getattr(module: ModuleType, given: Callable[[str], Any] | None) -> Callable[[str], Any]:
    """Return a ``__getattr__`` for a module: what the module's own gives, or an error that explains."""
    torch_name = ".".join(["torch", *module.__name__.split(".")[1:]])

    def __getattr__(name: str) -> Any:
        if given is not None:
            try:
                value = given(name)
            except AttributeError:
                pass
            else:
                _explain_missing_names()  # a submodule imported on demand
                return value
        message = f"minigrad has no '{torch_name}.{name}' ({WHERE_TO_LOOK})"
        # `from torch import name` would replace an AttributeError by a message that speaks of files.
        caller = sys._getframe(1)
        if caller.f_lasti >= 0 and caller.f_code.co_code[caller.f_lasti] == opmap["IMPORT_FROM"]:
            raise ImportError(message, name=torch_name)
        raise AttributeError(message, name=name, obj=module)

    __getattr__.explains = True  # type: ignore[attr-defined]
    return __getattr__
