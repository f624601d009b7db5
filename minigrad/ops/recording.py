"""How a call of an operation becomes a node: one function for each plan, written out."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from minigrad.ops.rules import OUT, Plan
from minigrad.ops.state import Anomaly, Upper
from minigrad.ops.written import write_function

orders = itertools.count()
"""The numbers of the nodes, in the order in which they are made."""


def inference_saved() -> RuntimeError:
    """Return the error for a tensor of inference mode that a backward pass would need."""
    return RuntimeError(
        "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
        "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use it "
        "in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
    )


def write_recorder(plan: Plan) -> Callable[..., Any]:
    """Return the function that makes the node of a call.

    Its parameters are the arguments of the call, the arrays in its tensor slots, what the forward returned (an array,
    or a tuple where the operation has several outputs or hidden ones), and the tensor made of it (or a tuple).
    """
    op = plan.op
    visible = len(op.output_names) - op.hidden_count
    one = not op.several and not op.hidden
    arguments, values = argument_names(op), value_names(op)
    arrays = [values[position] for position in op.signature.tensor_positions]
    lines = [
        f"def record({', '.join([*arguments, *arrays])}, {'out' if one else 'outs'}, "
        f"{'results' if op.several else 'result'}):",
        "    node = new(Node)",
        "    node.plan = plan",
        "    node.order = next(orders)",
        *([] if one else ["    out = outs[0]"]),
        "    node.shape = out.shape",
        "    node.dtype = out.dtype",
        f"    node.parents = [{', '.join(f'a{position}._node or a{position}' for position in plan.inputs)}]",
    ]
    marks, later = [], []
    for position in plan.operands:
        mark = f"(a{position}._writes, a{position}._writes[0], {position})"
        check = [f"if a{position}._writes[0] < 0:", "    raise inference_saved()"]
        if position in plan.inputs:
            marks.append(mark)
            lines += [f"    {line}" for line in check]
        else:
            later += [f"if isinstance(a{position}, Tensor):", *(f"    {line}" for line in check)]
            later += [f"    node.marks.append({mark})"]
    for k in plan.outs:
        if k < visible:
            result = f"results[{k}]" if op.several else "result"
            marks.append(f"({result}._writes, {result}._writes[0], {OUT - k})")
    saved = [
        *(values[position] for position in plan.operands),
        *("out" if one else f"outs[{k}]" for k in plan.outs),
        *(values[position] for position in plan.options),
        *(f"{values[position]}.shape" for position in plan.shapes),
        *(["plan.needs"] if plan.keeps_needs else []),
    ]
    label = "None" if plan.variant is None else f"plan.variant({', '.join(values)})"
    lines += [
        f"    node.marks = [{', '.join(marks)}]",
        *(f"    {line}" for line in later),
        f"    node.saved = [{', '.join(saved)}]",
        f"    node.label = {label}",
        *(["    node.outputs = [(each._array.shape, each._array.dtype) for each in results]"] if op.several else []),
        "    if Anomaly.attentive:",
        f"        Upper.attend(node, ({', '.join(arguments)},), {'results' if op.several else '(result,)'})",
        "    return node",
    ]
    return write_function(
        "\n".join(lines),
        {
            "Anomaly": Anomaly,
            "Node": Upper.MultiNode if op.several else Upper.Node,
            "Tensor": Upper.Tensor,
            "Upper": Upper,
            "inference_saved": inference_saved,
            "new": object.__new__,
            "orders": orders,
            "plan": plan,
        },
    )


def argument_names(op: Any) -> list[str]:
    """Return what written functions call the arguments of a call, ``a0`` and so on."""
    return [f"a{k}" for k in range(op.signature.arity)]


def value_names(op: Any) -> list[str]:
    """Return what written functions call what the forward gets: ``v0`` for the array in slot 0, or the argument."""
    return [f"v{k}" if k in op.signature.tensor_positions else f"a{k}" for k in range(op.signature.arity)]
