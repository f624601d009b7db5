"""What PyTorch's layers call, under its own names: the same values, moments and random numbers."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from tests.parity.both import attempt, same


def _inputs(torch):
    torch.manual_seed(0)
    x = torch.randn(2, 4, 3, requires_grad=True)
    return x, torch.randn(4, requires_grad=True), torch.randn(4)


@same
def test_normalisations_and_their_moments(torch):
    x, weight, bias = _inputs(torch)
    mean, var = torch.zeros(4), torch.ones(4)
    return (
        torch.native_layer_norm(x, (3,), None, None, 1e-5),
        torch.native_layer_norm(x, (4, 3), None, None, 1e-5),
        torch.native_batch_norm(x, weight, bias, mean, var, True, 0.1, 1e-5),
        (mean, var),
        torch.native_batch_norm(x, weight, bias, mean, var, False, 0.1, 1e-5),
        [each.tolist() for each in torch.native_group_norm(x, weight, bias, 2, 4, 3, 2, 1e-5)],
    )


@same
def test_dropout_and_what_it_keeps(torch):
    x, _, _ = _inputs(torch)
    found, kept = torch.native_dropout(x, 0.3, True)
    (found * found).sum().backward()
    return found, kept, x.grad, [each.tolist() for each in torch.native_dropout(x, 0.3, False)]


@same
def test_convolutions(torch):
    torch.manual_seed(0)
    image, filters = torch.randn(1, 2, 5, 5), torch.randn(4, 1, 3, 3)
    line, back = torch.randn(1, 2, 5), torch.randn(2, 3, 3)
    sequence, windows = torch.randn(5, 2, 3), torch.randn(2, 3, 4)
    return (
        torch.convolution(image, filters, None, [1], [1], [1], False, [0], 2),
        torch.convolution(line, back, torch.ones(3), [2], [1], [1], True, [1], 1),
        torch.conv_tbc(sequence, windows, torch.ones(4), 1),
    )


@same
def test_grids(torch):
    torch.manual_seed(0)
    image, grid = torch.randn(1, 2, 4, 4), torch.rand(1, 3, 3, 2) * 2 - 1
    volume, places = torch.randn(1, 1, 3, 3, 3), torch.rand(1, 2, 2, 2, 3) * 2 - 1
    return (
        [torch.grid_sampler(image, grid, mode, border, True).tolist() for mode in (0, 1, 2) for border in (0, 1, 2)],
        [torch.grid_sampler_2d(image, grid, mode, 0, False).tolist() for mode in (0, 1, 2)],
        [torch.grid_sampler_3d(volume, places, mode, 1, False).tolist() for mode in (0, 1)],
        torch.affine_grid_generator(torch.ones(1, 2, 3), (1, 1, 2, 2), True),
    )


@same
def test_alignments_and_trials(torch):
    torch.manual_seed(0)
    scores = torch.randn(5, 2, 4).log_softmax(2)
    labels = torch.tensor([[1, 2], [3, 1]])
    return (
        [torch.ctc_loss(scores, labels, [5, 4], [2, 1], 0, reduction).tolist() for reduction in (0, 1, 2)],
        torch.ctc_loss(scores, labels, torch.tensor([5, 4]), torch.tensor([2, 1])).tolist(),
        torch.binomial(torch.full((6,), 10.0), torch.full((6,), 0.3)),
        attempt(lambda: torch.native_channel_shuffle(scores.reshape(1, 5, 2, 4)[:, :4], 2)),
    )
