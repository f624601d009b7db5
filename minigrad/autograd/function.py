"""Operations that users write themselves: `Function`."""

from __future__ import annotations

import functools
import inspect
import traceback
import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.autograd.node import (
    SECOND_BACKWARD,
    Node,
    Output,
    described,
    edge_of,
    public_edge,
)
from minigrad.autograd.saving import Packed, pack
from minigrad.ops.backend import array_module, is_writeable
from minigrad.ops.inplace import rebase
from minigrad.ops.recording import inference_saved, orders
from minigrad.ops.state import BATCHED, Anomaly, Upper, mode

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class FunctionCtx:
    """What ``forward`` leaves for ``backward``: saved tensors, flags, and any attribute the user sets.

    Attributes
    ----------
    needs_input_grad : tuple of bool
        One entry an argument of ``forward``.
    """

    needs_input_grad: tuple[bool, ...] = ()
    materialize_grads = True
    _to_save: tuple[Any, ...] = ()
    _non_differentiable: tuple[Any, ...] = ()
    _dirty: tuple[Any, ...] = ()
    _node: Any = None

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors for ``backward``, which finds them in ``saved_tensors``; None is allowed.

        Inputs, outputs and intermediate tensors may be saved; changing them in place afterwards is detected.
        """
        for k, each in enumerate(tensors):
            if each is not None and not isinstance(each, Upper.Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {k} is of type {type(each).__name__}"
                )
        self._to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep tensors for a forward-mode rule; accepted for compatibility, minigrad differentiates in reverse."""
        self._for_forward = tensors

    def mark_dirty(self, *tensors: Any) -> None:
        """Say that these inputs were changed in place; each must be returned as an output."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say that these outputs have no gradient."""
        self._non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether ``backward`` gets zeros (the default) or None for outputs that no gradient reached."""
        self.materialize_grads = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors that ``save_for_backward`` was given."""
        if self._node is None:
            return self._to_save
        node = self._node()
        if node is None:  # the graph that this call belonged to is gone
            raise RuntimeError(SECOND_BACKWARD)
        return node.saved_tensors


class Function:
    """Base of operations with a hand-written gradient.

    A subclass has two static methods: ``forward(ctx, *args)`` computes the result with any means, and
    ``backward(ctx, *grad_outputs)`` returns one gradient an argument of ``forward`` (None where there is none).
    ``forward(*args)`` may also go without ``ctx`` when a third one, ``setup_context(ctx, inputs, output)``, saves what
    is needed. Call ``MyFunction.apply(*args)``. Gradients of second order work when ``backward`` is written with tensor
    operations.

    Examples
    --------
    >>> import minigrad as torch
    >>> class Cube(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x**3
    ...
    ...     @staticmethod
    ...     def backward(ctx, grad_output):
    ...         (x,) = ctx.saved_tensors
    ...         return grad_output * 3 * x**2
    >>> x = torch.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    setup_context: Any = None
    generate_vmap_rule = False

    def __init__(self) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should "
            "invoke them on the class itself. Instantiating an autograd function will raise an error in a future "
            "version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the result; a subclass defines it."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Return the gradients of the arguments of ``forward``; a subclass defines it."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *args: Any) -> Any:
        """Return the result for all samples at once, and its batch dimensions; a subclass may define it for ``vmap``.

        Parameters
        ----------
        info : tuple (batch_size, randomness)
        in_dims : tuple of (int or None)
            Where each argument has the dimension of the samples.
        *args
            The arguments, all samples in them.

        Raises
        ------
        NotImplementedError
            Unless the class overrides it.
        """
        raise NotImplementedError("To use autograd.Function with vmap, you must either override the vmap staticmethod.")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run ``forward`` and record a node whose gradient is ``backward``."""
        ctx = FunctionCtx()
        if kwargs:
            args = _positional(cls, args, kwargs)
        if mode.mapped and any(getattr(each, "_base", None) is BATCHED for each in args):
            return Upper.batched_function(cls, args)
        wants = [isinstance(each, Upper.Tensor) and each.requires_grad for each in args]
        ctx.needs_input_grad = tuple(wants)
        recorded = any(wants) and mode.enabled
        was_enabled = mode.enabled
        mode.enabled = False
        try:
            if cls.setup_context is not None:
                outputs = cls.forward(*args)
                cls.setup_context(ctx, args, outputs)
            else:
                outputs = cls.forward(ctx, *args)
        finally:
            mode.enabled = was_enabled
        single = not isinstance(outputs, (tuple, list))
        results = [outputs] if single else list(outputs)
        _note_dirty(ctx, results, recorded)
        if recorded and any(isinstance(each, Upper.Tensor) for each in results):
            results = _record(cls, ctx, args, results)
        return results[0] if single else type(outputs)(results)


