"""PyTorch's own tables of test inputs, `op_db` above all, run under both libraries.

A sample of a table is converted tensor by tensor: values, dtype, strides, ``requires_grad``. Then the same form of an
operation (function, method, in-place, ``out=``, alias) runs in both, and what differs comes back as a list of words.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils import _pytree as pytree

import minigrad
import minigrad.linalg
import minigrad.nn.functional

DTYPES = ("float32", "float64", "int64", "bool", "int32", "uint8", "float16")

TOLERANCE = {torch.float16: (5e-3, 5e-3), torch.float32: (1e-4, 2e-5), torch.float64: (1e-7, 1e-7)}

KNOWN = {getattr(torch, name) for name in (*DTYPES, "int16", "int8")}

# Equal up to signs or rotations that no specification fixes.
FREE = {
    *("svd", "linalg.svd", "linalg.eigh", "svd_lowrank", "pca_lowrank"),
    *("empty", "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided"),
}


class Strange(Exception):
    """A sample needs what minigrad does not have: complex, sparse, bfloat16 tensors."""


class Translator:
    """Turns PyTorch's values into minigrad's; a tensor that is met twice becomes one tensor."""

    def __init__(self) -> None:
        self.made: dict[int, Any] = {}
        self.kept: list[Any] = []

    def __call__(self, value: Any) -> Any:
        """Return a value, or a collection of values, as minigrad's."""
        if isinstance(value, torch.Tensor):
            if id(value) not in self.made:
                self.made[id(value)] = tensor(value)
                self.kept.append(value)
            return self.made[id(value)]
        if isinstance(value, torch.Size):
            return minigrad.Size(tuple(value))
        if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
            return type(value)(self(each) for each in value)
        if isinstance(value, dict):
            return {key: self(each) for key, each in value.items()}
        if isinstance(value, torch.nn.LinearCrossEntropyOptions):
            fields = {each.name: self(getattr(value, each.name)) for each in dataclasses.fields(value)}
            return minigrad.nn.LinearCrossEntropyOptions(**fields)
        if isinstance(value, slice):
            return slice(self(value.start), self(value.stop), self(value.step))
        return constant(value)


def constant(value: Any) -> Any:
    """Return minigrad's dtype, device, layout or function for PyTorch's."""
    if isinstance(value, torch.dtype):
        name = str(value).removeprefix("torch.")
        if value not in KNOWN:
            raise Strange(name)
        return getattr(minigrad, name)
    if isinstance(value, torch.device):
        return minigrad.device(str(value))
    if isinstance(value, torch.layout):
        if value is not torch.strided:
            raise Strange(str(value))
        return minigrad.strided
    if isinstance(value, torch.memory_format):
        if not hasattr(minigrad, str(value).removeprefix("torch.")):
            raise Strange(str(value))
        return getattr(minigrad, str(value).removeprefix("torch."))
    if isinstance(value, torch.nn.Module):
        return getattr(minigrad.nn, type(value).__name__)()
    if isinstance(value, torch.Generator):
        return minigrad.Generator().manual_seed(value.initial_seed())
    if isinstance(value, complex):
        raise Strange("complex")
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType)):
        return function(value)
    return value


def tensor(value: Any) -> Any:
    """Return a tensor as minigrad's, with the same strides in a copy of the same storage."""
    if (
        value.layout is not torch.strided
        or value.device.type != "cpu"
        or value.dtype not in KNOWN
        or value.is_quantized
        or value.is_neg()
    ):
        raise Strange(str(value.dtype))
    with torch.no_grad():
        plain = value.detach()
        whole = torch.empty(0, dtype=value.dtype).set_(plain.untyped_storage()).numpy().copy()
    steps = tuple(step * whole.itemsize for step in plain.stride())
    start = whole[plain.storage_offset() :]
    array = np.lib.stride_tricks.as_strided(start, tuple(plain.shape), steps) if plain.numel() else plain.numpy().copy()
    made = minigrad.from_numpy(array)
    if isinstance(value, torch.nn.Parameter):
        made = minigrad.nn.Parameter(made, value.requires_grad)
    elif value.requires_grad:
        made.requires_grad_()
    return made


