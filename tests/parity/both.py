"""Running one script under both libraries and comparing what it returns, raises and warns of."""

from __future__ import annotations

import functools
import math
import re
import warnings
from collections.abc import Callable
from typing import Any

import torch

import minigrad
import minigrad.nn
import minigrad.optim
import minigrad.utils.data

# How much of an error's text must be PyTorch's; minigrad's may go on in its own words.
HEAD = 56

# Warnings that PyTorch gives once a process, so not in every test.
GIVEN_ONCE = (
    *("Using backward() with create_graph", "Converting a tensor with requires_grad", "torch.meshgrid: in an upcoming"),
    *("The use of `x.T`", "Tensor.T is deprecated", "The given NumPy array is not writable", "The given buffer is not"),
    *("Creating a tensor from a list of numpy", "torch.set_default_tensor_type()", "indexing with dtype torch.uint8"),
    *("where received a uint8 condition", "at::frobenius_norm", "at::nuclear_norm", "`torch.jit.script`"),
    "This overload of",
)


def leaf(torch: Any, *values: float) -> Any:
    """Return a float64 leaf that requires grad: of one number, 0-d, else of one dimension."""
    return torch.tensor(list(values) if len(values) > 1 else values[0], dtype=torch.float64, requires_grad=True)


def plain(value: Any) -> Any:
    """Return a result as lists, numbers and strings that do not tell which library made them."""
    if isinstance(value, (minigrad.Tensor, torch.Tensor)):
        name = None if value.grad_fn is None else value.grad_fn.name()
        elements = value.detach().reshape(-1).tolist()
        return ["tensor", str(value.dtype), list(value.shape), elements, value.requires_grad, name]
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return value if isinstance(value, (float, int, str, type(None))) else type(value).__name__


def attempt(run: Callable[[], Any]) -> Any:
    """Return what a call gives, or the exception as text."""
    try:
        return plain(run())
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def assert_alike(ours: Any, theirs: Any, where: str = "result") -> None:
    """Compare two plain results; numbers agree to 5 digits."""
    if isinstance(theirs, float) and isinstance(ours, float):
        assert (ours != ours and theirs != theirs) or math.isclose(ours, theirs, rel_tol=1e-5, abs_tol=1e-6), where
    elif isinstance(theirs, list) and isinstance(ours, list):
        assert len(ours) == len(theirs), f"{where}: {ours} for {theirs}"
        for k, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            assert_alike(one, other, f"{where}[{k}]")
    elif isinstance(theirs, dict) and isinstance(ours, dict):
        assert list(ours) == list(theirs), where
        for key in theirs:
            assert_alike(ours[key], theirs[key], f"{where}[{key!r}]")
    elif isinstance(theirs, str) and isinstance(ours, str) and re.match(r"\w+(Error|Exception)\b", theirs):
        head = min(HEAD, len(theirs))
        assert ours[:head] == theirs[:head], f"{where}: {ours} for {theirs}"
    else:
        assert ours == theirs, f"{where}: {ours} for {theirs}"


def _outcome(script: Callable[[Any], Any], library: Any) -> list[Any]:
    library.manual_seed(0)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = attempt(lambda: script(library))
    finally:
        library.set_grad_enabled(True)
    texts = [(each.category.__name__, str(each.message)[:60]) for each in caught]
    return [result, [f"{kind}: {text}" for kind, text in texts if not text.startswith(GIVEN_ONCE)]]


def same(script: Callable[[Any], Any]) -> Callable[[], None]:
    """Make a test of a script: called with either library as ``torch``, it gives the same result and warnings."""

    @functools.wraps(script)
    def test() -> None:
        assert_alike(_outcome(script, minigrad), _outcome(script, torch))

    del test.__wrapped__  # type: ignore[attr-defined]  # or pytest takes the script's parameter for a fixture
    return test
