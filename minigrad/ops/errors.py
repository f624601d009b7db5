"""Errors that several operations raise."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from minigrad.dtypes import from_numpy
from minigrad.ops.arguments import fault
from minigrad.ops.backend import device_of, is_array
from minigrad.ops.promotion import scalar_type

_C_NAMES = {
    "float16": "c10::Half",
    "float32": "float",
    "float64": "double",
    "uint8": "unsigned char",
    "int8": "signed char",
    "int16": "short",
    "int32": "int",
    "int64": "long int",
    "bool": "bool",
}


def dtype_mismatch(problem: str, first: Any, second: Any) -> RuntimeError:
    """Return the error for two arrays that should have one dtype, in PyTorch's words."""
    return RuntimeError(f"{problem}, but got: {c_name(first)} != {c_name(second)}")


def factors_differ(name: str, first: Any, mat2: Any) -> RuntimeError:
    """Return the error for a factor, or what is added to a product, in another dtype than the second factor."""
    given = f"{scalar_type(first)} and {scalar_type(mat2)}"
    return RuntimeError(f"{name} and mat2 must have the same dtype, but got {given}")


def vector_differs(input: Any, mat: Any, vec: Any) -> RuntimeError:
    """Return the error for a product of a matrix and a vector, and what is added to it, of several dtypes."""
    given = f"{scalar_type(input)}, {scalar_type(mat)}, and {scalar_type(vec)}"
    return RuntimeError(f"addmv input tensors must have the same dtype, but got {given}")


def scalars_differ(expected: Any, found: Any) -> RuntimeError:
    """Return the error for an array in another dtype than the one before it."""
    return RuntimeError(f"expected scalar type {scalar_type(expected)} but found {scalar_type(found)}")


def broadcast_error(error: ValueError, values: Any) -> Exception:
    """Return the error for operands whose shapes do not broadcast, in PyTorch's words; other errors as they are."""
    if "broadcast" in str(error):
        try:
            common_shape(*(value.shape for value in values if is_array(value)))
        except RuntimeError as found:
            return found
    return error


def common_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape to which shapes broadcast.

    Raises
    ------
    RuntimeError
        Where they do not, in PyTorch's words.
    """
    common: tuple[int, ...] = ()
    for shape in shapes:
        left, right = common, tuple(shape)
        room = max(len(left), len(right))
        left, right = (1,) * (room - len(left)) + left, (1,) * (room - len(right)) + right
        for dim in reversed(range(room)):
            if left[dim] != right[dim] and 1 not in (left[dim], right[dim]):
                raise RuntimeError(
                    f"The size of tensor a ({left[dim]}) must match the size of tensor b ({right[dim]}) at "
                    f"non-singleton dimension {dim}"
                )
        common = tuple(b if a == 1 else a for a, b in zip(left, right, strict=True))
    return common


def devices_apart(values: Any) -> RuntimeError | None:
    """Return the error for arrays that live on different devices, in PyTorch's words; None where they do not."""
    arrays = [each for value in values for each in (value if isinstance(value, (list, tuple)) else (value,))]
    found = list(dict.fromkeys(device_of(each) for each in arrays if is_array(each)))
    if len(found) < 2:
        return None
    return RuntimeError(
        f"Expected all tensors to be on the same device, but found at least two devices, {found[0]} and {found[1]}! "
        "Move them together with x.to(device)."
    )


def explained(
    error: Exception, signature: Any, args: Any, values: Any, kwargs: Any = MappingProxyType({})
) -> Exception:
    """Return what to raise for an error inside a forward: the one that names the argument at fault, if there is one.

    Parameters
    ----------
    error : Exception
        Of another class than ValueError, TypeError and AttributeError, only what cannot be meant is named instead.
    signature : Signature
    args, values : sequence
        The bound arguments, as they were given and as the forward got them.
    kwargs : mapping
        What was given by name.
    """
    if isinstance(error, ValueError):
        found = broadcast_error(error, values)
        if found is not error:
            return found
    if isinstance(error, TypeError):
        apart = devices_apart(values)
        if apart is not None:
            return apart
    if isinstance(error, TypeError) and ("argument '" in str(error) or "invalid combination" in str(error)):
        return error
    in_words = not isinstance(error, (ValueError, TypeError, AttributeError))
    return fault(signature, args, kwargs, in_words) or error


def c_name(array: Any) -> str:
    """Return the name that PyTorch gives an array's dtype where it prints the C++ type."""
    return c_type(array.dtype)


def c_type(dtype: Any) -> str:
    """Return the C++ type of a NumPy dtype as PyTorch prints it."""
    return _C_NAMES[from_numpy(dtype).name]


class LinAlgError(RuntimeError):
    """Raised where a matrix lacks what a factorisation or a solution needs: ``torch.linalg.LinAlgError``."""
