"""Parametrizations that are often wanted: orthogonal weights, weights of norm one, weights as direction and length."""

from __future__ import annotations

from typing import Any

from minigrad.autograd import no_grad
from minigrad.linalg import householder_product, solve
from minigrad.nn import functional as F
from minigrad.nn.conv import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from minigrad.nn.module import Module
from minigrad.numeric_limits import finfo
from minigrad.ops.compare import allclose
from minigrad.ops.householder import geqrf
from minigrad.ops.join import cat
from minigrad.random import randn
from minigrad.ranges import eye
from minigrad.tensor import Tensor

from . import parametrize
from ._weight_norm import norm_except_dim, scaled_to_length

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]

_MAPS = ("matrix_exp", "cayley", "householder")


def _is_orthogonal(q: Tensor) -> bool:
    rows, columns = q.size(-2), q.size(-1)
    return allclose(q.mT @ q, eye(columns, dtype=q.dtype, device=q.device), atol=10.0 * rows * finfo(q.dtype).eps)


def _made_orthogonal(a: Tensor) -> Tensor:
    """Return the orthogonal factor Q of ``a`` whose R has a positive diagonal."""
    compact, tau = geqrf(a)
    return householder_product(compact, tau) * compact.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


class _Orthogonal(Module):
    """Matrix with orthonormal columns (or rows, if it is wide) from a matrix of its shape.

    With a ``base``, the product of it and the map's value is returned, so that training starts at the base [1]_.

    References
    ----------
    .. [1] Lezcano-Casado. Trivializations for gradient-based optimization on manifolds. 2019. arXiv:1909.09501
    """

    base: Tensor | None

    def __init__(self, weight: Tensor, orthogonal_map: str, *, use_trivialization: bool = True) -> None:
        super().__init__()
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, x: Tensor) -> Tensor:
        """Return the orthogonal matrix."""
        is_wide = x.size(-2) < x.size(-1)
        x = x.mT if is_wide else x
        rows, columns = x.size(-2), x.size(-1)
        if self.orthogonal_map == "householder":
            below = x.tril(-1)
            tau = 2.0 / (1.0 + (below * below).sum(-2))
            q = householder_product(below, tau) * x.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)
        else:
            lower = x.tril()
            if rows != columns:
                lower = cat([lower, x.new_zeros((*x.shape[:-1], rows - columns))], -1)
            skew = lower - lower.mT
            q = skew.matrix_exp() if self.orthogonal_map == "matrix_exp" else _cayley(skew)
            q = q[..., :columns] if rows != columns else q
        if getattr(self, "base", None) is not None:
            q = self.base @ q
        return q.mT if is_wide else q

    @no_grad()
    def right_inverse(self, q: Tensor) -> Tensor:
        """Return the matrix that is mapped to ``q``; with a base, ``q`` (made orthogonal) becomes the base."""
        if q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {q.shape}."
            )
        first = q
        is_wide = q.size(-2) < q.size(-1)
        q = q.mT if is_wide else q
        rows, columns = q.size(-2), q.size(-1)
        if not hasattr(self, "base"):
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                    "use_trivialization=False."
                )
            compact, tau = geqrf(q)
            compact.diagonal(dim1=-2, dim2=-1).sign_()
            compact.diagonal(dim1=-2, dim2=-1)[tau == 0.0] *= -1
            return compact.mT if is_wide else compact
        if rows != columns:
            rest = randn(*q.shape[:-2], rows, rows - columns, dtype=q.dtype, device=q.device)
            q = _made_orthogonal(cat([q, rest], -1))
        else:
            q = q.clone() if _is_orthogonal(q) else _made_orthogonal(q)
        self.base = q
        minus_one = first.new_zeros(first.shape)
        minus_one.diagonal(dim1=-2, dim2=-1).fill_(-1.0)  # the maps take this (almost) to the identity
        return minus_one


def _cayley(skew: Tensor) -> Tensor:
    """Return ``(I - A / 2)^-1 (I + A / 2)``."""
    identity = eye(skew.size(-1), dtype=skew.dtype, device=skew.device)
    return solve(identity.add(skew, alpha=-0.5), identity.add(skew, alpha=0.5))


