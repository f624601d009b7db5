"""Connectionist temporal classification on the simulator: padded labellings, repeated labels, impossible ones."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu, cuda
from tests.cuda.twins import assert_same, on_device, on_host

LENGTHS, COUNTS = np.array([5, 4, 2, 0, 3]), np.array([3, 0, 2, 1, 2])


@pytest.mark.parametrize("zero_infinity", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_and_gradients(dtype, zero_infinity):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(5, 5, 4)).astype(dtype)
    log_probs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    targets = np.array([[1, 1, 2], [1, 2, 3], [3, 3, 1], [2, 2, 2], [3, 1, 2]])
    starts, grad = np.arange(5) * 3, rng.normal(size=5).astype(dtype)
    layout = starts, LENGTHS, COUNTS
    losses, alpha = cpu.ctc_loss(log_probs, targets, *layout, 0)
    found = cuda.ctc_loss(on_device(log_probs), on_device(targets), *layout, 0)
    assert_same(on_host(found[0]), losses)
    assert np.isinf(losses[2:4]).all()
    expected = cpu.ctc_loss_backward(grad, log_probs, losses, alpha, targets, *layout, 0, zero_infinity)
    arrays = on_device(grad), on_device(log_probs), *found, on_device(targets)
    result = cuda.ctc_loss_backward(*arrays, *layout, 0, zero_infinity)
    assert_same(on_host(result), expected)
