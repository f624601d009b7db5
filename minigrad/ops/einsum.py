"""Einstein summation, carried out as permutations and one batched matrix product a pair of operands."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minigrad.ops.elementwise import mul
from minigrad.ops.errors import common_shape
from minigrad.ops.matmul import matmul
from minigrad.ops.op import composed, op
from minigrad.ops.shape import broadcast, expand

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


@composed(reference=np.einsum)
def einsum(equation: Any, *operands: Any) -> Tensor:
    """Sums of products named by letters: ``einsum("ij,jk->ik", a, b)`` is the matrix product.

    Parameters
    ----------
    equation : str
        A term of letters an operand, and the result's letters after ``->`` (else the letters that occur once, in
        alphabetical order). ``...`` stands for dimensions that broadcast; a letter repeated in a term takes a diagonal.
    *operands : Tensor
        One by one or as a list; or alternating operands and lists of numbers for letters, as NumPy allows.

    Raises
    ------
    ValueError
        Without operands.
    """
    if not isinstance(equation, str):
        equation, operands = _from_sublists((equation, *operands))
    elif len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    if not operands:
        raise ValueError("einsum(): must specify the operands, at least one")
    program = _program(equation, tuple([operand.shape for operand in operands]))
    if program.diagonals:
        operands = tuple(map(_diagonal, operands, program.diagonals))
    value = operands[program.first]
    for number, gone, gone_of_other, terms in program.steps:
        other = operands[number]
        value = contract(
            value.sum(gone) if gone else value, other.sum(gone_of_other) if gone_of_other else other, terms
        )
    if program.gone:
        value = value.sum(program.gone)
    return value if program.order is None else value.permute(program.order)


@einsum.samples
def _(make):
    yield make.sample("ij,jk->ik", make(2, 3), make(3, 4))
    yield make.sample("bij,bjk->bik", make(2, 2, 3), make(2, 3, 4))
    yield make.sample("ii", make(3, 3))
    yield make.sample("ii->i", make(3, 3))
    yield make.sample("ij->ji", make(2, 3))
    yield make.sample("ij->", make(2, 3))
    yield make.sample("i,j->ij", make(2), make(3))
    yield make.sample("...ij,...jk->...ik", make(2, 1, 2, 3), make(4, 3, 2))
    yield make.sample("bhqd,bhkd->bhqk", make(2, 2, 3, 4), make(2, 2, 5, 4))
    yield make.sample("ij,jk,kl->il", make(2, 3), make(3, 2), make(2, 4))
    yield make.sample("ij,ij->i", make(2, 3), make(2, 3))
    yield make.sample("ij,kj", make(2, 3), make(4, 3))
    yield make.sample("ij,jk->ki", make(2, 3), make(3, 4))
    yield make.sample("bij,bj->ib", make(4, 2, 3), make(4, 3))
    yield make.sample("iij,jk->ik", make(2, 2, 3), make(3, 4))


def _from_sublists(args: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """Return the equation and the operands of a call ``einsum(op1, [0, 1], op2, [1, 2], [0, 2])``."""

    def letters(numbers: Any) -> str:
        return "".join("..." if n is Ellipsis else chr(ord("A") + n if n < 26 else ord("a") + n - 26) for n in numbers)

    operands, terms = args[0 : len(args) // 2 * 2 : 2], args[1 : len(args) // 2 * 2 : 2]
    equation = ",".join(letters(term) for term in terms)
    return (f"{equation}->{letters(args[-1])}" if len(args) % 2 else equation), tuple(operands)


class Program(NamedTuple):
    """How an equation is carried out on operands of certain shapes.

    Attributes
    ----------
    diagonals : tuple of tuple of (int, int)
        Dimensions of which each operand's diagonal is taken, one after the other; empty where none is.
    first : int
        The operand to begin with.
    steps : tuple of (int, dims, dims, terms)
        The operand that comes in next, the dimensions that are summed up of what there is and of that operand, and the
        terms of `contract`.
    gone : tuple of int
        Dimensions that are summed up at the end.
    order : tuple of int or None
        How dimensions are permuted at the end.
    """

    diagonals: tuple[tuple[tuple[int, int], ...], ...]
    first: int
    steps: tuple[tuple[int, tuple[int, ...], tuple[int, ...], tuple[str, str, str]], ...]
    gone: tuple[int, ...]
    order: tuple[int, ...] | None


@functools.lru_cache(maxsize=512)
def _program(equation: str, shapes: tuple[tuple[int, ...], ...]) -> Program:
    """Return how to carry out an equation; reading it takes longer than a small product."""
    terms, result = _parse(equation, tuple(map(len, shapes)))
    _check_lengths(terms, shapes)
    diagonals = tuple(map(_repeats, terms))
    order = _good_order(terms, shapes) if len(terms) > 2 else list(range(len(terms)))
    terms = [_without_repeats(term) for term in terms]
    value, steps = terms[order[0]], []
    for place, number in enumerate(order[1:], 2):
        needed = set(result).union(*(terms[later] for later in order[place:]))
        other = terms[number]
        left = "".join(x for x in value if x in needed or x in other)
        right = "".join(x for x in other if x in needed or x in value)
        out = left + "".join(x for x in right if x not in left)
        out = result if place == len(order) else "".join(x for x in out if x in needed)
        steps.append((number, _missing(value, left), _missing(other, right), (left, right, out)))
        value = out
    gone = _missing(value, result)
    value = "".join(x for x in value if x in result)
    permuted = None if value == result else tuple(map(value.index, result))
    return Program(diagonals if any(diagonals) else (), order[0], tuple(steps), gone, permuted)


def _missing(term: str, kept: str) -> tuple[int, ...]:
    return tuple(k for k, letter in enumerate(term) if letter not in kept)


def _parse(equation: str, ranks: tuple[int, ...]) -> tuple[list[str], str]:
    """Return each operand's letters, the dimensions of an ellipsis numbered by digits, and the result's.

    Raises
    ------
    RuntimeError
        For an equation that does not fit the operands.
    """
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise RuntimeError(
            f"einsum(): {'more' if len(terms) < len(ranks) else 'fewer'} operands were provided than specified in "
            f"the equation: {len(ranks)} for {len(terms)} terms"
        )
    wide = 0
    for number, (term, rank) in enumerate(zip(terms, ranks, strict=True)):
        named = len(term.replace("...", ""))
        if any(not letter.isalpha() for letter in term.replace("...", "")):
            raise RuntimeError(
                f"einsum(): invalid subscript given in operand {number} of '{equation}', subscripts must be in [a-zA-Z]"
            )
        if named > rank or (named < rank and "..." not in term):
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({named}) does not match the number of dimensions "
                f"({rank}) for operand {number} and no ellipsis was given"
            )
        if "..." in term:
            wide = max(wide, rank - named)
    digits = "".join(chr(0x100 + k) for k in range(wide))
    expanded = []
    for term, rank in zip(terms, ranks, strict=True):
        own = rank - len(term.replace("...", ""))
        expanded.append(term.replace("...", digits[wide - own :]))
    if arrow:
        result = right.replace("...", digits)
        for letter in result:
            if not any(letter in term for term in expanded):
                raise RuntimeError(
                    f"einsum(): output subscript {letter} does not appear in the equation for any input operand"
                )
            if result.count(letter) > 1:
                raise RuntimeError(f"einsum(): output subscript {letter} appears more than once in the output")
    else:
        joined = "".join(expanded)
        once = sorted({letter for letter in joined if joined.count(letter) == 1 and letter not in digits})
        result = digits + "".join(once)
    return expanded, result


def _check_lengths(terms: list[str], shapes: tuple[tuple[int, ...], ...]) -> None:
    """Refuse operands in which one letter has two lengths, of which none is 1.

    Raises
    ------
    RuntimeError
    """
    lengths: dict[str, int] = {}
    for number, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        for letter, length in zip(term, shape, strict=True):
            known = lengths.get(letter, 1)
            if known != 1 and length not in (1, known):
                raise RuntimeError(
                    f"einsum(): subscript {letter} has size {length} for operand {number} which does not broadcast "
                    f"with previously seen size {known}"
                )
            lengths[letter] = length if known == 1 else known


def _repeats(term: str) -> tuple[tuple[int, int], ...]:
    """Return the pairs of dimensions of which a diagonal is to be taken, which then is the last dimension."""
    pairs = []
    while len(set(term)) < len(term):
        letter = next(each for each in term if term.count(each) > 1)
        first = term.index(letter)
        second = term.index(letter, first + 1)
        pairs.append((first, second))
        term = term[:first] + term[first + 1 : second] + term[second + 1 :] + letter
    return tuple(pairs)


def _without_repeats(term: str) -> str:
    """Return the term of an operand whose diagonals were taken as `_repeats` says."""
    for first, second in _repeats(term):
        letter = term[first]
        term = term[:first] + term[first + 1 : second] + term[second + 1 :] + letter
    return term


def _diagonal(operand: Any, pairs: tuple[tuple[int, int], ...]) -> Any:
    for first, second in pairs:
        operand = operand.diagonal(0, first, second)
    return operand


def _good_order(terms: list[str], shapes: tuple[tuple[int, ...], ...]) -> list[int]:
    """Return an order of the operands in which contracting them is cheap, as NumPy's path search finds it."""
    symbols: dict[str, str] = {}
    for letter in "".join(terms):
        symbols.setdefault(letter, chr(ord("a") + len(symbols)))
    equation = ",".join("".join(symbols[letter] for letter in term) for term in terms)
    stand_ins = [np.broadcast_to(0.0, tuple(shape)) for shape in shapes]
    order = list(np.einsum_path(equation, *stand_ins, optimize="greedy")[0][1])
    return order + [k for k in range(len(terms)) if k not in order]


