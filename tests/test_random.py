"""Random numbers, without PyTorch: known vectors, the stream of words, states, and the rules of the functions.

The vectors were printed by PyTorch 2.13 on the CPU. `tests/parity/test_random_parity.py` compares with PyTorch itself.
"""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import minigrad as torch
import minigrad.nn
import minigrad.utils.data
from minigrad.random import bernoulli_mask
from minigrad.random.stream import BLOCK, CHUNK, Stream, _temper, _untemper


def rounded(tensor):
    return np.round(np.asarray(tensor, np.float64), 4).tolist()


class TestVectors:
    def test_randn_of_three(self):
        torch.manual_seed(0)
        assert rounded(torch.randn(3)) == [1.5410, -0.2934, -2.1788]

    def test_rand(self):
        torch.manual_seed(42)
        assert rounded(torch.rand(5)) == [0.8823, 0.9150, 0.3829, 0.9593, 0.3904]

    def test_randn_of_sixteen(self):
        torch.manual_seed(0)
        assert rounded(torch.randn(16))[:4] == [-1.1258, -1.1524, -0.2506, -0.4339]

    def test_randperm_then_randint(self):
        torch.manual_seed(0)
        assert torch.randperm(8).tolist() == [4, 0, 7, 3, 2, 5, 1, 6]
        assert torch.randint(0, 10, (5,)).tolist() == [3, 7, 3, 1, 6]

    def test_the_words_after_three_normals(self):
        torch.manual_seed(7)
        torch.randn(3)
        assert rounded(torch.rand(2)) == [0.3653, 0.8513]

    def test_bernoulli_then_rand(self):
        torch.manual_seed(7)
        assert torch.empty(12).bernoulli_(0.3).tolist() == [1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1]
        assert rounded(torch.rand(1)) == [0.5209]

    def test_exponential(self):
        torch.manual_seed(7)
        assert rounded(torch.empty(3).exponential_()) == [0.3276, 0.3198, 1.9812]

    def test_multinomial(self):
        torch.manual_seed(7)
        weights = torch.tensor([0.1, 0.2, 0.3, 0.4])
        assert torch.multinomial(weights, 8, replacement=True).tolist() == [1, 1, 3, 3, 3, 3, 1, 2]

    def test_large_ranges_take_two_words_a_value(self):
        torch.manual_seed(5)
        assert torch.randint(0, 2**31, (4,)).tolist() == [236996814, 1423042237, 1562238070, 2059200585]
        torch.manual_seed(5)
        assert torch.empty(4, dtype=torch.int32).random_().tolist() == [953453411, 236996814, 1592283119, 1423042237]


class TestVectorsOfLayersAndLoaders:
    def test_linear(self):
        torch.manual_seed(7)
        layer = torch.nn.Linear(3, 2)
        assert rounded(layer.weight.detach()) == [[0.0403, -0.3478, 0.1838], [0.1812, -0.3086, -0.0865]]
        assert rounded(layer.bias.detach()) == [-0.3382, 0.1498]

    def test_a_shuffled_epoch_then_rand(self):
        torch.manual_seed(7)
        loader = torch.utils.data.DataLoader(range(10), batch_size=5, shuffle=True)
        assert [batch.tolist() for batch in loader] == [[3, 2, 7, 8, 6], [1, 5, 9, 0, 4]]
        assert rounded(torch.rand(1)) == [0.2328]

    def test_random_split(self):
        torch.manual_seed(7)
        first, second = torch.utils.data.random_split(range(10), [7, 3])
        assert (list(first), list(second)) == ([5, 0, 3, 4, 1, 7, 9], [6, 8, 2])


WORDS = np.random.RandomState(7).randint(0, 2**32, size=400_000, dtype=np.uint32)


@pytest.fixture(params=["numpy", "kernel"])
def maker(request, monkeypatch):
    """Make words by NumPy, or by the kernel."""
    from minigrad.random import stream

    if request.param == "kernel":
        from minigrad_kernels.cpu.mersenne import twister_words

        monkeypatch.setattr(stream.Loaded, "kernel", twister_words)
    else:
        monkeypatch.setattr(stream.Loaded, "kernel", None)
        monkeypatch.setattr(stream.Loaded, "made", -(10**12))


