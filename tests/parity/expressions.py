"""Evaluating one expression in both libraries and comparing what comes out."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import torch

import minigrad

# The names that expressions may use, made anew for each evaluation, besides `torch`, `np` and `math`.
OPERANDS = {
    "f": ("float32", [[1.0, -2.5, 0.0], [3.0, 0.5, -1.0]]),
    "g": ("float32", [[2.0, -1.5, 4.0], [1.0, 0.5, -3.0]]),
    "h": ("float16", [[1.0, -2.5, 0.0], [3.0, 0.5, -1.0]]),
    "d": ("float64", [[1.0, -2.5, 0.0], [3.0, 0.5, -1.0]]),
    "i": ("int64", [[1, -2, 3], [4, 5, -6]]),
    "j": ("int32", [[1, 2, 1], [2, 3, 2]]),
    "u": ("uint8", [[1, 2, 255], [0, 3, 7]]),
    "s": ("int8", [[1, -2, 127], [4, 5, -128]]),
    "b": ("bool", [[True, False, True], [False, True, True]]),
    "z": ("float32", 3.0),
    "zd": ("float64", 0.5),
    "zi": ("int64", 2),
    "zb": ("bool", True),
    "v": ("float32", [1.0, 2.0, 3.0]),
    "w": ("int64", [0, 2]),
    "e": ("float32", []),
}


def evaluate(library: Any, expression: str) -> Any:
    """Return what an expression gives in a library: a value, or the exception it raises.

    A statement (``f += i``) gives its target afterwards; names in capitals are operands that require grad.
    """
    scope: dict[str, Any] = {"torch": library, "np": np, "math": math, "inf": math.inf, "nan": math.nan}
    for name, (dtype, data) in OPERANDS.items():
        scope[name] = library.tensor(data, dtype=getattr(library, dtype))
        if dtype.startswith("float"):
            scope[name.upper()] = scope[name].clone().requires_grad_()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if library is torch else "error")
            warnings.simplefilter("ignore", UserWarning)  # hints, which both give
            try:
                code = compile(expression, "<expression>", "eval")
            except SyntaxError:
                exec(expression, scope)
                return scope[expression.split()[0]]
            return eval(code, scope)
    except Exception as error:
        return error


def assert_same(ours: Any, theirs: Any, *, rtol: float = 1e-6) -> None:
    """Compare two results: kind, dtype, shape, values, ``grad_fn``; of exceptions, the type."""
    if isinstance(theirs, Exception):
        assert isinstance(ours, type(theirs)), f"{ours!r} where PyTorch raises {theirs!r}"
        return
    if isinstance(ours, Exception):
        raise AssertionError(f"raises {ours!r} where PyTorch gives {theirs!r}") from ours
    if isinstance(theirs, torch.Tensor):
        assert isinstance(ours, minigrad.Tensor)
        assert repr(ours.dtype) == repr(theirs.dtype)
        assert tuple(ours.shape) == tuple(theirs.shape)
        assert ours.requires_grad == theirs.requires_grad
        made_by = None if theirs.grad_fn is None else type(theirs.grad_fn).__name__
        assert (None if ours.grad_fn is None else ours.grad_fn.name().rpartition("::")[2]) == made_by
        if theirs.dtype == torch.float16:
            rtol = 2e-3
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=rtol, atol=rtol / 5)
    elif isinstance(theirs, (tuple, list)):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert_same(one, other, rtol=rtol)
    elif isinstance(theirs, (torch.dtype, torch.Size, torch.device)):
        assert repr(ours) == repr(theirs)
    else:
        assert type(ours).__name__ == type(theirs).__name__
        assert ours == theirs or (ours != ours and theirs != theirs)
