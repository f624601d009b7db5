"""What is timed on a GPU: kernels on arrays of 10^7 numbers or thereabouts, and calls on one element."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from gpu_timing import Bench, Case

import minigrad

ROWS, COLUMNS = 10_000, 1_000
_FLOAT = 4  # bytes


class _Arrays:
    """What kernels are given, and the same memory as PyTorch's tensors (None without PyTorch)."""

    def __init__(self, bench: Bench) -> None:
        xp = bench.xp
        self.rows, self.columns = (3, 8) if bench.tiny else (ROWS, COLUMNS)
        shape, count = (self.rows, self.columns), self.rows * self.columns
        numbers = xp.linspace(-4, 4, count, dtype="float32")
        self.x, self.grad = numbers.reshape(shape), numbers[::-1].reshape(shape).copy()
        self.out, self.mask = abs(self.x) / 4, self.x > 0
        self.labels = xp.arange(self.rows) % self.columns
        self.index = xp.arange(self.rows) * 7919 % self.rows
        self.bias, self.one = xp.zeros(self.columns, "float32"), xp.ones((), "float32")
        self.state = [xp.zeros(shape, "float32") for _ in range(3)]
        self.size = count * _FLOAT
        names = ("x", "grad", "out", "mask", "labels", "index", "bias")
        self.torch = {name: bench.shared(getattr(self, name)) for name in names}


def kernel_cases(bench: Bench) -> list[Case]:
    """Return all kernels to be timed; what PyTorch is given is looked at only where it is there."""
    a = _Arrays(bench)
    cases: list[Case] = []
    for family in (_elementwise, _rows, _sums, _updates, _products, _images, _layers):
        try:
            cases.extend(family(bench, a))
        except Exception as error:
            cases.append(Case(f"the rest of {family.__name__.strip('_')}", 0, False, _raiser(error)))
    return cases


def _raiser(error: Exception) -> Callable[[], Any]:
    """Return a function that raises an error."""

    def fail() -> Any:
        raise error

    return fail


def _if_torch(bench: Bench, function: Callable[[Any], Any]) -> Callable[[], Any] | None:
    """Return a call of a function of PyTorch's module, or None without PyTorch."""
    return (lambda: function(bench.torch)) if bench.torch else None


def _elementwise(bench: Bench, a: _Arrays) -> Iterator[Case]:
    k, xp, t, x, grad = bench.kernels, bench.xp, a.torch, a.x, a.grad

    def case(name: str, arrays: float, ours: Any, cupy: Any, torch: Any) -> Case:
        return Case(name, arrays * a.size, False, ours, cupy, _if_torch(bench, torch))

    yield case("relu", 2, lambda: k.relu(x), lambda: xp.maximum(x, 0), lambda m: m.relu(t["x"]))
    yield case("tanh", 2, lambda: k.tanh(x), lambda: xp.tanh(x), lambda m: m.tanh(t["x"]))
    yield case("sigmoid", 2, lambda: k.sigmoid(x), lambda: 1 / (1 + xp.exp(-x)), lambda m: m.sigmoid(t["x"]))
    yield case("gelu", 2, lambda: k.gelu(x), None, lambda m: m.nn.functional.gelu(t["x"]))
    yield case("silu", 2, lambda: k.silu(x), lambda: x / (1 + xp.exp(-x)), lambda m: m.nn.functional.silu(t["x"]))
    yield case(
        "relu_backward",
        3,
        lambda: k.relu_backward(grad, x),
        lambda: grad * (x > 0),
        lambda m: m.ops.aten.threshold_backward(t["grad"], t["x"], 0),
    )
    yield case(
        "gelu_backward",
        3,
        lambda: k.gelu_backward(grad, x),
        None,
        lambda m: m.ops.aten.gelu_backward(t["grad"], t["x"]),
    )
    yield case(
        "masked_scale (dropout, its mask given)",
        2.25,
        lambda: k.masked_scale(x, a.mask, 2.0),
        lambda: x * a.mask * 2,
        lambda m: m.ops.aten.native_dropout_backward(t["x"], t["mask"], 2.0),
    )
    yield case(
        "dropout (with its draws)", 2.25, lambda: k.dropout(x, 0.5, 0, 0), None, lambda m: m.dropout(t["x"], 0.5, True)
    )
    yield case(
        "uniform", 1, lambda: k.uniform(x.shape, "float32", 0, 0), None, lambda m: m.empty_like(t["x"]).uniform_()
    )


