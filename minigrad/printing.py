"""The printed form of tensors: PyTorch's, to the character.

The text is made in three steps. A large array is cut down to its corners (`_summarize`), so that the cost of printing
does not grow with the tensor. The numbers that remain are formatted in one go with a common width
(`_format_numbers`). `_layout` then places them, line by line, in nested brackets; the suffixes (dtype, device, grad_fn,
...) follow, each on the last line if there is room for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.ops.backend import to_host

__all__ = ["format_tensor", "get_printoptions", "printoptions", "set_printoptions", "tensor_repr"]


@dataclass(frozen=True)
class PrintOptions:
    """How tensors are printed; see `set_printoptions`."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=float("inf")),
}
_current = [PrintOptions()]


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors are printed.

    Parameters
    ----------
    precision : int
        Digits after the decimal point (default 4).
    threshold : int
        Tensors of more elements than this are printed as their corners only (default 1000).
    edgeitems : int
        Entries at each end of a dimension that such a summary shows (default 3).
    linewidth : int
        Characters a line (default 80).
    profile : {"default", "short", "full"}
        A set of values for all of the above, which the other arguments then override.
    sci_mode : bool, optional
        Print in scientific notation always (True), never (False), or where the range of the numbers calls for it
        (None). Every call sets it, as in PyTorch.

    Raises
    ------
    ValueError
        For an unknown profile (PyTorch ignores it).

    Examples
    --------
    >>> set_printoptions(precision=2)
    >>> set_printoptions(profile="default")
    """
    options = _current[0]
    if profile is not None:
        if profile not in _PROFILES:
            raise ValueError(f"set_printoptions: unknown profile {profile!r}, expected one of {', '.join(_PROFILES)}")
        options = _PROFILES[profile]
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    _current[0] = replace(options, **changes, sci_mode=sci_mode)


def get_printoptions() -> dict[str, Any]:
    """Return the print options in force, by name."""
    return asdict(_current[0])


@contextmanager
def printoptions(**kwargs: Any) -> Iterator[None]:
    """Set print options for the duration of a ``with`` block.

    Parameters
    ----------
    **kwargs
        The arguments of `set_printoptions`.
    """
    before = _current[0]
    set_printoptions(**kwargs)
    try:
        yield
    finally:
        _current[0] = before


def tensor_repr(tensor: Any, contents: str | None = None) -> str:
    """Return the printed form of a tensor; the body of ``Tensor.__repr__``.

    Parameters
    ----------
    tensor : Tensor
    contents : str, optional
        Stands in for the elements.
    """
    kind = type(tensor)
    is_plain = kind.__name__ in ("Tensor", "Parameter")
    text = format_tensor(
        to_host(tensor._array),
        dtype=tensor.dtype,
        device=tensor.device,
        requires_grad=tensor.requires_grad,
        grad_fn_name=_node_name(tensor),
        prefix="tensor(" if is_plain else f"{kind.__name__}(",
        contents=contents,
    )
    is_parameter = any(base.__name__ == "Parameter" for base in kind.__mro__)
    return f"Parameter({text})" if is_parameter and not is_plain else text


def _node_name(tensor: Any) -> str | None:
    try:
        node = tensor.grad_fn
    except RuntimeError:  # a view whose base was written to, which it cannot follow
        return "Invalid"
    return None if node is None else node.name().rpartition("::")[2]


def format_tensor(
    array: np.ndarray[Any, Any],
    *,
    dtype: dtypes.dtype | None = None,
    device: Any = "cpu",
    requires_grad: bool = False,
    grad_fn_name: str | None = None,
    prefix: str = "tensor(",
    contents: str | None = None,
) -> str:
    """Return the text that PyTorch prints for a tensor.

    Parameters
    ----------
    array : numpy.ndarray
        The elements.
    dtype : dtype, optional
        The tensor's dtype; that of the array if omitted.
    device : device or str
        Named in the text unless it is the CPU.
    requires_grad : bool
    grad_fn_name : str, optional
        Name of the node that made the tensor; shown instead of ``requires_grad``.
    prefix : str
        What stands before the first bracket.
    contents : str, optional
        Stands in for the elements.

    Examples
    --------
    >>> print(format_tensor(np.array([1.5, 2.0], np.float64), requires_grad=True))
    tensor([1.5000, 2.0000], dtype=torch.float64, requires_grad=True)
    """
    options = _current[0]
    dtype = dtypes.from_numpy(array.dtype) if dtype is None else dtype
    is_usual = dtype is dtypes.get_default_dtype() or (array.size > 0 and dtype in (dtypes.int64, dtypes.bool))
    suffixes = []
    if not str(device).startswith("cpu"):
        suffixes.append(f"device='{device}'")
    if array.ndim != 1 if array.size == 0 else options.edgeitems == 0:
        suffixes.append(f"size={array.shape}")
    if not is_usual:
        suffixes.append(f"dtype={dtype}")
    if grad_fn_name is not None:
        suffixes.append(f"grad_fn=<{grad_fn_name}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    if contents is None:
        contents = "[]" if array.size == 0 else _format_elements(array, len(prefix), options)
    return _append_suffixes(prefix + contents, suffixes, len(prefix), options.linewidth)


def _append_suffixes(text: str, suffixes: list[str], indent: int, linewidth: int) -> str:
    length = len(text) - text.rfind("\n") + 1  # two more than the last line has: so PyTorch counts
    for suffix in suffixes:
        if length + len(suffix) + 2 > linewidth:
            text += ",\n" + " " * indent + suffix
            length = indent + len(suffix)
        else:
            text += ", " + suffix
            length += len(suffix) + 2
    return text + ")"


def _format_elements(array: np.ndarray[Any, Any], indent: int, options: PrintOptions) -> str:
    edge = options.edgeitems
    is_summary = array.size > options.threshold and array.ndim > 0
    if is_summary and edge == 0:
        return "[...]"
    is_cut = tuple(is_summary and length > 2 * edge for length in array.shape)
    shown = _summarize(array, is_cut, edge)
    texts, width = _format_numbers(shown.ravel(), options)
    if array.ndim == 0:
        return texts[0]
    return _layout(iter(texts), shown.shape, is_cut, width, indent, options)


def _summarize(array: np.ndarray[Any, Any], is_cut: tuple[bool, ...], edge: int) -> np.ndarray[Any, Any]:
    """Return the first and last ``edge`` entries along every dimension that is cut."""
    for axis, (length, cut) in enumerate(zip(array.shape, is_cut, strict=True)):
        if cut:
            array = array.take([*range(edge), *range(length - edge, length)], axis)
    return array


def _layout(
    texts: Iterator[str],
    shape: tuple[int, ...],
    is_cut: tuple[bool, ...],
    width: int,
    indent: int,
    options: PrintOptions,
) -> str:
    """Place the numbers' texts in nested brackets; ``indent`` is the column of the opening one."""
    newline = "\n" + " " * (indent + 1)
    middle = options.edgeitems
    if len(shape) > 1:
        blocks = [_layout(texts, shape[1:], is_cut[1:], width, indent + 1, options) for _ in range(shape[0])]
        if is_cut[0]:
            blocks.insert(middle, "...")
        return "[" + ("," + "\n" * (len(shape) - 2) + newline).join(blocks) + "]"
    row = list(islice(texts, shape[0]))
    if is_cut[0]:
        row.insert(middle, " ...")
    per_line = max(1, (options.linewidth - indent) // (width + 2))
    lines = [", ".join(row[start : start + per_line]) for start in range(0, len(row), per_line)]
    return "[" + ("," + newline).join(lines) + "]"


def _format_numbers(values: np.ndarray[Any, Any], options: PrintOptions) -> tuple[list[str], int]:
    """Return the text of each element of a vector, and the width of a column."""
    if values.dtype.kind != "f":
        texts = [str(value) for value in values.tolist()]
        measured = texts
    else:
        values = values.astype(np.float64)
        counted = np.isfinite(values) & (values != 0)
        texts = _format_floats(values, values[counted], options)
        # Zeros, infinities and NaN do not widen the column (so they may stand out of it).
        measured = [text for text, counts in zip(texts, counted.tolist(), strict=True) if counts]
    width = max(map(len, measured), default=1)
    return [text.rjust(width) for text in texts], width


def _format_floats(values: np.ndarray[Any, Any], counted: np.ndarray[Any, Any], options: PrintOptions) -> list[str]:
    """Format floats; ``counted``, the finite and nonzero ones, decide between ``1.``, ``1.0000`` and ``1.0000e+00``."""
    are_integers = bool((counted == np.ceil(counted)).all())
    if counted.size and _want_exponents(np.abs(counted), are_integers, options.sci_mode):
        style = f".{options.precision}e"
    elif are_integers:
        texts = [format(value, ".0f") for value in values.tolist()]
        return [text if text in ("nan", "inf", "-inf") else text + "." for text in texts]
    else:
        style = f".{options.precision}f"
    return [format(value, style) for value in values.tolist()]


def _want_exponents(sizes: np.ndarray[Any, Any], are_integers: bool, sci_mode: bool | None) -> bool:
    if sci_mode is not None:
        return sci_mode
    smallest, largest = float(sizes.min()), float(sizes.max())
    # Below the last bound four decimals would show little but zeros; integers have no such end.
    return largest / smallest > 1000.0 or largest > 1.0e8 or (not are_integers and smallest < 1.0e-4)
