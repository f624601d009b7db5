"""Optimizers and schedulers beside PyTorch's: trajectories, states, layouts, texts, sequences of rates."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest

import minigrad
from minigrad import optim

torch = pytest.importorskip("torch")

STEPS = 100
SHAPES = [(3, 4), (4,), (2, 1, 3), (1,)]
OPTIONS = {
    "SGD": [
        {}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"momentum": 0.9, "dampening": 0.3},
        {"weight_decay": 0.1}, {"momentum": 0.5, "weight_decay": 0.1, "maximize": True, "nesterov": True},
    ],
    "Adam": [
        {}, {"betas": (0.3, 0.6)}, {"amsgrad": True}, {"weight_decay": 0.1}, {"maximize": True}, {"eps": 0.1},
        {"weight_decay": 0.1, "decoupled_weight_decay": True, "amsgrad": True},
    ],
    "AdamW": [{}, {"weight_decay": 0.3, "amsgrad": True, "maximize": True}],
    "Adamax": [{}, {"weight_decay": 0.1, "maximize": True, "betas": (0.5, 0.9)}, {"eps": 0.1, "betas": (0.3, 0.5)}],
    "NAdam": [
        {}, {"weight_decay": 0.1}, {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True},
        {"momentum_decay": 0.1, "betas": (0.4, 0.7), "eps": 0.1},
    ],
    "RAdam": [
        {}, {"betas": (0.8, 0.9)}, {"weight_decay": 0.1, "decoupled_weight_decay": True}, {"weight_decay": 0.2},
        {"maximize": True, "eps": 0.1, "betas": (0.4, 0.99)},
    ],
    "Adagrad": [{}, {"lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5}, {"maximize": True}],
    "Adadelta": [{}, {"rho": 0.5, "weight_decay": 0.1, "maximize": True}, {"eps": 0.1, "lr": 0.3}],
    "RMSprop": [{}, {"centered": True}, {"momentum": 0.9}, {"centered": True, "momentum": 0.5, "weight_decay": 0.1},
                {"alpha": 0.3, "eps": 0.1, "maximize": True, "centered": True}],
    "Rprop": [{}, {"etas": (0.3, 1.1), "step_sizes": (1e-3, 0.1), "maximize": True}],
    "ASGD": [{}, {"t0": 10, "weight_decay": 0.1, "lambd": 1e-2}, {"t0": 2, "alpha": 0.5, "maximize": True}],
    "Adafactor": [{}, {"weight_decay": 0.1, "d": 2.0, "eps": (1e-5, 1e-2), "maximize": True}],
}  # fmt: skip
CASES = [pytest.param(name, each, id=f"{name}-{k}") for name, all_ in OPTIONS.items() for k, each in enumerate(all_)]
NAMES = [*OPTIONS, "Muon", "LBFGS"]


def pair(name, dtype, shapes=SHAPES, **options):
    """Return the same optimizer of both libraries on the same parameters."""
    rng = np.random.default_rng(1)
    values = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    theirs = [torch.tensor(value, requires_grad=True) for value in values]
    ours = [minigrad.tensor(value, requires_grad=True) for value in values]
    return getattr(torch.optim, name)(theirs, **options), getattr(optim, name)(ours, **options)


def step(pair_, seed):
    """Give both optimizers the same random gradients and let them step."""
    theirs, ours = pair_
    for k, (p, q) in enumerate(zip(parameters(theirs), parameters(ours), strict=True)):
        g = np.random.default_rng([seed, k]).normal(size=tuple(p.shape)) + 0.1
        p.grad = torch.tensor(g, dtype=p.dtype)
        q.grad = minigrad.tensor(g.astype(q.detach().numpy().dtype))
    theirs.step()
    ours.step()


def parameters(optimizer):
    return [p for group in optimizer.param_groups for p in group["params"]]


def compare(pair_, rtol):
    theirs, ours = pair_
    for p, q in zip(parameters(theirs), parameters(ours), strict=True):
        close(p, q, rtol)
        for name, value in theirs.state[p].items():
            close(value, ours.state[q][name], rtol)


def close(theirs, ours, rtol):
    theirs, ours = theirs.detach().numpy(), ours.detach().numpy()
    assert (theirs.shape, theirs.dtype) == (ours.shape, ours.dtype)
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol * max(1e-3, np.abs(theirs).max(initial=0)))


def to_minigrad(value):
    """Return a nested checkpoint with PyTorch's tensors replaced by ours."""
    if isinstance(value, torch.Tensor):
        return minigrad.tensor(value.detach().numpy())
    if isinstance(value, dict):
        return {key: to_minigrad(each) for key, each in value.items()}
    return type(value)(map(to_minigrad, value)) if isinstance(value, (list, tuple)) else value


