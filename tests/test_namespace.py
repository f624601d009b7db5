"""The modules that people import, the names they use, and what importing costs."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest

import minigrad

MODULES = """
accelerator autograd autograd.function autograd.grad_mode autograd.functional autograd.graph autograd.variable
backends backends.cuda backends.cudnn backends.mkl backends.mkldnn backends.mps backends.openmp cuda func linalg nn
nn.functional nn.init nn.parameter nn.utils optim optim.lr_scheduler optim.optimizer random serialization special
testing utils utils.checkpoint utils.data utils.data.dataset utils.data.dataloader utils.data.sampler version
autograd.profiler profiler distributions distributions.constraints distributions.transforms distributions.kl amp
cuda.amp autograd.forward_ad utils.benchmark
"""

# What most programs use of what is here so far, by the count over public code that the project's interface follows.
NAMES = """
no_grad tensor randn manual_seed device cat zeros ones arange Tensor save rand from_numpy load float32 long LongTensor
argmax max FloatTensor stack sum softmax float randint mean sin linspace matmul flatten exp tanh __version__ allclose
empty inference_mode bool cos triu log sqrt inf zeros_like ones_like sigmoid accelerator pow multinomial
set_grad_enabled pi eye einsum where meshgrid abs testing randn_like as_tensor double set_printoptions unsqueeze topk
bmm rsqrt rand_like full mm int64 all is_tensor randperm relu empty_like float64 unique float16 clamp
set_default_device add mul gather reshape Generator min finfo iinfo normal dot equal tril uint8 round full_like
set_float32_matmul_precision chunk maximum var prod norm cumsum nonzero int32 std Size sort floor int16 ceil div
transpose squeeze logsumexp isnan neg diag enable_grad sign newaxis nan e get_default_device get_default_dtype
set_default_dtype get_num_threads set_num_threads get_rng_state set_rng_state initial_seed is_grad_enabled
is_inference_mode_enabled vmap is_floating_point is_anomaly_enabled numel result_type promote_types contiguous_format
preserve_format strided use_deterministic_algorithms
"""

METHODS = """
backward shape to item size view sum mean numpy unsqueeze transpose device squeeze detach cpu float max cuda grad
reshape requires_grad dtype tolist numel norm exp argmax log flatten clone pow sin fill_ cos permute contiguous sqrt
chunk T add long zero_ requires_grad_ softmax masked_fill abs t scatter dim expand min relu add_ copy_ clamp bool
repeat topk std floor ndim masked_fill_ eq var median sub uniform_ repeat_interleave mul scatter_ grad_fn clip all
view_as type_as bincount gather mm dot matmul unique mul_ div sort double nelement int normal_ tanh unbind any prod
sigmoid clamp_ nonzero stride ravel bmm element_size retain_grad register_hook is_leaf data detach_
register_post_accumulate_grad_hook
"""


@pytest.mark.parametrize("name", MODULES.split())
def test_modules_can_be_imported_and_reached_from_the_top(name):
    module = importlib.import_module(f"minigrad.{name}")
    found = minigrad
    for part in name.split("."):
        found = getattr(found, part)
    assert found is module


@pytest.mark.parametrize("name", NAMES.split())
def test_names_that_programs_use_are_there(name):
    assert hasattr(minigrad, name)


@pytest.mark.parametrize("name", METHODS.split())
def test_methods_that_programs_use_are_there(name):
    assert hasattr(minigrad.Tensor, name)


def test_what_a_program_asks_before_it_uses_a_device():
    assert minigrad.backends.mps.is_available() is False
    device = minigrad.device("cuda" if minigrad.cuda.is_available() else "cpu")
    assert device.type == "cpu"
    minigrad.cuda.manual_seed_all(0)
    minigrad.cuda.empty_cache()
    minigrad.backends.cudnn.deterministic = True
    minigrad.backends.cudnn.benchmark = False
    assert (minigrad.cuda.device_count(), minigrad.cuda.is_initialized()) == (0, False)
    assert minigrad.get_default_device() == minigrad.device("cpu")
    minigrad.set_default_device("cpu")
    with pytest.raises((RuntimeError, AssertionError)):
        minigrad.set_default_device("cuda")


def test_threads_of_products_can_be_set():
    before = minigrad.get_num_threads()
    minigrad.set_num_threads(1)
    assert minigrad.get_num_threads() == 1
    minigrad.set_num_threads(before)
    with pytest.raises(RuntimeError, match="positive integer"):
        minigrad.set_num_threads(0)
    with pytest.raises(TypeError, match="expects an int, but got str"):
        minigrad.set_num_threads("2")


def _run(code, environment=None):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **(environment or {})},
    ).stdout.strip()


def test_submodules_need_no_import_of_their_own():
    code = (
        "import minigrad as torch; print(torch.nn.Linear, torch.optim.lr_scheduler.StepLR, torch.utils.data.DataLoader)"
    )
    assert _run(code).count("class") == 3


def test_importing_minigrad_loads_no_machinery_of_processes():
    assert _run("import sys, minigrad; print(*{'multiprocessing', 'subprocess', 'asyncio'} & set(sys.modules))") == ""


def test_importing_minigrad_takes_less_than_four_tenths_of_a_second(tmp_path):
    """Measured as the processor's time, with compiled modules, which the first run writes."""
    code = "import time; import minigrad; print(time.process_time())"
    environment = {"PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "", "OPENBLAS_NUM_THREADS": "1"}
    assert min(float(_run(code, environment)) for _ in range(4)) < 0.4
