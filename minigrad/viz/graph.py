"""The graph behind a tensor, drawn."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minigrad.viz._canvas import ax_or_new
from minigrad.viz._layers import place_in_layers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_graph", "graph_source"]

# Fill and outline: leaves stand out as boxes with square corners, the root by its thick line.
OPERATION, LEAF, ROOT = "#eef2f6", "#ffffff", "#d5dee8"


@dataclass
class GraphPicture:
    """What is drawn: labels of nodes by key, in the order in which they were found, and edges from input to output."""

    labels: dict[int, str] = field(default_factory=dict)
    leaves: set[int] = field(default_factory=set)
    edges: list[tuple[int, int]] = field(default_factory=list)
    root: int = 0
    alive: list[Any] = field(default_factory=list)


def draw_graph(
    tensor: Any,
    names: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
    *,
    graphviz: bool | None = None,
    title: str | None = None,
    ax: Axes | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Axes:
    """Draw the graph that a tensor's ``backward()`` would go through: leaves on top, the tensor at the bottom.

    Parameters
    ----------
    tensor : Tensor
        One that requires grad.
    names : mapping of str to Tensor, or iterable of pairs, optional
        Names of leaves; ``model.named_parameters()`` will do.
    graphviz : bool, optional
        Whether Graphviz' program ``dot`` finds the places of the nodes; by default if it is installed. Otherwise they
        stand in layers, by their distance from the leaves.
    title : str, optional
    ax : Axes, optional
    path : path, optional
        A file for the picture, whose ending says in what form: ``graph.svg``, ``.png``, ``.pdf``. Graphviz draws it
        whole where it is installed and wanted, and the figure is saved otherwise.

    Returns
    -------
    Axes
        Its texts are the nodes' labels: an operation's name, or a leaf's name and shape.

    Raises
    ------
    ValueError
        When the tensor does not require grad, so that there is no graph.
    """
    picture = _gather(tensor, names)
    uses_graphviz = shutil.which("dot") is not None if graphviz is None else graphviz
    places = _place_by_graphviz(picture) if uses_graphviz else None
    places = places or place_in_layers(list(picture.labels), picture.edges)
    across = {x for x, _ in places.values()}
    down = {y for _, y in places.values()}
    width, height = (max(each) - min(each) for each in (across, down))
    ax = ax_or_new(ax, (min(14.0, max(4.0, 1.1 * width + 2.2)), min(14.0, max(2.5, 0.75 * height + 1.2))))
    texts = {}
    for key, label in picture.labels.items():
        leaf, root = key in picture.leaves, key == picture.root
        texts[key] = ax.text(
            *places[key], label, ha="center", va="center", fontsize=9, zorder=1,
            bbox={
                "boxstyle": "square,pad=0.35" if leaf else "round,pad=0.35",
                "facecolor": LEAF if leaf else ROOT if root else OPERATION,
                "edgecolor": "black",
                "linewidth": 2.0 if root else 1.0,
            },
        )  # fmt: skip
    for start, end in picture.edges:
        ax.annotate(
            "", places[end], places[start], zorder=2,
            arrowprops={
                "arrowstyle": "-|>",
                "color": "0.35",
                "linewidth": 1.1,
                "patchA": texts[start].get_bbox_patch(),
                "patchB": texts[end].get_bbox_patch(),
                "shrinkA": 1,
                "shrinkB": 1,
            },
        )  # fmt: skip
    ax.set_xlim(min(across) - 1.0, max(across) + 1.0)
    ax.set_ylim(min(down) - 0.7, max(down) + 0.7)
    ax.set_axis_off()
    if title is not None:
        ax.set_title(title)
    if path is not None and not (uses_graphviz and _draw_by_graphviz(picture, Path(path), title)):
        figure: Any = ax.figure
        figure.savefig(path, bbox_inches="tight")
    return ax


def graph_source(tensor: Any, names: Mapping[str, Any] | Iterable[tuple[str, Any]] = ()) -> str:
    """Return the graph behind a tensor in Graphviz' language, for its programs to lay out and draw.

    Parameters
    ----------
    tensor, names
        As for `draw_graph`.
    """
    return _source(_gather(tensor, names))


def _gather(tensor: Any, names: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> GraphPicture:
    """Walk from a tensor to its leaves, without recursion."""
    if not tensor.requires_grad:
        raise ValueError("draw_graph(): the tensor does not require grad, so no graph stands behind it")
    pairs = names.items() if isinstance(names, Mapping) else names
    named = {id(each): name for name, each in pairs}
    picture = GraphPicture()
    if tensor.grad_fn is None:
        picture.labels[0] = _leaf_label(tensor, named)
        picture.leaves.add(0)
        return picture
    picture.root = _add(picture, tensor.grad_fn, named)
    waiting = [(tensor.grad_fn, picture.root)]
    while waiting:
        node, key = waiting.pop()
        for before, _ in node.next_functions:
            if before is None:
                continue
            found = len(picture.labels)
            start = _add(picture, before, named)
            picture.edges.append((start, key))
            if len(picture.labels) > found:
                waiting.append((before, start))
    return picture


def _add(picture: GraphPicture, node: Any, named: Mapping[int, str]) -> int:
    variable = getattr(node, "variable", None)
    key = id(node if variable is None else variable)
    if key not in picture.labels:
        picture.alive.append(node)  # so that no other node gets its id
        picture.labels[key] = node.name() if variable is None else _leaf_label(variable, named)
        if variable is not None:
            picture.leaves.add(key)
    return key


def _leaf_label(tensor: Any, named: Mapping[int, str]) -> str:
    shape = "×".join(map(str, tensor.shape)) or "scalar"  # noqa: RUF001  # a times sign, for people
    name = named.get(id(tensor))
    return f"{name}\n{shape}" if name else f"leaf\n{shape}"


def _source(picture: GraphPicture, title: str | None = None) -> str:
    numbers = {key: k for k, key in enumerate(picture.labels)}
    lines = ["digraph {", '  node [fontname="sans-serif", fontsize=10, height=0.3, style="filled,rounded"];']
    if title is not None:
        lines.append(f'  label="{_quoted(title)}"; labelloc=t; fontname="sans-serif";')
    for key, label in picture.labels.items():
        leaf, root = key in picture.leaves, key == picture.root
        look = f'fillcolor="{LEAF if leaf else ROOT if root else OPERATION}", penwidth={2 if root else 1}'
        style = ', style="filled"' if leaf else ""
        lines.append(f'  n{numbers[key]} [label="{_quoted(label)}", shape=box, {look}{style}];')
    lines += [f"  n{numbers[start]} -> n{numbers[end]};" for start, end in picture.edges]
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _draw_by_graphviz(picture: GraphPicture, path: Path, title: str | None) -> bool:
    """Let ``dot`` draw the picture into a file, which is replaced when the picture is whole; return whether it did."""
    unfinished = path.with_name(path.name + ".part")
    form = path.suffix.removeprefix(".") or "svg"
    try:
        subprocess.run(
            ["dot", f"-T{form}", "-Gdpi=144", "-o", str(unfinished)], input=_source(picture, title),
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        unfinished.unlink(missing_ok=True)
        return False
    unfinished.replace(path)
    return True


def _place_by_graphviz(picture: GraphPicture) -> dict[int, tuple[float, float]] | None:
    """Ask ``dot`` where the nodes should stand, in steps of some inches; None if it cannot tell."""
    try:
        done = subprocess.run(
            ["dot", "-Tplain"], input=_source(picture), capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    keys = list(picture.labels)
    places = {}
    for line in done.stdout.splitlines():
        kind, *rest = line.split()
        if kind == "node":
            places[keys[int(rest[0][1:])]] = (float(rest[1]), 1.25 * float(rest[2]))
    return places if len(places) == len(keys) else None
