"""Full backward hooks: what sees the gradients at the border of a module."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from minigrad.autograd import Function, is_grad_enabled
from minigrad.tensor import Tensor

__all__ = ["BackwardHooks"]

Hook = Callable[..., Any]


class Border(Function):
    """The identity on several tensors, whose backward hands all of their gradients to one function."""

    @staticmethod
    def forward(ctx: Any, on_backward: Hook, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Return views of the tensors, so that a node of this function stands between them and their users."""
        ctx.on_backward = on_backward
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*[tensor for tensor in tensors if not tensor.requires_grad])
        return tuple(tensor.view_as(tensor) for tensor in tensors)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Any, ...]:
        """Let the function see, and perhaps replace, the gradients."""
        return (None, *ctx.on_backward(grads))


class BackwardHooks:
    """The backward hooks of one call of a module.

    A `Border` around the outputs tells when their gradients are known, another around the inputs when theirs are.

    Parameters
    ----------
    module : Module
    hooks : sequence of callable
        Called ``hook(module, grad_input, grad_output)``.
    pre_hooks : sequence of callable
        Called ``hook(module, grad_output)``.
    """

    def __init__(self, module: Any, hooks: Sequence[Hook], pre_hooks: Sequence[Hook]) -> None:
        self.module = module
        self.hooks = hooks
        self.pre_hooks = pre_hooks
        self.n_inputs = 0
        self.inputs: list[int] | None = None
        self.grad_output: tuple[Any, ...] | None = None

    def watch_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the arguments with their tensors behind a border."""
        self.n_inputs = len(args)
        args, self.inputs = _behind_border(args, self.on_grad_input)
        return args

    def watch_outputs(self, result: Any) -> Any:
        """Return the forward's result with its tensors behind a border."""
        if not isinstance(result, (Tensor, tuple)):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received "
                f"{type(result)}",
                stacklevel=4,
            )
        outputs = result if isinstance(result, tuple) else (result,)
        size = len(outputs)
        outputs, places = _behind_border(outputs, lambda grads: self.on_grad_output(grads, places, size))
        return outputs if isinstance(result, tuple) else outputs[0]

    def on_grad_output(self, grads: tuple[Any, ...], places: Any, size: int) -> tuple[Any, ...]:
        """Run the pre-hooks; without inputs that require grad, the hooks too."""
        grad_output = _spread(grads, places, size)
        for pre_hook in self.pre_hooks:
            replaced = pre_hook(self.module, grad_output)
            if replaced is not None:
                replaced = replaced if isinstance(replaced, tuple) else (replaced,)
                if len(replaced) != size:
                    raise RuntimeError(
                        "Backward pre hook returned an invalid number of grad_output, "
                        f"got {len(replaced)}, but expected {size}"
                    )
                grad_output = replaced
        if self.inputs is not None:
            self.grad_output = grad_output
        elif self.hooks:
            self._run_without_inputs(grad_output)
        return tuple(grad_output[place] for place in places)

    def _run_without_inputs(self, grad_output: tuple[Any, ...]) -> None:
        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module outputs since no inputs "
            "require gradients.",
            stacklevel=2,
        )
        for hook in self.hooks:
            replaced = hook(self.module, (None,) * self.n_inputs, grad_output)
            if replaced is not None and any(each is not None for each in replaced):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return None or None for "
                    "all gradients."
                )

    def on_grad_input(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        """Run the hooks: the module's gradients are complete."""
        grad_output, self.grad_output = self.grad_output, None
        if grad_output is None:  # the gradient came around the outputs, not through them
            return grads
        assert self.inputs is not None
        grad_input = _spread(grads, self.inputs, self.n_inputs)
        for hook in self.hooks:
            replaced = hook(self.module, grad_input, grad_output)
            if replaced is not None:
                replaced = replaced if isinstance(replaced, tuple) else (replaced,)
                if len(replaced) != self.n_inputs:
                    raise RuntimeError(
                        "Backward hook returned an invalid number of grad_input, "
                        f"got {len(replaced)}, but expected {self.n_inputs}"
                    )
                grad_input = replaced
        return tuple(grad_input[place] for place in self.inputs)


def _behind_border(values: tuple[Any, ...], on_backward: Hook) -> tuple[tuple[Any, ...], list[int] | None]:
    """Pass the tensors of a tuple through one border; return the new tuple and the tensors' places in it.

    Where nothing requires grad there is no backward to see: the places are None.
    """
    places = [place for place, value in enumerate(values) if isinstance(value, Tensor)]
    if not (is_grad_enabled() and any(values[place].requires_grad for place in places)):
        return values, None
    passed = Border.apply(on_backward, *(values[place] for place in places))
    replaced = list(values)
    for place, value in zip(places, passed, strict=True):
        replaced[place] = value
    if type(values) is tuple:
        return tuple(replaced), places
    return type(values)(*replaced), places  # a named tuple stays one


def _spread(values: tuple[Any, ...], places: list[int], size: int) -> tuple[Any, ...]:
    spread: list[Any] = [None] * size
    for place, value in zip(places, values, strict=True):
        spread[place] = value
    return tuple(spread)
