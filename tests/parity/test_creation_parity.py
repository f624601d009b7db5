"""Making tensors: the same dtypes, shapes, values and refusals as PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import minigrad  # noqa: E402
from tests.parity.expressions import assert_same, evaluate  # noqa: E402

RANGES = """
torch.arange(5); torch.arange(5.0); torch.arange(1, 5); torch.arange(1, 2, 0.25); torch.arange(0, -3, -1)
torch.arange(-1); torch.arange(5, dtype=torch.float32); torch.arange(0, 1, 0.1); torch.arange(1, 5, 0)
torch.arange(1, 5, -1); torch.arange(start=1, end=4); torch.arange(end=4); torch.arange(True); torch.arange(zi)
torch.arange(3.7); torch.arange(1, 6, 2.5, dtype=torch.int64); torch.arange(0, inf)
torch.arange(5.0, requires_grad=True); torch.arange(0, 5, 1, dtype=torch.bool); torch.arange("a"); torch.arange()
torch.arange(3, dtype=torch.uint8); torch.arange(4, out=torch.empty(0)); torch.arange(5, requires_grad=True)
torch.arange(0, 3, step=2); torch.arange(1, end=4); torch.range(0, 3); torch.range(0, 3, 0.5); torch.range(1, 3, -1)
torch.linspace(0, 1, 5); torch.linspace(0, 1, 1); torch.linspace(0, 1, 0); torch.linspace(0, 1, -1)
torch.linspace(1, 0, 4); torch.linspace(0, 10, 5, dtype=torch.int64); torch.linspace(3, 10, steps=4)
torch.linspace(start=0, end=1, steps=3); torch.linspace(z, zd, 3); torch.linspace(0, 1, 3, dtype=torch.float16)
torch.linspace(-3, 7, 50); torch.linspace(0, 1, 5.0); torch.logspace(0, 2, 3); torch.logspace(0, 2, 3, base=2)
torch.logspace(0, 2, 1); torch.logspace(-1, 1, 5); torch.logspace(0, 2, 5, base=2.0, dtype=torch.int64)
torch.logspace(0, 1, 0); torch.eye(3); torch.eye(2, 3); torch.eye(3, 2, dtype=torch.int64); torch.eye(0)
torch.eye(-1); torch.eye(2, -1); torch.eye(n=2, m=3); torch.eye(2.0); torch.tril_indices(3, 3)
torch.tril_indices(3, 4, 1); torch.tril_indices(3, 4, -1); torch.triu_indices(3, 4, 1)
torch.triu_indices(3, 3, offset=-1); torch.tril_indices(2, 2, dtype=torch.int32); torch.tril_indices(-1, 2)
torch.meshgrid(w, torch.arange(3)); torch.meshgrid(w, torch.arange(3), indexing="xy")
torch.meshgrid([w, w], indexing="ij"); torch.meshgrid(w, zi); torch.meshgrid(w, indexing="xy"); torch.meshgrid(f, w)
torch.meshgrid(w, v); torch.meshgrid(); torch.meshgrid(w, w, indexing="a")
torch.meshgrid(w, torch.arange(3), w, indexing="xy")
"""

FILLED = """
torch.zeros(2, 3); torch.zeros((2, 3)); torch.zeros([2]); torch.zeros(()); torch.zeros(size=(2,))
torch.zeros(f.shape); torch.zeros(2, dtype=torch.bool); torch.zeros(-1); torch.zeros(2.0); torch.zeros("a")
torch.zeros(zi); torch.zeros(); torch.zeros(np.int64(2)); torch.zeros(2, out=torch.ones(2))
torch.ones(2, out=torch.zeros(2)); torch.zeros((2,), (3,)); torch.ones(2, 3)
torch.ones(2, dtype=torch.int8, requires_grad=True); torch.ones(2, device="cpu"); torch.empty(0).shape
torch.full((2,), 1); torch.full((2,), 1.0); torch.full((2,), True); torch.full((2,), 1, dtype=torch.float64)
torch.full(2, 1); torch.full((), 3); torch.full((2,), fill_value=z); torch.full([2, 1], inf)
torch.full((2,), 1, requires_grad=True); torch.scalar_tensor(3); torch.asarray([1, 2]); torch.asarray(np.ones(2))
torch.zeros_like(f); torch.zeros_like(f, dtype=torch.int64); torch.ones_like(i); torch.full_like(f, 3)
torch.full_like(i, 2.5); torch.full_like(i, 2.5, dtype=torch.float32); torch.full_like(f, True)
torch.empty_like(h).dtype; torch.zeros_like(f, requires_grad=True); torch.zeros_like(f.t()).stride()
torch.zeros_like([1]); torch.zeros_like(f.expand(4, 2, 3)).stride(); torch.zeros_like(F)
torch.ones_like(f[:, ::2]).stride(); f.new_zeros(2); f.new_zeros((2, 1)); f.new_zeros(2, 3, dtype=torch.int64)
i.new_ones(2); i.new_full((2,), 1.5); f.new_full((2,), 1); f.new_full((2,), True); f.new_empty(2, 0).shape
i.new_tensor([1.5, 2]); f.new_tensor([1, 2]); f.new_tensor(3); f.new_tensor([True]); f.new_tensor(i)
f.new_zeros([]); f.new_zeros(size=(2,)); f.new([1, 2]); i.new(); torch.tensor(300, dtype=torch.uint8)
torch.tensor([1.5, 2], dtype=torch.int32); torch.tensor(nan).long(); torch.tensor([-1], dtype=torch.uint8)
torch.tensor([True, False]); torch.tensor([[1, 2], [3]]); torch.tensor([1, 2.5]); torch.zeros(True)
torch.zeros(size=2); torch.full((2,), 300, dtype=torch.uint8); torch.full((2,), nan, dtype=torch.int64)
torch.full((2,), f); torch.full((2,), "a"); torch.full_like(f, "a"); torch.full_like(u, 300); torch.full((2,), 1e39)
"""

DATA = """
torch.tensor([torch.tensor(1.0), torch.tensor(2)]); torch.tensor([torch.tensor([1]), torch.tensor([2])])
torch.tensor([torch.tensor(1), 2.5]); torch.tensor([torch.ones(2), torch.ones(2)]); torch.tensor([torch.ones(0)])
torch.tensor([torch.arange(2)]); torch.tensor([1, torch.ones(2)])
torch.tensor([[torch.tensor(1)], [torch.tensor(2.0)]])
torch.tensor([torch.tensor(1.0, dtype=torch.float64), 2]); torch.tensor([torch.tensor(1.0, dtype=torch.float16)])
torch.tensor([np.float32(1), 2.5]); torch.tensor([np.float64(1), 2]); torch.tensor([np.int32(1)]); torch.tensor(2**63)
torch.tensor([np.int32(1), 2]); torch.tensor([2**64]); torch.tensor([2**63], dtype=torch.float32)
torch.tensor(-(2**63))
torch.tensor(nan, dtype=torch.int64); torch.tensor([inf], dtype=torch.int32); torch.tensor([1e20], dtype=torch.int64)
torch.tensor([1e39]); torch.tensor([1e6], dtype=torch.float16); torch.tensor([nan], dtype=torch.bool)
torch.tensor([128], dtype=torch.int8); torch.tensor("a"); torch.tensor(["a"]); torch.tensor([1, "a"])
torch.tensor([b"a"])
torch.tensor(b"a"); torch.tensor([[1, 2], 3]); torch.tensor([1, [2]]); torch.tensor([None]); torch.tensor([1, None])
torch.tensor(__import__("collections").deque([1, 2.5])); torch.tensor([__import__("collections").deque([1])] * 2)
torch.tensor(__import__("array").array("d", [1, 2])); torch.FloatTensor(__import__("collections").deque([1, 2]))
torch.tensor(__import__("collections").UserList([[1], [2]])); torch.as_tensor(bytearray(b"ab"))
torch.tensor([__import__("enum").IntEnum("E", "A B").A, 2]); torch.tensor(__import__("fractions").Fraction(1, 2))
torch.tensor([__import__("fractions").Fraction(1, 2)], dtype=torch.float32); torch.tensor(None, dtype=torch.float32)
torch.tensor([__import__("fractions").Fraction(1, 2)], dtype=torch.int64); torch.tensor([1, None], dtype=torch.int64)
torch.tensor([np.float32(1)], dtype=torch.int64); torch.tensor(np.True_, dtype=torch.bool); torch.tensor(object())
torch.tensor(np.uint16([1]), dtype=torch.float32); torch.tensor(np.array(["a"]), dtype=torch.float32)
torch.tensor(np.ma.array([1, 2], mask=[0, 1])); torch.from_numpy(np.ma.array([1, 2], mask=[0, 1])) + 1
torch.as_tensor(np.ma.array([1, 2], mask=[0, 1])); torch.FloatTensor(np.ma.array([1]))
torch.from_numpy(np.array([1.0], ">f4")); torch.tensor({1: 2}.values())
torch.tensor({1}); torch.tensor([{}]); torch.tensor([]); torch.tensor([[], []]); torch.tensor([1], requires_grad=True)
"""

DTYPES = """
torch.tensor([1], dtype=float); torch.tensor([1.5], dtype=int); torch.tensor([1], dtype=bool); torch.zeros(2, dtype=int)
torch.arange(3, dtype=float); torch.full((2,), 1, dtype=float); torch.ones_like(i, dtype=float); torch.eye(2, dtype=int)
torch.linspace(0, 1, 3, dtype=float); f.to(int); f.to(dtype=float); i.sum(dtype=float); f.cumsum(0, dtype=float)
i.softmax(0, dtype=float); torch.as_tensor([1], dtype=float); f.new_zeros(2, dtype=int)
torch.rand(2, dtype=float).dtype
torch.tensor([1], dtype="float32"); torch.zeros(2, dtype="float"); torch.tensor([1], dtype=np.float32); f.type(str)
torch.arange(3, dtype="a"); torch.eye(2, dtype=3); torch.zeros_like(f, dtype=np.int64); f.sum(dtype="a")
f.softmax(0, True)
"""

TYPES = """
torch.FloatTensor(2).shape; torch.FloatTensor([1, 2]); torch.FloatTensor(np.ones(2)); torch.FloatTensor(d)
torch.LongTensor([1.5, 2]); torch.LongTensor(2, 3).shape; torch.LongTensor(2.5); torch.Tensor(3.0)
torch.Tensor(True); torch.LongTensor(b"a")
torch.Tensor("a"); torch.Tensor([]); torch.Tensor(); torch.Tensor(f); torch.Tensor(d); torch.Tensor(f.shape).shape
torch.BoolTensor([1, 0]); torch.FloatTensor([[1, 2], [3, 4]]); torch.ByteTensor([300]); torch.FloatTensor(range(3))
torch.FloatTensor({1}); torch.FloatTensor(f).data_ptr() == f.data_ptr(); torch.FloatTensor([z, z])
torch.Tensor(np.int64(3)).shape; isinstance(f, torch.FloatTensor); isinstance(f, torch.DoubleTensor)
isinstance(f, torch.Tensor); repr(torch.FloatTensor); f.type(); torch.FloatTensor.dtype; f.type(torch.LongTensor)
f.type("torch.DoubleTensor"); f.type("torch.Nothing"); F.double(); F.half(); F.float() is F; F.long(); F.int()
f.short(); f.bool(); f.char(); i.byte(); i.float(); b.float(); F.type_as(d); f.type_as(i)
torch.tensor([300.0, -1.0]).byte(); torch.tensor([1.7, -1.7]).int(); F.bool(); torch.is_tensor(f)
torch.is_tensor(3); torch.is_floating_point(f); torch.is_floating_point(3); torch.is_nonzero(zi)
torch.is_nonzero(f); torch.is_complex(f); torch.is_signed(u); torch.numel(f); torch.numel(3)
torch.is_same_size(f, g); torch.result_type(f, i); torch.result_type(i, 1.5); torch.result_type(1, 2)
torch.result_type(zd, f); torch.result_type(1, 2.5); torch.result_type(h, f); torch.result_type(zb, u)
torch.can_cast(torch.float32, torch.int32); torch.promote_types(torch.uint8, torch.int8)
"""


def split(text: str) -> list[str]:
    return [each.strip() for line in text.splitlines() for each in line.split(";") if each.strip()]


@pytest.mark.parametrize("expression", [*split(RANGES), *split(FILLED), *split(TYPES), *split(DATA), *split(DTYPES)])
def test_creation_does_what_pytorchs_does(expression):
    assert_same(evaluate(minigrad, expression), evaluate(torch, expression))


@pytest.mark.parametrize("seed", range(20))
def test_random_ranges_agree_to_the_last_digits(seed):
    random = np.random.default_rng(seed)
    start, end, step = (float(each) for each in (random.normal(), random.normal() + 9, random.uniform(0.01, 0.5)))
    ours, theirs = minigrad.arange(start, end, step), torch.arange(start, end, step)
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_random_linspaces_agree_to_the_last_digits(seed):
    random = np.random.default_rng(seed)
    start, end, steps = float(random.normal()), float(random.normal()), int(random.integers(2, 100))
    ours, theirs = minigrad.linspace(start, end, steps), torch.linspace(start, end, steps)
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6, atol=3e-7)
