"""Operations along dimensions: the dimensions are counted one further, after the one of the samples."""

from __future__ import annotations

from typing import Any

from minigrad.batching.dispatch import NO_RULE, is_batched, rule, wrap
from minigrad.batching.levels import Level, front
from minigrad.ops.dims import wrap_dim
from minigrad.tensor import Tensor

__all__ = ["along", "shifted"]

DIM_NAMES = ("dim", "dims", "dimension", "dim0", "dim1", "dim2")

# ``dim=None`` means all dimensions, of which these take several at once.
OVER_ALL = """
sum mean amax amin var std var_mean std_mean all any count_nonzero nansum linalg.vector_norm
"""

# ``dim=None`` means the flattened input.
OVER_FLAT = "prod argmax argmin"

ALONG = """
max_dim min_dim cumsum cumprod reversed_cumsum exclusive_products cummax cummin softmax log_softmax logsumexp
sort_values argsort topk kthvalue median_dim nanmedian_dim mode flip transpose diagonal unfold unbind split_parts
functional.glu rot90
"""

SAME_SHAPE = "softmax_backward log_softmax_backward"

TRAILING = """
tril triu column_sums linalg.cholesky linalg_qr linalg_svd linalg_eigh linalg.det cofactors linalg_slogdet linalg.inv
linalg.matrix_exp
"""


def shifted(dim: Any, rank: int) -> Any:
    """Return a dimension (or several) of a sample as one of all samples."""
    if isinstance(dim, (tuple, list)):
        return tuple(wrap_dim(each, rank) + 1 for each in dim)
    return wrap_dim(dim, rank) + 1


def along(entry: Any, level: Level, args: tuple[Any, ...], dims: dict[int, Any]) -> Any:
    """Call an operation on all samples of its first argument, with ``dims`` (already shifted) at their positions.

    A sample without dimensions is given one, and the results lose it again.
    """
    if any(is_batched(each, level) for each in args[1:]):
        return NO_RULE
    input, *rest = args
    values = [input.value, *rest]
    for place, dim in dims.items():
        values[place] = dim
    if input.ndim:
        return wrap(level, entry.call(*values))
    values[0] = input.value.unsqueeze(1)
    result = entry.call(*values)
    if isinstance(result, Tensor):
        return wrap(level, _without_dimension(result))
    parts = [_without_dimension(each) for each in result]
    return wrap(level, tuple(parts) if type(result) is tuple else type(result)(parts))


def _without_dimension(result: Any) -> Any:
    return result.squeeze(1) if result.ndim == 2 else result


def dim_places(entry: Any) -> list[int]:
    """Return the positions of the parameters that are dimensions."""
    return [k for k, name in enumerate(entry.signature.names) if name in DIM_NAMES]


@rule(*ALONG.split())
def _along(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    places = dim_places(entry)
    if any(args[k] is None for k in places):
        return NO_RULE
    return along(entry, level, args, {k: shifted(args[k], args[0].ndim) for k in places})


@rule(*OVER_ALL.split())
def _over_all(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    (place,) = dim_places(entry)
    dim, rank = args[place], args[0].ndim
    if isinstance(dim, bool) or (isinstance(dim, (tuple, list)) and not dim):
        return NO_RULE  # ``var(unbiased)``, and no dimension
    dims = tuple(range(1, max(rank, 1) + 1)) if dim is None else shifted(dim, rank)
    return along(entry, level, args, {place: dims})


@rule(*OVER_FLAT.split())
def _over_flat(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    (place,) = dim_places(entry)
    dim, rank = args[place], args[0].ndim
    if dim is not None or rank < 2:
        return along(entry, level, args, {place: shifted(0 if dim is None else dim, rank)})
    if args[entry.signature.names.index("keepdim")]:
        return NO_RULE
    values = [args[0].value.flatten(1), *args[1:]]
    values[place] = 1
    return wrap(level, entry.call(*values))


@rule("max_all", "min_all")
def _extreme(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    (input,) = args
    if not input.numel():
        return NO_RULE
    flat = input.value.reshape(level.size, -1)
    return wrap(level, flat.amax(1) if entry.name == "max_all" else flat.amin(1))


@rule("roll")
def _roll(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, shifts, dims = args
    if dims is None or dims == () or not input.ndim:
        return NO_RULE
    return wrap(level, entry.call(input.value, shifts, shifted(dims, input.ndim)))


@rule(*SAME_SHAPE.split())
def _same_shape(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    grad, out, dim = args
    if not out.ndim:
        return NO_RULE
    return wrap(level, entry.call(front(grad, level), front(out, level), shifted(dim, out.ndim)))


@rule("layer_norm")
def _layer_norm(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    """The last dimensions are normalised; the others are batches already."""
    input, *rest = args
    if any(is_batched(each, level) for each in rest):
        return NO_RULE
    return wrap(level, entry.call(input.value, *rest))


@rule(*TRAILING.split())
def _trailing(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    """The last dimensions are what counts; the others are batches already."""
    input, *rest = args
    if input.ndim < 2 or "r" in rest:
        return NO_RULE  # `linalg.qr(mode="r")` has an empty result
    if entry.name == "column_sums":
        return wrap(level, input.value.flatten(1, -2).sum(1))
    return wrap(level, entry.call(input.value, *rest))


@rule("trace")
def _trace(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    (input,) = args
    return input.diagonal().sum(-1) if input.ndim == 2 else NO_RULE


@rule("constant_pad_nd")
def _pad(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, pad, value = args
    if len(pad) > 2 * input.ndim or is_batched(value, level):
        return NO_RULE
    return wrap(level, entry.call(input.value, pad, value))
