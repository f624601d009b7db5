"""Making tensors by rule: ranges of numbers, identity matrices, grids of coordinates."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.creation import finish
from minigrad.ops.arguments import type_name
from minigrad.ops.hints import INCLUSIVE_RANGE, MESHGRID, hint, hint_once
from minigrad.ops.out import dtype_of
from minigrad.tensor import Tensor

__all__ = ["arange", "eye", "linspace", "logspace", "meshgrid", "range", "tril_indices", "triu_indices"]


def _number(name: str, parameter: str, value: Any) -> Any:
    """Return a number given as such or as a tensor of one element."""
    if isinstance(value, (Tensor, np.generic)):
        return value.item()
    if not isinstance(value, (int, float)):
        raise TypeError(f"{name}(): argument '{parameter}' must be Number, not {type(value).__name__}")
    return value


_NUMBERS = {int, float}


def _length(start: Any, end: Any, step: Any) -> float:
    """Check a range, and return its length as a multiple of the step."""
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    return (end - start) / step


def _bounds(bounds: tuple[Any, ...], start: Any, end: Any, step: Any) -> tuple[Any, Any, Any]:
    """Return the start, the end and the step of an `arange` as numbers.

    Raises
    ------
    TypeError
        For what are no numbers, and for too few or too many.
    """
    if start is None and end is None and 0 < len(bounds) < 4:
        found = (0, bounds[0], step) if len(bounds) == 1 else (*bounds, step)[:3]
        if _NUMBERS.issuperset(map(type, found)):
            return found  # as in nearly every call
    named = {name: value for name, value in (("start", start), ("end", end)) if value is not None}
    names = ("end",) if len(bounds) == 1 and end is None else ("start", "end", "step")
    given = {**dict(zip(names, bounds, strict=False)), **named, **({} if len(bounds) > 2 else {"step": step})}
    if len(bounds) == 1 and names == ("end",) and not _is_number(bounds[0]):
        kind = type_name(bounds[0])
        raise TypeError(f"arange(): argument 'end' (position 1) must be Number, not {kind}")
    if len(bounds) > 3 or "end" not in given or not all(map(_is_number, given.values())):
        kinds = [type_name(each) for each in bounds] + [f"{name}={type_name(each)}" for name, each in named.items()]
        raise TypeError(
            f"arange() received an invalid combination of arguments - got ({', '.join(kinds)}), but expected one of:\n"
            " * (Number end)\n * (Number start, Number end, Number step = 1)"
        )
    return tuple(_number("arange", name, given.get(name, 0)) for name in ("start", "end", "step"))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.generic)) or (isinstance(value, Tensor) and value.numel() == 1)


def arange(
    *bounds: Any,
    start: Any = None,
    end: Any = None,
    step: Any = 1,
    out: Tensor | None = None,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return the numbers from ``start`` (0) to before ``end``: ``arange(end)``, ``arange(start, end[, step])``.

    Parameters
    ----------
    start, end, step : number
    dtype : dtype, optional
        By default int64 where all three are integers, else the default floating dtype.

    Raises
    ------
    RuntimeError
        For a step of 0, or one that leads away from the end.
    """
    start, end, step = _bounds(bounds, start, end, step)
    floating = isinstance(start, float) or isinstance(end, float) or isinstance(step, float)
    numpy_type = dtype_of("arange", dtype, out, None if floating else dtypes.int64)
    if numpy_type.kind == "b":
        raise NotImplementedError("\"arange_cpu\" not implemented for 'Bool'")
    if numpy_type.kind == "f":
        array = (start + step * np.arange(math.ceil(_length(start, end, step)))).astype(numpy_type)
    else:
        if step and not int(step):
            raise ValueError("step must be nonzero")
        ends = [start, end, step] if numpy_type.itemsize < 8 else [int(start), int(end), int(step)]
        count = math.ceil(_length(*ends))
        start, step = int(start), int(step)
        array = np.arange(start, start + count * step, step).astype(numpy_type, copy=False)
    return finish(array, device, requires_grad, out)


