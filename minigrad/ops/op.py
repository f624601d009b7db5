"""The table of operations, and the only door to them.

An operation is one block in a file of its family: the forward on arrays, its gradient rules, its doc and its samples.
Calling it with tensors runs the forward on their arrays and records a node; calling it with arrays, as a gradient rule
does in a plain backward pass, just runs the forward. CONTRIBUTING.md shows how to add one.
"""

from __future__ import annotations

import functools
from collections import namedtuple
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import numpy as np
from numpy import generic, ndarray

from minigrad.ops.arguments import fault
from minigrad.ops.backend import as_array, device_of, is_array, is_device_array, like
from minigrad.ops.errors import explained
from minigrad.ops.inplace import OneOfSeveral, make_inplace
from minigrad.ops.out import write_out
from minigrad.ops.rules import Plan, Rule, make_plan, make_rule
from minigrad.ops.signature import Signature
from minigrad.ops.state import BATCHED, INHERITED, NeedsValues, Upper, mode

table: dict[str, Op] = {}
"""Every operation, by name."""

new = object.__new__

_ARITHMETIC = frozenset(("add", "sub", "mul", "div", "floor_divide"))
"""Operations that take two Python numbers, too."""

composed_table: dict[str, Composed] = {}
"""Every public function that is made of operations, by name."""


