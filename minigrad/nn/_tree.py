"""Walking the tree of modules and acting on all of it: the part of :class:`Module` that does so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from minigrad.autograd import no_grad
from minigrad.conversion import parse_to
from minigrad.creation import empty
from minigrad.dtypes import dtype as DType
from minigrad.tensor import Tensor

from .parameter import Parameter

if TYPE_CHECKING:
    from typing_extensions import Self

    from .module import Module

__all__ = ["TreeMethods"]


class TreeMethods:
    """Iteration over parameters, buffers and modules, and what acts on all of them; inherited by :class:`Module`."""

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]

    # ---------------------------------------------------------------------------------------------------- iteration

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Yield ``(path, module)`` for the module itself (path "") and all modules below it, parents first."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self  # type: ignore[misc]
        for name, module in self._modules.items():
            if module is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """Yield the module itself and all modules below it, each once."""
        if not remove_duplicate:
            for _, module in self.named_modules(remove_duplicate=False):
                yield module
            return
        # Without names there is nothing to build on the way: this walk is several times faster.
        seen: set[int] = set()
        waiting: list[Any] = [self]
        while waiting:
            module = waiting.pop()
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield module
                waiting.extend(reversed(module._modules.values()))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield ``(name, module)`` for the modules directly below, each once."""
        memo = set()
        for name, module in self._modules.items():
            if module is not None and module not in memo:
                memo.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """Yield the modules directly below, each once."""
        for _, module in self.named_children():
            yield module

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield ``("layer.weight", parameter)`` for the parameters of the module and, with ``recurse``, below it."""
        yield from self._named_members(lambda module: module._parameters.items(), prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield the parameters, each once, in order of definition: what an optimizer is given."""
        seen: set[int] = set()
        for module in self.modules() if recurse else (self,):
            for parameter in module._parameters.values():
                if parameter is not None and id(parameter) not in seen:
                    seen.add(id(parameter))
                    yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield ``("layer.running_mean", buffer)`` for the buffers of the module and, with ``recurse``, below it."""
        yield from self._named_members(lambda module: module._buffers.items(), prefix, recurse, remove_duplicate)

    def share_memory(self) -> Any:
        """Move all parameters and buffers into memory that processes share; return the module."""
        for each in (*self.parameters(), *self.buffers()):
            each.share_memory_()
        return self

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Yield the buffers, each once, in order of definition."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def _named_members(
        self,
        get_members_fn: Callable[[Any], Iterable[tuple[str, Any]]],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        memo: set[int] = set()
        modules: Iterable[tuple[str, Any]] = [(prefix, self)]
        if recurse:
            modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        for path, module in modules:
            for name, value in get_members_fn(module):
                if value is None or id(value) in memo:
                    continue
                if remove_duplicate:
                    memo.add(id(value))
                yield f"{path}.{name}" if path else name, value

    # ------------------------------------------------------------------------------------------------------- lookup

    def get_submodule(self, target: str) -> Module:
        """Return the module at a path such as ``"encoder.layers.0"``; "" is the module itself."""
        module: Any = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, TreeMethods):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module at a path, in place of the one there.

        Parameters
        ----------
        target : str
            A path such as ``"encoder.layers.0"``.
        module : Module
        strict : bool
            Raise where there is no module to replace.

        Raises
        ------
        ValueError
            Without a target, and for what is no module.
        AttributeError
            Where the path does not lead through modules.
        """
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, TreeMethods):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if hasattr(parent, name):
            if not isinstance(getattr(parent, name), TreeMethods):
                raise AttributeError(f"`{name}` is not an nn.Module")
        elif strict:
            raise AttributeError(f"{parent._get_name()} has no attribute `{name}`")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter at a path such as ``"encoder.weight"``."""
        _, name, value = self._resolve(target)
        if not isinstance(value, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return value

    def get_buffer(self, target: str) -> Tensor:
        """Return the buffer at a path such as ``"norm.running_mean"``."""
        module, name, value = self._resolve(target)
        if name not in module._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return value

    def _resolve(self, target: str) -> tuple[Module, str, Any]:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        return module, name, getattr(module, name)

    # ----------------------------------------------------------------------------------------------- acting on all

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call ``fn`` on every module below and then on this one, as for initialising weights; return the module."""
        for module in self.children():
            module.apply(fn)
        fn(self)  # type: ignore[arg-type]
        return self

    def train(self, mode: bool = True) -> Self:
        """Set training mode here and below (dropout and batch normalisation behave by it); return the module."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Set evaluation mode, which is ``train(False)``; return the module."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set whether the parameters are trained, as for freezing a part of a network; return the module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or with ``set_to_none=False`` fill them with zeros."""
        for parameter in self.parameters():
            grad = parameter.grad
            if grad is None:
                continue
            if set_to_none:
                parameter.grad = None
            else:
                if grad.grad_fn is not None:
                    grad.detach_()
                else:
                    grad.requires_grad_(False)
                grad.zero_()

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Move and convert the parameters and buffers, in place; return the module.

        ``to(device=None, dtype=None, non_blocking=False)``, ``to(dtype)`` or ``to(tensor)``. Only floating point
        tensors take the dtype.
        """
        device, dtype, _, non_blocking = parse_to(args, kwargs)
        if dtype is not None and not dtype.is_floating_point:
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
            )
        return self._apply(
            lambda tensor: tensor.to(device, dtype if tensor.is_floating_point() else tensor.dtype, non_blocking)
        )

    def type(self, dst_type: DType | str) -> Self:
        """Convert all parameters and buffers to a dtype; return the module."""
        return self._apply(lambda tensor: tensor.type(dst_type))

    def float(self) -> Self:
        """Convert the floating point parameters and buffers to float32; return the module."""
        return self._apply(lambda tensor: tensor.float() if tensor.is_floating_point() else tensor)

    def double(self) -> Self:
        """Convert the floating point parameters and buffers to float64; return the module."""
        return self._apply(lambda tensor: tensor.double() if tensor.is_floating_point() else tensor)

    def half(self) -> Self:
        """Convert the floating point parameters and buffers to float16; return the module."""
        return self._apply(lambda tensor: tensor.half() if tensor.is_floating_point() else tensor)

    def cpu(self) -> Self:
        """Move the parameters and buffers to the CPU; return the module."""
        return self._apply(lambda tensor: tensor.cpu())

    def cuda(self, device: Any = None) -> Self:
        """Move the parameters and buffers to a GPU; return the module."""
        return self._apply(lambda tensor: tensor.cuda(device))

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """Move the parameters and buffers to a device without copying their values; return the module."""
        return self._apply(lambda tensor: empty(tensor.shape, dtype=tensor.dtype, device=device), recurse)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Replace the data of each parameter, gradient and buffer by what ``fn`` returns for it.

        Parameters stay the objects they are, so that an optimizer made before still holds the right ones.
        """
        if recurse:
            for module in self.children():
                module._apply(fn)
        for parameter in self._parameters.values():
            if parameter is None:
                continue
            with no_grad():
                parameter.data = fn(parameter)
                if parameter.grad is not None:
                    parameter.grad.data = fn(parameter.grad)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self
