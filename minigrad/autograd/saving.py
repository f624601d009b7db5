"""What nodes save for the backward pass, packed by hooks: stored elsewhere, smaller, or to be computed again."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from minigrad.autograd.node import MultiNode, Node
from minigrad.ops.backend import is_array
from minigrad.ops.state import Anomaly, Upper, mode

__all__ = ["Packed", "disable_saved_tensors_hooks", "pack", "save_on_cpu", "saved_tensors_hooks"]


class _Disabled:
    """Stands among the hooks for a block that refuses them."""

    def __init__(self, message: str) -> None:
        self.message = message


class saved_tensors_hooks:
    """Context manager in which every tensor that a node saves is packed, to be unpacked in the backward pass.

    Parameters
    ----------
    pack_hook : callable
        Gets a tensor that is to be saved, and returns anything.
    unpack_hook : callable
        Gets what the other returned, and returns a tensor of the same elements.

    Examples
    --------
    >>> import minigrad as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.autograd.graph.saved_tensors_hooks(lambda t: t.numpy(force=True).tobytes(), torch.frombuffer):
    ...     y = x.exp()  # doctest: +SKIP
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        if mode.savers and isinstance(mode.savers[-1], _Disabled):
            raise RuntimeError(mode.savers[-1].message)
        _open(self)

    def __exit__(self, *error: object) -> None:
        _close()


class save_on_cpu(saved_tensors_hooks):
    """Context manager in which saved tensors are kept in the CPU's memory and moved back in the backward pass.

    Parameters
    ----------
    pin_memory : bool
        Accepted; memory is never pinned.
    device_type : str
        Accepted; tensors of every device are moved.
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: (tensor.device, tensor.cpu()), lambda packed: packed[1].to(packed[0]))


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Context manager in which opening `saved_tensors_hooks` raises a RuntimeError with a message."""
    if mode.savers and isinstance(mode.savers[-1], saved_tensors_hooks):
        raise RuntimeError(error_message)
    _open(_Disabled(error_message))
    try:
        yield
    finally:
        _close()


def _open(hooks: Any) -> None:
    mode.savers = (*mode.savers, hooks)
    Anomaly.hooked += 1
    Anomaly.attentive = True


def _close() -> None:
    mode.savers = mode.savers[:-1]
    Anomaly.hooked -= 1
    Anomaly.attentive = Anomaly.enabled or Anomaly.hooked > 0


class Packed:
    """What a hook made of a saved tensor."""

    __slots__ = ("content", "unpack")

    def __init__(self, content: Any, unpack: Callable[[Any], Any]) -> None:
        self.content = content
        self.unpack = unpack

    def unpacked(self) -> Any:
        """Return the tensor again.

        Raises
        ------
        TypeError
            When the hook returns something else.
        """
        tensor = self.unpack(self.content)
        if not isinstance(tensor, Upper.Tensor):
            raise TypeError(
                f"Output of saved tensor unpack_hook expected to be a Tensor but got result of type {type(tensor)}"
            )
        return tensor


def pack(tensor: Any) -> Any:
    """Return a tensor that is to be saved as the innermost hooks pack it.

    Raises
    ------
    RuntimeError
        When the hook changes the tensor in place.
    """
    hooks = mode.savers[-1]
    if isinstance(hooks, _Disabled):
        return tensor
    version = tensor._writes[0]
    before, mode.savers = mode.savers, ()
    was_enabled, mode.enabled = mode.enabled, False
    try:
        content = hooks.pack_hook(tensor)
    finally:
        mode.savers, mode.enabled = before, was_enabled
    if tensor._writes[0] != version:
        raise RuntimeError(
            "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook can not "
            "be modified by in-place operations as this can lead to unexpected side-effects. Please open an issue if "
            "you need to perform in-place operations on the input to a pack hook."
        )
    return Packed(content, hooks.unpack_hook)


class _Unpacking:
    """A node whose saved values are packed; mixed into the class of the node."""

    __slots__ = ()

    def input_gradients(self: Any, grad: Any, create_graph: bool) -> list[tuple[Any, Any]]:
        """Run the rules on unpacked values, which are let go of afterwards."""
        packed = self.saved
        try:
            self.saved = _unpacked(packed)
            return self._plain.input_gradients(self, grad, create_graph)
        finally:
            self.saved = packed

    def _saved_tensors(self: Any) -> list[Any]:
        packed = self.saved
        try:
            self.saved = _unpacked(packed)
            return self._plain._saved_tensors(self)
        finally:
            self.saved = packed


class PackedNode(_Unpacking, Node):
    """The node of an operation with one output, its saved values packed."""

    __slots__ = ()
    _plain = Node


class PackedMultiNode(_Unpacking, MultiNode):
    """The node of an operation with several outputs, its saved values packed."""

    __slots__ = ()
    _plain = MultiNode


_PACKED: dict[type, type] = {Node: PackedNode, MultiNode: PackedMultiNode}


def _unpacked(saved: Any) -> Any:
    if saved is None:
        return None
    return [each.unpacked()._array if type(each) is Packed else each for each in saved]


def attend(node: Any, args: tuple[Any, ...], results: tuple[Any, ...]) -> None:
    """Note the line that made a new node, and pack what it saved."""
    if Anomaly.enabled:
        node.trace = traceback.extract_stack()[:-3]
    if mode.savers and type(node) in _PACKED and not isinstance(mode.savers[-1], _Disabled):
        _pack_saved(node, args)
        node.__class__ = _PACKED[type(node)]


def _pack_saved(node: Any, args: tuple[Any, ...]) -> None:
    """Pack the arrays that a node saved, in PyTorch's order: inputs by name ("self" is the first), then outputs."""
    places = [slot for slot, value in enumerate(node.saved) if is_array(value)]
    kept, names = node.plan.kept, node.plan.op.signature.names

    def order(slot: int) -> tuple[int, str]:
        position = kept[slot]
        return (-position, "") if position < 0 else (0, names[position].replace("input", "self"))

    for slot in sorted(places, key=order):
        given = args[kept[slot]] if kept[slot] >= 0 else None
        if kept[slot] >= 0 and not isinstance(given, Upper.Tensor):
            continue
        # In-place operations save a copy of what they overwrite: then the argument is no longer what was saved.
        same = given is not None and given._array is node.saved[slot]
        node.saved[slot] = pack(given if same else Upper.Tensor._wrap(node.saved[slot]))
    node.marks = [mark for mark in node.marks if type(node.saved[kept.index(mark[2])]) is not Packed]


Upper.attend = attend  # type: ignore[method-assign]
