"""What PyTorch refuses and how: wrong shapes, dtypes, weights, labels and values, in the same words."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import minigrad  # noqa: E402
import minigrad.nn.functional  # noqa: E402
from tests.parity.both import assert_alike, attempt  # noqa: E402

SCORES = ("()", "(3,)", "(4, 3)", "(0, 3)", "(2, 3, 4)", "(2, 3, 2, 2)", "(2, 3, 2, 2, 2)")
LABELS = (
    *("()", "(1,)", "(3,)", "(4,)", "(0,)", "(2,)"),
    *("(4, 1)", "(4, 3)", "(2, 4)", "(2, 5)", "(2, 2, 2)", "(2, 2, 3)", "(2, 2, 2, 2)"),
)
KINDS = (
    ("int64", "none"),
    ("int64", "mean"),
    ("uint8", "sum"),
    ("int32", "mean"),
    ("float32", "mean"),
    ("bool", "sum"),
)

LOSSES = [
    f"F.{loss}(randn({scores}), zeros({labels}, dtype={dtype}), reduction='{reduction}')"
    for loss in ("nll_loss", "cross_entropy")
    for scores in SCORES
    for labels in LABELS
    if labels != "()" or scores not in ("()", "(0, 3)")
    for dtype, reduction in KINDS
    if dtype != "uint8" or len(scores) < 9  # where PyTorch takes int64 only
]

WEIGHTED = [
    f"F.{loss}(randn({input}), randn({target}), weight=rand({weight}), reduction='{reduction}')"
    for loss in ("mse_loss", "l1_loss", "huber_loss")
    for input, target in (("(4, 3)", "(4, 3)"), ("(4, 3)", "(3,)"), ("(3,)", "(4, 3)"), ("(4, 3)", "(4,)"))
    for weight in ("(4, 3)", "(3,)")
    for reduction in ("none", "mean", "sum")
]

WRITES = """
x[0] = None; x[...] = "a"; x[x > 1] = None; x[[0, 1]] = "a"; x[0] = object; x[0] = {}; n[0] = None; n[...] = "a"
n[0] = rand(3, requires_grad=True); n[...] = rand(2, 3, requires_grad=True)
n.copy_(rand(2, 3, requires_grad=True)); u[0] = 300; n[0] = math.nan
"""

CALLS = """
F.hardtanh(x > 0); F.relu6(x > 0); F.hardtanh(u); F.hardtanh(u, 0, 1); F.threshold(x > 0, 0, 0); F.threshold(n, 2, 0)
F.pad(zeros(0, 3), (1, 1), "reflect"); F.pad(zeros(3, 0), (1, 1), "replicate")
F.pad(zeros(0, 2, 3), (1, 1), "reflect")
F.pad(zeros(2, 0, 3), (1, 1), "replicate"); F.pad(zeros(1, 2, 0, 3), (1, 1, 1, 1), "reflect")
torch.linalg.lstsq(zeros(0, 3), zeros(0, 2)); torch.linalg.lstsq(zeros(0, 3), zeros(0))
torch.linalg.lstsq(x, zeros(2, 0)); torch.linalg.norm(n); torch.linalg.vector_norm(x > 0); n.renorm(2, 0, 1)
torch.cdist(n, n); torch.cdist(x, n); F.hardsigmoid(n); F.hardswish(n); F.softshrink(n)
torch.linalg.lstsq(zeros(2, 0, 3), zeros(2, 0, 1)); torch.linalg.lstsq(zeros(0, 3, 2), zeros(0, 3, 1), driver="gelsd")
F.dropout(n); F.kl_div(x, n); F.hardtanh(n); F.relu6(n); F.hardtanh(u, 0, 3); F.threshold(x * math.nan, 0.5, 2.0)
x.max(axis=0); x.min(axis=1, keepdims=True); x.median(axis=0); x.sort(axis=0); x.nanmean(axis=0)
x.T; y.T; y.T @ x
F.layer_norm(y, (3,)); F.layer_norm(y, (3,), rand(3), rand(3)); x.size("a"); x.size(1.0); x.size(True)
reversed(x); list(reversed(x[0]))
float(x); int(x[0]); float(x[:0]); complex(x); x.is_nonzero(); x.get_device(); x.is_same_size(n)
y.flatten(); y[0].flatten(); type(x).__repr__(x); repr(type(x)); str(type(x)); repr(type(x[0]))
x.squeeze(0, 1); x[:1].squeeze(0, 1); x.sum().transpose(0, 1); torch.hstack([]); torch.vstack([]); torch.dstack([])
torch.column_stack([]); x.index_fill(1, torch.tensor([-1]), 2); y.index_fill(1, torch.tensor([-1, 0]), 2.0)
x.index_fill(0, torch.tensor([0.0]), 1.0)
x.index_fill(0, torch.tensor([0]), x); x.index_put((torch.tensor([0]),), n[:1]); x.index_put((x > 1,), x)
x.index_put((torch.tensor([0, 1]),), rand(4)); n.index_put((n > 2,), torch.tensor(2.7))
x.index_add(0, torch.tensor([0]), n[:1]); F.cross_entropy(x, n); F.cross_entropy(x, n.int())
"""

# T, D, H, I, B, U make ones of float32, float64, float16, int64, bool, uint8.
PRODUCTS = """
torch.mm(T(2), T(2, 2)); torch.mm(T(2, 2), T(2)); torch.mm(T(2, 3), T(2, 3)); torch.mm(B(2, 2), B(2, 2))
torch.mm(B(2, 2), T(2, 2))
torch.mm(D(2, 3), T(2, 2)); torch.bmm(T(2, 2), T(2, 2, 2)); torch.bmm(T(2, 2, 2), T(2, 2))
torch.bmm(T(2, 2, 2), T(3, 2, 2))
torch.bmm(B(2, 2, 2), T(2, 2, 2)); torch.bmm(I(2, 2, 2), T(2, 2, 2)); torch.mv(T(()), T(())); torch.mv(T(2), T(2))
torch.mv(T(2, 3), T(2)); torch.mv(I(2, 3), T(3)); torch.mv(B(2, 3), B(3)); torch.dot(T(2), T(3))
torch.dot(I(2), T(2))
torch.dot(B(2), B(2)); torch.vdot(T(2), I(3)); torch.inner(T(2), I(2)); torch.inner(B(2), B(2))
torch.inner(T(2), T(3))
torch.outer(T(2, 2), T(2)); torch.outer(T(2), T(2, 2)); torch.tensordot(T(2, 2), I(2, 2), 1)
torch.tensordot(T(2, 3), T(2, 3), 1)
torch.matmul(T(()), T(2)); torch.matmul(T(2), T(3)); torch.matmul(B(2), B(2)); torch.matmul(T(2), I(2))
torch.matmul(T(2, 3), T(2))
torch.matmul(T(2), T(3, 2)); torch.matmul(T(2, 3), I(3)); torch.matmul(T(3), I(3, 2))
torch.matmul(T(2, 2, 2), I(2, 2, 2))
torch.matmul(T(2, 2, 2), I(2, 2)); torch.matmul(T(2, 2), I(2, 2, 2)); torch.matmul(T(2, 2, 3), T(2, 2, 2))
torch.matmul(T(3, 2, 2), T(2, 2, 2))
torch.matmul(T(2, 3, 2, 2), T(2, 2, 2)); torch.matmul(B(2, 2, 2), T(2, 2, 2)); torch.matmul(T(2, 2, 2), T(3))
torch.matmul(B(2, 2), B(2))
torch.addmm(I(2, 2), T(2, 2), T(2, 2)); torch.addmm(T(2, 2), I(2, 2), T(2, 2))
torch.addmm(T(1, 2, 2), T(2, 2), T(2, 2))
torch.addmm(T(2, 2), T(2), T(2, 2)); torch.addmm(T(3, 3), T(2, 2), T(2, 2)); torch.addmm(T(2, 2), B(2, 2), B(2, 2))
torch.addmv(I(2), T(2, 2), T(2)); torch.addmv(T(1, 2), T(2, 2), T(2)); torch.addmv(T(3), T(2, 2), T(2))
torch.addmv(T(1), T(2, 2), T(2))
torch.addmv(B(2), B(2, 2), B(2)); torch.addr(T(1, 2, 2), T(2), T(2)); torch.addr(T(3, 3), T(2), T(2))
torch.addr(T(2, 2), T(2, 2), T(2))
torch.addr(I(2, 2), I(2), I(2), alpha=0.5); torch.addr(I(2, 2), T(2), I(2), alpha=0.5)
torch.addr(T(2, 2), T(2), T(2), alpha=True)
torch.addr(D(2, 2), T(2), T(2)); torch.addr(T(2, 2), D(2), T(2)); I(2, 2).addr_(T(2), T(2))
torch.addr(B(2, 2), B(2), B(2), alpha=2)
torch.baddbmm(I(2, 2, 2), T(2, 2, 2), T(2, 2, 2)); torch.baddbmm(T(2, 2, 2), T(2, 2, 2), I(2, 2, 2))
torch.baddbmm(T(3, 2, 2), T(2, 2, 2), T(2, 2, 2))
torch.baddbmm(T(2, 2, 2), T(2, 2), T(2, 2, 2)); torch.baddbmm(T(2, 2, 2), T(2, 2, 2), T(2, 2))
torch.baddbmm(T(2, 2, 2), T(()), T(2, 2, 2))
torch.baddbmm(B(2, 2, 2), B(2, 2, 2), B(2, 2, 2)); torch.addbmm(I(2, 2), T(2, 2, 2), T(2, 2, 2))
torch.addbmm(T(3, 2), T(2, 2, 2), T(2, 2, 2))
torch.addbmm(T(2, 2), T(2, 2), T(2, 2, 2)); torch.addbmm(T(2, 2), T(2, 2, 3), T(2, 2, 2))
torch.addbmm(T(2, 2), T(2, 2, 2), T(3, 2, 2))
torch.chain_matmul(); torch.chain_matmul(T(2), T(2, 2)); F.linear(T(2, 3), I(2, 3)); F.linear(B(2, 3), T(2, 3))
F.linear(T(2, 3), T(2, 3), I(2))
F.linear(B(2, 3), B(2, 3)); F.linear(I(3), T(3)); F.linear(I(2, 2, 3), T(2, 3), T(2)); F.linear(T(()), T(2, 3))
F.linear(T(2, 3), T(2, 2, 3))
F.linear(T(2, 3), T(2, 3), T(3)); F.linear(T(3), T(2, 4)); F.linear(T(2, 2, 3), T(2, 4), T(2))
F.linear(T(2, 3), T(4)); F.linear(T(2, 3), T(3), T(2))
F.scaled_dot_product_attention(I(1, 2, 2), I(1, 2, 2), I(1, 2, 2))
F.scaled_dot_product_attention(B(1, 2, 2), B(1, 2, 2), B(1, 2, 2))
I(2).bitwise_and_(T(2)); I(2).bitwise_left_shift_(D(2)); I(2).gcd_(T(2))
"""

NORMS = """
F.layer_norm(I(2, 3), (3,)); F.layer_norm(I(2, 3), (3,), T(3)); F.layer_norm(T(2, 3), (3,), I(3))
F.layer_norm(T(2, 3), (3,), T(3), D(3))
F.layer_norm(T(2, 3), (3,), None, D(3)); F.layer_norm(D(2, 3), (3,), T(3)); F.layer_norm(H(2, 3), (3,), D(3))
F.layer_norm(H(2, 3), (3,), T(3), H(3))
F.layer_norm(H(2, 3), (3,), H(3), T(3)); F.layer_norm(D(2, 3), (3,), H(3)); F.layer_norm(I(2, 3), (3,), None, T(3))
F.group_norm(I(2, 4), 2); F.group_norm(I(2, 4), 2, T(4)); F.group_norm(T(2, 4), 2, D(4))
F.group_norm(T(2, 4), 2, T(4), D(4))
F.group_norm(T(2, 4), 0); F.group_norm(T(2, 4), -2); F.group_norm(D(2, 4), 2, T(4), T(4)); F.group_norm(T(()), 1)
F.rms_norm(I(2, 3), (3,)); F.rms_norm(T(()), (1,)); F.rms_norm(T(3), (2, 3)); F.rms_norm(T(2, 3), (2,))
F.rms_norm(T(2, 3), (3,), D(3))
F.batch_norm(I(2, 3), None, None, training=True); F.batch_norm(T(2, 3), T(3), T(3), I(3))
F.batch_norm(T(2, 3), D(3), D(3))
F.batch_norm(I(2, 3), T(3), T(3)); F.batch_norm(T(2, 3), T(3), D(3)); F.batch_norm(T(()), None, None, training=True)
F.batch_norm(T(3), None, None, training=True); F.batch_norm(H(2, 3), H(3), H(3), training=True)
F.instance_norm(I(2, 3, 4)); F.instance_norm(I(2, 3, 4), I(3), I(3)); F.instance_norm(T(2, 3, 4), T(2), T(3))
F.instance_norm(B(2, 3, 4))
F.instance_norm(T(2, 3, 4), weight=T(1, 3)); F.instance_norm(T(2, 3, 4), I(3), I(3))
F.instance_norm(T(2, 3, 4), weight=D(3))
"""

FUNCTIONS = """
torch.float_power(T(2), 3); torch.float_power(2, I(3)); torch.pow(2, I(3))
F.avg_pool1d(U(1, 1, 4), 2); F.avg_pool2d(I(1, 1, 4, 4).int(), 2); F.avg_pool3d(H(1, 1, 2, 2, 2), 2)
F.avg_pool2d(I(1, 1, 4, 4), 2)
F.conv_transpose1d(U(1, 1, 2), U(1, 1, 2)); F.conv_transpose2d(U(1, 1, 2, 2), T(1, 1, 2, 2))
F.conv_transpose3d(U(1, 1, 2, 2, 2), U(1, 1, 1, 1, 1))
F.conv1d(U(1, 1, 4), U(1, 1, 2), dilation=2); F.conv2d(U(1, 1, 4, 4), U(1, 1, 2, 2), dilation=2)
F.conv1d(U(1, 1, 4), U(1, 1, 2))
F.embedding_bag(I(2, 2), B(3, 2)); F.embedding_bag(I(2, 2), I(3, 2)); F.embedding_bag(T(2, 2), T(3, 2))
F.embedding_bag(I(3), T(3, 2)); F.embedding_bag(I(2, 2), T(3, 2), I(1)); F.embedding_bag(I(2, 2, 2), T(3, 2))
F.embedding_bag(I(2, 2)*5, T(3, 2)); F.embedding_bag(I(3), T(3, 2), I(1)*0, mode="max", per_sample_weights=T(3))
F.embedding_bag(I(3), T(3, 2), I(1)*0, mode="sum", per_sample_weights=T(2)); F.embedding_bag(I(3), T(3, 2), I(1))
F.embedding_bag(I(3), T(3, 2), I(1)*0, mode="foo"); F.embedding(T(2), T(3, 2)); F.embedding(B(2), T(3, 2))
F.embedding(I(2)*5, T(3, 2)); F.embedding(I(2), T(3)); F.embedding(I(2), I(3, 2)); F.embedding(I(2), B(3, 2))
F.embedding(U(2), T(3, 2)); F.embedding(I(2), T(3, 2), padding_idx=5); F.glu(T(())); F.glu(T(3)); F.glu(I(4))
F.glu(B(4)); F.glu(T(4), dim=1); F.glu(I(3)); F.glu(I(())); F.glu(T(2, 4), dim=5); F.interpolate(T(()))
F.interpolate(T(2)); F.interpolate(T(()), scale_factor=2); F.interpolate(T(2), size=2); F.interpolate(T(2, 2), size=2)
F.interpolate(I(1, 1, 4), size=2); F.interpolate(I(1, 1, 4), size=2, mode="linear")
F.interpolate(T(1, 1, 4), size=2, mode="bilinear"); F.interpolate(T(1, 1, 4), size=(2, 2)); F.interpolate(T(1, 1, 4))
F.interpolate(T(1, 1, 4), size=2, scale_factor=2); F.interpolate(T(1, 1, 4), size=2, mode="foo")
F.interpolate(T(1, 1, 4), scale_factor=(2, 2)); F.interpolate(B(1, 1, 4), size=2); F.interpolate(T(1, 1, 4), size=0)
F.interpolate(T(1, 1, 4), size=-1); F.interpolate(T(1, 1, 4, 4), size=2, mode="nearest", align_corners=True)
F.interpolate(T(1, 1, 4), size=2, mode="linear", antialias=True); F.interpolate(T(1, 0, 4), size=2)
F.interpolate(T(0, 1, 4), size=2); F.interpolate(T(1, 1, 0), size=2); F.grid_sample(T(()), T(()))
F.grid_sample(T(1, 1, 2, 2), T(())); F.grid_sample(T(1, 1, 2), T(1, 1, 2))
F.grid_sample(I(1, 1, 2, 2), I(1, 2, 2, 2)); F.grid_sample(T(1, 1, 2, 2), D(1, 2, 2, 2))
F.grid_sample(T(1, 1, 2, 2), T(2, 2, 2, 2)); F.grid_sample(T(1, 1, 2, 2), T(1, 2, 2, 3))
F.grid_sample(T(1, 1, 0, 2), T(1, 2, 2, 2)); F.grid_sample(T(1, 1, 2, 2), T(1, 2, 2, 2), mode="foo")
F.grid_sample(T(1, 1, 2, 2, 2), T(1, 2, 2, 2, 3), mode="bicubic"); F.grid_sample(T(()), T(1, 2, 2, 2))
F.grid_sample(T(2), T(2)); torch.multinomial(T(()), 1); torch.multinomial(T(2), 0); torch.multinomial(T(2), 3)
torch.multinomial(I(2), 1); torch.multinomial(B(2), 1); torch.multinomial(T(2, 2, 2), 1); torch.multinomial(-T(2), 1)
torch.multinomial(T(2)*0, 1); torch.multinomial(-T(2), 1, True); torch.multinomial(-T(2), 2, True)
torch.multinomial(T(0), 1); torch.multinomial(H(2), 1); torch.multinomial(T(2, 0), 1)
F.pad(T(3), (1, 1), "reflect"); F.pad(T(3), (1, 1), "replicate"); F.pad(T(3), (1, 1), "circular")
F.pad(T(3, 3), (5, 1), "reflect"); F.pad(T(3, 3), (1, ), "constant"); F.pad(T(3), (1, 1, 1, 1))
F.pad(T(3, 3), (1, 1), "foo"); F.pad(T(()), (1, 1)); F.pad(T(()), (1, 1), "reflect")
F.pad(T(2, 3, 3), (1, 1, 1, 1, 1, 1), "reflect"); F.pad(T(3, 3), (1, 1, 1, 1), "reflect")
F.pad(T(3, 3), (4, 4), "circular"); F.pad(T(3, 3), (1, 1), "reflect", 1.0); F.pad(I(3, 3), (1, 1), value=1.5)
F.pad(B(3, 3), (1, 1), "reflect"); torch.median(B(3)); torch.median(B(3), 0); torch.median(T(())); torch.median(T(0))
torch.median(T(0), 0); torch.median(T(0, 3), 1); torch.median(H(3)); torch.nanmedian(B(3)); torch.median(T(2), 1)
torch.median(T(2, 3), 5); torch.histc(B(3)); torch.histc(I(3)); torch.histc(T(())); torch.histc(T(0))
torch.histc(T(3), 0); torch.histc(T(3), 10, 2, 1); torch.histc(H(3)); torch.histc(U(3)); torch.flip(T(2, 3), [])
T(1, 2).squeeze([]); torch.cartesian_prod(T(())); torch.cartesian_prod(T(2), I(2))
torch.cartesian_prod(T(2), T(1, 1)); torch.cdist(H(2, 2), H(2, 2)); torch.cdist(D(2, 2), T(2, 2))
torch.tensor_split(T(5), I(1).int()); torch.tensor_split(T(()), 2); torch.tensor_split(T(5), D(1))
torch.unravel_index(I(2).int(), (4, 5)); I(()).index_add(0, I(1), I(1)); T(()).index_add(0, I(0), T(()))
T(()).index_add(0, I(1), T(0)); T(()).index_copy(0, I(0), T(())); T(()).index_reduce(0, I(1) - 1, T(()), "mean")
T(()).index_reduce(0, I(1) - 1, T(1), "prod"); torch.unique(T(()), dim=0); torch.unique_consecutive(T(()), dim=0)
torch.dist(B(2), T(2)); T(()).unfold(1, 1, 1); T(()).unfold(0, 2, 1); T(()).unfold(0, -1, 1)
torch.movedim(T(()), [0, 1], [1, 0]); torch.movedim(T(()), 0, 0); torch.take_along_dim(T(2, 2), B(2, 2), 0)
torch.take_along_dim(T(2, 2), I(2, 2).int(), 0); torch.gradient(I(5).byte()); T(()).adjoint(); torch.pdist(H(3, 2))
F.bilinear(T(2, 2), T(2, 2), I(2, 2, 2)); F.bilinear(T(2, 2), T(2, 2), T(2, 2, 2), D(2))
F.bilinear(B(2, 2), B(2, 2), B(2, 2, 2)); F.cosine_similarity(T(2, 2), I(2, 2))
F.cosine_similarity(T(2), T(2), 0, -1.0); F.soft_margin_loss(T(2), T(2, 2)); torch.linalg.vander(I(()))
torch.linalg.vander(T(1))
"""

MATRICES = """
torch.linalg.lstsq(T(()), T(())); torch.linalg.lstsq(I(2, 2), I(2, 2)); torch.linalg.lstsq(T(2, 2), T(()))
torch.linalg.lstsq(T(2), T(2)); torch.linalg.lstsq(T(2, 2), I(2, 2)); torch.linalg.lstsq(T(2, 2), D(2, 2))
torch.linalg.lstsq(T(2, 2), T(3, 2)); torch.linalg.lstsq(H(2, 2), H(2, 2)); torch.linalg.lstsq(B(2, 2), B(2, 2))
torch.linalg.lstsq(T(2, 2, 2), T(3, 2, 2)); torch.linalg.lstsq(T(2, 2), T(2, 2), driver="foo")
torch.linalg.det(H(2, 2)); torch.linalg.inv(H(2, 2)); torch.linalg.solve(H(2, 2), H(2, 2))
torch.linalg.cholesky(H(2, 2)); torch.linalg.cholesky(I(2, 2)); torch.linalg.qr(H(2, 2)); torch.linalg.svd(H(2, 2))
torch.linalg.svdvals(H(2, 2)); torch.linalg.eigh(H(2, 2)); torch.linalg.eigvalsh(H(2, 2))
torch.linalg.slogdet(H(2, 2)); torch.linalg.matrix_power(H(2, 2), 2); torch.linalg.matrix_power(H(2, 2), -1)
torch.linalg.pinv(H(2, 2)); torch.linalg.matrix_rank(H(2, 2)); torch.linalg.cond(H(2, 2)); torch.linalg.det(I(2, 2))
torch.linalg.inv(I(2, 2)); torch.linalg.solve(I(2, 2), I(2, 2)); torch.linalg.qr(I(2, 2)); torch.linalg.svd(I(2, 2))
torch.linalg.eigh(I(2, 2)); torch.linalg.slogdet(I(2, 2)); torch.linalg.pinv(I(2, 2))
torch.linalg.matrix_rank(I(2, 2)); torch.linalg.cond(I(2, 2)); torch.linalg.det(T(())); torch.linalg.inv(T(()))
torch.linalg.solve(T(()), T(())); torch.linalg.qr(T(())); torch.linalg.svd(T(())); torch.linalg.eigh(T(()))
torch.linalg.slogdet(T(2)); torch.linalg.pinv(T(())); torch.linalg.matrix_rank(T(())); torch.linalg.cond(T(()))
torch.linalg.cond(T(0, 5)); torch.linalg.solve(T(2, 2), T(())); torch.linalg.solve(T(2, 2), T(3))
torch.linalg.solve(T(2, 2), D(2)); torch.linalg.solve(T(2, 3), T(2)); torch.cholesky_solve(T(()), T(()))
torch.cholesky_solve(T(2, 2), D(2, 2)); torch.cholesky_solve(T(2), T(2, 2)); torch.cholesky_solve(T(2, 2), T(2))
torch.cholesky_solve(H(2, 2), H(2, 2)); torch.cholesky_solve(T(2, 2), I(2, 2)); torch.cholesky_inverse(T(()))
torch.cholesky_inverse(T(2)); torch.cholesky_inverse(H(2, 2)); torch.cholesky_inverse(I(2, 2))
torch.cholesky_inverse(T(2, 3)); torch.cholesky(T(0)); torch.cholesky(H(2, 2)); torch.linalg.cross(T(3), D(3))
torch.cross(I(3), T(3)); torch.linalg.cross(T(2), T(2)); torch.linalg.cross(T(3), T(2, 3))
torch.linalg.vector_norm(T(()), 100); torch.linalg.norm(T(5), dim=[]); torch.linalg.norm(T(2, 2, 2), "fro")
torch.linalg.norm(T(2), "fro"); torch.linalg.matrix_norm(T(2)); torch.linalg.matrix_norm(I(2, 2))
torch.linalg.matrix_norm(T(2, 2), 5); torch.linalg.matrix_norm(T(2, 2), dim=(0, 0))
torch.linalg.householder_product(H(2, 2), H(2)); torch.linalg.multi_dot([T(2, 2), I(2, 2)])
torch.linalg.multi_dot([T(2, 2)]); torch.linalg.tensorinv(T(2, 3)); torch.linalg.tensorsolve(T(2, 3), T(2))
torch.linalg.solve_triangular(H(2, 2), H(2, 2), upper=True)
torch.linalg.solve_triangular(T(2, 2), T(3, 2), upper=True); torch.linalg.vander(T(()))
torch.linalg.vander(T(()), N=2); torch.linalg.vander(T(0)); torch.linalg.vander(H(3)); torch.linalg.vander(I(3))
torch.linalg.vander(T(3), N=1)
"""


def split(text: str) -> list[str]:
    return [each.strip() for line in text.splitlines() for each in line.split(";") if each.strip()]


def run(library, code):
    """Return what a line gives in a library: of an assignment, the tensor it went to."""
    library.manual_seed(3)
    scope = {name: getattr(library, name) for name in ("zeros", "rand", "randn", "int64", "int32", "uint8", "float32")}
    scope |= {"torch": library, "bool": library.bool, "F": library.nn.functional, "math": __import__("math")}
    scope["x"] = library.tensor([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]])
    scope["y"] = scope["x"].clone().requires_grad_()
    scope["n"] = library.tensor([[1, 2, 3], [4, 5, 6]])
    for letter, dtype in zip("TDHIBU", ("float32", "float64", "float16", "int64", "bool", "uint8"), strict=True):
        scope[letter] = functools.partial(library.ones, dtype=getattr(library, dtype))
    scope["u"] = library.tensor([[1, 2, 3], [4, 5, 6]], dtype=library.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if " = " not in code.replace("=True", ""):
            return eval(code, scope)
        exec(code, scope)
        return scope[code[0]]


@pytest.mark.parametrize(
    "code",
    [
        *LOSSES,
        *WEIGHTED,
        *split(WRITES),
        *split(CALLS),
        *split(PRODUCTS),
        *split(NORMS),
        *split(FUNCTIONS),
        *split(MATRICES),
    ],
)
def test_results_and_refusals_are_pytorchs(code):
    assert_alike(attempt(lambda: run(minigrad, code)), attempt(lambda: run(torch, code)))


def test_gradient_of_a_weight_whose_target_is_larger():
    given = [np.random.default_rng(k).random(shape) for k, shape in enumerate(((3,), (4, 3), (3,)))]
    found = []
    for library in (minigrad, torch):
        x, target, weight = (library.tensor(each, requires_grad=True) for each in given)
        with pytest.warns(UserWarning, match="target size"):
            library.nn.functional.mse_loss(x, target, weight=weight).backward()
        found.append([each.grad.numpy() for each in (x, target, weight)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)
