"""Every draw against PyTorch's: the same values, and the same stream afterwards.

Each case draws in both libraries from the same seed and then compares the *state* of the two generators byte by byte:
a draw that took one word too many or too few, or lost the kept second normal, shows there whatever its values are.
"""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import minigrad
from minigrad.random import bernoulli_mask

torch = pytest.importorskip("torch")

FLOATING = ("float16", "float32", "float64")
INTEGER = ("uint8", "int8", "int16", "int32", "int64")
SIZES = (0, 1, 2, 3, 15, 16, 17, 31, 32, 100, 1000)


def in_both(draw, seed=3):
    """Return what ``draw(library)`` gives in minigrad and in PyTorch, having compared the states afterwards."""
    results = []
    for library in (minigrad, torch):
        library.manual_seed(seed)
        results.append(draw(library))
    ours, theirs = minigrad.get_rng_state().numpy(), torch.get_rng_state().numpy()
    kept = slice(5024, 5032)
    assert ours[:5024].tobytes() == theirs[:5024].tobytes(), "another number of words was drawn"
    assert ours[5032:].tobytes() == theirs[5032:].tobytes()
    assert ours[kept].view(np.float64) == pytest.approx(theirs[kept].view(np.float64), rel=1e-14)
    return [np.asarray(each) for each in results]


def joined(*tensors):
    """Return the elements of tensors, one after another, as one array of float64."""
    return np.concatenate([np.asarray(each, np.float64).ravel() for each in tensors])


def ulps(ours, theirs):
    """Return how many floating-point numbers of their dtype lie between the values."""
    kind = f"i{ours.itemsize}"
    both = [np.where(bits < 0, np.iinfo(kind).min - bits, bits) for bits in (ours.view(kind), theirs.view(kind))]
    return np.abs(both[0].astype(object) - both[1].astype(object)).max(initial=0)


def same(draw, *, within=0, seed=3):
    """Assert that both libraries draw the same: same dtype, shape and memory order, values within some ulps."""
    ours, theirs = in_both(draw, seed)
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    if ours.size:
        assert ours.strides == theirs.strides
    if within == 0:
        np.testing.assert_array_equal(ours, theirs)
    else:
        np.testing.assert_array_equal(np.isfinite(ours), np.isfinite(theirs))
        finite = np.isfinite(ours)
        assert ulps(ours[finite], theirs[finite]) <= within


def near(draw, *, rtol, atol, seed=3):
    ours, theirs = in_both(draw, seed)
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


def empty(library, size, dtype):
    return library.empty(size, dtype=getattr(library, dtype))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", FLOATING)
@pytest.mark.parametrize("bounds", [(), (0, 1), (-1, 1), (-0.05, 0.05), (2, 9), (1e-3, 7.77), (3, 3), (-5, 0)])
def test_uniform_(dtype, size, bounds):
    same(lambda library: empty(library, size, dtype).uniform_(*bounds))


@pytest.mark.parametrize("dtype", FLOATING)
def test_many_uniforms_are_equal_to_the_last_bit(dtype):
    same(lambda library: empty(library, 300_001, dtype).uniform_(-0.3, 0.11))


def test_a_uniform_that_rounds_to_the_upper_bound_becomes_the_lower_one():
    same(lambda library: library.empty(1000).uniform_(1, 1 + 1e-6))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", FLOATING)
def test_rand_and_randn(dtype, size):
    same(lambda library: library.rand(size, dtype=getattr(library, dtype)))
    near(lambda library: library.randn(size, dtype=getattr(library, dtype)), **TOLERANCE[dtype])


# What PyTorch draws on machines without AVX2, too.
TOLERANCE = {
    "float16": {"rtol": 1e-3, "atol": 1e-6},
    "float32": {"rtol": 4e-7, "atol": 1e-7},
    "float64": {"rtol": 1e-15, "atol": 1e-15},
}


def test_normals_are_pytorchs_to_the_last_digit():
    has_vectors = torch.backends.cpu.get_cpu_capability().startswith("AVX")
    within = 0 if has_vectors else 8  # elsewhere PyTorch asks the C library for its logarithms, sines and cosines
    for size in (16, 40, 4999, 1_000_000):
        same(lambda library, size=size: library.randn(size), within=within)
        same(lambda library, size=size: library.empty(size).normal_(-1.5, 0.37), within=within)
    same(lambda library: library.randn(300_000, dtype=library.float64), within=within)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", FLOATING)
