"""Parameters that are computed: ``layer.weight`` becomes a function of what is trained in its place.

``register_parametrization(layer, "weight", f)`` files the weight under ``layer.parametrizations.weight.original`` and
makes ``layer.weight`` a property that gives ``f(original)``. The property belongs to a class made for this one module.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from minigrad.autograd import no_grad
from minigrad.nn.containers import ModuleDict, ModuleList
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]


class _Cache:
    """The values computed since the outermost `cached` began; by module and name."""

    depth = 0
    values: dict[tuple[int, str], Any] = {}  # noqa: RUF012


@contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized tensor only once within the ``with`` block, as for the cells of a recurrent network."""
    _Cache.depth += 1
    try:
        yield
    finally:
        _Cache.depth -= 1
        if not _Cache.depth:
            _Cache.values = {}


class ParametrizationList(ModuleList):
    """The functions that make one tensor of a module, and what they make it from.

    Parameters
    ----------
    modules : sequence of Module
        The first gets the original tensor (or tensors), each of the others what the one before returned.
    original : Tensor
        The tensor before; it is passed through the modules' ``right_inverse``, where they have one.
    unsafe : bool
        Whether the result may have another shape or dtype.

    Attributes
    ----------
    original : Parameter or Tensor
        Or ``original0``, ``original1``, ..., where a ``right_inverse`` returned several.
    """

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        with no_grad():
            new: Any = original
            for module in reversed(self._chain()):
                if hasattr(module, "right_inverse"):
                    try:
                        new = module.right_inverse(new)
                    except NotImplementedError:  # it may be used forward all the same
                        continue
        if not isinstance(new, (Tensor, Sequence)):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got "
                f"{type(new).__name__}"
            )
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            self._file_one(original, new)
        else:
            self._file_several(original, list(new))
        if not unsafe:
            _check_result(
                self(),
                shape,
                dtype,
                "A parametrization must return a tensor. Got {}.",
                "Registering a parametrization may not change the {kind} of the tensor, unless `unsafe` flag is "
                "enabled.\nunparametrized {kind}: {old}\nparametrized {kind}: {new}",
            )

    def _chain(self) -> list[Any]:
        return list(self._modules.values())

    def _file_one(self, original: Tensor, new: Any) -> None:
        for kind in ("dtype", "device"):
            old, now = getattr(original, kind), getattr(new, kind)
            if old != now:
                raise ValueError(
                    f"When `right_inverse` outputs one tensor, it may not change the {kind}.\noriginal.{kind}: {old}\n"
                    f"right_inverse(original).{kind}: {now}"
                )
        original.data = new.data  # the optimizer may hold it already
        _register(self, "original", original)

    def _file_several(self, original: Tensor, new: Sequence[Any]) -> None:
        for k, each in enumerate(new):
            if not isinstance(each, Tensor):
                raise ValueError(
                    "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got element "
                    f"{k} of the sequence with type {type(each).__name__}."
                )
            if isinstance(original, Parameter):
                each = Parameter(each, original.requires_grad)
            each.requires_grad_(original.requires_grad)
            _register(self, f"original{k}", each)

    def right_inverse(self, value: Tensor) -> None:
        """Set the original tensors so that the parametrized one becomes ``value``.

        Raises
        ------
        RuntimeError
            When one of the modules has no ``right_inverse``.
        """
        given: Any = value
        with no_grad():
            for module in reversed(self._chain()):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
                given = module.right_inverse(given)
            if self.is_tensor:
                self._set_one(given)
            else:
                self._set_several(given)

    def _set_one(self, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise ValueError(f"`right_inverse` should return a tensor. Got {type(value).__name__}")
        if value.dtype != self.original.dtype:
            raise ValueError(
                f"The tensor returned by `right_inverse` has dtype {value.dtype} while `original` has dtype "
                f"{self.original.dtype}"
            )
        self.original.data = value.data

    def _set_several(self, values: Any) -> None:
        if not isinstance(values, Sequence):
            raise ValueError(f"'right_inverse' must return a sequence of tensors. Got {type(values).__name__}.")
        if len(values) != self.ntensors:
            raise ValueError(
                f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. Got a sequence of "
                f"length {len(values)}."
            )
        for k, value in enumerate(values):
            original = getattr(self, f"original{k}")
            if not isinstance(value, Tensor):
                raise ValueError(
                    "'right_inverse' must return a sequence of tensors or reference-type opaques. Got element "
                    f"{k} of type {type(value).__name__}."
                )
            if value.dtype != original.dtype:
                raise ValueError(
                    f"Tensor {k} returned by `right_inverse` has dtype {value.dtype} while `original{k}` has dtype "
                    f"{original.dtype}"
                )
            original.data = value.data

    def forward(self) -> Any:
        """Return the tensor, computed from the originals."""
        first, *others = self._chain()
        if self.is_tensor:
            value = first(self.original)
        else:
            value = first(*(getattr(self, f"original{k}") for k in range(self.ntensors)))
        for module in others:
            value = module(value)
        return value


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Let a tensor of a module be the result of another module; of several, in the order of their registration.

    Parameters
    ----------
    module : Module
    tensor_name : str
        A parameter or buffer of ``module``.
    parametrization : Module
        Called with the original tensor. A method ``right_inverse`` makes the tensor assignable, and finds the original
        to begin with.
    unsafe : bool
        Allow another shape or dtype, and do not try the parametrization now.

    Returns
    -------
    Module
        ``module``, of a class of its own: ``ParametrizedLinear``.

    Raises
    ------
    ValueError
        For a name that is neither a parameter, a buffer nor parametrised.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _try(module, tensor_name, parametrization)
        chain: Any = module.parametrizations[tensor_name]
        chain.append(parametrization)
        chain.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        chain = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _give_own_class(module)
            module.parametrizations = ModuleDict()
        setattr(type(module), tensor_name, _property(tensor_name))
        module.parametrizations[tensor_name] = chain
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name "
            f"'{tensor_name}'"
        )
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a tensor of a module is parametrized; without a name, whether any is."""
    found = module.__dict__.get("parametrizations")
    if not isinstance(found, ModuleDict):
        return False
    return len(found) > 0 if tensor_name is None else tensor_name in found


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make a parametrized tensor an ordinary one again.

    Parameters
    ----------
    module : Module
    tensor_name : str
    leave_parametrized : bool
        Keep the value that the parametrization gave last, instead of the original one.

    Returns
    -------
    Module
        ``module``, of its former class when no other tensor is parametrized.

    Raises
    ------
    ValueError
        For a tensor that is not parametrised, or made of several that cannot take its place.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    chain: Any = module.parametrizations[tensor_name]
    if chain.is_tensor:
        original = chain.original
        if leave_parametrized:
            with no_grad():
                original.data = getattr(module, tensor_name).data
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        original = Parameter(value) if value.requires_grad else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a "
            "sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type_before_parametrizations(module)
    return module


def type_before_parametrizations(module: Module) -> type:
    """Return the class that a module had before its first parametrization."""
    kind = type(module)
    return kind.__bases__[0] if "_is_parametrized_class" in vars(kind) else kind


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Give a module the parametrizations of another, and the tensors that they are computed from.

    Parameters
    ----------
    from_module, to_module : Module
    tensor_name : str, optional
        Only this tensor's.
    """
    if not is_parametrized(from_module):
        return to_module
    chains: Any = from_module.parametrizations
    for name in chains if tensor_name is None else [tensor_name]:
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name)))
        for parametrization in chains[name]:
            register_parametrization(to_module, name, parametrization)
        target: Any = to_module.parametrizations[name]
        for kind in ("_parameters", "_buffers"):
            for original, value in getattr(chains[name], kind).items():
                setattr(target, original, value)
    return to_module


