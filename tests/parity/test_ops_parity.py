"""Every public entry of the table, on every one of its samples, against PyTorch itself.

Values, dtypes, shapes, gradients and the name of ``grad_fn``, in both floating precisions; and the same call on
integers and bools, where the other library's refusal has to be ours too.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad.size import Size
from tests.cases import ENTRIES, Case, all_cases, arrays_in, convert, is_floating, map_arrays

torch = pytest.importorskip("torch")

TOLERANCE = {"float16": (2e-3, 1e-3), "float32": (2e-6, 2e-6), "float64": (1e-9, 1e-10)}

# Operations that leave memory as it is found, so that there is nothing to compare.
UNSET = {"empty_like", "new_empty", "empty"}

# Results that are right in both libraries and need not agree: singular vectors have no sign, the gradient of a factor
# has entries that nothing reads, and one library's refusal to differentiate is the other's gradient (PyTorch's gradient
# of `as_strided_scatter` is that of the elements which are replaced).
AMBIGUOUS = {
    *("svd", "eigh", "linalg_svd", "cholesky_solve", "cholesky_inverse", "cond", "as_strided_scatter", "vander"),
    "detach_copy",  # requires a gradient in PyTorch, which no backward pass can compute
}

# Functions of several steps, of which the last is another one here, so that ``grad_fn`` has another name.
OTHER_STEPS = {
    *("einsum", "quantile", "nanquantile", "repeat_interleave"),
    *("chain_matmul", "matrix_power", "multi_dot", "scatter", "lstm_cell"),
}


def their_function(entry: Any) -> Any:
    """Return PyTorch's function for an entry (its method, where there is no function), or None."""
    home = {"torch": torch, "functional": torch.nn.functional, "linalg": torch.linalg, "special": torch.special}
    found = getattr(home[entry.namespace], entry.name, None)
    return getattr(torch.Tensor, entry.name, None) if found is None else found


CASES = [case for case in all_cases() if case.entry.namespace is not None and their_function(case.entry) is not None]


# Functions whose last digits in double precision are PyTorch's approximation's.
LESS_EXACT = {"bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1"}


class Outcome:
    """What a call did in one of the libraries: its results and gradients as arrays, or its error."""

    def __init__(self, library: Any, function: Any, case: Case, dtype: Any) -> None:
        self.library = library
        self.leaves: list[Any] = []
        self.error: Exception | None = None
        self.results: list[Any] = []
        slots = case.differentiable_slots() if getattr(case.entry, "differentiable", True) else ()
        args = []
        for k, value in enumerate(case.sample.args):
            wanted = k in slots or case.is_variadic
            args.append(map_arrays(value, lambda array, wanted=wanted: self._tensor(array, dtype, wanted)))
        names = case.entry.signature.names
        kwargs = {
            name: map_arrays(
                value, lambda array, name=name: self._tensor(array, dtype, name in names and names.index(name) in slots)
            )
            for name, value in case.sample.kwargs.items()
        }
        if library is torch:
            args, kwargs = [translated(each) for each in args], {k: translated(each) for k, each in kwargs.items()}
        if hasattr(library, "manual_seed"):
            library.manual_seed(0)
        try:
            with warnings.catch_warnings():
                if library is torch:
                    warnings.simplefilter("ignore")
                self.results = _flatten(function(*args, **kwargs))
        except Exception as error:
            self.error = error

    def _tensor(self, array: Any, dtype: Any, wanted: bool) -> Any:
        array = convert(array, dtype).copy(order="K")
        if any(step < 0 for step in array.strides):
            array = np.ascontiguousarray(array)
        made = self.library.from_numpy(array)
        if wanted and is_floating(array):
            made.requires_grad_()
            self.leaves.append(made)
        return made

    def recorded(self) -> list[Any]:
        """Return the results that require grad."""
        return [each for each in self.results if hasattr(each, "requires_grad") and each.requires_grad]

    def gradients(self) -> list[Any]:
        """Return the gradients of the leaves for fixed weights of the results, zeros where there is none."""
        outs = self.recorded()
        random = np.random.default_rng(1)
        weights = [
            self.library.from_numpy(np.asarray(random.uniform(-1, 1, tuple(each.shape)), each.detach().numpy().dtype))
            for each in outs
        ]
        try:
            grads = self.library.autograd.grad(outs, self.leaves, weights, allow_unused=True)
        except RuntimeError as error:
            return [type(error)]
        return [
            np.zeros(tuple(leaf.shape)) if grad is None else grad.detach().numpy(force=True)
            for grad, leaf in zip(grads, self.leaves, strict=True)
        ]


