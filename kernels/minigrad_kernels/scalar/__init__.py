"""Scalar mathematics, written once and compiled into every kernel that uses it.

`_bits` holds the machine operations that Python has no word for, `exponential` the exponential family in single and
double precision, `activation` the activation functions and their derivatives.
"""