def _name_of_contraction(left: Any, right: Any, terms: tuple[str, str, str]) -> str:
    return "ViewBackward0" if _layout(*terms).summed else "MulBackward0"


@op(
    namespace=None,
    variant=_name_of_contraction,
    reference=lambda x, y, terms: np.einsum("{},{}->{}".format(*terms), x, y),
)
def contract(left: Tensor, right: Tensor, terms: tuple[str, str, str]) -> Tensor:
    """Sum of products of two operands over the letters that the result lacks, as one (batched) matrix product.

    Parameters
    ----------
    left, right : Tensor
    terms : tuple of str
        Letters of the operands' dimensions, which occur once each, and the result's. What only one operand has, the
        result has as well. Dimensions of length 1 broadcast.
    """
    layout = _layout(*terms)
    if layout.turned:
        left, right = right, left
    if layout.left is not None:
        left = left.transpose(layout.left)
    if layout.right is not None:
        right = right.transpose(layout.right)
    if not layout.summed:
        left = left.reshape(left.shape + (1,) * layout.of_right)
        out = mul(
            left, right.reshape(right.shape[: layout.batch] + (1,) * layout.of_left + right.shape[layout.batch :])
        )
    elif layout.is_direct:
        if left.shape[-1] != right.shape[-2]:
            left, right = _matched(left, right, layout)
        out = matmul(left, right)
    else:
        out = _as_matrices(*_matched(left, right, layout), layout)
    return out if layout.out is None else out.transpose(layout.out)


