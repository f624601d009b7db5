"""Saving an optimizer's state to a dictionary and loading it back: the half of ``Optimizer`` that does so."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from minigrad.creation import tensor
from minigrad.dtypes import float32
from minigrad.tensor import Tensor

from ._hooks import HookMethods

__all__ = ["StateDictMethods"]


class StateDictMethods(HookMethods):
    """The half of :class:`~minigrad.optim.Optimizer` that saves and loads."""

    #: State entries that are 0-d float32 tensors; formulas see them as Python floats.
    scalar_state: tuple[str, ...] = ("step",)

    defaults: dict[str, Any]
    param_groups: list[dict[str, Any]]
    state: defaultdict[Any, Any]

    def state_dict(self) -> dict[str, Any]:
        """Return the state and the groups as a dictionary in PyTorch's layout.

        Returns
        -------
        dict
            ``"state"`` maps each parameter's number to its state; ``"param_groups"`` lists the groups with the options
            and the parameters' numbers. The tensors in it are the optimizer's own, not copies.
        """
        for pre_hook in self._optimizer_state_dict_pre_hooks.values():
            pre_hook(self)
        numbers: dict[int, int] = {}
        groups = []
        start = 0
        for group in self.param_groups:
            for number, parameter in enumerate(group["params"], start):
                numbers.setdefault(id(parameter), number)
            start += len(group["params"])
            options = {name: value for name, value in group.items() if name != "params"}
            groups.append({**options, "params": [numbers[id(parameter)] for parameter in group["params"]]})
        state = {numbers[id(key)] if isinstance(key, Tensor) else key: value for key, value in self.state.items()}
        packed = {"state": state, "param_groups": groups}
        for post_hook in self._optimizer_state_dict_post_hooks.values():
            replaced = post_hook(self, packed)
            if replaced is not None:
                packed = replaced
        return packed

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the state and the options of a dictionary made by :meth:`state_dict`.

        Parameters are matched by their order. Tensors are copied, floating ones cast to their parameter's dtype.

        Raises
        ------
        ValueError
            If the number of groups, or of parameters in one, differs.
        """
        state_dict = state_dict.copy()
        for pre_hook in self._optimizer_load_state_dict_pre_hooks.values():
            replaced = pre_hook(self, state_dict)
            if replaced is not None:
                state_dict = replaced

        saved_groups = copy.deepcopy(state_dict["param_groups"])
        if len(self.param_groups) != len(saved_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        for group, saved in zip(self.param_groups, saved_groups, strict=True):
            if len(group["params"]) != len(saved["params"]):
                raise ValueError(
                    "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
                )
        numbers = chain.from_iterable(saved["params"] for saved in saved_groups)
        parameters = chain.from_iterable(group["params"] for group in self.param_groups)
        owners = dict(zip(numbers, parameters, strict=True))

        state: defaultdict[Any, Any] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in owners:
                state[owners[key]] = _cast(value, self._caster(owners[key]))
            else:
                state[key] = value
        for group, saved in zip(self.param_groups, saved_groups, strict=True):
            saved["params"] = group["params"]
            if "param_names" in group:
                saved.setdefault("param_names", group["param_names"])
        self.__setstate__({"state": state, "param_groups": saved_groups})
        for post_hook in self._optimizer_load_state_dict_post_hooks.values():
            post_hook(self)

    def _caster(self, parameter: Any) -> Callable[[Any, Any], Any]:
        """Return the function that copies one tensor of ``parameter``'s state."""

        def cast(value: Any, key: Any) -> Any:
            # Counts of steps stay float32 beside parameters of any dtype.
            if key != "step" and parameter.is_floating_point():
                value = value.to(dtype=parameter.dtype, device=parameter.device)
            return value.detach().clone()

        return cast

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._make_hook_dicts()
        for group in self.param_groups:  # options that the writer of an older file did not know
            for name, default in self.defaults.items():
                group.setdefault(name, default)
        for entries in self.state.values():
            for name in self.scalar_state:
                if isinstance(entries, dict) and name in entries and not isinstance(entries[name], Tensor):
                    entries[name] = tensor(float(entries[name]), dtype=float32)


def _cast(value: Any, cast: Callable[[Any, Any], Any], key: Any = None) -> Any:
    """Apply ``cast`` to every tensor in nested dictionaries and sequences."""
    if isinstance(value, Tensor):
        return cast(value, key)
    if isinstance(value, dict):
        return {name: _cast(each, cast, name) for name, each in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return type(value)(_cast(each, cast) for each in value)  # type: ignore[call-arg]
    return value
