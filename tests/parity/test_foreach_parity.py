"""Operations on lists of tensors beside PyTorch's."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from tests.parity.both import attempt, same


def lists(torch):
    xs = [torch.tensor([1.0, 2.0]), torch.tensor([[0.5], [4.0]])]
    ys = [torch.tensor([3.0, 0.25]), torch.tensor([[2.0], [1.5]])]
    return xs, ys


@same
def test_lists_by_lists_numbers_and_lists_of_numbers(torch):
    xs, ys = lists(torch)
    return [
        torch._foreach_add(xs, ys),
        torch._foreach_add(xs, ys, alpha=2),
        torch._foreach_add(xs, 1.5),
        torch._foreach_sub(xs, [1.0, 2.0]),
        torch._foreach_mul(xs, torch.tensor(2.0)),
        torch._foreach_div(xs, ys),
        torch._foreach_lerp(xs, ys, 0.3),
        torch._foreach_addcmul(xs, ys, ys, 0.5),
        torch._foreach_addcdiv(xs, ys, ys, value=2.0),
        torch._foreach_addcmul(xs, ys, ys, [0.5, 0.1]),
        torch._foreach_pow(xs, 2),
        torch._foreach_maximum(xs, ys),
        torch._foreach_minimum(xs, 1.0),
        torch._foreach_clamp_min(xs, 1.0),
        torch._foreach_norm(xs),
        torch._foreach_norm(xs, 1),
        torch._foreach_max(xs),
        torch._foreach_clone(xs),
        [getattr(torch, f"_foreach_{name}")(xs) for name in ("sqrt", "exp", "neg", "sign", "reciprocal", "sigmoid")],
    ]


@same
def test_lists_are_changed_in_place(torch):
    xs, ys = lists(torch)
    versions = [each._version for each in xs]
    torch._foreach_mul_(xs, 0.9)
    torch._foreach_add_(xs, ys, alpha=0.1)
    torch._foreach_lerp_(xs, ys, 0.5)
    torch._foreach_addcdiv_(xs, ys, xs, -0.1)
    torch._foreach_sqrt_(xs)
    torch._foreach_copy_(ys, xs)
    changed = [each._version > version for each, version in zip(xs, versions, strict=True)]
    return xs, ys, changed, attempt(lambda: torch._foreach_zero_(xs)), xs


@same
def test_lists_that_do_not_fit_are_refused(torch):
    xs, ys = lists(torch)
    return [
        attempt(lambda: torch._foreach_add([], 1)),
        attempt(lambda: torch._foreach_mul(xs, ys[:1])),
        attempt(lambda: torch._foreach_nothing(xs))[:15],
    ]
