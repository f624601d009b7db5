"""Every operation on the inputs of PyTorch's own test tables, `op_db`, as function, method, in place and with ``out=``.

Values, dtypes, shapes, first and second gradients, and the class of the exception where an input is wrong. A few
samples an operation run here; `opinfo` has what is needed to run them all.
"""

from __future__ import annotations

import itertools

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest", reason="PyTorch's tables need it")

from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402

# The table of samples forbids to set backends' switches in the whole process; other tests run scripts that do.
torch.backends.flags_frozen.__globals__["__allow_nonbracketed_mutation_flag"] = True

from tests.parity import opinfo  # noqa: E402

SAMPLES = {"float32": 4, "float64": 2, "int64": 2, "bool": 2}

# What differs on purpose, or is not specified, and how the words that tell of it begin.
KNOWN = {
    **dict.fromkeys(("acosh", "asinh", "atanh"), ("inplace grad should raise",)),  # their gradients in place exist here
    "addbmm": ("inplace raises",),  # PyTorch resizes the tensor that it writes to
    "matrix_exp": ("value", "method value"),  # PyTorch's float32 is less exact
    # Not as in PyTorch yet.
    "as_strided_scatter": ("grad",),
    **dict.fromkeys(
        ("cholesky", "diff", "inner", "linalg.matrix_power", "lu"),
        ("out float64",),
    ),  # which dtypes are written to depends on which of several ways PyTorch takes
    "logcumsumexp": ("grad:",),  # both are rounded where logits are large
    "linalg.norm": ("gradgrad",),  # nan at 0 in PyTorch, here 0
    **dict.fromkeys(("special.bessel_j0", "special.bessel_y1"), ("value",)),  # the seventh digit
    "nn.functional.linear_cross_entropy": ("gradgrad", "grad should raise"),  # by parts, PyTorch has first ones only
    "narrow_copy": ("error type", "out float64"),  # assertions of PyTorch's own
    **dict.fromkeys(("split_with_sizes_copy", "unbind_copy"), ("out",)),  # PyTorch returns None then
    "native_layer_norm": ("gradgrad should raise",),  # of a bias without a weight PyTorch has none
    "native_batch_norm": ("out",),  # three tensors to write to, which minigrad does not take
    "cat": ("should raise",),  # PyTorch does not resize what it got from NumPy
}

PUBLIC = [
    pytest.param(info, id=f"{info.name}-{info.variant_test_name}" if info.variant_test_name else info.name)
    for info in op_db
    if callable(opinfo.find(info.name)) and not info.name.startswith(("_", "torch."))
]


def _unexpected(info, found):
    return [each for each in found if not each.startswith(KNOWN.get(info.name, ("never",)))]


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("info", PUBLIC)
def test_answers_pytorchs_samples_as_pytorch_does(info):
    for name, count in SAMPLES.items():
        dtype = getattr(torch, name)
        if dtype not in info.supported_dtypes("cpu"):
            continue
        for k, sample in enumerate(itertools.islice(opinfo.samples(info, dtype), count)):
            try:
                found = opinfo.check_function(info, sample)
                if not found and name == "float32":
                    found += opinfo.check_variant(info, sample, "method")
                    found += opinfo.check_variant(info, sample, "inplace")
                    found += opinfo.check_out(info, sample) if k < 2 else []
            except opinfo.Strange:
                continue
            assert not _unexpected(info, found), f"{name}, sample {k}: {sample}"


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("info", [each for each in PUBLIC if each.values[0].error_inputs_func is not None])
def test_refuses_what_pytorch_refuses(info):
    for k, wrong in enumerate(info.error_inputs("cpu")):
        if not isinstance(wrong.sample_input.input, (torch.Tensor, list, tuple)):
            continue  # the methods of a number are Python's
        try:
            found = opinfo.check_error(info, wrong)
        except (opinfo.Strange, ValueError):  # ValueError: more dimensions than NumPy has
            continue
        found = [each for each in found if not each.startswith("error text")]
        assert not _unexpected(info, found), f"input {k}: {wrong.sample_input}"
