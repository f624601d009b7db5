"""How the arguments of a call find the parameters of an operation."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from minigrad.dtypes import requested
from minigrad.ops.arguments import SEVERAL, mismatch
from minigrad.ops.hints import hint_once
from minigrad.ops.state import Upper
from minigrad.ops.written import picker

NUMPY_NAMES = {"dim": ("axis",), "keepdim": ("keepdims",), "input": ("x", "a", "x1"), "other": ("x2",)}
"""NumPy's spellings, which PyTorch accepts too."""

_OLDER = frozenset(("add", "sub", "addcmul", "addcdiv"))
"""Operations whose factor once came right after the first tensor, as programs still write it."""

_EMPTY = inspect.Parameter.empty


class Signature:
    """The parameters of one operation, and the binding of a call to them.

    Parameters
    ----------
    forward : callable
        Its parameters annotated with ``Tensor`` (or ``Tensor | None``, ``Tensor | Number``) are the tensor slots; one
        annotated ``Sequence[Tensor]`` takes a sequence of tensors and must come first.
    pack : str, optional
        A parameter that also takes its entries spread out: ``x.permute(0, 2, 1)`` is ``x.permute((0, 2, 1))``.

    Attributes
    ----------
    annotations : list of str
        What each parameter takes, as it is written.
    tensor_positions : tuple of int
        Where the tensor slots are.
    defaults_after : dict
        The defaults that follow so many positional arguments, where those suffice.
    array_positions : tuple of int
        Where arrays may be: the tensor slots, and what is annotated as a collection of tensors or arrays.
    unbound : int
        How many positional arguments need no binding; -1 where even a full number of them may be in an older order.
    takes_sequence : bool
        Whether the first parameter is a sequence of tensors.
    """

    def __init__(self, forward: Callable[..., Any], pack: str | None = None) -> None:
        self._forward = forward
        # Read off the code object: `inspect.signature` would cost a fifth of the time of `import minigrad`.
        written = inspect.unwrap(forward)
        code, keyword_defaults = written.__code__, written.__kwdefaults__ or {}
        self.function_name = forward.__name__
        self.positional = code.co_argcount
        self.arity = code.co_argcount + code.co_kwonlyargcount
        self.older = self.function_name in _OLDER
        self.unbound = -1 if self.older else self.arity
        self.names = code.co_varnames[: self.arity]
        positional_defaults = written.__defaults__ or ()
        self.defaults = (
            *((_EMPTY,) * (self.positional - len(positional_defaults))),
            *positional_defaults,
            *(keyword_defaults.get(name, _EMPTY) for name in self.names[self.positional :]),
        )
        self.required = sum(default is _EMPTY for default in self.defaults)
        most = self.positional if pack is None else self.names.index(pack) + 1
        self.defaults_after = {count: self.defaults[count:] for count in range(self.required, most + 1)}
        self.annotations = annotations = [str(written.__annotations__.get(name, "")) for name in self.names]
        self.takes_sequence = bool(annotations) and annotations[0].startswith("Sequence[Tensor")
        self.tensor_positions = tuple(
            i for i, text in enumerate(annotations) if text == "Tensor" or text.startswith("Tensor |")
        )
        self.array_positions = tuple(i for i, text in enumerate(annotations) if "Tensor" in text or "ndarray" in text)
        self._dtype = next((i for i, name in enumerate(self.names) if (name, annotations[i]) == ("dtype", "Any")), None)
        self.pack = None if pack is None else self.names.index(pack)
        self._picks: dict[tuple[Any, ...], Callable[..., Any]] = {}
        self._index = {name: i for i, name in enumerate(self.names)}
        for name, others in NUMPY_NAMES.items():
            if name in self._index:
                for other in others:
                    self._index.setdefault(other, self._index[name])

    def also(self, name: str, parameter: str) -> None:
        """Let a parameter be given by another name, too."""
        self._index[name] = self._index[parameter]

    @functools.cached_property
    def of_forward(self) -> inspect.Signature:
        """The signature as it was written."""
        return inspect.signature(self._forward)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Return one value a parameter, in order, with the defaults filled in.

        Raises
        ------
        TypeError
            For missing, repeated, unknown or too many arguments.
        """
        if self.pack is not None and len(args) > self.pack + 1:
            args = (*args[: self.pack], args[self.pack :])
        if self.older and len(args) == self.arity and not kwargs:
            return self._in_present_order(args)
        pick = self._picks.get((len(args), *kwargs)) or self._find_pick(args, kwargs)
        values: tuple[Any, ...] = pick((*args, *kwargs.values(), *self.defaults))
        place = self._dtype
        if kwargs and place is not None and values[place] is not None:
            values = (*values[:place], requested(values[place], self.function_name), *values[place + 1 :])
        return values

    def _in_present_order(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the arguments of ``x.add(2, y)`` as those of ``x.add(y, alpha=2)``, and others as they are."""
        first, number, *rest = args
        if not isinstance(rest[-1], Upper.Tensor):
            return args
        name, takes = self.function_name, ", ".join(f"Tensor {each}" for each in self.names[1 : self.positional])
        factor = f"Number {self.names[-1]}"
        hint_once(
            f"This overload of {name} is deprecated:\n\t{name}({factor}, {takes})\nConsider using one of the following "
            f"signatures instead:\n\t{name}({takes}, *, {factor} = 1)"
        )
        return first, *rest, number.item() if isinstance(number, Upper.Tensor) else number

    def spell(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return keyword arguments under PyTorch's names where NumPy's were used; unknown ones as they are."""
        return {self.names[self._index[name]] if name in self._index else name: kwargs[name] for name in kwargs}

    def _find_pick(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[..., Any]:
        """Return what orders the values of a call, those by name after the others and the defaults after all.

        It is remembered for the next call of this form.
        """
        count = len(args)
        if count > self.positional:
            raise self._misfit(args, kwargs, f"takes {self._room()} but {count} were given")
        places = {k: k for k in range(count)}
        for given, name in enumerate(kwargs, count):
            index = self._index.get(name)
            if index is None:
                raise self._misfit(args, kwargs, f"got an unexpected keyword argument '{name}'")
            if index in places:
                raise self._misfit(args, kwargs, f"got multiple values for argument '{name}'")
            places[index] = given
        missing = [k for k in range(self.arity) if self.defaults[k] is _EMPTY and k not in places]
        if missing:
            plural = "s" if len(missing) == 1 else ""  # PyTorch has it the wrong way round
            names = ", ".join(f'"{self.names[k]}"' for k in missing)
            raise self._misfit(args, kwargs, f"missing {len(missing)} required positional argument{plural}: {names}")
        given = count + len(kwargs)
        form = (count, *kwargs)
        self._picks[form] = picker([places.get(k, given + k) for k in range(self.arity)])
        return self._picks[form]

    def _misfit(self, args: tuple[Any, ...], kwargs: dict[str, Any], problem: str) -> TypeError:
        """Return the error for arguments that do not find their parameters."""
        name = self.function_name.removesuffix("_dim").removesuffix("_of")
        if name in SEVERAL:
            return mismatch(name, self, args, kwargs)
        return TypeError(f"{name}() {problem}; expected {self}")

    def _room(self) -> str:
        """Return how many positional arguments there may be, in words."""
        least = sum(default is _EMPTY for default in self.defaults[: self.positional])
        if least < self.positional:
            return f"from {least} to {self.positional} positional arguments"
        return f"{least} positional argument{'s' * (least != 1)}"

    def __str__(self) -> str:
        return f"{self.function_name}{self.of_forward}"
