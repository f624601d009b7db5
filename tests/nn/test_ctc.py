"""The loss of labellings whose places are not known, against a sum over all paths. PyTorch's values: tests/parity."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import minigrad as torch
from minigrad import nn
from minigrad.nn import functional as F


def labelling(path, blank=0):
    """Return a path of classes with repetitions merged and blanks left out."""
    return [label for label, _ in itertools.groupby(path) if label != blank]


def loss_of_all_paths(log_probs, labels):
    steps, classes = log_probs.shape
    paths = (path for path in itertools.product(range(classes), repeat=steps) if labelling(path) == labels)
    return -np.log(sum(np.exp(log_probs[np.arange(steps), list(path)].sum()) for path in paths))


@pytest.mark.parametrize("labels", [[1], [1, 2], [1, 1], [2, 1, 2], []])
def test_probability_is_the_sum_over_all_paths(labels):
    log_probs = torch.randn(5, 3, dtype=torch.float64).log_softmax(1)
    loss = F.ctc_loss(log_probs, torch.tensor(labels, dtype=torch.int64), (5,), (len(labels),), reduction="sum")
    assert abs(loss.item() - loss_of_all_paths(log_probs.numpy(), labels)) < 1e-10


def test_gradient_of_logits_is_that_of_differences():
    logits = torch.randn(6, 2, 4, dtype=torch.float64, requires_grad=True)
    targets = torch.tensor([[1, 1, 3], [2, 0, 0]])
    for reduction in ("mean", "sum"):
        loss = lambda x, how=reduction: F.ctc_loss(x.log_softmax(2), targets, (6, 4), (3, 1), reduction=how)  # noqa: E731
        assert torch.autograd.gradcheck(loss, [logits])


def test_labellings_may_lie_padded_or_one_after_another():
    log_probs = torch.randn(6, 2, 4).log_softmax(2)
    padded = F.ctc_loss(log_probs, torch.tensor([[1, 2, -1], [3, 1, 2]]), (6, 5), (2, 3), reduction="none")
    listed = F.ctc_loss(log_probs, torch.tensor([1, 2, 3, 1, 2]), (6, 5), (2, 3), reduction="none")
    assert torch.equal(padded, listed)


def test_impossible_labellings_are_infinite_or_nothing():
    log_probs = torch.randn(3, 1, 4).log_softmax(2).requires_grad_()
    targets = torch.tensor([[1, 1]])
    assert F.ctc_loss(log_probs[:2], targets, (2,), (2,)).item() == np.inf  # a blank must part the two
    loss = nn.CTCLoss(zero_infinity=True)(log_probs[:2], targets, (2,), (2,))
    loss.backward()
    assert loss.item() == 0
    assert not log_probs.grad.any()


def test_second_gradients_are_refused():
    log_probs = torch.randn(3, 1, 4).log_softmax(2).requires_grad_()
    (grad,) = torch.autograd.grad(F.ctc_loss(log_probs, torch.tensor([[1]]), (3,), (1,)), log_probs, create_graph=True)
    with pytest.raises(RuntimeError, match="not implemented"):
        grad.sum().backward()


def test_labels_that_are_no_classes_are_refused():
    with pytest.raises(RuntimeError, match="between 0 and 3"):
        F.ctc_loss(torch.zeros(3, 1, 4), torch.tensor([[4]]), (3,), (1,))


def test_a_network_learns_a_labelling():
    torch.manual_seed(0)
    logits = torch.zeros(8, 1, 4, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.1)
    for _ in range(100):
        optimizer.zero_grad()
        F.ctc_loss(logits.log_softmax(2), torch.tensor([[2, 2, 1]]), (8,), (3,)).backward()
        optimizer.step()
    assert labelling(logits.argmax(2)[:, 0].tolist()) == [2, 2, 1]
