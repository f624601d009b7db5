"""Gradient rules: which saved values they name, and what a node must keep for the gradients that are wanted."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from minigrad.ops.written import picker, write_function

OUT = -1
"""Stands for the output among the positions of saved arguments; output ``k`` of several is ``OUT - k``."""

SHAPE_OF = 1000
"""Added to a position: the shape of that argument is kept, not the argument (``input_shape`` in a rule)."""

NEEDS = 2000
"""Stands for the tuple of bools that says which gradients are wanted."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a node keeps and computes, for one choice of the inputs that need a gradient.

    Attributes
    ----------
    op : Op
    kept : tuple of int
        Positions of the arguments that are saved (``OUT - k`` for output ``k``, ``SHAPE_OF + p`` for a shape,
        ``NEEDS`` for ``needs``), in the order of the next four: the operands first.
    operands, outs, options, shapes : tuple of int
        Of what is kept: positions of arguments that may be tensors, numbers of outputs, positions of other arguments,
        and positions of those whose shape is kept.
    keeps_needs : bool
        Whether ``needs`` is kept, after all others.
    targets : tuple of int
        The tensor slots that need a gradient, in order.
    needs : tuple of bool
        The same, one entry a tensor slot.
    steps : tuple of (callable, callable)
        A rule, and what picks the values that it names from those saved. One a target, or a single one whose rule
        returns the gradients of all tensor slots.
    joint : bool
        Whether it is a single one.
    gradients : callable
        Takes a gradient, what was saved and the edges; returns a pair of edge and gradient for each target.
    inputs : tuple of int
        Positions of the arguments in the slots ``targets`` (none for operations on a sequence).
    variant : callable or None
        The operation's, which names the node.
    frees : bool
        Whether arrays are kept, which a backward pass frees; a node that keeps none can run again.
    """

    op: Any
    kept: tuple[int, ...]
    operands: tuple[int, ...]
    outs: tuple[int, ...]
    options: tuple[int, ...]
    shapes: tuple[int, ...]
    keeps_needs: bool
    targets: tuple[int, ...]
    needs: tuple[bool, ...]
    steps: tuple[tuple[Callable[..., Any], Callable[[list[Any]], Any]], ...]
    joint: bool
    gradients: Callable[[Any, list[Any], list[Any]], list[tuple[Any, Any]]]
    inputs: tuple[int, ...]
    variant: Callable[..., str] | None
    frees: bool


class Rule(NamedTuple):
    """A gradient rule and the names of its parameters."""

    function: Callable[..., Any]
    names: tuple[str, ...]


def make_rule(op: Any, function: Callable[..., Any]) -> Rule:
    """Check the names that a rule asks for against what its operation can give.

    Raises
    ------
    TypeError
        When a name is neither ``grad``, ``grads``, ``needs``, an output nor a parameter of the operation.
    """
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    positions = (0,) if op.signature.takes_sequence else op.signature.tensor_positions
    shapes = tuple(f"{op.signature.names[position]}_shape" for position in positions)
    known = (*op.signature.names, *shapes, *op.output_names, "needs")
    unknown = [name for name in names[1:] if name not in known]
    if names[0] not in ("grad", "grads") or unknown:
        raise TypeError(
            f"gradient rule of '{op.name}' takes {names}: the first must be 'grad' (or 'grads', of all outputs), "
            f"the others among {known}"
        )
    if op.several and names[0] == "grad":
        return Rule(lambda grads, *rest: function(grads[0], *rest), names)
    return Rule(function, names)


def make_plan(op: Any, mask: int, count: int) -> Plan:
    """Build the plan for the inputs marked in ``mask`` (bit k set: tensor slot k needs a gradient).

    Raises
    ------
    RuntimeError
        When an input that needs a gradient has no rule.
    """
    needs = tuple(bool(mask >> k & 1) for k in range(count))
    targets = tuple(k for k in range(count) if needs[k])
    if op.joint_rule is not None:
        chosen = [op.joint_rule]
    else:
        chosen = [_rule_of(op, op.signature.names[op.signature.tensor_positions[k]]) for k in targets]
    signature = op.signature
    positions = [[_position(op, name) for name in rule.names[1:]] for rule in chosen]
    wanted = dict.fromkeys(itertools.chain(*positions))
    operands = tuple(k for k in wanted if k in signature.array_positions)  # as rules name them: so hooks see them
    outs = tuple(k for k in range(len(op.output_names)) if OUT - k in wanted)
    options = tuple(k for k in range(signature.arity) if k in wanted and k not in operands)
    shapes = tuple(k for k in range(signature.arity) if SHAPE_OF + k in wanted)
    kept = (
        *operands, *(OUT - k for k in outs), *options, *(SHAPE_OF + k for k in shapes), *((NEEDS,) * (NEEDS in wanted))
    )  # fmt: skip
    slots = [[kept.index(position) for position in places] for places in positions]
    rules = [rule.function for rule in chosen]
    return Plan(
        op, kept, operands, outs, options, shapes, NEEDS in wanted, targets, needs,
        steps=tuple((rule, picker(places)) for rule, places in zip(rules, slots, strict=True)),
        joint=op.joint_rule is not None,
        gradients=_write_gradients(rules, slots, None if op.joint_rule is None else targets),
        inputs=() if signature.takes_sequence else tuple(signature.tensor_positions[k] for k in targets),
        variant=op.variant,
        frees=bool(operands or outs),
    )  # fmt: skip


def _write_gradients(rules: list[Any], slots: list[list[int]], of_joint: tuple[int, ...] | None) -> Callable[..., Any]:
    """Return `Plan.gradients`, written out; ``of_joint`` are the targets of a joint rule."""
    calls = [
        f"rule{k}({', '.join(['grad', *(f'saved[{slot}]' for slot in places)])})" for k, places in enumerate(slots)
    ]
    lines = ["def gradients(grad, saved, edges):"]
    if of_joint is not None:
        lines.append(f"    found = {calls[0]}")
        calls = [f"found[{k}]" for k in of_joint]
    pairs = [f"(edges[{k}], {call})" for k, call in enumerate(calls)]
    lines.append(f"    return [{', '.join(pairs)}]")
    return write_function("\n".join(lines), {f"rule{k}": rule for k, rule in enumerate(rules)})


def _rule_of(op: Any, name: str) -> Rule:
    if name not in op.rules:
        raise RuntimeError(
            f"The function '{op.name}' is not differentiable with respect to argument '{name}'. This input cannot have "
            "requires_grad True."
        )
    return op.rules[name]


def _position(op: Any, name: str) -> int:
    """Return what stands in `Plan.kept` for a name in a rule; a parameter goes before an output of the same name."""
    if name == "needs":
        return NEEDS
    if name in op.signature.names:
        return op.signature.names.index(name)
    if name in op.output_names:
        return OUT - op.output_names.index(name)
    return SHAPE_OF + op.signature.names.index(name.removesuffix("_shape"))