def _register(module: Module, name: str, value: Tensor) -> None:
    if isinstance(value, Parameter):
        module.register_parameter(name, value)
    else:
        module.register_buffer(name, value)


def _give_own_class(module: Module) -> None:
    """Put a class between a module and its class, which is to hold the properties of this module alone."""
    kind = type(module)

    def getstate(self: Any) -> Any:
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict(). See:\n"
            "https://pytorch.org/tutorials/beginner/saving_loading_models.html"
            "#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training"
        )

    def deepcopy(self: Any, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = twin = object.__new__(type(self))
            twin.__setstate__(copy.deepcopy(kind.__getstate__(self), memo))
        return memo[id(self)]

    members: dict[str, Any] = {"__getstate__": getstate, "_is_parametrized_class": True, "__module__": kind.__module__}
    if not hasattr(kind, "__deepcopy__"):
        members["__deepcopy__"] = deepcopy
    module.__class__ = type(f"Parametrized{kind.__name__}", (kind,), members)


def _property(name: str) -> property:
    """Return the property that computes a tensor, and sets what it is computed from."""

    def get(self: Any) -> Any:
        chain = self.parametrizations[name]
        if not _Cache.depth:
            return chain()
        key = (id(self), name)
        if key not in _Cache.values:
            _Cache.values[key] = chain()
        return _Cache.values[key]

    def set_original(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(get, set_original)


def _check_result(value: Any, shape: Any, dtype: Any, no_tensor: str, changed: str) -> None:
    """Refuse what a parametrization returned if it is no tensor, or of another dtype or shape."""
    if not isinstance(value, Tensor):
        raise ValueError(no_tensor.format(type(value).__name__))
    for kind, old, new in (("dtype", dtype, value.dtype), ("shape", shape, value.shape)):
        if old != new:
            raise ValueError(changed.format(kind=kind, old=old, new=new))


def _try(module: Module, name: str, parametrization: Any) -> None:
    """Refuse a further parametrization that changes dtype or shape, forward or backward."""
    before = getattr(module, name)
    after = parametrization(before)
    _check_result(
        after,
        before.shape,
        before.dtype,
        "A parametrization must return a tensor. Got {}.",
        "Registering a parametrization may not change the {kind} of the tensor, unless the `unsafe` flag is enabled.\n"
        f"module.{name}.{{kind}}: {{old}}\nparametrization(module.{name}).{{kind}}: {{new}}",
    )
    if hasattr(parametrization, "right_inverse"):
        try:
            back = parametrization.right_inverse(after)
        except NotImplementedError:
            return
        _check_result(
            back,
            before.shape,
            before.dtype,
            "parametrization.right_inverse must return a tensor. Got: {}",
            "The tensor returned by parametrization.right_inverse must have the same {kind} as "
            f"module.{name}, unless the `unsafe` flag is enabled.\nmodule.{name}.{{kind}}: {{old}}\n"
            "returned {kind}: {new}",
        )
