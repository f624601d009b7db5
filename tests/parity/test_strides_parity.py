"""How results and gradients lie in memory where inputs are permuted: every public entry of the table, on its samples.

What differs does so on purpose, or where nobody asks: PyTorch leaves LAPACK's matrices column by column, and convolves
and pools lines with the channels last.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import minigrad  # noqa: E402
from tests.cases import arrays_in, is_floating, map_arrays  # noqa: E402
from tests.parity.test_ops_parity import CASES, UNSET, their_function, translated  # noqa: E402

COLUMN_MAJOR = {
    *("cholesky", "cholesky_ex", "cholesky_inverse", "cholesky_solve", "inverse", "inv", "inv_ex", "tensorinv"),
    *("eigh", "svd", "qr", "geqrf", "orgqr", "ormqr", "householder_product", "lstsq"),
    *("lu_factor", "lu_solve", "solve", "solve_ex", "solve_triangular", "triangular_solve", "matrix_power", "einsum"),
}
CHANNELS_LAST = {
    *("adaptive_avg_pool1d", "adaptive_max_pool1d", "avg_pool1d", "lp_pool1d", "max_pool1d", "max_unpool2d"),
    *("conv1d", "conv_transpose1d"),
}
# Where operands lie differently NumPy takes the row-major order and PyTorch that of the first one.
FIRST_OPERAND = {"addcdiv", "addcmul", "addr", "gru_cell"}
OTHERS = {"aminmax", "as_strided_scatter", "mvlgamma", "pow", "put", "rot90", "unravel_index"}
LEFT_OUT = UNSET | COLUMN_MAJOR | CHANNELS_LAST | FIRST_OPERAND | OTHERS

BY_NAME: dict[str, list[Any]] = {}
for case in CASES:
    if case.entry.name not in LEFT_OUT and any(a.ndim > 1 for a in arrays_in(case.sample.args)):
        BY_NAME.setdefault(f"{case.entry.namespace}.{case.entry.name}", []).append(case)


def _reversed(array: Any) -> Any:
    return np.ascontiguousarray(array.T).T


def _exchanged(array: Any) -> Any:
    return np.ascontiguousarray(array.swapaxes(-1, -2)).swapaxes(-1, -2) if array.ndim > 1 else array.copy()


def _laid_out(library: Any, function: Any, case: Any, permuted: Any) -> Any:
    """Return shape and steps of each result, and of each leaf's gradient, if it has one; None where either fails."""
    leaves = []

    def tensor(array: Any) -> Any:
        made = library.from_numpy(permuted(array))
        if is_floating(array):
            made = made.float().requires_grad_()
            leaves.append(made)
        return made

    args = [map_arrays(each, tensor) for each in case.sample.args]
    kwargs = {name: map_arrays(each, tensor) for name, each in case.sample.kwargs.items()}
    if library is torch:
        args, kwargs = [translated(each) for each in args], {name: translated(each) for name, each in kwargs.items()}
    library.manual_seed(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = function(*args, **kwargs)
        results = results if isinstance(results, (tuple, list)) else [results]
        results = [each for each in results if hasattr(each, "stride")]
        differentiable = [each for each in results if each.requires_grad]
        if differentiable and case.sample.gradient:
            sum((each * each.detach()).sum() for each in differentiable).backward()
    except RuntimeError:  # PyTorch has no gradient of histograms, and none of permuted logits' `nll_loss`
        return None
    return [_place(each) for each in results], [leaf.grad is not None and _place(leaf.grad) for leaf in leaves]


def _place(tensor: Any) -> Any:
    """Return a tensor's shape, and its steps along dimensions of more than one element."""
    shape, steps = tuple(tensor.shape), tensor.stride()
    return shape, [step for step, length in zip(steps, shape, strict=True) if length > 1 and 0 not in shape]


@pytest.mark.parametrize("permuted", [_reversed, _exchanged])
@pytest.mark.parametrize("name", BY_NAME)
def test_results_of_permuted_inputs_lie_in_memory_as_in_pytorch(name, permuted):
    for case in BY_NAME[name]:
        ours = _laid_out(minigrad, case.entry.call, case, permuted)
        theirs = _laid_out(torch, their_function(case.entry), case, permuted)
        if ours is not None and theirs is not None:
            assert ours[0] == theirs[0], case
            assert all(mine == other for mine, other in zip(ours[1], theirs[1], strict=True) if mine and other), case


BINARY = {
    "both": lambda torch, x: torch.where(x.mT > 0, x.mT, x.mT * 2),
    "first": lambda torch, x: torch.nn.functional.mse_loss(x.mT, x.mT.contiguous(), reduction="none"),
    "second": lambda torch, x: torch.nn.functional.huber_loss(x.mT.contiguous(), x.mT, reduction="none"),
    "repeated first": lambda torch, x: torch.remainder(x[0, 0].expand(2, 4, 4), x.mT[:, :, :1].expand(2, 4, 4) + 9),
    "repeated": lambda torch, x: x[:1].expand(2, 3, 4).exp(),
    "with gaps": lambda torch, x: x.permute(2, 0, 1)[::2].sigmoid(),
    "one element": lambda torch, x: torch.fmod(x.mT, torch.full((1, 1, 1), 2.0)),
}


@pytest.mark.parametrize("name", BINARY)
def test_the_first_operand_that_tells_decides(name):
    ours, theirs = (BINARY[name](library, library.arange(24.0).reshape(2, 3, 4)) for library in (minigrad, torch))
    assert _place(ours) == _place(theirs)
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)
