"""Reading and writing ``x[index]`` for some hundred indices: results, memory, gradients and errors as PyTorch's."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import minigrad  # noqa: E402
from tests.parity.both import assert_alike, attempt  # noqa: E402

SHAPES = {"s": (), "v": (5,), "m": (3, 4), "c": (2, 3, 4), "h": (2, 3, 4, 5), "e": (0, 3)}

# Which tensor, and the indices to try on it: `L` makes integers, `B` a mask, `A` a NumPy array, `x` is the tensor.
INDICES = """
s: ...; None; (); (None, None); True; False; B(True); B(False); (..., None); [True]; L(0); 0; :; x > 5; x > -1
s: 0, 0
v: 0; 4; -1; -5; 5; -6; :; 1:; :3; -2:; :-2; ::2; 1:4:2; 4:1; 10:; -10:3; ::-1; ::0; 2:2; ...; None; (); 0, None
v: ..., 0; 0, ...; ..., None, 0; 0, 0; None, 0; None, :, None; 1.0; np.int64(2); np.int32(-1); np.uint8(3); True
v: False; [0, 2]; [0, -1, 0]; [[0, 1], [2, 3]]; []; [5]; [-6]; [True, False, True, False, True]; [True, False]
v: [0, True]; [1.5]; L([0, 2]); L([]); L([[0], [1]]); L([0, 5]); L([-1, -5]); L(2); L([2]); L([1, 1, 1])
v: i32([0, 3]); i16([0, 3]); u8([1, 0, 1, 0, 0]); i8([0, 1]); u8([0, 1]); B([True, False, True, False, True])
v: B([False] * 5); B([True] * 4); B([[True] * 5]); f32([0, 1]); A([0, 2]); A([True, False, True, False, True])
v: A([0.0]); A(2); range(3); range(0, 5, 2); range(0); (0, 1); (0,); ((0, 1),); ([0, 1],); x > 1; x > 100
v: slice(1, 3); slice(None, None, 2); slice(L(1), L(3)); L(1):L(4); np.int64(1):np.int64(4); 1.0:2; (slice(0, 3),)
v: None, L([0, 1]); L([0, 1]), None; ..., L([0, 1]); L([0, 1]), ...; [0, 1], None; True, [0, 1]; [None]
v: (None, [0, 1], None); L([0, 1])[None]; np.array([[0, 1]]); [L(0), L(2)]; (L(1),); [np.int64(1), 2]; {0: 1}
v: 0:3:True; B(True); B(True), 0; 0, B(True); False, 0; L([[0, 1], [2, 9]]); object; np.float64(1.0); 1j; -1:0
v: -1:
m: 0; -3; 3; 1, 2; -1, -1; 0, 4; 0, :; :, 0; :, -1; :, 1:3; 1:, ::2; ::2, ::3; None; None, 0; 0, None; :, None
m: :, None, :; None, :, None, :, None; ..., 0; 0, ...; ...; ..., ...; ..., 0:2; 0:2, ...; 0, ..., 1; 0, 1, ...
m: ..., 0, 1; 0, 0, 0; :, :, :; [0, 2]; [0, 2], [1, 3]; [[0], [2]], [1, 3]; [0, 2], :; :, [0, 2]; :, [0, 0, 0]
m: [0, 1], 2; 2, [0, 1]; [0], [0]; 0:2, [1, 3]; [0, 2], 1:3; 1, [0, 1], None; None, [0, 1], 1
m: [0, 1], None, [1, 2]; [0, 1], ..., [1, 2]; [], 0; [], []; 0, []; [[]]; [0, 1, 2], [0, 1]; L([0, 2])
m: L([0, 2]), L([1, 3]); L([[0], [2]]), L([1, 3]); :, L([0, 2]); L([0, 2]), :; L([0, 2]), 0; L(0), L(1); L(0), :
m: :, L(1); L([0, 1, 2]), L([0, 1]); L([3]); :, L([4]); L([0]), L([-5]); L([[0, 1], [1, 2]])
m: L([[0, 1], [1, 2]]), L(0); L([0]), None; x > 5; x < 0; x > 100; B([True, False, True])
m: B([True, False, True]), 0; B([True, False, True]), :; :, B([True, False, True, False])
m: B([True, False, True]), B([True, False, True, False]); B([True, False, True]), L([0, 1])
m: B([True, False, True]), L([0, 1, 2]); B([True, True, True, False]); B([[True] * 4] * 2); B([[True] * 3] * 4)
m: (x > 5,); (x > 5, 0); (x > 5, None); ..., x > 5; x > 5, ...; None, x > 5; None, B([True, False, True])
m: 0, B([True, False, True, False]); True, 0; False; True, True; 0, True; B(True), 0
m: np.array([True, False, True]); A([0, 2]); A([0, 2]), A([1, 3]); A([[0], [2]]), [1, 3]; (0, 1); (slice(None), 0)
m: [slice(0, 1), 0]; [0, slice(0, 2)]; [[0, 1], [1, 2]]; [[0, 1], [1, 2]],; ([0, 1], [1, 2]); [[[0, 1], [1, 2]]]
m: range(2), range(2); range(2); 0:2, range(2); np.int64(1), np.int64(2); 1, np.int64(2); 5:, :; :, 9:; 3:1, :
m: ::-1; ::2, ::-1; L(1):, 0; :, L([True, False, True, False]); u8([1, 0, 1]); [True, False, True]
m: [True, False, True], [0, 2]; torch.argmax(x, 1); torch.arange(3), torch.argmax(x, 1)
m: torch.nonzero(x > 5, as_tuple=True); torch.where(x > 5); x.argsort(1)[:, 0]
c: 0; 0, 1; 0, 1, 2; ..., 2; :, 1; :, :, 1; 0, ..., 2; :, 1:, ::2; None, ..., None; 1, None, 0; :, [0, 2]
c: [0, 1], :, [0, 2]; [0, 1], [0, 2]; :, [0, 2], [1, 3]; [1, 0], 1, [2, 3]; 1, :, [0, 2]; 1, [0, 2], :
c: :, 1, [0, 2]; [0, 1], 1; 0, [0, 1], [1, 2]; 0, :, [0, 1]; [0, 1], :, 0; ..., [0, 1]; [[0], [1]], :, [0, 2, 3]
c: :, [[0], [1]], [[0, 2]]; None, [0, 1], None, 1; [0, 1], None, [0, 1]; [0], [0], [0]; 0, [0], 0
c: [1], ..., [0, 1]; x > 10; B([True, False]); B([True, False]), 0; :, B([True, False, True])
c: ..., B([True, False, True, False]); B([[True, False, True], [False, True, True]])
c: B([[True, False, True], [False, True, True]]), 0
c: B([[True, False, True], [False, True, True]]), L([0, 1, 2, 3]); 0, B([[True, False, True, False]] * 3)
c: :, B([[True, False, True, False]] * 3); B([True, False]), B([True, False, True])
c: B([True, True]), :, B([True, False, True, False]); [0, 1], B([True, False, True])
c: B([True, False]), ..., L([0, 1]); x[0] > 1; :, x[0] > 1; x[:, 0] > 1; 0, 0, 0, 0; 2; :, 3; :, :, -5
c: L([0]), :, L([4]); ..., None, 0; 1:, 1:, 1:
h: 0, :, 1; :, 0, :, 1; ..., 0, 0; 0, 0, ...; [0, 1], :, :, [0, 1]; [0, 1], [0, 1]; :, [0, 1], [0, 1]
h: :, [0, 1], :, [0, 1]; :, :, [0, 1], [0, 1]; 0, [0, 1], :, [0, 1]; [0, 1], 0, :, [0, 1]; :, 0, [0, 1], 1
h: :, [0, 1], 0, [0, 1]; 1, ..., [0, 1], 0; ..., [0, 1], None, [0, 1]; x > 50; x[0] > 10
h: B([True, False]), :, B([True] * 4); :, B([[True, False, True, False]] * 3)
h: :, B([[True, False, True, False]] * 3), L(0); None, [0, 1], 0, None, [0, 1]
e: :; 0; [0]; []; :, 0; :, [0, 1]; L([]); x > 0; B([]); ..., None; :, 3; L([]), L([]); None; :, []
"""


def _expressions():
    for line in INDICES.strip().splitlines():
        name, _, rest = line.partition(": ")
        for text in rest.split(";"):
            if text.strip():
                yield name, text.strip()


CASES = sorted(set(_expressions()))

WRITTEN = {
    "a number": lambda library, part: 7,
    "a large fraction": lambda library, part: 2.75,
    "a 0-d tensor of another dtype": lambda library, part: library.tensor(3, dtype=library.int64),
    "its own shape": lambda library, part: library.arange(float(part.numel())).reshape(part.shape) + 100,
    "its last dimension": lambda library, part: library.arange(float(part.shape[-1] if part.dim() else 1)) + 100,
    "leading ones": lambda library, part: library.full((1, 1, *part.shape), 5.0),
    "a wrong shape": lambda library, part: library.ones(7, 9),
}


# Where minigrad writes although PyTorch refuses: byte masks, and values of another dtype at a 0-d mask.
LENIENT = {
    "0, True", "True, 0", "False, 0", "B(True)", "B(False)", "B(True), 0", "0, B(True)", "x > 5", "x > -1",
    "u8([1, 0, 1])", "u8([1, 0, 1, 0, 0])",
}  # fmt: skip


class _Indexable:
    """Hands back what stands between the brackets."""

    def __getitem__(self, index):
        return index


def _scope(library, x):
    def maker(dtype):
        return lambda data: library.tensor(data, dtype=getattr(library, dtype))

    return {
        "torch": library, "np": np, "x": x, "L": maker("int64"), "B": maker("bool"), "i32": maker("int32"),
        "i16": maker("int16"), "i8": maker("int8"), "u8": maker("uint8"), "f32": maker("float32"), "A": np.array,
        "index_of": _Indexable(),
    }  # fmt: skip


def _tensor(library, name, requires_grad=False):
    shape = SHAPES[name]
    count = int(np.prod(shape))
    return library.arange(float(count)).reshape(shape).clone().requires_grad_(requires_grad)


def _run(library, work):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return attempt(lambda: work(library))


def _index(library, x, text):
    return eval(f"index_of[{text}]", _scope(library, x.detach()))


def _read(library, name, text):
    x = _tensor(library, name)
    part = x[_index(library, x, text)]
    shares = part.numel() > 0 and part.data_ptr() >= x.data_ptr() and part.data_ptr() < x.data_ptr() + 4 * x.numel()
    return [part, shares]


def _differentiate(library, name, text):
    x = _tensor(library, name, requires_grad=True)
    part = x[_index(library, x, text)]
    part.backward(library.arange(float(part.numel())).reshape(part.shape) + 1)
    return x.grad


def _differentiate_write(library, name, text):
    x = _tensor(library, name, requires_grad=True)
    y = x * 2
    index = _index(library, x, text)
    value = (library.ones(x[index].shape) * 3).requires_grad_()
    y[index] = value * 2
    (y * library.arange(float(y.numel())).reshape(y.shape)).sum().backward()
    return [y, x.grad, value.grad]


def _kind(outcome):
    """Return only the type of an error: the words for a bad index are minigrad's own."""
    return outcome.partition(":")[0] if isinstance(outcome, str) else outcome


