"""The options of ``gradcheck`` and ``gradgradcheck`` beside PyTorch's: what passes, and the kind of what does not."""

from __future__ import annotations

import inspect

import pytest

import minigrad
from tests.parity.both import attempt, same

torch = pytest.importorskip("torch")


def wrong(torch):
    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 3

    return Wrong.apply


def kind(outcome):
    return outcome.partition(":")[0] if isinstance(outcome, str) else outcome


@pytest.mark.parametrize("name", ["gradcheck", "gradgradcheck"])
def test_signatures(name):
    ours, theirs = (inspect.signature(getattr(each.autograd, name)).parameters for each in (minigrad, torch))
    assert [(p.name, p.kind, p.default) for p in ours.values()] == [
        (p.name, p.kind, p.default) for p in theirs.values()
    ]


@same
def test_options(torch):
    x = torch.tensor([0.3, -1.0, 2.0], dtype=torch.float64, requires_grad=True)
    check, second = torch.autograd.gradcheck, torch.autograd.gradgradcheck
    found = []
    for fast in (False, True):
        calls = [
            lambda fast=fast: check(torch.sin, x, fast_mode=fast),
            lambda fast=fast: check(wrong(torch), x, fast_mode=fast),
            lambda fast=fast: check(wrong(torch), x, fast_mode=fast, raise_exception=False),
            lambda fast=fast: check(torch.sin, x, fast_mode=fast, check_batched_grad=True),
            lambda fast=fast: check(torch.sin, x, fast_mode=fast, check_forward_ad=True),
            lambda fast=fast: check(
                torch.sin, x, fast_mode=fast, check_forward_ad=True, check_batched_forward_grad=True
            ),
            lambda fast=fast: check(torch.sin, x, fast_mode=fast, check_forward_ad=True, check_backward_ad=False),
            lambda fast=fast: second(lambda x: x**3, x, fast_mode=fast, check_fwd_over_rev=True),
            lambda fast=fast: second(torch.sin, x, gen_non_contig_grad_outputs=True, fast_mode=fast),
        ]
        found.append([kind(attempt(call)) for call in calls])
    return found


@same
def test_refusals(torch):
    x = torch.tensor([0.3, -1.0], dtype=torch.float64, requires_grad=True)
    check, second = torch.autograd.gradcheck, torch.autograd.gradgradcheck
    calls = [
        lambda: check(torch.sin, x, check_backward_ad=False),
        lambda: check(torch.sin, x, check_batched_forward_grad=True),
        lambda: check(torch.sin, x, check_backward_ad=False, check_forward_ad=True, check_batched_grad=True),
        lambda: second(torch.sin, x, check_rev_over_rev=False),
        lambda: check(torch.sin, x.detach()),
        lambda: check(torch.sin, 3.0),
        lambda: check(lambda x: x * 2, x.detach().expand(2, 2).requires_grad_()),
    ]
    return [attempt(call) for call in calls]
