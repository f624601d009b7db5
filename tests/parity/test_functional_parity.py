"""Functions of ``nn.functional`` beside PyTorch's: signatures, results, names of nodes, refusals."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest

import minigrad
import minigrad.nn.functional

torch = pytest.importorskip("torch")

INSPECTABLE = [
    name for name in minigrad.nn.functional.__all__ if inspect.isfunction(getattr(torch.nn.functional, name))
]


@pytest.mark.parametrize("name", minigrad.nn.functional.__all__)
def test_pytorch_has_the_function_too(name):
    assert hasattr(torch.nn.functional, name)


@pytest.mark.parametrize("name", INSPECTABLE)
def test_signatures(name):
    ours = inspect.signature(getattr(minigrad.nn.functional, name)).parameters.values()
    # What chooses by `return_indices` shows no parameters; one of the functions that it chooses from does.
    shown = getattr(torch.nn.functional, f"_{name}" if "max_pool" in name and "indices" not in name else name)
    theirs = inspect.signature(shown).parameters.values()
    assert [(p.name, p.kind, p.default) for p in ours] == [(p.name, p.kind, p.default) for p in theirs]


class Given:
    """Tensors of one library to call functions with."""

    def __init__(self, library):
        random = np.random.default_rng(3)
        self.library = library
        self.x = library.tensor(random.standard_normal((4, 6)).astype(np.float32), requires_grad=True)
        self.t = library.tensor(random.standard_normal((4, 6)).astype(np.float32))
        self.signs = library.tensor(random.choice([-1.0, 1.0], (4, 6)).astype(np.float32))
        self.classes = library.tensor(np.array([0, 1, 2, 3]))

    def zeros(self, *shape):
        return self.library.tensor(np.zeros(shape, np.float32))

    def ones(self, *shape):
        return self.library.tensor(np.ones(shape, np.float32))


CALLS = {
    "relu": lambda F, g: F.relu(g.x),
    "relu in place": lambda F, g: F.relu(g.x * 1, inplace=True),
    "leaky_relu": lambda F, g: F.leaky_relu(g.x, 0.3),
    "leaky_relu in place": lambda F, g: F.leaky_relu(g.x * 1, 0.3, True),
    "elu in place": lambda F, g: F.elu(g.x * 1, 0.3, True),
    "celu in place": lambda F, g: F.celu(g.x * 1, 0.3, True),
    "celu by zero": lambda F, g: F.celu(g.x, 0.0),
    "selu": lambda F, g: F.selu(g.x),
    "silu in place": lambda F, g: F.silu(g.x * 1, True),
    "mish in place": lambda F, g: F.mish(g.x * 1, True),
    "hardtanh in place": lambda F, g: F.hardtanh(g.x * 1, -0.5, 0.5, True),
    "relu6": lambda F, g: F.relu6(g.x * 4),
    "threshold": lambda F, g: F.threshold(g.x, 0.2, 7.0),
    "threshold in place": lambda F, g: F.threshold(g.x * 1, 0.2, 7.0, True),
    "hardsigmoid": lambda F, g: F.hardsigmoid(g.x * 3),
    "hardsigmoid in place": lambda F, g: F.hardsigmoid(g.x * 3, True),
    "hardswish": lambda F, g: F.hardswish(g.x * 3),
    "rrelu bounds": lambda F, g: F.rrelu(g.x, 0.5, 0.1),
    "rrelu in place": lambda F, g: F.rrelu(g.x * 1, training=True, inplace=True).detach(),
    "softsign": lambda F, g: F.softsign(g.x),
    "tanhshrink": lambda F, g: F.tanhshrink(g.x),
    "softshrink below zero": lambda F, g: F.softshrink(g.x, -1.0),
    "softmax in another dtype": lambda F, g: F.softmax(g.x, 1, dtype=g.library.float64),
    "softmin": lambda F, g: F.softmin(g.x, 0),
    "log_softmax of a scalar": lambda F, g: F.log_softmax(g.x[0, 0], 0),
    "gumbel_softmax": lambda F, g: F.gumbel_softmax(g.x, 0.7),
    "hard gumbel_softmax": lambda F, g: F.gumbel_softmax(g.x, hard=True),
    "gumbel_softmax with eps": lambda F, g: F.gumbel_softmax(g.x, eps=1e-3).shape,
    "dropout": lambda F, g: F.dropout(g.x, 0.3),
    "dropout in place": lambda F, g: F.dropout(g.x * 1, 0.3, inplace=True),
    "dropout of all": lambda F, g: F.dropout(g.x, 1.0),
    "dropout of a transposed input": lambda F, g: F.dropout(g.x.t(), 0.4),
    "dropout, probability": lambda F, g: F.dropout(g.x, 1.5),
    "dropout1d": lambda F, g: F.dropout1d(g.x, 0.5),
    "dropout1d, rank": lambda F, g: F.dropout1d(g.x[0]),
    "dropout2d, rank": lambda F, g: F.dropout2d(g.x),
    "dropout2d, three dimensions": lambda F, g: F.dropout2d(g.x.reshape(2, 2, 6)),
    "dropout3d, rank": lambda F, g: F.dropout3d(g.x),
    "alpha_dropout": lambda F, g: F.alpha_dropout(g.x, 0.3, True),
    "alpha_dropout of all": lambda F, g: F.alpha_dropout(g.x, 1.0, True),
    "alpha_dropout, probability": lambda F, g: F.alpha_dropout(g.x, -1.0),
    "feature_alpha_dropout, rank": lambda F, g: F.feature_alpha_dropout(g.x[0], 0.5, True),
    "embedding": lambda F, g: F.embedding(g.classes, g.x),
    "embedding, padding": lambda F, g: F.embedding(g.classes, g.x, padding_idx=7),
    "embedding, dtype": lambda F, g: F.embedding(g.t, g.x),
    "dropout3d, unbatched": lambda F, g: F.dropout3d(g.x.reshape(6, 2, 2, 1)),
    "embedding, index": lambda F, g: F.embedding(g.classes + 2, g.x),
    "embedding, weight": lambda F, g: F.embedding(g.classes, g.x[0]),
    "layer_norm, shape": lambda F, g: F.layer_norm(g.x, (5,)),
    "layer_norm, no shape": lambda F, g: F.layer_norm(g.x, ()),
    "layer_norm, weight": lambda F, g: F.layer_norm(g.x, (6,), g.ones(5)),
    "layer_norm, bias": lambda F, g: F.layer_norm(g.x, (6,), None, g.ones(5)),
    "batch_norm, one value": lambda F, g: F.batch_norm(g.x[:1], None, None, training=True),
    "batch_norm, no averages": lambda F, g: F.batch_norm(g.x, None, None),
    "batch_norm, size": lambda F, g: F.batch_norm(g.x, g.ones(5), g.ones(5)),
    "batch_norm, weight": lambda F, g: F.batch_norm(g.x, g.ones(6), g.ones(6), g.ones(5)),
    "prelu, channels": lambda F, g: F.prelu(g.x, g.ones(5)),
    "prelu, rank": lambda F, g: F.prelu(g.x, g.ones(2, 3)),
    "prelu, scalar": lambda F, g: F.prelu(g.x[0, 0], g.ones(2)),
    "prelu, dtypes": lambda F, g: F.prelu(g.x, g.ones(1).double()),
    "cosine_embedding_loss, target": lambda F, g: F.cosine_embedding_loss(g.x, g.t, g.signs),
    "cosine_embedding_loss, rank": lambda F, g: F.cosine_embedding_loss(g.x[0], g.t[0], g.signs[0]),
    "margin_ranking_loss, rank": lambda F, g: F.margin_ranking_loss(g.x, g.t, g.signs[0]),
    "triplet_margin_loss, rank": lambda F, g: F.triplet_margin_loss(g.x, g.t[0], g.signs),
    "triplet_margin_loss, margin": lambda F, g: F.triplet_margin_loss(g.x, g.t, g.signs, margin=-1.0),
    "multi_margin_loss, p": lambda F, g: F.multi_margin_loss(g.x, g.classes, p=3),
    "multi_margin_loss, size": lambda F, g: F.multi_margin_loss(g.x, g.classes[:2]),
    "multi_margin_loss, class": lambda F, g: F.multi_margin_loss(g.x, g.classes * 4),
    "multi_margin_loss, dtype": lambda F, g: F.multi_margin_loss(g.x, g.t[:, 0]),
    "multi_margin_loss, weight": lambda F, g: F.multi_margin_loss(g.x, g.classes, weight=g.ones(2)),
    "multi_margin_loss, weight's dtype": lambda F, g: F.multi_margin_loss(g.x, g.classes, weight=g.ones(6).double()),
    "multi_margin_loss, weight's gradient": lambda F, g: F.multi_margin_loss(
        g.x, g.classes, weight=g.ones(6).requires_grad_()
    ),
    "multi_margin_loss, rank": lambda F, g: F.multi_margin_loss(g.x.reshape(1, 4, 6), g.classes),
    "multilabel_margin_loss, size": lambda F, g: F.multilabel_margin_loss(g.x, g.classes),
    "multilabel_margin_loss, class": lambda F, g: F.multilabel_margin_loss(g.x[:, :4], g.classes.expand(4, 4) * 9),
    "gaussian_nll_loss, sign": lambda F, g: F.gaussian_nll_loss(g.x, g.t, g.signs),
    "gaussian_nll_loss, size": lambda F, g: F.gaussian_nll_loss(g.x, g.t, g.ones(4, 2)),
    "gaussian_nll_loss, number": lambda F, g: F.gaussian_nll_loss(g.x, g.t, 0.5),
    "gaussian_nll_loss, reduction": lambda F, g: F.gaussian_nll_loss(g.x, g.t, g.ones(4, 6), reduction="x"),
    "one_hot, class": lambda F, g: F.one_hot(g.classes, 2),
    "one_hot, sign": lambda F, g: F.one_hot(-g.classes),
    "one_hot, dtype": lambda F, g: F.one_hot(g.t),
    "one_hot, empty": lambda F, g: F.one_hot(g.classes[:0]),
    "bilinear, first": lambda F, g: F.bilinear(g.x, g.t, g.ones(2, 5, 6)),
    "bilinear, second": lambda F, g: F.bilinear(g.x, g.t, g.ones(2, 6, 5)),
    "bilinear, batch": lambda F, g: F.bilinear(g.x, g.t[:2], g.ones(2, 6, 6)),
    "bilinear, rank": lambda F, g: F.bilinear(g.x, g.t[0], g.ones(2, 6, 6)),
    "bilinear, bias": lambda F, g: F.bilinear(g.x, g.t, g.ones(2, 6, 6), g.ones(3)),
    "cosine_similarity of zeros": lambda F, g: F.cosine_similarity(g.x, g.zeros(4, 6)),
    "cosine_similarity, dim": lambda F, g: F.cosine_similarity(g.x, g.t, dim=5),
    "cosine_similarity, dtype": lambda F, g: F.cosine_similarity(g.classes, g.classes, dim=0),
    "normalize of zeros": lambda F, g: F.normalize(g.zeros(2, 3)),
}


@pytest.mark.parametrize("name", CALLS)
def test_results_names_and_refusals(name):
    outcomes = []
    for library in (torch, minigrad):
        library.manual_seed(5)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                result = CALLS[name](library.nn.functional, Given(library))
            except Exception as error:
                kinds = [each.__name__ for each in type(error).__mro__ if each.__module__ == "builtins"]
                result = kinds[0], str(error)
        outcomes.append((result, [(each.category.__name__, str(each.message)) for each in caught]))
    (expected, their_warnings), (given, our_warnings) = outcomes
    assert our_warnings == their_warnings
    if not isinstance(expected, torch.Tensor):
        assert given == expected
        return
    assert repr(given.dtype) == repr(expected.dtype)
    if expected.grad_fn is not None:
        # The number at the end tells PyTorch's overloads apart.
        assert given.grad_fn.name().rstrip("01") == type(expected.grad_fn).__name__.rstrip("01")
    np.testing.assert_allclose(given.detach().numpy(), expected.detach().numpy(), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("options", [{}, {"p": 2, "margin": 0.5, "reduction": "none"}, {"weight": True, "p": 2}])
def test_margins_of_scores_that_are_no_numbers(options):
    values = np.array([[1, np.nan, 2, 0], [np.inf, 0, 1, 2], [-np.inf, 0, 1, 2], [0, np.inf, -np.inf, 1]], np.float32)
    results = []
    for library in (minigrad, torch):
        F, x = library.nn.functional, library.tensor(values, requires_grad=True)
        weight = {"weight": library.tensor([0.5, 1, 2, 3])} if options.get("weight") else {}
        losses = F.multi_margin_loss(x, library.tensor([0, 0, 0, 3]), **{**options, **weight})
        losses.sum().backward()
        results.append((losses.detach().numpy(), x.grad.numpy()))
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_margins_of_labels_that_are_no_numbers():
    results = []
    for library in (minigrad, torch):
        x = library.tensor([[1, np.nan, 2, 0], [np.inf, 0, 1, 2]], requires_grad=True)
        labels = library.tensor([[0, 0, -1, 1], [1, 2, -1, 0]])
        losses = library.nn.functional.multilabel_margin_loss(x, labels, reduction="none")
        losses.sum().backward()
        results.append((losses.detach().numpy(), x.grad.numpy()))
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