class TestStream:
    @pytest.mark.usefixtures("maker")
    def test_words_are_the_same_however_they_are_taken(self):
        rng = np.random.default_rng(0)
        stream, at = Stream(7), 0
        while at < 300_000:
            count = int(rng.choice([0, 1, 3, 623, 624, 625, 5000, CHUNK - 1, CHUNK, 2 * CHUNK]))
            np.testing.assert_array_equal(stream.take(count), WORDS[at : at + count])
            at += count

    @pytest.mark.usefixtures("maker")
    @pytest.mark.parametrize("used", [0, 1, 623, 624, 625, 1248, 5000, 3 * CHUNK, 3 * CHUNK + 1])
    def test_a_state_leads_back(self, used):
        stream = Stream(7)
        stream.take(used)
        state = stream.state()
        other = Stream(0)
        other.restore(state)
        assert other.state().tobytes() == state.tobytes()
        np.testing.assert_array_equal(other.take(2000), WORDS[used : used + 2000])
        np.testing.assert_array_equal(stream.take(2000), WORDS[used : used + 2000])

    @pytest.mark.parametrize("used", [0, 1, 600, 624, 1247, 2 * CHUNK + 7])
    def test_looking_ahead_takes_nothing(self, used):
        stream = Stream(7)
        stream.take(used)
        state = stream.state().tobytes()
        for count in (2, 624, 700):
            ahead = stream.ahead(count)
            assert ahead.size >= count
            np.testing.assert_array_equal(ahead, WORDS[used : used + ahead.size])
        assert used == 0 or stream.state().tobytes() == state
        stream.advance(601)
        np.testing.assert_array_equal(stream.take(5), WORDS[used + 601 : used + 606])

    def test_a_state_made_by_the_kernel_is_continued_by_numpy(self, monkeypatch):
        from minigrad.random import stream as module
        from minigrad_kernels.cpu.mersenne import twister_words

        stream = Stream(7)
        for kernel in (None, twister_words, None, twister_words):
            monkeypatch.setattr(module.Loaded, "kernel", kernel)
            monkeypatch.setattr(module.Loaded, "made", -(10**12))
            stream.take(3 * BLOCK + 5)
        np.testing.assert_array_equal(stream.take(9), WORDS[12 * BLOCK + 20 :][:9])

    def test_tempering_can_be_undone(self):
        np.testing.assert_array_equal(_untemper(_temper(WORDS[:5000])), WORDS[:5000])

    @pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
    def test_the_low_32_bits_of_a_seed_count(self, seed):
        np.testing.assert_array_equal(Stream(seed).take(5), Stream(seed + 2**32).take(5))

    def test_threads_never_get_the_same_words(self):
        from concurrent.futures import ThreadPoolExecutor

        stream = Stream(7)
        with ThreadPoolExecutor(4) as pool:
            taken = list(pool.map(lambda _: stream.take(100), range(400)))
        first = sorted(WORDS[:40_000].reshape(-1, 100).tolist())
        assert sorted(words.tolist() for words in taken) == first

    def test_no_draw_loads_numba(self):
        code = (
            "import sys, minigrad as torch; torch.manual_seed(0); torch.randn(3); torch.randperm(2000);"
            "torch.empty(300000).uniform_(-1, 1).bernoulli_(.5); print('numba' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["False"]


class TestGenerator:
    def test_seeding_starts_the_numbers_again(self):
        generator = torch.Generator()
        assert generator.manual_seed(3) is generator
        first = torch.randn(5, generator=generator)
        torch.randn(1, generator=generator)
        generator.manual_seed(3)
        assert torch.randn(5, generator=generator).tolist() == first.tolist()

    def test_it_leaves_the_default_generator_alone(self):
        torch.manual_seed(1)
        expected = torch.rand(2).tolist()
        torch.manual_seed(1)
        torch.rand(100, generator=torch.Generator())
        assert torch.rand(2).tolist() == expected

    def test_seeds(self):
        assert torch.Generator().initial_seed() == 67280421310721
        assert torch.manual_seed(-1).initial_seed() == torch.initial_seed() == 2**64 - 1
        assert torch.manual_seed(5) is torch.default_generator
        assert torch.seed() == torch.initial_seed() != 5
        generator = torch.Generator()
        assert generator.seed() == generator.initial_seed()
        assert generator.device == torch.device("cpu")

    def test_state_includes_the_kept_normal(self):
        torch.manual_seed(2)
        torch.randn(3)
        state = torch.get_rng_state()
        assert (state.dtype, tuple(state.shape)) == (torch.uint8, (5056,))
        expected = torch.randn(3).tolist()
        torch.rand(1000)
        torch.set_rng_state(state)
        assert torch.randn(3).tolist() == expected

    @pytest.mark.parametrize("clone", [torch.Generator.clone_state, lambda g: pickle.loads(pickle.dumps(g)), copy.copy])
    def test_a_copy_draws_the_same_and_is_independent(self, clone):
        generator = torch.Generator().manual_seed(9)
        torch.randn(3, generator=generator)
        other = clone(generator)
        expected = torch.randn(3, generator=generator).tolist()
        torch.rand(5, generator=generator)
        assert torch.randn(3, generator=other).tolist() == expected

    def test_fork_rng(self):
        torch.manual_seed(4)
        with torch.random.fork_rng():
            inside = torch.rand(3).tolist()
        assert torch.rand(3).tolist() == inside
        with torch.random.fork_rng(enabled=False):
            inside = torch.rand(3).tolist()
        assert torch.rand(3).tolist() != inside

    def test_fork_rng_restores_after_an_error(self):
        torch.manual_seed(4)
        state = torch.get_rng_state().tolist()
        with pytest.raises(KeyError), torch.random.fork_rng(devices=[]):
            raise KeyError(torch.rand(1))
        assert torch.get_rng_state().tolist() == state

    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            (lambda g: g.manual_seed(1.5), RuntimeError, "manual_seed expected a long, but got float"),
            (lambda g: g.manual_seed(2**64), ValueError, "Overflow when unpacking long long"),
            (lambda g: g.set_state(3), TypeError, "expected a torch.ByteTensor, but got int"),
            (lambda g: g.set_state(torch.zeros(5056)), TypeError, "RNG state must be a torch.ByteTensor"),
            (lambda g: g.set_state(torch.zeros(5, dtype=torch.uint8)), RuntimeError, "size 5056 but found .* 5$"),
            (lambda g: g.set_state(torch.zeros(5056, dtype=torch.uint8)), RuntimeError, "Invalid mt19937 state"),
            (lambda g: torch.Generator("cuda"), RuntimeError, "cuda"),
        ],
    )
    def test_errors(self, call, error, message):
        with pytest.raises(error, match=message):
            call(torch.Generator())