def to_torch(value):
    """Return a nested checkpoint with our tensors replaced by PyTorch's."""
    if isinstance(value, minigrad.Tensor):
        return torch.tensor(value.detach().numpy())
    if isinstance(value, dict):
        return {key: to_torch(each) for key, each in value.items()}
    return type(value)(map(to_torch, value)) if isinstance(value, (list, tuple)) else value


def layout(value):
    """Return a checkpoint with tensors replaced by dtype and shape, and dictionaries by lists that keep the order."""
    if isinstance(value, (torch.Tensor, minigrad.Tensor)):
        return "tensor", str(value.dtype), tuple(value.shape)
    if isinstance(value, dict):
        return [(key, layout(each)) for key, each in value.items()]
    return [layout(each) for each in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_parameters_and_state_after_100_steps(name, options, dtype):
    both = pair(name, dtype, **options)
    for seed in range(STEPS):
        step(both, seed)
    # NAdam keeps a product, and ASGD its rate, in single precision in both libraries.
    rtol = 2e-6 if dtype == "float32" or name in ("NAdam", "ASGD") else 1e-12
    compare(both, rtol)


def test_muon_agrees_up_to_bfloat16():
    both = pair("Muon", "float32", [(4, 6), (6, 3)], lr=0.1)
    for seed in range(5):
        step(both, seed)
    for p, q in zip(parameters(both[0]), parameters(both[1]), strict=True):
        np.testing.assert_allclose(q.detach().numpy(), p.detach().numpy(), atol=0.02)


@pytest.mark.parametrize("line_search", [None, "strong_wolfe"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lbfgs_takes_the_same_path(line_search, dtype):
    both = pair(
        "LBFGS", dtype, [(3,), (2, 2)], lr=0.1 if line_search is None else 1, line_search_fn=line_search, max_iter=6
    )
    losses = []
    for optimizer in both:
        p, q = parameters(optimizer)

        def closure(optimizer=optimizer, p=p, q=q):
            optimizer.zero_grad()
            loss = (p**4).sum() + (p * p * 3).sum() + ((q * q).sum() - 2) ** 2 + (q.sum() - p.sum()) ** 2
            loss.backward()
            return loss.detach()

        losses.append([float(optimizer.step(closure)) for _ in range(4)])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-3 if dtype == "float32" else 1e-9, atol=1e-9)
    theirs, ours = (optimizer.state_dict()["state"][0] for optimizer in both)
    assert list(ours) == list(theirs)
    assert ours["func_evals"] == theirs["func_evals"]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_state_dicts_have_the_same_layout(name, options):
    theirs, ours = both = pair(name, "float32", **options)
    assert layout(ours.state_dict()) == layout(theirs.state_dict())
    step(both, 0)
    assert layout(ours.state_dict()) == layout(theirs.state_dict())


@pytest.mark.parametrize(("name", "options"), CASES)
def test_checkpoints_are_exchanged(name, options):
    theirs, ours = both = pair(name, "float64", **options)
    for seed in range(5):
        step(both, seed)
    ours.load_state_dict(to_minigrad(theirs.state_dict()))
    for seed in range(5, 10):
        step(both, seed)
    theirs.load_state_dict(to_torch(ours.state_dict()))
    for seed in range(10, 15):
        step(both, seed)
    compare(both, 1e-6 if name in ("NAdam", "ASGD") else 1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_an_optimizer_prints_the_same_and_takes_the_same_arguments(name):
    theirs, ours = pair(name, "float32", [(2, 3)])
    assert repr(ours) == repr(theirs)
    assert ours.defaults == theirs.defaults
    assert list(ours.defaults) == list(theirs.defaults)
    signatures = [inspect.signature(getattr(module, name)).parameters.values() for module in (torch.optim, optim)]
    theirs_, ours_ = ([(p.name, p.kind, p.default) for p in signature] for signature in signatures)
    assert ours_ == theirs_


@pytest.mark.parametrize("lr", [0.1, 1, "tensor"])
def test_a_group_prints_its_rate_as_pytorch_does(lr):
    found = []
    for library in (torch, minigrad):
        p = library.ones(2, requires_grad=True)
        rate = library.tensor(0.1) if lr == "tensor" else lr
        found.append(repr(library.optim.Adam([("w", p)], lr=rate)))
    assert found[0] == found[1]


@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.1}, {"maximize": True}])
def test_a_differentiable_step_has_the_same_gradient(options):
    found = []
    for library in (torch, minigrad):
        start = library.tensor([1.0, -2.0, 0.5], dtype=library.float64, requires_grad=True)
        p = start.clone()
        optimizer = library.optim.SGD([p], lr=0.1, differentiable=True, **options)
        for _ in range(3):
            p.grad = p.clone() * p.clone()
            optimizer.step()
        (p * p).sum().backward()
        found.append(start.grad.numpy())
    np.testing.assert_allclose(found[1], found[0], rtol=1e-12)


