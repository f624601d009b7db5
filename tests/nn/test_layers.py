"""Layers: first values, shapes, modes, refusals. Values beside PyTorch's are in tests/parity."""

from __future__ import annotations

import copy
import importlib
import inspect
import types

import numpy as np
import pytest

import minigrad as torch
from minigrad import nn
from minigrad.nn import functional as F

LAYERS = sorted(name for name, value in vars(nn).items() if inspect.isclass(value) and issubclass(value, nn.Module))
ARGUMENTS = {
    "Linear": (3, 2),
    "Bilinear": (3, 2, 4),
    "Embedding": (5, 3),
    "EmbeddingBag": (5, 3),
    "AdaptiveLogSoftmaxWithLoss": (8, 5, [2]),
    "DataParallel": (nn.Linear(3, 2),),
    "LazyLinear": (2,),
    **{f"Lazy{kind}{n}d": (4, 2) for kind in ("Conv", "ConvTranspose") for n in (1, 2, 3)},
    **{f"FractionalMaxPool{n}d": (2, 3) for n in (2, 3)},
    "SyncBatchNorm": (3,),
    "LinearCrossEntropyLoss": (3, 4),
    "Threshold": (0.1, 20.0),
    "Unflatten": (1, (3, 1)),
    "LayerNorm": (3,),
    "BatchNorm1d": (3,),
    "BatchNorm2d": (3,),
    "BatchNorm3d": (3,),
    "GroupNorm": (1, 3),
    "RMSNorm": (3,),
    "LocalResponseNorm": (2,),
    "PixelShuffle": (2,),
    "PixelUnshuffle": (2,),
    "ChannelShuffle": (2,),
    "Unfold": (2,),
    "Fold": (4, 2),
    **{f"InstanceNorm{n}d": (3,) for n in (1, 2, 3)},
    **{f"{kind}{n}d": (3, 4, 2) for kind in ("Conv", "ConvTranspose") for n in (1, 2, 3)},
    **{f"{kind}{n}d": (2,) for kind in ("MaxPool", "AvgPool", "MaxUnpool") for n in (1, 2, 3)},
    **{f"LPPool{n}d": (2, 2) for n in (1, 2, 3)},
    **{f"Adaptive{kind}Pool{n}d": (2,) for kind in ("Avg", "Max") for n in (1, 2, 3)},
    **{f"{kind}Pad{n}d": (1,) for kind in ("Zero", "Reflection", "Replication", "Circular") for n in (1, 2, 3)},
    **{f"ConstantPad{n}d": (1, 0.5) for n in (1, 2, 3)},
    **dict.fromkeys(("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"), (3, 4)),
    "RNNBase": ("GRU", 3, 4),
    "MultiheadAttention": (4, 2),
    "Transformer": (4, 2, 1, 1, 8, 0.1, "relu", None, None, 1e-5, True),
    **{f"Transformer{part}Layer": (4, 2, 8) for part in ("Encoder", "Decoder")},
    "TransformerEncoder": (nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), 1),
    "TransformerDecoder": (nn.TransformerDecoderLayer(4, 2, 8), 1),
    "RNNCellBase": (3, 4, True, 3),
}


def test_linear_starts_with_the_numbers_of_the_seed():
    torch.manual_seed(7)
    layer = nn.Linear(3, 2)
    np.testing.assert_allclose(
        layer.weight.detach().numpy(), [[0.0403, -0.3478, 0.1838], [0.1812, -0.3086, -0.0865]], atol=5e-5
    )
    np.testing.assert_allclose(layer.bias.detach().numpy(), [-0.3382, 0.1498], atol=5e-5)


def test_linear_is_the_affine_map():
    layer = nn.Linear(3, 2)
    x = torch.randn(4, 3)
    expected = x.numpy() @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
    np.testing.assert_allclose(layer(x).detach().numpy(), expected, rtol=1e-6, atol=1e-7)
    assert layer(torch.randn(2, 5, 3)).shape == (2, 5, 2)
    assert layer(torch.randn(3)).shape == (2,)


def test_linear_without_bias_keeps_the_name():
    layer = nn.Linear(3, 2, bias=False)
    assert layer.bias is None
    assert list(layer.state_dict()) == ["weight"]


