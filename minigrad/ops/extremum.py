"""`max` and `min` in PyTorch's three forms: of all elements, along a dimension, and of two tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.op import composed
from minigrad.ops.reduce import max_all, max_dim, min_all, min_dim
from minigrad.ops.state import Upper

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _by_form(input: Any, dim: Any, keepdim: bool, other: Any, all_elements: Any, along: Any, pairwise: Any) -> Any:
    if isinstance(dim, Upper.Tensor):
        dim, other = None, dim
    if other is not None:
        return pairwise(input, other)
    return all_elements(input) if dim is None else along(input, dim, keepdim)


@composed(method=True, reference=references.extreme(np.max, np.argmax, np.maximum))
def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None) -> Any:
    """Largest element of all; ``(values, indices)`` along ``dim``; or elementwise, of ``input`` and ``other``.

    Of equal elements along a dimension the first is taken; over all elements, equal ones share the gradient.
    """
    from minigrad.ops.bounds import maximum

    return _by_form(input, dim, keepdim, other, max_all, max_dim, maximum)


@max.samples
def _(make):
    yield make.sample(make.apart(2, 3))
    yield make.sample(make.apart(2, 3), 1)
    yield make.sample(make.apart(2, 3), dim=0, keepdim=True)
    yield make.sample(make(2, 3), make(2, 3))


@composed(method=True, reference=references.extreme(np.min, np.argmin, np.minimum))
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None) -> Any:
    """Smallest element of all; ``(values, indices)`` along ``dim``; or elementwise, of ``input`` and ``other``.

    Of equal elements along a dimension the first is taken; over all elements, equal ones share the gradient.
    """
    from minigrad.ops.bounds import minimum

    return _by_form(input, dim, keepdim, other, min_all, min_dim, minimum)


@min.samples
def _(make):
    yield make.sample(make.apart(2, 3))
    yield make.sample(make.apart(2, 3), 1)
    yield make.sample(make.apart(2, 3), dim=0, keepdim=True)
    yield make.sample(make(2, 3), make(2, 3))
