"""Averaged models beside PyTorch's: means, moving averages, batch normalisation anew, the rate's way down."""

from __future__ import annotations

import pytest

from .both import attempt, same

torch = pytest.importorskip("torch")


def _model(torch):
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.ReLU(), torch.nn.Linear(4, 1))


@same
def test_averages(torch):
    swa, found = torch.optim.swa_utils, []
    for options in (
        {},
        {"avg_fn": swa.get_swa_avg_fn()},
        {"avg_fn": swa.get_ema_avg_fn(0.9), "use_buffers": True},
        {"multi_avg_fn": swa.get_swa_multi_avg_fn()},
        {"use_buffers": True},
        {"multi_avg_fn": swa.get_ema_multi_avg_fn(0.8), "use_buffers": True},
        {"avg_fn": lambda average, current, count: average + current / (count + 1)},
    ):
        torch.manual_seed(0)
        model = _model(torch)
        averaged = swa.AveragedModel(model, **options)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.arange(15.0).sin().reshape(5, 3)).mean().backward()
            optimizer.step()
            averaged.update_parameters(model)
        found.append([averaged.state_dict(), averaged.eval()(torch.ones(2, 3)), repr(averaged)])
    return found


@same
def test_batch_normalisation_is_computed_anew(torch):
    model = _model(torch).eval()
    x = torch.arange(24.0).cos().reshape(8, 3)
    loaders = [torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x), batch_size=4), [x[:3], x[3:]]]
    found = []
    for loader in loaders:
        torch.optim.swa_utils.update_bn(loader, model)
        found += [[model.state_dict(), model.training, model[1].momentum]]
    torch.optim.swa_utils.update_bn([x], torch.nn.Linear(3, 2))
    return found


@same
def test_rates(torch):
    found = []
    for options in ({"swa_lr": 0.05}, {"swa_lr": [0.05, 0.2], "anneal_epochs": 4, "anneal_strategy": "linear"}):
        for epochs in (options.get("anneal_epochs", 10), 0):
            layers = [torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)]
            groups = [{"params": layers[0].parameters()}, {"params": layers[1].parameters(), "lr": 1.0}]
            optimizer = torch.optim.SGD(groups, lr=0.1)
            scheduler = torch.optim.swa_utils.SWALR(optimizer, **{**options, "anneal_epochs": epochs})
            rates = [scheduler.get_last_lr()]
            for _ in range(6):
                optimizer.step()
                scheduler.step()
                rates.append(scheduler.get_last_lr())
            found.append([rates, scheduler.state_dict()])
    return found


@same
def test_refusals(torch):
    swa = torch.optim.swa_utils
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    return [
        attempt(lambda: swa.get_ema_avg_fn(1.5)),
        attempt(lambda: swa.get_ema_multi_avg_fn(-0.5)),
        attempt(lambda: swa.AveragedModel(_model(torch), None, swa.get_swa_avg_fn(), swa.get_swa_multi_avg_fn())),
        attempt(lambda: swa.SWALR(optimizer, 0.1, anneal_strategy="step")),
        attempt(lambda: swa.SWALR(optimizer, 0.1, anneal_epochs=-1)),
        attempt(lambda: swa.SWALR(optimizer, [0.1, 0.2])),
        attempt(lambda: swa.SWALR(3, 0.1)),
    ]
