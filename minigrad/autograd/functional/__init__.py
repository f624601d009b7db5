"""Derivatives of functions: products with vectors, whole Jacobians and Hessians.

Everything here is made of `minigrad.autograd.grad`. Forward-mode products are the derivative of the backward pass,
which is linear in the gradient that enters it (https://j-towns.github.io/2017/06/12/A-new-trick.html).
"""

from __future__ import annotations

from minigrad.autograd.functional.jacobians import hessian, jacobian
from minigrad.autograd.functional.products import hvp, jvp, vhp, vjp

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]
