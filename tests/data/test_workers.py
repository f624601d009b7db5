"""Worker processes: order, numbers, errors, and that none outlives its use."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import minigrad
from minigrad.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, get_worker_info

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the tests' datasets are sent to workers by fork")


class Own(Dataset):
    """A dataset whose sample is whatever a function says."""

    def __init__(self, size, sample):
        self.size, self.sample = size, sample

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        return self.sample(i)


class Shares(IterableDataset):
    """The numbers below `size`, split among the workers."""

    def __init__(self, size):
        self.size = size

    def __iter__(self):
        info = get_worker_info()
        return iter(range(self.size)) if info is None else iter(range(info.id, self.size, info.num_workers))


def workers(dataset, **options):
    """Make a loader with one worker or more, in batches of two."""
    return DataLoader(dataset, **{"batch_size": 2, "num_workers": 1, "multiprocessing_context": "fork", **options})


def lists(loader):
    """Batches as lists."""
    return [batch.tolist() for batch in loader]


def is_alive(process_id):
    """Whether a process runs (one that ended and was not waited for does not)."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{process_id}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0] != "Z"


def wait_until_gone(process_ids, patience=10.0):
    """Wait for processes to end, and return those that did not."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and any(map(is_alive, process_ids)):
        time.sleep(0.01)
    return [process_id for process_id in process_ids if is_alive(process_id)]


def test_batches_come_in_order_from_processes():
    def slow_at_first(i):
        time.sleep(0.05 if i == 0 else 0)
        return i, os.getpid()

    batches = list(workers(Own(9, slow_at_first), num_workers=2))
    assert [i for indices, _ in batches for i in indices.tolist()] == list(range(9))
    processes = [set(ids.tolist()) for _, ids in batches]
    assert all(len(ids) == 1 for ids in processes)
    assert len(set.union(*processes)) == 2
    assert os.getpid() not in set.union(*processes)
    assert processes[0] == processes[2] != processes[1]


def test_out_of_order_gives_all_batches():
    def slow_at_first(i):
        time.sleep(0.3 if i == 0 else 0)
        return i

    batches = lists(workers(Own(8, slow_at_first), num_workers=2, in_order=False))
    assert sorted(i for batch in batches for i in batch) == list(range(8))
    assert batches[0] != [0, 1]


def test_workers_draw_pytorchs_numbers():
    """The base seed of `manual_seed(7)` is 7 + worker, drawn before the order is."""

    def draw(i):
        return minigrad.rand(1).item(), random.random(), np.random.rand()  # noqa: NPY002

    def run():
        minigrad.manual_seed(7)
        batches = [[column.tolist() for column in batch] for batch in workers(Own(4, draw), num_workers=2)]
        return batches, minigrad.rand(1).item()

    first, second = run(), run()
    assert first == second
    batches, after = first
    minigrad.manual_seed(7)
    base_seed = int(minigrad.empty((), dtype=minigrad.int64).random_().item())
    assert minigrad.rand(1).item() == after
    minigrad.manual_seed(base_seed + 1)
    assert batches[1][0] == [minigrad.rand(1).item() for _ in range(2)]
    assert batches[1][1] == [r.random() for r in [random.Random(base_seed + 1)] for _ in range(2)]


def test_shuffling_with_workers_draws_pytorchs_numbers():
    minigrad.manual_seed(7)
    loader = DataLoader(range(10), batch_size=5, shuffle=True, num_workers=2)
    assert lists(loader) == [[3, 2, 7, 8, 6], [1, 5, 9, 0, 4]]
    assert f"{minigrad.rand(1).item():.4f}" == "0.2328"


def test_worker_info():
    def tell(i):
        info = get_worker_info()
        return info.id, info.num_workers, info.seed, len(info.dataset)

    batches = list(workers(Own(4, tell), num_workers=2))
    assert [batch[0].tolist() for batch in batches] == [[0, 0], [1, 1]]
    assert batches[1][2][0] - batches[0][2][0] == 1
    assert {int(batch[1][0]) for batch in batches} == {2}
    assert {int(batch[3][0]) for batch in batches} == {4}
    assert get_worker_info() is None


def test_worker_init_fn_runs_first_in_each_worker():
    def initialise(worker_id):
        get_worker_info().dataset.offset = 10 * (worker_id + 1)

    dataset = Own(4, lambda i: i + dataset.offset)
    assert lists(workers(dataset, num_workers=2, worker_init_fn=initialise)) == [[10, 11], [22, 23]]


@pytest.mark.parametrize("size", [0, 8, 1 << 12, 1 << 18])
@pytest.mark.parametrize("dtype", [np.float32, np.bool_])
def test_arrays_arrive_as_they_were_sent(size, dtype):
    x = minigrad.from_numpy((np.arange(2 * size).reshape(2, size) % 3).astype(dtype))
    ((batch, text),) = workers(Own(2, lambda i: (x[i], "text")))
    assert batch.dtype == x.dtype
    np.testing.assert_array_equal(batch.numpy(), x.numpy())
    batch += batch
    assert text == ("text", "text")


def test_tensor_datasets_are_loaded_by_workers():
    loader = workers(TensorDataset(minigrad.arange(5), minigrad.arange(10.0).reshape(5, 2)), num_workers=2)
    assert [x.tolist() for x, _ in loader] == [[0, 1], [2, 3], [4]]
    assert [y.tolist() for _, y in loader][2] == [[8, 9]]


def test_iterable_datasets_are_shared_among_workers():
    assert lists(workers(Shares(7), num_workers=2)) == [[0, 2], [1, 3], [4, 6], [5]]
    assert lists(workers(Shares(3), num_workers=2, drop_last=True)) == [[0, 2]]
    assert list(workers(Shares(5), num_workers=2, batch_size=None)) == [0, 1, 2, 3, 4]
    assert lists(workers(Shares(1), num_workers=2)) == [[0]]


def failing(i):
    """Raise at sample 2."""
    if i == 2:
        raise ValueError("sample two is broken")
    return i


def test_an_error_of_a_worker_reaches_the_user():
    batches = iter(workers(Own(6, failing)))
    assert next(batches).tolist() == [0, 1]
    with pytest.raises(ValueError, match="Caught ValueError in DataLoader worker process 0") as caught:
        next(batches)
    text = str(caught.value)
    assert text.startswith(
        "Caught ValueError in DataLoader worker process 0.\nOriginal Traceback (most recent call last):\n"
    )
    assert 'raise ValueError("sample two is broken")' in text
    assert text.endswith("ValueError: sample two is broken\n")
    assert next(batches).tolist() == [4, 5]


def test_a_key_error_stays_readable():
    with pytest.raises(KeyError) as caught:
        list(workers(Own(2, lambda i: {}["missing"])))
    assert str(caught.value).endswith("KeyError: 'missing'\n")
    assert "\n  File" in str(caught.value)


class NeedsTwo(Exception):
    """An exception that a message alone does not make."""

    def __init__(self, first, second):
        super().__init__(first, second)


def test_an_error_that_cannot_be_made_again_is_a_runtime_error():
    def fail(i):
        raise NeedsTwo(1, 2)

    with pytest.raises(RuntimeError, match="Caught NeedsTwo in DataLoader worker process 0"):
        list(workers(Own(2, fail)))

    def fail_locally(i):
        class Local(Exception):
            pass

        raise Local("hidden")

    with pytest.raises(RuntimeError, match="hidden"):
        list(workers(Own(2, fail_locally)))


def test_an_error_of_the_initialiser_reaches_the_user():
    def initialise(worker_id):
        raise ValueError("not ready")

    with pytest.raises(ValueError, match="not ready"):
        list(workers(Own(2, int), worker_init_fn=initialise))


def test_a_sample_that_cannot_be_sent_is_an_error():
    loader = workers(Own(2, lambda i: lambda: i), collate_fn=lambda batch: batch)
    with pytest.raises(Exception, match="in DataLoader worker process 0"):
        list(loader)


@pytest.mark.parametrize("how", ["killed", "exits"])
def test_a_worker_that_dies_is_an_error(how):
    def die(i):
        if i == 2:
            os.kill(os.getpid(), signal.SIGKILL) if how == "killed" else os._exit(3)
        return i

    batches = iter(workers(Own(8, die), num_workers=2))
    next(batches)
    expected = r"is killed by signal: Killed" if how == "killed" else r"exited unexpectedly"
    with pytest.raises(RuntimeError, match=rf"DataLoader worker \(pid.* {expected}"):
        list(batches)
    assert list(batches) == []


def test_waiting_too_long_is_an_error():
    def sleep(i):
        time.sleep(0.4 if i == 2 else 0)
        return i

    batches = iter(workers(Own(4, sleep), timeout=0.1))
    next(batches)
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0\.1 seconds"):
        next(batches)


def process_ids(batches):
    """The workers of an iterator."""
    return [worker.process.pid for worker in batches._workers]


def test_leaving_the_loop_ends_the_workers():
    ids = []
    for batch in workers(Own(1000, lambda i: np.zeros(1 << 16) + os.getpid()), num_workers=2):
        ids.append(int(batch[0, 0]))
        if len(ids) == 2:
            break
    assert len(set(ids)) == 2
    assert wait_until_gone(ids) == []


def test_finishing_the_loop_ends_the_workers():
    batches = iter(workers(Own(4, int), num_workers=2))
    ids = process_ids(batches)
    assert len(list(batches)) == 2
    assert wait_until_gone(ids) == []
    assert next(batches, None) is None


def test_persistent_workers_stay():
    loader = workers(Own(4, lambda i: (i, os.getpid())), num_workers=2, persistent_workers=True)
    epochs = [[tuple(column.tolist()) for column in batch] for _ in range(2) for batch in loader]
    assert epochs[0:2] == epochs[2:4]
    for _ in loader:
        break
    assert [batch[0].tolist() for batch in loader] == [[0, 1], [2, 3]]
    ids = process_ids(iter(loader))
    assert all(map(is_alive, ids))
    del loader
    assert wait_until_gone(ids) == []


def test_persistent_workers_restart_streams_and_survive_errors():
    loader = workers(Shares(5), num_workers=2, persistent_workers=True)
    assert lists(loader) == lists(loader) == [[0, 2], [1, 3], [4]]
    loader = workers(Own(4, failing), persistent_workers=True)
    for _ in range(2):
        with pytest.raises(ValueError, match="sample two is broken"):
            list(loader)


def test_persistent_workers_are_replaced_when_one_died():
    loader = workers(Own(4, int), persistent_workers=True)
    batches = iter(loader)
    os.kill(process_ids(batches)[0], signal.SIGKILL)
    with pytest.raises(RuntimeError, match="DataLoader worker"):
        list(batches)
    del batches
    assert lists(loader) == [[0, 1], [2, 3]]


def test_no_more_is_fetched_ahead_than_asked_for():
    fetched = []

    class Watched:
        def __iter__(self):
            for i in range(20):
                fetched.append(i)
                yield [i]

    batches = iter(DataLoader(range(20), batch_sampler=Watched(), num_workers=1, prefetch_factor=3))
    assert len(fetched) == 3
    next(batches)
    assert len(fetched) == 4


def test_more_workers_than_processors_are_warned_of():
    with pytest.warns(UserWarning, match="This DataLoader will create 1000 worker processes in total"):
        DataLoader([1], num_workers=1000)


SCRIPT = """
import os, time
import minigrad
from minigrad.utils.data import DataLoader, TensorDataset