class TestMoments:
    """Large samples have the mean and the variance of their distribution; the words come from a fixed seed."""

    @pytest.mark.parametrize(
        ("draw", "mean", "variance"),
        [
            (lambda x: x.uniform_(-1, 3), 1, 16 / 12),
            (lambda x: x.normal_(2, 3), 2, 9),
            (lambda x: x[:, ::2].normal_(2, 3), 2, 9),
            (lambda x: x.bernoulli_(0.3), 0.3, 0.21),
            (lambda x: x.exponential_(2), 0.5, 0.25),
            (lambda x: x.geometric_(0.25), 4, 12),
            (lambda x: x.log_normal_(0, 0.5), np.exp(0.125), (np.exp(0.25) - 1) * np.exp(0.25)),
            (lambda x: x.random_(0, 11), 5, 10),
            (lambda x: torch.poisson(x.fill_(4)), 4, 4),
            (lambda x: torch.poisson(x.fill_(30)), 30, 30),
            (lambda x: torch.bernoulli(x.fill_(0.1)), 0.1, 0.09),
        ],
    )
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_mean_and_variance(self, draw, mean, variance, dtype):
        torch.manual_seed(0)
        values = np.asarray(draw(torch.empty(150, 200, dtype=dtype)), np.float64)
        assert abs(values.mean() - mean) < 5 * np.sqrt(variance / values.size)
        assert values.var() == pytest.approx(variance, rel=0.08)

    def test_multinomial_without_replacement_draws_no_index_twice(self):
        torch.manual_seed(0)
        drawn = torch.multinomial(torch.rand(50, 10) + 0.1, 10).tolist()
        assert all(sorted(row) == list(range(10)) for row in drawn)

    def test_multinomial_follows_the_weights(self):
        torch.manual_seed(0)
        for replacement in (False, True):
            drawn = [torch.multinomial(torch.tensor([1.0, 0, 3]), 1, replacement).item() for _ in range(2000)]
            assert np.bincount(drawn, minlength=3)[1] == 0
            assert np.mean(np.array(drawn) == 2) == pytest.approx(0.75, abs=0.04)

    @pytest.mark.parametrize("n", [0, 1, 2, 100, 511, 512, 3000])
    def test_randperm_is_a_permutation(self, n):
        assert sorted(torch.randperm(n).tolist()) == list(range(n))

    @pytest.mark.parametrize(("low", "high"), [(0, 1), (-3, 4), (0, 2**28), (-(2**62), 2**62), (2**40, 2**40 + 3)])
    def test_randint_stays_in_its_range(self, low, high):
        values = torch.randint(low, high, (1000,)).numpy()
        assert values.min() >= low
        assert values.max() < high

    @pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
    def test_uniforms_stay_below_their_upper_bound(self, dtype):
        values = torch.empty(100_000, dtype=dtype).uniform_(2, 9).numpy()
        assert values.min() >= 2
        assert values.max() < 9


