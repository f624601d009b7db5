"""Formulas as MathML, which browsers draw by themselves: no script, no font, no network.

The translation from LaTeX is docutils' own.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

log = logging.getLogger(__name__)


# docutils reads the digits of \frac12 as one number.
DIGITS = re.compile(r"\\frac\s*(\d)\s*(\d)")

# What docutils leaves to browsers and they do not do: thin spaces around "log", norms that do not stretch.
SPACE = '<mspace width="0.17em"/>'
POLISH = (
    (re.compile(r"(</m(?:i|n|row|sub|sup|subsup|frac)>)(\s*<mi>[a-z]{2,}</mi>\s*<mo>&Apply)"), rf"\1{SPACE}\2"),
    (re.compile(r"(<mo>&ApplyFunction;</mo>)(?!\s*<mo[^>]*>\()"), rf"\1{SPACE}"),
    (re.compile(r'<mo(?: class="math(?:open|close)")?>([‖|])'), r'<mo stretchy="false">\1'),
)


def _translate(formula: str, *, block: bool) -> str:
    text = tex2mathml(DIGITS.sub(r"\\frac{\1}{\2}", formula), as_block=block)
    for pattern, replacement in POLISH:
        text = pattern.sub(replacement, text)
    return text


def _mathml(node: Any, *, block: bool) -> str:
    try:
        return _translate(node.astext(), block=block)
    except MathError as error:
        log.warning("cannot read the formula %r: %s", node.astext(), error, location=node)
        return f"<code>{node.astext()}</code>"


def _inline(translator: Any, node: Any) -> None:
    translator.body.append(_mathml(node, block=False))
    raise nodes.SkipNode


def _block(translator: Any, node: Any) -> None:
    translator.body.append(f'<div class="math">{_mathml(node, block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, Any]:
    """Offer the renderer under the name ``mathml``."""
    app.add_html_math_renderer("mathml", inline_renderers=(_inline, None), block_renderers=(_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
