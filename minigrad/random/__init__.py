"""Random numbers: the stream that PyTorch draws on the CPU, from the same seeds.

``stream`` makes the words, ``continuous`` and ``discrete`` turn them into arrays, and ``creation``, ``methods`` and
``sampling`` hand those out as tensors.
"""

from minigrad.random.creation import *  # noqa: F403
from minigrad.random.creation import __all__ as _creation
from minigrad.random.generator import *  # noqa: F403
from minigrad.random.generator import __all__ as _generator
from minigrad.random.methods import normal_ as _  # noqa: F401  (gives tensors their methods)
from minigrad.random.sampling import *  # noqa: F403
from minigrad.random.sampling import __all__ as _sampling
from minigrad.random.sampling import bernoulli_mask  # noqa: F401  (what dropout draws; not public)

__all__ = [*_creation, *_generator, *_sampling]
