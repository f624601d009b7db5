"""Write the stubs that tell editors and mypy what the table of operations gives at run time.

Operations become functions and methods when ``minigrad`` is imported, which no type checker sees. ``make stubs`` writes
their signatures into ``.pyi`` files that are read under ``TYPE_CHECKING`` only; a test fails when they are stale.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import minigrad
from minigrad.ops.op import Entry, composed_table, table

ROOT = Path(__file__).parent.parent
FUNCTIONS = "minigrad/_functions.pyi"
METHODS = "minigrad/_methods.pyi"

HEAD = '''"""{title} Written by `make stubs`; do not edit."""

import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from minigrad.dtypes import dtype
from minigrad.ops.typing import Number
from minigrad.size import Size
from minigrad.tensor import Tensor
'''

KNOWN = {
    "Any",
    "Callable",
    "Iterable",
    "Mapping",
    "Number",
    "Sequence",
    "Size",
    "Tensor",
    "builtins",
    "dtype",
    "np",
    "npt",
}


class _Annotation(ast.NodeTransformer):
    """Spells out builtins, since `float` is a method of tensors too; notes names that a stub does not know."""

    def __init__(self) -> None:
        self.unknown = False

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in KNOWN:
            return node
        if hasattr(builtins, node.id):
            return ast.parse(f"builtins.{node.id}", mode="eval").body
        self.unknown = True
        return node


def _annotation(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return "Any"
    if value is None:
        return "None"
    visitor = _Annotation()
    tree = ast.parse(value if isinstance(value, str) else getattr(value, "__name__", "Any"), mode="eval")
    text = ast.unparse(visitor.visit(tree))
    return "Any" if visitor.unknown else text


def _parameter(parameter: inspect.Parameter) -> str:
    star = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    text = f"{star}{parameter.name}: {_annotation(parameter.annotation)}"
    if parameter.default is parameter.empty:
        return text
    simple = parameter.default is None or isinstance(parameter.default, bool | int | float | str)
    return (
        f"{text} = {parameter.default!r}"
        if simple and repr(parameter.default) not in ("inf", "nan")
        else f"{text} = ..."
    )


def _declare(name: str, parameters: list[inspect.Parameter], returns: str, *, method: bool, out: bool) -> str:
    parts = []
    keyword_only = False
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            keyword_only = True
        elif parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            parts.append("*")
        parts.append(_parameter(parameter))
    if method:
        parts[0] = "self"
    if out and not any(parameter.name == "out" for parameter in parameters):
        parts += ([] if keyword_only else ["*"]) + ["out: Any = None"]
    return f"def {name}({', '.join(parts)}) -> {returns}: ..."


def _spread(parameters: list[inspect.Parameter], pack: int) -> list[inspect.Parameter]:
    """Return the parameters of ``x.permute(0, 2, 1)``: from the packed one on, its entries."""
    packed = inspect.Parameter(parameters[pack].name, inspect.Parameter.VAR_POSITIONAL)
    return [*parameters[:pack], packed, *(each for each in parameters[pack:] if each.kind is each.KEYWORD_ONLY)]


def _declare_entry(name: str, entry: Entry, *, method: bool) -> str:
    signature = entry.signature.of_forward
    parameters = list(signature.parameters.values())
    if entry.signature.pack is not None:
        parameters = _spread(parameters, entry.signature.pack)
    returns = _annotation(signature.return_annotation)
    return _declare(name, parameters, returns, method=method, out=not method)


def _entries() -> Iterator[Entry]:
    yield from table.values()
    yield from composed_table.values()


def functions() -> str:
    """Return the stub of the functions of the top-level namespace."""
    lines = {
        name: _declare_entry(name, entry, method=False)
        for entry in _entries()
        if entry.namespace == "torch"
        for name in (entry.name, *entry.aliases)
    }
    names = "\n".join(f'    "{name}",' for name in sorted(lines))
    body = "\n".join(lines[name] for name in sorted(lines))
    return f"{HEAD.format(title='Functions of the table of operations.')}\n__all__ = [\n{names}\n]\n\n{body}\n"


def _names_in_class() -> set[str]:
    tree = ast.parse((ROOT / "minigrad/tensor.py").read_text())
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Tensor")
    names = {"__doc__", "__module__", "__annotations__"}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def _declare_operator(name: str) -> str:
    other = "" if name in ("__neg__", "__abs__", "__pos__", "__invert__") else ", other: Any"
    note = "  # type: ignore[override]" if name in ("__eq__", "__ne__") else ""
    return f"def {name}(self{other}) -> Tensor: ...{note}"


def _declare_method(name: str, value: Any) -> str:
    entry = getattr(value, "entry", None)
    if entry is not None:
        return _declare_entry(name, entry, method=True)
    if isinstance(value, property):
        text = value.fget.__annotations__.get("return") if value.fget else None
        return f"@property\n    def {name}(self) -> {_annotation(text or inspect.Parameter.empty)}: ..."
    if name.startswith("__") and name.endswith("__"):
        others = ["other"] * (
            len(inspect.signature(value).parameters) > 1 and name not in ("__neg__", "__abs__", "__pos__", "__invert__")
        )
        note = "  # type: ignore[override]" if name in ("__eq__", "__ne__") else ""
        return f"def {name}({', '.join(['self', *(f'{each}: Any' for each in others)])}) -> Tensor: ...{note}"
    if name.endswith("_") and hasattr(minigrad.Tensor, name[:-1]):
        entry = getattr(getattr(minigrad.Tensor, name[:-1]), "entry", None)
        if entry is not None:
            return _declare_entry(name, entry, method=True)
    signature = inspect.signature(value)
    return _declare(
        name, list(signature.parameters.values()), _annotation(signature.return_annotation), method=True, out=False
    )


def methods() -> str:
    """Return the stub of the methods that `Tensor` gets from elsewhere than its class body."""
    in_class = _names_in_class()
    lines = [
        _declare_method(name, value)
        for name, value in sorted(vars(minigrad.Tensor).items())
        if name not in in_class and (isinstance(value, property) or callable(value))
    ]
    body = "\n".join(f"    {line}" for line in lines)
    return f"{HEAD.format(title='Methods that tensors have from the table of operations.')}\nclass Methods:\n{body}\n"


def stubs() -> dict[Path, str]:
    """Return the text of every stub, by its path."""
    return {ROOT / FUNCTIONS: functions(), ROOT / METHODS: methods()}


def main() -> int:
    """Write the stubs that changed and name them."""
    for path, text in stubs().items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
