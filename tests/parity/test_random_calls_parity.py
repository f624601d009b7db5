"""The ways to call what draws: printed, and refused, as PyTorch prints and refuses."""

from __future__ import annotations

import pytest

import minigrad

torch = pytest.importorskip("torch")

CALLS = [
    "torch.rand(2, 3)",
    "torch.rand((2, 3))",
    "torch.rand([2, 3])",
    "torch.rand(size=(2,))",
    "torch.rand(())",
    "torch.rand(torch.Size([2]))",
    "torch.rand(2, generator=torch.Generator().manual_seed(4))",
    "torch.rand(2, out=torch.empty(5))",
    "torch.rand(2, out=torch.empty(5, dtype=torch.float64))",
    "torch.rand(2, requires_grad=True)",
    "torch.rand(2, dtype=float)",
    "torch.randint(3, (2,))",
    "torch.randint(0, 3, (2,))",
    "torch.randint(high=3, size=(2,))",
    "torch.randint(low=1, high=3, size=(2,))",
    "torch.randint(1, high=3, size=(2,))",
    "torch.randint(3, size=(2,))",
    "torch.randint(0, 5, [2, 2], generator=torch.Generator())",
    "torch.randint(torch.tensor(5), (2,))",
    "torch.randint(0, 5, ())",
    "torch.randint(3, (2,), dtype=torch.float32)",
    "torch.randint_like(torch.ones(2), 5)",
    "torch.randint_like(torch.ones(2), 2, 5)",
    "torch.randint_like(torch.ones(2), low=2, high=5, dtype=torch.int64)",
    "torch.randn_like(torch.ones(2), requires_grad=True)",
    "torch.rand_like(torch.ones(2), generator=torch.Generator())",
    "torch.randperm(n=4)",
    "torch.randperm(4, out=torch.empty(0, dtype=torch.int64))",
    "torch.normal(2, 3, (2, 2))",
    "torch.normal(2., 3., size=[2])",
    "torch.normal(mean=torch.zeros(2), std=2)",
    "torch.multinomial(torch.ones(3), num_samples=2, replacement=True)",
    "torch.empty(3).random_(to=5)",
    "torch.empty(3).random_(**{'from': 2, 'to': 9})",
    "torch.empty(3).uniform_(**{'from': 1, 'to': 2})",
    "torch.empty(3).uniform_(1, to=2, generator=None)",
    "torch.empty(3).exponential_(lambd=2)",
    "torch.empty(3).exponential_(float('inf'))",
    "torch.empty(3).normal_(mean=1, std=0)",
    "torch.manual_seed(1.5).initial_seed()",
    "torch.manual_seed(-5).initial_seed()",
    "torch.manual_seed(torch.tensor(3)).initial_seed()",
]


@pytest.mark.parametrize("call", CALLS)
def test_calls_print_the_same(call):
    printed = []
    for library in (minigrad, torch):
        library.manual_seed(0)
        printed.append(repr(eval(call, {"torch": library})))
    assert printed[0] == printed[1]


