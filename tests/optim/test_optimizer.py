"""What all optimizers share: groups, state dicts, hooks, errors, and how a step treats its tensors."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest

import minigrad
from minigrad import optim

EVERY = [
    optim.SGD, optim.Adam, optim.AdamW, optim.Adamax, optim.NAdam, optim.RAdam, optim.Adagrad, optim.Adadelta,
    optim.RMSprop, optim.Rprop, optim.ASGD, optim.Adafactor, optim.Muon,
]  # fmt: skip
FUSED = [
    (optim.SGD, {}), (optim.SGD, {"momentum": 0.9}), (optim.SGD, {"momentum": 0.9, "nesterov": True}),
    (optim.SGD, {"momentum": 0.9, "dampening": 0.5}), (optim.Adam, {}), (optim.AdamW, {"amsgrad": True}),
]  # fmt: skip


def parameter(*shape, value=1.0, dtype=None):
    return minigrad.full(shape, value, dtype=dtype or minigrad.float32, requires_grad=True)


def with_gradient(*shape, value=1.0, dtype=None):
    p = parameter(*shape, value=value, dtype=dtype)
    p.grad = minigrad.full(shape, 0.5, dtype=p.dtype)
    return p


# Groups.


def test_options_of_a_group_stand_over_the_defaults():
    p, q = parameter(2), parameter(3)
    optimizer = optim.SGD([{"params": p}, {"params": [q], "lr": 0.5}], lr=0.1, momentum=0.9)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5]
    assert [group["momentum"] for group in optimizer.param_groups] == [0.9, 0.9]
    assert optimizer.param_groups[0]["params"] == [p]


def test_a_generator_of_parameters_is_read_once():
    optimizer = optim.SGD((parameter(2) for _ in range(3)), lr=0.1)
    assert len(optimizer.param_groups[0]["params"]) == 3


def test_each_group_steps_by_its_own_options():
    p, q = with_gradient(2), with_gradient(2)
    optim.SGD([{"params": [p]}, {"params": [q], "lr": 1.0}], lr=0.1).step()
    np.testing.assert_allclose(p.detach().numpy(), 0.95)
    np.testing.assert_allclose(q.detach().numpy(), 0.5)


def test_changing_the_rate_of_a_group_changes_the_next_step():
    p = with_gradient(2)
    optimizer = optim.SGD([p], lr=0.1)
    optimizer.param_groups[0]["lr"] = 1.0
    optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), 0.5)


def test_named_parameters_keep_their_names():
    optimizer = optim.SGD([("w", parameter(2)), ("b", parameter(1))], lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["w", "b"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["w", "b"]


def test_a_group_may_be_added_later():
    p, q = with_gradient(2), with_gradient(2)
    optimizer = optim.Adam([p])
    optimizer.step()
    optimizer.add_param_group({"params": q, "lr": 0.5})
    optimizer.step()
    assert q[0].item() == pytest.approx(0.5, rel=1e-5)


P = parameter(2)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: optim.SGD(P), TypeError, "params argument given to the optimizer should be an iterable of Tensors or "
         "dicts, but got torch.FloatTensor"),
        (lambda: optim.SGD([]), ValueError, "optimizer got an empty parameter list"),
        (lambda: optim.SGD([3]), TypeError, "optimizer can only optimize Tensors, but one of the params is int"),
        (lambda: optim.SGD([np.ones(2)]), TypeError, "but one of the params is numpy.ndarray"),
        (lambda: optim.SGD([P * 2]), ValueError, "can't optimize a non-leaf Tensor"),
        (lambda: optim.SGD([{"params": {P}}]), TypeError, "optimizer parameters need to be organized in ordered"),
        (lambda: optim.SGD([{"params": [P]}, {"params": [P]}]), ValueError, "some parameters appear in more than one"),
        (lambda: optim.SGD([("w", P), parameter(1)]), ValueError, "Some param names are missing"),
        (lambda: optim.SGD([{"params": [("w", P)]}, {"params": [parameter(1)]}]), ValueError,
         "cannot add param group without names to the optimizer"),
        (lambda: optim.SGD([P]).add_param_group([P]), TypeError, "param_group must be a dict, but got <class 'list'>"),
        (lambda: optim.SGD([P], lr=-1), ValueError, "Invalid learning rate: -1"),
        (lambda: optim.SGD([P], lr=minigrad.ones(2)), ValueError, "Tensor lr must be 1-element"),
        (lambda: optim.SGD([P], momentum=-0.5), ValueError, "Invalid momentum value: -0.5"),
        (lambda: optim.SGD([P], weight_decay=-1), ValueError, "Invalid weight_decay value: -1"),
        (lambda: optim.SGD([P], nesterov=True), ValueError, "Nesterov momentum requires a momentum and zero dampening"),
        (lambda: optim.SGD([P], fused=True, foreach=True), RuntimeError, "`fused` and `foreach` cannot be `True`"),
        (lambda: optim.Adam([P], fused=True, differentiable=True), RuntimeError, "`fused` does not support"),
        (lambda: optim.Adam([P], lr=float("nan")), ValueError, "Invalid learning rate: nan"),
        (lambda: optim.Adam([P], eps=-1), ValueError, "Invalid epsilon value: -1"),
        (lambda: optim.Adam([P], betas=(1.0, 0.9)), ValueError, "Invalid beta parameter at index 0: 1.0"),
        (lambda: optim.Adam([P], betas=(0.5, -1.0)), ValueError, "Invalid beta parameter at index 1: -1.0"),
        (lambda: optim.Adam([P], betas=(0, 0.9)), ValueError, "betas must be either both floats or both Tensors"),
        (lambda: optim.Adam([P], lr=minigrad.tensor(0.1), foreach=True), ValueError, "lr as a Tensor is not supported"),
        (lambda: optim.Adadelta([P], rho=1.5), ValueError, "Invalid rho value: 1.5"),
        (lambda: optim.Adagrad([P], lr_decay=-1), ValueError, "Invalid lr_decay value: -1"),
        (lambda: optim.NAdam([P], momentum_decay=-1), ValueError, "Invalid momentum_decay value: -1"),
        (lambda: optim.RMSprop([P], alpha=-1), ValueError, "Invalid alpha value: -1"),
        (lambda: optim.Rprop([P], etas=(0.5, 0.9)), ValueError, "Invalid eta values: 0.5, 0.9"),
        (lambda: optim.LBFGS([{"params": [P]}, {"params": [parameter(1)]}]), ValueError,
         "LBFGS doesn't support per-parameter options (parameter groups)"),
        (lambda: optim.Adafactor([P], d=0.5), ValueError, "Clipping threshold d should be >= 1 but is: 0.5"),
        (lambda: optim.Muon([P]), ValueError, "Muon only supports 2D parameters whereas we found a parameter with"),
        (lambda: optim.Optimizer([P], {"lr": optim.optimizer.required}), ValueError, "didn't specify a value"),
        (lambda: optim.Optimizer([P], {}).step(), NotImplementedError, "neither a formula"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_pytorchs_message(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert message in str(caught.value)


def test_a_parameter_that_is_given_twice_is_warned_of():
    with pytest.warns(UserWarning, match="optimizer contains a parameter group with duplicate parameters"):
        optim.SGD([P, P])


# Steps.


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


# State dicts.


@pytest.mark.parametrize("kind", EVERY)
def test_a_loaded_state_continues_the_run(kind):
    def run(p, optimizer, steps):
        for _ in range(steps):
            p.grad = (p * p + p).detach()
            optimizer.step()

    p = minigrad.tensor([[0.3, -1.0], [2.0, 0.7]], requires_grad=True)
    first = kind([p])
    run(p, first, 3)
    q = p.detach().clone().requires_grad_()
    second = kind([q], lr=123.0)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    run(p, first, 3)
    run(q, second, 3)
    np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())


def test_a_state_dict_numbers_the_parameters_across_groups():
    p, q, r = (with_gradient(2) for _ in range(3))
    optimizer = optim.Adam([{"params": [p, q]}, {"params": [r]}])
    optimizer.step()
    packed = optimizer.state_dict()
    assert [group["params"] for group in packed["param_groups"]] == [[0, 1], [2]]
    assert list(packed["state"]) == [0, 1, 2]
    assert list(packed["state"][2]) == ["step", "exp_avg", "exp_avg_sq"]
    assert list(packed["param_groups"][0])[-1] == "params"


def test_loading_casts_the_state_to_the_parameter_but_not_the_count_of_steps():
    source, target = with_gradient(2), with_gradient(2, dtype=minigrad.float64)
    first, second = optim.Adam([source]), optim.Adam([target])
    first.step()
    second.load_state_dict(first.state_dict())
    assert second.state[target]["exp_avg"].dtype == minigrad.float64
    assert second.state[target]["step"].dtype == minigrad.float32
    second.step()
    assert first.state[source]["step"].item() == 1.0


def test_loading_refuses_other_groups():
    optimizer = optim.SGD([P])
    with pytest.raises(ValueError, match="different number of parameter groups"):
        optimizer.load_state_dict(optim.SGD([{"params": [P]}, {"params": [parameter(1)]}]).state_dict())
    with pytest.raises(ValueError, match="doesn't match the size of optimizer's group"):
        optimizer.load_state_dict(optim.SGD([P, parameter(1)]).state_dict())


def test_steps_that_an_old_file_kept_as_numbers_become_tensors():
    p = with_gradient(2)
    optimizer = optim.Adam([p])
    optimizer.step()
    packed = copy.deepcopy(optimizer.state_dict())
    packed["state"][0]["step"] = 1
    del packed["param_groups"][0]["maximize"]
    optimizer.load_state_dict(packed)
    optimizer.step()
    assert optimizer.state[p]["step"].item() == 2.0


def test_an_optimizer_is_copied_and_pickled_with_its_parameters():
    p = with_gradient(2)
    optimizer = optim.SGD([p], lr=0.1, momentum=0.9)
    optimizer.step()
    for twin in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        (q,) = twin.param_groups[0]["params"]
        assert q is not p
        np.testing.assert_array_equal(q.detach().numpy(), p.detach().numpy())
        q.grad = minigrad.full((2,), 0.5)
        twin.step()
        np.testing.assert_allclose(q.detach().numpy(), 1 - 0.05 - 0.095)
    np.testing.assert_allclose(p.detach().numpy(), 0.95)


# Hooks, and optimizers of the user's own.


def test_step_hooks_see_the_arguments_and_may_replace_them():
    p = with_gradient(2)
    optimizer = optim.SGD([p], lr=0.1)
    seen = []
    before = optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append((o, args, kwargs)))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("after"))
    replace = optimizer.register_step_pre_hook(lambda o, args, kwargs: ((lambda: 3.0,), {}))
    assert optimizer.step() == 3.0
    assert seen == [(optimizer, (), {}), "after"]
    before.remove()
    replace.remove()
    assert optimizer.step() is None
    assert seen[2:] == ["after"]


def test_a_step_hook_that_returns_something_else_is_refused():
    optimizer = optim.SGD([with_gradient(2)])
    optimizer.register_step_pre_hook(lambda *args: 3)
    with pytest.raises(RuntimeError, match="must return None or a tuple of \\(new_args, new_kwargs\\), but got 3"):
        optimizer.step()


def test_global_step_hooks_run_for_every_optimizer():
    seen = []
    handles = [
        optim.optimizer.register_optimizer_step_pre_hook(lambda o, *_: seen.append(type(o))),
        optim.optimizer.register_optimizer_step_post_hook(lambda o, *_: seen.append("after")),
    ]
    optim.SGD([with_gradient(2)]).step()
    optim.Adam([with_gradient(2)]).step()
    for handle in handles:
        handle.remove()
    optim.SGD([with_gradient(2)]).step()
    assert seen == [optim.SGD, "after", optim.Adam, "after"]


def test_state_dict_hooks_run_in_order_and_may_replace_it():
    optimizer = optim.SGD([parameter(2)])
    seen = []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("pre"))
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "extra": 1})
    optimizer.register_load_state_dict_pre_hook(lambda o, state: seen.append(state.pop("extra")))
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append("loaded"))
    packed = optimizer.state_dict()
    optimizer.load_state_dict(packed)
    assert seen == ["first", "pre", 1, "loaded"]
    assert "extra" in packed


def test_a_users_optimizer_may_write_its_own_step():
    class Lion(optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        @minigrad.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    p.sub_(p.grad.sign() * group["lr"])
                    self.state[p]["seen"] = True

    p = with_gradient(2)
    optimizer = Lion([p], lr=0.5)
    calls = []
    optimizer.register_step_post_hook(lambda *_: calls.append(1))
    optimizer.step()
    np.testing.assert_array_equal(p.detach().numpy(), 0.5)
    assert calls == [1]
    assert optimizer.state_dict()["state"] == {0: {"seen": True}}


def test_a_users_optimizer_may_give_a_formula_only():
    class SignDescent(optim.Optimizer):
        def update(self, p, g, state, *, lr):
            state["seen"] = g
            return p - lr * (g > 0)

    p = with_gradient(2)
    SignDescent([p], {"lr": 0.25}).step()
    np.testing.assert_array_equal(p.detach().numpy(), 0.75)


def test_an_optimizer_prints_its_options():
    assert repr(optim.SGD([("w", P)], lr=0.1)) == (
        "SGD (\nParameter Group 0\n    dampening: 0\n    differentiable: False\n    foreach: None\n    fused: None\n"
        "    lr: 0.1\n    maximize: False\n    momentum: 0\n    nesterov: False\n    param_names: ['w']\n"
        "    weight_decay: 0\n)"
    )


def test_groups_are_printed_with_an_empty_line_between_them():
    text = repr(optim.SGD([{"params": [parameter(1)]}, {"params": [parameter(1)], "lr": 0.5}], lr=0.1))
    assert "    weight_decay: 0\n\nParameter Group 1\n" in text


def test_the_layout_of_a_step_is_not_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in EVERY:
            p = parameter(2, 2)
            p.grad = minigrad.zeros(2, 2)
            kind([p]).step()
