"""Einstein summation, carried out as permutations and one batched matrix product a pair of operands."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.matmul import matmul
from minigrad.ops.op import composed

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
    """
    if not isinstance(equation, str):
        equation, operands = _from_sublists((equation, *operands))
    elif len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    if not operands:
        raise ValueError("einsum(): must specify the operands, at least one")
    terms, result = _parse(equation, operands)
    lengths = _lengths(terms, operands)
    parts = [_prepared(term, operand, lengths) for term, operand in zip(terms, operands, strict=True)]
    if len(parts) > 2:
        parts = _in_good_order(parts)
    while len(parts) > 1:
        first, second = parts.pop(0), parts.pop(0)
        needed = set(result).union(*(term for term, _ in parts))
        parts.insert(0, _contract(first, second, needed, lengths))
    term, value = parts[0]
    gone = tuple(k for k, letter in enumerate(term) if letter not in result)
    if gone:
        value = value.sum(gone)
        term = "".join(letter for letter in term if letter in result)
    value = value.permute(tuple(term.index(letter) for letter in result)) if term != result else value
    return value


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


def _from_sublists(args: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """Return the equation and the operands of a call ``einsum(op1, [0, 1], op2, [1, 2], [0, 2])``."""

    def letters(numbers: Any) -> str:
        return "".join("..." if n is Ellipsis else chr(ord("A") + n if n < 26 else ord("a") + n - 26) for n in numbers)

    operands, terms = args[0 : len(args) // 2 * 2 : 2], args[1 : len(args) // 2 * 2 : 2]
    equation = ",".join(letters(term) for term in terms)
    return (f"{equation}->{letters(args[-1])}" if len(args) % 2 else equation), tuple(operands)


def _parse(equation: str, operands: tuple[Any, ...]) -> tuple[list[str], str]:
    """Return each operand's letters, the dimensions of an ellipsis numbered by digits, and the result's.

    Raises
    ------
    RuntimeError
        For an equation that does not fit the operands.
    """
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise RuntimeError(
            f"einsum(): {'more' if len(terms) < len(operands) else 'fewer'} operands were provided than specified in "
            f"the equation: {len(operands)} for {len(terms)} terms"
        )
    wide = 0
    for number, (term, operand) in enumerate(zip(terms, operands, strict=True)):
        named = len(term.replace("...", ""))
        if any(not letter.isalpha() for letter in term.replace("...", "")):
            raise RuntimeError(
                f"einsum(): invalid subscript given in operand {number} of '{equation}', subscripts must be in [a-zA-Z]"
            )
        if named > operand.dim() or (named < operand.dim() and "..." not in term):
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({named}) does not match the number of dimensions "
                f"({operand.dim()}) for operand {number} and no ellipsis was given"
            )
        if "..." in term:
            wide = max(wide, operand.dim() - named)
    digits = "".join(chr(0x100 + k) for k in range(wide))
    expanded = []
    for term, operand in zip(terms, operands, strict=True):
        own = operand.dim() - len(term.replace("...", ""))
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


def _lengths(terms: list[str], operands: tuple[Any, ...]) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for number, (term, operand) in enumerate(zip(terms, operands, strict=True)):
        for letter, length in zip(term, operand.shape, strict=True):
            known = lengths.get(letter, 1)
            if known != 1 and length not in (1, known):
                raise RuntimeError(
                    f"einsum(): subscript {letter} has size {length} for operand {number} which does not broadcast "
                    f"with previously seen size {known}"
                )
            lengths[letter] = length if known == 1 else known
    return lengths


def _prepared(term: str, operand: Any, lengths: dict[str, int]) -> tuple[str, Any]:
    """Return a term without repeated letters, and its operand with the diagonals taken."""
    while len(set(term)) < len(term):
        letter = next(each for each in term if term.count(each) > 1)
        first = term.index(letter)
        second = term.index(letter, first + 1)
        operand = operand.diagonal(0, first, second)
        term = term[:first] + term[first + 1 : second] + term[second + 1 :] + letter
    return term, operand


def _in_good_order(parts: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return the operands so that contracting them from the left is cheap, as NumPy's path search finds it."""
    symbols: dict[str, str] = {}
    for term, _ in parts:
        for letter in term:
            symbols.setdefault(letter, chr(ord("a") + len(symbols)))
    equation = ",".join("".join(symbols[letter] for letter in term) for term, _ in parts)
    shapes = [np.broadcast_to(0.0, tuple(value.shape)) for _, value in parts]
    path = np.einsum_path(equation, *shapes, optimize="greedy")[0][1:]
    order = list(path[0])
    rest = [k for k in range(len(parts)) if k not in order]
    return [parts[k] for k in (*order, *rest)]


def _contract(
    first: tuple[str, Any], second: tuple[str, Any], needed: set[str], lengths: dict[str, int]
) -> tuple[str, Any]:
    """Multiply two operands and sum over the letters that nothing else needs, as one batched matrix product."""
    (left, a), (right, b) = first, second
    a, left = _sum_out(a, left, needed | set(right))
    b, right = _sum_out(b, right, needed | set(left))
    shared = [letter for letter in left if letter in right]
    batch = [letter for letter in shared if letter in needed]
    summed = [letter for letter in shared if letter not in needed]
    only_left = [letter for letter in left if letter not in right]
    only_right = [letter for letter in right if letter not in left]
    a = _expanded(a, tuple(lengths[x] if x in shared else n for x, n in zip(left, a.shape, strict=True)))
    b = _expanded(b, tuple(lengths[x] if x in shared else n for x, n in zip(right, b.shape, strict=True)))
    a = _in_order(a, left, (*batch, *only_left, *summed))
    b = _in_order(b, right, (*batch, *summed, *only_right))
    result = "".join((*batch, *only_left, *only_right))
    if len(only_left) == len(only_right) == len(summed) == 1:
        product = matmul(a, b)
        return result, product.reshape(product.shape)  # a view, for that is the node that PyTorch shows
    shape = [lengths[x] for x in batch], [lengths[x] for x in only_left], [lengths[x] for x in only_right]
    sizes = [math.prod(each) for each in (*shape, [lengths[x] for x in summed])]
    if not summed:
        a = a.reshape((*shape[0], *shape[1], *(1 for _ in only_right)))
        b = b.reshape((*shape[0], *(1 for _ in only_left), *shape[2]))
        return result, a * b
    product = matmul(a.reshape((sizes[0], sizes[1], sizes[3])), b.reshape((sizes[0], sizes[3], sizes[2])))
    return result, product.reshape((*shape[0], *shape[1], *shape[2]))


def _expanded(value: Any, shape: tuple[int, ...]) -> Any:
    return value if value.shape == shape else value.expand(shape)


def _in_order(value: Any, term: str, letters: tuple[str, ...]) -> Any:
    order = tuple(map(term.index, letters))
    return value if order == tuple(range(len(order))) else value.permute(order)


def _sum_out(value: Any, term: str, needed: set[str]) -> tuple[Any, str]:
    gone = tuple(k for k, letter in enumerate(term) if letter not in needed)
    if not gone:
        return value, term
    return value.sum(gone), "".join(letter for letter in term if letter in needed)
