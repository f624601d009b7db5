"""What pruning methods share: a mask beside the original parameter, and a hook that multiplies the two."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, cast

from minigrad.creation import ones_like
from minigrad.nn.module import Module
from minigrad.tensor import Tensor

__all__ = ["BasePruningMethod", "PruningContainer"]


class BasePruningMethod(ABC):
    """A way to choose the elements of a parameter that become zero; subclasses define `compute_mask`.

    As a hook before each forward pass it sets ``module.<name>`` to ``<name>_orig * <name>_mask``.

    Attributes
    ----------
    PRUNING_TYPE : {"unstructured", "structured", "global"}
        Whether it chooses single elements, whole slices, or whatever it likes; by this, methods are combined.
    """

    _tensor_name: str
    PRUNING_TYPE: str

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Return the mask for the importances ``t``: a part of ``default_mask``, which earlier pruning left."""

    def apply_mask(self, module: Module) -> Tensor:
        """Return the original parameter times the mask."""
        mask, original = getattr(module, f"{self._tensor_name}_mask"), getattr(module, f"{self._tensor_name}_orig")
        return mask.to(original.dtype) * original

    @classmethod
    def apply(
        cls, module: Module, name: str, *args: Any, importance_scores: Tensor | None = None, **kwargs: Any
    ) -> Any:
        """Prune a parameter of a module, and keep it pruned in each forward pass.

        Parameters
        ----------
        module : Module
        name : str
        *args, **kwargs
            For the constructor.
        importance_scores : Tensor, optional
            By what to choose, instead of the parameter.

        Raises
        ------
        AssertionError
            For scores of another shape than the parameter's.
        """
        method = cls._joined_to_earlier(module, name, cls(*args, **kwargs))
        original = getattr(module, name)
        if importance_scores is not None and importance_scores.shape != original.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as parameter {name} of {module}, got "
                f"{importance_scores.shape} vs {original.shape}"
            )
        scores = original if importance_scores is None else importance_scores
        is_first = not isinstance(method, PruningContainer)
        if is_first:
            before = ones_like(original)
            module.register_parameter(f"{name}_orig", original)
            del module._parameters[name]
        else:
            before = getattr(module, f"{name}_mask").detach().clone()
        try:
            module.register_buffer(f"{name}_mask", method.compute_mask(scores, default_mask=before))
            setattr(module, name, method.apply_mask(module))
            module.register_forward_pre_hook(method)
        except Exception:
            if is_first:
                module.register_parameter(name, getattr(module, f"{name}_orig"))
                del module._parameters[f"{name}_orig"]
            raise
        return method

    @staticmethod
    def _joined_to_earlier(module: Module, name: str, method: BasePruningMethod) -> BasePruningMethod:
        """Return a method, in a container with the one that prunes the parameter already, whose hook is removed."""
        hooks = module._forward_pre_hooks
        found = [
            key for key, hook in hooks.items() if isinstance(hook, BasePruningMethod) and hook._tensor_name == name
        ]
        if len(found) > 1:
            raise AssertionError(
                f"Avoid adding multiple pruning hooks to the same tensor {name} of module {module}. Use a "
                "PruningContainer."
            )
        method._tensor_name = name
        if not found:
            return method
        earlier: Any = hooks.pop(found[0])
        container = earlier if isinstance(earlier, PruningContainer) else PruningContainer(earlier)
        container.add_pruning_method(method)
        return container

    def prune(self, t: Tensor, default_mask: Tensor | None = None, importance_scores: Tensor | None = None) -> Tensor:
        """Return a tensor with the elements set to zero that the method chooses."""
        if importance_scores is not None and importance_scores.shape != t.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as tensor t, got {importance_scores.shape} vs {t.shape}"
            )
        mask = ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(t if importance_scores is None else importance_scores, default_mask=mask)

    def remove(self, module: Module) -> None:
        """Make the pruned values the parameter's own, without a mask."""
        pruned = self.apply_mask(module)
        if hasattr(module, self._tensor_name):
            delattr(module, self._tensor_name)
        original: Any = module._parameters.pop(f"{self._tensor_name}_orig")
        original.data = pruned.data
        del module._buffers[f"{self._tensor_name}_mask"]
        setattr(module, self._tensor_name, original)


class PruningContainer(BasePruningMethod):
    """Several methods on one parameter, each choosing among what the ones before it left.

    Parameters
    ----------
    *args : BasePruningMethod
    """

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        if len(args) == 1:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: Any) -> None:
        """Add a method for the same parameter."""
        if method is not None and not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if method is not None and self._tensor_name != method._tensor_name:
            raise ValueError(
                f"Can only add pruning methods acting on the parameter named '{self._tensor_name}' to PruningContainer "
                f"{self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods = (*self._pruning_methods, cast("BasePruningMethod", method))

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: Any) -> Any:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Return the mask with what the newest method takes away from it."""
        method = self._pruning_methods[-1]
        place = _kept(method, t, default_mask)
        mask = default_mask.to(t.dtype, copy=True)
        mask[place] = method.compute_mask(t[place], default_mask=default_mask[place]).to(mask.dtype)
        return mask


def _kept(method: Any, t: Tensor, mask: Tensor) -> Any:
    """Return the index of what a mask leaves to a method to choose from."""
    if method.PRUNING_TYPE == "unstructured":
        return mask == 1
    if method.PRUNING_TYPE == "global":
        return (slice(None),) * t.dim()
    if method.PRUNING_TYPE != "structured":
        raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
    if not hasattr(method, "dim"):
        raise AttributeError('Pruning methods of PRUNING_TYPE "structured" need to have the attribute `dim` defined.')
    dim = method.dim + t.dim() if method.dim < 0 else method.dim
    if dim < 0:
        raise IndexError(f"Index is out of bounds for tensor with dimensions {t.dim()}")
    channels = mask.sum(dim=[k for k in range(t.dim()) if k != dim]) != 0
    return tuple(channels if k == dim else slice(None) for k in range(t.dim()))
