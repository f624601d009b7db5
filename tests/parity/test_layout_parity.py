"""Order in memory: what is contiguous in PyTorch is so here, so that ``view`` works on it, and views stay views."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

import minigrad  # noqa: E402
import minigrad.nn.functional  # noqa: E402
from tests.parity.both import assert_alike, attempt  # noqa: E402

LAYOUTS = {
    "repeated": lambda x: x[:, :1, :3].expand(4, 3, 3),
    "repeated in front": lambda x: x[0, :3, :3].expand(4, 3, 3),
    "turned": lambda x: x[:3, :3, :4].permute(2, 0, 1),
    "exchanged": lambda x: x[:3, :4, :3].transpose(0, 1),
    "every second": lambda x: x[:, :3, ::2][..., :3],
    "columns first": lambda x: x[:, :3, :3].mT,
}

EXPRESSIONS = """
x.clone(); x.double(); x.half(); x.to(torch.int64); x * 2; x + x; x > 0; -x; x.exp(); x.clamp(0); x.abs()
x.softmax(-1); x.softmax(0); x.log_softmax(1); x.cumsum(0); x.cumprod(1); x.logcumsumexp(0); x.cummax(0)[0]; x.flip(0)
x.long().cumsum(0); x.long().cumprod(1); x.sort(0)[0]; x.argsort(1); x.topk(1, 0)[0]; x.roll(1, 0); x.roll(1); x.rot90()
x.tril(); x.triu(); x.sum(0); x.mean(1); x.amax(0, True); x.std(0); x.index_select(1, i); x[i]; x[:, i]; x[..., i]
x[:, i, i]; x[i, :, i]; x[x > 0]; x.gather(0, x.long() * 0); x.masked_fill(x > 0, 1); x.repeat(1, 2, 1)
x.unsqueeze(0).repeat(1, 2, 1, 1); torch.stack([x, x]); torch.stack([x, x], 1); torch.stack([x, x], -1)
torch.cat([x, x]); torch.cat([x, x], 1); torch.cat([x, x], -1); torch.cat([x[None], x[None]]); torch.zeros_like(x)
torch.rand_like(x); torch.ones_like(x); x.diff(dim=0); torch.cross(x, x, dim=-1); x.lerp(x, 0.5); x @ x.mT
F.pad(x, (1, 1)); F.relu(x); F.gelu(x); F.layer_norm(x, (3,)); F.normalize(x, dim=0); F.dropout(x)
F.one_hot(x.long().abs()); F.linear(x, torch.ones(2, 3)); F.embedding(x.long() * 0, torch.ones(3, 4))
x.expand(2, -1, -1, -1).clone(); x.unfold(0, 2, 1).clone(); x.movedim(0, 1) * 1
"""


def split(text: str) -> list[str]:
    return [each.strip() for each in text.replace("\n", ";").split(";") if each.strip()]


@pytest.mark.parametrize("expression", split(EXPRESSIONS))
@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_contiguous_in_pytorch_is_contiguous(expression, layout):
    found = []
    for library in (minigrad, torch):
        x = LAYOUTS[layout](library.arange(192.0).reshape(4, 6, 8).sin())
        scope = {"x": x, "i": library.tensor([0, 1]), "torch": library, "F": library.nn.functional}
        result = eval(expression, scope)
        found.append((tuple(result.shape), str(result.dtype), result.is_contiguous()))
    ours, theirs = found
    assert ours[:2] == theirs[:2]
    assert ours[2] or not theirs[2]


WRITES = """
y = x.expand(3, 4); y[0] = 7; y = x[:1, :1].expand(1, 1); y.fill_(7); y = x[0, 0].expand(()); y.mul_(2)
y = x.unfold(1, 2, 2); y[0, 0] = 7; y = x.unfold(0, 1, 1); y += 1; y = x.broadcast_to(3, 4); y.zero_()
y = x.expand(1, 3, 4); y[0, 1] = 7; y = x.t().expand(4, 3); y[0] = 7; y = torch.broadcast_tensors(x, x)[0]; y.zero_()
"""


@pytest.mark.parametrize("lines", list(zip(split(WRITES)[::2], split(WRITES)[1::2], strict=True)))
def test_views_that_repeat_nothing_are_written_through(lines):
    def run(library):
        scope = {"x": library.arange(12.0).reshape(3, 4), "torch": library}
        for line in lines:
            exec(line, scope)
        return scope["x"]

    assert_alike(attempt(lambda: run(minigrad)), attempt(lambda: run(torch)))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "float16", "bool"])
@pytest.mark.parametrize("source", ["x", "i", "x.t()", "x[:, :1]", "x[0, 0]", "x[:0]", "i.byte()", "x[:1]"])
def test_bytes_under_another_dtype(source, dtype):
    def run(library):
        scope = {"x": library.arange(12).reshape(3, 4) % 2, "i": library.arange(4)}
        scope["x"] = scope["x"].float() if dtype != "bool" else scope["x"].byte()
        view = eval(source, scope).view(getattr(library, dtype))
        return [str(view.dtype), list(view.shape), view.isnan().any() if dtype.startswith("float") else view]

    assert_alike(attempt(lambda: run(minigrad)), attempt(lambda: run(torch)))


def test_writes_go_through_a_view_of_the_bytes():
    x = minigrad.ones(2)
    x.view(minigrad.int32).zero_()
    assert x.tolist() == [0, 0]
    assert x._version == 1
