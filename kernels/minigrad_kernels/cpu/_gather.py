"""Reading elements at places that may not exist, in loops that become vectors."""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._kernel import borrower


@borrower
def value_at(source, place):
    """Return the element at a place, 0 for a negative one; places of 32 bits are gathered fastest."""
    value = source[np.uint64(max(place, 0))]
    return value if place >= 0 else source.dtype.type(0)
