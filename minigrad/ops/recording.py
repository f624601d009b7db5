"""How a call of an operation becomes a node: one function for each plan, written out."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from typing import Any

from minigrad.ops.rules import OUT, Plan
from minigrad.ops.state import Anomaly, Upper
from minigrad.ops.written import write_function

shape_of = operator.attrgetter("shape")

orders = itertools.count()
"""The numbers of the nodes, in the order in which they are made."""


_FEW = 4  # the most tensors of a sequence that are written out one by one


def inference_saved() -> RuntimeError:
    """Return the error for a tensor of inference mode that a backward pass would need."""
    return RuntimeError(
        "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
        "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use it "
        "in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
    )


def write_recorder(plan: Plan) -> Callable[..., Any]:
    """Return the function that makes the node of a call.

    Its parameters are the arguments of the call, the arrays in its tensor slots (or the list of them, of a sequence),
    what the forward returned (an array, or a tuple where the operation has several outputs or hidden ones), and the
    tensor made of it (or a tuple).
    """
    op = plan.op
    arguments, values = argument_names(op), value_names(op)
    one = not op.several and not op.hidden
    result = "results" if op.several else "result"
    label = "None" if plan.variant is None else f"plan.variant({', '.join(values)})"
    if op.signature.takes_sequence:
        few = ", ".join(f"a0[{k}]._node or a0[{k}]" for k in plan.targets[:_FEW])
        parents = few if len(plan.targets) <= _FEW else "a0[k]._node or a0[k] for k in plan.targets"
        checks, kind = _SEQUENCE_MARKS, Upper.SequenceNode
    else:
        parents = ", ".join(f"a{position}._node or a{position}" for position in plan.inputs)
        checks, kind = _OPERAND_MARKS, Upper.MultiNode if op.several else Upper.Node
    lines = [
        f"def record({', '.join([*arguments, *array_names(op), 'out' if one else 'outs', result])}):",
        "    node = new(Node)",
        "    node.plan = plan",
        "    node.order = next(orders)",
        *_described(op),
        f"    node.parents = [{parents}]",
        f"    node.saved = [{', '.join(_saved(plan, values, one))}]",
        "    node.marks = marks = []",
        *(checks.format(k=position) for position in plan.operands),
        *_output_marks(plan),
        f"    node.label = {label}",
        "    if Anomaly.attentive:",
        f"        Upper.attend(node, ({', '.join(arguments)},), {'results' if op.several else '(result,)'})",
        "    return node",
    ]
    names = {"Node": kind, "Tensor": Upper.Tensor, "Anomaly": Anomaly, "Upper": Upper, "plan": plan}
    names |= {"new": object.__new__, "orders": orders, "inference_saved": inference_saved, "shape_of": shape_of}
    return write_function("\n".join(lines), names)


_OPERAND_MARKS = """\
    if isinstance(a{k}, Tensor):
        writes = a{k}._writes
        count = writes[0]
        if count < 0:
            raise inference_saved()
        marks.append((writes, count, {k}))"""

_SEQUENCE_MARKS = """\
    for each in a{k}:
        if each._writes[0] < 0:
            raise inference_saved()
        marks.append((each._writes, each._writes[0], {k}))"""


def _described(op: Any) -> list[str]:
    """Return the lines that note the shapes and dtypes of the gradients to come."""
    if op.several:
        return ["    node.outputs = [(each._array.shape, each._array.dtype) for each in results]"]
    out = "outs[0]" if op.hidden else "out"
    return [f"    node.shape = {out}.shape", f"    node.dtype = {out}.dtype"]


def _output_marks(plan: Plan) -> list[str]:
    """Return the lines that mark the kept results."""
    results = [(f"results[{k}]" if plan.op.several else "result", OUT - k) for k in plan.outs if k < plan.op.visible]
    return [f"    marks.append(({result}._writes, {result}._writes[0], {place}))" for result, place in results]


def _saved(plan: Plan, values: list[str], one: bool) -> list[str]:
    """Return what is kept, as expressions."""
    shape = "[*map(shape_of, v0)]" if plan.op.signature.takes_sequence else "v{}.shape"
    return [
        *(values[position] for position in plan.operands),
        *("out" if one else f"outs[{k}]" for k in plan.outs),
        *(values[position] for position in plan.options),
        *(shape.format(position) for position in plan.shapes),
        *(["plan.needs"] if plan.keeps_needs else []),
    ]


def argument_names(op: Any) -> list[str]:
    """Return what written functions call the arguments of a call, ``a0`` and so on."""
    return [f"a{k}" for k in range(op.signature.arity)]


def array_names(op: Any) -> list[str]:
    """Return what written functions call the arrays in the tensor slots, ``v0`` and so on; or the list of arrays."""
    return ["v0"] if op.signature.takes_sequence else [f"v{k}" for k in op.signature.tensor_positions]


def value_names(op: Any) -> list[str]:
    """Return what written functions call what the forward gets: the arrays, and the other arguments."""
    arrays = array_names(op)
    return [f"v{k}" if f"v{k}" in arrays else f"a{k}" for k in range(op.signature.arity)]
