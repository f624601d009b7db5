"""What `kernels.py` times: operations with gradients at three sizes, written once for both libraries.

A case is made with a library, minigrad or PyTorch, and gives a function that computes the result, and the tensors that
want gradients.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

SIZES = ("small", "medium", "large")


class Case(NamedTuple):
    """One operation at one size.

    Attributes
    ----------
    family, name, size : str
    make : callable
        From a library to ``(run, inputs)``; ``run()`` returns a tensor, or None for what has no gradient.
    """

    family: str
    name: str
    size: str
    make: Callable[[Any], tuple[Callable[[], Any], list[Any]]]


def _case(family: str, name: str, shapes: Any, function: Callable[..., Any], **options: Any) -> Iterator[Case]:
    """Yield a case a size; `shapes` lists the inputs' shapes for each, ``function(torch, *inputs)`` computes."""
    for size, each in zip(SIZES, shapes, strict=False):
        yield Case(family, name, size, _maker(each, function, **options))


def _maker(shapes: Any, function: Callable[..., Any], dtype: str = "float32", prepare: Any = None) -> Any:
    def make(torch: Any) -> tuple[Callable[[], Any], list[Any]]:
        torch.manual_seed(0)
        inputs = [torch.randn(*shape, dtype=getattr(torch, dtype), requires_grad=True) for shape in shapes]
        fixed = prepare(torch, *inputs) if prepare else ()
        return lambda: function(torch, *inputs, *fixed), inputs

    return make


