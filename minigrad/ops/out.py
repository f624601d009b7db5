"""Results written into a given tensor, ``f(..., out=tensor)``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.ops.backend import like
from minigrad.ops.errors import c_name
from minigrad.ops.inplace import check_cast, check_inference
from minigrad.ops.overlap import OVERLAP, SHARED, in_step, overlap, repeats, writeable
from minigrad.ops.state import Upper, mode

_EXACT = (
    "abs addbmm addmm addmv all amax amin any argmax argmin avg_pool2d avg_pool3d baddbmm bitwise_not bmm "
    "bucketize ceil cholesky cholesky_ex cross det diag dot eigvalsh floor frac gather gelu hardshrink heaviside histc "
    "index_add index_copy index_reduce index_select inv isin isneginf isposinf linear log_softmax logcumsumexp "
    "logsigmoid lu_solve masked_select matmul matrix_norm mm msort multi_dot mv nan_to_num nanquantile neg "
    "nonzero norm ormqr quantile renorm round scatter scatter_add scatter_reduce searchsorted sgn sign signbit "
    "slice_scatter softmax softplus softshrink solve solve_triangular svdvals take take_along_dim tensordot tril "
    "triu trunc vdot vecdot vector_norm where alias_copy as_strided_copy detach_copy diagonal_copy expand_copy "
    "permute_copy select_copy slice_copy squeeze_copy t_copy transpose_copy unfold_copy unsqueeze_copy view_copy"
)

EXACT = frozenset(_EXACT.split())
"""Operations of one result whose ``out`` has its very dtype; the others' result is cast into it."""

APART = frozenset(
    ("cat", "gather", "index_select", "kthvalue", "masked_select", "multinomial", "scatter", "stack", "take")
)
"""Operations that may not write into the memory that they read, even in step."""


def dtype_of(name: str, dtype: Any, out: Any, default: Any = None) -> np.dtype[Any]:
    """Return the NumPy dtype of a new tensor: the given one, that of ``out``, or the default (floating) one.

    Raises
    ------
    TypeError
        For what is no dtype, and an ``out`` that is no tensor.
    RuntimeError
        For a dtype that is not that of ``out``.
    """
    if dtype is None:
        if out is None:
            return (default or dtypes.get_default_dtype()).numpy
        wanted = None
    else:
        wanted = dtypes.requested(dtype, name).numpy
        if out is None:
            return wanted
    if not isinstance(out, Upper.Tensor):
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    if wanted is not None and wanted != out._array.dtype:
        want, given = (
            dtypes.from_numpy(each).tensor_type.removesuffix("Tensor") for each in (wanted, out._array.dtype)
        )
        raise RuntimeError(f"dtype {want} does not match dtype of out parameter ({given})")
    return out._array.dtype


def write_out(name: str, target: Any, result: Any, inputs: Iterable[Any] = (), exact: bool | None = None) -> Any:
    """Copy the result of ``name(*inputs, out=target)`` into ``target``, resizing it where its shape differs.

    Raises
    ------
    TypeError
        When ``target`` is not what the operation returns: a tensor, or a tuple of them.
    RuntimeError
        For a dtype that the operation does not write, memory that overlaps itself or the inputs, and a target or an
        input that requires grad.
    """
    if isinstance(result, tuple):
        if name == "nonzero":
            raise RuntimeError("nonzero does not support the out kwarg when as_tuple is True")
        if not isinstance(target, (tuple, list)) or len(target) != len(result):
            raise TypeError(f"{name}(): argument 'out' must be tuple of Tensors, not {type(target).__name__}")
        inputs = list(inputs)
        pairs = zip(target, result, strict=True)
        return type(result)(
            [write_out(name, one, other, inputs, name not in ("geqrf", "lstsq")) for one, other in pairs]
        )
    if not isinstance(target, Upper.Tensor):
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(target).__name__}")
    check_inference(target)
    if target._requires_grad or (result._requires_grad and mode.enabled):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad."
        )
    if (name in EXACT if exact is None else exact) and target._array.dtype != result._array.dtype:
        wanted, given = (c_name(each._array) for each in (result, target))
        raise RuntimeError(f"{name}(): Expected out tensor to have dtype {wanted}, but got {given} instead")
    check_cast(result._array.dtype, target._array.dtype)
    _check_memory(name, target._array, inputs)
    if target._array.shape == result._array.shape:
        np.copyto(writeable(target._array), like(target._array, result._array), casting="unsafe")
    else:
        target._array = like(target._array, result._array).astype(target._array.dtype)
    target._writes[0] += 1
    return target


def _check_memory(name: str, target: Any, inputs: Iterable[Any]) -> None:
    """Refuse a target one of whose elements is another one of it, or of what the operation reads."""
    if 0 in target.strides and repeats(target):
        raise RuntimeError(OVERLAP)
    for each in inputs:
        read = each._array if isinstance(each, Upper.Tensor) else each
        if isinstance(read, (list, tuple)):
            _check_memory(name, target, read)
        elif (
            isinstance(read, np.ndarray)
            and isinstance(target, np.ndarray)
            and (overlap(target, read) or (name in APART and in_step(target, read)))
        ):
            raise RuntimeError(SHARED)


def call_into(call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Carry out ``f(..., out=tensor)``."""
    target = kwargs.pop("out")
    result = call(*args, **kwargs)
    return result if target is None else write_out(call.__name__, target, result, (*args, *kwargs.values()))