def _rows(bench: Bench, a: _Arrays) -> Iterator[Case]:
    k, xp, t, x, grad, labels = bench.kernels, bench.xp, a.torch, a.x, a.grad, a.labels

    def case(name: str, arrays: float, ours: Any, cupy: Any, torch: Any) -> Case:
        return Case(name, arrays * a.size, False, ours, cupy, _if_torch(bench, torch))

    def softmax() -> Any:
        exponentials = xp.exp(x - x.max(-1, keepdims=True))
        return exponentials / exponentials.sum(-1, keepdims=True)

    yield case("softmax", 2, lambda: k.softmax(x), softmax, lambda m: m.softmax(t["x"], -1))
    yield case("log_softmax", 2, lambda: k.log_softmax(x), None, lambda m: m.log_softmax(t["x"], -1))
    yield case(
        "softmax_backward",
        3,
        lambda: k.softmax_backward(grad, a.out),
        None,
        lambda m: m.ops.aten._softmax_backward_data(t["grad"], t["out"], -1, m.float32),
    )
    yield case("logsumexp", 1, lambda: k.logsumexp(x), None, lambda m: m.logsumexp(t["x"], -1))
    yield case(
        "cross_entropy",
        1,
        lambda: k.cross_entropy(x, labels),
        None,
        lambda m: m.nn.functional.cross_entropy(t["x"], t["labels"]),
    )
    saved = functools.cache(lambda: k.cross_entropy(x, labels)[1:])
    backward = lambda: k.cross_entropy_backward(a.one, x, *saved(), labels)  # noqa: E731
    yield Case("cross_entropy_backward", 2 * a.size, False, backward)
    width = a.columns
    normalise = lambda: k.layer_norm(x, None, None, width, True, 1e-5)  # noqa: E731
    yield case("layer_norm", 2, normalise, None, lambda m: m.nn.functional.layer_norm(t["x"], (width,)))
    moments = functools.cache(lambda: normalise()[1:])
    gradient = lambda: k.layer_norm_backward(grad, x, None, *moments(), width, True)  # noqa: E731
    yield Case("layer_norm_backward (x, weight and bias)", 5 * a.size, False, gradient)


def _sums(bench: Bench, a: _Arrays) -> Iterator[Case]:
    k, t, x, grad = bench.kernels, a.torch, a.x, a.grad

    def case(name: str, arrays: float, ours: Any, cupy: Any, torch: Any) -> Case:
        return Case(name, arrays * a.size, False, ours, cupy, _if_torch(bench, torch))

    yield case("sum", 1, lambda: k.sum(x), lambda: x.sum(), lambda m: t["x"].sum())
    yield case("sum over rows", 1, lambda: k.sum(x, 0), lambda: x.sum(0), lambda m: t["x"].sum(0))
    yield case("sum over columns", 1, lambda: k.sum(x, 1), lambda: x.sum(1), lambda m: t["x"].sum(1))
    yield case("mean", 1, lambda: k.mean(x), lambda: x.mean(), lambda m: t["x"].mean())
    yield case("column_sums (a bias's gradient)", 1, lambda: k.column_sums(x), None, lambda m: t["x"].sum(0))
    yield case(
        "mse_loss",
        2,
        lambda: k.mse_loss(x, grad),
        lambda: ((x - grad) ** 2).mean(),
        lambda m: m.nn.functional.mse_loss(t["x"], t["grad"]),
    )
    yield case(
        "bce_with_logits",
        2,
        lambda: k.bce_with_logits(x, a.out),
        None,
        lambda m: m.nn.functional.binary_cross_entropy_with_logits(t["x"], t["out"]),
    )