# Schedulers.


def sequential(s, o, *parts, milestones):
    return s.SequentialLR(o, [part(s, o) for part in parts], milestones=milestones)


SCHEDULERS = {
    "StepLR": lambda s, o: s.StepLR(o, 7, gamma=0.3),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [3, 20, 20, 41], gamma=0.3),
    "ConstantLR": lambda s, o: s.ConstantLR(o, 0.3, 11),
    "LinearLR": lambda s, o: s.LinearLR(o, 0.3, 0.7, 11),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.93),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o, 33, 1.7),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 13, eta_min=0.01),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 5, 2, eta_min=0.01),
    "LambdaLR": lambda s, o: s.LambdaLR(o, [lambda t: 1 / (1 + t), lambda t: 0.9**t]),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda t: 0.9 + t / 1000),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, [1.0, 0.5], total_steps=61),
    "OneCycleLR-linear": lambda s, o: s.OneCycleLR(o, 1.0, epochs=6, steps_per_epoch=11, anneal_strategy="linear"),
    "OneCycleLR-three": lambda s, o: s.OneCycleLR(o, 1.0, 61, three_phase=True, div_factor=10, base_momentum=0.7),
    "CyclicLR": lambda s, o: s.CyclicLR(o, 0.1, [0.5, 0.9], step_size_up=4, step_size_down=7),
    "CyclicLR-triangular2": lambda s, o: s.CyclicLR(o, [0.1, 0.2], 0.5, step_size_up=4, mode="triangular2"),
    "CyclicLR-exp": lambda s, o: s.CyclicLR(o, 0.1, 0.5, step_size_up=4, mode="exp_range", gamma=0.97),
    "CyclicLR-custom": lambda s, o: s.CyclicLR(o, 0.1, 0.5, 4, scale_fn=lambda x: 1 / x, cycle_momentum=False),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 5), s.CosineAnnealingLR(o, 9)]),
    "SequentialLR": lambda s, o: sequential(
        s, o,
        lambda s, o: s.LinearLR(o, 0.1, total_iters=5), lambda s, o: s.ExponentialLR(o, 0.9),
        lambda s, o: s.CosineAnnealingLR(o, 10), milestones=[5, 20],
    ),
    "SequentialLR-restarts": lambda s, o: sequential(
        s, o,
        lambda s, o: s.StepLR(o, 3), lambda s, o: s.PolynomialLR(o, 20),
        lambda s, o: s.LambdaLR(o, lambda t: 1 / (t + 1)), milestones=[10, 30],
    ),
    "SequentialLR-chained": lambda s, o: sequential(
        s, o,
        lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 5), s.ExponentialLR(o, 0.9)]),
        lambda s, o: s.ExponentialLR(o, 0.5), milestones=[10],
    ),
}  # fmt: skip


