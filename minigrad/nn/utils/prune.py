"""Pruning: parameters with elements, or whole slices, set to zero and kept there.

``l1_unstructured(layer, "weight", 0.3)`` sets the smallest 30 % of a weight to zero: the weight moves to
``weight_orig``, a mask to the buffer ``weight_mask``, and each forward pass multiplies them. ``remove`` makes it final.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any

from minigrad.creation import ones_like, zeros_like
from minigrad.nn.module import Module
from minigrad.random import rand, rand_like
from minigrad.tensor import Tensor

from ._pruning_method import BasePruningMethod, PruningContainer
from .convert_parameters import parameters_to_vector

__all__ = [
    "BasePruningMethod",
    "CustomFromMask",
    "Identity",
    "L1Unstructured",
    "LnStructured",
    "PruningContainer",
    "RandomStructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]


class Identity(BasePruningMethod):
    """Prunes nothing, and makes the mask that other methods go on from."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Return the mask as it is."""
        return default_mask


class _Unstructured(BasePruningMethod):
    """What the methods that choose single elements share."""

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: float) -> None:
        _check_amount(amount)
        self.amount = amount

    def _chosen(self, t: Tensor, count: int) -> Tensor:
        raise NotImplementedError

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Return the mask without the chosen elements."""
        count = _count_of(self.amount, t.nelement())
        mask = default_mask.clone(memory_format="contiguous")
        if count:
            mask.view(-1)[self._chosen(t, count)] = 0
        return mask


class RandomUnstructured(_Unstructured):
    """Prunes elements at random.

    Parameters
    ----------
    amount : int or float
        How many elements, or which share of them.
    """

    def _chosen(self, t: Tensor, count: int) -> Tensor:
        return rand_like(t).view(-1).topk(count).indices


class L1Unstructured(_Unstructured):
    """Prunes the elements that are closest to zero.

    Parameters
    ----------
    amount : int or float
        How many elements, or which share of them.
    """

    def _chosen(self, t: Tensor, count: int) -> Tensor:
        return t.abs().view(-1).topk(count, largest=False).indices


class _Structured(BasePruningMethod):
    """What the methods that choose whole slices share."""

    PRUNING_TYPE = "structured"
    amount: float
    dim: int

    def _kept(self, t: Tensor, length: int, count: int) -> Tensor:
        raise NotImplementedError

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Return the mask without the chosen slices."""
        if t.dim() <= 1:
            raise ValueError(
                "Structured pruning can only be applied to multidimensional tensors. Found tensor of shape "
                f"{t.shape} with {t.dim()} dims"
            )
        if self.dim >= t.dim():
            raise IndexError(f"Invalid index {self.dim} for tensor of size {t.shape}")
        length = t.shape[self.dim]
        count = _count_of(self.amount, length)
        if not count:
            return default_mask
        mask = zeros_like(t)
        place: list[Any] = [slice(None)] * t.dim()
        place[self.dim] = self._kept(t, length, count)
        mask[tuple(place)] = 1
        return mask * default_mask.to(mask.dtype)


class RandomStructured(_Structured):
    """Prunes slices along a dimension at random.

    Parameters
    ----------
    amount : int or float
        How many slices, or which share of them.
    dim : int
    """

    def __init__(self, amount: float, dim: int = -1) -> None:
        _check_amount(amount)
        self.amount = amount
        self.dim = dim

    def _kept(self, t: Tensor, length: int, count: int) -> Tensor:
        draws = rand(length)
        return draws > draws.kthvalue(count).values


class LnStructured(_Structured):
    """Prunes the slices along a dimension whose norm is smallest.

    Parameters
    ----------
    amount : int or float
        How many slices, or which share of them.
    n : number or str
        Which norm, as `Tensor.norm` takes it.
    dim : int
    """

    def __init__(self, amount: float, n: Any, dim: int = -1) -> None:
        _check_amount(amount)
        self.amount = amount
        self.n = n
        self.dim = dim

    def _kept(self, t: Tensor, length: int, count: int) -> Tensor:
        dim = self.dim + t.dim() if self.dim < 0 else self.dim
        norms = t.norm(self.n, [k for k in range(t.dim()) if k != dim])
        return norms.topk(length - count, largest=True).indices


