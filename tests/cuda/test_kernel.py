"""How CUDA kernels take their arguments and are launched."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels.cuda import _kernel, _memory, activation
from tests.cuda.twins import on_device

LOOP = activation._leaky_relu_loop
SINGLE = np.dtype(np.float32)


def test_misfitting_inputs_are_copied():
    x = np.arange(-6, 6, dtype=np.float32)
    for odd in [x[::-1], x.astype(np.float16), x.reshape(3, 4).T, x.astype(np.int16)]:
        out = _kernel.empty(odd.shape, SINGLE)
        LOOP[SINGLE](on_device(odd), 0.5, out)
        np.testing.assert_array_equal(out.get(), np.where(odd > 0, odd, odd * np.float32(0.5)))


def test_misfitting_outputs_are_copied_back():
    base, x = on_device(np.zeros((4, 3), np.float32)), on_device(np.arange(6, dtype=np.float32).reshape(2, 3))
    LOOP[SINGLE](x, 0.5, base[::2])
    np.testing.assert_array_equal(base.get(), [[0, 1, 2], [0, 0, 0], [3, 4, 5], [0, 0, 0]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones(2, np.int64), 0.5, np.ones(2, np.float32)), "was given an array of int64"),
        ((np.ones(2, np.float32), 0.5, np.ones(2, np.int64)), "was given an array of int64"),
        ((np.ones(2, np.float32), 0.5, [0.0, 0.0]), "was given list"),
        ((np.ones(2, np.float32),), "argument 2 is longer"),
    ],
)
def test_arguments_that_cannot_fit_are_type_errors(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        LOOP[SINGLE](*map(on_device, arguments))


def test_results_are_never_written_into_arrays_of_numpy():
    with pytest.raises(TypeError, match="needs an array of the device"):
        LOOP[SINGLE](on_device(np.ones(2, np.float32)), 0.5, np.ones(2, np.float32))


class _Recorder:
    """Stands in for CuPy's module and for its kernel, and notes what is launched."""

    def __init__(self):
        self.launches = []
        self.ndarray, self.cuda = _memory.array_type(), _memory.module().cuda

    def RawModule(self, path):
        return self

    def get_function(self, name):
        return lambda *launch: self.launches.append((name, *launch))


def _recorder(monkeypatch):
    """Let launches be noted from now on."""
    _memory.array_type()
    recorder = _Recorder()
    monkeypatch.setattr(_memory, "module", lambda: recorder)
    monkeypatch.setattr(_kernel.Kernel, "binary", lambda *_: "file.cubin")
    return recorder


def test_a_launch_passes_what_the_compiled_code_takes(monkeypatch):
    x, out = on_device(np.ones((3, 3), np.float32)), on_device(np.zeros((3, 3), np.float32))
    recorder = _recorder(monkeypatch)
    _kernel._OnDevice(LOOP, SINGLE)(x, 0.5, out)
    ((name, grid, block, words),) = recorder.launches
    assert (name, grid, block) == ("_leaky_relu_loop", (1,), (_kernel.THREADS,))
    assert [*words[:4], *words[5:7]] == [0, 0, 9, 4, 9, 4]
    assert [*words[8:12], *words[13:]] == [0, 0, 9, 4, 9, 4]
    assert words[4] is x
    assert words[12] is out
    assert (type(words[7]), words[7]) == (np.float32, 0.5)
    assert all(isinstance(words[i], np.int64) for i in (0, 1, 2, 3, 5, 6, 8, 9, 10, 11, 13, 14))


def test_nothing_is_launched_for_no_elements(monkeypatch):
    x = on_device(np.ones((3, 0), np.float32))
    recorder = _recorder(monkeypatch)
    _kernel._OnDevice(LOOP, SINGLE)(x, 0.5, x)
    assert not recorder.launches