def _wrapper_set_seed(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    minigrad.manual_seed(42)
    return call(*args, **kwargs)


def function(theirs: Any) -> Any:
    """Return minigrad's function for PyTorch's: by name, or, of a Python function of the tables, made again."""
    module = getattr(theirs, "__module__", "") or ""
    if isinstance(theirs, types.FunctionType) and module.startswith("torch.testing"):
        scope = {**theirs.__globals__, "torch": minigrad, "wrapper_set_seed": _wrapper_set_seed}
        cells = [types.CellType(constant(cell.cell_contents)) for cell in theirs.__closure__ or ()]
        made = types.FunctionType(theirs.__code__, scope, theirs.__name__, theirs.__defaults__, tuple(cells))
        made.__kwdefaults__ = theirs.__kwdefaults__
        return made
    return theirs


def find(name: str) -> Any:
    """Return minigrad's function of a dotted name: a function, a method, or a property as a function."""
    place: Any = minigrad
    for part in name.split("."):
        place = getattr(place, part, None)
        if place is None:
            break
    if place is not None:
        return place
    found = getattr(minigrad.Tensor, name, None)
    if isinstance(found, property):
        return found.fget
    return found


def our_form(info: Any, theirs: Any, kind: str) -> Any:
    """Return minigrad's form of an operation, None where it is missing."""
    if isinstance(theirs, functools.partial):
        ours = find(f"nn.functional.{theirs.func.__name__}")
        return functools.partial(ours, *theirs.args, **theirs.keywords)
    if isinstance(theirs, types.FunctionType) and (theirs.__module__ or "").startswith("torch.testing"):
        return function(theirs)
    if kind == "function":
        return find(info.name)
    return getattr(minigrad.Tensor, theirs.__name__, None)


class Run(NamedTuple):
    """What one call gave in one of the libraries."""

    results: list[Any]
    fields: Any
    error: Exception | None
    leaves: list[Any]


def _flat(result: Any) -> list[Any]:
    if isinstance(result, (torch.Size, minigrad.Size)):
        return [tuple(result)]
    if isinstance(result, (tuple, list)):
        return [one for each in result for one in _flat(each)]
    return [result]


def _tensors(values: Any) -> list[Any]:
    found = []
    for each in pytree.tree_leaves(values):
        if isinstance(each, (torch.Tensor, minigrad.Tensor)) and all(each is not one for one in found):
            found.append(each)
    return found


def run(call: Callable[..., Any], args: Any, kwargs: Any, library: Any) -> Run:
    """Call a function with recording of its results or its error."""
    leaves = [each for each in _tensors((args, kwargs)) if each.requires_grad and each.is_leaf]
    library.manual_seed(7)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = call(*args, **kwargs)
    except Exception as error:
        return Run([], None, error, leaves)
    return Run(_flat(result), getattr(result, "_fields", None) or _names(result), None, leaves)


def _names(result: Any) -> Any:
    if type(result).__module__ == "torch.return_types":
        return tuple(
            name for name in dir(type(result)) if isinstance(getattr(type(result), name), types.MemberDescriptorType)
        )
    return None


def _close(mine: Any, other: Any, dtype: Any) -> bool:
    rtol, atol = TOLERANCE.get(dtype, (0, 0))
    return bool(np.allclose(mine, other, rtol, atol, equal_nan=True))


def differences(ours: Run, theirs: Run, values: bool = True) -> list[str]:
    """Compare two runs; return what differs, in words that begin with the kind."""
    if theirs.error is not None:
        if ours.error is None:
            return [f"should raise: {theirs.error!r:.150}"]
        if type(ours.error).__name__ != type(theirs.error).__name__:
            return [f"error type: {ours.error!r:.150} for {theirs.error!r:.150}"]
        return []
    if ours.error is not None:
        return [f"raises: {ours.error!r:.200}"]
    if len(ours.results) != len(theirs.results):
        return [f"count: {len(ours.results)} for {len(theirs.results)}"]
    found = []
    if theirs.fields and set(theirs.fields) - {"n_fields"} != set(ours.fields or ()):
        found.append(f"fields: {ours.fields} for {theirs.fields}")
    for mine, other in zip(ours.results, theirs.results, strict=True):
        found += _compare(mine, other, values)
    return found


def _compare(mine: Any, other: Any, values: bool) -> list[str]:
    if not isinstance(other, torch.Tensor):
        if isinstance(other, torch.dtype):
            return [] if repr(mine) == repr(other) else [f"value: {mine} for {other}"]
        if isinstance(mine, minigrad.Tensor):
            return [f"value: Tensor for {other!r}"]
        same = mine == other or (mine != mine and other != other)
        if not same and isinstance(other, float):
            same = bool(np.isclose(mine, other, 1e-5, 1e-6))
        return [] if same and type(mine).__name__ == type(other).__name__ else [f"value: {mine!r} for {other!r}"]
    if not isinstance(mine, minigrad.Tensor):
        return [f"value: {type(mine).__name__} for Tensor"]
    if repr(mine.dtype) != repr(other.dtype):
        return [f"dtype: {mine.dtype} for {other.dtype}"]
    if tuple(mine.shape) != tuple(other.shape):
        return [f"shape: {tuple(mine.shape)} for {tuple(other.shape)}"]
    found = []
    if mine.requires_grad != other.requires_grad:
        found.append(f"requires_grad: {mine.requires_grad} for {other.requires_grad}")
    left, right = mine.detach().numpy(), other.detach().resolve_neg().numpy()
    if values and not _close(left, right, other.dtype):
        found.append(f"value: {_show(left, right)}")
    return found


def _show(left: Any, right: Any) -> str:
    left, right = np.broadcast_arrays(left, right)
    with np.errstate(all="ignore"):
        different = ~np.isclose(left, right, 1e-5, 1e-5, equal_nan=True)
    places = np.argwhere(different)[:3].tolist()
    pairs = [(left[tuple(p)].item(), right[tuple(p)].item()) for p in places]
    return f"{int(different.sum())}/{left.size} at {places}: {pairs} (ours, theirs)"


class _Gradients:
    """First and second gradients of one run, with fixed random weights."""

    def __init__(self, library: Any, run: Run) -> None:
        self.library = library
        self.leaves = run.leaves
        self.outs = [
            each
            for each in run.results
            if isinstance(each, library.Tensor) and each.requires_grad and each.is_floating_point()
        ]
        self.random = np.random.default_rng(3)

    def weights(self, tensors: list[Any], wanted: bool) -> list[Any]:
        made = []
        for each in tensors:
            draw = np.asarray(self.random.uniform(-1, 1, tuple(each.shape)), each.detach().numpy().dtype)
            made.append(self.library.from_numpy(draw).requires_grad_(wanted))
        return made

    def first(self, create_graph: bool) -> list[Any]:
        self.cotangents = self.weights(self.outs, create_graph)
        return list(
            self.library.autograd.grad(
                self.outs, self.leaves, self.cotangents, allow_unused=True, create_graph=create_graph
            )
        )

    def second(self, first: list[Any]) -> list[Any]:
        grads = [each for each in first if each is not None and each.requires_grad]
        if not grads:
            return []
        return list(
            self.library.autograd.grad(
                grads, [*self.leaves, *self.cotangents], self.weights(grads, False), allow_unused=True
            )
        )


def _attempt(call: Callable[[], Any]) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return call()
    except Exception as error:
        return error


def gradient_differences(ours: Run, theirs: Run, second: bool) -> list[str]:
    """Compare the gradients of two runs that gave the same results."""
    mine, other = _Gradients(minigrad, ours), _Gradients(torch, theirs)
    if not other.outs or not other.leaves:
        return []
    left, right = _attempt(lambda: mine.first(second)), _attempt(lambda: other.first(second))
    found = _compare_gradients(left, right, "grad", other.leaves)
    if found or not second or isinstance(right, Exception):
        return found
    left2, right2 = _attempt(lambda: mine.second(left)), _attempt(lambda: other.second(right))
    if isinstance(right2, list) and isinstance(left2, list) and not (left2 and right2):
        # One of the two has a constant gradient: the other's second ones must be zero.
        zero = all(each is None or not np.any(each.detach().numpy(force=True)) for each in left2 or right2)
        return [] if zero else ["gradgrad: only one library has second gradients"]
    return _compare_gradients(left2, right2, "gradgrad", [*other.leaves, *other.cotangents])


def _compare_gradients(left: Any, right: Any, kind: str, leaves: list[Any]) -> list[str]:
    if isinstance(right, Exception):
        return [] if isinstance(left, Exception) else [f"{kind} should raise: {right!r:.150}"]
    if isinstance(left, Exception):
        return [f"{kind} raises: {left!r:.200}"]
    found = []
    for mine, other, leaf in zip(left, right, leaves, strict=True):
        zero = np.zeros(tuple(leaf.shape))
        one = zero if mine is None else mine.detach().numpy()
        two = zero if other is None else other.detach().numpy(force=True)
        rtol, atol = TOLERANCE[leaf.dtype]
        if one.shape != two.shape or not np.allclose(one, two, 10 * rtol, 10 * atol, equal_nan=True):
            found.append(f"{kind}: {_show(one, two)}" if one.shape == two.shape else f"{kind} shape")
    return found


def processed(run: Run, process: Callable[..., Any], library: Any) -> Run:
    """Apply what a sample says to do before differentiating (a choice of signs, a part of a factorisation)."""
    if library is minigrad:
        process = function(process)
    try:
        value = process(tuple(run.results) if len(run.results) != 1 else run.results[0])
    except Exception:
        return run
    return run._replace(results=_flat(value))


def _copied(sample: Any) -> tuple[Any, Any]:
    """Return a sample's arguments as fresh PyTorch tensors of the same layout."""
    memo: dict[int, Any] = {}

    def copy(value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            return value
        if value.layout is not torch.strided or value.device.type != "cpu":
            raise Strange(str(value.device))
        if id(value) not in memo:
            with torch.no_grad():
                memo[id(value)] = torch.empty(0, dtype=value.dtype).set_(
                    value.detach().untyped_storage().clone(), value.storage_offset(), value.shape, value.stride()
                )
            if isinstance(value, torch.nn.Parameter):
                memo[id(value)] = torch.nn.Parameter(memo[id(value)], value.requires_grad)
            else:
                memo[id(value)].requires_grad_(value.requires_grad)
        return memo[id(value)]

    def walk(value: Any) -> Any:
        if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
            return type(value)(walk(each) for each in value)
        if isinstance(value, slice):
            return slice(walk(value.start), walk(value.stop), walk(value.step))
        return copy(value)

    args = (walk(sample.input), *(walk(each) for each in sample.args))
    return args, {key: walk(each) for key, each in sample.kwargs.items()}


def both(
    info: Any, sample: Any, theirs: Any, ours: Any, wrap: Callable[[Any, Any], Any] | None = None
) -> tuple[Run, Run]:
    """Run a form of an operation on a sample in both libraries."""
    args, kwargs = _copied(sample)
    translate = Translator()
    our_args, our_kwargs = translate(args), translate(kwargs)
    wrap = wrap or (lambda call, library: call)
    return (
        run(wrap(ours, minigrad), our_args, our_kwargs, minigrad),
        run(wrap(theirs, torch), args, kwargs, torch),
    )


def check_function(info: Any, sample: Any, gradients: bool = True) -> list[str]:
    """Compare values, first and second gradients of the function."""
    ours = our_form(info, info.op, "function")
    if ours is None:
        return ["missing"]
    mine, other = both(info, sample, info.op, ours)
    free = info.name in FREE
    found = differences(mine, other, values=not free)
    if found or other.error is not None or not gradients:
        return found
    if free and info.name.startswith(("empty", "new_empty")):
        return found
    process = sample.output_process_fn_grad
    mine, other = processed(mine, process, minigrad), processed(other, process, torch)
    return gradient_differences(mine, other, info.supports_gradgrad)


def check_variant(info: Any, sample: Any, kind: str) -> list[str]:
    """Compare the method or the in-place form."""
    theirs = info.method_variant if kind == "method" else info.inplace_variant
    if theirs is None or not isinstance(sample.input, (torch.Tensor, list, tuple)):
        return []
    ours = our_form(info, theirs, kind)
    if ours is None:
        return [f"{kind} missing"]

    def wrap(call: Any, library: Any) -> Any:
        if kind != "inplace":
            return call
        return lambda first, *args, **kwargs: call(
            first.clone() if isinstance(first, library.Tensor) else first, *args, **kwargs
        )

    mine, other = both(info, sample, theirs, ours, wrap)
    found = differences(mine, other, values=info.name not in FREE)
    if not found and other.error is None and kind == "inplace" and mine.leaves:
        found = gradient_differences(mine, other, False)
    return [f"{kind} {each}" for each in found]


def _writing(call: Any, library: Any, results: list[Any], how: str) -> Any:
    """Return a function that calls another one with ``out=``: of the right shape, of none, or of dtype float64."""

    def write(*args: Any, **kwargs: Any) -> Any:
        outs = []
        for each in results:
            name = how if how == "float64" else str(each.dtype).removeprefix("torch.")
            shape = (0,) if how == "empty" else tuple(each.shape)
            outs.append(library.zeros(shape, dtype=getattr(library, name)))
        target = outs[0] if len(outs) == 1 else tuple(outs)
        with library.no_grad():
            return [call(*args, **kwargs, out=target), target]

    return write


def check_out(info: Any, sample: Any) -> list[str]:
    """Compare ``out=`` of the right shape, of none, and of another floating dtype."""
    if not info.supports_out:
        return []
    ours = our_form(info, info.op, "function")
    if ours is None:
        return []
    with torch.no_grad():
        args, kwargs = _copied(sample)
        plain = run(info.op, args, kwargs, torch)
    if plain.error is not None or not all(isinstance(each, torch.Tensor) for each in plain.results):
        return []
    found = []
    for how in ("right", "empty", "float64"):

        def wrap(call: Any, library: Any, how: str = how) -> Any:
            return _writing(call, library, plain.results, how)

        mine, other = both(info, sample, info.op, ours, wrap)
        exact = how != "float64" and info.name not in FREE
        found += [f"out {how} {each}" for each in differences(mine, other, values=exact)]
    return found


def samples(info: Any, dtype: Any, reference: bool = False) -> Iterator[Any]:
    """Yield an operation's samples of one dtype."""
    wanted = dtype.is_floating_point and info.supports_autograd
    make = info.reference_inputs if reference else info.sample_inputs
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield from make("cpu", dtype, requires_grad=wanted)


def check_error(info: Any, error_input: Any) -> list[str]:
    """Compare one input that must be refused."""
    ours = our_form(info, info.op, "function")
    if ours is None:
        return ["missing"]
    mine, other = both(info, error_input.sample_input, info.op, ours)
    if other.error is None:
        return []
    if mine.error is None:
        return [f"should raise: {other.error!r:.200}"]
    if type(mine.error).__name__ != type(other.error).__name__:
        return [f"error type: {mine.error!r:.200} for {other.error!r:.200}"]
    if not re.search(error_input.error_regex, str(mine.error)):
        return [f"error text: {str(mine.error)[:200]!r} for {str(other.error)[:200]!r}"]
    return []