def optimizers(name="SGD", **options):
    """Return the same optimizer with two groups, of both libraries."""
    made = []
    for library in (torch, minigrad):
        groups = [{"params": [library.ones(1, requires_grad=True)], **each} for each in ({}, {"lr": 0.02})]
        made.append(getattr(library.optim, name)(groups, lr=0.5, **options))
    return made


def scheduler_pair(name, *args, **options):
    with warnings.catch_warnings():
        # A chain of schedulers that is made inside a sequence is stepped before the optimizer, in PyTorch too.
        warnings.simplefilter("ignore")
        return [
            SCHEDULERS[name](library.optim.lr_scheduler, optimizer)
            for library, optimizer in zip((torch, minigrad), optimizers(*args, **options), strict=True)
        ]


def plain(state):
    """Return a scheduler's state with what only prints differently made alike."""
    if isinstance(state, dict):
        return [(key, plain(value)) for key, value in state.items() if key not in ("optimizer",)]
    return [plain(each) for each in state] if isinstance(state, (list, tuple)) else state


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_sixty_epochs_have_the_same_rates(name, kind):
    theirs, ours = scheduler_pair(name, kind, **({"momentum": 0.9} if kind == "SGD" else {}))
    option = "momentum" if kind == "SGD" else "betas"
    for _ in range(60):
        assert ours.get_last_lr() == theirs.get_last_lr()
        for mine, yours in zip(ours.optimizer.param_groups, theirs.optimizer.param_groups, strict=True):
            assert (mine["lr"], mine[option]) == (yours["lr"], yours[option])
        for each in (theirs, ours):
            each.optimizer.step()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                each.step()


