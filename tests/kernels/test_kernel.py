"""How kernels take their arguments, are found, compiled, cached and run without the compiler."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minigrad_kernels import cpu
from minigrad_kernels.cpu import optim
from minigrad_kernels.cpu._kernel import In, Out, kernel

KERNELS = Path(cpu.__file__).parent.parent.parent


@kernel
def _product_loop(x: In, y: In, out: Out):
    """out[i] = x[i] * y[i]."""
    for i in range(out.size):
        out[i] = x[i] * y[i]


LOOP = _product_loop


def _run(code, **environment):
    """Run Python code in a fresh process and return what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(KERNELS), **environment}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_is_cheap_and_families_load_on_demand():
    code = """
import sys
import minigrad_kernels, minigrad_kernels.cpu as cpu
assert "numba" not in sys.modules
assert "sigmoid" in dir(cpu)
cpu.sigmoid
assert "minigrad_kernels.cpu.activation" in sys.modules and "minigrad_kernels.cpu.loss" not in sys.modules
"""
    _run(code)


@pytest.mark.parametrize("name", cpu.__all__)
def test_every_listed_name_exists(name):
    assert getattr(cpu, name) is getattr(cpu, name)


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="sigmoidal"):
        cpu.sigmoidal  # noqa: B018


def test_arrays_of_any_rank_share_one_compilation():
    for shape in [(), (4,), (2, 3), (1, 2, 1, 3)]:
        x, out = np.ones(shape, np.float32), np.zeros(shape, np.float32)
        LOOP[x.dtype](x, x, out)
        np.testing.assert_array_equal(out, x)
    assert sum(s[0].dtype.name == "float32" for s in LOOP.dispatcher.signatures) == 1


def test_misfitting_inputs_are_copied():
    x = np.arange(12, dtype=np.float32)
    for odd in [x[::-1], x.astype(">f4"), x.astype(np.float16), x.reshape(3, 4).T, np.float32(3), x.astype(np.int16)]:
        odd = np.asarray(odd) if np.ndim(odd) else odd
        out = np.zeros(np.shape(odd), np.float32)
        LOOP[out.dtype](odd, np.ones(np.shape(odd), np.float32), out)
        np.testing.assert_array_equal(out, odd)


def test_misfitting_outputs_are_copied_back():
    x, base = np.arange(1, 7, dtype=np.float32).reshape(2, 3), np.zeros((4, 3), np.float32)
    LOOP[x.dtype](x, np.ones_like(x), base[::2])
    np.testing.assert_array_equal(base, [[1, 2, 3], [0, 0, 0], [4, 5, 6], [0, 0, 0]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones(2, np.int64), np.ones(2, np.float32), np.ones(2, np.float32)), "was given an array of int64"),
        ((np.ones(2, np.float32), "no", np.ones(2, np.float32)), "was given an array of <U2"),
        ((np.ones(2, np.float32), np.ones(2, np.float32), np.ones(2, np.int64)), "was given an array of int64"),
        ((np.ones(2, np.float32), np.ones(2, np.float32), [0.0, 0.0]), "writeable array for its result"),
        ((np.ones(2, np.float32),), "expected 3 arguments"),
    ],
)
def test_arguments_that_cannot_fit_are_type_errors(arguments, message):
    with pytest.raises(TypeError, match=message):
        LOOP[np.dtype(np.float32)](*arguments)


def test_results_are_never_written_into_read_only_arrays():
    x, out = np.ones(2, np.float32), np.zeros(2, np.float32)
    out.flags.writeable = False
    with pytest.raises(TypeError, match="writeable"):
        LOOP[x.dtype](x, x, out)
    assert not out.any()


def test_lists_take_only_contiguous_arrays_of_one_dtype():
    x, strided = np.ones(4, np.float32), np.ones(8, np.float32)[::2]
    numbers = 0.1, 0.0, 1.0, 0.0, False, False, False
    for bad in [[x, strided], [x, x.astype(np.float64)], [x, None]]:
        with pytest.raises(TypeError):
            optim._sgd_loop[x.dtype]([x, x], bad, [x, x], *numbers)
    np.testing.assert_array_equal(x, 1)


def test_misfits_leak_no_references():
    x = np.ones((3, 4), np.float32)
    out = np.zeros((4, 3), np.float32)
    counted = [x, out, None, True, np.dtype(np.float32)]
    LOOP[x.dtype](x.T, x.T, out.T.T)
    before = [sys.getrefcount(each) for each in counted]
    for _ in range(200):
        LOOP[x.dtype](x.T, x.T, out.T.T)
    after = [sys.getrefcount(each) for each in counted]
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) < 50


