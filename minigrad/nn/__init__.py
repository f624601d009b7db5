"""Layers, losses and the containers that hold them together: PyTorch's ``torch.nn``."""

from __future__ import annotations

from . import functional, init, utils
from .activation import *
from .containers import ModuleDict, ModuleList, Sequential
from .distance import *
from .dropout import *
from .embedding import *
from .flatten import *
from .linear import *
from .loss import *
from .margin_loss import *
from .module import Module
from .normalization import *
from .batchnorm import *
from .parameter import Buffer, Parameter
from .parameter_containers import ParameterDict, ParameterList
