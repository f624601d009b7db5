"""Tests of the optimizers and schedulers."""
