"""The printed form of tensors, against texts that PyTorch prints, and the shapes and limits that print like it."""

from __future__ import annotations

import copy
import math
import operator
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad import dtypes
from minigrad.numeric_limits import finfo, iinfo
from minigrad.printing import format_tensor, get_printoptions, printoptions, set_printoptions
from minigrad.size import Size

nan, inf = math.nan, math.inf


def shown(values, dtype=np.float32, **suffixes):
    return format_tensor(np.asarray(values, dtype), **suffixes)


@pytest.mark.parametrize(
    ("values", "dtype", "text"),
    [
        (3.14159, "f4", "tensor(3.1416)"),
        (3, "i8", "tensor(3)"),
        (True, "?", "tensor(True)"),
        (-0.0, "f4", "tensor(-0.)"),
        ([1, 2], "f4", "tensor([1., 2.])"),
        ([1, 2.5], "f4", "tensor([1.0000, 2.5000])"),
        ([True, False], "?", "tensor([ True, False])"),
        ([1, -20, 300], "i8", "tensor([  1, -20, 300])"),
        ([1, 2], "i4", "tensor([1, 2], dtype=torch.int32)"),
        ([1, 2], "u1", "tensor([1, 2], dtype=torch.uint8)"),
        (2.5, "f8", "tensor(2.5000, dtype=torch.float64)"),
        ([1, 2.5], "f2", "tensor([1.0000, 2.5000], dtype=torch.float16)"),
        ([1, 1000], "f4", "tensor([   1., 1000.])"),
        ([1, 1001], "f4", "tensor([1.0000e+00, 1.0010e+03])"),
        ([1e8], "f4", "tensor([100000000.])"),
        ([1e9], "f4", "tensor([1.0000e+09])"),
        ([1e-4], "f4", "tensor([1.0000e-04])"),
        ([1e-4], "f8", "tensor([0.0001], dtype=torch.float64)"),
        ([nan, 0], "f4", "tensor([nan, 0.])"),
        ([inf, -100, 0.5], "f4", "tensor([      inf, -100.0000,    0.5000])"),
        ([-0.0, 1e-10], "f4", "tensor([-0.0000e+00, 1.0000e-10])"),
        ([], "f4", "tensor([])"),
        ([], "i8", "tensor([], dtype=torch.int64)"),
        (np.zeros((0, 3)), "f4", "tensor([], size=(0, 3))"),
        (np.zeros((2, 0)), "?", "tensor([], size=(2, 0), dtype=torch.bool)"),
        ([[1, 2], [3, 4]], "f4", "tensor([[1., 2.],\n        [3., 4.]])"),
        (np.zeros((2, 1, 2, 1)), "i8", "tensor([[[[0],\n          [0]]],\n\n\n        [[[0],\n          [0]]]])"),
    ],
)
def test_values_and_dtypes_print_as_in_pytorch(values, dtype, text):
    assert shown(values, dtype) == text


def test_long_rows_wrap_at_80_columns():
    assert shown(range(20), "i8") == (
        "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n        18, 19])"
    )


def test_suffixes_follow_on_the_line_or_start_a_new_one():
    assert shown([1, 2], requires_grad=True) == "tensor([1., 2.], requires_grad=True)"
    assert shown([1, 2], requires_grad=True, grad_fn_name="MulBackward0") == "tensor([1., 2.], grad_fn=<MulBackward0>)"
    assert shown([1, 2], device="cuda:0") == "tensor([1., 2.], device='cuda:0')"
    assert shown(np.full(5, 0.5), "f8", grad_fn_name="MulBackward0") == (
        "tensor([0.5000, 0.5000, 0.5000, 0.5000, 0.5000], dtype=torch.float64,\n       grad_fn=<MulBackward0>)"
    )


def test_large_tensors_are_summarised():
    assert shown(range(2000), "i8") == "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"
    row = "[0, 0, 0,  ..., 0, 0, 0]"
    rows = f",\n{'':8}".join([row] * 3 + ["..."] + [row] * 3)
    assert shown(np.zeros((40, 40)), "i8") == f"tensor([{rows}])"


def test_only_the_corners_decide_how_a_summary_prints():
    values = np.zeros(2000)
    values[1000] = 0.5
    assert shown(values) == "tensor([0., 0., 0.,  ..., 0., 0., 0.])"


def test_the_default_dtype_is_the_one_not_named():
    dtypes.set_default_dtype(dtypes.float64)
    try:
        assert shown([1], "f8") == "tensor([1.])"
        assert shown([1], "f4") == "tensor([1.], dtype=torch.float32)"
        assert shown([1], "i8") == "tensor([1])"
    finally:
        dtypes.set_default_dtype(dtypes.float32)