class Layout(NamedTuple):
    """How two operands become matrices: batch, own, summed for the left one, and batch, summed, own for the right one.

    Attributes
    ----------
    turned : bool
        Whether the operands are exchanged, so that the product has its dimensions in order.
    left, right, out : tuple of int or None
        Permutations of the operands' dimensions, and of the product's.
    batch, of_left, summed, of_right : int
        Numbers of dimensions.
    is_direct : bool
        Whether permuting is all there is to do.
    """

    turned: bool
    left: tuple[int, ...] | None
    right: tuple[int, ...] | None
    out: tuple[int, ...] | None
    batch: int
    of_left: int
    summed: int
    of_right: int
    is_direct: bool


@functools.lru_cache(maxsize=512)
def _layout(left: str, right: str, out: str) -> Layout:
    """Return how to carry out `contract`."""
    batch = [x for x in out if x in left and x in right]
    turned = any(x in right and x not in left for x in out[len(batch) : len(batch) + 1])
    if turned:
        left, right = right, left
    summed = [x for x in left if x in right and x not in out]
    of_left = [x for x in out if x not in right]
    of_right = [x for x in out if x not in left]
    counts = len(batch), len(of_left), len(summed), len(of_right)
    permutations = (
        _permutation(left, (*batch, *of_left, *summed)),
        _permutation(right, (*batch, *summed, *of_right)),
        _permutation("".join((*batch, *of_left, *of_right)), tuple(out)),
    )
    return Layout(turned, *permutations, *counts, counts[1:] == (1, 1, 1))


