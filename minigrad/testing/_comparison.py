"""Comparing tensors in tests: `assert_close`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.ops.promotion import common_dtype
from minigrad.tensor import Tensor

__all__ = ["assert_close"]

# Relative and absolute tolerance, by dtype; all others must be equal.
_TOLERANCES = {"float16": (1e-3, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7)}


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Raise unless ``|actual - expected| <= atol + rtol * |expected|`` in every element.

    Parameters
    ----------
    actual, expected : Tensor, array, number, or sequence or mapping of these
    allow_subclasses : bool
        Whether the types may differ, if one is a subclass of the other.
    rtol, atol : float, optional
        Both or none; by default what the dtype allows for.
    equal_nan : bool
        Whether NaN equals NaN.
    check_device, check_dtype, check_layout, check_stride : bool
        What else must agree; all tensors of minigrad have one layout.
    msg : str or callable, optional
        Stands in for the message, or makes another of it.

    Raises
    ------
    AssertionError
    """
    if (rtol is None) != (atol is None):
        raise ValueError(
            "Both 'rtol' and 'atol' must be either specified or omitted, but got no "
            f"{'rtol' if rtol is None else 'atol'}."
        )
    compare = _Comparison(rtol, atol, equal_nan, check_device, check_dtype, check_stride, allow_subclasses)
    try:
        compare(actual, expected)
    except AssertionError as error:
        if msg is None:
            raise
        raise AssertionError(msg(str(error)) if callable(msg) else msg) from None