def translated(value: Any) -> Any:
    """Return an argument as PyTorch takes it: its dtypes for ours."""
    if isinstance(value, minigrad.float32.__class__):
        return getattr(torch, value.name)
    if isinstance(value, minigrad.device):
        return torch.device(str(value))
    if isinstance(value, Size):
        return torch.Size(tuple(value))
    return value


def _flatten(result: Any) -> list[Any]:
    if isinstance(result, (Size, torch.Size)):
        return [tuple(result)]
    if isinstance(result, (tuple, list)):
        return [one for each in result for one in _flatten(each)]
    return [result]


def assert_alike(
    ours: Outcome, theirs: Outcome, tolerance: tuple[float, float], where: str, same_steps: bool = True
) -> None:
    """Compare what two libraries did."""
    if theirs.error is not None:
        assert ours.error is not None, f"{where}: should raise {theirs.error!r}"
        assert isinstance(ours.error, type(theirs.error)), f"{where}: {ours.error!r} instead of {theirs.error!r}"
        return
    if ours.error is not None:
        raise AssertionError(f"{where}: raises {ours.error!r}") from ours.error
    assert len(ours.results) == len(theirs.results), where
    rtol, atol = tolerance
    for mine, other in zip(ours.results, theirs.results, strict=True):
        if not isinstance(other, torch.Tensor):
            assert mine == other, where
            assert type(mine).__name__ == type(other).__name__, where
            continue
        assert repr(mine.dtype) == repr(other.dtype), f"{where}: dtype"
        assert tuple(mine.shape) == tuple(other.shape), f"{where}: shape"
        assert mine.requires_grad == other.requires_grad, f"{where}: requires_grad"
        np.testing.assert_allclose(
            mine.detach().numpy(), other.detach().numpy(), rtol=rtol, atol=atol, err_msg=f"{where}: values"
        )
        if same_steps and other.grad_fn is not None and mine.grad_fn is not None:
            assert mine.grad_fn.name() == type(other.grad_fn).__name__, f"{where}: grad_fn"
    if theirs.recorded():
        for mine, other in zip(ours.gradients(), theirs.gradients(), strict=True):
            if isinstance(other, type):
                assert mine is other, f"{where}: gradient"
                continue
            np.testing.assert_allclose(
                mine, other, rtol=10 * rtol, atol=10 * atol, err_msg=f"{where}: gradient of an input"
            )


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_does_what_pytorch_does(case):
    if case.entry.name in UNSET:
        return
    function = their_function(case.entry)
    floating = any(is_floating(array) for array in arrays_in((case.sample.args, case.sample.kwargs)))
    for dtype in ("float32", "float64", "int64", "bool") if floating else ("float32",):
        tolerance = TOLERANCE.get(dtype, TOLERANCE["float32"])
        if case.entry.name in LESS_EXACT:
            tolerance = TOLERANCE["float32"]
        ours = Outcome(minigrad, case.entry.call, case, dtype)
        theirs = Outcome(torch, function, case, dtype)
        if case.entry.name in AMBIGUOUS and theirs.error is None and ours.error is None:
            continue
        assert_alike(ours, theirs, tolerance, dtype, case.entry.name not in OTHER_STEPS)


@pytest.mark.parametrize("key", sorted(key for key, entry in ENTRIES.items() if entry.namespace == "torch"))
def test_is_a_method_where_pytorch_has_one(key):
    entry = ENTRIES[key]
    for name in (entry.name, *entry.aliases):
        assert hasattr(minigrad.Tensor, name) == hasattr(torch.Tensor, name), f"Tensor.{name}"
        if not name.endswith("_"):
            assert hasattr(minigrad.Tensor, f"{name}_") == hasattr(torch.Tensor, f"{name}_"), f"Tensor.{name}_"


@pytest.mark.parametrize("key", sorted(key for key, entry in ENTRIES.items() if entry.namespace == "torch"))
def test_has_pytorchs_aliases(key):
    entry = ENTRIES[key]
    for name in entry.aliases:
        assert hasattr(torch, name) or hasattr(torch.Tensor, name), f"PyTorch has no {name}"
