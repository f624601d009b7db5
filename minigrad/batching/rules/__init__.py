"""The batching rules of the operations, by family; importing a module registers its rules.

An operation without a rule is carried out sample by sample, which is always right.
"""

from __future__ import annotations

from minigrad.batching.rules import dims, elementwise, indices, losses, products, shapes, windows

__all__ = ["dims", "elementwise", "indices", "losses", "products", "shapes", "windows"]
