"""What PyTorch asks of complex numbers, answered for real ones; and of what kind a tensor is not."""

from __future__ import annotations

from typing import Any

from minigrad.ops.out import write_out
from minigrad.tensor import Tensor, register_method

__all__ = [
    "conj",
    "conj_physical",
    "conj_physical_",
    "imag",
    "is_conj",
    "is_neg",
    "real",
    "resolve_conj",
    "resolve_neg",
]


def conj(input: Tensor) -> Tensor:
    """Return the tensor: real numbers are their own conjugates."""
    return input


def conj_physical(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return a tensor of the conjugates, which are the numbers themselves; in ``out``, which has its dtype, a copy."""
    if out is None:
        return input
    if out.dtype is not input.dtype:
        given, wanted = (each.dtype.tensor_type.removesuffix("Tensor") for each in (out, input))
        raise RuntimeError(f"Found dtype {given} but expected {wanted}")
    found: Tensor = write_out("conj_physical", out, input)
    return found


def conj_physical_(input: Tensor) -> Tensor:
    """Return the tensor, whose elements are their own conjugates."""
    return input


def real(input: Tensor) -> Tensor:
    """Return the tensor: real numbers are their own real parts."""
    return input


def imag(input: Tensor) -> Tensor:
    """Refuse: real numbers have no imaginary part of their own."""
    raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")


def resolve_conj(input: Tensor) -> Tensor:
    """Return the tensor: nothing is left to conjugate."""
    return input


def resolve_neg(input: Tensor) -> Tensor:
    """Return the tensor: nothing is left to negate."""
    return input


def is_conj(input: Tensor) -> bool:
    """Whether the elements are still to be conjugated: never."""
    return False


def is_neg(input: Tensor) -> bool:
    """Whether the elements are still to be negated: never."""
    return False


def dense_dim(self: Tensor) -> int:
    """Return the number of dimensions: all are dense."""
    return self.dim()


def _make_flag(name: str, words: str) -> Any:
    def flag(self: Tensor) -> bool:
        return False

    flag.__name__ = name
    flag.__doc__ = f"Whether {words}: never."
    return property(flag)


for _function in (conj, conj_physical, resolve_conj, resolve_neg, is_conj, is_neg, dense_dim):
    register_method(_function.__name__, _function)
register_method("conj_physical_", conj_physical_)
_FLAGS = {
    "is_meta": "there is a shape and no memory",
    "is_quantized": "the elements are quantized",
    "is_nested": "the tensor holds tensors of several shapes",
    "is_mkldnn": "the memory has a layout of oneDNN",
    "is_mps": "the memory is on an Apple GPU",
    "is_xpu": "the memory is on an Intel GPU",
    "is_xla": "the memory is on an XLA device",
    "is_ipu": "the memory is on an IPU",
    "is_maia": "the memory is on a Maia device",
    "is_mtia": "the memory is on an MTIA device",
    "is_vulkan": "the memory is on a Vulkan device",
    "is_sparse_csr": "only some elements are stored, row by row",
}


def is_cpu(self: Tensor) -> bool:
    """Whether the memory is the CPU's."""
    return self.device.type == "cpu"


for _name, _getter in (("real", real), ("imag", imag), ("is_cpu", is_cpu)):
    setattr(Tensor, _name, property(_getter))
for _name, _words in _FLAGS.items():
    setattr(Tensor, _name, _make_flag(_name, _words))
