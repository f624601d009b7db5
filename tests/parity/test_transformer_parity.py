"""Multi-head attention and the transformer beside PyTorch's: parameters, printed form, results, gradients, refusals."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import minigrad
import minigrad.nn
from tests.parity.both import same
from tests.parity.test_conv_parity import outcome

torch = pytest.importorskip("torch")

GIVEN_ONCE = "The PyTorch API of nested tensors"


def inputs(library, *shapes):
    random = np.random.default_rng(5)
    return [library.tensor(random.standard_normal(shape).astype(np.float32), requires_grad=True) for shape in shapes]


def mask_of(library, kind, *shape):
    """Return a mask that leaves something to attend to everywhere."""
    if kind == "causal":
        return library.nn.Transformer.generate_square_subsequent_mask(*shape)
    random = np.random.default_rng(7)
    if kind == "bool":
        mask = random.random(shape) < 0.4
        mask[..., 0] = False
        return library.tensor(mask)
    return library.tensor(random.standard_normal(shape).astype(np.float32))


def tensors_of(result):
    if isinstance(result, (tuple, list)):
        return [each for part in result for each in tensors_of(part)]
    return [] if result is None else [result]


def run(library, make, call, mode="train"):
    """Return everything that a layer is and does."""
    library.manual_seed(3)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        layer = make(library.nn)
        if mode != "train":
            layer.eval()
        shown = repr(layer)
        leaves, result = call(library, layer)
        outs = tensors_of(result)
        arrays = {f"result {k}": each for k, each in enumerate(outs)}
        if mode == "train":
            for out in outs:
                factors = np.linspace(0.5, 1.5, out.numel(), dtype=np.float32).reshape(out.shape)
                (out * library.tensor(factors)).sum().backward(retain_graph=True)
            arrays |= {f"grad of input {k}": each.grad for k, each in enumerate(leaves)}
            arrays |= {f"grad of {name}": each.grad for name, each in layer.named_parameters()}
        arrays |= {f"state {name}": each for name, each in layer.state_dict().items()}
    arrays = {name: None if each is None else each.detach().numpy() for name, each in arrays.items()}
    said = [str(each.message) for each in caught if not str(each.message).startswith(GIVEN_ONCE)]
    return shown, said, arrays, library.rand(2).tolist()


def assert_same(make, call, mode="train"):
    ours, theirs = run(minigrad, make, call, mode), run(torch, make, call, mode)
    assert ours[0] == theirs[0]
    assert ours[1] == theirs[1]
    assert ours[3] == theirs[3]
    assert list(ours[2]) == list(theirs[2])
    for name, want in theirs[2].items():
        if want is None:
            assert ours[2][name] is None, name
        else:
            assert (ours[2][name].dtype, ours[2][name].shape) == (want.dtype, want.shape), name
            np.testing.assert_allclose(ours[2][name], want, rtol=1e-4, atol=1e-4, err_msg=name)


def attend(*shapes, **options):
    """Return a call of an attention layer; a tuple (kind, *shape) stands for a mask, the shapes for its inputs."""

    def call(library, layer):
        leaves = inputs(library, *dict.fromkeys(shapes))
        by_shape = dict(zip(dict.fromkeys(shapes), leaves, strict=True))
        given = {k: mask_of(library, *v) if isinstance(v, tuple) else v for k, v in options.items()}
        return leaves, layer(*(by_shape[shape] for shape in shapes), **given)

    return call


SELF = ((5, 2, 8),) * 3
CROSS = ((4, 2, 8), (5, 2, 8), (5, 2, 8))

ATTENTION = {
    "self": (lambda nn: nn.MultiheadAttention(8, 2), attend(*SELF)),
    "self, no weights": (lambda nn: nn.MultiheadAttention(8, 2), attend(*SELF, need_weights=False)),
    "weights of heads": (lambda nn: nn.MultiheadAttention(8, 2), attend(*SELF, average_attn_weights=False)),
    "cross": (lambda nn: nn.MultiheadAttention(8, 4, bias=False), attend(*CROSS)),
    "cross, no weights": (lambda nn: nn.MultiheadAttention(8, 4), attend(*CROSS, need_weights=False)),
    "batch first": (lambda nn: nn.MultiheadAttention(8, 2, batch_first=True), attend(*SELF)),
    "batch first, dropout": (
        lambda nn: nn.MultiheadAttention(8, 2, 0.3, batch_first=True),
        attend(*SELF, need_weights=False),
    ),
    "dropout": (lambda nn: nn.MultiheadAttention(8, 2, dropout=0.3), attend(*SELF)),
    "other sizes": (
        lambda nn: nn.MultiheadAttention(8, 2, kdim=3, vdim=6),
        attend((4, 2, 8), (5, 2, 3), (5, 2, 6)),
    ),
    "learned key": (lambda nn: nn.MultiheadAttention(8, 2, add_bias_kv=True), attend(*CROSS)),
    "zero key": (lambda nn: nn.MultiheadAttention(8, 2, add_zero_attn=True), attend(*CROSS, need_weights=False)),
    "both keys": (
        lambda nn: nn.MultiheadAttention(8, 2, add_bias_kv=True, add_zero_attn=True, kdim=3, bias=False),
        attend((4, 2, 8), (5, 2, 3), (5, 2, 8), key_padding_mask=("bool", 2, 5), attn_mask=("bool", 4, 5)),
    ),
    "unbatched": (lambda nn: nn.MultiheadAttention(8, 2), attend((4, 8), (5, 8), (5, 8))),
    "unbatched, batch first": (
        lambda nn: nn.MultiheadAttention(8, 2, batch_first=True),
        attend((5, 8), (5, 8), (5, 8), key_padding_mask=("bool", 5), attn_mask=("bool", 2, 5, 5)),
    ),
    "mask": (lambda nn: nn.MultiheadAttention(8, 2), attend(*CROSS, attn_mask=("bool", 4, 5))),
    "mask of heads": (
        lambda nn: nn.MultiheadAttention(8, 2),
        attend(*CROSS, attn_mask=("numbers", 4, 4, 5), need_weights=False),
    ),
    "padding": (lambda nn: nn.MultiheadAttention(8, 2), attend(*CROSS, key_padding_mask=("bool", 2, 5))),
    "padding, no weights": (
        lambda nn: nn.MultiheadAttention(8, 2),
        attend(*CROSS, key_padding_mask=("bool", 2, 5), need_weights=False),
    ),
    "mask and padding": (
        lambda nn: nn.MultiheadAttention(8, 2),
        attend(*CROSS, attn_mask=("numbers", 4, 5), key_padding_mask=("bool", 2, 5), need_weights=False),
    ),
    "causal": (
        lambda nn: nn.MultiheadAttention(8, 2),
        attend(*SELF, attn_mask=("causal", 5), is_causal=True, need_weights=False),
    ),
    "causal, weights": (
        lambda nn: nn.MultiheadAttention(8, 2),
        attend(*SELF, attn_mask=("causal", 5), is_causal=True),
    ),
}


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize(("make", "call"), ATTENTION.values(), ids=ATTENTION)
def test_multi_head_attention(make, call, mode):
    assert_same(make, call, mode)


def pass_through(*shapes, **options):
    """Return a call of a whole layer, its inputs all different tensors."""

    def call(library, layer):
        leaves = inputs(library, *shapes)
        given = {k: mask_of(library, *v) if isinstance(v, tuple) else v for k, v in options.items()}
        return leaves, layer(*leaves, **given)

    return call


def small(nn, name, *counts, **options):
    settings = {"d_model": 8, "nhead": 2, "dim_feedforward": 12, **options}
    return getattr(nn, name)(**settings)


def encoder(nn, layers=2, norm=False, nested=True, **options):
    layer = small(nn, "TransformerEncoderLayer", **options)
    return nn.TransformerEncoder(layer, layers, nn.LayerNorm(8) if norm else None, enable_nested_tensor=nested)


def decoder(nn, **options):
    return nn.TransformerDecoder(small(nn, "TransformerDecoderLayer", **options), 2, nn.LayerNorm(8))


def transformer(nn, **options):
    return small(nn, "Transformer", num_encoder_layers=1, num_decoder_layers=2, **options)


BATCH, PAIR = (5, 2, 8), ((4, 2, 8), (5, 2, 8))
LAYERS = {
    "encoder layer": (lambda nn: small(nn, "TransformerEncoderLayer"), pass_through(BATCH)),
    "encoder layer, batch first": (
        lambda nn: small(nn, "TransformerEncoderLayer", batch_first=True, activation="gelu"),
        pass_through(BATCH, src_mask=("causal", 2), is_causal=True),
    ),
    "encoder layer, norm first": (
        lambda nn: small(nn, "TransformerEncoderLayer", norm_first=True, dropout=0.0, activation=nn.Tanh()),
        pass_through(BATCH, src_key_padding_mask=("bool", 2, 5)),
    ),
    "encoder layer, no bias": (
        lambda nn: small(nn, "TransformerEncoderLayer", bias=False, layer_norm_eps=1e-3),
        pass_through((5, 8)),
    ),
    "encoder layer, masks differ": (
        lambda nn: small(nn, "TransformerEncoderLayer"),
        pass_through(BATCH, src_mask=("numbers", 5, 5), src_key_padding_mask=("bool", 2, 5)),
    ),
    "decoder layer": (lambda nn: small(nn, "TransformerDecoderLayer"), pass_through(*PAIR)),
    "decoder layer, masks": (
        lambda nn: small(nn, "TransformerDecoderLayer", norm_first=True, activation="gelu"),
        pass_through(
            *PAIR,
            tgt_mask=("causal", 4),
            tgt_is_causal=True,
            memory_mask=("bool", 4, 5),
            memory_key_padding_mask=("bool", 2, 5),
        ),
    ),
    "decoder layer, batch first": (
        lambda nn: small(nn, "TransformerDecoderLayer", batch_first=True),
        pass_through((2, 4, 8), (2, 5, 8), tgt_key_padding_mask=("bool", 2, 4)),
    ),
    "encoder": (lambda nn: encoder(nn, nested=False), pass_through(BATCH)),
    "encoder, causal": (lambda nn: encoder(nn, norm=True), pass_through(BATCH, mask=("causal", 5))),
    "encoder, batch first": (lambda nn: encoder(nn, batch_first=True), pass_through(BATCH, mask=("causal", 2))),
    "encoder, norm first": (
        lambda nn: encoder(nn, norm_first=True, batch_first=True),
        pass_through((2, 5, 8), src_key_padding_mask=("bool", 2, 5)),
    ),
    "encoder, no heads": (lambda nn: encoder(nn, nhead=1, batch_first=True), pass_through((2, 5, 8))),
    "encoder, other activation": (
        lambda nn: encoder(nn, batch_first=True, activation=nn.SiLU(), bias=True),
        pass_through((2, 5, 8)),
    ),
    "encoder, no bias": (lambda nn: encoder(nn, batch_first=True, bias=False), pass_through((2, 5, 8))),
    "decoder": (lambda nn: decoder(nn), pass_through(*PAIR, tgt_mask=("causal", 4))),
    "decoder, unbatched": (lambda nn: decoder(nn), pass_through((4, 8), (5, 8), tgt_mask=("bool", 4, 4))),
    "transformer": (lambda nn: transformer(nn), pass_through((5, 2, 8), (4, 2, 8), tgt_mask=("causal", 4))),
    "transformer, batch first": (
        lambda nn: transformer(nn, batch_first=True, norm_first=True, activation="gelu"),
        pass_through(
            (2, 5, 8),
            (2, 4, 8),
            tgt_mask=("causal", 4),
            src_key_padding_mask=("bool", 2, 5),
            memory_key_padding_mask=("bool", 2, 5),
        ),
    ),
}


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize(("make", "call"), LAYERS.values(), ids=LAYERS)
def test_layers(make, call, mode):
    assert_same(make, call, mode)


@pytest.mark.parametrize("padding", [[[0, 0, 1], [0, 0, 0]], [[1, 0, 0], [0, 0, 0]]], ids=["at the end", "before"])
def test_padding_in_eval_mode(padding):
    def call(library, layer):
        with library.no_grad():
            (x,) = inputs(library, (2, 3, 8))
            return [], layer(x, src_key_padding_mask=library.tensor(padding, dtype=library.bool))

    assert_same(lambda nn: encoder(nn, norm=True, batch_first=True), call, "eval")


@pytest.mark.parametrize("name", ["float64", "float16"])
def test_other_dtypes(name):
    found = []
    for library in (torch, minigrad):
        library.manual_seed(0)
        layer = small(library.nn, "TransformerEncoderLayer", dtype=getattr(library, name), dropout=0.0)
        (x,) = inputs(library, BATCH)
        found.append(layer(x.to(getattr(library, name))).detach().numpy())
    assert found[0].dtype == found[1].dtype
    np.testing.assert_allclose(found[1], found[0], rtol=1e-2 if name == "float16" else 1e-9, atol=1e-2)


def attention(library, *shapes, heads=2, **options):
    return library.nn.MultiheadAttention(8, heads)(*(library.zeros(shape) for shape in shapes), **options)


REFUSED = {
    "no heads": lambda m: m.nn.MultiheadAttention(8, 0),
    "heads": lambda m: m.nn.MultiheadAttention(8, 3),
    "activation": lambda m: m.nn.TransformerEncoderLayer(8, 2, activation="tanh"),
    "rank": lambda m: attention(m, (8,), (8,), (8,)),
    "ranks": lambda m: attention(m, (4, 2, 8), (4, 8), (4, 8)),
    "ranks, unbatched": lambda m: attention(m, (4, 8), (4, 2, 8), (4, 2, 8)),
    "size": lambda m: attention(m, (4, 2, 6), (5, 2, 6), (5, 2, 6)),
    "value": lambda m: attention(m, (4, 2, 8), (5, 2, 8), (6, 2, 8)),
    "mask": lambda m: attention(m, *CROSS, attn_mask=m.zeros(4, 6)),
    "mask of heads": lambda m: attention(m, *CROSS, attn_mask=m.zeros(3, 4, 5)),
    "mask of four": lambda m: attention(m, *CROSS, attn_mask=m.zeros(2, 2, 4, 5)),
    "mask of integers": lambda m: attention(m, *CROSS, attn_mask=m.zeros(4, 5, dtype=m.int64)),
    "mask, unbatched": lambda m: attention(m, (4, 8), (5, 8), (5, 8), attn_mask=m.zeros(3, 4, 5)),
    "padding": lambda m: attention(m, *CROSS, key_padding_mask=m.zeros(2, 4)),
    "padding of a batch": lambda m: attention(m, *CROSS, key_padding_mask=m.zeros(3, 5)),
    "padding, rank": lambda m: attention(m, *CROSS, key_padding_mask=m.zeros(5)),
    "padding, unbatched": lambda m: attention(m, (4, 8), (5, 8), (5, 8), key_padding_mask=m.zeros(1, 5)),
    "padding of integers": lambda m: attention(m, *CROSS, key_padding_mask=m.zeros(2, 5, dtype=m.int64)),
    "causal without mask": lambda m: attention(m, *CROSS, is_causal=True),
    "batches": lambda m: transformer(m.nn)(m.zeros(5, 2, 8), m.zeros(4, 3, 8)),
    "features": lambda m: transformer(m.nn)(m.zeros(5, 2, 6), m.zeros(4, 2, 6)),
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED)
def test_refusals(call):
    assert outcome(call, minigrad) == outcome(call, torch)


@same
def test_static_keys_and_values(torch):
    torch.manual_seed(0)
    x, w, b = torch.randn(4, 2, 8), torch.randn(24, 8), torch.randn(24)
    out_w, static = torch.randn(8, 8), torch.randn(4, 3, 4)
    options = {"static_k": static, "static_v": static * 2, "training": False}
    call = torch.nn.functional.multi_head_attention_forward
    return call(x, x, x, 8, 2, w, b, None, None, False, 0.5, out_w, None, **options)


@same
def test_the_causal_mask(torch):
    make = torch.nn.Transformer.generate_square_subsequent_mask
    return [make(3), make(2, dtype=torch.float64), make(0)]
