"""Numerical kernels of minigrad: arrays in, arrays out.

Nothing here knows of tensors or gradients. `minigrad_kernels.cpu` holds the Numba kernels for the CPU; importing this
package imports neither Numba nor any kernel.
"""