def _updates(bench: Bench, a: _Arrays) -> Iterator[Case]:
    k, xp, t, grad = bench.kernels, bench.xp, a.torch, a.grad
    p, m, v = a.state

    def case(name: str, arrays: float, ours: Any, cupy: Any, torch: Any) -> Case:
        return Case(name, arrays * a.size, False, ours, cupy, torch)

    def stepper(make: Callable[[Any, Any], Any]) -> Callable[[], Any] | None:
        if not bench.torch:
            return None
        parameter = bench.torch.nn.Parameter(t["x"].clone())
        parameter.grad = t["grad"]
        optimizer = make(bench.torch.optim, [parameter])
        return lambda: optimizer.step()

    fused = stepper(lambda optim, parameters: optim.SGD(parameters, 1e-9, momentum=0.9, fused=True))
    yield case("sgd, momentum", 5, lambda: k.sgd([p], [grad], [m], 1e-9, 0.9), None, fused)
    fused = stepper(lambda optim, parameters: optim.Adam(parameters, 1e-9, fused=True))
    yield case("adam", 7, lambda: k.adam([p], [grad], [m], [v], None, 9, 1e-9), None, fused)
    add_bias = _if_torch(bench, lambda m: t["out"].add_(t["bias"]))
    yield case("add_bias", 2, lambda: k.add_bias(a.out, a.bias), lambda: xp.add(a.out, a.bias, a.out), add_bias)
    add = _if_torch(bench, lambda m: t["out"].index_add_(0, t["index"], t["grad"]))
    yield case("index_add of rows", 3, lambda: k.index_add(p, a.index, grad), None, add)
    rows = a.rows
    embed = _if_torch(bench, lambda m: m.ops.aten.embedding_dense_backward(t["grad"], t["index"], rows, -1, False))
    yield case("embedding_backward", 2, lambda: k.embedding_backward(grad, a.index, rows), None, embed)
    flat, source = grad.reshape(-1), a.x.reshape(-1)
    places = xp.arange(flat.size) * 7919 % flat.size
    shared, taken = bench.shared(places), (t["x"].reshape(-1) if bench.torch else None)
    scatter = _if_torch(bench, lambda m: t["out"].reshape(-1).scatter_add_(0, shared, taken))
    yield case(
        "scatter_add of single numbers", 5, lambda: k.scatter_add(p.reshape(-1), 0, places, source), None, scatter
    )


def _products(bench: Bench, _: _Arrays) -> Iterator[Case]:
    k, xp = bench.kernels, bench.xp
    for size in (4,) if bench.tiny else (512, 4096):
        a, b = (xp.linspace(-1, 1, size * size, dtype="float32").reshape(size, size) for _ in range(2))
        left, right = bench.shared(a), bench.shared(b)
        torch = _if_torch(bench, lambda m, left=left, right=right: left @ right)
        name = f"{size} x {size} by {size} x {size}"
        product = lambda a=a, b=b: xp.matmul(a, b)  # noqa: E731
        yield Case(f"matmul, {name}, cuBLAS", 2 * size**3, True, product, product, torch)
        yield Case(f"matmul, {name}, our tiles", 2 * size**3, True, lambda a=a, b=b: k.matmul(a, b), product, torch)
    batch, heads, length, width = (1, 1, 4, 2) if bench.tiny else (8, 16, 1024, 64)
    q = xp.linspace(-1, 1, batch * heads * length * width, dtype="float32").reshape(batch, heads, length, width)
    t = bench.shared(q)
    attend = _if_torch(bench, lambda m: m.nn.functional.scaled_dot_product_attention(t, t, t))
    name, amount = f"attend, {batch} x {heads} x {length} x {width}", 4 * batch * heads * length**2 * width
    yield Case(name, amount, True, lambda: k.attend(q, q, q, None, None, 1.0, width**-0.5, False)[0], None, attend)


