"""Numerical kernels of minigrad: arrays in, arrays out."""
