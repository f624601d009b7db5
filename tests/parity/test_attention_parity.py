"""Scaled dot-product attention beside PyTorch's: values, gradients, draws, names, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
import minigrad.nn.attention
from tests.parity.both import same
from tests.parity.test_conv_parity import outcome

torch = pytest.importorskip("torch")

FOUR = (2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 5)
THREE = tuple(shape[1:] for shape in FOUR)

# shapes of query, key and value; keyword arguments, of which a shape stands for a mask
CASES = {
    "plain": (FOUR, {}),
    "causal": (FOUR, {"is_causal": True}),
    "causal, more queries": (((2, 3, 7, 5), (2, 3, 4, 5), (2, 3, 4, 5)), {"is_causal": True}),
    "causal, many": (((1, 2, 150, 5), (1, 2, 150, 5), (1, 2, 150, 5)), {"is_causal": True}),
    "other width": (((2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 7)), {}),
    "three": (THREE, {"is_causal": True}),
    "two": (((4, 5), (6, 5), (6, 5)), {}),
    "five": (((2, 1, 3, 4, 5), (2, 2, 3, 6, 5), (2, 2, 3, 6, 5)), {}),
    "broadcast": (((2, 3, 4, 5), (3, 6, 5), (6, 5)), {}),
    "scale": (FOUR, {"scale": 0.3}),
    "no scale": (FOUR, {"scale": 0.0}),
    "mask": (FOUR, {"attn_mask": (4, 6)}),
    "mask, heads": (FOUR, {"attn_mask": (2, 1, 4, 6)}),
    "mask, keys": (FOUR, {"attn_mask": (1, 1, 1, 6)}),
    "mask, three": (THREE, {"attn_mask": (3, 4, 6)}),
    "mask and causal": (FOUR, {"attn_mask": (4, 6), "is_causal": True}),
    "dropout": (FOUR, {"dropout_p": 0.4}),
    "dropout and mask": (FOUR, {"dropout_p": 0.4, "attn_mask": (4, 6)}),
    "dropout and causal": (THREE, {"dropout_p": 0.4, "is_causal": True}),
    "all dropped": (FOUR, {"dropout_p": 1.0}),
    "groups": (((2, 6, 4, 5), (2, 2, 6, 5), (2, 2, 6, 5)), {"enable_gqa": True}),
    "groups, unequal": (((6, 4, 5), (2, 6, 5), (3, 6, 5)), {"enable_gqa": True}),
    "groups and mask": (((2, 6, 4, 5), (2, 2, 6, 5), (2, 2, 6, 5)), {"enable_gqa": True, "attn_mask": (2, 6, 4, 6)}),
    "no keys": (((1, 2, 5), (1, 0, 5), (1, 0, 5)), {}),
    "no size": (((1, 2, 0), (1, 3, 0), (1, 3, 5)), {}),
    "no queries": (((1, 0, 5), (1, 3, 5), (1, 3, 5)), {}),
}


def mask_of(library, shape, kind):
    random = np.random.default_rng(1)
    if kind == "bool":
        mask = random.random(shape) < 0.6
        mask[..., 0, :] = False
        return library.tensor(mask)
    mask = random.standard_normal(shape)
    mask[..., 0] = -np.inf
    return library.tensor(mask, requires_grad=kind == "learned")


def run(library, shapes, options, kind, dtype, order=2):
    """Return the result, its layout and name, and gradients of the first two orders."""
    library.manual_seed(3)
    random = np.random.default_rng(0)
    dtype = getattr(library, dtype)
    leaves = [library.tensor(random.standard_normal(shape), dtype=dtype, requires_grad=True) for shape in shapes]
    options = dict(options)
    if "attn_mask" in options:
        options["attn_mask"] = mask = mask_of(library, options["attn_mask"], kind)
        if kind != "bool":
            options["attn_mask"] = mask = mask.detach().to(dtype).requires_grad_(kind == "learned")
        if kind == "learned":
            leaves.append(mask)
    out = library.nn.functional.scaled_dot_product_attention(*leaves[:3], **options)
    first = library.autograd.grad((out**2).sum(), leaves, create_graph=order > 1)
    found = [out, *first]
    if order > 1:
        found += library.autograd.grad(sum((each**2).sum() for each in first), leaves)
    return [each.detach().numpy() for each in found], out.grad_fn.name(), library.rand(2).tolist()


@pytest.mark.parametrize("kind", ["bool", "numbers", "learned"])
@pytest.mark.parametrize(("shapes", "options"), CASES.values(), ids=CASES)
def test_values_and_gradients(shapes, options, kind):
    if "attn_mask" not in options and kind != "bool":
        pytest.skip("no mask")
    if options.get("is_causal") and kind == "learned":
        pytest.skip("PyTorch refuses both")
    ours, theirs = (run(library, shapes, options, kind, "float32", 1) for library in (minigrad, torch))
    assert ours[2] == theirs[2]
    if theirs[1] != "AddBackward0":  # of nothing
        assert ours[1] == theirs[1] or "unequal" in str(options)
    for got, want in zip(ours[0], theirs[0], strict=True):
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("kind", ["bool", "numbers", "learned"])
@pytest.mark.parametrize(
    "name", ["other width", "three", "two", "five", "broadcast", "mask, three", "dropout and mask"]
)
def test_second_gradients(name, kind):
    if "mask" not in name and kind != "bool":
        pytest.skip("no mask")
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        theirs = run(torch, *CASES[name], kind, "float64")
    ours = run(minigrad, *CASES[name], kind, "float64")
    for got, want in zip(ours[0], theirs[0], strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-10)


def test_the_formula_gives_what_blocks_give():
    backends = minigrad.nn.attention.SDPBackend
    with minigrad.nn.attention.sdpa_kernel(backends.MATH):
        formula = run(minigrad, *CASES["mask"], "bool", "float64")
    blocks = run(minigrad, *CASES["mask"], "bool", "float64")
    assert formula[1] != blocks[1]
    for got, want in zip(blocks[0], formula[0], strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)


def test_half_precision():
    for shapes in (FOUR, THREE):
        ours, theirs = (run(library, shapes, {}, "bool", "float16", 1) for library in (minigrad, torch))
        assert ours[1] == theirs[1]
        for got, want in zip(ours[0], theirs[0], strict=True):
            assert got.dtype == want.dtype
            np.testing.assert_allclose(got, want, rtol=5e-3, atol=5e-3)


@pytest.mark.parametrize("shape", [(3, 2), (2, 3, 2)])
def test_without_heads_the_result_is_row_major(shape):
    found = []
    for library in (torch, minigrad):
        x = library.ones(*shape).transpose(-1, -2)
        expanded = library.ones(1, shape[-1]).expand(*shape)
        results = [library.nn.functional.scaled_dot_product_attention(each, each, each) for each in (x, expanded)]
        found.append([each.stride() for each in results])
    assert found[0] == found[1]


def test_the_result_of_transposed_heads_can_be_viewed():
    found = []
    for library in (torch, minigrad):
        q = library.arange(120.0).reshape(2, 4, 3, 5).transpose(1, 2)
        out = library.nn.functional.scaled_dot_product_attention(q, q, q)
        found.append((out.stride(), out.transpose(1, 2).view(2, 4, 15).shape))
    assert found[0] == found[1]


def zeros(library, *shapes, **kind):
    return [library.zeros(shape, **kind) for shape in shapes]


def sdpa(library, *arguments, **options):
    return library.nn.functional.scaled_dot_product_attention(*arguments, **options)


REFUSED = {
    "size": lambda m: sdpa(m, *zeros(m, (2, 3, 4, 5), (2, 3, 6, 4), (2, 3, 6, 5))),
    "size of two": lambda m: sdpa(m, *zeros(m, (4, 5), (6, 4), (6, 5))),
    "keys": lambda m: sdpa(m, *zeros(m, (3, 4, 5), (3, 6, 5), (3, 7, 5))),
    "keys of two": lambda m: sdpa(m, *zeros(m, (4, 5), (6, 5), (7, 5))),
    "batch": lambda m: sdpa(m, *zeros(m, (2, 3, 4, 5), (3, 3, 6, 5), (2, 3, 6, 5))),
    "heads": lambda m: sdpa(m, *zeros(m, (2, 4, 4, 5), (2, 2, 6, 5), (2, 2, 6, 5))),
    "one dimension": lambda m: sdpa(m, *zeros(m, (5,), (5,), (5,))),
    "mask": lambda m: sdpa(m, *zeros(m, *FOUR), attn_mask=m.zeros(4, 7)),
    "mask too large": lambda m: sdpa(m, *zeros(m, *FOUR), attn_mask=m.zeros(2, 2, 3, 4, 6)),
    "mask of integers": lambda m: sdpa(m, *zeros(m, *FOUR), attn_mask=m.zeros(4, 6, dtype=m.int64)),
    "wide mask": lambda m: sdpa(m, *zeros(m, *FOUR), attn_mask=m.zeros(4, 6, dtype=m.float64)),
    "mask and causal": lambda m: sdpa(m, *zeros(m, *THREE), attn_mask=m.zeros(4, 6), is_causal=True),
    "dropout": lambda m: sdpa(m, *zeros(m, *FOUR), dropout_p=1.5),
    "groups": lambda m: sdpa(m, *zeros(m, (2, 4, 4, 5), (2, 3, 6, 5), (2, 3, 6, 5)), enable_gqa=True),
    "integers": lambda m: sdpa(m, *zeros(m, *THREE, dtype=m.int64)),
    "unequal dtypes": lambda m: sdpa(m, *zeros(m, *FOUR[:2]), m.zeros(FOUR[2], dtype=m.float64)),
    "a list": lambda m: sdpa(m, [1.0], *zeros(m, *FOUR[1:])),
    "nothing": lambda m: sdpa(m, m.zeros(4, 5), None, None),
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED)
def test_refusals(call):
    assert outcome(call, minigrad) == outcome(call, torch)


@same
def test_choosing_an_implementation(torch):
    backends, kernel = torch.nn.attention.SDPBackend, torch.nn.attention.sdpa_kernel
    x = torch.arange(24.0).reshape(1, 2, 3, 4).div(10).requires_grad_()
    names = [str(backends.MATH), repr(backends.FLASH_ATTENTION)]
    for allowed in (backends.MATH, [backends.MATH, backends.FLASH_ATTENTION], backends.FLASH_ATTENTION):
        with kernel(allowed):
            names.append(torch.nn.functional.scaled_dot_product_attention(x, x, x).grad_fn.name())
    return names


@same
def test_choosing_what_is_not_there(torch):
    x = torch.ones(1, 2, 3, 4)
    with torch.nn.attention.sdpa_kernel([torch.nn.attention.SDPBackend.EFFICIENT_ATTENTION]):
        torch.nn.functional.scaled_dot_product_attention(x, x, x)
