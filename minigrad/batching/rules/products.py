"""Products of vectors and matrices: of all samples at once, by BLAS."""

from __future__ import annotations

from typing import Any

from minigrad.batching.dispatch import NO_RULE, is_batched, rule, wrap
from minigrad.batching.levels import Level, front
from minigrad.batching.rules.elementwise import aligned
from minigrad.ops.dims import wrap_dim
from minigrad.ops.matmul import matmul
from minigrad.ops.products import bmm, mm, mv, outer

__all__: list[str] = []


_RANKS = {"bmm": (3, 3), "mm": (2, 2), "mv": (2, 1), "dot": (1, 1)}


@rule("matmul", *_RANKS)
def _matmul(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    left, right = args
    ranks = (left.ndim, right.ndim)
    if 0 in ranks or ranks != _RANKS.get(entry.name, ranks):
        return NO_RULE
    if not is_batched(right, level) and right.ndim <= 2:
        return wrap(level, matmul(left.value, right))
    is_row, is_column = left.ndim == 1, right.ndim == 1
    rows = left.unsqueeze(0) if is_row else left
    columns = right.unsqueeze(-1) if is_column else right
    rank = max(rows.ndim, columns.ndim)
    product = matmul(aligned(rows, level, rank), aligned(columns, level, rank))
    if is_row:
        product = product.squeeze(-2)
    if is_column:
        product = product.squeeze(-1)
    return wrap(level, product)


@rule("outer")
def _outer(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    left, right = args
    return left.unsqueeze(1) * right if left.ndim == right.ndim == 1 else NO_RULE


_PRODUCTS = {"addmm": mm, "addmv": mv, "addr": outer, "baddbmm": bmm, "addbmm": bmm}


@rule(*_PRODUCTS)
def _plus_product(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, left, right, beta, alpha = args
    if not input.is_floating_point():
        return NO_RULE
    product = _PRODUCTS[entry.name](left, right)
    if entry.name == "addbmm":
        product = product.sum(0)
    return beta * input + alpha * product


@rule("contract")
def _contract(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    """The samples are one more letter, of those that no equation has."""
    left, right, terms = args
    sample = next(letter for letter in map(chr, range(0x2000, 0x2100)) if letter not in "".join(terms))
    first, second = (
        (front(each, level), sample + term) if is_batched(each, level) else (each, term)
        for each, term in zip((left, right), terms[:2], strict=True)
    )
    return wrap(level, entry.call(first[0], second[0], (first[1], second[1], sample + terms[2])))


@rule("functional.linear")
def _linear(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, weight, bias = args
    if not is_batched(weight, level) and not is_batched(bias, level):
        return wrap(level, entry.call(input.value, weight, bias))
    if not input.ndim or weight.ndim > 2:
        return NO_RULE
    product = matmul(input, weight.t() if weight.ndim == 2 else weight)
    return product if bias is None else product + bias


@rule("linalg.solve")
def _solve(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    matrix, right, left = args
    if matrix.ndim != 2 or right.ndim > 2:
        return NO_RULE
    if right.ndim == 2:
        return wrap(level, entry.call(front(matrix, level), front(right, level), left))
    if not left:
        return NO_RULE
    return wrap(level, entry.call(front(matrix, level), front(right, level).unsqueeze(-1), left).squeeze(-1))


@rule("linalg.solve_triangular")
def _solve_triangular(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    matrix, right, *rest = args
    if matrix.ndim != 2 or right.ndim != 2:
        return NO_RULE
    return wrap(level, entry.call(front(matrix, level), front(right, level), *rest))


@rule("cdist")
def _cdist(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    first, second, *rest = args
    if first.ndim != second.ndim:
        return NO_RULE
    return wrap(level, entry.call(front(first, level), front(second, level), *rest))


@rule("pairwise_distance", "cosine_of_rows")
def _of_rows(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    first, second, *rest = args
    rank = max(first.ndim, second.ndim)
    if not rank:
        return NO_RULE
    return wrap(level, entry.call(aligned(first, level, rank), aligned(second, level, rank), *rest))


@rule("cosine_similarity")
def _cosine_similarity(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    first, second, dim, eps = args
    rank = max(first.ndim, second.ndim)
    if not rank:
        return NO_RULE
    dim = wrap_dim(dim, rank) - rank
    return wrap(level, entry.call(aligned(first, level, rank), aligned(second, level, rank), dim, eps))


@rule("scaled_to_one")
def _scaled_to_one(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, p, dim, eps = args
    if not input.ndim or type(dim) is not int:
        return NO_RULE
    return wrap(level, entry.call(input.value, p, wrap_dim(dim, input.ndim) - input.ndim, eps))
