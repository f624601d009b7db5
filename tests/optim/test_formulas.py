"""Each optimizer against a short transcription of its paper: 20 steps on a rugged function of six numbers."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad import optim

STEPS = 20
START = np.array([[0.7, -1.3, 2.0], [0.05, -0.4, 1.1]])


def gradient(p):
    """Return the gradient of ``sum(sin(3 p) / 3 + p ** 2 / 2)``."""
    return np.cos(3 * p) + p


def trajectory(optimizer_class, dtype=minigrad.float64, **options):
    """Return the parameters after each step of an optimizer."""
    p = minigrad.tensor(START, dtype=dtype, requires_grad=True)
    optimizer = optimizer_class([p], **options)
    seen = []
    for _ in range(STEPS):
        p.grad = minigrad.tensor(gradient(p.detach().numpy()), dtype=dtype)
        optimizer.step()
        seen.append(p.detach().numpy().copy())
    return np.stack(seen)


def transcribed(step):
    """Return the parameters after each step of a function ``step(t, p, g) -> p``, ``t`` from 1."""
    p = START.copy()
    seen = []
    for t in range(1, STEPS + 1):
        p = step(t, p, gradient(p))
        seen.append(p)
    return np.stack(seen)


def check(optimizer_class, step, **options):
    expected = transcribed(step)
    np.testing.assert_allclose(trajectory(optimizer_class, **options), expected, rtol=1e-10, atol=1e-12)
    single = trajectory(optimizer_class, minigrad.float32, **options)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, rtol=2e-4, atol=2e-5)


def test_sgd_descends_along_the_gradient():
    check(optim.SGD, lambda t, p, g: p - 0.1 * g, lr=0.1)


def test_sgd_adds_the_gradient_of_the_weight_penalty():
    check(optim.SGD, lambda t, p, g: p - 0.1 * (g + 0.3 * p), lr=0.1, weight_decay=0.3)


def test_sgd_with_maximize_climbs():
    check(optim.SGD, lambda t, p, g: p + 0.01 * g, lr=0.01, maximize=True)


@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_with_momentum_keeps_a_velocity(nesterov):
    v = np.zeros_like(START)

    def step(t, p, g):
        nonlocal v
        v = 0.9 * v + g
        return p - 0.05 * (g + 0.9 * v if nesterov else v)

    check(optim.SGD, step, lr=0.05, momentum=0.9, nesterov=nesterov)


def test_sgd_dampens_every_gradient_but_the_first():
    v = None

    def step(t, p, g):
        nonlocal v
        v = g if v is None else 0.9 * v + 0.75 * g
        return p - 0.05 * v

    check(optim.SGD, step, lr=0.05, momentum=0.9, dampening=0.25)


def adam(lr=0.05, beta1=0.9, beta2=0.99, eps=1e-8, decay=0.0, decoupled=0.0, amsgrad=False):
    m, v, largest = np.zeros_like(START), np.zeros_like(START), np.zeros_like(START)

    def step(t, p, g):
        nonlocal m, v, largest
        g = g + decay * p
        p = p - lr * decoupled * p
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        largest = np.maximum(largest, v)
        m_hat, v_hat = m / (1 - beta1**t), (largest if amsgrad else v) / (1 - beta2**t)
        return p - lr * m_hat / (np.sqrt(v_hat) + eps)

    return step


def test_adam():
    check(optim.Adam, adam(), lr=0.05, betas=(0.9, 0.99))


def test_adam_with_the_other_form_of_interpolation():
    check(optim.Adam, adam(beta1=0.3, beta2=0.4), lr=0.05, betas=(0.3, 0.4))


def test_adam_adds_the_gradient_of_the_weight_penalty():
    check(optim.Adam, adam(decay=0.2), lr=0.05, betas=(0.9, 0.99), weight_decay=0.2)


def test_adam_with_amsgrad_divides_by_the_largest_average():
    check(optim.Adam, adam(amsgrad=True), lr=0.05, betas=(0.9, 0.99), amsgrad=True)


def test_adamw_shrinks_the_parameters_themselves():
    check(optim.AdamW, adam(decoupled=0.2), lr=0.05, betas=(0.9, 0.99), weight_decay=0.2)
    check(optim.Adam, adam(decoupled=0.2), lr=0.05, betas=(0.9, 0.99), weight_decay=0.2, decoupled_weight_decay=True)


def test_adamax():
    m, u = np.zeros_like(START), np.zeros_like(START)

    def step(t, p, g):
        nonlocal m, u
        m = 0.9 * m + 0.1 * g
        u = np.maximum(0.99 * u, np.abs(g) + 1e-8)
        return p - 0.05 / (1 - 0.9**t) * m / u

    check(optim.Adamax, step, lr=0.05, betas=(0.9, 0.99))


def test_nadam():
    m, v, product = np.zeros_like(START), np.zeros_like(START), 1.0

    def step(t, p, g):
        nonlocal m, v, product
        mu, mu_next = (0.9 * (1 - 0.5 * 0.96 ** (0.004 * s)) for s in (t, t + 1))
        product *= mu
        m = 0.9 * m + 0.1 * g
        v = 0.99 * v + 0.01 * g**2
        m_hat = mu_next * m / (1 - product * mu_next) + (1 - mu) * g / (1 - product)
        return p - 0.05 * m_hat / (np.sqrt(v / (1 - 0.99**t)) + 1e-8)

    # The product of the momenta is kept in single precision, as in PyTorch.
    np.testing.assert_allclose(trajectory(optim.NAdam, lr=0.05, betas=(0.9, 0.99)), transcribed(step), rtol=1e-5)


def test_radam():
    m, v = np.zeros_like(START), np.zeros_like(START)
    rho_inf = 2 / (1 - 0.9) - 1

    def step(t, p, g):
        nonlocal m, v
        m = 0.8 * m + 0.2 * g
        v = 0.9 * v + 0.1 * g**2
        m_hat = m / (1 - 0.8**t)
        rho = rho_inf - 2 * t * 0.9**t / (1 - 0.9**t)
        if rho <= 5:
            return p - 0.05 * m_hat
        r = np.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
        return p - 0.05 * m_hat * r * np.sqrt(1 - 0.9**t) / (np.sqrt(v) + 1e-8)

    check(optim.RAdam, step, lr=0.05, betas=(0.8, 0.9))


def test_adagrad():
    s = np.full_like(START, 0.1)

    def step(t, p, g):
        nonlocal s
        s = s + g**2
        return p - 0.3 / (1 + 0.02 * (t - 1)) * g / (np.sqrt(s) + 1e-10)

    check(optim.Adagrad, step, lr=0.3, lr_decay=0.02, initial_accumulator_value=0.1)


def test_adadelta():
    s, d = np.zeros_like(START), np.zeros_like(START)

    def step(t, p, g):
        nonlocal s, d
        s = 0.9 * s + 0.1 * g**2
        delta = np.sqrt(d + 1e-6) / np.sqrt(s + 1e-6) * g
        d = 0.9 * d + 0.1 * delta**2
        return p - delta

    check(optim.Adadelta, step)


@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("momentum", [0, 0.8])
def test_rmsprop(centered, momentum):
    s, mean, v = np.zeros_like(START), np.zeros_like(START), np.zeros_like(START)

    def step(t, p, g):
        nonlocal s, mean, v
        s = 0.95 * s + 0.05 * g**2
        mean = 0.95 * mean + 0.05 * g
        variance = s - mean**2 if centered else s
        v = momentum * v + g / (np.sqrt(variance) + 1e-8)
        return p - 0.02 * v

    expected = transcribed(step)
    found = trajectory(optim.RMSprop, lr=0.02, alpha=0.95, centered=centered, momentum=momentum)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_rprop():
    previous, size = np.zeros_like(START), np.full_like(START, 0.1)

    def step(t, p, g):
        nonlocal previous, size
        agreement = np.sign(g * previous)
        size = np.clip(size * np.select([agreement > 0, agreement < 0], [1.2, 0.5], 1.0), 1e-3, 0.3)
        previous = np.where(agreement < 0, 0, g)
        return p - np.sign(previous) * size

    check(optim.Rprop, step, lr=0.1, step_sizes=(1e-3, 0.3))


def test_asgd():
    def step(t, p, g):
        eta = float(np.float32(0.1 / (1 + 0.01 * 0.1 * (t - 1)) ** 0.75))  # kept in single precision
        return p * (1 - 0.01 * eta) - eta * g

    check(optim.ASGD, step, lr=0.1, lambd=0.01)


def test_asgd_averages_from_t0_on():
    p = minigrad.tensor(START, dtype=minigrad.float64, requires_grad=True)
    optimizer = optim.ASGD([p], lr=0.1, t0=5)
    seen = []
    for _ in range(12):
        p.grad = minigrad.tensor(gradient(p.detach().numpy()))
        optimizer.step()
        seen.append(p.detach().numpy().copy())
    np.testing.assert_allclose(optimizer.state[p]["ax"].numpy(), np.mean(seen[6:], axis=0), rtol=1e-6)


def test_adafactor_on_a_matrix():
    row, column = np.zeros((2, 1)), np.zeros((1, 3))

    def rms(x):
        return np.sqrt(np.mean(x**2))

    def step(t, p, g):
        nonlocal row, column
        w = t**-0.8
        alpha = max(1e-3, rms(p)) * min(0.05, 1 / np.sqrt(t))
        p = p * (1 - 0.05 * 0.1)
        row = row + w * (np.mean(g**2, axis=1, keepdims=True) - row)
        column = column + w * (np.mean(g**2, axis=0, keepdims=True) - column)
        u = g / np.sqrt(np.maximum(row * column / np.maximum(row.mean(), 1e-9), 1e-18))
        return p - alpha / max(1, rms(u) / 1.1) * u

    check(optim.Adafactor, step, lr=0.05, weight_decay=0.1, d=1.1, eps=(1e-9, 1e-3))


def test_muon_steps_along_an_orthogonal_matrix():
    p = minigrad.tensor(START, dtype=minigrad.float32, requires_grad=True)
    before = p.detach().numpy().copy()
    optimizer = optim.Muon([p], lr=0.1, weight_decay=0, momentum=0, ns_steps=20, ns_coefficients=(1.875, -1.25, 0.375))
    p.grad = minigrad.tensor(gradient(before).astype(np.float32))
    optimizer.step()
    u, _, v = np.linalg.svd(gradient(before), full_matrices=False)
    np.testing.assert_allclose((before - p.detach().numpy()) / 0.1, u @ v, atol=1e-3)


@pytest.mark.parametrize("line_search", [None, "strong_wolfe"])
def test_lbfgs_solves_a_badly_scaled_quadratic(line_search):
    scales = minigrad.tensor([1.0, 10.0, 100.0], dtype=minigrad.float64)
    p = minigrad.tensor([1.0, -2.0, 3.0], dtype=minigrad.float64, requires_grad=True)
    optimizer = optim.LBFGS([p], line_search_fn=line_search)

    def closure():
        optimizer.zero_grad()
        loss = (scales * p * p).sum()
        loss.backward()
        return loss

    first = optimizer.step(closure)
    for _ in range(3):
        optimizer.step(closure)
    assert float(first) == pytest.approx(941.0)
    np.testing.assert_allclose(p.detach().numpy(), 0, atol=1e-6)
