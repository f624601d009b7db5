"""Making tensors by rule: ranges of numbers, identity matrices, grids of coordinates."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.creation import finish
from minigrad.tensor import Tensor

__all__ = ["arange", "eye", "linspace", "logspace", "meshgrid", "range", "tril_indices", "triu_indices"]


def _number(name: str, parameter: str, value: Any) -> Any:
    """Return a number given as such or as a tensor of one element."""
    if isinstance(value, (Tensor, np.generic)):
        return value.item()
    if not isinstance(value, (int, float)):
        raise TypeError(f"{name}(): argument '{parameter}' must be Number, not {type(value).__name__}")
    return value


def _dtype(name: str, dtype: Any, default: dtypes.dtype | None = None) -> dtypes.dtype:
    if dtype is None:
        return default or dtypes.get_default_dtype()
    return dtypes.requested(dtype, name)


def _length(start: Any, end: Any, step: Any) -> float:
    """Check a range, and return its length as a multiple of the step."""
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    return (end - start) / step


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
    if len(bounds) == 1 and end is None:
        end = bounds[0]
    elif bounds:
        start, end, *rest = (*bounds, end) if len(bounds) == 1 else bounds
        if len(rest) > 1:
            raise TypeError(
                f"arange() received an invalid combination of arguments - got {len(bounds)} numbers, but expected "
                "one to three: end; start, end; or start, end, step"
            )
        if rest:
            (step,) = rest
    if end is None:
        raise TypeError("arange() received an invalid combination of arguments - got (), but expected an end")
    start = 0 if start is None else start
    start, end, step = (
        _number("arange", name, value) for name, value in (("start", start), ("end", end), ("step", step))
    )
    if dtype is not None:
        dtype = dtypes.requested(dtype, "arange")
    elif out is not None:
        dtype = out.dtype
    elif any(isinstance(each, float) for each in (start, end, step)):
        dtype = dtypes.get_default_dtype()
    else:
        dtype = dtypes.int64
    if dtype is dtypes.bool:
        raise NotImplementedError("\"arange_cpu\" not implemented for 'Bool'")
    if dtype.is_floating_point:
        array = (start + step * np.arange(math.ceil(_length(start, end, step)))).astype(dtype.numpy)
    else:
        start, end, step = int(start), int(end), int(step)
        count = math.ceil(_length(start, end, step))
        array = np.arange(start, start + count * step, step).astype(dtype.numpy)
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
    if end is None:
        start, end = 0, start
    start, end, step = (
        _number("range", name, value) for name, value in (("start", start), ("end", end), ("step", step))
    )
    dtype = _dtype("range", dtype)
    count = math.floor(_length(start, end, step)) + 1
    return finish((start + step * np.arange(count)).astype(dtype.numpy), device, requires_grad, out)


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
    numpy_type = _dtype("linspace", dtype).numpy
    start, end = _number("linspace", "start", start), _number("linspace", "end", end)
    return finish(_even_steps(start, end, _steps("linspace", steps), numpy_type), device, requires_grad, out)


def _steps(name: str, steps: Any) -> int:
    if isinstance(steps, float) or not hasattr(steps, "__index__"):
        raise TypeError(f"{name}(): argument 'steps' must be int, not {type(steps).__name__}")
    steps = operator.index(steps)
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    return steps


def _even_steps(start: Any, end: Any, steps: int, numpy_type: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Return evenly spaced numbers, the second half counted back from the end, so that both ends are exact."""
    if steps == 1:
        return np.full(1, start, numpy_type)
    working = numpy_type if numpy_type.kind == "f" and numpy_type.itemsize > 2 else np.dtype(np.float32)
    first, last = working.type(start), working.type(end)
    step = (last - first) / working.type(max(steps - 1, 1))
    index = np.arange(steps, dtype=working)
    array = np.where(index < steps // 2, first + step * index, last - step * (working.type(steps - 1) - index))
    return array.astype(numpy_type)


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
    numpy_type = _dtype("logspace", dtype).numpy
    working = numpy_type if numpy_type.kind == "f" else np.dtype(np.float32)
    start, end = _number("logspace", "start", start), _number("logspace", "end", end)
    exponents = _even_steps(start, end, _steps("logspace", steps), working).astype(np.float64)
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
    array = np.eye(n, m, dtype=_dtype("eye", dtype).numpy)
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
    return finish(found.astype(_dtype("tril_indices", dtype, dtypes.int64).numpy), device, requires_grad=False)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: dtypes.dtype | None = None, device: Any = None
) -> Tensor:
    """Return the row and column numbers, two rows, of the places on and above the diagonal ``offset``."""
    _check_rows(row, col)
    found = np.stack(np.triu_indices(row, offset, col))
    return finish(found.astype(_dtype("triu_indices", dtype, dtypes.int64).numpy), device, requires_grad=False)


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Return the coordinates of a grid: each vector repeated along the dimensions of the others, as views.

    Parameters
    ----------
    *tensors : Tensor of at most one dimension
        Of one dtype; also as one sequence.
    indexing : {"ij", "xy"}
        Whether the first vector runs along the first dimension ("ij", the default), or along the second ("xy").
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
    order = [*map(int, np.arange(len(vectors)))]
    if indexing == "xy" and len(vectors) > 1:
        order[0], order[1] = 1, 0
    shape = [vectors[k].numel() for k in order]
    grids = []
    for k, vector in enumerate(vectors):
        spread = [1] * len(vectors)
        spread[order.index(k)] = vector.numel()
        grids.append(vector.reshape(spread).expand(shape))
    return tuple(grids)