def _permutation(term: str, letters: tuple[str, ...]) -> tuple[int, ...] | None:
    order = tuple(map(term.index, letters))
    return None if order == tuple(range(len(order))) else order


def _matched(left: Any, right: Any, layout: Layout) -> tuple[Any, Any]:
    """Return both operands with equal lengths of the dimensions that they share."""
    batch, summed, rank = layout.batch, layout.summed, left.ndim
    common = common_shape(left.shape[:batch], right.shape[:batch])
    inner = common_shape(left.shape[rank - summed :], right.shape[batch : batch + summed])
    left = broadcast(left, (*common, *left.shape[batch : rank - summed], *inner))
    return left, broadcast(right, (*common, *inner, *right.shape[batch + summed :]))


def _as_matrices(left: Any, right: Any, layout: Layout) -> Any:
    """Return the product of operands as matrices, the dimensions of each kind taken together."""
    batch, summed = layout.batch, layout.summed
    common, rows = left.shape[:batch], left.shape[batch : batch + layout.of_left]
    inner, columns = right.shape[batch : batch + summed], right.shape[batch + summed :]
    lead = (math.prod(common),) if batch else ()
    depth = math.prod(inner)
    product = matmul(left.reshape((*lead, math.prod(rows), depth)), right.reshape((*lead, depth, math.prod(columns))))
    return product.reshape((*common, *rows, *columns))


@contract.gradient("left")
def _(grad, left_shape, right, terms):
    left, other, out = terms
    return _of_shape(contract(grad, right, (out, other, left)), left_shape)


@contract.gradient("right")
def _(grad, left, right_shape, terms):
    other, right, out = terms
    return _of_shape(contract(grad, left, (out, other, right)), right_shape)


def _of_shape(gradient: Any, shape: tuple[int, ...]) -> Any:
    """Return a gradient with the dimensions in full along which the other operand broadcast."""
    given = tuple(gradient.shape)
    return gradient if given == shape else expand(gradient, common_shape(given, shape))


@contract.samples
def _(make):
    yield make.sample(make(2, 3), make(3, 4), ("ij", "jk", "ik"))
    yield make.sample(make(2, 3), make(3, 4), ("ij", "jk", "ki"))
    yield make.sample(make(2, 3, 4), make(4, 3, 2), ("bij", "jib", "b"))
    yield make.sample(make(2, 1, 4), make(1, 3, 2), ("bij", "bki", "kbj"))
    yield make.sample(make(2), make(3), ("i", "j", "ji"))
    yield make.sample(make(2, 3), make(3, 1), ("ij", "jk", "jik"))
    yield make.sample(make(2, 0), make(0, 3), ("ij", "jk", "ik"))