class _Comparison:
    """The settings of one call of `assert_close`, applied to pairs of values."""

    def __init__(
        self,
        rtol: float | None,
        atol: float | None,
        equal_nan: bool,
        check_device: bool,
        check_dtype: bool,
        check_stride: bool,
        allow_subclasses: bool,
    ) -> None:
        self.tolerances = None if rtol is None or atol is None else (rtol, atol)
        self.equal_nan = equal_nan
        self.check_device = check_device
        self.check_dtype = check_dtype
        self.check_stride = check_stride
        self.allow_subclasses = allow_subclasses

    def __call__(self, actual: Any, expected: Any, where: str = "") -> None:
        """Compare two values; ``where`` says which part of the whole they are."""
        if _is_sequence(actual) and _is_sequence(expected):
            if len(actual) != len(expected):
                _fail(f"The length of the sequences mismatch: {len(actual)} != {len(expected)}", where)
            for k, (one, other) in enumerate(zip(actual, expected, strict=True)):
                self(one, other, f"{where}[{k}]")
        elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
            self._compare_mappings(actual, expected, where)
        elif isinstance(actual, _NUMBER) and isinstance(expected, _NUMBER):
            self._compare_numbers(actual, expected, where)
        else:
            self._compare_tensors(actual, expected, where)

    def _compare_mappings(self, actual: Any, expected: Any, where: str) -> None:
        missing, additional = expected.keys() - actual.keys(), actual.keys() - expected.keys()
        if missing or additional:
            _fail(
                "The keys of the mappings do not match:\n"
                f"Missing keys in the actual mapping: {sorted(missing, key=str)}\n"
                f"Additional keys in the actual mapping: {sorted(additional, key=str)}",
                where,
            )
        for key in actual:
            self(actual[key], expected[key], f"{where}[{key!r}]")

    def _compare_numbers(self, actual: Any, expected: Any, where: str) -> None:
        if type(actual) is not type(expected) and self.check_dtype:
            _fail(f"The (d)types do not match: {type(actual)} != {type(expected)}.", where)
        if isinstance(actual, bool) and isinstance(expected, bool):
            if actual is not expected:
                _fail(f"Booleans mismatch: {actual} is not {expected}", where)
            return
        dtype = "float64" if isinstance(actual, float) or isinstance(expected, float) else "int64"
        rtol, atol = self.tolerances or _TOLERANCES.get(dtype, (0.0, 0.0))
        if self._close(np.asarray(actual), np.asarray(expected), rtol, atol).all():
            return
        if rtol == atol == 0:
            text = f"Scalars are not equal!\n\nExpected {expected} but got {actual}."
            text += f"\nAbsolute difference: {abs(actual - expected)}"
            text += f"\nRelative difference: {_ratio(abs(actual - expected), abs(expected))}"
        else:
            text = (
                f"Scalars are not close!\n\nExpected {expected} but got {actual}.\n"
                f"Absolute difference: {abs(actual - expected)} (up to {atol} allowed)\n"
                f"Relative difference: {_ratio(abs(actual - expected), abs(expected))} (up to {rtol} allowed)"
            )
        _fail(text, where)

    def _compare_tensors(self, actual: Any, expected: Any, where: str) -> None:
        one, other = _as_tensor(actual, where), _as_tensor(expected, where)
        if not self.allow_subclasses and type(actual) is not type(expected):
            raise TypeError(f"allow_subclasses=False, but got {type(actual)} and {type(expected)}")
        if one.shape != other.shape:
            _fail(f"The values for attribute 'shape' do not match: {one.shape} != {other.shape}.", where)
        for name, checked in (("device", self.check_device), ("dtype", self.check_dtype)):
            if checked and getattr(one, name) != getattr(other, name):
                _fail(
                    f"The values for attribute '{name}' do not match: {getattr(one, name)} != {getattr(other, name)}.",
                    where,
                )
        if self.check_stride and one.stride() != other.stride():
            _fail(f"The values for attribute 'stride()' do not match: {one.stride()} != {other.stride()}.", where)
        rtol, atol = self.tolerances or map(
            max, *(_TOLERANCES.get(each.dtype.name, (0.0, 0.0)) for each in (one, other))
        )
        self._compare_arrays(one.detach().cpu().numpy(), other.detach().cpu().numpy(), rtol, atol, where)

    def _compare_arrays(self, actual: Any, expected: Any, rtol: float, atol: float, where: str) -> None:
        dtype = common_dtype(actual, expected)
        actual, expected = actual.astype(dtype), expected.astype(dtype)
        close = self._close(actual, expected, rtol, atol)
        if close.all():
            return
        if dtype.kind == "b":
            actual, expected = actual.astype(np.int64), expected.astype(np.int64)
        with np.errstate(all="ignore"):
            difference = np.where(close, 0, np.abs(actual - expected))
            quotient = difference / np.abs(expected)
            if dtype.kind in "biu":
                quotient = quotient.astype(np.float32)  # the dtype in which PyTorch divides integers
            relative = np.where(close, 0, quotient)
        exact = rtol == atol == 0
        wrong, count = close.size - int(close.sum()), close.size
        lines = [f"Tensor-likes are not {'equal' if exact else 'close'}!", ""]
        if actual.ndim:
            lines.append(f"Mismatched elements: {wrong} / {count} ({wrong / count:.1%})")
        else:
            lines = [
                f"Scalars are not {'equal' if exact else 'close'}!",
                "",
                f"Expected {expected.item()} but got {actual.item()}.",
            ]
        for name, values, allowed in (("absolute", difference, atol), ("relative", relative, rtol)):
            place = np.unravel_index(int(np.argmax(values)), values.shape)
            index = tuple(int(each) for each in place)
            limit = "" if exact else f" (up to {allowed} allowed)"
            if actual.ndim:
                lines.append(f"Greatest {name} difference: {values[index].item()} at index {index}{limit}")
            else:
                lines.append(f"{name.capitalize()} difference: {values.item()}{limit}")
        _fail("\n".join(lines), where)

    def _close(self, actual: Any, expected: Any, rtol: float, atol: float) -> Any:
        if actual.dtype.kind in "biu" and expected.dtype.kind in "biu" and rtol == atol == 0:
            return actual == expected
        with np.errstate(all="ignore"):
            return np.isclose(actual, expected, rtol=rtol, atol=atol, equal_nan=self.equal_nan)


_NUMBER = (bool, int, float)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _as_tensor(value: Any, where: str) -> Tensor:
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (np.ndarray, np.generic, *_NUMBER)):
        return Tensor._wrap(np.asarray(value))
    raise TypeError(
        f"No comparison pair was able to handle inputs of type {type(value)}" + (f" at item {where}" if where else "")
    )


def _ratio(difference: Any, expected: Any) -> float:
    return difference / expected if expected else float("inf")


def _fail(text: str, where: str) -> None:
    raise AssertionError(text + (f"\n\nThe failure occurred for item {where}" if where else ""))
