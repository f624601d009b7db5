"""A linear layer and the cross-entropy of its logits as one loss."""

from __future__ import annotations

import math
from typing import Any

from minigrad.tensor import Tensor

from . import functional as F
from ._functions.linear_cross_entropy import LinearCrossEntropyOptions
from .linear import Linear
from .loss import WeightedLoss

__all__ = ["LinearCrossEntropyLoss", "LinearCrossEntropyOptions"]


class LinearCrossEntropyLoss(WeightedLoss):
    """Cross-entropy of the logits that a linear layer of its own makes of the input.

    Parameters
    ----------
    in_features, num_classes : int
    out_features : tuple of int
        Dimensions of the loss beyond the batch.
    bias : bool
    device, dtype
        Of the layer.
    reduction : {"mean", "sum", "none"}
    weight : Tensor, shape (num_classes,), optional
    ignore_index : int, optional
        Targets of this class count for nothing; -100 unless given.
    label_smoothing : float
        Between 0 and 1.
    options : LinearCrossEntropyOptions, optional
        Work on parts of the batch, so that not all logits exist at once.

    Raises
    ------
    RuntimeError
        For weights of another shape, and a smoothing beyond its range.
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: LinearCrossEntropyOptions | None = None,
    ) -> None:
        if weight is not None and weight.shape != (num_classes,):
            raise RuntimeError(f"expected weight shape to be {(num_classes,)}, got {tuple(weight.shape)}")
        if not 0 <= label_smoothing <= 1:
            raise RuntimeError(f"expected label_smoothing to be in range [0, 1], got {label_smoothing}")
        super().__init__(weight, reduction=reduction)
        self.num_classes = num_classes
        self.out_features = out_features
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        rows = math.prod(out_features, start=num_classes)
        self.linear = Linear(in_features, rows, bias=bias, device=device, dtype=dtype)
        self.options = options

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of inputs ``(N, in_features)`` against classes or probabilities."""
        shape = (self.num_classes, *self.out_features)
        bias = self.linear.bias
        return F.linear_cross_entropy(
            input,
            self.linear.weight.reshape((*shape, self.linear.in_features)),
            target,
            linear_bias=None if bias is None else bias.reshape(shape),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        """Return the sizes and the settings."""
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, out_features={self.out_features}, "
            f"bias={self.linear.bias is not None}, reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
        )
