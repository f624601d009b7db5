"""Schedulers: rules that change an optimizer's learning rate from epoch to epoch.

>>> scheduler = StepLR(optimizer, step_size=30)  # doctest: +SKIP
>>> for epoch in range(100):  # doctest: +SKIP
...     train(optimizer)
...     scheduler.step()
"""

from __future__ import annotations

from .by_function import LambdaLR, MultiplicativeLR
from .composed import ChainedScheduler, SequentialLR
from .cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from .cyclic import CyclicLR, OneCycleLR
from .decay import ConstantLR, ExponentialLR, LinearLR, MultiStepLR, PolynomialLR, StepLR
from .plateau import ReduceLROnPlateau
from .scheduler import LRScheduler

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]

_LRScheduler = LRScheduler  # the name before PyTorch 2.0, from which much code still derives its schedulers
