"""Transforms of the word stream against slow Python."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minigrad_kernels import cpu


def _words(seed, count):
    return np.random.RandomState(seed).randint(0, 2**32, count, dtype=np.uint32)


def _u53(words):
    pairs = words.astype(np.uint64).reshape(-1, 2)
    return ((pairs[:, 0] << np.uint64(32) | pairs[:, 1]) & np.uint64(2**53 - 1)) / 2**53


@pytest.mark.parametrize("n", [1, 2, 8, 1000])
def test_randperm_swaps_as_told(n):
    words = _words(0, n - 1)
    want = list(range(n))
    for i in range(n - 1):
        j = i + int(words[i]) % (n - i)
        want[i], want[j] = want[j], want[i]
    got = cpu.randperm(words)
    assert got.dtype == np.int64
    assert got.tolist() == want


def test_randperm_of_seed_0():
    assert cpu.randperm(_words(0, 7)).tolist() == [4, 0, 7, 3, 2, 5, 1, 6]


def test_uniform32_rounds_each_step():
    words = _words(1, 999)
    u24 = (words & np.uint32(2**24 - 1)).astype(np.float32) / np.float32(2**24)
    np.testing.assert_array_equal(cpu.uniform32(words), u24)
    low, high = np.float32(-0.3), np.float32(1.7)
    np.testing.assert_allclose(cpu.uniform32(words, -0.3, 1.7), u24 * (high - low) + low, rtol=1e-6, atol=1e-7)
    assert cpu.uniform32(words[:6].reshape(2, 3)).shape == (2, 3)


def test_uniform64_and_bernoulli_read_pairs_high_word_first():
    words = _words(7, 2000)
    np.testing.assert_array_equal(cpu.uniform64(words), _u53(words))
    np.testing.assert_array_equal(cpu.bernoulli(words, 0.3), _u53(words) < 0.3)
    assert cpu.bernoulli(_words(7, 24), 0.3).astype(int).tolist() == [1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1]
    assert not cpu.bernoulli(words, 0.0).any()
    assert cpu.bernoulli(words, 1.0).all()


@pytest.mark.parametrize("size", [0, 16, 160, 4800])
@pytest.mark.parametrize(
    ("normal", "uniform", "each"), [(cpu.normal32, cpu.uniform32, 1), (cpu.normal64, cpu.uniform64, 2)]
)
def test_normals_in_blocks_of_16(normal, uniform, each, size):
    words = _words(5, size * each)
    want = uniform(words).astype(float)
    for start in range(0, size, 16):
        for j in range(start, start + 8):
            radius, angle = math.sqrt(-2 * math.log(1 - want[j])), 2 * math.pi * want[j + 8]
            want[j], want[j + 8] = radius * math.cos(angle), radius * math.sin(angle)
    np.testing.assert_allclose(normal(words), want, rtol=2e-6, atol=2e-6)


def test_normals_of_the_outermost_uniforms():
    words = np.array([0, 0xFFFFFF] * 4 + [0, 0xFFFFFF, 0x800000, 0x400000, 0xC00000, 1, 0x7FFFFF, 0xFFFFFE], np.uint32)
    radius = math.sqrt(-2 * math.log(2.0**-24))
    found = cpu.normal32(words)
    cosines, sines = [0, radius, 0, 0, 0, radius, 0, radius], [0, 0, 0, radius, 0, 0, 0, 0]
    np.testing.assert_allclose(np.abs(found), cosines + sines, atol=1e-5)
    np.testing.assert_array_equal(cpu.normal32(words, 3.0, 0.0), 3.0)
