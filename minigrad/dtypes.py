"""Data types, and PyTorch's rules for mixing them.

PyTorch ranks every operand by *category* (bool < integer < floating) and by *kind* (Python number < 0-d tensor <
n-d tensor). The result has the highest category present; within it the n-d tensors decide the width, then the 0-d
tensors, then the Python numbers through the default dtype. NumPy differs where integers meet floats (int64 + float32
is float64 there, float32 here), so mixed operands go through :func:`result_type`.

See https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
"""

from __future__ import annotations

import builtins
from functools import cache
from typing import Any

import numpy as np

__all__ = [
    "bfloat16",
    "bool",
    "can_cast",
    "cdouble",
    "cfloat",
    "complex64",
    "complex128",
    "double",
    "dtype",
    "float",
    "float16",
    "float32",
    "float64",
    "get_default_dtype",
    "half",
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "long",
    "promote_types",
    "set_default_dtype",
    "short",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]

BOOL, INTEGER, FLOATING, COMPLEX = range(4)


class dtype:
    """The type of a tensor's elements; one object a type, compared by identity.

    Attributes
    ----------
    numpy : numpy.dtype
        The same type as NumPy has it.
    is_floating_point, is_signed : bool
    itemsize : int
        Bytes an element.
    """

    __slots__ = ("category", "is_complex", "is_floating_point", "is_signed", "itemsize", "name", "numpy", "tensor_type")

    def __init__(self, name: str, numpy_type: Any, category: Any, tensor_type: str) -> None:
        self.name = name
        self.numpy = np.dtype(numpy_type)
        self.category = category
        self.tensor_type = tensor_type
        self.itemsize = self.numpy.itemsize
        self.is_floating_point = category == FLOATING
        self.is_complex = False
        self.is_signed = name not in ("uint8", "bool")

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name


class _WithoutTensors(dtype):
    """A dtype that programs compare, pass on and ask for its limits, and of which minigrad makes no tensors."""

    __slots__ = ()

    def __init__(self, name: str, itemsize: Any, category: Any) -> None:
        self.name = name
        self.category = category
        self.itemsize = itemsize
        self.is_floating_point = category == FLOATING
        self.is_complex = category == COMPLEX
        self.is_signed = not name.startswith("u")

    @property
    def numpy(self) -> Any:
        """Refuse: NumPy's type is asked for where a tensor is to be made."""
        raise TypeError(
            f"minigrad has no tensors of dtype {self!r}; it has float16, float32 and float64, uint8 and the signed "
            "integers, and bool"
        )


float16 = half = dtype("float16", np.float16, FLOATING, "HalfTensor")
float32 = float = dtype("float32", np.float32, FLOATING, "FloatTensor")
float64 = double = dtype("float64", np.float64, FLOATING, "DoubleTensor")
uint8 = dtype("uint8", np.uint8, INTEGER, "ByteTensor")
int8 = dtype("int8", np.int8, INTEGER, "CharTensor")
int16 = short = dtype("int16", np.int16, INTEGER, "ShortTensor")
int32 = int = dtype("int32", np.int32, INTEGER, "IntTensor")
int64 = long = dtype("int64", np.int64, INTEGER, "LongTensor")
bool = dtype("bool", np.bool_, BOOL, "BoolTensor")
uint16 = _WithoutTensors("uint16", 2, INTEGER)
uint32 = _WithoutTensors("uint32", 4, INTEGER)
uint64 = _WithoutTensors("uint64", 8, INTEGER)
bfloat16 = _WithoutTensors("bfloat16", 2, FLOATING)
complex64 = cfloat = _WithoutTensors("complex64", 8, COMPLEX)
complex128 = cdouble = _WithoutTensors("complex128", 16, COMPLEX)

ALL = (float16, float32, float64, uint8, int8, int16, int32, int64, bool)
_FROM_NUMPY = {each.numpy: each for each in ALL}
_PYTHON_CATEGORY: dict[type, Any] = {builtins.bool: BOOL, builtins.int: INTEGER, builtins.float: FLOATING}
_OF_PYTHON_TYPE: dict[type, dtype] = {builtins.bool: bool, builtins.int: int64, builtins.float: float64}
_default = [float32]


