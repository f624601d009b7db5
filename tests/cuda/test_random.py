"""Random numbers by Philox on the simulator: the published words, and what is made of them."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels.cuda import _memory, random
from tests.cuda.twins import DTYPES, check, on_device

SEED = 0x0123456789ABCDEF
LOW = 0xFFFFFFFF


def _philox(counter, key):
    """Return the words of a counter of four words: the generator as its authors write it, in integers of any size."""
    c, k = list(counter), list(key)
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c[0], 2**32)
        high1, low1 = divmod(0xCD9E8D57 * c[2], 2**32)
        c = [high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0]
        k = [(k[0] + 0x9E3779B9) & LOW, (k[1] + 0xBB67AE85) & LOW]
    return c


def test_the_reference_gives_the_words_that_its_authors_publish():
    assert _philox([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert _philox([LOW] * 4, [LOW] * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    pi = [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0]
    assert _philox(*pi) == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]


@pytest.mark.parametrize("seed", [0, SEED, 2**64 - 1])
@pytest.mark.parametrize("offset", [0, 7, 2**32 - 1, 2**62])
def test_words_are_those_of_the_reference(seed, offset):
    for size in (1, 3, 4, 22):
        count = random.counters(size, np.uint32)
        drawn = [_philox([*divmod(offset + i, 2**32)[::-1], 0, 0], [seed & LOW, seed >> 32]) for i in range(count)]
        got = random.words((size,), seed, offset).get()
        np.testing.assert_array_equal(got, np.array(drawn, np.uint32).T.reshape(-1)[:size])


@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_are_the_same_however_many_are_drawn_at_once(dtype):
    each = 2 if dtype is np.float64 else 4
    for draw in (random.uniform, random.normal):
        whole = draw((each, 6), np.dtype(dtype), SEED, 5).get()
        parts = [draw((each,), np.dtype(dtype), SEED, 5 + i).get() for i in range(6)]
        np.testing.assert_array_equal(whole, np.array(parts).T)


@pytest.mark.parametrize("dtype", DTYPES)
def test_uniform_numbers_fill_their_interval(dtype):
    x = random.uniform((999,), np.dtype(dtype), SEED, 0, -1, 3).get()
    assert x.dtype == dtype
    assert x.min() >= -1
    assert x.max() < 3
    counts = np.histogram(x, 8, (-1, 3))[0]
    assert abs(counts - 999 / 8).max() < 45
    assert len(np.unique(x)) > (600 if dtype is np.float16 else 995)


@pytest.mark.parametrize("dtype", DTYPES)
def test_normal_numbers_have_their_moments(dtype):
    x = random.normal((999,), np.dtype(dtype), SEED, 0, 2, 3).get().astype(np.float64)
    z = (x - 2) / 3
    for power, moment in enumerate([0, 1, 0, 3], 1):
        assert abs((z**power).mean() - moment) < 0.12 * power


@pytest.mark.parametrize(("low", "high"), [(0, 7), (-5, 5), (-(2**63), 2**63), (2**62, 2**62 + 1)])
def test_integers_fill_their_range(low, high):
    x = random.integers((201,), SEED, 0, low, high).get()
    assert x.dtype == np.int64
    assert x.min() >= low
    assert x.max() <= high - 1
    assert len(np.unique(x)) == min(high - low, 201)


@pytest.mark.parametrize("p", [0.0, 0.25, 1.0])
def test_trials_succeed_as_often_as_they_should(p):
    x = random.bernoulli((40, 25), p, SEED, 3).get()
    assert x.dtype == bool
    assert abs(x.mean() - p) < 0.04 * (0 < p < 1) + 1e-9


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("p", [0.0, 0.5, 1.0])
def test_dropout_scales_what_it_keeps(p, dtype):
    x = np.random.default_rng(0).normal(size=(7, 3)).astype(dtype)
    out, mask = random.dropout(on_device(x), p, SEED, 9)
    np.testing.assert_array_equal(mask.get(), random.bernoulli((7, 3), 1 - p, SEED, 9).get())
    np.testing.assert_allclose(out.get(), x * mask.get() * (1 if p == 1 else 1 / (1 - p)), rtol=1e-3)
    assert np.array_equal(out.get(), check("masked_scale", x, mask.get(), 1 / (1 - p) if p < 1 else 0.0))


def test_a_permutation_holds_every_number_once():
    for n in (0, 1, 100):
        x = random.permutation(n, SEED, 0)
        assert x.dtype == np.int64
        assert sorted(x.tolist()) == list(range(n))
    assert x.tolist() != list(range(n))


def test_nothing_is_drawn_for_no_numbers():
    assert random.normal((0, 3), np.dtype(np.float32), SEED, 0).shape == (0, 3)
    assert isinstance(random.words((0,), SEED, 0), _memory.array_type())
