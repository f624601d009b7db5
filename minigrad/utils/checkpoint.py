"""Checkpoints: activations that are computed again in the backward pass instead of being kept.

T. Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016, arXiv:1604.06174.
"""

from __future__ import annotations

import contextlib
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from minigrad import cuda
from minigrad.autograd.backward import backward
from minigrad.autograd.engine import is_aimed, pass_number
from minigrad.autograd.function import Function
from minigrad.autograd.grad_mode import enable_grad, is_grad_enabled, no_grad
from minigrad.autograd.graph import saved_tensors_hooks
from minigrad.nn.containers import Sequential
from minigrad.random.generator import fork_rng, get_rng_state, set_rng_state
from minigrad.tensor import Tensor
from minigrad.utils._pytree import tree_map

__all__ = [
    "CheckpointError",
    "CheckpointFunction",
    "check_backward_validity",
    "checkpoint",
    "checkpoint_sequential",
    "detach_variable",
    "get_device_states",
    "noop_context_fn",
    "set_checkpoint_early_stop",
    "set_device_states",
]

_CHECKS: dict[str, Callable[[Any], Any]] = {
    "default": lambda tensor: {"shape": tensor.shape, "dtype": tensor.dtype, "device": tensor.device},
    "none": lambda tensor: None,
}

_early_stop: bool | None = None


class CheckpointError(RuntimeError):
    """Raised when computing again gives other tensors than the forward pass did."""


class _Stop(Exception):
    """Ends a recomputation that has given all that is needed."""


def get_device_states(*args: Any) -> tuple[list[int], list[Tensor]]:
    """Return the numbers of the GPUs that tensors among the arguments lie on, and the states of their generators."""
    found: list[int] = []
    tree_map(lambda each: found.append(each.get_device()) if isinstance(each, Tensor) and each.is_cuda else None, args)
    return found, [cuda.get_rng_state(number) for number in found]


def set_device_states(devices: Iterable[int], states: Iterable[Tensor], *, device_type: str | None = None) -> None:
    """Bring the generators of GPUs to where `get_device_states` found them."""
    for number, state in zip(devices, states, strict=False):
        cuda.set_rng_state(state, number)


def noop_context_fn() -> tuple[Any, Any]:
    """Return two context managers that do nothing."""
    return contextlib.nullcontext(), contextlib.nullcontext()


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Context manager that says whether checkpoints made inside stop recomputing when they have what is needed."""
    global _early_stop
    before, _early_stop = _early_stop, enable
    try:
        yield
    finally:
        _early_stop = before


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the inputs with tensors outside the graph, which require grad where the given ones do.

    Raises
    ------
    RuntimeError
        For anything but a tuple.
    """
    if not isinstance(inputs, tuple):
        raise RuntimeError(f"Only tuple of tensors is supported. Got Unsupported input type: {type(inputs).__name__}")
    return tuple(
        each.detach().requires_grad_(each.requires_grad) if isinstance(each, Tensor) else each for each in inputs
    )


def check_backward_validity(inputs: Iterable[Any]) -> None:
    """Warn when no input requires grad."""
    if not any(each.requires_grad for each in inputs if isinstance(each, Tensor)):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)


class CheckpointFunction(Function):
    """A function that is run without a graph, and again with one in the backward pass."""

    @staticmethod
    def forward(ctx: Any, run_function: Callable[..., Any], preserve_rng_state: bool, *args: Any) -> Any:
        """Run the function, and keep its arguments only."""
        check_backward_validity(args)
        ctx.run_function = run_function
        ctx.rng_state = get_rng_state() if preserve_rng_state else None
        ctx.places = [k for k, each in enumerate(args) if isinstance(each, Tensor)]
        ctx.inputs = [None if isinstance(each, Tensor) else each for each in args]
        ctx.save_for_backward(*(args[k] for k in ctx.places))
        with no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Run the function again, and the backward pass through it."""
        if is_aimed():
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an `inputs` "
                "parameter to .backward(). To resolve this error, you can either set use_reentrant=False, or call "
                ".backward() without passing the `inputs` argument."
            )
        inputs = list(ctx.inputs)
        for k, tensor in zip(ctx.places, ctx.saved_tensors, strict=True):
            inputs[k] = tensor
        detached = detach_variable(tuple(inputs))
        with fork_rng(enabled=ctx.rng_state is not None), enable_grad():
            if ctx.rng_state is not None:
                set_rng_state(ctx.rng_state)
            outputs = ctx.run_function(*detached)
        results = (outputs,) if isinstance(outputs, Tensor) else outputs
        pairs = [
            (each, grad)
            for each, grad in zip(results, grads, strict=True)
            if isinstance(each, Tensor) and each.requires_grad
        ]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        backward([each for each, _ in pairs], [grad for _, grad in pairs])
        return (None, None, *(each.grad if isinstance(each, Tensor) else None for each in detached))


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], tuple[Any, Any]] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """Call a function without keeping what its backward pass needs; that is computed again then.

    Parameters
    ----------
    function : callable
    *args
        Its arguments, which are kept.
    use_reentrant : bool
        True runs the function without a graph, and again with one in the backward pass, which is run inside the outer
        one. False, which is recommended, records the graph and leaves out what the nodes save; arguments may be of any
        kind, and ``autograd.grad`` works.
    context_fn : callable
        Returns the context managers in which the function is run first and again (``use_reentrant=False``).
    determinism_check : str
        "default" compares shapes, dtypes and devices of what is computed again; "none" does not.
    debug : bool
        Accepted; errors say what they say without it.
    early_stop : bool
        Whether to stop computing again when all that is needed is there.
    **kwargs
        More arguments of the function (``use_reentrant=False``), and ``preserve_rng_state``, by default True: random
        numbers are drawn again as they were.

    Raises
    ------
    ValueError
        For options that do not go together.
    CheckpointError
        In the backward pass, when the function does something else the second time.
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. Starting in PyTorch 2.9, "
            "calling checkpoint without use_reentrant will raise an exception. use_reentrant=False is recommended, but "
            "if you need to preserve the current default behavior, you can pass use_reentrant=True. Refer to docs for "
            "more details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug is not False:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        return CheckpointFunction.apply(function, preserve, *args)
    if determinism_check not in _CHECKS:
        raise ValueError(f"determinism_check should be one of {list(_CHECKS)}, but got {determinism_check}")
    if debug and context_fn is not noop_context_fn:
        raise ValueError("debug=True is incompatible with non-default context_fn")
    around, around_again = context_fn()
    if not is_grad_enabled():
        with around:
            return function(*args, **kwargs)
    state = get_rng_state() if preserve else None

    def again() -> None:
        with fork_rng(enabled=state is not None), around_again:
            if state is not None:
                set_rng_state(state)
            function(*args, **kwargs)

    frame = _Frame(again, _CHECKS[determinism_check], early_stop if _early_stop is None else _early_stop)
    with saved_tensors_hooks(frame.pack, frame.unpack), around:
        result = function(*args, **kwargs)
    frame.is_complete = True
    return result


