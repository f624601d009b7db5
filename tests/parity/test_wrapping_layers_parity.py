"""Layers made of layers beside PyTorch's: the adaptive softmax and DataParallel."""

from __future__ import annotations

import pytest

from .both import attempt, same

torch = pytest.importorskip("torch")


@same
def test_adaptive_softmax(torch):
    layer = torch.nn.AdaptiveLogSoftmaxWithLoss(16, 20, [4, 10, 15], div_value=2.0, head_bias=True)
    x = torch.randn(9, 16, requires_grad=True)
    target = torch.tensor([0, 3, 4, 9, 10, 19, 15, 14, 1])
    output, loss = layer(x, target)
    loss.backward()
    one = layer(x[0], target[5])
    return [
        output,
        loss,
        x.grad,
        [each.grad for each in layer.parameters()],
        layer.state_dict(),
        layer.log_prob(x).detach(),
        layer.predict(x * 3),
        one.output.detach(),
        one.loss.detach(),
        repr(layer),
    ]


@same
def test_adaptive_softmax_refuses(torch):
    make = torch.nn.AdaptiveLogSoftmaxWithLoss
    layer = make(8, 5, [2])
    return [
        attempt(lambda: make(8, 5, [])),
        attempt(lambda: make(8, 5, [3, 2])),
        attempt(lambda: make(8, 5, [5])),
        attempt(lambda: make(8, 5, [1.5])),
        attempt(lambda: layer(torch.ones(2, 8), torch.tensor([1]))),
        attempt(lambda: layer(torch.ones(1, 1, 8), torch.tensor([1]))),
        attempt(lambda: layer(torch.ones(1, 8), torch.tensor(1))),
        attempt(lambda: layer(torch.ones(1, 8), torch.tensor([[1]]))),
        attempt(lambda: layer(torch.ones(2, 8), torch.tensor([1, 5]))),
    ]


@same
def test_data_parallel_without_a_gpu(torch):
    model = torch.nn.DataParallel(torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU()), device_ids=[0, 1])
    other = torch.nn.parallel.DataParallel(torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU()))
    other.load_state_dict(model.state_dict())
    x = torch.ones(4, 3)
    return [
        model(x),
        other(x),
        model.state_dict(),
        repr(model),
        model.device_ids,
        attempt(lambda: torch.nn.parallel.data_parallel(model, x)),
    ]