def test_another_users_numba_settings_are_untouched():
    import numba

    users = numba.config.CACHE_DIR
    cpu.erfc(np.ones(1))
    assert users == numba.config.CACHE_DIR


CODE = """
import json
import numpy as np
from minigrad_kernels import cpu
rng = np.random.default_rng(0)
results = {}
for dtype in (np.float32, np.float64):
    x, g = rng.normal(0, 3, (3, 4)).astype(dtype), rng.normal(size=(3, 4)).astype(dtype)
    x[0, 0] = np.nan
    keep = lambda name, value: results.__setitem__(f"{name} {dtype.__name__}", np.asarray(value, float).tolist())
    plain = ["sigmoid", "tanh", "relu", "elu", "gelu", "silu", "softplus", "log_sigmoid", "mish"]
    for name in [*plain, "erf", "erfc", "erfinv", "softmax", "log_softmax", "logsumexp"]:
        keep(name, getattr(cpu, name)(x))
    for name in [*plain, "softmax", "log_softmax"]:
        keep(name + "_backward", getattr(cpu, name + "_backward")(g, x))
    for name in ["mse_loss", "huber_loss", "smooth_l1_loss", "bce_with_logits"]:
        for reduction in ["mean", "sum", "none"]:
            keep(name + reduction, getattr(cpu, name)(x[1:], g[1:], reduction=reduction))
        keep(name + "_backward", getattr(cpu, name + "_backward")(np.ones((), dtype), x, g))
    target, weight = np.array([1, 3, 0]), np.abs(g[0])
    for w, smoothing in [(None, 0.0), (weight, 0.25)]:
        loss, lse, total = cpu.cross_entropy(x[1:], target[1:], w, -100, smoothing)
        keep(f"ce {smoothing}", loss)
        args = lse, total, target[1:], w, -100, smoothing
        keep(f"ce backward {smoothing}", cpu.cross_entropy_backward(np.ones((), dtype), x[1:], *args))
    p, b, s = g.copy(), g * 0, g * 0
    cpu.sgd([p, p[0]], [x, x[1]], [b, b[0]], 0.1, 0.9, weight_decay=0.1, nesterov=True, is_first=True)
    cpu.adam([p[1:]], [x[1:]], [b[1:] * 0], [s[1:]], None, 2, 0.1, weight_decay=0.1)
    cpu.sgd([p[:, ::2]], [x[:, ::2]], None, 0.1)
    keep("updated", p)
    out = np.zeros((3, 4), dtype)
    cpu.index_add(out, np.array([2, 0, -1]), x)
    cpu.scatter_add(out, 1, np.array([[1], [1], [0]]), g[:, :1])
    keep("added", out)
    keep("half", cpu.tanh(x.astype(np.float16)))
    keep("strided", cpu.tanh(x.T))
words = rng.integers(0, 2**32, 64, dtype=np.uint32)
keep("randperm", cpu.randperm(words))
keep("uniform32", cpu.uniform32(words, -1, 2))
keep("bernoulli", cpu.bernoulli(words, 0.5))
keep("normals", cpu.normal64(words))
keep("normals32", cpu.normal32(words, 0.5, 2.0))
print(json.dumps(results))
"""


def test_plain_python_gives_the_same_numbers():
    compiled, interpreted = (json.loads(_run(CODE, NUMBA_DISABLE_JIT=flag)) for flag in "01")
    assert compiled.keys() == interpreted.keys()
    for name, value in compiled.items():
        np.testing.assert_allclose(value, interpreted[name], rtol=2e-5, atol=2e-6, err_msg=name)


RACE = "import sys, numpy as np; from minigrad_kernels import cpu; print(cpu.sigmoid(np.zeros(1, sys.argv[1]))[0])"


def test_processes_that_compile_at_the_same_time_leave_a_sound_cache(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(KERNELS), "MINIGRAD_CACHE_DIR": str(tmp_path)}
    for _ in range(2):  # the second time from the cache
        running = [
            subprocess.Popen([sys.executable, "-c", RACE, d], env=environment, stdout=subprocess.PIPE, text=True)
            for d in ("f4", "f8", "f4", "f8")
        ]
        assert [process.communicate()[0].strip() for process in running] == ["0.5"] * 4
    assert len(list(tmp_path.glob("kernels-*/*/*_sigmoid_loop*.nbc"))) == 2


def test_an_unwritable_cache_folder_is_no_error(tmp_path):
    (tmp_path / "file").touch()
    code = "import numpy as np; from minigrad_kernels import cpu; print(cpu.relu(np.float32([-1, 2])))"
    assert _run(code, MINIGRAD_CACHE_DIR=str(tmp_path / "file")).strip() == "[0. 2.]"