def test_dtype_and_device_reach_the_parameters():
    layer = nn.Linear(3, 2, dtype=torch.float64, device="cpu")
    assert {p.dtype for p in layer.parameters()} == {torch.float64}


def test_reset_parameters_draws_anew():
    torch.manual_seed(1)
    layer = nn.Linear(3, 2)
    before = layer.weight.tolist()
    layer.reset_parameters()
    assert layer.weight.tolist() != before
    torch.manual_seed(1)
    layer.reset_parameters()
    assert layer.weight.tolist() == before


def test_identity_takes_any_arguments():
    x = torch.ones(2)
    assert nn.Identity(54, unused=True)(x) is x


def test_flatten_keeps_the_batch():
    assert nn.Flatten()(torch.ones(2, 3, 4)).shape == (2, 12)
    assert nn.Flatten(0)(torch.ones(2, 3, 4)).shape == (24,)


@pytest.mark.parametrize("name", [n for n in ("ReLU", "LeakyReLU", "ELU", "SiLU", "Hardtanh") if n in LAYERS])
def test_activations_in_place_change_their_input(name):
    x = torch.tensor([-2.0, 0.5, 3.0])
    expected = getattr(nn, name)()(x).tolist()
    assert x.tolist() == [-2.0, 0.5, 3.0]
    out = getattr(nn, name)(inplace=True)(x)
    assert out is x
    assert x.tolist() == expected


def test_relu_in_place_trains():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True), nn.Linear(4, 1))
    plain = copy.deepcopy(net)
    plain[1] = nn.ReLU()
    x = torch.randn(5, 3)
    net(x).sum().backward()
    plain(x).sum().backward()
    assert net[0].weight.grad.tolist() == plain[0].weight.grad.tolist()


def test_an_implicit_dim_warns():
    with pytest.warns(UserWarning, match=r"Implicit dimension choice for softmax has been deprecated"):
        out = nn.Softmax()(torch.randn(2, 3))
    np.testing.assert_allclose(out.sum(1).numpy(), [1, 1], rtol=1e-6)


def test_losses_keep_their_weights_as_buffers():
    loss = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0]))
    assert list(loss.state_dict()) == ["weight"]
    assert not list(loss.parameters())
    assert nn.CrossEntropyLoss().weight is None


def test_losses_call_their_functions():
    x, y = torch.randn(4, 3), torch.randn(4, 3)
    assert nn.MSELoss(reduction="sum")(x, y).item() == F.mse_loss(x, y, reduction="sum").item()
    labels = torch.tensor([0, 2, -100, 1])
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    assert loss(x, labels).item() == F.cross_entropy(x, labels, label_smoothing=0.1).item()


@pytest.mark.filterwarnings("ignore:.NLLLoss2d. has been deprecated:FutureWarning")
@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_documented_copied_and_printed(name):
    kind = getattr(nn, name)
    assert kind.__doc__
    layer = kind(*ARGUMENTS.get(name, ()))
    assert repr(copy.deepcopy(layer)) == repr(layer)
    assert repr(layer).startswith(name + "(")


def test_functional_is_a_module_of_documented_functions():
    module = importlib.import_module("minigrad.nn.functional")
    assert isinstance(module, types.ModuleType)
    assert module is nn.functional is F
    for name in module.__all__:
        assert getattr(module, name).__doc__, name


def test_the_list_of_public_names_is_complete():
    assert sorted(nn.__all__) == nn.__all__ or len(set(nn.__all__)) == len(nn.__all__)
    assert set(LAYERS) <= set(nn.__all__)
    for name in nn.__all__:
        assert hasattr(nn, name)


def test_a_network_learns():
    torch.manual_seed(0)
    x = torch.randn(64, 2)
    y = (x[:, :1] * 2 - x[:, 1:]) * 0.5
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
    loss_of = nn.MSELoss()
    first = loss_of(net(x), y).item()
    for _ in range(200):
        net.zero_grad()
        loss = loss_of(net(x), y)
        loss.backward()
        with torch.no_grad():
            for p in net.parameters():
                p -= 0.1 * p.grad
    assert loss.item() < first / 50
