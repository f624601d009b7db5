"""Layers, losses and the containers that hold them together: PyTorch's ``torch.nn``."""

from __future__ import annotations

from . import functional, init
from .containers import ModuleDict, ModuleList, Sequential
from .linear import Identity, Linear
from .module import Module
from .parameter import Buffer, Parameter
from .parameter_containers import ParameterDict, ParameterList
