"""Saving a module's state to a dictionary and loading it back: the half of :class:`Module` that does so."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from minigrad.autograd import no_grad
from minigrad.tensor import Tensor

from ._hooks import RemovableHandle, add_hook
from .parameter import Parameter, is_lazy

if TYPE_CHECKING:
    from .module import Module

__all__ = ["IncompatibleKeys", "StateDictMethods"]

_EXTRA_STATE_KEY = "_extra_state"


class IncompatibleKeys(NamedTuple):
    """What :meth:`Module.load_state_dict` could not match.

    Attributes
    ----------
    missing_keys : list of str
        Keys that the module has and the state dict lacks.
    unexpected_keys : list of str
        Keys that the state dict has and the module lacks.
    """

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class StateDictMethods:
    """``state_dict`` and ``load_state_dict``, with their hooks and extension points; inherited by :class:`Module`."""

    _version: int = 1

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _non_persistent_buffers_set: set[str]
    _state_dict_hooks: OrderedDict[int, Callable[..., Any]]
    _state_dict_pre_hooks: OrderedDict[int, Callable[..., Any]]
    _load_state_dict_pre_hooks: OrderedDict[int, Callable[..., Any]]
    _load_state_dict_pre_hooks_with_module: OrderedDict[int, bool]
    _load_state_dict_post_hooks: OrderedDict[int, Callable[..., Any]]

    # ------------------------------------------------------------------------------------------------------- saving

    def state_dict(self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> dict[str, Any]:
        """Return the parameters and persistent buffers of the module and its children, in order of definition.

        Parameters
        ----------
        destination : dict, optional
            Where to write; a new ``OrderedDict`` by default. Its ``_metadata`` records each module's ``_version``.
        prefix : str
            Put before every key.
        keep_vars : bool
            Return the parameters themselves, not detached tensors that share their memory.

        Returns
        -------
        OrderedDict
            ``"layer.weight" -> Tensor``. The tensors share the module's memory: training goes on changing them.

        Raises
        ------
        RuntimeError
            For a hook that returns something.
        """
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        local_metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = local_metadata
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self._state_dict_hooks.values():
            result = hook(self, destination, prefix, local_metadata)
            if result is None:
                continue
            if getattr(hook, "_from_public_api", False):
                raise RuntimeError("state_dict post-hook must return None")
            destination = result
        return cast("dict[str, Any]", destination)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Write this module's own parameters and buffers, not its children's; for subclasses to extend."""
        for name, value in self._local_state().items():
            destination[prefix + name] = value if keep_vars else value.detach()
        if _is_extended(self, "get_extra_state"):
            destination[prefix + _EXTRA_STATE_KEY] = self.get_extra_state()

    def _local_state(self) -> dict[str, Tensor]:
        """Return the parameters and persistent buffers that are present, children left out."""
        found: dict[str, Tensor] = {name: value for name, value in self._parameters.items() if value is not None}
        for name, buffer in self._buffers.items():
            if buffer is not None and name not in self._non_persistent_buffers_set:
                found[name] = buffer
        return found

    def get_extra_state(self) -> Any:
        """Return anything that belongs in the state dict beside tensors; called only where a subclass defines it."""
        raise RuntimeError(
            "Reached a code path in Module.get_extra_state() that should never be called: "
            "a module that has extra state defines get_extra_state() and set_extra_state() itself."
        )

    # ------------------------------------------------------------------------------------------------------ loading

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy parameters and buffers from a state dict into the module and its children.

        Parameters
        ----------
        state_dict : mapping of str to Tensor
        strict : bool
            Raise where the keys differ. A tensor of the wrong shape raises in any case.
        assign : bool
            Take over the tensors themselves, with their dtype and device, and do not copy their values.

        Returns
        -------
        IncompatibleKeys
            The missing and the unexpected keys.

        Raises
        ------
        RuntimeError
            Naming every key that is missing or unexpected and every tensor that could not be copied.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        missing: list[str] = []
        unexpected: list[str] = []
        errors: list[str] = []
        metadata = getattr(state_dict, "_metadata", None)
        state_dict = OrderedDict(state_dict)  # a hook may change it, and the caller's must stay as it is
        if metadata is not None:
            state_dict._metadata = metadata  # type: ignore[attr-defined]

        def load(module: StateDictMethods, state: Mapping[str, Any], prefix: str) -> None:
            local_metadata = {} if metadata is None else metadata.get(prefix[:-1], {})
            if assign:
                local_metadata["assign_to_params_buffers"] = assign
            module._load_from_state_dict(state, prefix, local_metadata, True, missing, unexpected, errors)
            for name, child in module._modules.items():
                if child is not None:
                    child_prefix = f"{prefix}{name}."
                    load(child, {k: v for k, v in state.items() if k.startswith(child_prefix)}, child_prefix)
            keys = IncompatibleKeys(missing, unexpected)
            for hook in module._load_state_dict_post_hooks.values():
                if hook(module, keys) is not None:
                    raise AssertionError(
                        "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to return new "
                        "values, if incompatible_keys need to be modified, it should be done inplace."
                    )

        load(self, state_dict, "")
        if strict:
            errors = [
                f"{kind} key(s) in state_dict: {', '.join(map(_quoted, found))}. "
                for kind, found in (("Missing", missing), ("Unexpected", unexpected))
                if found
            ] + errors
        if errors:
            details = "\n\t".join(errors)
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{details}")
        return IncompatibleKeys(missing, unexpected)

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: Any,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Load this module's own tensors, not its children's; for subclasses to extend.

        ``missing_keys``, ``unexpected_keys`` and ``error_msgs`` are lists to append to.
        """
        for number, hook in self._load_state_dict_pre_hooks.items():
            module = (self,) if number in self._load_state_dict_pre_hooks_with_module else ()
            hook(*module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        own = self._local_state()
        assign = local_metadata.get("assign_to_params_buffers", False)
        for name, current in own.items():
            key = prefix + name
            if key in state_dict:
                error = self._load_tensor(name, current, state_dict[key], key, assign)
                if error is not None:
                    error_msgs.append(error)
            elif strict:
                missing_keys.append(key)
        self._load_extra_state(state_dict, prefix, strict, missing_keys, unexpected_keys)
        if strict:
            for key in state_dict:
                if key.startswith(prefix) and key != prefix + _EXTRA_STATE_KEY:
                    name, dot, _ = key[len(prefix) :].partition(".")
                    if name not in (self._modules if dot else own):
                        unexpected_keys.append(key)

    def _load_tensor(self, name: str, current: Tensor, given: Any, key: str, assign: bool) -> str | None:
        """Copy ``given`` into a parameter or buffer, or put it in its place; return what went wrong, if anything."""
        if not isinstance(given, Tensor):
            return (
                f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from '
                f"checkpoint but received {type(given)}"
            )
        if is_lazy(current):
            return None  # and so is what is given: a lazy layer takes over the shapes before
        if current.dim() == 0 and tuple(given.shape) == (1,):
            given = given[0]  # what old checkpoints hold for a scalar
        if given.shape != current.shape:
            return (
                f"size mismatch for {key}: copying a param with shape {given.shape} from checkpoint, "
                f"the shape in current model is {current.shape}."
            )
        try:
            with no_grad():
                if not assign:
                    current.copy_(given)
                    return None
                if isinstance(current, Parameter):
                    if isinstance(given, Parameter):
                        given.requires_grad_(current.requires_grad)
                    else:
                        given = Parameter(given, requires_grad=current.requires_grad)
                setattr(self, name, given)
        except Exception as error:
            return (
                f'While copying the parameter named "{key}", whose dimensions in the model are {current.size()} and '
                f"whose dimensions in the checkpoint are {given.size()}, an exception occurred : {error.args}."
            )
        return None

    def _load_extra_state(
        self, state_dict: Any, prefix: str, strict: bool, missing_keys: list[str], unexpected_keys: list[str]
    ) -> None:
        key = prefix + _EXTRA_STATE_KEY
        if not _is_extended(self, "set_extra_state"):
            if strict and key in state_dict:
                unexpected_keys.append(key)
        elif key in state_dict:
            self.set_extra_state(state_dict[key])
        elif strict:
            missing_keys.append(key)

    def set_extra_state(self, state: Any) -> None:
        """Take back what :meth:`get_extra_state` returned; called only where a subclass defines it."""
        raise RuntimeError(
            "Reached a code path in Module.set_extra_state() that should never be called: "
            "a module that has extra state defines get_extra_state() and set_extra_state() itself."
        )

    # -------------------------------------------------------------------------------------------------------- hooks

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before :meth:`state_dict` collects the module's state."""
        return add_hook(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` at the end; it changes ``state_dict`` in place."""
        hook._from_public_api = True  # type: ignore[attr-defined]
        return add_hook(self._state_dict_hooks, hook)

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Like :meth:`register_state_dict_post_hook`, but the hook may return another dictionary."""
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was "
                "previously registered via register_state_dict_post_hook"
            )
        return add_hook(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call a hook before the module's own tensors are loaded.

        ``hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)``.
        """
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        marks = (self._load_state_dict_pre_hooks_with_module, with_module)
        return add_hook(self._load_state_dict_pre_hooks, hook, marks)

    def register_load_state_dict_post_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after loading; it may change the two lists in place."""
        return add_hook(self._load_state_dict_post_hooks, hook)


def _quoted(key: str) -> str:
    return f'"{key}"'


def _is_extended(module: StateDictMethods, name: str) -> bool:
    return getattr(type(module), name) is not getattr(StateDictMethods, name)
