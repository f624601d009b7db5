"""Batch normalisation."""

from __future__ import annotations

from typing import Any

from minigrad.creation import empty, ones, tensor, zeros
from minigrad.tensor import Tensor

from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter

__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"]


class BatchNorm(Module):
    """Normalise each channel over the batch to zero mean and unit variance, then scale and shift [1]_.

    In training mode the batch's own mean and variance are used, and running averages of them are kept; in eval mode
    those averages are used.

    Parameters
    ----------
    num_features : int
        Number of channels: the length of dimension 1.
    eps : float
        Added to the variance.
    momentum : float or None
        Share of the newest batch in the running averages; None averages all batches equally.
    affine : bool
        Whether there are a weight and a bias.
    track_running_stats : bool
        Whether there are running averages; without them eval mode uses the batch's statistics too.
    device : device, optional
    dtype : dtype, optional
    bias : bool
        Whether there is a bias.

    Attributes
    ----------
    weight, bias : Parameter, shape (num_features,), or None
    running_mean, running_var : Tensor, shape (num_features,), or None
    num_batches_tracked : Tensor, 0-d integer, or None

    References
    ----------
    .. [1] Ioffe, Szegedy. Batch Normalization: Accelerating Deep Network Training. 2015. arXiv:1502.03167
    """

    _version = 2
    _ranks: tuple[int, ...] = ()

    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            made = Parameter(empty(num_features, device=device, dtype=dtype)) if wanted else None
            self.register_parameter(name, made)
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, device=device, dtype=dtype) if tracked else None)
        self.register_buffer("running_var", ones(num_features, device=device, dtype=dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", tensor(0, device=device) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the batches seen so far."""
        if self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Forget the batches seen so far, set the weight to ones and the bias to zeros."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() not in self._ranks:
            expected = " or ".join(f"{rank}D" for rank in self._ranks)
            raise ValueError(f"expected {expected} input (got {input.dim()}D input)")

    def forward(self, input: Tensor) -> Tensor:
        """Return the input, normalised."""
        self._check_input_dim(input)
        share = 0.0 if self.momentum is None else self.momentum
        training, buffers = self.training, self._buffers  # attributes of a module cost a microsecond each
        batches = buffers.get("num_batches_tracked")
        if training and batches is not None:
            batches.add_(1)
            if self.momentum is None:
                share = 1.0 / float(batches)
        means, variances = buffers.get("running_mean"), buffers.get("running_var")
        if training and not self.track_running_stats:
            return F.batch_norm(input, None, None, self.weight, self.bias, True, share, self.eps)
        uses_batch = training or (means is None and variances is None)
        return F.batch_norm(input, means, variances, self.weight, self.bias, uses_batch, share, self.eps)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any) -> None:
        # Version 1 did not count the batches.
        key = f"{prefix}num_batches_tracked"
        if (local_metadata.get("version") or 0) < 2 and self.track_running_stats and key not in state_dict:
            state_dict[key] = tensor(0) if self.num_batches_tracked is None else self.num_batches_tracked
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def extra_repr(self) -> str:
        """Return the settings."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class PlainBatchNorm(BatchNorm):
    """What the batch normalisations share, and the instance normalisations do not."""


class BatchNorm1d(PlainBatchNorm):
    """Batch normalisation of ``(N, C)`` or ``(N, C, L)``; the parameters are `BatchNorm`'s."""

    _ranks = (2, 3)


class BatchNorm2d(PlainBatchNorm):
    """Batch normalisation of ``(N, C, H, W)``; the parameters are `BatchNorm`'s."""

    _ranks = (4,)


class BatchNorm3d(PlainBatchNorm):
    """Batch normalisation of ``(N, C, D, H, W)``; the parameters are `BatchNorm`'s."""

    _ranks = (5,)


class SyncBatchNorm(PlainBatchNorm):
    """Batch normalisation over the batches of all processes; of the one process that there is, over its own.

    Parameters
    ----------
    process_group : object, optional
        Accepted. The other parameters are `BatchNorm`'s.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")
        if input.size(1) == 0:
            raise ValueError("SyncBatchNorm number of input channels should be non-zero")

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """Return a module whose batch normalisations, itself included, are replaced; they keep their tensors.

        Parameters
        ----------
        module : Module
            Changed in place, unless it is a batch normalisation itself.
        process_group : object, optional
        """
        found = module
        if isinstance(module, PlainBatchNorm):
            settings = (module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats)
            found = SyncBatchNorm(*settings, process_group, bias=module.bias is not None)
            for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
                setattr(found, name, getattr(module, name))
            found.training = module.training
        for name, child in module.named_children():
            found.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return found
