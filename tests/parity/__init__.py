"""Comparisons with PyTorch itself; skipped where it is not installed."""
