"""What operations on matrices share: what they refuse, the transpose, and matrices for their samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dtypes import from_numpy
from minigrad.ops.backend import array_of, as_its_kind
from minigrad.ops.promotion import check_floating, not_implemented
from minigrad.ops.shape import transpose


def check_matrices(
    name: str,
    A: Any,
    square: bool = False,
    kernel: str | None = None,
    low_precision: bool = False,
    half: str | None = None,
) -> None:
    """Refuse what is not a floating matrix or a batch of them.

    Parameters
    ----------
    kernel : str, optional
        The name under which PyTorch refuses integers, where that happens in a kernel.
    low_precision : bool
        Whether float16 will do, as it does where no LAPACK is needed.
    half : str, optional
        The name of the kernel in which PyTorch refuses float16, where that happens in one.

    Raises
    ------
    RuntimeError
    """
    if A.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    if square and A.shape[-1] != A.shape[-2]:
        raise RuntimeError(
            f"{name}: A must be batches of square matrices, but they are {A.shape[-2]} by {A.shape[-1]} matrices"
        )
    if kernel is not None:
        check_floating(kernel, A)
    if half is not None and A.dtype == np.float16:
        raise not_implemented(half, A)
    check_precision(name, A, low_precision)


def check_precision(name: str, A: Any, low_precision: bool = False) -> None:
    """Refuse dtypes for which there is no LAPACK; float16 passes where that is not needed.

    Raises
    ------
    RuntimeError
    """
    title = from_numpy(A.dtype).tensor_type.removesuffix("Tensor")
    if A.dtype.kind != "f":
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {title}")
    if A.dtype.itemsize == 2 and not low_precision:
        raise RuntimeError(f"{name}: Low precision dtypes not supported. Got {title}")


def mT(A: Any) -> Any:
    """Return matrices transposed."""
    return transpose(A, -1, -2)


def eye_like(values: Any, length: int, dtype: Any = None) -> Any:
    """Return the identity as what ``values`` is: an array or a tensor."""
    return as_its_kind(values, np.eye(length, dtype=array_of(values).dtype if dtype is None else dtype))


def well_conditioned(make: Any, *shape: int) -> Any:
    """Return random matrices that are far from singular."""
    return make(*shape) + 3 * np.eye(shape[-2], shape[-1])


def positive_definite(make: Any, *shape: int) -> Any:
    """Return random symmetric positive definite matrices."""
    A = make(*shape)
    return A @ np.swapaxes(A, -1, -2) + np.eye(shape[-1])
