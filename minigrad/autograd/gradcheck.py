"""Numerical tests of gradients: central differences against what the graph computes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.autograd.backward import grad as autograd_grad
from minigrad.autograd.gradcheck_forward import check_options, forward_mismatch
from minigrad.autograd.gradcheck_jacobians import (
    GradcheckError,
    as_tuple,
    compare_directions,
    compare_jacobians,
    differentiable,
    is_checked,
)
from minigrad.ops.state import Upper

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

Array = np.ndarray[Any, Any]


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare a function's gradients with central differences ``(f(x + eps) - f(x - eps)) / (2 eps)``.

    Parameters
    ----------
    func : callable
        Takes the inputs, returns a tensor or a tuple of tensors.
    inputs : Tensor or sequence
        Those that require grad are checked; they should be float64, since float32 has too few digits for the defaults.
    eps : float
        Step of the differences, in units of the inputs.
    atol, rtol : float
        A pair passes when ``|numerical - analytical| <= atol + rtol * |numerical|``.
    raise_exception : bool
        Raise on failure; otherwise return False.
    nondet_tol : float
        How much two runs of the same backward pass may differ.
    check_undefined_grad : bool
        Check that outputs without a gradient are handled as if it were 0.
    check_grad_dtypes : bool
        Check that each gradient has its input's dtype.
    check_batched_grad : bool
        Check `autograd.grad` with ``is_grads_batched=True`` against one gradient at a time.
    check_forward_ad, check_batched_forward_grad : bool
        Check the products of the Jacobian with random vectors, of `autograd.functional.jvp`; the second with several.
    check_backward_ad : bool
        Check the gradients.
    fast_mode : bool
        Compare ``<v, J u>`` for one random pair of directions instead of every entry of the Jacobian: two evaluations
        an input whatever its size. A failure is then looked into entry by entry.
    masked : bool, optional
        Accepted for compatibility; minigrad has no sparse tensors.

    Returns
    -------
    bool
        Whether all gradients agree.

    Raises
    ------
    GradcheckError
        On failure, naming the output, the input, the worst entry and both values.
    ValueError
        When no input requires grad.
    AssertionError
        When nothing is to be checked.
    RuntimeError
        For expanded inputs, whose elements share memory.

    Notes
    -----
    At a kink (`relu` at 0) the one-sided slopes differ and no gradient passes: check away from kinks.
    """
    check_options(check_forward_ad, check_backward_ad, check_batched_grad, check_batched_forward_grad)
    try:
        if check_backward_ad:
            _check(
                func, inputs, eps, atol, rtol, nondet_tol, check_undefined_grad, check_grad_dtypes, check_batched_grad,
                fast_mode,
            )  # fmt: skip
        if check_forward_ad:
            _check_forward(func, as_tuple(inputs), eps, atol, rtol, 3 if check_batched_forward_grad else 1)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Compare the gradients of a function's gradients with central differences of the gradients.

    Parameters
    ----------
    func, inputs
        As for `gradcheck`.
    grad_outputs : Tensor or sequence of Tensor, optional
        The gradients that enter at the outputs, checked like inputs where they require grad; random ones otherwise.
    gen_non_contig_grad_outputs : bool
        Make the random ones non-contiguous.
    eps, atol, rtol, raise_exception, nondet_tol
        As for `gradcheck`.
    check_undefined_grad, check_grad_dtypes, check_batched_grad, fast_mode, masked
        As for `gradcheck`.
    check_fwd_over_rev, check_rev_over_rev : bool
        Check the derivative of the gradient in forward mode, and in reverse mode.

    Returns
    -------
    bool

    Raises
    ------
    GradcheckError
        On failure.
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    if check_batched_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_batched_grad=True requires check_rev_over_rev to be True")
    gradient_of_func, tensors = _as_function(func, inputs, grad_outputs, gen_non_contig_grad_outputs)
    try:
        if check_rev_over_rev:
            _check(
                gradient_of_func, tensors, eps, atol, rtol, nondet_tol, check_undefined_grad, check_grad_dtypes,
                check_batched_grad, fast_mode,
            )  # fmt: skip
        if check_fwd_over_rev:
            _check_forward(gradient_of_func, tensors, eps, atol, rtol, 1)
    except GradcheckError as error:
        if raise_exception:
            raise GradcheckError(f"While checking the second derivative: {error}") from error
        return False
    return True


def worst_error(
    func: Callable[..., Any], inputs: Any, *, order: int = 1, atol: float = 1e-5, rtol: float = 1e-3
) -> float:
    """Check the first or second derivative in fast mode, and return the largest error met.

    Parameters
    ----------
    func, inputs, atol, rtol
        As for `gradcheck`.
    order : int
        1 as `gradcheck` does, or 2 as `gradgradcheck`.

    Returns
    -------
    float
        The largest difference of a numerical and an analytical slope, relative to numerical slopes above 1.

    Raises
    ------
    GradcheckError
        When they differ by more than the tolerances.
    """
    if order == 2:
        func, inputs = _as_function(func, inputs, None, False)
    return _check(func, inputs, 1e-6, atol, rtol, 0.0, True, False, False, True)