def orthogonal(
    module: Module, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> Module:
    """Keep a matrix of a module orthogonal: orthonormal columns, or rows where it is wide.

    Parameters
    ----------
    module : Module
    name : str
        A parameter of at least two dimensions; batches of matrices are mapped one by one.
    orthogonal_map : {"matrix_exp", "cayley", "householder"}, optional
        How; by default "matrix_exp" for square matrices and "householder" for others.
    use_trivialization : bool
        Start at the present value, made orthogonal, and allow assignment.

    Raises
    ------
    ValueError
        For a weight that is no matrix, and for an unknown map.
    """
    weight = _tensor_of(module, name)
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.size(-2) == weight.size(-1) else "householder"
    if orthogonal_map not in _MAPS:
        raise ValueError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}'
        )
    parametrization = _Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    return parametrize.register_parametrization(module, name, parametrization, unsafe=True)


def _tensor_of(module: Module, name: str) -> Tensor:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight


class _WeightNorm(Module):
    """Weight ``g * v / |v|`` from its length and its direction."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        """Return the weight."""
        return scaled_to_length(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return length and direction of a weight."""
        return norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Train a weight as a length and a direction apart [1]_: ``original0`` and ``original1``.

    Parameters
    ----------
    module : Module
    name : str
    dim : int, optional
        Each slice along it has a length of its own; None for one length in all.

    References
    ----------
    .. [1] Salimans, Kingma. Weight Normalization. 2016. arXiv:1602.07868
    """
    parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def load_old_names(state_dict: Any, prefix: str, *rest: Any) -> None:
        old = [f"{prefix}{name}_g", f"{prefix}{name}_v"]
        if all(key in state_dict for key in old):
            for k, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{name}.original{k}"] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(load_old_names)
    return module


class _SpectralNorm(Module):
    """Weight divided by its largest singular value, which is followed by power iteration.

    The singular vectors are buffers, improved by some iterations in each call in training mode.
    """

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        ndim = weight.ndim
        if not -ndim <= dim < ndim:
            raise IndexError(f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got {dim})")
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.dim = dim if dim >= 0 else dim + ndim
        self.eps = eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._matrix(weight)
            rows, columns = matrix.size()
            u, v = matrix.new_empty(rows).normal_(0, 1), matrix.new_empty(columns).normal_(0, 1)
            self.register_buffer("_u", F.normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", F.normalize(v, dim=0, eps=eps))
            self._improve(matrix, 15)

    def _matrix(self, weight: Tensor) -> Tensor:
        """Return the weight as a matrix with a row for each slice along ``dim``."""
        return weight.movedim(self.dim, 0).flatten(1)

    @no_grad()
    def _improve(self, matrix: Tensor, iterations: int) -> None:
        for _ in range(iterations):
            self._u.copy_(F.normalize(matrix.mv(self._v), dim=0, eps=self.eps))
            self._v.copy_(F.normalize(matrix.t().mv(self._u), dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the weight of norm one."""
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = self._matrix(weight)
        if self.training:
            self._improve(matrix, self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()  # the next call changes them in place
        return weight / u.vdot(matrix.mv(v))

    def right_inverse(self, value: Tensor) -> Tensor:
        """Return the value: it may have any norm."""
        return value


def default_dim(module: Module) -> int:
    """Return the dimension of a layer's weight that counts its outputs."""
    return 1 if isinstance(module, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)) else 0


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Keep the spectral norm of a weight at one [1]_.

    Parameters
    ----------
    module : Module
    name : str
    n_power_iterations : int
        How many steps towards the singular vectors are made in each forward pass in training mode.
    eps : float
        Lengths below it count as it.
    dim : int, optional
        The dimension that counts the outputs; by default 1 for transposed convolutions and 0 for others.

    References
    ----------
    .. [1] Miyato et al. Spectral Normalization for Generative Adversarial Networks. 2018. arXiv:1802.05957
    """
    weight = _tensor_of(module, name)
    dim = default_dim(module) if dim is None else dim
    return parametrize.register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))
