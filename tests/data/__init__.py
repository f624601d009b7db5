"""Tests of `minigrad.utils.data`."""