class TestMask:
    @pytest.mark.parametrize("keep", [0, 1])
    def test_nothing_is_drawn_for_certain_outcomes(self, keep):
        state = torch.get_rng_state().tolist()
        assert (bernoulli_mask(torch.empty(3, 4), keep) == bool(keep)).all()
        assert torch.get_rng_state().tolist() == state

    def test_it_is_what_bernoulli_draws(self):
        torch.manual_seed(6)
        expected = torch.empty(300, 70).bernoulli_(0.8).numpy() == 1
        torch.manual_seed(6)
        mask = bernoulli_mask(torch.empty(300, 70), 0.8)
        assert mask.dtype == torch.bool
        np.testing.assert_array_equal(mask, expected)

    def test_it_follows_the_memory_order_of_an_array(self):
        torch.manual_seed(6)
        mask = bernoulli_mask(torch.empty(30, 20).T, 0.5)
        torch.manual_seed(6)
        np.testing.assert_array_equal(mask, bernoulli_mask(torch.empty(30, 20), 0.5).T)

    def test_a_decision_by_the_lower_word(self):
        # The upper 21 bits of this probability are those of the first draw, so that the lower 32 bits decide.
        high, low = (int(word) for word in WORDS[:2])
        first = ((high & 0x1FFFFF) << 32) | low
        for p, expected in ((first / 2**53, False), ((first + 1) / 2**53, True), ((first - 1) / 2**53, False)):
            torch.manual_seed(7)
            assert bernoulli_mask(torch.empty(1), p).tolist() == [expected]


class TestInPlace:
    FILLS = pytest.mark.parametrize(
        "fill",
        [
            lambda x: x.uniform_(),
            lambda x: x.normal_(),
            lambda x: x.random_(),
            lambda x: x.bernoulli_(),
            lambda x: x.exponential_(),
            lambda x: x.geometric_(0.5),
            lambda x: x.log_normal_(),
            lambda x: x.cauchy_(),
        ],
    )

    @FILLS
    def test_it_returns_the_tensor_and_counts_the_write(self, fill):
        x = torch.zeros(20)
        assert fill(x) is x
        assert x._version == 1
        assert x.numpy().any()

    @FILLS
    def test_a_view_is_written_through(self, fill):
        x = torch.full((4, 5), -7.5)
        fill(x[1:3, ::2])
        assert (x.numpy() == -7.5).sum() == 14

    @FILLS
    def test_a_leaf_that_requires_grad_is_refused(self, fill):
        x = torch.zeros(3, requires_grad=True)
        with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place"):
            fill(x)
        with torch.no_grad():
            assert fill(x) is x

    @FILLS
    def test_earlier_values_get_no_gradient(self, fill):
        x = torch.ones(3, requires_grad=True)
        y = x * 2
        fill(y)
        y.sum().backward()
        assert x.grad.tolist() == [0, 0, 0]

    def test_memory_that_is_shared_by_elements_is_refused(self):
        with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
            torch.zeros(3).expand(2, 3).uniform_()


