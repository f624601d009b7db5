"""Tests of the kernels against slow, obvious references."""
