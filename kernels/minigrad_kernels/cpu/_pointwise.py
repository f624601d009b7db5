"""Convolution with filters of one element: products of matrices, one an image, by BLAS.

As long as there is not much to do, that is; large products are quicker in the tiles of `conv` and on several threads.
"""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._kernel import In, Out, kernel
from minigrad_kernels.scalar._bits import wide

_MOST = 1 << 23  # multiplications


def takes(kernel, stride, padding, groups, work):
    """Whether a convolution of so many multiplications is one of these."""
    is_small = kernel[0] == groups == 1 and work <= _MOST
    return is_small and max(kernel) == max(stride) == 1 and max(padding) == min(padding) == 0


def _matrices(images):
    """Return images as matrices of channels by places."""
    count, channels = images.shape[:2]
    return images.reshape(count, channels, -1)


@kernel
def _add_to_channels_loop(out: Out, bias: In, inner: int):
    """Add to each channel of out, of `inner` elements, its bias."""
    wide()
    for i in range(out.size // inner):
        part, addend = out[i * inner : (i + 1) * inner], bias[i % bias.size]
        for j in range(part.size):
            part[j] += addend


def convolve(x, weight, bias, out):
    """Write to `out` the filters' products with the images, a bias added unless it is None."""
    product = _matrices(out)
    np.matmul(weight.reshape(weight.shape[:2]), _matrices(x), out=product)
    if bias is not None:
        _add_to_channels_loop[out.dtype](out, bias, product.shape[2])
    return out


def convolve_input(grad, weight, size):
    """Return the gradient of the images."""
    of_x = np.matmul(weight.reshape(weight.shape[:2]).T, _matrices(grad))
    return of_x.reshape(*of_x.shape[:2], *size)


def convolve_weight(x, grad, kernel):
    """Return the gradient of the filters."""
    found = np.matmul(_matrices(grad), _matrices(x).transpose(0, 2, 1))
    return (found[0] if len(found) == 1 else found.sum(0)).reshape(*found.shape[1:], *kernel)
