"""Pictures of training and of what came out of it.

Every function draws on the ``ax`` or ``fig`` that it is given, or on a new one of pyplot, and returns it. Matplotlib is
imported when one of them is called, not before.
"""

from __future__ import annotations

from minigrad.viz.activations import plot_activations
from minigrad.viz.attention import plot_attention
from minigrad.viz.confusion import plot_confusion
from minigrad.viz.decision import plot_decision_surface
from minigrad.viz.figures import show
from minigrad.viz.gradient_check import plot_gradient_check
from minigrad.viz.graph import draw_graph, graph_source
from minigrad.viz.history import plot_history
from minigrad.viz.images import plot_images
from minigrad.viz.nodes import plot_nodes
from minigrad.viz.predictions import plot_predictions
from minigrad.viz.regression import plot_regression
from minigrad.viz.summary import summary
from minigrad.viz.weights import plot_weights

__all__ = [
    "draw_graph",
    "graph_source",
    "plot_activations",
    "plot_attention",
    "plot_confusion",
    "plot_decision_surface",
    "plot_gradient_check",
    "plot_history",
    "plot_images",
    "plot_nodes",
    "plot_predictions",
    "plot_regression",
    "plot_weights",
    "show",
    "summary",
]
