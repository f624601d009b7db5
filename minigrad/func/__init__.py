"""Transforms of functions: gradients, Jacobians and batches of pure functions, which nest in any order."""

from __future__ import annotations

from minigrad.func._batch_norm import replace_all_batch_norm_modules_
from minigrad.func._functional_call import functional_call, stack_module_state
from minigrad.func._vmap import vmap
from minigrad.func.forward import jacfwd, jvp, linearize
from minigrad.func.jacobians import hessian, jacrev
from minigrad.func.reverse import grad, grad_and_value, vjp

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "replace_all_batch_norm_modules_",
    "stack_module_state",
    "vjp",
    "vmap",
]
