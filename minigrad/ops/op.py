"""The table of operations, and the only door to them.

An operation is one block in a file of its family: the forward on arrays, its gradient rules, its doc and its samples.
Calling it with tensors runs the forward on their arrays and records a node; calling it with arrays, as a gradient rule
does in a plain backward pass, just runs the forward. CONTRIBUTING.md shows how to add one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

from minigrad.ops.composed_door import composed_door
from minigrad.ops.doors import door
from minigrad.ops.inplace_doors import make_inplace
from minigrad.ops.recording import write_recorder
from minigrad.ops.rules import Plan, Rule, make_plan, make_rule
from minigrad.ops.signature import Signature

table: dict[str, Op] = {}
"""Every operation, by name."""

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
    visible : int
        How many of ``output_names`` are results.
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
        self.visible = len(self.output_names) - len(saves)
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
        self.recorders: dict[Any, Callable[..., Any]] = {}
        self.call = door(self)

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

    def recorder(self, form: Any) -> Callable[..., Any]:
        """Return what makes the node of a call whose inputs marked in a mask need a gradient.

        ``form`` is the mask, or the mask and the number of tensors where the operation takes a sequence of them.
        """
        mask, count = form if self.signature.takes_sequence else (form, len(self.signature.tensor_positions))
        found = self.recorders[form] = write_recorder(self.plan(mask, count))
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
    made.call = composed_door(made)
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