@pytest.mark.parametrize("where", [(0, 1), (0.1, 0.7), (-3, 2), (0, 0.02), (5, 0)])
def test_normal_(dtype, size, where):
    scale = abs(where[0]) + 5 * where[1]
    tolerance = {**TOLERANCE[dtype], "atol": TOLERANCE[dtype]["rtol"] * scale}
    near(lambda library: empty(library, size, dtype).normal_(*where), **tolerance)


@pytest.mark.parametrize("dtype", FLOATING)
@pytest.mark.parametrize("size", [9, 40])
@pytest.mark.parametrize("std", [1e5, 1e38, 1e39, 1e300, float("inf"), float("nan")])
def test_what_does_not_fit_is_infinite_without_a_word(dtype, size, std):
    if np.isfinite(std):
        near(lambda library: empty(library, size, dtype).normal_(0, std), rtol=1e-3, atol=1e-3)
        near(lambda library: empty(library, size, dtype).exponential_(1 / std), rtol=1e-3, atol=1e-3)
    near(lambda library: empty(library, size, dtype).normal_(std, 1), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("size", range(16))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fewer_than_sixteen_normals_are_equal_to_the_last_bit(dtype, size):
    def draw(library):
        first = empty(library, size, dtype).normal_(0.3, 1.7)
        return joined(first, library.rand(2), library.randn(3, dtype=getattr(library, dtype)))

    same(draw)


@pytest.mark.parametrize("dtype", FLOATING)
@pytest.mark.parametrize("size", [1, 3, 5, 16, 33, 500])
def test_a_target_with_gaps_is_filled_in_pairs(dtype, size):
    def draw(library):
        target = library.empty(2 * size, dtype=getattr(library, dtype))[::2].normal_(0.5, 2)
        return joined(target, library.randn(1, dtype=target.dtype))

    near(draw, rtol=TOLERANCE[dtype]["rtol"], atol=TOLERANCE[dtype]["rtol"])


@pytest.mark.parametrize(
    "fill",
    [
        lambda x: x.uniform_(-1, 3),
        lambda x: x.bernoulli_(0.4),
        lambda x: x.random_(100),
        lambda x: x.exponential_(2),
    ],
)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)])
def test_elements_are_drawn_in_memory_order(fill, order):
    same(lambda library: fill(library.empty(3, 4, 5).permute(order)))
    same(lambda library: fill(library.empty(3, 4, 10)[:, :, ::2].permute(order)))
    same(lambda library: fill(library.zeros(3, 4, 5)[:, 1:3].permute(order)))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_like_functions_keep_the_memory_order(order):
    same(lambda library: library.rand_like(library.empty(5, 7).permute(order)))
    near(lambda library: library.randn_like(library.empty(5, 7).permute(order)), **TOLERANCE["float32"])
    same(lambda library: library.randint_like(library.empty(5, 7).permute(order), 2, 9))
    same(lambda library: library.rand_like(library.empty(5, 7, dtype=library.int64), dtype=library.float64))


@pytest.mark.parametrize("dtype", FLOATING)
@pytest.mark.parametrize("size", [0, 1, 7, 16, 2000])
def test_other_continuous_distributions(dtype, size):
    steps = {"float16": 1, "float32": 1, "float64": 4}[dtype]
    for rate in (1, 0.3, 2.5):
        same(lambda library, rate=rate: empty(library, size, dtype).exponential_(rate), within=steps)
    tolerance = {"rtol": TOLERANCE[dtype]["rtol"] * 30, "atol": TOLERANCE[dtype]["rtol"]}
    for where in ((0, 1), (0.2, 3)):
        near(lambda library, where=where: empty(library, size, dtype).cauchy_(*where), **tolerance)
        near(lambda library, where=where: empty(library, size, dtype).log_normal_(*where), **tolerance)


