"""Functions of layers at the top of the namespace, and the in-place ones of ``nn.functional``, beside PyTorch's."""

from __future__ import annotations

import importlib

import pytest

import minigrad

from .both import attempt, same

torch = pytest.importorskip("torch")


def _values(torch, *shape):
    count = 1
    for length in shape:
        count *= length
    return torch.arange(float(count)).sin().mul(3).reshape(shape)


@pytest.mark.parametrize("name", sorted(minigrad._OF_LAYERS))
def test_pytorch_has_the_function_too(name):
    assert name in dir(torch)
    assert getattr(minigrad, name).__doc__


@same
def test_random_ones(torch):
    x = _values(torch, 3, 4, 2)
    found = []
    for name in ("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"):
        found += [
            getattr(torch, name)(x, 0.4, True),
            getattr(torch, name)(x, 0.4, False),
            getattr(torch, f"{name}_")(x.clone(), 0.3, True),
        ]
    return [*found, torch.rrelu(x), torch.rrelu(x, 0.1, 0.2, True), torch.rrelu_(x.clone(), training=True)]


@same
def test_normalisations_and_pools(torch):
    x, one, zero = _values(torch, 2, 4, 3), torch.ones(4), torch.zeros(4)
    running = [torch.zeros(4), torch.ones(4)]
    return [
        torch.batch_norm(x, one, zero, *running, True, 0.1, 1e-5, True),
        running,
        torch.instance_norm(x, None, None, None, None, True, 0.1, 1e-5, False),
        torch.layer_norm(x, (3,), None, None, 1e-5, False),
        torch.group_norm(x, 2, one, zero),
        torch.rms_norm(x, (3,)),
        torch.adaptive_max_pool1d(x, 2),
        torch.max_pool1d_with_indices(x, 2),
        torch.embedding(_values(torch, 5, 2), torch.tensor([[0, 4]]), 1),
        [torch.norm_except_dim(x, 2, dim) for dim in (0, 1, 2, -1)],
    ]


@same
def test_losses(torch):
    x, y = _values(torch, 4, 3), _values(torch, 4, 3).cos()
    signs, found = torch.tensor([1.0, -1.0, 1.0, -1.0]), []
    for reduction in (0, 1, 2):
        found += [
            torch.binary_cross_entropy_with_logits(x, y.sigmoid(), reduction=reduction),
            torch.kl_div(x, y.sigmoid(), reduction),
            torch.kl_div(x, y, reduction, log_target=True),
            torch.hinge_embedding_loss(x[:, 0], signs, 0.5, reduction),
            torch.cosine_embedding_loss(x, y, signs, 0.1, reduction),
            torch.margin_ranking_loss(x[:, 0], y[:, 0], signs, 0.1, reduction),
            torch.poisson_nll_loss(x, y.abs(), True, False, 1e-8, reduction),
            torch.triplet_margin_loss(x, y, -y, reduction=reduction),
        ]
    return found


@same
def test_activations(torch):
    x, functional = _values(torch, 5), torch.nn.functional
    found = [torch.celu(x, 0.5), torch.selu(x), torch.threshold(x, 0.2, 7)]
    for home, names in (
        (torch, ("celu_", "selu_")),
        (functional, ("relu_", "leaky_relu_", "elu_", "celu_", "selu_", "hardtanh_", "rrelu_")),
    ):
        for name in names:
            target = x.clone()
            found += [getattr(home, name)(target) is target, target]
    return [*found, torch.threshold_(x.clone(), 0.1, 2), functional.threshold_(x.clone(), 0.1, 2)]


@same
def test_former_names_of_interpolation(torch):
    x = _values(torch, 1, 1, 2, 3)
    return [
        torch.nn.functional.upsample_nearest(x, scale_factor=2),
        torch.nn.functional.upsample_bilinear(x, size=(3, 5)),
        attempt(lambda: torch.nn.functional.upsample_nearest(x)),
    ]


@pytest.mark.parametrize(
    "name", ["strided", "contiguous_format", "preserve_format", "channels_last", "channels_last_3d"]
)
def test_layouts_print_as_pytorchs_do(name):
    ours, theirs = getattr(minigrad, name), getattr(torch, name)
    assert (str(ours), repr(ours), f"{ours}") == (str(theirs), repr(theirs), f"{theirs}")


@pytest.mark.parametrize("name", ["Number", "Device", "_Number", "_size"])
def test_types_for_annotations_are_pytorchs(name):
    theirs = str(getattr(importlib.import_module("torch.types"), name))
    ours = str(getattr(minigrad.types, name))
    assert ours.replace("minigrad.devices", "torch").replace("minigrad.size", "torch") == theirs


@same
def test_losses_are_not_reduced_unless_asked(torch):
    a, b = torch.tensor([[0.1, 0.2]]), torch.tensor([[0.5, -0.2]])
    return (
        torch.kl_div(a, b.exp()),
        torch.hinge_embedding_loss(a, torch.tensor([[1.0, -1.0]])),
        torch.margin_ranking_loss(a, b, torch.ones(1, 2)),
        torch.cosine_embedding_loss(a, b, torch.ones(1)),
        torch.triplet_margin_loss(a, b, a),
        torch.binary_cross_entropy_with_logits(a, b),
        torch.kl_div(a, b.exp(), 1),
        torch.binary_cross_entropy_with_logits(a, b, None, None, 2),
    )
