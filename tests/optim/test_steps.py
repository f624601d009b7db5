"""How a step of any optimizer treats its parameters, their gradients and its state."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad import optim
from tests.optim.parameters import EVERY, FUSED, parameter, with_gradient


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("dtype", [minigrad.float32, minigrad.float64])
def test_a_step_writes_into_the_same_memory_and_keeps_dtype_and_leaf(kind, dtype):
    p = with_gradient(2, 3, dtype=dtype)
    memory, version = p.detach().numpy(), p._version
    before = memory.copy()
    kind([p]).step()
    assert p.is_leaf
    assert p.requires_grad
    assert p.dtype == dtype
    assert p._version > version
    assert np.shares_memory(memory, p.detach().numpy())
    assert not np.array_equal(memory, before)
    np.testing.assert_array_equal(p.grad.numpy(), 0.5)


@pytest.mark.parametrize("kind", [kind for kind in EVERY if kind is not optim.Muon])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 0, 3), (2, 1, 2, 2)])
def test_parameters_of_any_shape_are_stepped(kind, shape):
    p = with_gradient(*shape)
    optimizer = kind([p])
    for _ in range(3):
        optimizer.step()
    assert p.shape == shape
    found = p.detach().numpy()
    assert np.all(found < 1)
    assert found.size == 0 or np.ptp(found) == 0


@pytest.mark.parametrize(("kind", "options"), FUSED)
def test_a_parameter_with_gaps_in_memory_is_stepped_like_any_other(kind, options):
    whole = minigrad.tensor(np.arange(24.0, dtype=np.float32).reshape(4, 6))
    p = whole[:, ::2].detach().requires_grad_()
    q = p.detach().clone().requires_grad_()
    g = minigrad.tensor(np.arange(12.0, dtype=np.float32).reshape(3, 4)).T / 10
    p.grad, q.grad = g, g.contiguous()
    for each in (p, q):
        optimizer = kind([each], lr=0.1, **options)
        optimizer.step()
        optimizer.step()
    np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())
    np.testing.assert_array_equal(whole[:, 1::2].numpy(), np.arange(24.0).reshape(4, 6)[:, 1::2])


@pytest.mark.parametrize("kind", EVERY)
def test_parameters_without_a_gradient_stay(kind):
    p, q = parameter(2, 2), with_gradient(2, 2)
    optimizer = kind([p, q])
    optimizer.step()
    np.testing.assert_array_equal(p.detach().numpy(), 1.0)
    assert q[0, 0].item() < 1
    if kind is not optim.Adagrad:  # which makes its state at once, as in PyTorch
        assert p not in optimizer.state


def test_a_step_uses_the_arrays_that_the_parameter_has_now():
    p = with_gradient(2)
    optimizer = optim.SGD([p], lr=1.0, momentum=0.9)
    optimizer.step()
    p.data = minigrad.full((2,), 7.0)
    optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), 7.0 - 0.95)


def test_a_step_uses_the_state_that_the_user_set():
    p = with_gradient(2)
    optimizer = optim.SGD([p], lr=1.0, momentum=0.9)
    optimizer.step()
    optimizer.state[p]["momentum_buffer"] = minigrad.zeros(2)
    optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), 0.0, atol=1e-7)
    optimizer.state.clear()
    optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), -0.5)


def test_the_first_velocity_is_a_copy_of_the_gradient():
    p = with_gradient(2)
    optimizer = optim.SGD([p], lr=1.0, momentum=0.9)
    optimizer.step()
    p.grad.zero_()
    np.testing.assert_array_equal(optimizer.state[p]["momentum_buffer"].numpy(), 0.5)


def test_a_step_invalidates_a_graph_that_needs_the_old_value():
    p = with_gradient(2)
    loss = (p * p).sum()
    optim.SGD([p], lr=0.1).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.RMSprop])
def test_a_gradient_or_state_of_another_size_is_refused(kind):
    p = with_gradient(3)
    optimizer = kind([p], **({} if kind is optim.Adam else {"momentum": 0.9}))
    optimizer.step()
    for name in optimizer.state[p]:
        if name != "step":
            optimizer.state[p][name] = minigrad.zeros(2)
    with pytest.raises(ValueError):  # noqa: PT011 - NumPy's words where there is no kernel
        optimizer.step()


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.NAdam, optim.Rprop, optim.ASGD, optim.Adafactor])
def test_large_parameters_small_ones_and_strided_ones_step_alike(kind):
    rng = np.random.default_rng(0)
    values, gradients = rng.normal(size=(2, 300, 301)).astype(np.float32), rng.normal(size=(3, 300, 301))
    whole = [minigrad.tensor(value.T.copy()).T for value in values]  # transposed in memory
    large = [minigrad.tensor(value) for value in values]
    small = [minigrad.tensor(row) for row in values[0]]
    for group in (whole, large, small):
        for p in group:
            p.requires_grad_()
    optimizers = [kind(group) for group in (whole, large, small)]
    for g in gradients.astype(np.float32):
        for p, q in zip(whole, large, strict=True):
            p.grad, q.grad = minigrad.tensor(g), minigrad.tensor(g)
        for k, p in enumerate(small):
            p.grad = minigrad.tensor(g[k])
        for optimizer in optimizers:
            optimizer.step()
    for p, q in zip(whole, large, strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())
    if kind is not optim.Adafactor:  # which treats vectors in another way
        np.testing.assert_array_equal(np.stack([p.detach().numpy() for p in small]), large[0].detach().numpy())


def test_parameters_of_several_dtypes_and_ages_step_together():
    p, q, r = with_gradient(2), with_gradient(2, dtype=minigrad.float64), with_gradient(2)
    for kind, options in FUSED:
        optimizer = kind([p, q, r], **options)
        twins = [each.detach().clone().requires_grad_() for each in (p, q, r)]
        alone = [kind([twin], **options) for twin in twins]
        for round_ in range(3):
            r.grad = None if round_ == 0 else minigrad.full((2,), 0.5)
            optimizer.step()
            for twin, each, original in zip(twins, alone, (p, q, r), strict=True):
                twin.grad = original.grad
                each.step()
        for twin, original in zip(twins, (p, q, r), strict=True):
            np.testing.assert_array_equal(twin.detach().numpy(), original.detach().numpy())


def test_gradients_that_are_not_numbers_reach_the_parameter_without_a_warning():
    p = with_gradient(2)
    p.grad = minigrad.tensor([float("nan"), float("inf")])
    for kind in (optim.SGD, optim.Adam, optim.Adagrad):
        kind([p]).step()
    assert not np.isfinite(p.detach().numpy()).any()


def test_a_tensor_is_accepted_as_the_learning_rate():
    for kind in EVERY:
        p, q = with_gradient(2, 2), with_gradient(2, 2)
        kind([p], lr=minigrad.tensor(0.25)).step()
        kind([q], lr=0.25).step()
        np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())


def test_closures_run_with_gradients_and_their_loss_is_returned():
    p = parameter(2)
    optimizer = optim.SGD([p], lr=0.1)

    def closure():
        assert minigrad.is_grad_enabled()
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with minigrad.no_grad():
        assert optimizer.step(closure).item() == 2.0
    np.testing.assert_allclose(p.detach().numpy(), 0.8)
    assert optimizer.step() is None


def test_zero_grad_drops_or_clears_the_gradients():
    p = with_gradient(2)
    optimizer = optim.SGD([p])
    gradient = p.grad
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is gradient
    np.testing.assert_array_equal(gradient.numpy(), 0.0)
    optimizer.zero_grad()
    assert p.grad is None


@pytest.mark.parametrize(("kind", "options"), FUSED)
@pytest.mark.parametrize("extra", [{}, {"weight_decay": 0.1}, {"maximize": True}])
@pytest.mark.parametrize("dtype", [minigrad.float16, minigrad.float32, minigrad.float64])
def test_the_fused_step_is_the_formula(kind, options, extra, dtype):
    rng = np.random.default_rng(0)
    values, gradients = rng.normal(size=(5, 7)), rng.normal(size=(30, 5, 7))
    found = []
    if dtype == minigrad.float16 and kind is not optim.SGD:
        extra = {"eps": 1e-2, "betas": (0.9, 0.9), **extra}  # the defaults vanish in half precision
    for is_fused in (True, False):
        p = minigrad.tensor(values, dtype=dtype, requires_grad=True)
        optimizer = kind([p], lr=0.05, **options, **extra)
        for gradient in gradients:
            p.grad = minigrad.tensor(gradient, dtype=dtype)
            if is_fused:
                optimizer.step()
            else:
                optim.Optimizer.update_group(optimizer, optimizer.param_groups[0])
        found.append([p, *(each for _, each in sorted(optimizer.state[p].items()))])
    rtol = {2: 0.1, 4: 2e-5, 8: 1e-12}[dtype.itemsize]  # the kernel computes half precision in single precision
    for fused, formula in zip(*found, strict=True):
        np.testing.assert_allclose(fused.detach().numpy(), formula.detach().numpy(), rtol=rtol, atol=rtol)


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.RMSprop])
def test_a_differentiable_step_is_part_of_the_graph(kind):
    start = minigrad.tensor([1.0, -2.0, 0.5], dtype=minigrad.float64, requires_grad=True)

    def last_loss(start):
        p = start.clone()
        optimizer = kind([p], lr=0.1, differentiable=True)
        q = p.clone()  # the step changes p in place
        p.grad = q * q + 1
        optimizer.step()
        return (p**3).sum()

    assert minigrad.autograd.gradcheck(last_loss, (start,))
