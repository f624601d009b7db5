"""Timing on a GPU: by its own events, and what a call costs the processor."""

from __future__ import annotations

import functools
import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import minigrad
from minigrad_kernels import cuda as kernels
from minigrad_kernels.cuda import _memory

ROUNDS = 7
ROUND_SECONDS = 0.02
MOST = 1000  # calls a round
HOST_CALLS = 300


class Case(NamedTuple):
    """A kernel to be timed, and what it is compared with.

    Attributes
    ----------
    name : str
    amount : float
        Bytes that have to be read and written, or operations of a product.
    is_product : bool
    ours : callable
    cupy, torch : callable, optional
    """

    name: str
    amount: float
    is_product: bool
    ours: Callable[[], Any]
    cupy: Callable[[], Any] | None = None
    torch: Callable[[], Any] | None = None


class Bench:
    """The GPU of this process, with what is timed on it.

    Parameters
    ----------
    tiny : bool
        Whether to keep everything small, and do it once.

    Attributes
    ----------
    xp : module
        CuPy, or what stands in for it on the simulator.
    kernels : module
    memory : module
    torch : module or None
        PyTorch, if it runs on this GPU.
    why_no_torch : str
    """

    def __init__(self, tiny: bool) -> None:
        self.tiny, self.memory, self.xp, self.kernels = tiny, _memory, _memory.module(), kernels
        minigrad.ones(1, device="cuda")
        self.torch, self.why_no_torch = None, "the device is simulated"
        if not _memory.SIMULATED:
            self.torch, self.why_no_torch = _torch_on_gpu()

    def wait(self) -> None:
        """Wait until the GPU has done all that it was asked for."""
        minigrad.cuda.synchronize()
        if self.torch:
            self.torch.cuda.synchronize()

    def shared(self, array: Any) -> Any:
        """Return an array as PyTorch's tensor, in the same memory if it can be; None without PyTorch."""
        if not self.torch:
            return None
        try:
            return self.torch.from_dlpack(array)
        except Exception:  # whatever either library does not support
            return self.torch.as_tensor(array.get(), device="cuda")

    def device_time(self, function: Callable[[], Any]) -> float:
        """Return the median time of one call in seconds, by the GPU's events."""
        function()
        self.wait()
        if self.tiny:
            return _elapsed(function, 1)
        calls = max(1, min(MOST, int(ROUND_SECONDS / max(_elapsed(function, 3), 1e-7))))
        return statistics.median(_elapsed(function, calls) for _ in range(ROUNDS))

    def host_time(self, function: Callable[[], Any]) -> float:
        """Return the least time in seconds that a call keeps the processor, the GPU not waited for."""
        function()
        self.wait()
        calls, times = 1 if self.tiny else HOST_CALLS, []
        for _ in range(1 if self.tiny else ROUNDS):
            start = time.perf_counter()
            for _ in range(calls):
                function()
            times.append((time.perf_counter() - start) / calls)
            self.wait()
        return min(times)

    @functools.cached_property
    def copy_rate(self) -> float:
        """The bytes a second that a copy reads and writes."""
        size = 10 if self.tiny else 10**7
        source, target = self.xp.ones(size, "float32"), self.xp.zeros(size, "float32")
        return 2 * source.nbytes / self.device_time(lambda: target.__setitem__(Ellipsis, source))

    @functools.cached_property
    def product_rate(self) -> float:
        """The operations a second of a large product by cuBLAS."""
        size = 4 if self.tiny else 4096
        a, b = (self.xp.ones((size, size), "float32") for _ in range(2))
        return 2 * size**3 / self.device_time(lambda: self.xp.matmul(a, b))

    def row(self, case: Case) -> list[str]:
        """Time a kernel and what it is compared with, and return the row of the report."""
        ours, *others = (self._time(each) for each in (case.ours, case.cupy, case.torch))
        if isinstance(ours, str):
            raise RuntimeError(ours)
        rate, unit, scale = case.amount / ours, "GB/s", 1e9
        limit = self.copy_rate
        if case.is_product:
            limit, unit, scale = self.product_rate, "TFLOP/s", 1e12
        achieved = f"{rate / scale:.3g} {unit}"
        return [case.name, *map(self.shown, (ours, *others)), achieved, f"{100 * rate / limit:.0f} %"]

    def _time(self, function: Callable[[], Any] | None) -> float | str | None:
        """Return the time of a call; what went wrong, if it cannot be made."""
        try:
            return self.device_time(function) if function else None
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    @staticmethod
    def shown(seconds: float | str | None) -> str:
        """Return a time as the report shows it, in microseconds."""
        if isinstance(seconds, str):
            return seconds.partition(":")[0]
        return "-" if seconds is None else f"{seconds * 1e6:.3g}" if seconds < 1e-3 else f"{seconds * 1e6:.0f}"


def _elapsed(function: Callable[[], Any], calls: int) -> float:
    """Return the seconds a call between two events."""
    start, end = (minigrad.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for _ in range(calls):
        function()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / calls / 1e3


def _torch_on_gpu() -> tuple[Any, str]:
    """Return PyTorch, computing in true single precision on this GPU, or None and why not."""
    if importlib.util.find_spec("torch") is None:
        return None, "it is not installed"
    try:
        import torch

        if not torch.cuda.is_available():
            return None, f"torch {torch.__version__} finds no GPU"
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        torch.ones(1, device="cuda").sum().item()
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"
    return torch, ""
