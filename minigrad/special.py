"""Special functions under the names of ``torch.special``: ``special.expit``, ``special.gammaln``, ..."""

from __future__ import annotations

from minigrad.ops.op import composed_table, table

_ENTRIES = {**table, **composed_table}

# The functions that PyTorch has here under the name of an operation, and those that it calls otherwise.
_SAME = (
    *(
        "digamma",
        "erf",
        "erfc",
        "erfinv",
        "exp2",
        "expm1",
        "i0",
        "log1p",
        "log_softmax",
        "logit",
        "logsumexp",
        "polygamma",
    ),
    *("round", "sinc", "softmax", "xlogy"),
)
_RENAMED = {
    "expit": "sigmoid",
    "gammainc": "igamma",
    "gammaincc": "igammac",
    "gammaln": "lgamma",
    "multigammaln": "mvlgamma",
    "psi": "digamma",
}

_CALLS = {name: _ENTRIES[name].call for name in _SAME if name in _ENTRIES}
_CALLS |= {name: _ENTRIES[operation].call for name, operation in _RENAMED.items() if operation in _ENTRIES}
_CALLS |= {entry.name: entry.call for entry in _ENTRIES.values() if entry.namespace == "special"}
globals().update(_CALLS)

__all__ = sorted(_CALLS)
