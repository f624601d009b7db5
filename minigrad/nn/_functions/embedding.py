"""Looking rows up in a table, with the options of an embedding."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.autograd import no_grad
from minigrad.creation import from_numpy
from minigrad.ops.embedding import embedding_rows
from minigrad.tensor import Tensor


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Return the rows of ``weight`` whose numbers are in ``input``.

    Parameters
    ----------
    input : Tensor of int64 or int32, shape (...)
    weight : Tensor, shape (rows, width)
    padding_idx : int, optional
        This row gets no gradient.
    max_norm : float, optional
        Rows that are looked up are first scaled, in ``weight`` itself, to at most this norm.
    norm_type : float
        Which norm ``max_norm`` means.
    scale_grad_by_freq : bool
        Divide each row's gradient by how often the row occurs in ``input``.
    sparse : bool
        Accepted for compatibility; the gradient is always dense.

    Returns
    -------
    Tensor, shape (..., width)

    Raises
    ------
    AssertionError
        Where ``padding_idx`` is no row of the table.
    """
    if padding_idx is None:
        padding_idx = -1
    else:
        rows = weight.size(0)
        if not -rows <= padding_idx < max(rows, 1):
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx = padding_idx + rows if padding_idx < 0 else padding_idx
    if max_norm is not None:
        limit_norms(weight, input, max_norm, norm_type)
    found = embedding_rows(weight, input, padding_idx)
    return scaled_by_frequency(found, input.detach().cpu().numpy()) if scale_grad_by_freq else found


def scaled_by_frequency(found: Tensor, rows: np.ndarray[Any, Any]) -> Tensor:
    """Return looked-up rows, the gradient of each divided by how often its number occurs among all."""
    _, places, counts = np.unique(rows, return_inverse=True, return_counts=True)
    shares = 1 / counts[places].reshape(*rows.shape, 1)
    # The value stays what it is (the difference is zero); the gradient is multiplied by the share.
    difference = found - found.detach()
    return found.detach() + difference * from_numpy(shares.astype(found.dtype.numpy)).to(found.device)


@no_grad()
def limit_norms(weight: Tensor, input: Tensor, max_norm: float, norm_type: float) -> None:
    """Scale the rows of ``weight`` that ``input`` numbers, in place, to at most a norm."""
    used = input.detach().unique()
    rows = weight[used]
    norms = rows.norm(norm_type, 1, keepdim=True)
    weight[used] = (rows * (max_norm / (norms + 1e-7))).where(norms > max_norm, rows)