class Entry:
    """What the table tells about a function, whether it is an operation or composed of some.

    Attributes
    ----------
    name : str
        PyTorch's name.
    namespace : str or None
        Where it is public: "torch", "functional", "linalg", "special", or None for internal operations.
    method, inplace : bool
        Whether tensors have it as ``x.name()`` and as ``x.name_()``.
    aliases : tuple of str
        Other names that PyTorch has for it.
    call : callable
        The public function.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        *,
        name: str | None,
        namespace: str | None,
        method: bool,
        inplace: bool,
        aliases: tuple[str, ...],
        pack: str | None,
        reference: Callable[..., Any] | None,
    ) -> None:
        self.written = self.forward = forward
        self.name = name or forward.__name__
        self.namespace = namespace
        self.method = method
        self.inplace = inplace
        self.aliases = aliases
        self.reference = reference
        self.signature = Signature(forward, pack)
        self.make_samples: Callable[..., Iterator[Any]] | None = None
        self.call: Callable[..., Any] = forward
        self.call_inplace: Callable[..., Any] = forward

    def samples(self, function: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """Register the generator of sample inputs; it runs in tests only."""
        self.make_samples = function
        return function


class Op(Entry):
    """One operation: a forward on arrays and the rules of its gradient.

    Attributes
    ----------
    rules : dict of str to Rule
        One rule a tensor parameter, or `joint_rule` for all of them.
    output_names : tuple of str
        ``("out",)``, or the names of several outputs.
    several : bool
        Whether the forward returns a tuple of results.
    hidden : bool
        Whether the forward returns, after its results, arrays that only the rules see (``saves=``).
    materialize_grads : bool
        Whether zeros stand in a rule's ``grads`` for outputs that got no gradient, or None.
    view : bool
        Whether the output shares the memory of the first input.
    differentiable : bool
        False for operations whose result has no gradient (comparisons, indices).
    variant : callable, optional
        Gives the node's name from the argument values, where PyTorch has several for one operation.
    ufunc : numpy.ufunc, optional
        Does the same as the forward with ``out=``, for the in-place form.
    constants : tuple of str
        Tensor parameters without a gradient, where one rule gives those of all others.
    records : callable, optional
        Says from the argument values whether a call has a gradient to record; raises where it may not be recorded.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        *,
        outputs: tuple[str, ...] | None,
        saves: tuple[str, ...],
        materialize_grads: bool,
        view: bool,
        differentiable: bool,
        node: str | None,
        variant: Callable[..., str] | None,
        ufunc: Any,
        constants: tuple[str, ...],
        records: Callable[..., bool] | None,
        **entry: Any,
    ) -> None:
        super().__init__(forward, **entry)
        self.forward = _all_positional(forward)
        self.rules: dict[str, Rule] = {}
        self.joint_rule: Rule | None = None
        self.output_names = (*(outputs or ("out",)), *saves)
        self.hidden = bool(saves)
        self.materialize_grads = materialize_grads
        self.several = outputs is not None
        self.view = view
        self.differentiable = differentiable
        self.variant = variant
        self.ufunc = ufunc
        self.constants = constants
        self.records = records or _records_dtype(self.signature)
        self.node_name = node or f"{''.join(part.capitalize() for part in self.name.split('_'))}Backward0"
        self.plans: dict[tuple[int, int], Plan] = {}
        if self.signature.takes_sequence:
            self.call = _make_sequence_call(self)
        elif outputs is not None:
            self.call = _make_multi_call(self, outputs)
        else:
            self.call = _make_call(self)

    def gradient(self, target: Any) -> Any:
        """Register a gradient rule: ``@f.gradient`` (one input, or all jointly) or ``@f.gradient("name")``."""
        if isinstance(target, str):
            return functools.partial(self._add_rule, target)
        slots = self.signature.tensor_positions
        if len(slots) == 1 and not self.signature.takes_sequence:
            return self._add_rule(self.signature.names[slots[0]], target)
        self.joint_rule = make_rule(self, target)
        return target

    def _add_rule(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        if name not in self.signature.names:
            raise TypeError(f"'{self.name}' has no parameter '{name}' to give a gradient rule for")
        self.rules[name] = make_rule(self, function)
        return function

    @functools.cached_property
    def gradient_slots(self) -> list[int]:
        """The tensor slots that gradients may go to: those that PyTorch's nodes have edges for."""
        names = [self.signature.names[position] for position in self.signature.tensor_positions]
        return [
            k for k, each in enumerate(names) if each in self.rules or (self.joint_rule and each not in self.constants)
        ]

    def plan(self, mask: int, count: int) -> Plan:
        """Return the plan for the inputs marked in ``mask``, of ``count`` tensor slots."""
        found = self.plans.get((mask, count))
        if found is None:
            found = self.plans[mask, count] = make_plan(self, mask, count)
        return found


class Composed(Entry):
    """A public function made of operations, which therefore needs no rules."""


def op(
    forward: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    namespace: str | None = "torch",
    method: bool = False,
    inplace: bool = False,
    aliases: tuple[str, ...] = (),
    outputs: tuple[str, ...] | None = None,
    saves: tuple[str, ...] = (),
    materialize_grads: bool = True,
    view: bool = False,
    differentiable: bool = True,
    node: str | None = None,
    variant: Callable[..., str] | None = None,
    ufunc: Any = None,
    constants: tuple[str, ...] = (),
    records: Callable[..., bool] | None = None,
    pack: str | None = None,
    reference: Callable[..., Any] | None = None,
) -> Any:
    """Make an operation of a forward function on arrays; the keywords are the attributes of `Op`.

    Returns
    -------
    callable
        The public function, with the attributes ``gradient`` and ``samples`` (decorators) and ``entry`` (the `Op`).
    """
    options: dict[str, Any] = {
        "name": name,
        "namespace": namespace,
        "method": method,
        "inplace": inplace,
        "aliases": aliases,
        "outputs": outputs,
        "saves": saves,
        "materialize_grads": materialize_grads,
        "view": view,
        "differentiable": differentiable,
        "node": node,
        "variant": variant,
        "ufunc": ufunc,
        "constants": constants,
        "records": records,
        "pack": pack,
        "reference": reference,
    }
    return functools.partial(op, **options) if forward is None else _register(Op(forward, **options), table)


def composed(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    namespace: str | None = "torch",
    method: bool = False,
    inplace: bool = False,
    aliases: tuple[str, ...] = (),
    pack: str | None = None,
    reference: Callable[..., Any] | None = None,
) -> Any:
    """Enter a function that is made of operations into the table; the keywords are the attributes of `Entry`."""
    options: dict[str, Any] = {
        "name": name,
        "namespace": namespace,
        "method": method,
        "inplace": inplace,
        "aliases": aliases,
        "pack": pack,
        "reference": reference,
    }
    if function is None:
        return functools.partial(composed, **options)
    made = Composed(function, **options)
    made.call = _make_composed_call(made)
    return _register(made, composed_table)


def _all_positional(forward: Callable[..., Any]) -> Callable[..., Any]:
    """Return a forward whose keyword-only parameters are positional, since bound calls pass every argument in order."""
    code = forward.__code__
    if not code.co_kwonlyargcount:
        return forward
    count = code.co_argcount + code.co_kwonlyargcount
    code = code.replace(co_argcount=count, co_kwonlyargcount=0)
    return FunctionType(code, forward.__globals__, forward.__name__, None, forward.__closure__)


def _records_dtype(signature: Signature) -> Callable[..., bool] | None:
    """Return what refuses gradients of a result in a dtype that has none; None where nobody chooses the dtype."""
    position = signature.names.index("dtype") if "dtype" in signature.names else -1
    if position < 0 or signature.annotations[position] != "Any":
        return None

    def records(*values: Any) -> bool:
        wanted = values[position]
        if wanted is not None and not wanted.is_floating_point:
            raise RuntimeError(f"Autograd not support dtype: {wanted.tensor_type.removesuffix('Tensor')}")
        return True

    return records


def _register(entry: Any, where: dict[str, Any]) -> Any:
    key = entry.name if entry.namespace in ("torch", None) else f"{entry.namespace}.{entry.name}"
    if key in table or key in composed_table:
        raise TypeError(f"the operation '{key}' is defined twice")
    where[key] = entry
    call: Any = functools.update_wrapper(entry.call, entry.written)  # `inspect.signature` follows it to the written one
    call.__name__ = entry.name
    call.entry = entry
    call.samples = entry.samples
    if isinstance(entry, Op):
        call.gradient = entry.gradient
    if entry.inplace:
        entry.call_inplace = make_inplace(entry)
    return call


def _make_call(self: Op) -> Callable[..., Any]:
    """Return the public function of an operation with one output."""
    forward, signature, view, hidden = self.forward, self.signature, self.view, self.hidden
    arity, bind = signature.arity, signature.bind
    slots = tuple((position, 1 << k) for k, position in enumerate(signature.tensor_positions))
    count, plans, differentiable, records = len(slots), self.plans, self.differentiable, self.records

    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs or len(args) != arity:
            if "out" in kwargs:
                return _write_out(call, args, kwargs)
            args = bind(args, kwargs)
        values = list(args)
        mask = 0
        found = None
        tensor = Upper.Tensor
        for position, bit in slots:
            value = args[position]
            if isinstance(value, tensor):
                found = value
                if value._base is not None:
                    if value._base is BATCHED:
                        return Upper.batched(self, call, args)
                    Upper.refresh(value)
                values[position] = value._array
                if value._requires_grad:
                    mask |= bit
            elif isinstance(value, generic):  # what NumPy makes of 0-d arrays inside gradient rules
                values[position] = np.asarray(value)
        try:
            out = forward(*values)
        except Exception as error:
            raise explained(error, signature, args, values, kwargs) from None
        if hidden:
            out, *extras = out
        if found is None:
            return out if type(out) is ndarray else _bare(self, args, out)
        if type(out) is not ndarray:
            out = as_array(out)
            if is_device_array(out) and (joined := _joined(args, values, out)):
                return call(*joined)
        result = new(tensor)
        result._array = out
        result._node = None
        result._writes = [Upper.inferring and mode.first]
        result._requires_grad = False
        result._grad = None
        result._base = None
        if view:
            _share(result, found, call, args)
        if mask and differentiable and mode.enabled:
            if records is not None and not records(*values):
                result._base = None
                return result
            plan = plans.get((mask, count)) or self.plan(mask, count)
            outs = (out, *extras) if hidden else (out,)
            result._node = Upper.Node(plan, args, values, outs, (result,))
            result._requires_grad = True
        return result

    return call


def _make_multi_call(self: Op, names: tuple[str, ...]) -> Callable[..., Any]:
    """Return the public function of an operation with several outputs."""
    forward, signature, view = self.forward, self.signature, self.view
    arity, bind = signature.arity, signature.bind
    slots = tuple((position, 1 << k) for k, position in enumerate(signature.tensor_positions))
    make_result: Any = tuple if names == ("outputs",) else return_type(self.name.removesuffix("_dim"), names)
    shown = len(names) if self.hidden else None

    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs or len(args) != arity:
            if "out" in kwargs:
                return _write_out(call, args, kwargs)
            args = bind(args, kwargs)
        values = list(args)
        mask = 0
        found = None
        tensor = Upper.Tensor
        for position, bit in slots:
            value = args[position]
            if isinstance(value, tensor):
                found = value
                if value._base is not None:
                    if value._base is BATCHED:
                        return Upper.batched(self, call, args)
                    Upper.refresh(value)
                values[position] = value._array
                if value._requires_grad:
                    mask |= bit
            elif isinstance(value, generic):  # what NumPy makes of 0-d arrays inside gradient rules
                values[position] = np.asarray(value)
        try:
            outs = forward(*values)
        except Exception as error:
            raise explained(error, signature, args, values, kwargs) from None
        if found is None:
            return tuple(out if type(out) is ndarray else _bare(self, args, out) for out in outs[:shown])
        outs = tuple([out if type(out) is ndarray else as_array(out) for out in outs])
        wrap = tensor._wrap
        results = tuple([wrap(out) for out in outs[:shown]])
        if view:
            for k, result in enumerate(results):
                _share(result, found, OneOfSeveral(call, k), args)
        if mask and self.differentiable and mode.enabled:
            node = Upper.MultiNode(self.plan(mask, len(slots)), args, values, outs, results)
            for k, result in enumerate(results):
                if result._array.dtype.kind == "f":
                    result._node = node.output_edge(k)
                    result._requires_grad = True
        return make_result(results)

    return call


def _make_sequence_call(self: Op) -> Callable[..., Any]:
    """Return the public function of an operation whose first parameter is a sequence of tensors."""
    forward, signature = self.forward, self.signature

    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs or len(args) != signature.arity:
            if "out" in kwargs:
                return _write_out(call, args, kwargs)
            args = signature.bind(args, kwargs)
        tensors = args[0]
        if not isinstance(tensors, (tuple, list)):
            raise TypeError(
                f"{self.name}(): argument '{signature.names[0]}' (position 1) must be tuple of Tensors, "
                f"not {type(tensors).__name__}"
            )
        arrays = []
        mask = 0
        some = False
        for k, each in enumerate(tensors):
            if isinstance(each, Upper.Tensor):
                some = True
                if each._base is not None:
                    if each._base is BATCHED:
                        return Upper.batched(self, call, args)
                    Upper.refresh(each)
                arrays.append(each._array)
                if each._requires_grad:
                    mask |= 1 << k
            elif is_array(each):
                arrays.append(each)
            else:
                raise TypeError(f"expected Tensor as element {k} in argument 0, but got {type(each).__name__}")
        try:
            out = forward(arrays, *args[1:])
        except Exception as error:
            raise explained(error, signature, args, arrays, kwargs) from None
        if not some:
            return out
        result = Upper.Tensor._wrap(as_array(out))
        if mask and self.differentiable and mode.enabled:
            values = [arrays, *args[1:]]
            result._node = Upper.SequenceNode(self.plan(mask, len(tensors)), tensors, values, result._array)
            result._requires_grad = True
        return result

    return call


def _make_composed_call(self: Composed) -> Callable[..., Any]:
    """Return the public function of a composed entry: the function itself, with NumPy's names and ``out=`` accepted."""
    function, signature = self.forward, self.signature

    def call(*args: Any, **kwargs: Any) -> Any:
        if "out" in kwargs and "out" not in signature.names:
            return _write_out(call, args, kwargs)
        if kwargs:
            kwargs = signature.spell(kwargs)
        try:
            return function(*args, **kwargs)
        except NeedsValues:
            return Upper.by_samples(call, args, kwargs)
        except Exception as error:
            raise _explained_composed(error, signature, args, kwargs) from None

    def call_packed(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(args, kwargs)
        positional = signature.positional
        named = dict(zip(signature.names[positional:], bound[positional:], strict=True))
        try:
            return function(*bound[:positional], **named)
        except NeedsValues:
            return Upper.by_samples(call_packed, args, kwargs)

    return call if signature.pack is None else call_packed


def _explained_composed(error: Exception, signature: Signature, args: Any, kwargs: Any) -> Exception:
    """Return what to raise for an error inside a composed function, as `explained` finds it."""
    try:
        bound = signature.bind(args, kwargs)
        values = [getattr(each, "_array", each) for each in bound]
    except (TypeError, NeedsValues):
        return error
    if isinstance(error, TypeError) and (found := fault(signature, bound, kwargs, False)):
        return found
    return explained(error, signature, bound, values, kwargs)


def _share(result: Any, source: Any, call: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """Make ``result`` a view of ``source`` if their arrays share memory (a reshape may have copied)."""
    view, array = result._array, source._array
    base = view.base
    if base is array or view is array or (base is not None and base is array.base) or np.may_share_memory(view, array):
        share_memory(result, source, call, args[1:])


def share_memory(view: Any, source: Any, call: Callable[..., Any], rest: tuple[Any, ...]) -> None:
    """Give a view its source's version counter, and the call ``call(source, *rest)`` to record it again."""
    view._writes = version = source._writes
    if mode.enabled:
        view._base = source if source._base is None else source._base
        view._view_of = source
        view._view_call = (call, rest)
        view._view_version = version[0]
    elif source._requires_grad or source._base is not None:
        view._base = source if source._base is None else source._base  # without a call: recorded writes are refused
        view._view_of = source
        view._view_version = version[0]
        view._requires_grad = view._base._requires_grad and INHERITED


def _bare(self: Op, args: tuple[Any, ...], out: Any) -> Any:
    """Return the result of a call without tensors as an array; refuse a call without arrays, arithmetic apart."""
    if is_device_array(out):
        return out
    for position in self.signature.tensor_positions:
        if isinstance(args[position], np.generic) or is_array(args[position]):
            return as_array(out)
    if self.name in _ARITHMETIC:
        return Upper.Tensor._wrap(as_array(out))
    first = self.signature.tensor_positions[0]
    raise TypeError(
        f"{self.name}(): argument '{self.signature.names[first]}' (position {first + 1}) must be Tensor, "
        f"not {type(args[first]).__name__}"
    )


def _joined(args: tuple[Any, ...], values: list[Any], out: Any) -> list[Any] | None:
    """Return the arguments with the CPU's tensors of no dimension where ``out`` is, None where there are none.

    Other numbers that came as arrays of the CPU are put there in ``values``, for the gradient rules.
    """
    if not any(map(is_device_array, values)):
        return None
    joined = list(args)
    for k, each in enumerate(values):
        if type(each) is ndarray and not each.ndim:
            if isinstance(args[k], Upper.Tensor):
                joined[k] = args[k].to(device_of(out))
            else:
                values[k] = like(out, each)
    return joined if any(new is not old for new, old in zip(joined, args, strict=True)) else None


def _write_out(call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Carry out ``f(..., out=tensor)``."""
    target = kwargs.pop("out")
    result = call(*args, **kwargs)
    return result if target is None else write_out(call.__name__, target, result, (*args, *kwargs.values()))


class _ReturnType(tuple):  # type: ignore[type-arg]
    """Base of the named results of operations with several outputs; prints as PyTorch's do."""

    __slots__ = ()
    _fields: tuple[str, ...]

    def __repr__(self) -> str:
        body = ",\n".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"torch.return_types.{type(self).__name__}(\n{body})"


@functools.cache
def return_type(name: str, fields: tuple[str, ...]) -> Any:
    """Return the named tuple class ``torch.return_types.<name>``; it takes one iterable."""
    plain = namedtuple(name, fields)  # type: ignore[misc]
    namespace = {
        "__slots__": (),
        "__new__": lambda cls, values: tuple.__new__(cls, values),
        "__repr__": _ReturnType.__repr__,
        "__reduce__": lambda self: (_make_return, (name, fields, tuple(self))),
        "__module__": "torch.return_types",
    }
    return type(name, (plain,), namespace)


def _make_return(name: str, fields: tuple[str, ...], values: tuple[Any, ...]) -> Any:
    return return_type(name, fields)(values)