@pytest.mark.parametrize(
    ("options", "values", "text"),
    [
        ({"precision": 2}, [1.5, 20], "tensor([ 1.50, 20.00])"),
        ({"precision": 0}, 1.5, "tensor(2)"),
        ({"sci_mode": True}, [1, 2], "tensor([1.0000e+00, 2.0000e+00])"),
        ({"sci_mode": True}, [0, nan], "tensor([0., nan])"),
        ({"sci_mode": False}, [1e-6, 1.5, 20], "tensor([ 0.0000,  1.5000, 20.0000])"),
        ({"linewidth": 20}, [0.5, 0.5, 0.5], "tensor([0.5000,\n        0.5000,\n        0.5000])"),
        ({"threshold": 2, "edgeitems": 1}, [1, 2, 3], "tensor([1.,  ..., 3.])"),
        ({"threshold": 2, "edgeitems": 0}, [1, 2, 3], "tensor([...], size=(3,))"),
        ({"profile": "short"}, [0.5], "tensor([0.50])"),
        ({"profile": "full", "precision": 1}, [0.5], "tensor([0.5])"),
    ],
)
def test_print_options(options, values, text):
    with printoptions(**options):
        assert shown(values) == text
    assert get_printoptions() == {
        "precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None
    }  # fmt: skip


def test_set_printoptions_keeps_what_it_is_not_given_but_for_sci_mode():
    set_printoptions(precision=2, sci_mode=True)
    try:
        set_printoptions(linewidth=40)
        assert get_printoptions() == {
            "precision": 2, "threshold": 1000, "edgeitems": 3, "linewidth": 40, "sci_mode": None
        }  # fmt: skip
    finally:
        set_printoptions(profile="default")


def test_an_unknown_profile_is_named():
    with pytest.raises(ValueError, match=r"unknown profile 'shrt', expected one of default, short, full"):
        set_printoptions(profile="shrt")


def test_printing_does_not_change_the_array_and_takes_any_layout():
    array = np.arange(12, dtype=np.float32).reshape(3, 4)[::-1, ::2].T
    array.flags.writeable = False
    assert format_tensor(array) == format_tensor(np.ascontiguousarray(array))


@given(st.lists(st.integers(-5, 5), max_size=6), st.lists(st.integers(0, 5), max_size=3))
def test_size_behaves_as_a_tuple_that_stays_a_size(left, right):
    size = Size(left)
    assert size == tuple(left)
    assert hash(size) == hash(tuple(left))
    assert repr(size) == f"torch.Size({left})"
    for result, expected in [
        (size + tuple(right), left + right),
        (tuple(right) + size, right + left),
        (size * 2, left * 2),
        (2 * size, left * 2),
        (size[1:], left[1:]),
        (size[::-2], left[::-2]),
    ]:
        assert type(result) is Size
        assert list(result) == expected
    assert size.numel() == math.prod(left)
    for twin in (pickle.loads(pickle.dumps(size)), copy.deepcopy(size)):
        assert type(twin) is Size
        assert twin == size


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Size([2.0]), r"torch.Size\(\) takes an iterable of 'int' \(item 0 is 'float'\)"),
        (lambda: operator.add(Size([1]), (1.5,)), r"takes an iterable of 'int' \(item 1 is 'float'\)"),
        (lambda: operator.add(Size([1]), [2]), r"can only concatenate tuple \(not list\) to torch.Size"),
        (lambda: Size([1]) * 1.5, "can't multiply sequence by non-int of type 'float'"),
        (lambda: Size(5), "not iterable"),
        (lambda: finfo(dtypes.int8), "requires a floating point input type"),
        (lambda: iinfo(dtypes.float32), "requires an integer input type"),
        (lambda: iinfo(dtypes.bool), "torch.bool is not supported by torch.iinfo"),
        (lambda: finfo("float32"), "must be torch.dtype, not str"),
        (lambda: hash(finfo()), "unhashable"),
    ],
)
def test_misused_sizes_and_limits_raise_type_errors(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_sizes_take_whatever_stands_for_an_integer():
    assert Size([np.int64(3), np.array(4), True]) == (3, 4, 1)
    assert all(type(each) is int for each in Size([np.int64(3), np.array(4), True]))


def test_limits_print_and_compare_as_in_pytorch():
    assert repr(finfo()) == (
        "finfo(resolution=1e-06, min=-3.40282e+38, max=3.40282e+38, eps=1.19209e-07, smallest_normal=1.17549e-38, "
        "tiny=1.17549e-38, dtype=float32)"
    )
    assert repr(iinfo(dtypes.int64)) == "iinfo(min=-9.22337e+18, max=9.22337e+18, dtype=int64)"
    assert (iinfo(dtypes.int64).max, iinfo(dtypes.uint8).bits) == (2**63 - 1, 8)
    assert finfo(dtypes.float16) == finfo(type=dtypes.float16)
    assert finfo(dtypes.float16) != finfo()
    with pytest.raises(AttributeError, match="not writable"):
        finfo().eps = 1.0
