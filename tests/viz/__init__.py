"""Tests of the pictures, which look at what was drawn."""
