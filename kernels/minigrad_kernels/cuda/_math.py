"""Elementary functions for kernels: the GPU's own when compiled, NumPy's under the simulator.

Python's `math` raises where a GPU gives infinity or nan, and computes in double precision; NumPy does neither.
"""

from __future__ import annotations

from minigrad_kernels.cuda._memory import SIMULATED

if SIMULATED:
    from math import erf, erfc

    from numpy import cos, exp, expm1, fabs, isinf, isnan, log, log1p, sin, sqrt, tanh
else:
    from math import cos, erf, erfc, exp, expm1, fabs, isinf, isnan, log, log1p, sin, sqrt, tanh

__all__ = ["cos", "erf", "erfc", "exp", "expm1", "fabs", "isinf", "isnan", "log", "log1p", "sin", "sqrt", "tanh"]