def test_log_normals_keep_the_second_of_a_pair():
    near(lambda library: joined(library.empty(3).log_normal_(0.1, 0.2), library.randn(2)), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("dtype", [*FLOATING, *INTEGER])
@pytest.mark.parametrize("p", [0.01, 0.3, 0.9])
def test_geometric_(dtype, p):
    if (dtype, p) in {("uint8", 0.01), ("int8", 0.01)}:
        return  # does not fit, and what then becomes of it is the processor's affair
    same(lambda library: empty(library, 200, dtype).geometric_(p))


@pytest.mark.parametrize("dtype", [*FLOATING, *INTEGER, "bool"])
@pytest.mark.parametrize("p", [0, 1, 0.5, 0.3, 1 / 3, 1e-9])
@pytest.mark.parametrize("size", [0, 1, 17, 1000])
def test_bernoulli_with_a_number(dtype, size, p):
    same(lambda library: empty(library, size, dtype).bernoulli_(p))
    same(lambda library: library.bernoulli(library.zeros(size, dtype=getattr(library, dtype)), p))


@pytest.mark.parametrize("dtype", FLOATING)
def test_bernoulli_with_a_tensor(dtype):
    chances = np.random.default_rng(0).random((40, 30)).astype(dtype)
    same(lambda library: library.bernoulli(library.from_numpy(chances)))
    same(lambda library: library.bernoulli(library.from_numpy(chances).permute(1, 0)))
    same(lambda library: library.from_numpy(chances).bernoulli())
    for target in (*FLOATING, "int64", "bool"):
        same(lambda library, target=target: empty(library, (40, 30), target).bernoulli_(library.from_numpy(chances)))
        same(lambda library, t=target: empty(library, (40, 30), t).bernoulli_(library.from_numpy(chances[0])))
        same(lambda library, t=target: empty(library, (30, 40), t).T.bernoulli_(library.from_numpy(chances)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(0,), (1,), (7,), (50, 20), (100, 1000)])
@pytest.mark.parametrize("p", [0, 0.1, 0.5, 1])
def test_the_mask_is_what_dropout_keeps(dtype, shape, p):
    def draw(library):
        if library is torch:
            kept = torch.nn.functional.dropout(torch.ones(shape, dtype=getattr(torch, dtype)), p) != 0
        else:
            kept = bernoulli_mask(minigrad.empty(shape), 1 - p)
        return kept

    same(draw)


def test_the_mask_of_a_transposed_array_follows_its_memory():
    x = torch.ones(30, 20).t()
    torch.manual_seed(5)
    kept = torch.nn.functional.dropout(x, 0.4) != 0
    minigrad.manual_seed(5)
    np.testing.assert_array_equal(bernoulli_mask(minigrad.from_numpy(x.numpy()), 0.6), kept.numpy())


RANGES = [(0, 1), (0, 2), (0, 10), (-7, 9), (5, 100), (0, 2**16), (0, 2**28 - 1), (0, 2**28), (0, 2**31), (3, 2**33)]
WIDE = [(-(2**63), 2**63 - 1), (0, 2**63 - 1), (-(2**40), 2**45)]


@pytest.mark.parametrize("bounds", RANGES + WIDE)
@pytest.mark.parametrize("size", [0, 1, 10, 20_000])
def test_randint(bounds, size):
    same(lambda library: library.randint(*bounds, (size,)))


@pytest.mark.parametrize("dtype", [*FLOATING, *INTEGER, "bool"])
def test_integers_of_every_dtype(dtype):
    top = {"float16": 2**11, "float32": 2**24, "float64": 2**53, "bool": 1}.get(dtype)
    top = top or np.iinfo(dtype).max
    same(lambda library: empty(library, 500, dtype).random_())
    same(lambda library: empty(library, 500, dtype).random_(2))
    same(lambda library: empty(library, 500, dtype).random_(1, None))
    same(lambda library: empty(library, 500, dtype).random_(0, top))
    same(lambda library: library.randint(0, 2, (3, 5), dtype=getattr(library, dtype)))
    if dtype.startswith(("int", "float")):
        same(lambda library: empty(library, 500, dtype).random_(-9, 17))
    if dtype.startswith("int"):
        same(lambda library: empty(library, 500, dtype).random_(-top - 1, None))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 8, 511, 512, 5000, 100_000])
def test_randperm(n):
    same(lambda library: library.randperm(n))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8", "int32"])
def test_randperm_of_other_dtypes(dtype):
    same(lambda library: library.randperm(200, dtype=getattr(library, dtype)))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(1,), (4,), (100,), (6, 5), (3, 1000)])
def test_multinomial(dtype, shape):
    weights = (np.random.default_rng(1).random(shape) + 0.01).astype(dtype)
    for count in {1, min(3, shape[-1]), shape[-1]}:
        if dtype == "float16" and count > 1:
            continue  # so few digits make ties, and the order of equal ones is that of PyTorch's sort
        same(lambda library, count=count: library.multinomial(library.from_numpy(weights), count))
    for count in (1, 2, 50):
        same(lambda library, count=count: library.multinomial(library.from_numpy(weights), count, replacement=True))


def test_multinomial_with_impossible_categories():
    weights = np.array([[0, 10, 3, 0, 1], [1, 0, 0, 0, 0]], np.float32)
    same(lambda library: library.multinomial(library.from_numpy(weights), 40, replacement=True))
    same(lambda library: library.multinomial(library.from_numpy(weights[:1]), 3))
    same(lambda library: library.multinomial(library.from_numpy(weights), 1))


