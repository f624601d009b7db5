"""Switching the recording of the graph on and off, for the current thread."""

from __future__ import annotations

import functools
import inspect
import threading
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from minigrad.ops.state import INFERENCE, Upper
from minigrad.ops.state import mode as _mode

__all__ = [
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]

F = TypeVar("F", bound=Callable[..., Any])


def is_grad_enabled() -> bool:
    """Whether operations are recorded in this thread."""
    return _mode.enabled


def is_inference_mode_enabled() -> bool:
    """Whether inference mode is on in this thread."""
    return _mode.inference


_counting = threading.Lock()


def _set_inference(wanted: bool) -> None:
    """Switch inference mode on or off in this thread, and count the threads in which it is on."""
    if _mode.inference is not wanted:
        _mode.inference, _mode.first = wanted, INFERENCE if wanted else 0
        with _counting:
            Upper.inferring += 1 if wanted else -1


class _ModeContext:
    """A setting of the grad mode, as a context manager and as a decorator."""

    __slots__ = ("_before",)

    _enabled = True
    _inference: bool | None = None

    def __init__(self) -> None:
        self._before: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self._before.append((_mode.enabled, _mode.inference))
        _mode.enabled = self._enabled
        if self._inference is not None:
            _set_inference(self._inference)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _mode.enabled, inference = self._before.pop()
        _set_inference(inference)

    def _again(self) -> _ModeContext:
        return type(self)()

    def __call__(self, function: F) -> F:
        if inspect.isclass(function):
            warnings.warn(
                "Decorating classes is deprecated and will be disabled in future versions. You should only decorate "
                "functions or methods. To preserve the current behavior of class decoration, you can directly "
                "decorate the `__init__` method and nothing else.",
                FutureWarning,
                stacklevel=2,
            )
        elif inspect.isgeneratorfunction(function):
            return self._decorate_generator(function)

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return decorated  # type: ignore[return-value]

    def _decorate_generator(self, function: Any) -> Any:
        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            resume: Callable[[], Any] = functools.partial(next, generator)
            while True:
                try:
                    with self._again():
                        value = resume()
                except StopIteration as stop:
                    return stop.value
                try:
                    sent = yield value
                except GeneratorExit:
                    with self._again():
                        generator.close()
                    raise
                except BaseException as error:
                    resume = functools.partial(generator.throw, error)
                else:
                    resume = functools.partial(generator.send, sent)

        return decorated


class no_grad(_ModeContext):
    """Context manager and decorator in which no operation is recorded; results do not require grad.

    Examples
    --------
    >>> import minigrad as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.no_grad():
    ...     (x * 2).requires_grad
    False
    """

    __slots__ = ()
    _enabled = False

    def __new__(cls, function: Any = None) -> Any:
        """Return a context, or decorate ``function`` when used as ``@no_grad`` without parentheses."""
        self = super().__new__(cls)
        if function is None:
            return self
        self._before = []
        return self(function)

    def __init__(self, function: Any = None) -> None:
        super().__init__()


class enable_grad(_ModeContext):
    """Context manager and decorator in which operations are recorded, inside `no_grad` too."""

    __slots__ = ()
    _enabled = True

    def __new__(cls, function: Any = None) -> Any:
        """Return a context, or decorate ``function`` when used as ``@enable_grad`` without parentheses."""
        self = super().__new__(cls)
        if function is None:
            return self
        self._before = []
        return self(function)

    def __init__(self, function: Any = None) -> None:
        super().__init__()


class set_grad_enabled(_ModeContext):
    """Set the recording on or off: at once as a function, for a block as a context manager, or as a decorator.

    Parameters
    ----------
    mode : bool
    """

    __slots__ = ("_enabled",)

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            raise TypeError(
                f"set_grad_enabled(): argument 'enabled' (position 1) must be bool, not {type(mode).__name__}"
            )
        super().__init__()
        self._enabled = mode
        self._before.append((_mode.enabled, _mode.inference))
        _mode.enabled = mode

    def __enter__(self) -> None:
        _mode.enabled = self._enabled  # what to restore was noted when the object was made

    def __call__(self, function: F) -> F:
        """Decorate ``function``; the setting that the call of the class made is taken back."""
        _mode.enabled = self._before[-1][0]
        return super().__call__(function)

    def _again(self) -> _ModeContext:
        return set_grad_enabled(self._enabled)


class inference_mode(_ModeContext):
    """Like `no_grad`, for code that never needs gradients of what it computes.

    The tensors made inside are marked (`Tensor.is_inference`): outside, they can be neither written to nor saved for a
    backward pass.

    Parameters
    ----------
    mode : bool
        Whether inference mode is switched on (the default) or off.
    """

    __slots__ = ("_enabled", "_inference")

    def __new__(cls, mode: Any = True) -> Any:
        """Return a context, or decorate a function when used as ``@inference_mode`` without parentheses."""
        self = super().__new__(cls)
        if isinstance(mode, bool):
            return self
        self.__init__(True)  # type: ignore[misc]
        return self(mode)

    def __init__(self, mode: Any = True) -> None:
        super().__init__()
        self._inference = bool(mode)
        self._enabled = not mode

    def _again(self) -> _ModeContext:
        return inference_mode(self._inference)
