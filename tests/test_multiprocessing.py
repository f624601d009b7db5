"""Processes that share the memory of tensors."""

from __future__ import annotations

import multiprocessing as python

import pytest

import minigrad
from minigrad import multiprocessing as mp
from minigrad import nn


def write_at(index, tensor):
    tensor[index] = index + 1


def train(index, model):
    optimizer = minigrad.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(20):
        optimizer.zero_grad()
        model(minigrad.ones(4, 2)).pow(2).mean().backward()
        optimizer.step()


def fail(index):
    if index == 1:
        raise ValueError("wrong in the process")


def leave(index):
    raise SystemExit(3)


def double(tensor):
    return tensor * 2


@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_what_processes_write_into_shared_memory_is_seen_here(start_method):
    tensor = minigrad.zeros(2, 2)[:, 0]
    assert not tensor.is_shared()
    assert tensor.share_memory_() is tensor
    assert tensor.is_shared()
    mp.start_processes(write_at, (tensor,), nprocs=2, start_method=start_method)
    assert tensor.tolist() == [1.0, 2.0]


def test_a_shared_module_is_trained_by_another_process():
    minigrad.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 1))
    before = [each.detach().clone() for each in model.parameters()]
    assert model.share_memory() is model
    assert [a.equal(b) for a, b in zip(model.parameters(), before, strict=True)] == [True] * 6
    mp.spawn(train, (model,), nprocs=1)
    assert not model[2].weight.equal(before[4])
    assert model[1].num_batches_tracked.item() == 20
    assert model[2].weight.requires_grad


def test_what_fails_in_a_process_is_raised_here():
    with pytest.raises(
        mp.ProcessRaisedException, match=r"(?s)-- Process 1 terminated .*ValueError: wrong in the process"
    ):
        mp.start_processes(fail, nprocs=2, start_method="fork")
    with pytest.raises(mp.ProcessExitedException, match="process 0 terminated with exit code 3") as caught:
        mp.start_processes(leave, start_method="fork")
    assert (caught.value.exit_code, caught.value.signal_name, caught.value.error_index) == (3, None, 0)


def test_the_names_of_python_are_there_and_tensors_pass_through_pools():
    with mp.get_context("fork").Pool(1) as pool:
        assert pool.apply(double, (minigrad.arange(3),)).tolist() == [0, 2, 4]
    assert mp.Queue().__class__ is python.Queue().__class__
    assert mp.get_sharing_strategy() in mp.get_all_sharing_strategies()
    with pytest.raises(ValueError, match="not by 'file_system'"):
        mp.set_sharing_strategy("file_system")
