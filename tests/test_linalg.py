"""Linear algebra beyond the samples: symmetric inputs, singular ones, and the words of the errors."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

import minigrad
from minigrad import linalg
from minigrad.autograd import gradcheck, gradgradcheck


def leaf(*shape, seed=0):
    return minigrad.tensor(np.random.default_rng(seed).normal(size=shape), requires_grad=True)


def symmetric(x):
    return x + x.mT


def positive(x):
    return x @ x.mT + minigrad.eye(x.shape[-1], dtype=minigrad.float64)


def without_signs(vectors):
    """Return what does not change when an eigenvector changes its sign."""
    return vectors.abs()


SYMMETRIC = {
    "cholesky": lambda x: linalg.cholesky(positive(x)),
    "cholesky upper": lambda x: linalg.cholesky(positive(x), upper=True),
    "eigvalsh": lambda x: linalg.eigvalsh(symmetric(x)),
    "eigenvectors": lambda x: without_signs(linalg.eigh(symmetric(x))[1]),
    "svd": lambda x: without_signs(linalg.svd(x, full_matrices=False)[0]),
    "svd right": lambda x: without_signs(linalg.svd(x, full_matrices=False)[2]),
    "svd values of a wide matrix": lambda x: linalg.svdvals(x[..., :2, :]),
    "cholesky_inverse": lambda x: minigrad.cholesky_inverse(linalg.cholesky(positive(x))),
}


@pytest.mark.parametrize("name", SYMMETRIC)
@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 3)], ids=str)
def test_gradients_of_factorisations_agree_with_differences(name, shape):
    if name == "cholesky_inverse" and len(shape) > 2:
        shape = (3, 3)
    x = leaf(*shape)
    assert gradcheck(SYMMETRIC[name], (x,))
    assert gradgradcheck(SYMMETRIC[name], (x,), atol=1e-4)


@pytest.mark.parametrize("shape", [(4, 3), (3, 4)], ids=str)
def test_singular_vectors_of_tall_and_wide_matrices_have_gradients(shape):
    def projections(x):
        U, _, Vh = linalg.svd(x, full_matrices=False)
        return without_signs(U), without_signs(Vh)

    assert gradcheck(projections, (leaf(*shape),))


def test_determinant_of_a_singular_matrix_has_the_cofactors_as_gradient():
    x = minigrad.tensor([[1.0, 2.0], [2.0, 4.0]], requires_grad=True)
    linalg.det(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), [[4.0, -2.0], [-2.0, 1.0]], atol=1e-6)


def test_it_is_a_module_and_its_error_is_a_runtime_error():
    assert importlib.import_module("minigrad.linalg") is minigrad.linalg
    assert issubclass(linalg.LinAlgError, RuntimeError)


SINGULAR = minigrad.tensor([[1.0, 2.0], [2.0, 4.0]])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: linalg.inv(SINGULAR), linalg.LinAlgError, r"The diagonal element 2 is zero, the inversion could not"),
        (lambda: linalg.inv(minigrad.stack([minigrad.eye(2), SINGULAR])), linalg.LinAlgError, r"\(Batch element 1\)"),
        (
            lambda: linalg.solve(SINGULAR, minigrad.ones(2)),
            linalg.LinAlgError,
            "solver failed because the input",
        ),
        (
            lambda: linalg.cholesky(-minigrad.eye(2)),
            linalg.LinAlgError,
            "leading minor of order 1",
        ),
        (lambda: linalg.inv(minigrad.ones(2, 3)), RuntimeError, "batches of square matrices, but they are 2 by 3"),
        (lambda: linalg.inv(minigrad.ones(3)), RuntimeError, "must have at least 2 dimensions"),
        (lambda: linalg.inv(minigrad.ones(2, 2).long()), RuntimeError, "Expected a floating point .* Got Long"),
        (lambda: linalg.solve(minigrad.eye(2), minigrad.ones(3)), RuntimeError, r"\(2x2 and 3x1\)"),
        (lambda: linalg.multi_dot([minigrad.ones(2, 2)]), RuntimeError, "expected at least 2 tensors but got 1"),
        (lambda: linalg.matrix_norm(minigrad.eye(2), "x"), RuntimeError, "Order x not supported"),
        (lambda: linalg.cross(minigrad.ones(2), minigrad.ones(2)), RuntimeError, "must have length 3. Got 2 and 2"),
    ],
)
def test_bad_input_is_told_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_triangular_matrix_with_zeros_on_the_diagonal_gives_infinities():
    found = linalg.solve_triangular(minigrad.zeros(2, 2), minigrad.ones(2, 1), upper=True)
    assert not minigrad.isfinite(found).any()


def test_the_cheapest_order_of_products_is_taken():
    matrices = [leaf(30, 2), leaf(2, 40), leaf(40, 3)]
    found = linalg.multi_dot(matrices)
    np.testing.assert_allclose(found.detach().numpy(), (matrices[0] @ (matrices[1] @ matrices[2])).detach().numpy())