class TestArguments:
    def test_size_in_all_forms(self):
        for made in (torch.rand(2, 3), torch.rand((2, 3)), torch.rand([2, 3]), torch.rand(size=(2, 3))):
            assert tuple(made.shape) == (2, 3)
        assert tuple(torch.rand(()).shape) == ()
        assert tuple(torch.rand(torch.Size([4])).shape) == (4,)

    def test_out_is_resized_and_written(self):
        out = torch.zeros(7, dtype=torch.float64)
        torch.manual_seed(0)
        assert torch.rand(2, 3, out=out) is out
        torch.manual_seed(0)
        assert out.tolist() == torch.rand(2, 3, dtype=torch.float64).tolist()

    def test_default_dtype(self):
        torch.set_default_dtype(torch.float64)
        try:
            assert torch.rand(1).dtype == torch.randn(1).dtype == torch.normal(0, 1, (1,)).dtype == torch.float64
        finally:
            torch.set_default_dtype(torch.float32)
        assert torch.rand(1).dtype == torch.float32

    def test_requires_grad(self):
        assert torch.rand(2, requires_grad=True).requires_grad
        assert torch.randn_like(torch.ones(2), requires_grad=True).is_leaf
        with pytest.raises(RuntimeError, match="Only Tensors of floating point"):
            torch.randint(3, (2,), requires_grad=True)

    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            (lambda: torch.rand(), TypeError, r"rand\(\) received no size"),
            (lambda: torch.rand(-1), RuntimeError, r"negative dimension -1: \[-1\]"),
            (lambda: torch.rand(2.0), TypeError, "'size' .position 1. must be tuple of ints, not float"),
            (lambda: torch.rand(2, dtype=torch.int64), NotImplementedError, "not implemented for 'Long'"),
            (lambda: torch.rand(2, dtype="f4"), TypeError, "'dtype' must be torch.dtype, not str"),
            (lambda: torch.rand(2, generator=3), TypeError, "'generator' must be torch.Generator, not int"),
            (lambda: torch.randint(3, 2), TypeError, "'size' .position 2. must be tuple of ints, not int"),
            (lambda: torch.randint(3, 1, (2,)), RuntimeError, "from=3 >= to=1"),
            (lambda: torch.randint(257, (2,), dtype=torch.uint8), RuntimeError, "out of bounds for unsigned char"),
            (lambda: torch.randint(2**63, (2,)), ValueError, "Overflow"),
            (lambda: torch.randperm(-1), RuntimeError, "negative dimension"),
            (lambda: torch.normal(0.0, 1.0), TypeError, "size"),
            (lambda: torch.normal(0.0, -1.0, (2,)), RuntimeError, "std >= 0.0, but found std -1"),
            (lambda: torch.normal(torch.zeros(2), torch.ones(3)), RuntimeError, "broadcast"),
            (lambda: torch.empty(2).uniform_(3, 1), RuntimeError, "found from=3 > to=1"),
            (lambda: torch.empty(2).bernoulli_(1.5), RuntimeError, r"p to be in \[0, 1\], but got p=1.5"),
            (lambda: torch.bernoulli(torch.tensor([2.0])), RuntimeError, "p_in >= 0 && p_in <= 1"),
            (lambda: torch.empty(2).exponential_(0), RuntimeError, "lambda > 0.0, but found lambda=0"),
            (lambda: torch.empty(2).cauchy_(0, 0), RuntimeError, "sigma > 0.0"),
            (lambda: torch.empty(2).log_normal_(0, 0), RuntimeError, "std > 0.0"),
            (lambda: torch.empty(2).geometric_(1), RuntimeError, r"p to be in \(0, 1\), but got p=1"),
            (lambda: torch.multinomial(torch.ones(2), 3), RuntimeError, "n_sample > prob_dist.size"),
            (lambda: torch.multinomial(torch.zeros(2), 1), RuntimeError, "sum of probabilities <= 0"),
            (lambda: torch.multinomial(torch.tensor([1, 2]), 1), RuntimeError, "floating-point dtypes for input, got"),
            (lambda: torch.poisson(torch.tensor([-1.0])), RuntimeError, "invalid Poisson rate"),
        ],
    )
    def test_errors(self, call, error, message):
        with pytest.raises(error, match=message):
            call()

    def test_a_draw_that_fails_draws_nothing(self):
        state = torch.get_rng_state().tolist()
        for call in (lambda: torch.randint(3, 1, (2,)), lambda: torch.multinomial(torch.zeros(2), 1)):
            with pytest.raises(RuntimeError):
                call()
        with pytest.raises(RuntimeError):
            torch.zeros(3, requires_grad=True).normal_()
        assert torch.get_rng_state().tolist() == state

    def test_inexact_integers_are_warned_of(self):
        with pytest.warns(UserWarning, match="to - 1 is out of bounds"):
            torch.randint(0, 2**26, (2,), dtype=torch.float32)