def convolutions() -> Iterator[Case]:
    """Yield convolutions: images, channels, filters, size, kernel, stride, groups; padded by half the kernel."""
    kinds = {
        "3x3": [(8, 3, 8, 8, 3, 1, 1), (64, 8, 16, 14, 3, 1, 1), (16, 64, 64, 32, 3, 1, 1)],
        "3x3, first layer": [(16, 1, 8, 28, 3, 1, 1), (64, 1, 8, 28, 3, 1, 1), (32, 3, 64, 32, 3, 1, 1)],
        "3x3, many channels": [(4, 32, 64, 8, 3, 1, 1), (32, 64, 128, 8, 3, 1, 1), (16, 128, 256, 8, 3, 1, 1)],
        "3x3, stride 2": [(4, 8, 16, 14, 3, 2, 1), (32, 16, 32, 28, 3, 2, 1), (16, 64, 128, 28, 3, 2, 1)],
        "5x5": [(4, 1, 6, 28, 5, 1, 1), (32, 6, 16, 14, 5, 1, 1), (16, 32, 64, 28, 5, 1, 1)],
        "1x1": [(4, 16, 16, 8, 1, 1, 1), (16, 64, 64, 14, 1, 1, 1), (16, 64, 128, 28, 1, 1, 1)],
        "3x3, depthwise": [(4, 8, 8, 14, 3, 1, 8), (16, 32, 32, 28, 3, 1, 32), (16, 64, 64, 56, 3, 1, 64)],
    }
    for name, cases in kinds.items():
        for size, (images, channels, filters, side, kernel, stride, groups) in zip(SIZES, cases, strict=True):
            shapes = [(images, channels, side, side), (filters, channels // groups, kernel, kernel), (filters,)]

            def run(torch: Any, x: Any, w: Any, b: Any, s: int = stride, p: int = kernel // 2, g: int = groups) -> Any:
                return torch.nn.functional.conv2d(x, w, b, s, p, 1, g)

            yield Case("convolution", f"conv2d {name}", size, _maker(shapes, run))
    shapes = [[(4, 16, 7, 7), (16, 8, 2, 2)], [(16, 32, 14, 14), (32, 16, 2, 2)], [(16, 64, 28, 28), (64, 32, 2, 2)]]
    yield from _case(
        "convolution", "conv_transpose2d 2x2, stride 2", shapes,
        lambda torch, x, w: torch.nn.functional.conv_transpose2d(x, w, stride=2),
    )  # fmt: skip
    shapes = [[(8, 8, 32), (16, 8, 3)], [(32, 32, 128), (64, 32, 3)], [(32, 64, 1024), (128, 64, 3)]]
    yield from _case("convolution", "conv1d 3", shapes, lambda torch, x, w: torch.nn.functional.conv1d(x, w, padding=1))


def poolings() -> Iterator[Case]:
    """Yield pooling and resizing."""
    images: Any = [[(4, 3, 8, 8)], [(64, 8, 28, 28)], [(16, 64, 56, 56)]]
    kinds: dict[str, Callable[[Any], Any]] = {
        "max_pool2d 2x2": lambda f: lambda x: f.max_pool2d(x, 2),
        "max_pool2d 3x3, stride 2": lambda f: lambda x: f.max_pool2d(x, 3, 2, 1),
        "avg_pool2d 2x2": lambda f: lambda x: f.avg_pool2d(x, 2),
        "adaptive_avg_pool2d to 1x1": lambda f: lambda x: f.adaptive_avg_pool2d(x, 1),
        "adaptive_max_pool2d to 4x4": lambda f: lambda x: f.adaptive_max_pool2d(x, 4),
        "interpolate nearest, 2x": lambda f: lambda x: f.interpolate(x, scale_factor=2),
        "interpolate bilinear, 2x": lambda f: lambda x: f.interpolate(x, scale_factor=2, mode="bilinear"),
        "interpolate bicubic, 2x": lambda f: lambda x: f.interpolate(x, scale_factor=2, mode="bicubic"),
    }
    for name, kind in kinds.items():
        yield from _case("pooling", name, images, lambda torch, x, kind=kind: kind(torch.nn.functional)(x))
    volumes: Any = [[(1, 2, 4, 6, 6)], [(4, 4, 8, 16, 16)], [(4, 8, 16, 40, 40)]]
    for name, shapes in (("bilinear", images), ("bicubic", images), ("bilinear, volumes", volumes)):
        grids = [[*each, (each[0][0], *each[0][2:], len(each[0]) - 2)] for each in shapes]

        def sample(torch: Any, x: Any, grid: Any, mode: str = name.partition(",")[0]) -> Any:
            return torch.nn.functional.grid_sample(x, grid, mode, "border", False)

        yield from _case("pooling", f"grid_sample {name}", grids, sample)


def softmaxes() -> Iterator[Case]:
    """Yield softmax and its logarithm, along the last dimension and others."""
    shapes: Any = [[(32, 10)], [(256, 512)], [(1024, 4096)]]
    planes: Any = [[(4, 10, 8, 8)], [(16, 21, 32, 32)], [(8, 21, 256, 256)]]
    for name in ("softmax", "log_softmax", "logsumexp"):
        yield from _case("softmax", f"{name}, dim -1", shapes, lambda torch, x, n=name: getattr(torch, n)(x, -1))
        yield from _case("softmax", f"{name}, dim 1 of 4", planes, lambda torch, x, n=name: getattr(torch, n)(x, 1))


def losses() -> Iterator[Case]:
    """Yield losses, of rows of scores and of images of scores."""
    scores: Any = [[(32, 10)], [(256, 512)], [(1024, 4096)]]
    planes: Any = [[(4, 10, 8, 8)], [(16, 21, 32, 32)], [(8, 21, 256, 256)]]
    pairs: Any = [[(32, 10)], [(256, 512)], [(1024, 4096)]]

    def labels(torch: Any, x: Any) -> tuple[Any, ...]:
        return torch.randint(0, x.shape[1], (x.shape[0], *x.shape[2:])), torch.rand(x.shape[1])

    def same(torch: Any, x: Any) -> tuple[Any, ...]:
        return torch.randn(*x.shape), torch.rand(*x.shape)

    classes: dict[str, Callable[..., Any]] = {
        "cross_entropy": lambda f, x, y, w: f.cross_entropy(x, y),
        "cross_entropy, weights": lambda f, x, y, w: f.cross_entropy(x, y, w),
        "cross_entropy, label smoothing": lambda f, x, y, w: f.cross_entropy(x, y, label_smoothing=0.1),
        "nll_loss": lambda f, x, y, w: f.nll_loss(x, y),
    }
    for name, loss in classes.items():
        run = lambda torch, x, y, w, loss=loss: loss(torch.nn.functional, x, y, w)  # noqa: E731
        yield from _case("losses", name, scores, run, prepare=labels)
        if name != "nll_loss":
            yield from _case("losses", f"{name}, images", planes, run, prepare=labels)
    two: dict[str, Callable[..., Any]] = {
        "mse_loss": lambda f, x, y, p: f.mse_loss(x, y),
        "l1_loss": lambda f, x, y, p: f.l1_loss(x, y),
        "smooth_l1_loss": lambda f, x, y, p: f.smooth_l1_loss(x, y),
        "binary_cross_entropy_with_logits": lambda f, x, y, p: f.binary_cross_entropy_with_logits(x, p),
        "binary_cross_entropy": lambda f, x, y, p: f.binary_cross_entropy(x.sigmoid(), p),
        "kl_div": lambda f, x, y, p: f.kl_div(x, p, reduction="batchmean"),
    }
    for name, loss in two.items():
        run = lambda torch, x, y, p, loss=loss: loss(torch.nn.functional, x, y, p)  # noqa: E731
        yield from _case("losses", name, pairs, run, prepare=same)


def indexings() -> Iterator[Case]:
    """Yield what gathers forward and scatters backward, and the reverse."""
    tables: Any = [[(100, 16)], [(5000, 64)], [(50000, 256)]]

    def indices(torch: Any, x: Any) -> tuple[Any, ...]:
        count = min(8192, 4 * x.shape[0])
        rows = torch.randint(0, x.shape[0], (count,))
        columns = torch.randint(0, x.shape[1], (x.shape[0], x.shape[1]))
        return rows, columns, torch.randn(count, x.shape[1]), torch.randn(*x.shape)

    kinds: dict[str, Callable[..., Any]] = {
        "embedding": lambda torch, x, i, j, r, s: torch.nn.functional.embedding(i, x),
        "index_select": lambda torch, x, i, j, r, s: x.index_select(0, i),
        "x[index]": lambda torch, x, i, j, r, s: x[i],
        "gather": lambda torch, x, i, j, r, s: x.gather(1, j),
        "index_add": lambda torch, x, i, j, r, s: x.index_add(0, i, r),
        "scatter_add": lambda torch, x, i, j, r, s: x.scatter_add(1, j, s),
        "x[mask]": lambda torch, x, i, j, r, s: x[s > 0],
        "masked_fill": lambda torch, x, i, j, r, s: x.masked_fill(s > 0, 0.0),
        "where": lambda torch, x, i, j, r, s: torch.where(s > 0, x, s),
        "sort": lambda torch, x, i, j, r, s: x.sort(1)[0],
        "topk 5": lambda torch, x, i, j, r, s: x.topk(5, 1)[0],
        "cumsum": lambda torch, x, i, j, r, s: x.cumsum(1),
        "cumsum, dim 0": lambda torch, x, i, j, r, s: x.cumsum(0),
        "cat": lambda torch, x, i, j, r, s: torch.cat([x, s], 1),
    }
    for name, kind in kinds.items():
        yield from _case("indexing", name, tables, kind, prepare=indices)


def elementwise() -> Iterator[Case]:
    """Yield activations, elementwise chains and reductions."""
    shapes: Any = [[(32, 32)], [(256, 512)], [(2048, 2048)]]
    kinds: dict[str, Callable[..., Any]] = {
        "relu": lambda torch, x: torch.relu(x),
        "gelu": lambda torch, x: torch.nn.functional.gelu(x),
        "silu": lambda torch, x: torch.nn.functional.silu(x),
        "sigmoid": lambda torch, x: torch.sigmoid(x),
        "tanh": lambda torch, x: torch.tanh(x),
        "exp": lambda torch, x: torch.exp(x),
        "dropout": lambda torch, x: torch.nn.functional.dropout(x, 0.5),
        "chain (x * 2 + 1) ** 2 / 3": lambda torch, x: (x * 2 + 1) ** 2 / 3,
        "sum": lambda torch, x: x.sum(),
        "sum, dim 0": lambda torch, x: x.sum(0),
        "mean, dim 1": lambda torch, x: x.mean(1),
        "max, dim 1": lambda torch, x: x.max(1)[0],
        "var, dim 1": lambda torch, x: x.var(1),
        "norm": lambda torch, x: x.norm(),
        "transposed sum": lambda torch, x: (x.t() + 1).sum(0),
    }
    for name, kind in kinds.items():
        yield from _case("elementwise", name, shapes, kind)
    yield from _case("elementwise", "tanh, float64", shapes, lambda torch, x: torch.tanh(x), dtype="float64")


def products() -> Iterator[Case]:
    """Yield matrix products."""
    shapes: Any = [[(32, 20), (20, 20)], [(128, 512), (512, 512)], [(1024, 1024), (1024, 1024)]]
    yield from _case("products", "x @ w", shapes, lambda torch, x, w: x @ w)
    shapes = [[(32, 20), (30, 20), (30,)], [(128, 784), (512, 784), (512,)], [(1024, 1024), (1024, 1024), (1024,)]]
    yield from _case("products", "linear", shapes, lambda torch, x, w, b: torch.nn.functional.linear(x, w, b))
    shapes = [[(8, 16, 16), (8, 16, 16)], [(64, 32, 64), (64, 64, 32)], [(64, 128, 128), (64, 128, 128)]]
    yield from _case("products", "bmm", shapes, lambda torch, x, w: torch.bmm(x, w))
    shapes = [[(2, 4, 8, 16), (2, 4, 8, 16)], [(8, 4, 64, 32), (8, 4, 64, 32)], [(8, 8, 256, 64), (8, 8, 256, 64)]]
    yield from _case(
        "products", "einsum bhid,bhjd->bhij", shapes, lambda torch, x, w: torch.einsum("bhid,bhjd->bhij", x, w)
    )


def optimizers() -> Iterator[Case]:
    """Yield steps of optimizers over networks of four layers."""
    widths = {"small": 16, "medium": 256, "large": 1024}
    names = ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "Rprop", "ASGD"]
    for name in names:
        for size, width in widths.items():

            def make(torch: Any, name: str = name, width: int = width) -> Any:
                torch.manual_seed(0)
                params = [torch.randn(*shape, requires_grad=True) for shape in [(width, width), (width,)] * 4]
                for param in params:
                    param.grad = torch.randn(*param.shape)
                options = {"momentum": 0.9} if name == "SGD" else {}
                return getattr(torch.optim, name)(params, lr=1e-4, **options).step, []

            yield Case("optimizer", name, size, make)


FAMILIES = {
    "convolution": convolutions,
    "pooling": poolings,
    "softmax": softmaxes,
    "losses": losses,
    "indexing": indexings,
    "elementwise": elementwise,
    "products": products,
    "optimizer": optimizers,
}


def cases() -> Iterator[Case]:
    """Yield all cases, family by family."""
    for family in FAMILIES.values():
        yield from family()


def geometric_mean(values: list[float]) -> float:
    """Return the geometric mean of ratios."""
    return math.exp(sum(map(math.log, values)) / len(values))