def from_numpy(numpy_type: np.dtype[Any]) -> dtype:
    """Return the dtype that stands for a NumPy dtype.

    Raises
    ------
    TypeError
        For types that tensors do not hold (strings, objects, complex, unsigned types wider than 8 bits).
    """
    found = _FROM_NUMPY.get(numpy_type)
    if found is None:
        if (native := numpy_type.newbyteorder("=")) in _FROM_NUMPY:
            return _FROM_NUMPY[native]
        raise TypeError(
            f"can't convert np.ndarray of type numpy.{numpy_type.name}. The only supported types are: "
            f"float64, float32, float16, int64, int32, int16, int8, uint8, and bool."
        )
    return found


def requested(given: Any, function: str) -> dtype:
    """Return the dtype that an argument ``dtype=`` asks for: a dtype, or Python's ``bool``, ``int`` or ``float``.

    Raises
    ------
    TypeError
        For anything else, on behalf of ``function``.
    """
    if isinstance(given, dtype):
        return given
    found = _OF_PYTHON_TYPE.get(given) if isinstance(given, type) else None
    if found is None:
        raise TypeError(f"{function}(): argument 'dtype' must be torch.dtype, not {type(given).__name__}")
    return found


def of_python(value: Any) -> dtype:
    """Return the dtype that PyTorch gives a Python number: bool, int64, or the default floating dtype."""
    category = _PYTHON_CATEGORY.get(type(value))
    if category is None:
        category = _category_of_instance(value)
    return (bool, int64, _default[0])[category]


def _category_of_instance(value: Any) -> Any:
    for kind, category in ((builtins.bool, BOOL), (np.bool_, BOOL), (builtins.int, INTEGER), (np.integer, INTEGER)):
        if isinstance(value, kind):
            return category
    if isinstance(value, (builtins.float, np.floating)):
        return FLOATING
    raise TypeError(f"expected a number, got {type(value).__name__}")


def get_default_dtype() -> dtype:
    """Return the floating dtype that Python floats take (float32 unless changed)."""
    return _default[0]


def set_default_dtype(d: dtype) -> None:
    """Set the floating dtype that Python floats, and creation functions without ``dtype``, take."""
    if not isinstance(d, dtype):
        raise TypeError(f"invalid dtype object: only floating-point types are supported as the default type, got {d!r}")
    if not d.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {d!r}")
    _ = d.numpy  # refuses what no tensor has
    _default[0] = d
    result_type_of_numpy.cache_clear()


@cache
def promote_types(type1: dtype, type2: dtype) -> dtype:
    """Return the smallest dtype that both can be cast to, by PyTorch's table."""
    if type1.category != type2.category:
        return max(type1, type2, key=lambda each: each.category)
    return from_numpy(np.promote_types(type1.numpy, type2.numpy))


def can_cast(from_: dtype, to: dtype) -> Any:
    """Whether a result of type ``from_`` may be stored in a tensor of type ``to``: the category must not fall."""
    return from_.category <= to.category


@cache
def result_type_of_numpy(operands: tuple[Any, ...]) -> np.dtype[Any]:
    """Return the NumPy dtype of an operation's result.

    Parameters
    ----------
    operands : tuple
        An entry an operand: ``(numpy.dtype, is_0d)`` for arrays, a Python type for numbers.
    """
    by_kind: list[dtype | None] = [None, None, None]
    for operand in operands:
        if isinstance(operand, type):
            kind, each = 0, (bool, int64, _default[0])[_PYTHON_CATEGORY[operand]]
        else:
            kind, each = (1 if operand[1] else 2), from_numpy(operand[0])
        known = by_kind[kind]
        by_kind[kind] = each if known is None else promote_types(known, each)
    number, zero_d, n_d = by_kind
    result = n_d
    for weaker in (zero_d, number):
        if result is None or (weaker is not None and weaker.category > result.category):
            result = weaker
    assert result is not None
    return result.numpy
