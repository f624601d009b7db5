"""Recurrent layers: what holds between them, their cells and packed sequences. tests/parity has PyTorch's values."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import minigrad as torch
from minigrad import nn
from minigrad.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

KINDS = ["RNN", "LSTM", "GRU"]


def first(state):
    return state[0] if isinstance(state, tuple) else state


def assert_close(ours, expected, tolerance=1e-6):
    np.testing.assert_allclose(ours.detach().numpy(), expected.detach().numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("length", "batch", "inputs", "hidden"), [(5, 2, 3, 4), (12, 19, 5, 32)])
@pytest.mark.parametrize("kind", KINDS)
def test_layer_is_the_cell_step_by_step(kind, length, batch, inputs, hidden):
    torch.manual_seed(0)
    layer, cell = getattr(nn, kind)(inputs, hidden), getattr(nn, f"{kind}Cell")(inputs, hidden)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
    x = torch.randn(length, batch, inputs)
    state, states = None, []
    for step in x:
        state = cell(step, state)
        states.append(first(state))
    output, final = layer(x)
    assert_close(output, torch.stack(states))
    assert_close(first(final)[0], first(state))
    (output**2).sum().backward()
    (torch.stack(states) ** 2).sum().backward()
    for one, other in zip(layer.parameters(), cell.parameters(), strict=True):
        assert_close(one.grad, other.grad, 1e-5)


@pytest.mark.parametrize(("hidden", "lengths"), [(4, [2, 6, 4]), (32, [9, 3, 12, 1, 12, 7, 7, 5, 8, 11])])
@pytest.mark.parametrize("kind", KINDS)
def test_packed_sequences_are_run_each_by_itself(kind, hidden, lengths):
    torch.manual_seed(0)
    layer = getattr(nn, kind)(3, hidden, num_layers=2, bidirectional=True, batch_first=True)
    x = torch.randn(len(lengths), max(lengths), 3)
    packed, final = layer(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
    padded, found = pad_packed_sequence(packed, batch_first=True)
    assert found.tolist() == lengths
    for k, length in enumerate(lengths):
        output, alone = layer(x[k, :length])
        assert_close(padded[k, :length], output)
        assert not padded[k, length:].any()
        assert_close(first(final)[:, k], first(alone))


@pytest.mark.parametrize("kind", KINDS)
def test_second_gradients_are_those_of_differences(kind):
    torch.manual_seed(0)
    layer = getattr(nn, kind)(2, 3, num_layers=2, bidirectional=True).double()
    x = torch.randn(3, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: layer(x)[0], [x])
    assert torch.autograd.gradgradcheck(lambda x: layer(x)[0], [x])


@pytest.mark.parametrize("kind", KINDS)
def test_a_penalty_on_the_gradient_reaches_the_parameters(kind):
    torch.manual_seed(0)
    layer = getattr(nn, kind)(2, 3)
    x = torch.randn(4, 2, 2, requires_grad=True)
    (grad,) = torch.autograd.grad(layer(x)[0].sum(), x, create_graph=True)
    grad.square().sum().backward()
    assert layer.weight_ih_l0.grad.abs().sum() > 0
    assert layer.weight_hh_l0.grad.abs().sum() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_is_between_layers_and_in_training_only(kind):
    torch.manual_seed(0)
    layer = getattr(nn, kind)(3, 4, num_layers=2, dropout=0.5)
    x = torch.randn(5, 2, 3)
    assert not torch.equal(layer(x)[0], layer(x)[0])
    layer.eval()
    assert torch.equal(layer(x)[0], layer(x)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_copies_and_pickles_give_the_same(kind):
    torch.manual_seed(0)
    layer = getattr(nn, kind)(3, 4, bidirectional=True)
    x = torch.randn(5, 2, 3)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(layer(x)[0], other(x)[0])
        with torch.no_grad():
            other.weight_ih_l0.zero_()
        assert not torch.equal(layer(x)[0], other(x)[0])


def test_parameters_that_are_replaced_are_used():
    layer = nn.GRU(3, 4)
    layer.weight_hh_l0 = nn.Parameter(torch.zeros(12, 4))
    layer.double()
    assert layer(torch.randn(5, 2, 3, dtype=torch.float64))[0].dtype == torch.float64
    assert layer.all_weights[0][1] is layer.weight_hh_l0
    layer.flatten_parameters()


@pytest.mark.parametrize("kind", ["RNN", "GRU"])
def test_results_may_be_written_to_before_the_backward_pass(kind):
    torch.manual_seed(0)
    layer = getattr(nn, kind)(3, 4)
    x = torch.randn(5, 2, 3, requires_grad=True)
    output, _ = layer(x)
    output.mul_(2).sum().backward()
    expected = x.grad.clone()
    x.grad = None
    (layer(x)[0] * 2).sum().backward()
    assert_close(x.grad, expected)


def test_states_of_a_cell_may_be_written_to_before_the_backward_pass():
    cell = nn.LSTMCell(3, 4)
    x = torch.randn(2, 3)
    h, c = cell(x)
    h *= torch.tensor([[0.0], [1.0]])
    c *= torch.tensor([[0.0], [1.0]])
    cell(x, (h, c))[0].sum().backward()
    assert cell.weight_hh.grad is not None


@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_is_close_to_single(kind):
    torch.manual_seed(0)
    layer = getattr(nn, kind)(3, 4)
    x = torch.randn(5, 2, 3)
    expected = layer(x)[0]
    half = layer.half()(x.half())[0]
    assert half.dtype == torch.float16
    half.sum().backward()
    assert layer.weight_hh_l0.grad.dtype == torch.float16
    np.testing.assert_allclose(half.detach().float().numpy(), expected.detach().numpy(), atol=5e-3)


@pytest.mark.parametrize("order", ["strided", "reversed"])
@pytest.mark.parametrize("kind", KINDS)
def test_inputs_and_gradients_of_any_memory_layout(kind, order):
    torch.manual_seed(0)
    layer = getattr(nn, kind)(3, 4)
    x = torch.randn(3, 2, 5).permute(2, 1, 0) if order == "strided" else torch.randn(10, 2, 3)[::2].flip(0)
    output, _ = layer(x)
    expected, _ = layer(x.contiguous())
    assert torch.equal(output, expected)
    output.transpose(0, 2)[::2].sum().backward()
    found = [p.grad.clone() for p in layer.parameters()]
    layer.zero_grad()
    (expected * torch.tensor([1.0, 0.0, 1.0, 0.0])).sum().backward()
    for one, p in zip(found, layer.parameters(), strict=True):
        assert_close(one, p.grad, 1e-5)


def test_an_lstm_learns_to_remember_the_first_element():
    torch.manual_seed(0)
    layer, head = nn.LSTM(1, 8, batch_first=True), nn.Linear(8, 1)
    optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.02)
    for _ in range(150):
        x = torch.randn(32, 6, 1)
        loss = nn.functional.mse_loss(head(layer(x)[0][:, -1]), x[:, 0])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.2


@pytest.mark.parametrize("kind", KINDS)
def test_infinities_and_nan_are_results(kind):
    layer = getattr(nn, kind)(1, 2)
    for value in (float("inf"), float("nan")):
        x = torch.tensor([[[value]], [[1.0]]], requires_grad=True)
        output, _ = layer(x)
        output.sum().backward()
        assert x.grad.shape == x.shape
    assert output.isnan().all()
