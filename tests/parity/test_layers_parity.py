"""Every layer and loss beside PyTorch's: printed form, state dict, output and gradients, with the same seed."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import minigrad
import minigrad.nn

torch = pytest.importorskip("torch")

VECTORS = [(4, 6)]
IMAGES = [(2, 3, 4, 4)]

# name -> how it is made, and the shapes of its inputs
LAYERS = {
    "Identity": (lambda nn: nn.Identity(), VECTORS),
    "Linear": (lambda nn: nn.Linear(6, 3), VECTORS),
    "Linear, vector": (lambda nn: nn.Linear(6, 3), [(6,)]),
    "Linear, batches": (lambda nn: nn.Linear(6, 3, bias=False), [(2, 3, 6)]),
    "Bilinear": (lambda nn: nn.Bilinear(6, 3, 2), [(4, 6), (4, 3)]),
    "Flatten": (lambda nn: nn.Flatten(), IMAGES),
    "Flatten, some": (lambda nn: nn.Flatten(0, 1), IMAGES),
    "Unflatten": (lambda nn: nn.Unflatten(1, (2, 3)), VECTORS),
    "Dropout": (lambda nn: nn.Dropout(0.3), [(20, 6)]),
    "Dropout, eval": (lambda nn: nn.Dropout(0.3).eval(), VECTORS),
    "Dropout, all": (lambda nn: nn.Dropout(1.0), VECTORS),
    "Dropout, none": (lambda nn: nn.Dropout(0.0), VECTORS),
    "Dropout1d": (lambda nn: nn.Dropout1d(0.4), [(4, 5, 3)]),
    "Dropout2d": (lambda nn: nn.Dropout2d(0.4), IMAGES),
    "Dropout3d": (lambda nn: nn.Dropout3d(0.4), [(2, 6, 2, 2, 2)]),
    "AlphaDropout": (lambda nn: nn.AlphaDropout(0.4), [(20, 6)]),
    "FeatureAlphaDropout": (lambda nn: nn.FeatureAlphaDropout(0.4), IMAGES),
    "Sigmoid": (lambda nn: nn.Sigmoid(), VECTORS),
    "Tanh": (lambda nn: nn.Tanh(), VECTORS),
    "ReLU": (lambda nn: nn.ReLU(), VECTORS),
    "ReLU6": (lambda nn: nn.ReLU6(), VECTORS),
    "LeakyReLU": (lambda nn: nn.LeakyReLU(0.2), VECTORS),
    "PReLU": (lambda nn: nn.PReLU(), VECTORS),
    "PReLU, channels": (lambda nn: nn.PReLU(6, init=0.1), VECTORS),
    "RReLU": (lambda nn: nn.RReLU(0.1, 0.4), VECTORS),
    "RReLU, eval": (lambda nn: nn.RReLU().eval(), VECTORS),
    "ELU": (lambda nn: nn.ELU(0.7), VECTORS),
    "CELU": (lambda nn: nn.CELU(0.7), VECTORS),
    "SELU": (lambda nn: nn.SELU(), VECTORS),
    "GELU": (lambda nn: nn.GELU(), VECTORS),
    "GELU, tanh": (lambda nn: nn.GELU("tanh"), VECTORS),
    "SiLU": (lambda nn: nn.SiLU(), VECTORS),
    "Mish": (lambda nn: nn.Mish(), VECTORS),
    "Softplus": (lambda nn: nn.Softplus(2.0, 1.5), VECTORS),
    "Softsign": (lambda nn: nn.Softsign(), VECTORS),
    "Softshrink": (lambda nn: nn.Softshrink(0.3), VECTORS),
    "Hardshrink": (lambda nn: nn.Hardshrink(0.3), VECTORS),
    "Hardtanh": (lambda nn: nn.Hardtanh(-0.5, 0.7), VECTORS),
    "Hardsigmoid": (lambda nn: nn.Hardsigmoid(), VECTORS),
    "Hardswish": (lambda nn: nn.Hardswish(), VECTORS),
    "Tanhshrink": (lambda nn: nn.Tanhshrink(), VECTORS),
    "Threshold": (lambda nn: nn.Threshold(0.1, -3.0), VECTORS),
    "LogSigmoid": (lambda nn: nn.LogSigmoid(), VECTORS),
    "GLU": (lambda nn: nn.GLU(), VECTORS),
    "Softmax": (lambda nn: nn.Softmax(dim=1), VECTORS),
    "Softmax, implicit": (lambda nn: nn.Softmax(), VECTORS),
    "Softmin": (lambda nn: nn.Softmin(dim=0), VECTORS),
    "LogSoftmax": (lambda nn: nn.LogSoftmax(dim=-1), VECTORS),
    "LogSoftmax, implicit": (lambda nn: nn.LogSoftmax(), [(2, 3, 4)]),
    "Softmax2d": (lambda nn: nn.Softmax2d(), IMAGES),
    "Embedding": (lambda nn: nn.Embedding(10, 3), ["indices"]),
    "Embedding, padded": (lambda nn: nn.Embedding(10, 3, padding_idx=-1), ["indices"]),
    "Embedding, scaled": (lambda nn: nn.Embedding(10, 3, max_norm=1.0, scale_grad_by_freq=True), ["indices"]),
    "LayerNorm": (lambda nn: nn.LayerNorm(6), VECTORS),
    "LayerNorm, two": (lambda nn: nn.LayerNorm((4, 4), bias=False), IMAGES),
    "LayerNorm, plain": (lambda nn: nn.LayerNorm([6], eps=1e-3, elementwise_affine=False), VECTORS),
    "BatchNorm1d": (lambda nn: nn.BatchNorm1d(6), VECTORS),
    "BatchNorm1d, eval": (lambda nn: nn.BatchNorm1d(6).eval(), VECTORS),
    "BatchNorm1d, mean": (lambda nn: nn.BatchNorm1d(3, momentum=None), [(4, 3, 5)]),
    "BatchNorm1d, plain": (lambda nn: nn.BatchNorm1d(6, affine=False, track_running_stats=False), VECTORS),
    "BatchNorm2d": (lambda nn: nn.BatchNorm2d(3), IMAGES),
    "PairwiseDistance": (lambda nn: nn.PairwiseDistance(keepdim=True), [(4, 6), (4, 6)]),
    "CosineSimilarity": (lambda nn: nn.CosineSimilarity(), [(4, 6), (4, 6)]),
    "Sequential": (lambda nn: nn.Sequential(nn.Linear(6, 8), nn.ReLU(inplace=True), nn.Linear(8, 2)), VECTORS),
}

SAME = [(4, 6), (4, 6)]
LOSSES = {
    "L1Loss": (lambda nn, **k: nn.L1Loss(**k), SAME),
    "MSELoss": (lambda nn, **k: nn.MSELoss(**k), SAME),
    "SmoothL1Loss": (lambda nn, **k: nn.SmoothL1Loss(beta=0.5, **k), SAME),
    "HuberLoss": (lambda nn, **k: nn.HuberLoss(delta=0.5, **k), SAME),
    "BCELoss": (lambda nn, **k: nn.BCELoss(**k), ["probabilities", "probabilities"]),
    "BCEWithLogitsLoss": (lambda nn, **k: nn.BCEWithLogitsLoss(**k), [(4, 6), "probabilities"]),
    "BCEWithLogitsLoss, weights": (
        lambda nn, **k: nn.BCEWithLogitsLoss(ramp(nn, 6), pos_weight=ramp(nn, 6), **k),
        [(4, 6), "probabilities"],
    ),
    "CrossEntropyLoss": (lambda nn, **k: nn.CrossEntropyLoss(**k), [(4, 6), "classes"]),
    "CrossEntropyLoss, weights": (
        lambda nn, **k: nn.CrossEntropyLoss(ramp(nn, 6), ignore_index=1, label_smoothing=0.1, **k),
        [(4, 6), "classes"],
    ),
    "CrossEntropyLoss, probabilities": (lambda nn, **k: nn.CrossEntropyLoss(**k), [(4, 6), "probabilities"]),
    "NLLLoss": (lambda nn, **k: nn.NLLLoss(ramp(nn, 6), **k), [(4, 6), "classes"]),
    "KLDivLoss": (lambda nn, **k: nn.KLDivLoss(**k), [(4, 6), "probabilities"]),
    "KLDivLoss, logarithms": (lambda nn, **k: nn.KLDivLoss(log_target=True, **k), SAME),
    "PoissonNLLLoss": (lambda nn, **k: nn.PoissonNLLLoss(full=True, **k), [(4, 6), "probabilities"]),
    "GaussianNLLLoss": (lambda nn, **k: nn.GaussianNLLLoss(full=True, **k), [*SAME, "probabilities"]),
    "HingeEmbeddingLoss": (lambda nn, **k: nn.HingeEmbeddingLoss(0.8, **k), [(4, 6), "signs"]),
    "SoftMarginLoss": (lambda nn, **k: nn.SoftMarginLoss(**k), [(4, 6), "signs"]),
    "MultiLabelMarginLoss": (lambda nn, **k: nn.MultiLabelMarginLoss(**k), [(4, 6), "labels"]),
    "MultiLabelSoftMarginLoss": (lambda nn, **k: nn.MultiLabelSoftMarginLoss(**k), [(4, 6), "probabilities"]),
    "MultiMarginLoss": (lambda nn, **k: nn.MultiMarginLoss(2, 0.7, ramp(nn, 6), **k), [(4, 6), "classes"]),
    "CosineEmbeddingLoss": (lambda nn, **k: nn.CosineEmbeddingLoss(0.1, **k), [*SAME, "row signs"]),
    "MarginRankingLoss": (lambda nn, **k: nn.MarginRankingLoss(0.3, **k), [*SAME, "signs"]),
    "TripletMarginLoss": (lambda nn, **k: nn.TripletMarginLoss(swap=True, **k), [*SAME, (4, 6)]),
    "TripletMarginWithDistanceLoss": (lambda nn, **k: nn.TripletMarginWithDistanceLoss(**k), [*SAME, (4, 6)]),
}


def ramp(nn, size):
    module = torch if nn is torch.nn else minigrad
    return module.tensor(np.linspace(0.5, 2.0, size, dtype=np.float32))


def make_input(module, what, random):
    if isinstance(what, tuple):
        array = random.standard_normal(what).astype(np.float32)
        return module.tensor(array, requires_grad=True)
    return module.tensor(
        {
            "indices": lambda: random.integers(0, 10, (4, 3)),
            "classes": lambda: random.integers(0, 6, 4),
            "labels": lambda: np.array([[3, 0, -1, 1, 2, 4], [5, -1, 0, 0, 0, 0], [0, 1, 2, 3, 4, 5], [-1] * 6]),
            "probabilities": lambda: random.dirichlet(np.ones(6), 4).astype(np.float32),
            "signs": lambda: random.choice([-1.0, 1.0], (4, 6)).astype(np.float32),
            "row signs": lambda: random.choice([-1.0, 1.0], 4).astype(np.float32),
        }[what]()
    )


def run(module, make, inputs):
    """Return everything that a layer is and does."""
    module.manual_seed(3)
    random = np.random.default_rng(5)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        layer = make(module.nn)
        shown = repr(layer)
        tensors = [make_input(module, what, random) for what in inputs]
        out = layer(*[each * 1 if each.requires_grad else each for each in tensors])
        if out.requires_grad:
            factors = np.linspace(0.5, 1.5, out.numel(), dtype=np.float32).reshape(out.shape)
            (out * module.tensor(factors)).sum().backward()
    results = {"out": out}
    results |= {f"grad of input {k}": each.grad for k, each in enumerate(tensors)}
    results |= {f"grad of {name}": each.grad for name, each in layer.named_parameters()}
    results |= {f"state {name}": each for name, each in layer.state_dict().items()}
    arrays = {name: None if each is None else each.detach().numpy() for name, each in results.items()}
    return shown, [str(each.message) for each in caught], arrays


def assert_same(make, inputs):
    expected, given = run(torch, make, inputs), run(minigrad, make, inputs)
    assert given[0] == expected[0]
    assert given[1] == expected[1]
    assert list(given[2]) == list(expected[2])
    for name, array in expected[2].items():
        if array is None:
            assert given[2][name] is None, name
        else:
            assert given[2][name].dtype == array.dtype, name
            np.testing.assert_allclose(given[2][name], array, rtol=2e-5, atol=2e-6, err_msg=name)


@pytest.mark.parametrize(("make", "inputs"), LAYERS.values(), ids=LAYERS)
def test_layers(make, inputs):
    assert_same(make, inputs)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("make", "inputs"), LOSSES.values(), ids=LOSSES)
def test_losses(make, inputs, reduction):
    assert_same(lambda nn: make(nn, reduction=reduction), inputs)


@pytest.mark.parametrize(
    ("size_average", "reduce"), [(True, None), (False, None), (None, False), (True, True), (False, True), (None, True)]
)
def test_the_older_ways_to_say_reduction(size_average, reduce):
    assert_same(lambda nn: nn.MSELoss(size_average, reduce), SAME)


def test_batchmean_divides_by_the_batch():
    assert_same(lambda nn: nn.KLDivLoss(reduction="batchmean"), [(4, 6), "probabilities"])


@pytest.mark.parametrize(
    "make",
    [
        lambda nn: nn.Dropout(1.5),
        lambda nn: nn.Dropout(-0.1),
        lambda nn: nn.Hardtanh(1.0, 1.0),
        lambda nn: nn.Hardtanh(min_value=-2.0, max_value=2.0),
        lambda nn: nn.HuberLoss(delta="1"),
        lambda nn: nn.MultiMarginLoss(p=3),
        lambda nn: nn.MultiMarginLoss(weight=ramp(nn, 4).reshape(2, 2)),
        lambda nn: nn.TripletMarginLoss(margin=0),
        lambda nn: nn.TripletMarginWithDistanceLoss(margin=-1),
        lambda nn: nn.Embedding(3, 2, padding_idx=3),
        lambda nn: nn.Embedding(3, 2, padding_idx=-4),
        lambda nn: nn.Embedding(3, 2, _weight=ramp(nn, 6)),
        lambda nn: nn.Embedding.from_pretrained(ramp(nn, 6)),
        lambda nn: nn.Embedding.from_pretrained(ramp(nn, 6).reshape(3, 2), padding_idx=1).weight.requires_grad,
        lambda nn: nn.Embedding(5, 4, 1, 2.0, 1.0, True, True),
        lambda nn: nn.BatchNorm1d(3)(ramp(nn, 3)),
        lambda nn: nn.BatchNorm2d(3)(ramp(nn, 3)),
        lambda nn: nn.Softmax2d()(ramp(nn, 3)),
        lambda nn: nn.ReLU(inplace=True),
        lambda nn: nn.ELU(inplace=True),
        lambda nn: nn.ReLU6(inplace=True),
        lambda nn: nn.Hardswish(inplace=True),
        lambda nn: nn.Threshold(1, 2, True),
        lambda nn: nn.RReLU(inplace=True),
    ],
)
def test_constructors_and_refusals(make):
    outcomes = []
    for nn in (torch.nn, minigrad.nn):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                result = repr(make(nn))
            except Exception as error:
                result = type(error).__name__, str(error)
        outcomes.append((result, [(each.category.__name__, str(each.message)) for each in caught]))
    assert outcomes[0] == outcomes[1]