@pytest.mark.parametrize("name", SCHEDULERS)
def test_scheduler_states_have_the_same_layout_and_are_exchanged(name):
    theirs, ours = scheduler_pair(name, momentum=0.9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for each in (theirs, ours):
            for _ in range(8):
                each.step()
        assert plain(ours.state_dict()) == plain(theirs.state_dict())
        again = scheduler_pair(name, momentum=0.9)[1]
        again.load_state_dict(theirs.state_dict())
        again.optimizer.load_state_dict(ours.optimizer.state_dict())
        for _ in range(20):
            theirs.step()
            again.step()
            assert again.get_last_lr() == theirs.get_last_lr()


@pytest.mark.parametrize(
    "name",
    ["StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR", "CosineAnnealingLR",
     "CosineAnnealingWarmRestarts", "LambdaLR", "MultiplicativeLR"],
)  # fmt: skip
def test_going_to_an_epoch_gives_the_same_rates(name):
    theirs, ours = scheduler_pair(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for epoch in (3, 11, 12, 30):
            theirs.step(epoch)
            ours.step(epoch)
            assert ours.get_last_lr() == theirs.get_last_lr()


RESUMED = {
    "StepLR": {"step_size": 5},
    "MultiStepLR": {"milestones": [5, 10, 12]},
    "ConstantLR": {"total_iters": 10},
    "LinearLR": {"total_iters": 13},
    "ExponentialLR": {"gamma": 0.9},
    "PolynomialLR": {"total_iters": 13},
    "CosineAnnealingLR": {"T_max": 7},
    "CosineAnnealingWarmRestarts": {"T_0": 4},
    "LambdaLR": {"lr_lambda": lambda t: 1 / (1 + t)},
    "MultiplicativeLR": {"lr_lambda": lambda t: 0.9},
}


@pytest.mark.parametrize("name", RESUMED)
def test_resuming_after_an_epoch_gives_the_same_rates(name):
    found = []
    for library, optimizer in zip((torch, minigrad), optimizers(), strict=True):
        for group in optimizer.param_groups:
            group["initial_lr"] = 0.7
        scheduler = getattr(library.optim.lr_scheduler, name)(optimizer, **RESUMED[name], last_epoch=9)
        seen = []
        for _ in range(12):
            seen.append(list(scheduler.get_last_lr()))
            optimizer.step()
            scheduler.step()
        found.append(seen)
    assert found[1] == found[0]


@pytest.mark.parametrize(
    "options",
    [{}, {"mode": "max", "threshold_mode": "abs", "threshold": 0.05}, {"patience": 2, "cooldown": 3, "min_lr": 0.05},
     {"factor": 0.9, "patience": 0, "min_lr": [0.3, 0.01], "eps": 1e-3}],
)  # fmt: skip
def test_plateau_reduces_at_the_same_epochs(options):
    theirs, ours = (
        library.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
        for library, optimizer in zip((torch, minigrad), optimizers(), strict=True)
    )
    rng = np.random.default_rng(3)
    for t in range(60):
        metric = float(np.exp(-t / 10) + 0.2 * rng.normal())
        theirs.step(metric)
        ours.step(metric)
        assert ours.get_last_lr() == theirs.get_last_lr()
    assert plain(ours.state_dict()) == plain(theirs.state_dict())


@pytest.mark.parametrize(
    "make",
    [
        lambda library, p: library.optim.SGD(p),
        lambda library, p: library.optim.SGD([]),
        lambda library, p: library.optim.SGD([3]),
        lambda library, p: library.optim.SGD([p * 2]),
        lambda library, p: library.optim.SGD([{"params": {p}}]),
        lambda library, p: library.optim.SGD([{"lr": 3}]),
        lambda library, p: library.optim.SGD([{"params": [p]}, {"params": [p]}]),
        lambda library, p: library.optim.SGD([("w", p), p]),
        lambda library, p: library.optim.SGD([p, ("w", p)]),
        lambda library, p: library.optim.SGD([p]).add_param_group([p]),
        lambda library, p: library.optim.SGD([p], lr=-1, nesterov=True),
        lambda library, p: library.optim.SGD([p], nesterov=True),
        lambda library, p: library.optim.SGD([p], lr=library.ones(2)),
        lambda library, p: library.optim.SGD([p], fused=True, foreach=True),
        lambda library, p: library.optim.SGD([p], fused=True, differentiable=True),
        lambda library, p: library.optim.SGD([p]).load_state_dict({"state": {}, "param_groups": []}),
        lambda library, p: library.optim.SGD([p]).load_state_dict({"state": {}, "param_groups": [{"params": [0, 1]}]}),
        lambda library, p: library.optim.Adam([p], eps=-1.0),
        lambda library, p: library.optim.Adam([p], betas=(1.5, 0.9)),
        lambda library, p: library.optim.Adam([p], betas=(0.5, 1.0)),
        lambda library, p: library.optim.Adam([p], betas=(0, 0.9)),
        lambda library, p: library.optim.Adam([p], lr=library.tensor(0.1), foreach=True),
        lambda library, p: library.optim.AdamW([p], weight_decay=-1),
        lambda library, p: library.optim.Adadelta([p], rho=2),
        lambda library, p: library.optim.Adagrad([p], initial_accumulator_value=-2),
        lambda library, p: library.optim.NAdam([p], momentum_decay=-2),
        lambda library, p: library.optim.RMSprop([p], momentum=-2),
        lambda library, p: library.optim.Rprop([p], etas=(1.5, 2)),
        lambda library, p: library.optim.ASGD([p], lr=-2),
        lambda library, p: library.optim.LBFGS([p], lr=-2),
        lambda library, p: library.optim.Adafactor([p], lr=-2),
        lambda library, p: library.optim.Adafactor([p], eps=(-1, 1)),
        lambda library, p: library.optim.Adafactor([p], beta2_decay=1),
        lambda library, p: library.optim.Muon([p], weight_decay=-2),
        lambda library, p: library.optim.Muon([p], adjust_lr_fn="x"),
        lambda library, p: library.optim.Muon([library.ones(2, requires_grad=True)]),
        lambda library, p: library.optim.lr_scheduler.StepLR(p, 3),
        lambda library, p: library.optim.lr_scheduler.StepLR(library.optim.SGD([p]), 3, last_epoch=3),
        lambda library, p: library.optim.lr_scheduler.OneCycleLR(library.optim.Adagrad([p]), 1.0, 10),
        lambda library, p: library.optim.lr_scheduler.ReduceLROnPlateau(library.optim.SGD([p]), "best"),
    ],
)
def test_errors_are_the_same(make):
    found = []
    for library in (torch, minigrad):
        p = library.ones((2, 3), requires_grad=True)
        with pytest.raises(Exception) as caught:  # noqa: PT011 - compared below
            make(library, p)
        found.append((type(caught.value), str(caught.value)))
    assert found[0] == found[1]