@pytest.mark.parametrize("dtype", FLOATING)
def test_poisson(dtype):
    rates = np.random.default_rng(2).choice([0, 0.1, 1, 4, 9.9, 10, 15, 100, 1000], (20, 15)).astype(dtype)
    same(lambda library: library.poisson(library.from_numpy(rates)))
    same(lambda library: library.poisson(library.from_numpy(rates).permute(1, 0)))


@pytest.mark.parametrize("size", [3, 40])
def test_normal_around_tensors(size):
    means = np.linspace(-3, 3, size, dtype=np.float32)
    stds = np.linspace(0, 2, size, dtype=np.float32)
    tolerance = {"rtol": 1e-6, "atol": 1e-6}
    near(lambda library: library.normal(library.from_numpy(means), library.from_numpy(stds)), **tolerance)
    near(lambda library: library.normal(library.from_numpy(means), 0.3), **tolerance)
    near(lambda library: library.normal(library.from_numpy(means)), **tolerance)
    near(lambda library: library.normal(2.0, library.from_numpy(stds)), **tolerance)
    near(lambda library: library.normal(library.from_numpy(means[:, None]), library.from_numpy(stds)), **tolerance)
    near(lambda library: library.normal(library.from_numpy(means.astype(float)), library.from_numpy(stds)), **tolerance)
    near(lambda library: library.normal(2, 3, (size, 2)), **tolerance)


def draws(library):
    """Yield functions that draw, of many kinds."""
    weights = library.tensor([0.1, 0.2, 0.3, 0.4])
    yield lambda n: library.rand(n)
    yield lambda n: library.rand(n, dtype=library.float64)
    yield lambda n: library.rand(n, dtype=library.float16)
    yield lambda n: library.randn(n)
    yield lambda n: library.randn(n, dtype=library.float64)
    yield lambda n: library.randn(n, dtype=library.float16)
    yield lambda n: library.empty(n).log_normal_()
    yield lambda n: library.empty(n).exponential_()
    yield lambda n: library.empty(n).bernoulli_(0.3)
    yield lambda n: library.bernoulli(library.full((n,), 0.3))
    yield lambda n: library.randint(0, 10, (n,))
    yield lambda n: library.randint(0, 2**40, (n,))
    yield lambda n: library.empty(n, dtype=library.int64).random_()
    yield lambda n: library.randperm(n)
    yield lambda n: library.multinomial(weights, 2)
    yield lambda n: library.multinomial(weights, n + 1, replacement=True)
    yield lambda n: library.poisson(library.full((n % 50,), 4.0))


@pytest.mark.parametrize("seed", [0, 1, -1, 2**32 + 5, 2**63, 123456789])
def test_any_sequence_of_draws(seed):
    rng = np.random.default_rng(abs(seed))
    plan = [(int(rng.integers(17)), int(rng.choice([0, 1, 2, 5, 15, 16, 33, 700, 45_000]))) for _ in range(60)]

    def draw(library):
        makers = list(draws(library))
        return joined(*(makers[which](n) for which, n in plan))

    near(draw, seed=seed, rtol=1e-3, atol=1e-6)  # as half-precision numbers need


def test_a_state_saved_by_one_is_read_by_the_other():
    minigrad.manual_seed(11)
    minigrad.randn(3)
    minigrad.rand(1000)
    torch.set_rng_state(torch.from_numpy(minigrad.get_rng_state().numpy()))
    np.testing.assert_array_equal(torch.randn(4).numpy(), minigrad.randn(4).numpy())
    torch.rand(700)
    torch.randn(1)
    minigrad.set_rng_state(minigrad.from_numpy(torch.get_rng_state().numpy()))
    np.testing.assert_array_equal(torch.randn(4).numpy(), minigrad.randn(4).numpy())
    np.testing.assert_array_equal(torch.rand(10_000).numpy(), minigrad.rand(10_000).numpy())


@pytest.mark.parametrize("words", [0, 1, 623, 624, 625, 1248, 50_000])
def test_states_are_equal_to_the_last_byte(words):
    in_both(lambda library: library.rand(words))


def test_generators_have_the_same_first_seed_and_numbers():
    ours, theirs = minigrad.Generator(), torch.Generator()
    assert ours.initial_seed() == theirs.initial_seed()
    np.testing.assert_array_equal(minigrad.rand(5, generator=ours).numpy(), torch.rand(5, generator=theirs).numpy())
    assert pickle.loads(pickle.dumps(ours)).get_state().tolist() == theirs.get_state().tolist()
