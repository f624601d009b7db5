"""Gradient rules: which saved values they name, and what a node must keep for the gradients that are wanted."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

OUT = -1
"""Stands for the output among the positions of saved arguments; output ``k`` of several is ``OUT - k``."""

SHAPE_OF = 1000
"""Added to a position: the shape of that argument is kept, not the argument (``input_shape`` in a rule)."""

_GRAD, _GRADS, _NEEDS = "grad", "grads", "needs"


class Step(NamedTuple):
    """One rule to run in a backward pass.

    Attributes
    ----------
    target : int or None
        The tensor slot whose gradient the rule returns; None when it returns one entry for every slot.
    rule : callable
    takes_grads : bool
        Whether the rule wants the gradients of all outputs, as a tuple.
    slots : tuple of int
        The saved values that it names.
    """

    target: int | None
    rule: Callable[..., Any]
    takes_grads: bool
    slots: tuple[int, ...]


class Plan(NamedTuple):
    """What a node keeps and computes, for one choice of the inputs that need a gradient.

    Attributes
    ----------
    op : Op
    kept : tuple of int
        Positions of the arguments that are saved (``OUT - k`` for output ``k``, ``SHAPE_OF + p`` for a shape).
    targets : tuple of int
        The tensor slots that need a gradient, in order.
    needs : tuple of bool
        The same, one entry a tensor slot.
    steps : tuple of Step
    """

    op: Any
    kept: tuple[int, ...]
    targets: tuple[int, ...]
    needs: tuple[bool, ...]
    steps: tuple[Step, ...]


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
    names = tuple(inspect.signature(function).parameters)
    shapes = tuple(f"{op.signature.names[position]}_shape" for position in op.signature.tensor_positions)
    known = (*op.signature.names, *shapes, *op.output_names, _NEEDS)
    unknown = [name for name in names[1:] if name not in known]
    if names[0] not in (_GRAD, _GRADS) or unknown:
        raise TypeError(
            f"gradient rule of '{op.name}' takes {names}: the first must be 'grad' (or 'grads', of all outputs), "
            f"the others among {known}"
        )
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
        chosen: list[tuple[int | None, Rule]] = [(None, op.joint_rule)]
    else:
        chosen = []
        for k in targets:
            name = op.signature.names[op.signature.tensor_positions[k]]
            if name not in op.rules:
                raise RuntimeError(f"the derivative of '{op.name}' with respect to '{name}' is not defined")
            chosen.append((k, op.rules[name]))
    kept: list[int] = []
    steps = []
    for target, rule in chosen:
        slots = []
        for name in rule.names[1:]:
            if name == _NEEDS:
                slots.append(-1)
                continue
            position = _position(op, name)
            if position not in kept:
                kept.append(position)
            slots.append(kept.index(position))
        steps.append(Step(target, rule.function, rule.names[0] == _GRADS, tuple(slots)))
    needs_slot = len(kept)
    steps = [step._replace(slots=tuple(needs_slot if s == -1 else s for s in step.slots)) for step in steps]
    return Plan(op, tuple(kept), targets, needs, tuple(steps))


def _position(op: Any, name: str) -> int:
    if name in op.output_names:
        return OUT - op.output_names.index(name)  # type: ignore[no-any-return]
    if name in op.signature.names:
        return op.signature.names.index(name)  # type: ignore[no-any-return]
    return SHAPE_OF + op.signature.names.index(name.removesuffix("_shape"))  # type: ignore[no-any-return]