def _compare(work):
    assert_alike(_kind(_run(minigrad, work)), _kind(_run(torch, work)))


def _compare_or_refuse(work, lenient):
    """Compare, but let any error stand for any other, for where two things are wrong either may be named first."""
    ours, theirs = _run(minigrad, work), _run(torch, work)
    if not (isinstance(theirs, str) and (lenient or isinstance(ours, str))):
        assert_alike(ours, theirs)


@pytest.mark.parametrize(("name", "text"), CASES)
def test_reading(name, text):
    _compare(lambda library: _read(library, name, text))


@pytest.mark.parametrize(("name", "text"), CASES)
def test_gradient_of_reading(name, text):
    _compare(lambda library: _differentiate(library, name, text))


@pytest.mark.parametrize(("name", "text"), CASES)
def test_writing(name, text):
    for value in WRITTEN.values():

        def write(library, value=value):
            x = _tensor(library, name)
            index = _index(library, x, text)
            try:
                part = x[index]
            except Exception:
                part = x
            x[index] = value(library, part)
            return x

        _compare_or_refuse(write, text in LENIENT)


def _repeats(text):
    """Whether an index may name a place twice, where the last write wins in an order that PyTorch leaves open."""
    return any(part in text for part in ("0, 0, 0]", "1, 1, 1]", "-1, 0]", "-1, -5]", "[0, 1], [1, 2]]"))


@pytest.mark.parametrize(("name", "text"), [case for case in CASES if not _repeats(case[1])])
def test_gradient_of_writing(name, text):
    _compare(lambda library: _differentiate_write(library, name, text))