def range(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    out: Tensor | None = None,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return the numbers from ``start`` to ``end``, both included, in the default dtype; `arange` is usually meant."""
    hint(INCLUSIVE_RANGE)
    if end is None:
        start, end = 0, start
    start, end, step = (
        _number("range", name, value) for name, value in (("start", start), ("end", end), ("step", step))
    )
    numpy_type = dtype_of("range", dtype, out)
    count = math.floor(_length(start, end, step)) + 1
    return finish((start + step * np.arange(count)).astype(numpy_type), device, requires_grad, out)


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    out: Tensor | None = None,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return ``steps`` numbers evenly spaced from ``start`` to ``end``, both included.

    Raises
    ------
    RuntimeError
        For a negative number of steps.
    """
    numpy_type = dtype_of("linspace", dtype, out)
    start, end = _ends("linspace", start, end, numpy_type)
    count = _steps("linspace", steps, (start, end))
    return finish(_even_steps(start, end, count, numpy_type), device, requires_grad, out)


def _ends(name: str, start: Any, end: Any, numpy_type: np.dtype[Any]) -> tuple[Any, Any]:
    """Return the two ends as numbers of a kind that the dtype holds."""
    if type(start) in _NUMBERS and type(end) in _NUMBERS:
        return (int(start), int(end)) if numpy_type.kind in "iu" else (start, end)
    dims = [(role, each.ndim) for role, each in (("start", start), ("end", end)) if isinstance(each, Tensor)]
    if any(ndim for _, ndim in dims):
        given = " and ".join(f"{role} with {ndim} dimension(s)" for role, ndim in dims)
        raise RuntimeError(f"{name} only supports 0-dimensional start and end tensors, but got {given}.")
    start, end = _number(name, "start", start), _number(name, "end", end)
    return (int(start), int(end)) if numpy_type.kind in "iu" else (start, end)


def _steps(name: str, steps: Any, ends: tuple[Any, Any]) -> int:
    if isinstance(steps, float) or not hasattr(steps, "__index__"):
        kinds = ", ".join(type(each).__name__ for each in (*ends, steps))
        raise TypeError(
            f"{name}() received an invalid combination of arguments - got ({kinds}), but expected an int as 'steps'"
        )
    steps = operator.index(steps)
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    return steps


def _even_steps(start: Any, end: Any, steps: int, numpy_type: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Return evenly spaced numbers, the second half counted back from the end, so that both ends are exact."""
    if steps == 1:
        return np.full(1, start, numpy_type)
    working = np.dtype(np.float64 if numpy_type.kind != "f" else np.float32 if numpy_type.itemsize == 2 else numpy_type)
    first, last = working.type(start), working.type(end)
    step = (last - first) / working.type(max(steps - 1, 1))
    index = np.arange(steps, dtype=working)
    array = first + step * index
    half = steps // 2
    array[half:] = last - step * index[: steps - half][::-1]
    return array.astype(numpy_type, copy=False)


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    out: Tensor | None = None,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return ``steps`` powers of ``base``, their exponents evenly spaced from ``start`` to ``end``, both included."""
    numpy_type = dtype_of("logspace", dtype, out)
    working = numpy_type if numpy_type.kind == "f" else np.dtype(np.float32)
    start, end = _ends("logspace", start, end, numpy_type)
    exponents = _even_steps(start, end, _steps("logspace", steps, (start, end)), working).astype(np.float64)
    return finish(np.power(float(base), exponents).astype(numpy_type), device, requires_grad, out)


def eye(
    n: int,
    m: int | None = None,
    *,
    out: Tensor | None = None,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return an ``n`` by ``m`` (by default square) matrix with ones on the diagonal and zeros elsewhere."""
    for name, value in (("n", n), ("m", m)):
        if value is not None and not hasattr(value, "__index__"):
            raise TypeError(f"eye(): argument '{name}' must be int, not {type(value).__name__}")
        if value is not None and value < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {value}")
    array = np.eye(n, m, dtype=dtype_of("eye", dtype, out))
    return finish(array, device, requires_grad, out)


def _check_rows(row: int, col: int) -> None:
    for name, value in (("row", row), ("col", col)):
        if value < 0:
            raise RuntimeError(f"{name} must be non-negative, got{value}")


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: dtypes.dtype | None = None, device: Any = None
) -> Tensor:
    """Return the row and column numbers, two rows, of the places on and below the diagonal ``offset``."""
    _check_rows(row, col)
    found = np.stack(np.tril_indices(row, offset, col))
    return finish(found.astype(dtype_of("tril_indices", dtype, None, dtypes.int64)), device, requires_grad=False)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: dtypes.dtype | None = None, device: Any = None
) -> Tensor:
    """Return the row and column numbers, two rows, of the places on and above the diagonal ``offset``."""
    _check_rows(row, col)
    found = np.stack(np.triu_indices(row, offset, col))
    return finish(found.astype(dtype_of("triu_indices", dtype, None, dtypes.int64)), device, requires_grad=False)


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Return the coordinates of a grid: each vector repeated along the dimensions of the others, as views.

    Parameters
    ----------
    *tensors : Tensor of at most one dimension
        Of one dtype; also as one sequence.
    indexing : {"ij", "xy"}
        Whether the first vector runs along the first dimension ("ij", the default), or along the second ("xy").

    Raises
    ------
    RuntimeError
        Without tensors, for several dtypes, for tensors that are no vectors, and for an unknown ``indexing``.
    TypeError
        For what is no tensor.
    """
    vectors = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    if not vectors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    for k, each in enumerate(vectors):
        if not isinstance(each, Tensor):
            raise TypeError(f"expected Tensor as element {k} in argument 0, but got {type(each).__name__}")
    if any(each.dtype is not vectors[0].dtype for each in vectors):
        raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    for each in vectors:
        if each.ndim > 1:
            raise RuntimeError(f"Expected 0D or 1D tensor in the tensor list but got: {each.ndim}D")
    if indexing is None:
        hint_once(MESHGRID)
    order = [k for k, _ in enumerate(vectors)]
    if indexing == "xy" and len(vectors) > 1:
        order[0], order[1] = 1, 0
    shape = [vectors[k].numel() for k in order]
    grids = []
    for k, vector in enumerate(vectors):
        spread = [1] * len(vectors)
        spread[order.index(k)] = vector.numel()
        grids.append(vector.reshape(spread).expand(shape))
    return tuple(grids)
