"""Random tensors under random print options: the same text as PyTorch's, character by character."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad
from minigrad import dtypes, nn, printing
from minigrad.numeric_limits import finfo, iinfo
from minigrad.size import Size

torch = pytest.importorskip("torch")

CASES = 400  # tensors a dtype
OPTIONS = {
    "precision": [0, 1, 2, 3, 6, 8],
    "threshold": [0, 1, 5, 20, 100, math.inf],
    "edgeitems": [0, 1, 2, 3, 5, 50],
    "linewidth": [10, 20, 40, 79, 81, 120, 200],
    "profile": ["default", "short", "full"],
    "sci_mode": [True, False, None],
}
CRITICAL = [0.0, -0.0, 1.0, 1000.0, 0.1, 1e-3, 1e-4, 1e8, 1e-5, 99999999.0, 100000001.0, 999.5, 1e5, 0.5]
SPECIAL = [math.nan, math.inf, -math.inf, 0.0, -0.0]


@pytest.fixture(autouse=True)
def _restore_defaults():
    yield
    torch.set_printoptions(profile="default")
    printing.set_printoptions(profile="default")
    torch.set_default_dtype(torch.float32)
    dtypes.set_default_dtype(dtypes.float32)


def random_shape(rng):
    n_dims = int(rng.choice(6, p=[0.15, 0.35, 0.25, 0.15, 0.07, 0.03]))
    kind = rng.random()
    if kind < 0.1 and n_dims < 3:
        return tuple(rng.integers(0, [1, 1500, 60][n_dims], n_dims).tolist())
    if kind < 0.2:
        return tuple(rng.choice([0, 1, 2, 5, 6, 7, 8, 12], n_dims).tolist())
    return tuple(rng.integers(1, [1, 120, 18, 8, 5, 4][n_dims] + 1, n_dims).tolist())


def random_floats(rng, shape):
    """Numbers of the kinds that the notation depends on: integers or not, wide or narrow range, near the bounds."""
    draws = [
        lambda: rng.standard_normal(shape),
        lambda: rng.random(shape),
        lambda: rng.integers(-9, 10, shape).astype(float),
        lambda: rng.integers(-5, 6, shape) * 10.0 ** rng.integers(-6, 10),
        lambda: rng.standard_normal(shape) * 10.0 ** rng.uniform(-12, 12),
        lambda: rng.standard_normal(shape) * 10.0 ** rng.uniform(-3, 3, shape),
        lambda: np.round(rng.standard_normal(shape) * 10.0 ** rng.integers(0, 10)),
        lambda: rng.integers(1, 4, shape) * 10.0 ** rng.integers(-5, 4, shape),
        lambda: rng.choice(CRITICAL, shape),
    ]
    values = np.asarray(draws[rng.integers(len(draws))](), float)
    if rng.random() < 0.3:
        values = np.where(rng.random(shape) < rng.choice([0.1, 0.5, 1.0]), rng.choice(SPECIAL, shape), values)
    return values


def random_array(rng, dtype):
    shape = random_shape(rng)
    if dtype is dtypes.bool:
        return np.asarray(rng.random(shape) < 0.5)
    if dtype.is_floating_point:
        with np.errstate(over="ignore"):
            array = np.asarray(random_floats(rng, shape)).astype(dtype.numpy)
    else:
        limits = np.iinfo(dtype.numpy)
        bound = min(limits.max, 10 ** int(rng.integers(0, 19)))
        array = np.asarray(rng.integers(max(limits.min, -bound), bound, shape, endpoint=True)).astype(dtype.numpy)
    return array.T if rng.random() < 0.2 else array


def random_options(rng):
    if rng.random() < 0.6:
        return {}
    return {name: values[rng.integers(len(values))] for name, values in OPTIONS.items() if rng.random() < 0.4}


@pytest.mark.parametrize("dtype", dtypes.ALL, ids=str)
def test_random_tensors_print_alike(dtype):
    rng = np.random.default_rng(0)
    for _ in range(CASES):
        array = random_array(rng, dtype)
        options = random_options(rng)
        default = rng.choice(["float32", "float32", "float32", "float64", "float16"])
        torch.set_default_dtype(getattr(torch, default))
        dtypes.set_default_dtype(getattr(dtypes, default))
        tensor = torch.from_numpy(array.copy())
        suffixes = {}
        if dtype.is_floating_point and rng.random() < 0.5:
            tensor.requires_grad_()
            suffixes["requires_grad"] = True
            if rng.random() < 0.5:
                tensor = tensor.unsqueeze(0).squeeze(0)
                suffixes["grad_fn_name"] = "SqueezeBackward1"
        for library in (torch, printing):
            library.set_printoptions(profile="default")
            library.set_printoptions(**options)
        assert printing.format_tensor(array, **suffixes) == repr(tensor), (options, default)


@pytest.mark.parametrize("number", [np.float32, np.float64, np.float16])
def test_the_bounds_of_scientific_notation_are_the_same_to_the_last_bit(number):
    rng = np.random.default_rng(0)
    with np.errstate(over="ignore"):
        for start in rng.uniform(1e-3, 5, 300):
            small = number(start)
            near = small * number(1000)
            for large in (np.nextafter(near, number(0)), near, np.nextafter(near, number(np.inf))):
                array = np.array([small, large])
                assert printing.format_tensor(array) == repr(torch.from_numpy(array))
        for bound in (1e-4, 1e8, 1.0):
            at = number(bound)
            for value in (np.nextafter(at, number(0)), at, np.nextafter(at, number(np.inf)), at + number(0.5)):
                array = np.array([value, 1.5], number)
                assert printing.format_tensor(array) == repr(torch.from_numpy(array))


@pytest.mark.parametrize("dtype", [each for each in dtypes.ALL if each is not dtypes.bool], ids=str)
def test_limits_are_alike(dtype):
    name = "finfo" if dtype.is_floating_point else "iinfo"
    ours, theirs = {"finfo": finfo, "iinfo": iinfo}[name](dtype), getattr(torch, name)(getattr(torch, dtype.name))
    assert repr(ours) == repr(theirs)
    for attribute in (each for each in dir(theirs) if not each.startswith("_")):
        assert getattr(ours, attribute) == getattr(theirs, attribute), attribute


@pytest.mark.parametrize(
    "expression",
    [
        "S([2, 3])", "S()", "S([2, 3])[1:]", "S([2, 3]) + (1,)", "(1,) + S([2])", "S([2]) * 2", "2 * S([2])",
        "S([2, 3]).numel()", "S().numel()", "S([0, 3]).numel()", "S([2.0])", "S(['a'])", "S(5)", "S([None])",
        "S([2]) + [1]", "S([2]) + None", "S([2]) + (1.5,)", "S([2]) * 1.5", "S([2]) == (2,)", "S([np.array(3)])",
    ],
)  # fmt: skip
def test_sizes_are_alike(expression):
    def outcome(kind):
        try:
            return repr(eval(expression, {"S": kind, "np": np}))
        except TypeError as error:
            return str(error)

    assert outcome(Size) == outcome(torch.Size)


EXPRESSIONS = [
    "L.tensor([1.0, 2.0])", "L.tensor(3)", "L.tensor([])", "L.zeros(0, 3)", "L.ones(2, requires_grad=True)",
    "L.ones(2, requires_grad=True) * 2", "(L.ones(2, requires_grad=True) * 2).detach()",
    "(L.ones(2, 2, requires_grad=True) * 2)[0]", "L.ones(2, 3, requires_grad=True).sum()",
    "L.ones(5, dtype=L.float64, requires_grad=True) * 2", "L.ones(20, dtype=L.float64, requires_grad=True) * 2",
    "P(L.ones(2, 2))", "P(L.zeros(0, 2))", "P(L.ones(2), requires_grad=False)", "P(L.ones(2)) * 2",
    "P(L.ones(2)).data", "L.ones(2).__repr__(tensor_contents='...')", "L.ones(2, 3).shape", "L.float32",
    "L.finfo(L.float16)", "[L.ones(2), L.ones(1)]", "{'a': L.ones(2)}", "str(L.tensor(0.1))",
    "f'{L.tensor(3.14159):.2f}'", "f'{L.tensor(3.14159)}'", "f'{L.tensor(3):d}'", "f'{L.tensor(True)}'",
    "f'{L.tensor([1.0])}'", "f'{L.tensor(3.5, requires_grad=True) * 2}'", "f'{P(L.tensor(3.5))}'",
    "f'{L.tensor([1.0]):.2f}'", "f'{P(L.tensor(3.5)):.2f}'", "'%.2f' % L.tensor(0.5)", "'%s' % L.tensor(0.5)",
    "f'{L.tensor(2.5)!r:>20}'", "Sub([1.0, 2.0])", "Sub(list(range(30)))", "SubP(L.ones(2, 2))",
]  # fmt: skip


def _subclass(base):
    return type("Sub", (base,), {})


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_tensors_print_and_format_alike(expression):
    def outcome(library, parameter):
        names = {"L": library, "P": parameter, "Sub": _subclass(library.Tensor), "SubP": _subclass(parameter)}
        try:
            value = eval(expression, names)
        except TypeError as error:
            return str(error)
        return value if isinstance(value, str) else repr(value)

    assert outcome(minigrad, nn.Parameter) == outcome(torch, torch.nn.Parameter)
