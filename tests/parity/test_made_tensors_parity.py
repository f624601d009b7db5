"""Random tensors for tests, `torch.testing.make_tensor`: the same numbers and the same refusals."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from tests.parity.both import attempt, same

DTYPES = ("float32", "float64", "float16", "int64", "int32", "int8", "uint8", "bool")

OPTIONS = (
    {},
    {"low": 1, "high": 4},
    {"low": 0.5, "high": 2.5},
    {"low": -1e60, "high": 1e60},
    {"low": 1000, "high": 2000},
    {"low": 0, "high": 0},
    {"low": 3, "high": 1},
    {"low": float("nan")},
    {"noncontiguous": True},
    {"exclude_zero": True, "low": 0, "high": 2},
    {"requires_grad": True},
)


@same
def test_every_dtype_and_option(torch):
    def made(shape, dtype, options):
        found = torch.testing.make_tensor(shape, dtype=getattr(torch, dtype), device="cpu", **options)
        return found, found.stride() if found.numel() else ()

    shapes = ((2, 3), (), (0, 2), [4])
    return [attempt(lambda s=s, d=d, o=o: made(s, d, o)) for s in shapes for d in DTYPES for o in OPTIONS]


@same
def test_lengths_one_by_one(torch):
    make = torch.testing.make_tensor
    return (
        make(2, 3, dtype=torch.float32, device="cpu"),
        attempt(lambda: make(2, dtype=torch.float32)),
        attempt(lambda: make(2, device="cpu")),
    )
