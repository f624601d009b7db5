"""``vmap``: a function of one sample as a function of many."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import minigrad.batching.functions
import minigrad.batching.indexing
import minigrad.batching.randomness
import minigrad.batching.rules  # noqa: F401
from minigrad.batching.dispatch import is_batched
from minigrad.batching.levels import Level, bind, front
from minigrad.ops.join import cat
from minigrad.ops.state import NeedsValues
from minigrad.tensor import Tensor
from minigrad.utils._pytree import (
    TreeSpec,
    _broadcast_to_and_flatten,
    tree_flatten,
    tree_leaves,
    tree_unflatten,
)

__all__ = ["vmap"]


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """Return the function that applies ``func`` to every sample along a dimension of its arguments.

    Parameters
    ----------
    func : callable
        Takes and returns tensors, or trees of them, without the dimension.
    in_dims : int, None, or tree of them
        For each argument the dimension that counts the samples; None for an argument that is the same for all.
    out_dims : int, None, or tree of them
        Where the dimension goes in the results; None for a result that is the same for all samples.
    randomness : str
        What random functions do: "error", draw the "same" numbers for all samples, or "different" ones.
    chunk_size : int, optional
        How many samples are computed at once; by default all.

    Returns
    -------
    callable

    Raises
    ------
    ValueError, RuntimeError
        For dimensions that do not fit, and impossible options.

    Notes
    -----
    Operations run on all samples at once. The few that cannot are carried out sample by sample, with the same result.

    Examples
    --------
    >>> import minigrad as torch
    >>> torch.vmap(torch.dot)(torch.ones(3, 2), torch.arange(6.0).view(3, 2))
    tensor([1., 5., 9.])
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func, updated=())
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        _check_out_dims(out_dims, func)
        size, dims, flat, spec = _samples(in_dims, args, func)
        if chunk_size is None:
            return _mapped(func, size, dims, flat, spec, out_dims, randomness, kwargs)
        results = []
        for count, part in _chunks(flat, dims, size, chunk_size):
            results.append(_mapped(func, count, dims, part, spec, out_dims, randomness, kwargs))
        return _joined(results, out_dims)

    return wrapped


def _name(func: Any) -> str:
    if hasattr(func, "__name__"):
        return str(func.__name__)
    if isinstance(func, functools.partial):
        return f"functools.partial({_name(func.func)}, ...)"
    return repr(func)


def _check_out_dims(out_dims: Any, func: Any) -> None:
    for each in tree_leaves(out_dims):
        if not isinstance(each, int) and each is not None:
            raise ValueError(
                f"vmap({_name(func)}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a python "
                "collection of ints representing where in the outputs the vmapped dimension should appear."
            )


def _samples(in_dims: Any, args: tuple[Any, ...], func: Any) -> tuple[int, list[int | None], list[Any], TreeSpec]:
    """Return the number of samples, and the flat arguments with their dimensions and form.

    Raises
    ------
    ValueError
    """
    head = f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>): "
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(
            f"{head}expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, "
            f"got: {type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({_name(func)})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap "
            "over a function with no inputs. The latter is unsupported."
        )
    flat, spec = tree_flatten(args)
    dims = _broadcast_to_and_flatten(in_dims, spec)
    if dims is None:
        raise ValueError(
            f"{head}in_dims is not compatible with the structure of `inputs`. in_dims has structure "
            f"{tree_flatten(in_dims)[1]} but inputs has structure {spec}."
        )
    for k, (each, dim) in enumerate(zip(flat, dims, strict=True)):
        if dim is not None:
            dims[k] = _checked_dim(each, dim, head)
    sizes = [each.shape[dim] for each, dim in zip(flat, dims, strict=True) if dim is not None]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if len(set(sizes)) > 1:
        raise ValueError(
            "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sizes} for the mapped dimension"
        )
    return sizes[0], dims, flat, spec


def _checked_dim(value: Any, dim: Any, head: str) -> int:
    if not isinstance(dim, int):
        raise ValueError(f"{head}Got in_dim={dim} for an input but in_dim must be either an integer dimension or None.")
    if not isinstance(value, Tensor):
        raise ValueError(
            f"{head}Got in_dim={dim} for an input but the input is of type {type(value)}. We cannot vmap over "
            "non-Tensor arguments, please use None as the respective in_dim"
        )
    rank = value.dim()
    if not -rank <= dim < rank:
        raise ValueError(
            f"{head}Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {rank} so expected "
            f"in_dim to satisfy -{rank} <= in_dim < {rank}."
        )
    return dim % rank


def _mapped(
    func: Callable[..., Any],
    size: int,
    dims: list[int | None],
    flat: list[Any],
    spec: TreeSpec,
    out_dims: Any,
    randomness: str,
    kwargs: dict[str, Any],
) -> Any:
    """Call the function once, with batched tensors."""
    with Level(size, randomness) as level:
        values = [
            each if dim is None else bind(each.movedim(dim, 0), level) for each, dim in zip(flat, dims, strict=True)
        ]
        try:
            results = func(*tree_unflatten(values, spec), **kwargs)
        except NeedsValues as error:
            if level.depth:
                raise
            raise RuntimeError(*error.args).with_traceback(error.__traceback__) from None
    return _without_level(results, out_dims, level, func)


def _without_level(results: Any, out_dims: Any, level: Level, func: Any) -> Any:
    """Return the function's results with the samples at ``out_dims``."""
    leaves, spec = tree_flatten(results)

    def refuse() -> NoReturn:
        raise ValueError(
            f"vmap({_name(func)}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the structure "
            f"of `outputs`. out_dims has structure {tree_flatten(out_dims)[1]} but outputs has structure {spec}."
        )

    if isinstance(results, Tensor):
        single = isinstance(out_dims, tuple) and len(out_dims) == 1
        dims = list(out_dims) if single else [out_dims]
        if not (isinstance(dims[0], int) or dims[0] is None):
            refuse()
    else:
        found = _broadcast_to_and_flatten(out_dims, spec)
        if found is None:
            refuse()
        dims = found
    return spec.unflatten([_placed(each, dim, level, func) for each, dim in zip(leaves, dims, strict=True)])


def _placed(value: Any, dim: int | None, level: Level, func: Any) -> Any:
    name = _name(func)
    if dim is None:
        if is_batched(value, level):
            raise ValueError(f"vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None")
        return value
    if not isinstance(value, Tensor):
        raise ValueError(
            f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(value)}. Did you mean to set "
            "out_dims= to None for output?"
        )
    samples = front(value, level)
    return samples if dim == 0 else samples.movedim(0, dim)


def _chunks(
    flat: list[Any], dims: list[int | None], size: int, chunk_size: int
) -> Iterator[tuple[int, list[Any]]]:  # fmt: skip
    """Yield the number of samples and the flat arguments of one chunk after the other."""
    for start in range(0, size, chunk_size):
        count = min(chunk_size, size - start)
        yield (
            count,
            [
                each if dim is None else each.narrow(dim, start, count)
                for each, dim in zip(flat, dims, strict=True)
            ],
        )  # fmt: skip


def _joined(results: list[Any], out_dims: Any) -> Any:
    """Return the results of the chunks as one."""
    flat = [tree_leaves(each) for each in results]
    spec = tree_flatten(results[0])[1]
    dims = _broadcast_to_and_flatten(out_dims, spec)
    if dims is None:
        dims = [out_dims[0]]
    columns = zip(*flat, strict=True)
    return spec.unflatten(
        [column[0] if dim is None else cat(list(column), dim) for column, dim in zip(columns, dims, strict=True)]
    )