def _images(bench: Bench, _: _Arrays) -> Iterator[Case]:
    k, xp = bench.kernels, bench.xp
    images, channels, size = (1, 2, 4) if bench.tiny else (32, 64, 56)
    shape = (images, channels, size, size)
    x = xp.linspace(-1, 1, images * channels * size * size, dtype="float32").reshape(shape)
    rest = (1, 1), (1, 1), (1, 1)
    for groups in (1, channels):
        weight = xp.linspace(-1, 1, channels * channels // groups * 9, dtype="float32")
        weight = weight.reshape(channels, channels // groups, 3, 3)
        tx, tw = bench.shared(x), bench.shared(weight)
        amount = 2 * x.size * channels // groups * 9
        calls = {
            "": lambda w=weight, g=groups: k.convolve(x, w, None, *rest, g, (size, size)),
            ", gradient of images": lambda w=weight, g=groups: k.convolve_input(x, w, (size, size), *rest, g),
            ", gradient of filters": lambda w=weight, g=groups: k.convolve_weight(x, x, (3, 3), *rest, g),
        }
        name = f"convolve 3 x 3, {images} x {channels} x {size} x {size}{', depthwise' if groups > 1 else ''}"
        theirs = _their_convolutions(bench, tx, tw, groups)
        for which, ours in calls.items():
            yield Case(name + which, amount, True, ours, None, theirs[which])
    view = k.pool_windows((size, size), (2, 2), (2, 2), (0, 0), (1, 1), (size // 2, size // 2))
    tx = bench.shared(x)
    pool = _if_torch(bench, lambda m: m.nn.functional.max_pool2d(tx, 2, return_indices=True))
    yield Case("max_pool 2 x 2", x.nbytes * (1 + 5 / 16), False, lambda: k.max_pool(x, view), None, pool)
    mean = _if_torch(bench, lambda m: m.nn.functional.avg_pool2d(tx, 2))
    yield Case("mean_pool 2 x 2", x.nbytes * 1.25, False, lambda: k.mean_pool(x, view), None, mean)


def _their_convolutions(bench: Bench, x: Any, weight: Any, groups: int) -> dict[str, Callable[[], Any] | None]:
    """Return PyTorch's convolution and its gradients."""
    kinds = {"": None, ", gradient of images": [True, False, False], ", gradient of filters": [False, True, False]}

    def call(torch: Any, wanted: Any) -> Any:
        if wanted is None:
            return torch.nn.functional.conv2d(x, weight, padding=1, groups=groups)
        ones, zeros = [1, 1], [0, 0]
        rest = None, ones, ones, ones, False, zeros, groups, wanted
        return torch.ops.aten.convolution_backward(x, x, weight, *rest)

    return {name: _if_torch(bench, lambda m, wanted=wanted: call(m, wanted)) for name, wanted in kinds.items()}


def _layers(bench: Bench, a: _Arrays) -> Iterator[Case]:
    """Layers that are made of several kernels, on tensors."""
    f, x = minigrad.nn.functional, minigrad.tensor(a.x.get(), device="cuda")
    shape, t = (a.columns,), a.torch["x"]
    norm = _if_torch(bench, lambda m: m.nn.functional.layer_norm(t, shape))
    yield Case("layer_norm, of tensors", 2 * a.size, False, lambda: f.layer_norm(x, shape), None, norm)
    batch = _if_torch(bench, lambda m: m.nn.functional.batch_norm(t, None, None, training=True))
    yield Case(
        "batch_norm, of tensors", 2 * a.size, False, lambda: f.batch_norm(x, None, None, training=True), None, batch
    )
    add = _if_torch(bench, lambda m: t + t)
    yield Case("x + x, of tensors", 2 * a.size, False, lambda: x + x, lambda: a.x + a.x, add)


def launch_cases(
    bench: Bench,
) -> list[tuple[str, Callable[[], Any], Callable[[], Any] | None, Callable[[], Any] | None]]:
    """Return calls on one element: their name, minigrad's, CuPy's and PyTorch's."""
    k, xp = bench.kernels, bench.xp
    one = xp.ones(1, "float32")
    shared, tensor = bench.shared(one), minigrad.ones(1, device="cuda")
    leaf = minigrad.ones(1, device="cuda", requires_grad=True)
    theirs = bench.torch.ones(1, device="cuda", requires_grad=True) if bench.torch else None

    def chain(x: Any) -> Any:
        x.grad = None
        (x * 2).relu().sum().backward()

    return [
        ("relu of an array", lambda: k.relu(one), lambda: xp.maximum(one, 0), None),
        ("relu of a tensor", lambda: minigrad.relu(tensor), None, _if_torch(bench, lambda m: m.relu(shared))),
        ("x + x of tensors", lambda: tensor + tensor, lambda: one + one, _if_torch(bench, lambda m: shared + shared)),
        ("(x * 2).relu().sum().backward()", lambda: chain(leaf), None, _if_torch(bench, lambda m: chain(theirs))),
        ("sgd of 8 parameters", lambda: k.sgd([one] * 8, [one] * 8, None, 0.0), None, None),
    ]
