"""Which argument of a call is at fault, in the words of PyTorch's parser of arguments; asked when a call has failed."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.dtypes import dtype
from minigrad.ops.backend import is_array
from minigrad.ops.state import Upper

_SEVERAL = (
    "all any arange argsort bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor bucketize "
    "chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w clamp clamp_max "
    "clamp_min conv1d conv2d conv3d copysign count_nonzero cumulative_trapezoid dsplit eq eye fill float_power "
    "floor_divide fmod ge gradient gt hermite_polynomial_h hermite_polynomial_he histogram hsplit index_fill isin "
    "laguerre_polynomial_l le legendre_polynomial_p lerp linspace logspace lt masked_fill matrix_norm matrix_rank max "
    "mean min movedim nanquantile narrow ne normal pinv pow prod quantile rand_like randint randint_like randn "
    "randn_like remainder repeat_interleave rsub scatter searchsorted shifted_chebyshev_polynomial_t "
    "shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v shifted_chebyshev_polynomial_w sort split squeeze "
    "std std_mean sum tensor_split trapezoid trapz true_divide var var_mean view vsplit where xlog1py xlogy zeta"
)

SEVERAL = frozenset(_SEVERAL.split())
"""Functions that PyTorch has in several forms, so that its errors name no argument but list the forms."""


def fault(signature: Any, args: Sequence[Any], kwargs: Mapping[str, Any], tensors_only: bool) -> TypeError | None:
    """Return the error that names the argument which is not what its parameter takes, None where all are.

    Parameters
    ----------
    signature : Signature
    args : sequence
        One value a parameter.
    kwargs : mapping
        What was given by name.
    tensors_only : bool
        Whether only parameters that take nothing but a tensor, or nothing but a bool or text, are looked at.
    """
    function = signature.function_name.removesuffix("_dim").removesuffix("_of")
    for position, (name, value) in enumerate(zip(signature.names, args, strict=False), 1):
        annotation = signature.annotations[position - 1]
        if tensors_only and annotation not in ("Tensor", "str", "int"):
            continue
        wanted = _wanted(name, annotation, value)
        if not wanted:
            continue
        if function in SEVERAL:
            return mismatch(function, signature, args, kwargs)
        place = "" if name in kwargs else f" (position {position})"
        if wanted == "tuple of ints":
            return TypeError(not_ints(function, name, place, value))
        return TypeError(f"{function}(): argument '{name}'{place} must be {wanted}, not {type_name(value)}")
    return None


def not_ints(function: str, name: str, place: str, value: Any) -> str:
    """Return what PyTorch says of an argument that should be some integers."""
    several = value if isinstance(value, (tuple, list)) else (value,)
    wrong = next(k for k, each in enumerate(several) if not _is_index(each))
    kind = type_name(several[wrong])
    if wrong:
        reason = f'"type must be tuple of ints,but got {kind}"'
        return f"{function}(): argument '{name}' failed to unpack the object at pos {wrong + 1} with error {reason}"
    found = f"but found element of type {kind} at pos 0" if several is value and len(several) > 1 else f"not {kind}"
    return f"{function}(): argument '{name}'{place} must be tuple of ints, {found}"


def mismatch(function: str, signature: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TypeError:
    """Return the error for arguments that fit no form of a function."""
    defaults = (*signature.defaults, *((None,) * len(args)))
    names = (*signature.names, *(("",) * len(args)))
    count = max((k for k, value in enumerate(args, 1) if value is not defaults[k - 1]), default=0)
    given = [type_name(value) for name, value in zip(names[:count], args, strict=False) if name not in kwargs]
    given += [f"{name}={type_name(value)}" for name, value in kwargs.items()]
    return TypeError(
        f"{function}() received an invalid combination of arguments - got ({', '.join(given)}), but expected one of:\n"
        f" * {signature}"
    )


def type_name(value: Any) -> str:
    """Return the name of a value's type as PyTorch prints it."""
    if isinstance(value, Upper.Tensor):
        return "Tensor"
    kind = type(value)
    if isinstance(value, (tuple, list)) and value and not hasattr(value, "_fields"):
        inside = type_name(value[0])
        return f"{kind.__name__} of {inside}" if kind in (tuple, list) and inside != "int" else kind.__name__
    if isinstance(value, dtype):
        return "torch.dtype"
    return kind.__name__ if kind.__module__ in ("builtins", __name__) else f"{kind.__module__}.{kind.__name__}"


def _wanted(name: str, annotation: str, value: Any) -> str | None:
    """Return PyTorch's name of what a parameter takes, if ``value`` is something else."""
    if value is None and (annotation == "Any" or "None" in annotation):
        return None
    kinds = set(annotation.split(" | "))
    if name == "dtype":
        return None if isinstance(value, (dtype, np.dtype)) else "torch.dtype"
    if kinds & {"Number", "float"}:
        if isinstance(value, (int, float, np.generic)) or is_tensor(value):
            return None
        return "Tensor" if "Tensor" in kinds and "Number" not in kinds else "Number"
    if "Tensor" in kinds:
        return None if is_tensor(value) else "Tensor"
    if "int" in kinds:
        return None if _is_index(value) else "int"
    if "str" in kinds:
        return None if isinstance(value, str) else "str"
    if "bool" in kinds:
        return None if _is_truth(value) else "bool"
    if name in ("dim", "dims", "repeats", "size", "shape", "shifts", "sizes") or annotation == "tuple[int, ...]":
        several = value if isinstance(value, (tuple, list)) else (value,)
        return None if all(map(_is_index, several)) else "tuple of ints"
    return None


def is_tensor(value: Any) -> bool:
    """Whether a value is a tensor, or an array or a number of NumPy's, which stand for one inside gradient rules."""
    return isinstance(value, (np.generic, Upper.Tensor)) or is_array(value)


def _is_index(value: Any) -> bool:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        return False
    try:
        operator.index(value)
    except TypeError:
        return False
    return not (isinstance(value, Upper.Tensor) and value.ndim)


def _is_truth(value: Any) -> bool:
    return isinstance(value, (bool, int, np.bool_, Upper.Tensor)) or is_array(value)
