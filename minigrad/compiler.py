"""``torch.compile`` and ``torch.compiler`` as programs use them; what is given to them runs as it is written.

Every kernel of minigrad is compiled already, and a compiled function computes what the function computes. So `compile`
changes nothing but what a program can see of it: a compiled module is wrapped, and its state has other keys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.nn.module import Module

__all__ = ["allow_in_graph", "compile", "disable", "is_compiling", "is_dynamo_compiling", "is_exporting", "reset"]

_BACKENDS = ("aot_eager", "cudagraphs", "eager", "inductor")
_MODES = ("default", "lite", "reduce-overhead", "max-autotune-no-cudagraphs", "max-autotune")


class OptimizedModule(Module):
    """A module that `compile` was asked for; all but its calls is the original's.

    Attributes
    ----------
    _orig_mod : Module
        The module itself, whose parameters have names that begin with this one.
    """

    _orig_mod: Module

    def __init__(self, module: Module) -> None:
        super().__init__()
        self._orig_mod = module
        self.training = module.training

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the original."""
        return self._orig_mod(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name == "_orig_mod":
            return self._modules[name]
        return getattr(self._orig_mod, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("_orig_mod", "training") or "_orig_mod" not in self.__dict__.get("_modules", ()):
            super().__setattr__(name, value)
        else:
            setattr(self._orig_mod, name, value)

    def __len__(self) -> int:
        """Return how many modules the original holds."""
        if hasattr(self._orig_mod, "__len__"):
            return len(self._orig_mod)
        raise TypeError(f"{type(self._orig_mod).__name__} does not support len()")


def compile(
    model: Callable[..., Any] | None = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: Any = None,
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    name: str | None = None,
    disable: bool = False,
    recompile_limit: int | None = None,
    isolate_recompiles: bool = False,
    shapes_spec: Any = None,
) -> Any:
    """Return a function as it is, and a module in a wrapper that calls it; without either, a decorator that does so.

    Parameters
    ----------
    model : callable, optional
    fullgraph, dynamic, name, recompile_limit, isolate_recompiles, shapes_spec
        Accepted: they say how PyTorch's compiler divides and repeats its work.
    backend : str or callable, optional
    mode : str, optional
    options : dict, optional
        Not together with ``mode``.
    disable : bool
        Whether to return a module without the wrapper, too.

    Raises
    ------
    RuntimeError
        For unknown modes, backends that are not there, and ``mode`` and ``options`` at once.
    AssertionError
        For what cannot be called.
    """
    if mode is not None and options is not None:
        raise RuntimeError("Either mode or options can be specified, but both can't be specified at the same time.")
    if mode is not None and mode not in _MODES:
        raise RuntimeError(f"Unrecognized mode={mode}, should be one of: {', '.join(_MODES)}")
    if isinstance(backend, str) and backend not in _BACKENDS:
        raise RuntimeError(f"Invalid backend: {backend!r}; minigrad knows {', '.join(_BACKENDS)}")

    def compiled(model: Any) -> Any:
        if not callable(model):
            raise AssertionError(f"A callable function is expected, but {type(model)} is provided.")
        return OptimizedModule(model) if isinstance(model, Module) and not disable else model

    return compiled if model is None else compiled(model)


def is_compiling() -> bool:
    """Whether the program is being compiled rather than run: never."""
    return False


def is_dynamo_compiling() -> bool:
    """Whether PyTorch's compiler is reading the program: never."""
    return False


def is_exporting() -> bool:
    """Whether the program is being exported rather than run: never."""
    return False


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """Return a function, which `compile` leaves as it is, too; without one, a decorator that does so."""
    return fn if fn is not None else lambda fn: fn


def allow_in_graph(fn: Any) -> Any:
    """Return a function, or a list of functions, that PyTorch's compiler would not look into."""
    return fn


def reset() -> None:
    """Forget what was compiled, of which there is nothing."""
