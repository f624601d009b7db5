"""Backpropagation through the network of the demo, derived by hand and written in NumPy.

With N images in the rows of X, and what they show in the rows of Q (the loss's target distributions), the network and
its loss are

    Z1 = X  W1' + b1        A1 = max(Z1, 0)
    Z2 = A1 W2' + b2        A2 = max(Z2, 0)
    Z3 = A2 W3' + b3        P  = softmax of each row of Z3
    L  = -1/N  sum over n, k of  Q[n, k] log P[n, k]

where W' is W transposed. Write dZ for the matrix of derivatives dL/dZ[n, k], of the same shape as Z. Three facts carry
the derivative of L backward, from the last line of the network to the first:

1. Softmax and cross-entropy together: log P[n, k] = Z3[n, k] - log sum_j exp Z3[n, j], and the entries of a row of
   Q sum to 1, so that

       dZ3 = (P - Q) / N.

2. A product with weights, Z = A W' + b, that is Z[n, i] = sum_j A[n, j] W[i, j] + b[i]:

       dW[i, j] = sum_n dZ[n, i] A[n, j],  as matrices  dW = dZ' A
       db[i]    = sum_n dZ[n, i],                       db = the sum of dZ's rows
       dA[n, j] = sum_i dZ[n, i] W[i, j],               dA = dZ W

3. A rectifier, A = max(Z, 0), lets through what entered where Z was positive:

       dZ = dA * (Z > 0), entry by entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["gradients_by_hand", "target_distributions"]

Array = np.ndarray[Any, Any]


def target_distributions(labels: Array, classes: int, smoothing: float) -> Array:
    """Return Q: each row 1 at the image's label, of which ``smoothing`` is spread evenly over all classes."""
    return (1 - smoothing) * np.eye(classes)[labels] + smoothing / classes


def gradients_by_hand(parameters: Mapping[str, Array], X: Array, Q: Array) -> dict[str, Array]:
    """Return the derivative of the loss by every parameter of the network.

    Parameters
    ----------
    parameters : mapping of str to array
        W1, b1, W2, b2, W3, b3, in this order, under any names; a weight has shape (outputs, inputs).
    X : array, shape (images, inputs)
    Q : array, shape (images, classes)

    Returns
    -------
    dict of str to array
        Under the names of the parameters, in their shapes.
    """
    W1, b1, W2, b2, W3, b3 = parameters.values()
    N = len(X)

    # Forward, layer by layer; what the way back needs is kept.
    Z1 = X @ W1.T + b1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 @ W2.T + b2
    A2 = np.maximum(Z2, 0)
    Z3 = A2 @ W3.T + b3
    E = np.exp(Z3 - Z3.max(axis=1, keepdims=True))  # the largest is taken away from each row so that none overflows
    P = E / E.sum(axis=1, keepdims=True)

    # Backward, layer by layer.
    dZ3 = (P - Q) / N
    dW3 = dZ3.T @ A2
    db3 = dZ3.sum(axis=0)
    dA2 = dZ3 @ W3

    dZ2 = dA2 * (Z2 > 0)
    dW2 = dZ2.T @ A1
    db2 = dZ2.sum(axis=0)
    dA1 = dZ2 @ W2

    dZ1 = dA1 * (Z1 > 0)
    dW1 = dZ1.T @ X
    db1 = dZ1.sum(axis=0)

    return dict(zip(parameters, (dW1, db1, dW2, db2, dW3, db3), strict=True))