class _Holder:
    """Stands for a tensor that was not kept; its number is its place among those of the checkpoint."""

    __slots__ = ("__weakref__", "number")

    def __init__(self, number: int) -> None:
        self.number = number


class _Frame:
    """One call under a checkpoint: what its nodes saved, by number, and how to compute it again.

    Attributes
    ----------
    holders : list of weak references to _Holder
        Those whose node was freed are not computed again.
    found : dict of int to Tensor
        What was computed again in a backward pass; each is let go of when it has been used.
    is_complete : bool
        Whether the first run is over; a backward pass may begin inside it.
    """

    def __init__(self, again: Callable[[], None], check: Callable[[Any], Any], early_stop: bool) -> None:
        self.again = again
        self.check = check
        self.early_stop = early_stop
        self.holders: list[weakref.ref[_Holder]] = []
        self.checks: list[Any] = []
        self.found: dict[int, Any] = {}
        self.in_pass: Any = None
        self.count = 0
        self.is_complete = False

    def pack(self, tensor: Any) -> _Holder:
        """Keep nothing of a tensor but what it is compared by."""
        holder = _Holder(len(self.holders))
        self.holders.append(weakref.ref(holder))
        self.checks.append(self.check(tensor))
        return holder

    def unpack(self, holder: _Holder) -> Any:
        """Return the tensor that a holder stands for; the first time in a pass, everything is computed again."""
        current = pass_number()
        if current is None or current != self.in_pass or holder.number not in self.found:
            self.in_pass = current
            self._compute_again()
        if holder.number not in self.found:
            raise self._mismatch()
        return self.found.pop(holder.number)

    def _compute_again(self) -> None:
        self.found, self.count = {}, 0
        try:
            with saved_tensors_hooks(self._note, lambda tensor: tensor), enable_grad():
                self.again()
        except _Stop:
            pass
        if self.is_complete and self.count != len(self.holders):
            raise self._mismatch()
        differing = [
            f"tensor at position {k}:\nsaved metadata: {self.checks[k]}\nrecomputed metadata: {self.check(tensor)}\n"
            for k, tensor in self.found.items()
            if self.check(tensor) != self.checks[k]
        ]
        if differing:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than "
                f"during the forward pass.\n{''.join(differing)}."
            )

    def _note(self, tensor: Any) -> Any:
        """Keep a tensor that is computed again, if its node is still there."""
        number, self.count = self.count, self.count + 1
        tensor = tensor.detach()
        if number >= len(self.holders):
            if self.is_complete:
                raise CheckpointError(
                    "torch.utils.checkpoint: trying to save more tensors during recomputation than during the original "
                    "forward pass.\n"
                )
            return tensor
        if self.holders[number]() is not None:
            self.found[number] = tensor
        if self.early_stop and self.count == len(self.holders):
            raise _Stop
        return tensor

    def _mismatch(self) -> CheckpointError:
        return CheckpointError(
            "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
            f"recomputation.\nNumber of tensors saved during forward: {len(self.holders)}\nNumber of tensors saved "
            f"during recomputation: {self.count}.\n"
        )


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Call functions one after the other, in segments that are checkpoints; the last one is not.

    Parameters
    ----------
    functions : Sequential or sequence of callables
    segments : int
    input : Tensor
    use_reentrant : bool
        As for `checkpoint`.
    **kwargs
        ``preserve_rng_state``, as for `checkpoint`.

    Raises
    ------
    ValueError
        For unknown keywords.
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be passed explicitly. In "
            "version 2.9 we will raise an exception if use_reentrant is not passed. use_reentrant=False is "
            "recommended, but if you need to preserve the current default behavior, you can pass use_reentrant=True. "
            "Refer to docs for more details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    parts = list(functions.children()) if isinstance(functions, Sequential) else functions
    length = len(parts) // segments
    start = 0
    for _ in range(segments - 1):
        segment = _chained(parts[start : start + length])
        input = checkpoint(segment, input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
        start += length
    return _chained(parts[start:])(input)


def _chained(functions: Any) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        for function in functions:
            value = function(value)
        return value

    return run