class CustomFromMask(BasePruningMethod):
    """Prunes where a given mask is zero.

    Parameters
    ----------
    mask : Tensor
    """

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Return what both masks leave."""
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                f"default_mask shape {default_mask.shape} must match self.mask shape {self.mask.shape}"
            )
        return default_mask * self.mask.to(default_mask.dtype)


def identity(module: Module, name: str) -> Module:
    """Prepare a parameter for pruning without pruning it."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: float) -> Module:
    """Prune elements of a parameter at random: ``amount`` of them, or that share."""
    RandomUnstructured.apply(module, name, amount=amount)
    return module


def l1_unstructured(module: Module, name: str, amount: float, importance_scores: Tensor | None = None) -> Module:
    """Prune the elements of a parameter (or of the scores) closest to zero: ``amount`` of them, or that share."""
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: float, dim: int) -> Module:
    """Prune slices of a parameter along ``dim`` at random: ``amount`` of them, or that share."""
    RandomStructured.apply(module, name, amount=amount, dim=dim)
    return module


def ln_structured(
    module: Module, name: str, amount: float, n: Any, dim: int, importance_scores: Tensor | None = None
) -> Module:
    """Prune the slices of a parameter along ``dim`` of smallest ``n``-norm: ``amount`` of them, or that share."""
    LnStructured.apply(module, name, amount=amount, n=n, dim=dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Module, name: str, mask: Tensor) -> Module:
    """Prune a parameter where a mask is zero."""
    CustomFromMask.apply(module, name, mask=mask)
    return module


def global_unstructured(
    parameters: Any, pruning_method: Any, importance_scores: dict[Any, Tensor] | None = None, **kwargs: Any
) -> None:
    """Prune several parameters as if they were one, so that each loses as much as it deserves.

    Parameters
    ----------
    parameters : iterable of (Module, str)
    pruning_method : class of unstructured methods
    importance_scores : dict from (Module, str) to Tensor, optional
        By what to choose, instead of the parameters.
    **kwargs
        For the constructor of the method, such as ``amount``.

    Raises
    ------
    TypeError
        For parameters or scores that are not what is said above, and for methods that are structured.
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    scores = {} if importance_scores is None else importance_scores
    if not isinstance(scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    parameters = list(parameters)
    values = [getattr(module, name) for module, name in parameters]
    importances = parameters_to_vector(
        [scores.get(place, value) for place, value in zip(parameters, values, strict=True)]
    )
    masks = parameters_to_vector(
        [
            getattr(module, f"{name}_mask", ones_like(value))
            for (module, name), value in zip(parameters, values, strict=True)
        ]
    )
    container = PruningContainer()
    method = pruning_method(**kwargs)
    container._tensor_name = method._tensor_name = "temp"
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {method.PRUNING_TYPE}"
        )
    container.add_pruning_method(method)
    mask = container.compute_mask(importances, masks)
    parts = mask.split([value.numel() for value in values])
    for (module, name), value, part in zip(parameters, values, parts, strict=True):
        custom_from_mask(module, name, mask=part.view_as(value))


def remove(module: Module, name: str) -> Module:
    """Make the pruning of a parameter final: the mask goes, the zeros stay."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed")


def is_pruned(module: Module) -> bool:
    """Whether some parameter of a module, or below it, is pruned."""
    return any(
        isinstance(hook, BasePruningMethod) for each in module.modules() for hook in each._forward_pre_hooks.values()
    )


def _check_amount(amount: Any) -> None:
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    if float(amount) < 0 or (not isinstance(amount, numbers.Integral) and float(amount) > 1):
        raise ValueError(f"amount={amount} should either be a float in the range [0, 1] or a non-negative integer")


def _count_of(amount: Any, size: int) -> int:
    """Return how many of ``size`` are to be pruned."""
    count = int(amount) if isinstance(amount, numbers.Integral) else round(amount * size)
    if count > size:
        raise ValueError(f"amount={count} should be smaller than the number of parameters to prune={size}")
    return count
