"""`no_grad` and its kin, and anomaly mode."""

from __future__ import annotations

import threading

import pytest

import minigrad as torch


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_recording_is_off_inside_and_on_again_after(mode):
    x = torch.ones(2, requires_grad=True)
    with mode():
        y = x * 2
        with torch.enable_grad():
            z = x * 2
    assert (y.requires_grad, z.requires_grad) == (False, True)
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()


@pytest.mark.parametrize(
    "decorate",
    [torch.no_grad, torch.no_grad(), torch.inference_mode, lambda function: torch.set_grad_enabled(False)(function)],
)
def test_decorators_work_with_and_without_parentheses(decorate):
    @decorate
    def recording():
        """Say whether operations are recorded."""
        return torch.is_grad_enabled()

    assert recording() is False
    assert recording.__name__ == "recording"
    assert torch.is_grad_enabled()


def test_an_exception_leaves_the_mode_as_it_was():
    with pytest.raises(ValueError, match="boom"), torch.no_grad():
        raise ValueError("boom")
    assert torch.is_grad_enabled()


def test_set_grad_enabled_works_as_a_function():
    torch.set_grad_enabled(False)
    assert not torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    assert torch.is_grad_enabled()
    with pytest.raises(TypeError, match="must be bool, not int"):
        torch.set_grad_enabled(1)


def test_a_decorated_generator_computes_in_the_mode_and_its_caller_outside():
    closed = []

    @torch.no_grad()
    def steps():
        try:
            got = yield torch.is_grad_enabled()
            try:
                yield got, torch.is_grad_enabled()
            except KeyError:
                yield "caught", torch.is_grad_enabled()
        finally:
            closed.append(torch.is_grad_enabled())

    generator = steps()
    assert next(generator) is False
    assert torch.is_grad_enabled()
    assert generator.send(7) == (7, False)
    assert generator.throw(KeyError()) == ("caught", False)
    generator.close()
    assert closed == [False]
    assert torch.is_grad_enabled()


def test_modes_belong_to_a_thread():
    seen = []
    with torch.no_grad():
        thread = threading.Thread(target=lambda: seen.append(torch.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_anomaly_mode_shows_the_line_whose_gradient_is_nan():
    x = torch.tensor(0.0, requires_grad=True)
    with torch.autograd.set_detect_anomaly(True):
        y = x.sqrt() * 0  # this line makes the NaN
        with (
            pytest.warns(UserWarning, match=r"(?s)Error detected in SqrtBackward0.*this line makes the NaN"),
            pytest.raises(RuntimeError, match="Function 'SqrtBackward0' returned nan values in its 0th output"),
        ):
            y.backward()
    assert not torch.is_anomaly_enabled()


def test_anomaly_mode_can_leave_nan_alone():
    x = torch.tensor(0.0, requires_grad=True)
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        (x.sqrt() * 0).backward()
    assert x.grad.isnan()


def test_detect_anomaly_warns_of_its_cost():
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"), torch.autograd.detect_anomaly():
        assert torch.is_anomaly_enabled()
    assert not torch.is_anomaly_enabled()


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.uint8])
def test_only_floating_point_tensors_require_grad(dtype):
    with pytest.raises(RuntimeError, match="only Tensors of floating point dtype can require gradients"):
        torch.ones(2, dtype=dtype).requires_grad_()
    with pytest.raises(RuntimeError, match="floating point"):
        torch.ones(2, dtype=dtype, requires_grad=True)
