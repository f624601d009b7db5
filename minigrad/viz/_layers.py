"""Places for the nodes of a graph, where Graphviz is not there to find better ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

__all__ = ["place_in_layers"]

ACROSS, DOWN = 2.1, 1.25
SWEEPS = 4


def place_in_layers(nodes: Sequence[int], edges: Sequence[tuple[int, int]]) -> dict[int, tuple[float, float]]:
    """Put every node below all its inputs, and near the middle of its neighbours.

    Parameters
    ----------
    nodes : sequence of int
    edges : sequence of (input, output)
        Without cycles.
    """
    before, after = defaultdict(list), defaultdict(list)
    for start, end in edges:
        before[end].append(start)
        after[start].append(end)
    # From the outputs up: a node stands one layer above the highest of those that it feeds.
    height = dict.fromkeys(nodes, 0)
    waiting = {node: len(after[node]) for node in nodes}
    ready = [node for node in nodes if not waiting[node]]
    while ready:
        node = ready.pop()
        for start in before[node]:
            height[start] = max(height[start], height[node] + 1)
            waiting[start] -= 1
            if not waiting[start]:
                ready.append(start)
    rows: dict[int, list[int]] = defaultdict(list)
    for node in nodes:
        rows[height[node]].append(node)
    across = {node: ACROSS * (k - (len(row) - 1) / 2) for row in rows.values() for k, node in enumerate(row)}
    for sweep in range(SWEEPS):
        for level in sorted(rows, reverse=bool(sweep % 2)):
            _order(rows[level], across, before if sweep % 2 else after)
    return {node: (across[node], DOWN * height[node]) for node in nodes}


def _order(row: list[int], across: dict[int, float], neighbours: dict[int, list[int]]) -> None:
    """Sort a row by the middle of its neighbours and spread it out around them."""

    def middle(node: int) -> float:
        near = [across[each] for each in neighbours[node]]
        return sum(near) / len(near) if near else across[node]

    wanted = {node: middle(node) for node in row}
    row.sort(key=wanted.__getitem__)
    center = sum(wanted.values()) / len(row)
    for k, node in enumerate(row):
        across[node] = center + ACROSS * (k - (len(row) - 1) / 2)
