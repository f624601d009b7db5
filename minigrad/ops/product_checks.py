"""What products refuse, and in which of PyTorch's words: those of the routine that would have computed them."""

from __future__ import annotations

import math
from typing import Any

from minigrad.ops.errors import c_name, common_shape, dtype_mismatch
from minigrad.ops.promotion import not_implemented, scalar_type


def product_error(input: Any, other: Any) -> Exception | None:
    """Return what keeps two arrays from being multiplied as matrices, None where nothing does."""
    ranks = input.ndim, other.ndim
    if 0 in ranks:
        return RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {input.ndim}D and {other.ndim}D"
        )
    if ranks == (1, 1):
        return _dot_error(input, other)
    if other.ndim == 1:
        return _vector_error(input, other)
    if other.ndim == 2:
        return _matrix_error(input, other)
    return _batch_error(input, other)


def _dot_error(input: Any, other: Any) -> Exception | None:
    if input.dtype != other.dtype:
        titles = scalar_type(input), scalar_type(other)
        return RuntimeError(f"dot : expected both vectors to have same dtype, but found {titles[0]} and {titles[1]}")
    if input.shape != other.shape:
        left, right = len(input), len(other)
        return RuntimeError(
            f"inconsistent tensor size, expected tensor [{left}] and src [{right}] to have the same number of "
            f"elements, but got {left} and {right} elements respectively"
        )
    return not_implemented("dot", input) if input.dtype.kind == "b" else None


def _vector_error(matrix: Any, vector: Any) -> Exception | None:
    rows = math.prod(matrix.shape[:-1])
    if matrix.shape[-1] != len(vector):
        return RuntimeError(f"size mismatch, got input ({rows}), mat ({rows}x{matrix.shape[-1]}), vec ({len(vector)})")
    if matrix.dtype != vector.dtype:
        given = scalar_type(matrix), scalar_type(vector)
        return RuntimeError(
            f"addmv input tensors must have the same dtype, but got {given[1]}, {given[0]}, and {given[1]}"
        )
    return not_implemented("addmv_impl_cpu", matrix) if matrix.dtype.kind == "b" and matrix.size else None


def _matrix_error(input: Any, other: Any) -> Exception | None:
    if input.shape[-1] != other.shape[0]:
        return RuntimeError(unequal_matrices(input, other))
    if input.dtype != other.dtype:
        return dtype_mismatch("expected m1 and m2 to have the same dtype", input, other)
    return not_implemented("addmm_impl_cpu_", input) if _is_bool(input, other) else None


def unequal_matrices(input: Any, other: Any) -> str:
    """Say that the inner sizes of two matrices differ, the rows of the first being all but its last dimension."""
    rows = math.prod(input.shape[:-1])
    return f"mat1 and mat2 shapes cannot be multiplied ({rows}x{input.shape[-1]} and {other.shape[0]}x{other.shape[1]})"


def _batch_error(input: Any, other: Any) -> Exception | None:
    try:
        count = math.prod(common_shape(input.shape[:-2], other.shape[:-2]))
    except RuntimeError as error:
        return error
    return batch_error(input, other, count)


def batch_error(input: Any, other: Any, count: int) -> Exception | None:
    """Return what keeps two batches of ``count`` matrices from being multiplied, None where nothing does."""
    if input.shape[-1] != other.shape[-2]:
        return RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{count}, {input.shape[-1]}] but got: "
            f"[{count}, {other.shape[-2]}]."
        )
    if _is_bool(input, other):
        return not_implemented("bmm", input)
    if input.dtype != other.dtype:
        return RuntimeError(f"expected scalar type {scalar_type(input)} but found {scalar_type(other)}")
    return None


def _is_bool(input: Any, other: Any) -> bool:
    return bool(input.dtype.kind == "b" and input.size and other.size)


def check_terms(names: tuple[str, str, str], terms: tuple[Any, Any, Any]) -> None:
    """Refuse a sum with a product of matrices whose three dtypes differ.

    Raises
    ------
    RuntimeError
    """
    titles = [scalar_type(each) for each in terms]
    for k in (0, 1):
        if titles[k] != titles[2]:
            raise RuntimeError(
                f"{names[k]} and {names[2]} must have the same dtype, but got {titles[k]} and {titles[2]}"
            )


def batch_dtypes(terms: tuple[Any, Any, Any]) -> str:
    """Return the dtypes of a sum with a product of batches, in words."""
    return "input {}, batch1: {}, batch2: {}".format(*map(c_name, terms))
