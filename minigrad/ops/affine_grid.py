"""The grid of positions that an affine map makes, for reading an image there."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import as_its_kind
from minigrad.ops.grid_sample import UNCLEAR_CORNERS
from minigrad.ops.hints import hint
from minigrad.ops.naming import named
from minigrad.ops.op import composed

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor

_UNIT_SIZE = (
    "Since version 1.3.0, affine_grid behavior has changed for unit-size grids when align_corners=True. This is not an "
    "intended use case of affine_grid. See the documentation of affine_grid for details."
)


def _affine_reference(theta: Any, size: Any, align_corners: bool | None = None) -> Any:
    steps = [np.linspace(-1, 1, n) if align_corners else (np.arange(n) * 2 + 1) / n - 1 for n in size[2:]]
    steps = [np.zeros(1) if len(each) == 1 else each for each in steps]
    base = np.stack([*np.meshgrid(*steps, indexing="ij")[::-1], np.ones(size[2:])], -1)
    return np.einsum("...k,njk->n...j", base, theta)


@composed(namespace="functional", reference=_affine_reference)
def affine_grid(theta: Tensor, size: Any, align_corners: bool | None = None) -> Tensor:
    """Grid for `grid_sample` of the positions to which affine maps move those of an image (or a volume).

    Parameters
    ----------
    theta : Tensor, shape (batch, 2, 3) or (batch, 3, 4)
        One map an image, its last column the translation.
    size : sequence of int
        Of the output image: (batch, channels, height, width) or (batch, channels, depth, height, width).
    align_corners : bool, optional
        Whether -1 and 1 mean the centres of the outermost elements instead of their outer edges.

    Returns
    -------
    Tensor, shape (batch, height, width, 2) or (batch, depth, height, width, 3)

    Raises
    ------
    ValueError
        Where ``theta`` is not floating or does not fit ``size``, and for an empty size.
    NotImplementedError
        For images of other ranks.
    """
    if align_corners is None:
        hint(UNCLEAR_CORNERS)
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    size = tuple(size)
    rank = len(size) - 2
    if rank not in (2, 3):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size "
            f"{size}."
        )
    if theta.dim() != 3 or tuple(theta.shape[1:]) != (rank, rank + 1):
        raise ValueError(
            f"Expected a batch of {rank}D affine matrices of shape Nx{rank}x{rank + 1} for size {size}. "
            f"Got {theta.shape}."
        )
    if align_corners and min(size[2:]) == 1:
        hint(_UNIT_SIZE)
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    if theta.shape[0] != size[0]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{size[0]}, {rank + 1}] but got: "
            f"[{theta.shape[0]}, {rank + 1}]."
        )
    base = as_its_kind(theta, _base_grid(size[2:], bool(align_corners), theta.dtype.numpy))
    return named((base @ theta.transpose(1, 2)).reshape(size[0], *size[2:], rank), "AffineGridGeneratorBackward0")


@functools.lru_cache(maxsize=8)
def _base_grid(sizes: tuple[int, ...], align_corners: bool, dtype: Any) -> Any:
    """Return the positions of an image's elements as rows (x, y, 1) or (x, y, z, 1)."""
    steps = []
    for length in sizes:
        line = np.linspace(-1, 1, length, dtype=dtype) if length > 1 else np.zeros(1, dtype)
        steps.append(line if align_corners else line * dtype.type((length - 1) / length))
    grids = np.meshgrid(*steps, indexing="ij")[::-1]
    return np.stack([*grids, np.ones(sizes, dtype)], -1).reshape(-1, len(sizes) + 1)


@affine_grid.samples
def _(make):
    for align_corners in (False, True):
        yield make.sample(make(2, 2, 3), (2, 1, 3, 4), align_corners)
        yield make.sample(make(1, 3, 4), (1, 2, 2, 3, 2), align_corners=align_corners)
    yield make.sample(make(1, 2, 3), [1, 1, 1, 2], False)
