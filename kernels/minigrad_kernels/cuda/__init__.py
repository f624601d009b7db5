"""CUDA kernels, by family; the twins of `minigrad_kernels.cpu`."""
