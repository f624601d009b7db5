"""Every kernel of the CPU has a twin for CUDA, of the same name and signature."""

from __future__ import annotations

import inspect

import pytest

from minigrad_kernels import cpu, cuda

# PyTorch's CPU generator is a sequence, whose words are made and turned into draws one after the other; CUDA's is a
# function of a counter. So these are no twins: minigrad_kernels.cuda.random draws by Philox. Nor does a GPU leave equal
# elements where PyTorch's sort on the CPU leaves them; CuPy sorts there.
OF_THE_HOST = {"mersenne", "random", "sorting"}
# Families that are still to come.
MISSING: set[str] = set()


def _families():
    return [family for family in cpu.__all__ if inspect.ismodule(getattr(cpu, family))]


def _names(family):
    return [name for name in cpu.__all__ if name != family and name in vars(getattr(cpu, family))]


@pytest.mark.parametrize("family", [f for f in _families() if f not in OF_THE_HOST])
def test_every_kernel_has_a_twin_of_the_same_signature(family):
    if family in MISSING:
        assert family not in cuda.__all__, "take it out of MISSING"
        return
    assert _names(family)
    for name in _names(family):
        theirs, ours = getattr(cuda, name), getattr(cpu, name)
        assert inspect.signature(theirs) == inspect.signature(ours), name


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no CUDA kernel 'sigmoidal'"):
        cuda.sigmoidal  # noqa: B018
