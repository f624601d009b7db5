"""The base of all optimizers: parameter groups, state, and one formula for each subclass.

A subclass gives its options in ``__init__``, the first state of a parameter in ``init_state``, and the paper's formula
in ``update``. Everything else is here: groups, closures, absent gradients, writing back, range checks and hooks.
"""

from __future__ import annotations

import inspect
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar, TypeAlias

from minigrad.autograd import enable_grad
from minigrad.ops.optim import apply_update, differentiable_update, fused_update
from minigrad.tensor import Tensor

from ._checks import Checks
from ._hooks import (
    _global_optimizer_post_hooks,
    _global_optimizer_pre_hooks,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
    with_step_hooks,
)
from ._state import StateDictMethods

__all__ = [
    "Optimizer",
    "ParamsT",
    "_global_optimizer_post_hooks",
    "_global_optimizer_pre_hooks",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "required",
]

ParamsT: TypeAlias = "Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]"


class _RequiredParameter:
    """Stands in ``defaults`` for an option that every group must give."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _RequiredParameter()


class Optimizer(StateDictMethods):
    """Base class of all optimizers.

    Parameters
    ----------
    params : iterable
        Tensors, ``(name, tensor)`` pairs, or dictionaries: one a group, with ``"params"`` and the options that differ.
    defaults : dict
        The options of groups that do not give their own.

    Attributes
    ----------
    param_groups : list of dict
        The groups, with all options; changing ``group["lr"]`` changes the next step.
    state : defaultdict
        What the optimizer remembers of each parameter, keyed by the parameter itself.

    Notes
    -----
    PyTorch's switches between implementations (``foreach``, ``fused``, ``capturable``) are kept in the groups, so that
    checkpoints have the same layout, and change nothing: there is one implementation. With ``differentiable=True``
    the step itself is recorded in the graph.

    A subclass may also write its own ``step``, as in PyTorch; hooks and schedulers work with it.
    """

    #: The options that are checked, in order.
    checks: ClassVar[Checks] = {}
    #: Whether the formula treats all elements alike; it is then given flat arrays, small ones joined into one.
    is_elementwise: ClassVar[bool] = True
    #: The kernel that does what the formula says, if there is one, and the tensors of the state that it is given.
    kernel: ClassVar[str | None] = None
    kernel_arrays: ClassVar[tuple[str, ...]] = ()
    _option_names: ClassVar[tuple[str, ...]] = ()

    #: The formula: ``update(p, g, state, **options) -> new p``, written with operators and operations only, so that it
    #: works on arrays (a plain step) and on tensors (``differentiable=True``, a tracer). It stores new values in
    #: ``state`` and changes none in place. Its keyword-only parameters name the options that it is given.
    update: Callable[..., Any]

    #: ``kernel_options(state, *, maximize, **options) -> keywords of the kernel``, from the numbers of the state, among
    #: which it stores new ones.
    kernel_options: Callable[..., dict[str, Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = with_step_hooks(cls.__dict__["step"])  # type: ignore[method-assign]
        if "update" in cls.__dict__:
            parameters = inspect.signature(cls.update).parameters.values()
            cls._option_names = tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        for name, check in self.checks.items():
            check(defaults[name], defaults)
        self.defaults = defaults
        self._make_hook_dicts()
        if isinstance(params, Tensor):
            raise TypeError(
                f"params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                f"{_type_name(params)}"
            )
        self.state = defaultdict(dict)
        self.param_groups = []
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)
        if defaults.get("fused"):
            if defaults.get("differentiable"):
                raise RuntimeError("`fused` does not support `differentiable`")
            if defaults.get("foreach"):
                raise RuntimeError("`fused` and `foreach` cannot be `True` together.")

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters, with options of its own.

        Parameters
        ----------
        param_group : dict
            ``"params"``: a tensor, or an ordered collection of tensors or of ``(name, tensor)`` pairs; and any option.

        Raises
        ------
        TypeError
            For what is no dictionary, and for parameters that are no tensors.
        ValueError
            For parameters that are no leaves or belong to a group already, and for a missing option.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        _unpack(param_group)
        for param in param_group["params"]:
            if not isinstance(param, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {_type_name(param)}")
            if not self.defaults.get("differentiable") and not (param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            param_group.setdefault(name, default)

        new = {id(param) for param in param_group["params"]}
        if len(new) != len(param_group["params"]):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=3,
            )
        is_named = "param_names" in param_group
        for group in self.param_groups:
            if is_named != ("param_names" in group):
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param group "
                    f"{'with' if is_named else 'without'} names to the optimizer"
                )
        if any(id(param) in new for group in self.param_groups for param in group["params"]):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Parameters
        ----------
        set_to_none : bool
            Drop the gradients (the default) or fill them with zeros. A parameter whose gradient is None is skipped by
            the next step; one whose gradient is zero still moves by its momentum and weight decay.
        """
        for group in self.param_groups:
            for param in group["params"]:
                if set_to_none:
                    param.grad = None
                elif param.grad is not None:
                    param.grad.detach_().zero_()

    @with_step_hooks
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss and its gradients, and returns the loss; called first, with gradients enabled.

        Returns
        -------
        Tensor or None
            What the closure returned.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            self.update_group(group)
        return loss

    def update_group(self, group: dict[str, Any]) -> None:
        """Update the parameters of one group by the formula."""
        if not self._option_names:
            raise NotImplementedError(f"{type(self).__name__} has neither a formula (update) nor a step of its own")
        params = [param for param in group["params"] if param.grad is not None]
        for param in params:
            if not self.state[param]:
                self.state[param].update(self.init_state(param, group))
        options = {name: group[name] for name in self._option_names}
        maximize = group.get("maximize", False)
        if group.get("differentiable"):
            differentiable_update(self.update, params, self.state, self.scalar_state, options, maximize)
            return
        options = {name: as_number(value) for name, value in options.items()}
        if self.kernel is None:
            apply_update(
                self.update, params, self.state, self.scalar_state, options, maximize, self.is_elementwise
            )  # fmt: skip
        else:
            find = partial(self.kernel_options, maximize=maximize, **options)
            fused_update(self.kernel, params, self.state, self.kernel_arrays, self.scalar_state, find)

    def init_state(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Return what the optimizer remembers of a parameter before its first step."""
        return {}

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for number, group in enumerate(self.param_groups):
            lines += [""] * (number > 0) + [f"Parameter Group {number}"]
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([*lines, ")"])


def as_number(value: Any) -> Any:
    """Return an option as Python numbers: one-element tensors by their value, in tuples too."""
    kind = type(value)
    if kind is float or kind is int:
        return value
    if kind is tuple:
        return tuple([as_number(each) for each in value])
    return value.item() if isinstance(value, Tensor) else value


def _unpack(group: dict[str, Any]) -> None:
    """Turn what the user gave as ``params`` into a list of tensors, and the names, if any, into ``param_names``."""
    params = group["params"]
    if isinstance(params, Tensor):
        params = [params]
    elif isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
            "will change between runs. Please use a list instead."
        )
    params = list(params)
    named = [param for param in params if isinstance(param, tuple)]
    if named and len(named) != len(params):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    group["params"] = [param for _, param in named] if named else params
    if named:
        group["param_names"] = [name for name, _ in named]


def _type_name(value: Any) -> str:
    if isinstance(value, Tensor):
        return str(value.type())
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
