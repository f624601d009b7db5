"""Drawn graphs: every node and edge is there, inputs above outputs, with Graphviz and without."""

from __future__ import annotations

import shutil

import pytest

import minigrad
from minigrad import nn
from minigrad.viz import draw_graph, graph_source
from minigrad.viz._layers import place_in_layers

WAYS = [False, pytest.param(True, marks=pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not here"))]


def _loss():
    w = minigrad.ones(2, 3, requires_grad=True)
    b = minigrad.tensor(0.5, requires_grad=True)
    return (minigrad.tanh(w * b) + w).sum(), {"w": w, "b": b}


@pytest.mark.parametrize("graphviz", WAYS)
def test_nodes_edges_and_their_places(fig, graphviz):
    loss, names = _loss()
    ax = draw_graph(loss, names, graphviz=graphviz, title="a graph", ax=fig.add_subplot())
    labels = {text.get_text(): text for text in ax.texts if text.get_text()}
    assert set(labels) == {"w\n2×3", "b\nscalar", "MulBackward0", "TanhBackward0", "AddBackward0", "SumBackward0"}  # noqa: RUF001
    assert len(ax.texts) - len(labels) == 6, "an arrow for each edge"
    heights = {label: text.get_position()[1] for label, text in labels.items()}
    assert heights["b\nscalar"] > heights["MulBackward0"] > heights["TanhBackward0"] > heights["AddBackward0"]
    assert min(heights, key=heights.__getitem__) == "SumBackward0"
    assert ax.get_title() == "a graph"


@pytest.mark.parametrize("graphviz", WAYS)
def test_labels_lie_inside_and_apart(fig, dots, graphviz):
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    loss = nn.functional.mse_loss(model(minigrad.ones(5, 3)), minigrad.zeros(5, 1))
    fig.set_size_inches(9, 6)
    ax = draw_graph(loss, model.named_parameters(), graphviz=graphviz, ax=fig.add_subplot())
    dots(fig)
    boxes = [text.get_bbox_patch().get_window_extent() for text in ax.texts if text.get_text()]
    for k, box in enumerate(boxes):
        assert ax.bbox.y0 <= box.y0
        assert box.y1 <= ax.bbox.y1
        assert not any(box.overlaps(other) for other in boxes[:k])


def test_a_leaf_is_a_graph_of_one_node(fig):
    ax = draw_graph(minigrad.ones(2, requires_grad=True), ax=fig.add_subplot())
    assert [text.get_text() for text in ax.texts] == ["leaf\n2"]


def test_a_tensor_without_a_graph_is_refused(fig):
    with pytest.raises(ValueError, match="does not require grad"):
        draw_graph(minigrad.ones(2), ax=fig.add_subplot())


def test_a_long_chain_needs_no_recursion():
    x = minigrad.ones(1, requires_grad=True)
    y = x
    for _ in range(3000):
        y = y.sin()
    assert graph_source(y).count("->") == 3000
    places = place_in_layers(range(3000), [(k, k + 1) for k in range(2999)])
    assert len({y for _, y in places.values()}) == 3000


def test_source_quotes_labels():
    loss, names = _loss()
    source = graph_source(loss, {'say "w"': names["w"]})
    assert source.startswith("digraph {")
    assert '[label="say \\"w\\"\\n2×3", shape=box,' in source  # noqa: RUF001
    assert source.count("->") == 6


@pytest.mark.parametrize("graphviz", WAYS)
@pytest.mark.parametrize("form", ["svg", "png"])
def test_the_picture_is_written_to_a_file(tmp_path, fig, form, graphviz):
    loss, names = _loss()
    path = tmp_path / f"graph.{form}"
    draw_graph(loss, names, graphviz=graphviz, title="a graph", ax=fig.add_subplot(), path=path)
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG" if form == "png" else b"<?xml")
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    if form == "svg" and graphviz:
        assert all(name.encode() in content for name in ("MulBackward0", "TanhBackward0", "a graph"))