class Slow:
    def __len__(self):
        return 100
    def __getitem__(self, i):
        time.sleep({sleep})
        return os.getpid()

if __name__ == "__main__":
    batches = iter(DataLoader(Slow(), num_workers=2, multiprocessing_context={method!r}))
    print(int(next(batches)), int(next(batches)), flush=True)
    {then}
"""


def run_script(tmp_path, **fields):
    """Start a program that uses workers, and return it with the numbers of its workers."""
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(SCRIPT).format(**fields))
    program = subprocess.Popen([sys.executable, str(path)], stdout=subprocess.PIPE, text=True)
    return program, [int(number) for number in program.stdout.readline().split()]


def test_a_program_that_ends_leaves_no_worker(tmp_path):
    program, ids = run_script(tmp_path, sleep=0.01, method="fork", then="pass")
    with program:
        assert program.wait(20) == 0
    assert len(ids) == 2
    assert wait_until_gone(ids) == []


def test_a_program_that_is_killed_leaves_no_worker(tmp_path):
    program, ids = run_script(tmp_path, sleep=0.01, method="fork", then="time.sleep(60)")
    with program:
        program.kill()
        program.wait(20)
    assert len(ids) == 2
    assert wait_until_gone(ids) == []


def test_workers_can_be_spawned(tmp_path):
    program, ids = run_script(tmp_path, sleep=0.01, method="spawn", then="pass")
    with program:
        assert program.wait(30) == 0
    assert len(set(ids)) == 2
    assert wait_until_gone(ids) == []
