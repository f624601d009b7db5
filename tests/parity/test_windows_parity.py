"""Windows beside PyTorch's: every kind, length, symmetry and dtype, and what is refused."""

from __future__ import annotations

import pytest

from .both import attempt, same

torch = pytest.importorskip("torch")
pytest.importorskip("torch.signal")

LENGTHS = (0, 1, 2, 5, 8)
OLD = ("hann_window", "hamming_window", "blackman_window", "bartlett_window", "kaiser_window")
NEW = {
    "bartlett": {},
    "blackman": {},
    "cosine": {},
    "exponential": {"tau": 2.0},
    "gaussian": {"std": 1.5},
    "general_cosine": {"a": [0.4, 0.35, 0.25]},
    "general_hamming": {"alpha": 0.6},
    "hamming": {},
    "hann": {},
    "nuttall": {},
    "kaiser": {"beta": 5.0},
}


@pytest.mark.parametrize("name", OLD)
def test_older_functions(name):
    @same
    def script(torch):
        function = getattr(torch, name)
        return [
            *[
                function(length, periodic, dtype=torch.float64)
                for length in (0, 1, 2, 5, 8)
                for periodic in (True, False)
            ],
            function(4),
            function(3, requires_grad=True),
            attempt(lambda: function(-1)),
            attempt(lambda: function(2.5)),
            attempt(lambda: function(3, dtype=torch.int64)),
        ]

    script()


@pytest.mark.parametrize("name", NEW)
def test_functions_of_torch_signal(name):
    @same
    def script(torch):
        function, options = getattr(torch.signal.windows, name), NEW[name]
        return [
            *[
                function(length, sym=sym, dtype=torch.float64, **options)
                for length in (0, 1, 2, 5, 8)
                for sym in (True, False)
            ],
            function(4, **options),
            attempt(lambda: function(-1, **options)),
            attempt(lambda: function(3, dtype=torch.float16, **options)),
        ]

    script()


@same
def test_options_and_refusals(torch):
    windows = torch.signal.windows
    return [
        torch.hamming_window(5, True, 0.6),
        torch.hamming_window(5, False, 0.6, 0.3),
        torch.kaiser_window(5, True, 3.0),
        windows.exponential(5, center=1.0, tau=3.0, sym=False),
        attempt(lambda: windows.exponential(5, center=1.0)),
        attempt(lambda: windows.exponential(5, tau=0)),
        attempt(lambda: windows.gaussian(5, std=-1)),
        attempt(lambda: windows.kaiser(5, beta=-1)),
        attempt(lambda: windows.general_cosine(5, a=[])),
        attempt(lambda: windows.general_cosine(5, a=1.0)),
    ]