ERRORS = [
    "torch.rand()",
    "torch.rand(-1)",
    "torch.rand(2.)",
    "torch.rand('a')",
    "torch.rand((2,), (3,))",
    "torch.rand(2, dtype=torch.int64)",
    "torch.rand(2, dtype=torch.bool)",
    "torch.rand(2, dtype='float32')",
    "torch.rand(2, generator=3)",
    "torch.rand(2, foo=1)",
    "torch.rand(2, device='foo')",
    "torch.rand(2, out=torch.empty(5), dtype=torch.float64)",
    "torch.randn(2, dtype=torch.int64)",
    "torch.randint(3)",
    "torch.randint(3, 2)",
    "torch.randint(0, 0, (2,))",
    "torch.randint(3, 1, (2,))",
    "torch.randint(1.5, (2,))",
    "torch.randint(300, (2,), dtype=torch.uint8)",
    "torch.randint(-1, 5, (2,), dtype=torch.uint8)",
    "torch.randint(0, 3, (2,), dtype=torch.bool)",
    "torch.randint(0, 2**63, (2,))",
    "torch.randint(0, 10**5, (2,), dtype=torch.float16)",
    "torch.randint(5, (2,), requires_grad=True)",
    "torch.randperm(-1)",
    "torch.randperm(5.)",
    "torch.randperm(5, dtype=torch.bool)",
    "torch.randperm(300, dtype=torch.uint8)",
    "torch.randperm(5000, dtype=torch.float16)",
    "torch.normal(2., 3.)",
    "torch.normal(2., 3., 2)",
    "torch.normal('a', 1, (2,))",
    "torch.normal(0, -1.5, (2,))",
    "torch.normal(torch.zeros(2), -3)",
    "torch.normal(torch.zeros(2), torch.tensor([1., -1]))",
    "torch.normal(torch.zeros(2), torch.ones(3))",
    "torch.normal(torch.zeros(2, dtype=torch.int64), 1.)",
    "torch.bernoulli(.5)",
    "torch.bernoulli(torch.tensor([1, 0]))",
    "torch.bernoulli(torch.tensor([.5, 1.5]))",
    "torch.bernoulli(torch.ones(3), 1.5)",
    "torch.empty(3).bernoulli_(1.5)",
    "torch.empty(3).bernoulli_(float('nan'))",
    "torch.empty(3).bernoulli_(torch.tensor([.1, 2, .3]))",
    "torch.empty(3).bernoulli_(torch.tensor([.1, .3]))",
    "torch.empty(3).uniform_(1, 0)",
    "torch.empty(3).uniform_(0, float('inf'))",
    "torch.empty(3).uniform_(0, float('nan'))",
    "torch.empty(3).uniform_(-3e38, 3e38)",
    "torch.empty(3).uniform_(a=1)",
    "torch.empty(3).uniform_(generator=3)",
    "torch.empty(3, dtype=torch.int64).uniform_()",
    "torch.empty(3).normal_(0, -1)",
    "torch.empty(3, dtype=torch.int64).normal_()",
    "torch.empty(3).exponential_(0)",
    "torch.empty(3, dtype=torch.int64).exponential_()",
    "torch.empty(3).cauchy_(0, 0)",
    "torch.empty(3, dtype=torch.int64).cauchy_()",
    "torch.empty(3).log_normal_(0, 0)",
    "torch.empty(3, dtype=torch.int64).log_normal_()",
    "torch.empty(3).geometric_()",
    "torch.empty(3).geometric_(1)",
    "torch.empty(3, dtype=torch.bool).geometric_(.5)",
    "torch.empty(3).random_(5.5)",
    "torch.empty(3).random_(5, 2)",
    "torch.empty(3, dtype=torch.uint8).random_(-1, None)",
    "torch.empty(3, dtype=torch.bool).random_(3)",
    "torch.empty(3, requires_grad=True).normal_()",
    "torch.empty(3, requires_grad=True).uniform_()",
    "torch.empty(3, requires_grad=True)[1:].bernoulli_()",
    "torch.ones(3).expand(2, 3).uniform_()",
    "torch.multinomial(torch.tensor([.1, .2]), 3)",
    "torch.multinomial(torch.tensor([.1, -.2]), 1)",
    "torch.multinomial(torch.tensor([.1, float('nan')]), 1)",
    "torch.multinomial(torch.tensor([0., 0]), 1)",
    "torch.multinomial(torch.ones(2, 2, 2), 1)",
    "torch.multinomial(torch.tensor([1, 2]), 1)",
    "torch.multinomial(torch.tensor([1., 2]), 0)",
    "torch.multinomial(torch.tensor([1., 2]), 1.0)",
    "torch.poisson(torch.tensor([-1.]))",
    "torch.poisson(torch.tensor([1]))",
    "torch.manual_seed(2**64)",
    "torch.manual_seed('a')",
    "torch.Generator().manual_seed(1.5)",
    "torch.Generator().set_state(torch.zeros(5))",
    "torch.Generator().set_state(torch.zeros(5, dtype=torch.uint8))",
    "torch.Generator().set_state(3)",
    "torch.set_rng_state(torch.zeros(5056, dtype=torch.uint8))",
    "torch.Generator('cuda')",
]


@pytest.mark.parametrize("call", ERRORS)
def test_errors_are_of_the_same_type(call):
    kinds = []
    for library in (minigrad, torch):
        with pytest.raises(Exception) as caught:  # noqa: PT011  (whatever PyTorch raises)
            eval(call, {"torch": library})
        kinds.append(caught.type)
    assert issubclass(kinds[0], kinds[1]), kinds