def _as_function(
    func: Callable[..., Any], inputs: Any, grad_outputs: Any, non_contiguous: bool
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return the gradient of a function as a function, of the inputs and of the gradients that enter; and both."""
    tensors = as_tuple(inputs)
    outputs = differentiable(func(*tensors))
    if grad_outputs is None:
        random = np.random.default_rng(0)
        entering = tuple(_random_gradient(output, random, non_contiguous) for output in outputs)
    else:
        entering = as_tuple(grad_outputs)
    count = len(entering)

    def gradient_of_func(*args: Any) -> tuple[Any, ...]:
        given, grads = args[:-count], args[-count:]
        results = differentiable(func(*given))
        wanted = [each for each in given if is_checked(each)]
        return autograd_grad(results, wanted, grads, create_graph=True, allow_unused=True, materialize_grads=True)

    return gradient_of_func, (*tensors, *entering)


def _check(
    func: Callable[..., Any],
    inputs: Any,
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
    check_undefined_grad: bool,
    check_grad_dtypes: bool,
    check_batched_grad: bool,
    fast_mode: bool,
) -> float:
    """Raise where gradients differ; return the largest difference, relative to numerical values above 1."""
    tensors = as_tuple(inputs)
    checked = [k for k, each in enumerate(tensors) if is_checked(each)]
    if not checked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )
    for k in checked:
        if tensors[k]._array.dtype != np.float64:
            warnings.warn(
                f"Input #{k} requires gradient and is not a double precision floating point. This check will likely "
                "fail if all the inputs are not of double precision floating point.",
                stacklevel=4,
            )
        if 0 in tensors[k]._array.strides and tensors[k]._array.size > 1:
            raise RuntimeError(
                f"The {k}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                "non-overlapping to be able to compute the numerical gradients correctly. You should call .contiguous "
                "on the input before passing it to gradcheck."
            )
    outputs = differentiable(func(*tensors))
    if not outputs:
        _check_constant(func, tensors, checked, eps)
        return 0.0
    compare = compare_directions if fast_mode else compare_jacobians
    worst = max(
        compare(func, tensors, checked, i, eps, atol, rtol, nondet_tol, check_grad_dtypes) for i in range(len(outputs))
    )
    if check_undefined_grad and len(outputs) > 1:
        _check_undefined(func, tensors, checked)
    if check_batched_grad:
        _check_batched(func, tensors, checked)
    return worst


def _check_forward(
    func: Callable[..., Any], tensors: tuple[Any, ...], eps: float, atol: float, rtol: float, directions: int
) -> None:
    checked = [k for k, each in enumerate(tensors) if is_checked(each)]

    def of_checked(*values: Any) -> tuple[Any, ...]:
        given = dict(zip(checked, values, strict=True))
        return differentiable(func(*(given.get(k, each) for k, each in enumerate(tensors))))

    problem = forward_mismatch(of_checked, tuple(tensors[k] for k in checked), eps, atol, rtol, directions)
    if problem is not None:
        raise GradcheckError(problem)


def _check_constant(func: Callable[..., Any], tensors: Sequence[Any], checked: list[int], eps: float) -> None:
    """Check that outputs which do not require grad do not depend on the inputs."""

    def values() -> list[Array]:
        return [
            np.array(each._array, np.float64)
            for each in as_tuple(func(*tensors))
            if isinstance(each, Upper.Tensor) and each._array.dtype.kind == "f"
        ]

    before = values()
    for k in checked:
        array = tensors[k]._array
        saved = array.copy()
        try:
            array += eps
            after = values()
        finally:
            array[...] = saved
        for first, second in zip(before, after, strict=True):
            if np.abs(first - second).max(initial=0) > 1e-12:
                raise GradcheckError(
                    "Numerical gradient for function expected to be zero: the outputs do not require grad, but they "
                    f"change with input {k}"
                )


def _check_undefined(func: Callable[..., Any], tensors: Sequence[Any], checked: list[int]) -> None:
    """Check that leaving an output out of a backward pass is the same as giving it a gradient of 0."""
    outputs = differentiable(func(*tensors))
    wanted = [tensors[k] for k in checked]
    for index, output in enumerate(outputs):
        alone = autograd_grad(
            output, wanted, _ones_like(output), retain_graph=True, allow_unused=True, materialize_grads=True
        )
        zeros = [_ones_like(each) if k == index else _zeros_like(each) for k, each in enumerate(outputs)]
        together = autograd_grad(outputs, wanted, zeros, retain_graph=True, allow_unused=True, materialize_grads=True)
        for one, other in zip(alone, together, strict=True):
            if not np.allclose(one._array, other._array, equal_nan=True):
                raise GradcheckError(
                    "Expected backward function to handle undefined output grads as zeros: leaving out the gradient of "
                    f"outputs other than {index} changes the result"
                )


def _check_batched(func: Callable[..., Any], tensors: Sequence[Any], checked: list[int]) -> None:
    outputs = differentiable(func(*tensors))
    wanted = [tensors[k] for k in checked]
    random = np.random.default_rng(0)
    for output in outputs:
        batch = Upper.Tensor._wrap(random.random((3, *output._array.shape)).astype(output._array.dtype))
        together = autograd_grad(output, wanted, batch, retain_graph=True, allow_unused=True, is_grads_batched=True)
        for row in range(3):
            alone = autograd_grad(output, wanted, batch[row], retain_graph=True, allow_unused=True)
            for one, all_rows in zip(alone, together, strict=True):
                if one is not None and not np.allclose(one._array, all_rows._array[row]):
                    raise GradcheckError("batched gradients differ from gradients taken one at a time")


def _ones_like(tensor: Any) -> Any:
    return Upper.Tensor._wrap(np.ones(tensor._array.shape, tensor._array.dtype))


def _zeros_like(tensor: Any) -> Any:
    return Upper.Tensor._wrap(np.zeros(tensor._array.shape, tensor._array.dtype))


def _random_gradient(output: Any, random: np.random.Generator, non_contiguous: bool) -> Any:
    shape = output._array.shape
    array = random.standard_normal((*shape, 2))[..., 0] if non_contiguous else random.standard_normal(shape)
    made = Upper.Tensor._wrap(array.astype(output._array.dtype, copy=False))
    made._requires_grad = True
    return made
