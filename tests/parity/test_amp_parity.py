"""Mixed precision where it is off, and the scaler of gradients on the CPU, beside PyTorch's."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from tests.parity.both import attempt, same


@same
def test_autocast_that_is_off_or_cannot_be_on(torch):
    x = torch.ones(2, 2)
    with torch.autocast("cpu", enabled=False), torch.autocast("cuda"):
        y = x @ x
    decorated = torch.amp.autocast("cpu", enabled=False)(lambda x: x + 1)
    return [
        y,
        decorated(x),
        torch.autocast("cpu", dtype=torch.float32)._enabled,
        attempt(lambda: torch.autocast(3)),
        attempt(lambda: torch.autocast("nope"))[:40],
    ]


@same
def test_the_older_names(torch):
    with torch.cuda.amp.autocast():
        y = torch.ones(2) * 2
    return y, torch.cuda.amp.GradScaler().is_enabled(), torch.amp.GradScaler().is_enabled()


@same
def test_a_scaler_that_is_off_hands_everything_through(torch):
    p = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([p], lr=0.1)
    scaler = torch.amp.GradScaler("cuda", enabled=False)
    scaler.scale(p.sum()).backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    return p.detach(), scaler.get_scale(), scaler.state_dict(), scaler.is_enabled()


@same
def test_a_scaler_grows_shrinks_and_leaves_out_infinite_steps(torch):
    p = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([p], lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=2)
    found = []
    for k in range(6):
        optimizer.zero_grad()
        loss = (p * p).sum() * (float("inf") if k == 3 else 1)
        scaler.scale(loss).backward()
        if k == 1:
            scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_([p], 1.0)
        scaler.step(optimizer)
        scaler.update()
        found.append([p.grad.clone(), p.detach().clone(), scaler.get_scale()])
    other = torch.amp.GradScaler("cpu")
    other.load_state_dict(scaler.state_dict())
    scaler.update(2.0)
    return found, other.state_dict(), scaler.get_scale(), scaler.scale([torch.ones(1), (torch.ones(1),)])


@same
def test_refusals_of_a_scaler(torch):
    p = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([p], lr=0.1)
    scaler = torch.amp.GradScaler("cpu")
    found = [attempt(lambda: scaler.step(optimizer)), attempt(lambda: scaler.update())]
    scaler.scale((p * p).sum()).backward()
    found.append(attempt(lambda: scaler.update()))
    scaler.unscale_(optimizer)
    found.append(attempt(lambda: scaler.unscale_(optimizer)))
    scaler.step(optimizer)
    found.append(attempt(lambda: scaler.step(optimizer)))
    found.append(attempt(lambda: scaler.unscale_(optimizer)))
    found.append(attempt(lambda: scaler.scale(3)))
    found.append(attempt(lambda: scaler.load_state_dict({})))
    found.append(attempt(lambda: torch.amp.GradScaler("cpu", growth_factor=0.5)))
    found.append(attempt(lambda: torch.amp.GradScaler("cpu", backoff_factor=1.5)))
    return found
