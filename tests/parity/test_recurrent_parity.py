"""Recurrent layers and packed sequences beside PyTorch's: with the same seed, everything they do and refuse."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import minigrad
import minigrad.nn
from tests.parity.test_conv_parity import outcome

torch = pytest.importorskip("torch")

# What PyTorch says once of a library that it does not use for projections.
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with proj")

TOLERANCES = {"float32": {"rtol": 1e-4, "atol": 1e-3}, "float64": {"rtol": 1e-9, "atol": 1e-9}}
INPUTS = ("batch", "one", "packed", "unsorted")

SETTINGS = [
    *[{"kind": kind} for kind in ("RNN", "LSTM", "GRU")],
    *[
        {"kind": kind, "num_layers": layers, "bidirectional": both, "dropout": dropout, "bias": bias}
        for kind, (layers, both, dropout, bias) in itertools.product(
            ("RNN", "LSTM", "GRU"), ((2, True, 0.0, True), (3, False, 0.4, True), (2, True, 0.3, False))
        )
    ],
    {"kind": "RNN", "nonlinearity": "relu", "num_layers": 2, "bidirectional": True},
    {"kind": "LSTM", "proj_size": 2},
    {"kind": "LSTM", "proj_size": 3, "num_layers": 2, "bidirectional": True, "bias": False},
]


def make(library, settings, dtype="float32", batch_first=False):
    options = {name: value for name, value in settings.items() if name != "kind"}
    layer = getattr(library.nn, settings["kind"])
    return layer(3, 4, batch_first=batch_first, dtype=getattr(library, dtype), **options)


def states(library, settings, batch, dtype):
    """Return initial states that require grad, without a batch where ``batch`` is None."""
    count = settings.get("num_layers", 1) * (2 if settings.get("bidirectional") else 1)
    widths = [settings.get("proj_size", 0) or 4, *([4] if settings["kind"] == "LSTM" else [])]
    shape = (count,) if batch is None else (count, batch)
    return [library.randn(*shape, width, dtype=getattr(library, dtype), requires_grad=True) for width in widths]


def run(library, settings, form, given, dtype, batch_first):
    """Return everything that a layer gives: results, gradients, names of nodes, the layer's printed form."""
    library.manual_seed(3)
    layer = make(library, settings, dtype, batch_first)
    shape = (5, 3) if form == "one" else (2, 5, 3) if batch_first else (5, 2, 3)
    x = library.randn(*shape, dtype=getattr(library, dtype), requires_grad=True)
    hx = states(library, settings, None if form == "one" else 2, dtype) if given else []
    rnn, fed = library.nn.utils.rnn, x
    if form in ("packed", "unsorted"):
        lengths = [5, 3] if form == "packed" else [2, 4]
        fed = rnn.pack_padded_sequence(x, lengths, batch_first, enforce_sorted=form == "packed")
    output, final = layer(fed, tuple(hx) if len(hx) == 2 else hx[0]) if given else layer(fed)
    results = list(final) if isinstance(final, tuple) else [final]
    if form in ("packed", "unsorted"):
        results += [output.data, *(each for each in output[1:] if each is not None)]
        output, _ = rnn.pad_packed_sequence(output, batch_first)
    results.append(output)
    terms = [
        (each**2 * library.arange(1, each.numel() + 1).reshape(each.shape)).sum()
        for each in results
        if each.is_floating_point()
    ]
    sum(terms).backward()
    arrays = [each.detach().numpy() for each in results]
    arrays += [each.grad.numpy() for each in (x, *hx, *layer.parameters())]
    words = [repr(layer), list(layer.state_dict()), [each.grad_fn.name() for each in results if each.requires_grad]]
    return arrays, words


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("form", INPUTS)
def test_layers(settings, form):
    for given, dtype, batch_first in ((False, "float32", False), (True, "float64", True), (True, "float32", True)):
        (theirs, their_words), (ours, our_words) = (
            run(library, settings, form, given, dtype, batch_first) for library in (torch, minigrad)
        )
        assert our_words == their_words
        for one, other in zip(ours, theirs, strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_allclose(one, other, **TOLERANCES[dtype])


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_first_values_and_what_is_drawn_afterwards(settings):
    found = []
    for library in (torch, minigrad):
        library.manual_seed(7)
        layer = make(library, settings)
        layer.reset_parameters()
        found.append([*(each.detach().numpy() for each in layer.state_dict().values()), library.rand(3).numpy()])
    for theirs, ours in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_gradients_of_gradients(settings):
    found = []
    for library in (torch, minigrad):
        library.manual_seed(5)
        layer = make(library, settings, "float64")
        x = library.randn(4, 2, 3, dtype=library.float64, requires_grad=True)
        hx = states(library, settings, 2, "float64")
        output, final = layer(x, tuple(hx) if len(hx) == 2 else hx[0])
        total = (output**3).sum() + sum((each**2).sum() for each in (final if isinstance(final, tuple) else [final]))
        leaves = [x, *hx, *layer.parameters()]
        first = library.autograd.grad(total, leaves, create_graph=True)
        sum((each**2).sum() for each in first).backward()
        found.append([each.grad.numpy() for each in leaves])
    for theirs, ours in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", ["RNNCell", "RNNCell, relu", "LSTMCell", "GRUCell"])
def test_cells(name, bias):
    found = []
    for library in (torch, minigrad):
        library.manual_seed(1)
        options = {"nonlinearity": "relu"} if name.endswith("relu") else {}
        cell = getattr(library.nn, name.partition(",")[0])(3, 4, bias, **options)
        results = [repr(cell), list(cell.state_dict())]
        for shape in ((2, 3), (3,)):
            state = None
            for _ in range(3):
                state = cell(library.randn(*shape), state)
            for each in state if isinstance(state, tuple) else (state,):
                each.sum().backward(retain_graph=True)
                results.append(each.detach().numpy())
        found.append([*results, *(each.grad.numpy() for each in cell.parameters())])
    for theirs, ours in zip(*found, strict=True):
        if isinstance(theirs, np.ndarray):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
        else:
            assert ours == theirs


FUNCTIONS = """
lib.gru(x, h, G, True, 1, 0.0, False, False, False)
lib.gru(x, h, params=G, has_biases=True, num_layers=1, dropout=0.0, train=True, bidirectional=False, batch_first=False)
lib.gru(x[:, 0], lib.tensor([3, 1, 1]), lib.zeros(1, 3, 4), G, True, 1, 0.0, True, False)
lib.lstm(x, (h, h), L, True, 1, 0.5, True, False, False)
lib.lstm(x.transpose(0, 1), [h, h], L, True, 1, 0.0, True, False, True)
lib.rnn_tanh(x, h, R, True, 1, 0.0, True, False, False)
lib.rnn_relu(x, h, R[:2], False, 1, 0.0, True, False, False)
lib.lstm(x, (h,), L, True, 1, 0.0, True, False, False)
lib.gru(x, h, G, True, 2, 0.0, True, False, False)
lib.gru(x[:0], h, G, True, 1, 0.0, True, False, False)
lib.gru(x, h, G)
lib.rnn_tanh_cell(x[0], h, R[0], R[1])
lib.gru_cell(x[0, :, :2], h[0], G[0], G[1])
lib.gru_cell(x[0], h[0, :, :2], G[0], G[1])
lib.gru_cell(x[0], h[0, :1], G[0], G[1])
lib.gru_cell(x[0], h[0], G[0], lib.zeros(9, 4))
lib.gru_cell(x[0].double(), h[0], G[0], G[1])
lib.gru_cell(x[0], h[0].double(), G[0], G[1])
lib.gru_cell(x[0], h[0], G[0], G[1], lib.zeros(3))
lib.gru_cell(x[0, 0], h[0, 0], G[0], G[1])
lib.lstm_cell(x[0], (h[0], h[0, :, :2]), L[0], L[1])
lib.lstm_cell(x[0], (h[0],), L[0], L[1])
lib.lstm_cell(x[0], h[0], L[0], L[1])
lib.rnn_tanh_cell(x[0].long(), h[0].long(), R[0].long(), R[1].long())
""".strip().splitlines()

LAYERS = """
nn.GRU(3, 4)(x, h)
nn.GRU(3, 4)(x[..., :2])
nn.GRU(3, 4)(x[0, 0])
nn.RNN(3, 4)(x[0, 0])
nn.LSTM(3, 4)(x[None])
nn.GRU(3, 4)(x.double())
nn.GRU(3, 4)(x, h[0])
nn.GRU(3, 4)(x[0], h)
nn.GRU(3, 4)(x, h[:, :1])
nn.GRU(3, 4, num_layers=2)(x, h)
nn.LSTM(3, 4)(x, (h, h[0]))
nn.LSTM(3, 4)(x[0], (h, h))
nn.LSTM(3, 4)(x, (h, h[..., :2]))
nn.LSTM(3, 4)(x, (h[:, :1], h))
nn.GRU(3, 4)(x[:0])
nn.GRU(3, 4)(x[:, :0])[0]
nn.LSTM(3, 4)(x[:, :0])[0]
nn.GRU(3, 4, batch_first=True)(x.transpose(0, 1), h)[1]
nn.GRU(3, 0)
nn.GRU(0, 4)
nn.GRU(3.0, 4)
nn.GRU(3, "a")
nn.GRU(3, 4, 0)
nn.GRU(3, 4, bias=1)
nn.GRU(3, 4, batch_first=None)
nn.GRU(3, 4, dropout=2)
nn.GRU(3, 4, dropout=True)
nn.GRU(3, 4, dropout=0.5) and None
nn.GRU(3, 4, proj_size=2)
nn.RNN(3, 4, proj_size=2)
nn.RNN(3, 4, nonlinearity="sin")
nn.RNN(3, 4, 2, "relu").nonlinearity
nn.LSTM(3, 4, proj_size=4)
nn.LSTM(3, 4, proj_size=-1)
nn.RNNBase("ABC", 3, 4)
nn.GRUCell(3, 4)(x)
nn.GRUCell(3, 4)(x[0], h)
nn.LSTMCell(3, 4)(x)
nn.LSTMCell(3, 4)(x[0], (h, h))
nn.RNNCell(3, 4, nonlinearity="sin")(x[0])
[list(each.shape) for each in nn.LSTM(3, 4, 2, bidirectional=True).all_weights[3]]
""".strip().splitlines()

PACKING = """
rnn.pack_padded_sequence(x, [5, 3, 3]).data
rnn.pack_padded_sequence(x, [3, 5, 5]).data
rnn.pack_padded_sequence(x, [5, 5, 0]).data
rnn.pack_padded_sequence(x, [5, 3]).data
rnn.pack_padded_sequence(x, lib.tensor([[5, 3, 3]])).data
rnn.pack_padded_sequence(x, lib.tensor([5.0, 3.0, 1.0])).batch_sizes
rnn.pack_padded_sequence(x[:, :0], []).data
rnn.pack_padded_sequence(x[0, 0], [3]).data
rnn.pack_padded_sequence(x, [3, 5, 1], enforce_sorted=False).sorted_indices
rnn.pack_padded_sequence(x[..., 0], [3, 5, 1], enforce_sorted=False).data
repr(rnn.pack_padded_sequence(x, [3, 2, 1], enforce_sorted=False).double())
rnn.pad_packed_sequence(rnn.pack_padded_sequence(x, [5, 3, 1]), total_length=4)
rnn.pad_packed_sequence(rnn.pack_padded_sequence(x, [5, 3, 1]), True, -1.0, 7)
rnn.pad_packed_sequence(x)
rnn.pad_sequence([x[:2, 0], x[:, 1]], padding_value=2)
rnn.pad_sequence([x[:2, 0], x[:, 1]], True, -1.5, "left")
rnn.pad_sequence(x)
rnn.pad_sequence(each[:k] for k, each in enumerate(x))
rnn.pad_sequence([x[0].long(), x[0, :2].long()])
rnn.pad_sequence([])
rnn.pad_sequence(5)
rnn.pad_sequence([x[0], x[0, 0]])
rnn.pad_sequence([x[0], x[0, :, :2]])
rnn.pad_sequence([x[0], x[0].double()])
rnn.pad_sequence([[1, 2]])
rnn.pad_sequence([x[0]], padding_side="up")
rnn.pack_sequence([x[:4, 0], x[:2, 1]]).data
rnn.pack_sequence([x[:2, 0], x[:4, 1]]).data
rnn.pack_sequence([x[:2, 0], x[:4, 1]], enforce_sorted=False).unsorted_indices
rnn.unpack_sequence(rnn.pack_sequence([x[:2, 0], x[:4, 1]], enforce_sorted=False))
rnn.unpad_sequence(x.clone(), lib.tensor([5, 1, 0]))
rnn.invert_permutation(lib.tensor([2, 0, 1]))
rnn.PackedSequence(x[0])
rnn.PackedSequence((x[0], lib.tensor([3])))
rnn.PackedSequence(x[0], lib.tensor([3])).is_cuda
""".strip().splitlines()


@pytest.mark.parametrize("script", [*FUNCTIONS, *LAYERS, *PACKING])
def test_calls_and_refusals(script):
    found = []
    for library in (torch, minigrad):
        names = {"lib": library, "nn": library.nn, "rnn": library.nn.utils.rnn}

        def call(library, names=names):
            names["x"], names["h"] = library.randn(5, 3, 3), library.randn(1, 3, 4)
            for name, rows in (("R", 4), ("L", 16), ("G", 12)):
                names[name] = [library.randn(*shape) for shape in ((rows, 3), (rows, 4), (rows,), (rows,))]
            return _plain(eval(script, names))

        found.append(outcome(call, library))
    (theirs, their_warnings), (ours, our_warnings) = found
    if isinstance(theirs, tuple) and isinstance(theirs[0], str) and theirs[0].endswith("Error"):
        assert ours[0] == theirs[0]
        assert ours[1][:40] == theirs[1][:40] or "combination of arguments" in ours[1]
    else:
        _assert_alike(ours, theirs)
    assert our_warnings == their_warnings


def _plain(value):
    if hasattr(value, "detach"):
        return value.detach().numpy()
    return type(value)(map(_plain, value)) if type(value) in (tuple, list) else value


def _assert_alike(ours, theirs):
    if hasattr(theirs, "batch_sizes"):
        _assert_alike(_plain(tuple(ours)), _plain(tuple(theirs)))
    elif isinstance(theirs, (tuple, list)):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            _assert_alike(one, other)
    elif isinstance(theirs, np.ndarray):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    else:
        assert ours == theirs
