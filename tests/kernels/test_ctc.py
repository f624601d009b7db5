"""The kernels of connectionist temporal classification: how labellings lie, and sequences that end early."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shorter_sequences_ignore_the_steps_after_their_end(dtype):
    rng = np.random.default_rng(0)
    log_probs = np.log(rng.dirichlet(np.ones(4), (6, 2))).astype(dtype)
    targets, starts, counts = np.array([1, 2, 3]), np.array([0, 2]), np.array([2, 1])
    lengths = np.array([6, 3])
    losses, alpha = cpu.ctc_loss(log_probs, targets, starts, lengths, counts, 0)
    alone, _ = cpu.ctc_loss(
        np.ascontiguousarray(log_probs[:3, 1:]), targets, starts[1:], lengths[1:], counts[1:], 0
    )  # fmt: skip
    np.testing.assert_allclose(losses[1], alone[0], rtol=1e-6)
    grad = np.ones(2, dtype)
    result = cpu.ctc_loss_backward(grad, log_probs, losses, alpha, targets, starts, lengths, counts, 0, False)
    assert result.dtype == dtype
    assert not result[3:, 1].any()
    np.testing.assert_allclose(result.sum(axis=-1), 0, atol=1e-5)  # of logits, which may all be shifted


def test_shares_of_the_paths_are_finite_for_certain_classes():
    log_probs = np.array([[[0, -np.inf, -np.inf]], [[-np.inf, 0, -np.inf]]])  # a blank, then the label
    targets, starts = np.array([1]), np.array([0])
    losses, _ = cpu.ctc_loss(log_probs, targets, starts, np.array([2]), np.array([1]), 0)
    assert losses[0] == 0
