"""Operands of different dtypes: the same results, gradients and refusals as in PyTorch."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import minigrad  # noqa: E402
import minigrad.nn.functional  # noqa: E402
from tests.parity.both import assert_alike, attempt  # noqa: E402

LIBRARIES = (minigrad, torch)
DTYPES = ("float32", "float64", "float16", "int64", "bool")
LOSSES = ("binary_cross_entropy", "binary_cross_entropy_with_logits", "mse_loss", "l1_loss", "smooth_l1_loss")

PRODUCTS = """
m.mm(o); m @ o; m @ o[0]; m[0] @ o; torch.bmm(b, c); torch.matmul(b, c); m.mv(o[0]); m[0].dot(o[0]); torch.linalg.inv(o)
torch.addmm(m[0], o, m); torch.addmm(o[0], m, m); torch.addmm(m, m, o); torch.addmv(m[0], o, m[0])
torch.addmv(o[0], m, m[0]); torch.baddbmm(c, b, b); torch.baddbmm(b, b, c); torch.addbmm(m, b, c); torch.addbmm(o, b, b)
F.linear(m, o); F.linear(m, o, m[0]); F.linear(m, m, o[0]); torch.outer(m[0], o[0]); torch.addr(m, o[0], m[0])
torch.cdist(m, o); F.cosine_similarity(m, o); F.cosine_similarity(m, o, dim=0); torch.linalg.solve(m + I, o)
"""


def loss_and_gradient(library, name, kinds, reduction):
    rng = np.random.default_rng(0)
    x = library.tensor(rng.uniform(0.1, 0.9, (3, 4)).astype(np.float32), dtype=getattr(library, kinds[0]))
    target = library.tensor(rng.integers(0, 2, (3, 4)), dtype=getattr(library, kinds[1]))
    if x.is_floating_point():
        x.requires_grad_()
    loss = getattr(library.nn.functional, name)(x, target, reduction=reduction)
    found = [str(loss.dtype), loss.detach().double()]
    if loss.requires_grad:
        loss.sum().backward()
        found += [str(x.grad.dtype), x.grad.double()]
    return found


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("name", [*LOSSES, "huber_loss"])
@pytest.mark.parametrize("kinds", list(itertools.permutations(DTYPES, 2)), ids=",".join)
def test_losses_of_mixed_dtypes(name, kinds, reduction):
    ours, theirs = (attempt(lambda lib=lib: loss_and_gradient(lib, name, kinds, reduction)) for lib in LIBRARIES)
    assert_close_to(ours, theirs)


def assert_close_to(ours, theirs):
    if isinstance(theirs, str):
        assert_alike(ours, theirs)
        return
    assert ours[::2] == theirs[::2]
    for one, other in zip(ours[1::2], theirs[1::2], strict=True):
        np.testing.assert_allclose(one[3], other[3], rtol=3e-3, atol=1e-3)


@pytest.mark.parametrize("kinds", [("float32", "int64"), ("int64", "float32"), ("float64", "float32")], ids=",".join)
@pytest.mark.parametrize("code", [each.strip() for each in PRODUCTS.replace("\n", ";").split(";") if each.strip()])
def test_products_of_mixed_dtypes(code, kinds):
    assert_alike(*(attempt(lambda lib=lib: product(lib, code, kinds)) for lib in LIBRARIES))


def product(library, code, kinds):
    m, o = (library.tensor([[1, 2], [3, 5]], dtype=getattr(library, kind)) for kind in kinds)
    scope = {"torch": library, "F": library.nn.functional, "m": m, "o": o, "I": library.eye(2, dtype=m.dtype)}
    scope |= {"b": library.stack([m, m]), "c": library.stack([o, o])}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return eval(code, scope)


@pytest.mark.parametrize("options", ["weight=w", "pos_weight=w", "weight=w, pos_weight=w", "weight=w.double()"])
@pytest.mark.parametrize("name", ["binary_cross_entropy", "binary_cross_entropy_with_logits"])
def test_weights_do_not_change_the_dtype(name, options):
    def run(library):
        w, x = (library.tensor([0.2, 0.7], dtype=dtype) for dtype in (library.float64, library.float32))
        return eval(f"F.{name}(x, x, {options})", {"F": library.nn.functional, "w": w, "x": x})

    assert_alike(*(attempt(lambda lib=lib: run(lib)) for lib in LIBRARIES))


WRITERS = {
    "fill_": lambda torch, x, v: x.fill_(v),
    "a place": lambda torch, x, v: x.__setitem__(0, v),
    "everything": lambda torch, x, v: x.__setitem__(slice(None), v),
    "a mask": lambda torch, x, v: x.__setitem__(x > 0, v),
    "a list": lambda torch, x, v: x.__setitem__(torch.tensor([0]), v),
    "masked_fill": lambda torch, x, v: x.masked_fill(x > 0, v),
    "index_fill": lambda torch, x, v: x.index_fill(0, torch.tensor([0]), v),
    "scatter": lambda torch, x, v: x.scatter(0, torch.tensor([0]), v),
    "full": lambda torch, x, v: torch.full((1,), v, dtype=x.dtype),
    "full_like": lambda torch, x, v: torch.full_like(x, v),
    "new_full": lambda torch, x, v: x.new_full((1,), v),
}


@pytest.mark.parametrize("number", [-1, -1.0, -0.5, 255.9, 256, 300, -129, -300, True, 1e5, -1e10, float("inf"), 2**40])
@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32", "int64", "bool"])
@pytest.mark.parametrize("writer", WRITERS)
def test_numbers_written_to_integers_wrap_and_overflow_as_in_pytorch(writer, dtype, number):
    def run(library):
        x = library.ones(2, dtype=getattr(library, dtype))
        return [WRITERS[writer](library, x, number), x]

    assert_alike(*(attempt(lambda lib=lib: run(lib)) for lib in LIBRARIES))


WAYS = ("transpose(0, -1)", "swapaxes(0, 0)", "view(())", "expand(())", "movedim(0, 0)", "squeeze()")


@pytest.mark.parametrize("way", WAYS)
def test_views_of_a_scalar_share_its_memory(way):
    def run(library):
        x = library.tensor(3.0)
        eval(f"x.{way}", {"x": x}).mul_(2)
        return x

    assert_alike(*(attempt(lambda lib=lib: run(lib)) for lib in LIBRARIES))
