"""Names for annotations: in a forward they mark the tensor slots (`minigrad.ops.signature`)."""

from __future__ import annotations

from typing import Any, TypeAlias

Tensor: TypeAlias = Any
"""An array inside a forward, an array or a tensor inside a rule, a tensor for the caller."""

Number: TypeAlias = bool | int | float