def _positional(cls: type[Function], args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """Return the arguments of a call with keywords in the order of ``forward``'s parameters."""
    before: tuple[Any, ...] = () if cls.setup_context is not None else (None,)
    bound = inspect.signature(cls.forward).bind(*before, *args, **kwargs)
    bound.apply_defaults()
    return bound.args[len(before) :]


def _note_dirty(ctx: FunctionCtx, results: list[Any], recorded: bool) -> None:
    """Check and count the inputs that a forward changed in place.

    Raises
    ------
    RuntimeError
        For one that is not returned, or a leaf that requires grad.
    """
    for each in ctx._dirty:
        if not any(each is result for result in results):
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as output. The inputs "
                "that are modified inplace must all be outputs of the Function."
            )
        if recorded and each.is_leaf and each.requires_grad:
            raise RuntimeError("a leaf Variable that requires grad has been used in an in-place operation.")
        each._writes[0] += 1


def once_differentiable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a ``backward`` that is not made of tensor operations: differentiating through it raises."""

    @functools.wraps(function)
    def decorated(ctx: Any, *grads: Any) -> Any:
        was_enabled = mode.enabled
        mode.enabled = False
        try:
            outputs = function(ctx, *grads)
        finally:
            mode.enabled = was_enabled
        if not was_enabled or not any(isinstance(each, Upper.Tensor) and each.requires_grad for each in grads):
            return outputs
        single = not isinstance(outputs, tuple)
        refused = [
            _Refuse.apply(each, *grads) if isinstance(each, Upper.Tensor) else each
            for each in ((outputs,) if single else outputs)
        ]
        return refused[0] if single else tuple(refused)

    return decorated


class _Refuse(Function):
    """Identity whose gradient raises."""

    @staticmethod
    def forward(ctx: Any, value: Any, *grads: Any) -> Any:
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


class FunctionNode(Node):
    """The node of a call of a user's `Function`."""

    __slots__ = ("ctx", "function", "outputs", "wants")

    materializes = False  # it does so itself, as its ctx says

    def __init__(self, function: type[Function], ctx: FunctionCtx, args: tuple[Any, ...]) -> None:
        self.function = function
        self.ctx = ctx
        self.order = next(orders)
        self.wants = ctx.needs_input_grad
        self.parents = [edge_of(each) for each, wanted in zip(args, self.wants, strict=True) if wanted]
        self.label = f"{function.__name__}Backward"
        self.saved = []
        self.marks = []
        self.outputs: list[Any] = []
        if Anomaly.enabled:
            self.trace = traceback.extract_stack()[:-3]

    def keep(self, results: list[Any]) -> None:
        """Take over what ``save_for_backward`` was given, outputs by number so that no cycle arises."""
        assert self.saved is not None
        for each in self.ctx._to_save:
            if each is not None and mode.savers:
                self.saved.append(pack(each))
                continue
            number = next((k for k, result in enumerate(results) if each is not None and result is each), None)
            self.saved.append((each._array, number) if number is not None else each)
            if each is not None:
                if each._writes[0] < 0:
                    raise inference_saved()
                self.marks.append((each._writes, each._writes[0], len(self.saved) - 1))
        self.ctx._to_save = ()
        self.ctx._node = weakref.ref(self)

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What was saved, with saved outputs as tensors of the graph again."""
        if self.saved is None:
            raise RuntimeError(SECOND_BACKWARD)
        found = []
        for each in self.saved:
            if isinstance(each, tuple):
                array, number = each
                each = Upper.Tensor._wrap(array)
                if self.outputs[number] is not None:
                    each._node = self.output_edge(number)
                    each._requires_grad = True
            elif type(each) is Packed:
                each = each.unpacked()
            found.append(each)
        return tuple(found)

    def release(self) -> None:
        """Free what was saved."""
        self.saved = None
        self.marks = []

    def input_slots(self) -> tuple[Sequence[int], int]:
        """Return which arguments the gradients belong to, and how many arguments there are."""
        return [k for k, wanted in enumerate(self.wants) if wanted], len(self.wants)

    def __getattr__(self, name: str) -> Any:
        """Return what the user kept in ``ctx``: in PyTorch the node and ``ctx`` are one."""
        if name == "ctx":
            raise AttributeError(name)
        return getattr(self.ctx, name)

    def output_edge(self, index: int) -> Any:
        """Return the edge that stands for output ``index``."""
        return Output(self, index, *self.outputs[index]) if self.n_outputs > 1 else self

    def input_gradients(self, grad: Any, create_graph: bool) -> list[tuple[Any, Any]]:
        """Run the user's ``backward`` with tensors."""
        if self.saved is None:
            raise RuntimeError(SECOND_BACKWARD)
        for version, count, slot in self.marks:
            if version[0] != count:
                saved = self.saved[slot]
                array = saved[0] if isinstance(saved, tuple) else saved._array
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an inplace "
                    f"operation: {described(array)}, which was saved by {self.name()}, is at version {version[0]}; "
                    f"expected version {count} instead. Hint: clone the tensor before changing it, or enable anomaly "
                    "detection to find the operation that failed to compute its gradient, with "
                    "torch.autograd.set_detect_anomaly(True)."
                )
        arrived = grad if self.n_outputs > 1 else [grad]
        some = next((each for each in arrived if each is not None), None)
        if isinstance(some, Upper.Tensor) and some._base is not BATCHED:
            some = some._array
        grads = [self._as_tensor(each, output, some) for each, output in zip(arrived, self.outputs, strict=True)]
        returned = self.function.backward(self.ctx, *grads)
        gradients = list(returned) if isinstance(returned, (tuple, list)) else [returned]
        while len(gradients) > len(self.wants) and gradients[-1] is None:
            gradients.pop()
        if len(gradients) != len(self.wants):
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected {len(self.wants)}, got "
                f"{len(gradients)})"
            )
        wanted = [gradient for gradient, wants in zip(gradients, self.wants, strict=True) if wants]
        return [
            (edge, self._flowing(gradient, edge, create_graph, k))
            for k, (edge, gradient) in enumerate(zip(self.parents, wanted, strict=True))
        ]

    def _as_tensor(self, grad: Any, output: Any, beside: Any) -> Any:
        if grad is None and output is not None and self.ctx.materialize_grads:
            grad = array_module(beside).zeros(*output)
        if grad is None or isinstance(grad, Upper.Tensor):
            return grad
        return Upper.Tensor._wrap(grad if is_writeable(grad) else grad.copy())

    def _flowing(self, gradient: Any, edge: Any, create_graph: bool, k: int) -> Any:
        if gradient is None:
            return None
        if not isinstance(gradient, Upper.Tensor):
            raise RuntimeError(
                f"expected Variable or None (got {type(gradient).__name__}) as gradient {k} of {self.name()}"
            )
        shape = edge._array.shape if isinstance(edge, Upper.Tensor) else edge.shape
        try:
            fits = np.broadcast_shapes(gradient.shape, shape) == gradient.shape
        except ValueError:
            fits = False
        if not fits:
            raise RuntimeError(
                f"Function {self.name()} returned an invalid gradient at index {k} - got {list(gradient.shape)} but "
                f"expected shape compatible with {list(shape)}"
            )
        return gradient if create_graph else gradient._array.copy()

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes that made the inputs."""
        edges = iter(self.parents)
        return tuple(public_edge(next(edges) if wants else None) for wants in self.wants)


def _record(cls: type[Function], ctx: FunctionCtx, args: tuple[Any, ...], results: list[Any]) -> list[Any]:
    """Give the results of a forward their node."""
    node = FunctionNode(cls, ctx, args)
    fresh = [_fresh(each, ctx, args) for each in results]
    tensors = [each for each in fresh if isinstance(each, Upper.Tensor)]
    node.n_outputs = len(fresh)
    node.watched = len(fresh) > 1
    node.shape, node.dtype = tensors[0]._array.shape, tensors[0]._array.dtype
    node.outputs = [
        (each._array.shape, each._array.dtype) if isinstance(each, Upper.Tensor) else None for each in fresh
    ]
    skipped = {id(each) for each in ctx._non_differentiable}
    node.keep(results)
    for k, (each, original) in enumerate(zip(fresh, results, strict=True)):
        if not isinstance(each, Upper.Tensor) or id(original) in skipped or each._array.dtype.kind != "f":
            continue
        if any(original is dirty for dirty in ctx._dirty):
            rebase(each, node.output_edge(k))
        else:
            each._node = node.output_edge(k)
            each._requires_grad = True
    return fresh


def _fresh(result: Any, ctx: FunctionCtx, args: tuple[Any, ...]) -> Any:
    """Return an output as a tensor of its own: an input returned as it is becomes a view, unless marked dirty."""
    if not isinstance(result, Upper.Tensor) or any(result is each for each in ctx._dirty):
        return result
    returned_as_is = any(result is each for each in args)
    if not returned_as_is and result._base is None:
        return result
    view = result.detach()
    view._base = result if result._base is None else result._base
    view._view_of = result
    view._view_version = result._writes[0]
    return view
