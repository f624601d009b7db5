"""Connectionist temporal classification beside PyTorch's: losses, gradients, refusals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import minigrad
import minigrad.nn.functional
from tests.parity.test_conv_parity import outcome

torch = pytest.importorskip("torch")

REDUCTIONS = ("mean", "sum", "none")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", ["padded", "listed", "one"])
def test_losses_and_gradients(dtype, form):
    for seed, reduction, zero_infinity in itertools.product(range(3), REDUCTIONS, (False, True)):
        random = np.random.default_rng(seed)
        logits, lengths, counts = random.standard_normal((7, 4, 5)), (7, 3, 6, 0), (3, 4, 0, 1)
        targets = random.integers(1, 5, (4, 4))
        if form == "listed":
            targets = np.concatenate([row[:count] for row, count in zip(targets, counts, strict=True)])
        if form == "one":
            logits, targets, lengths, counts = logits[:, 0], targets[0, :3], (6,), (3,)
        found = []
        for library in (torch, minigrad):
            x = library.tensor(logits, dtype=getattr(library, dtype), requires_grad=True)
            sizes = [library.tensor(each) for each in (lengths, counts)] if seed else (lengths, counts)
            loss = library.nn.functional.ctc_loss(
                x.log_softmax(-1), library.tensor(targets), *sizes, reduction=reduction, zero_infinity=zero_infinity
            )
            name = loss.grad_fn.name()
            loss.sum().backward()
            found.append((loss.detach().numpy(), x.grad.numpy(), name))
        (their_loss, their_grad, their_name), (loss, grad, name) = found
        assert (loss.shape, loss.dtype, name) == (their_loss.shape, their_loss.dtype, their_name)
        tolerance = {"rtol": 1e-4, "atol": 1e-5} if dtype == "float32" else {"rtol": 1e-10, "atol": 1e-11}
        np.testing.assert_allclose(loss, their_loss, **tolerance)
        np.testing.assert_allclose(grad, their_grad, **tolerance)


CALLS = """
F.ctc_loss(x, t, [6, 5], [3, 2])
F.ctc_loss(x, t.int(), lib.tensor([6, 5]).int(), lib.tensor([3, 2]), 0, "none")
F.ctc_loss(x, t.float(), (6, 5), (3, 2))
F.ctc_loss(x, t, (6, 5), (0, 2), blank=0, reduction="none")
F.ctc_loss(x[:, 0], t[0], lib.tensor(6), lib.tensor(3), reduction="none")
F.ctc_loss(x[:, 0], t[:1], (6,), (3,))
F.ctc_loss(x, t, lib.tensor([6, 5]), (3, 2))
F.ctc_loss(x, t, lib.tensor([6.0, 5.0]), lib.tensor([3, 2]))
F.ctc_loss(x, t, (6, 5), (3, 2), 4)
F.ctc_loss(x, t, (6, 5), (3, 2), -1)
F.ctc_loss(x, t, (7, 5), (3, 2))
F.ctc_loss(x, t, (-1, 5), (3, 2))
F.ctc_loss(x, t, (6, 5), (4, 2))
F.ctc_loss(x, t, (6, 5), (-1, 2))
F.ctc_loss(x, t, (6,), (3, 2))
F.ctc_loss(x, t, (6, 5), (3,))
F.ctc_loss(x, t[:1], (6, 5), (3, 2))
F.ctc_loss(x, lib.tensor([1, 2, 2, 3]), (6, 5), (3, 2))
F.ctc_loss(x, t[None], (6, 5), (3, 2))
F.ctc_loss(x[0, 0], t, (6, 5), (3, 2))
F.ctc_loss(x[:0], t, (0, 0), (0, 0))
F.ctc_loss(x[:, :0], t[:0], (), ())
F.ctc_loss(x.half(), t, (6, 5), (3, 2))
F.ctc_loss(x, t, (6, 5), (3, 2), reduction="max")
lib.nn.CTCLoss(3, "none", True)(x, t % 3, (6, 5), (3, 2))
repr(lib.nn.CTCLoss(1))
""".strip().splitlines()


@pytest.mark.parametrize("script", CALLS)
def test_calls_and_refusals(script):
    def call(library):
        names = {"lib": library, "F": library.nn.functional}
        names["x"] = library.linspace(-2, 1, 48).sin().reshape(6, 2, 4).log_softmax(2)
        names["t"] = library.tensor([[1, 2, 2], [3, 1, 0]])
        result = eval(script, names)
        return result if isinstance(result, str) else result.tolist()

    (theirs, _), (ours, _) = (outcome(call, library) for library in (torch, minigrad))
    if isinstance(theirs, tuple):
        assert (ours[0], ours[1][:50]) == (theirs[0], theirs[1][:50])
    else:
        assert ours == (theirs if isinstance(theirs, str) else pytest.approx(theirs, rel=1e-5))
