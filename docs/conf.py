"""How Sphinx builds the site: ``make docs``, which ends in docs/_build/html/index.html.

Nothing is fetched from elsewhere, neither to build nor to read it: formulas are MathML, fonts are the reader's.
``MINIGRAD_GALLERY=03`` runs only the tutorials whose file names match; the others appear without output.
"""

from __future__ import annotations

import builtins
import os
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT / "tools"), str(HERE / "_extensions")]

import benchmark_page  # noqa: E402
import reference  # noqa: E402
from sphinx.addnodes import pending_xref, pending_xref_condition  # noqa: E402
from sphinx.util import logging  # noqa: E402

import minigrad  # noqa: E402
import minigrad.nn  # noqa: E402
import minigrad.optim  # noqa: E402
import minigrad.utils.data  # noqa: E402

project = "minigrad"
author = "The minigrad authors"
project_copyright = author
version = release = minigrad.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "mathml",
]
exclude_patterns = ["_build", "sg_execution_times.rst", "tutorials/sg_execution_times.rst", "**/README*"]
# Docstrings name things in single backticks: a link where it leads somewhere, code where it does not.
default_role = "py:obj"
highlight_language = "python"

# Pages

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["toc.empty_glob", "config.cache"]

# Signatures and docstrings

autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
maximum_signature_line_length = 120
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Attributes", "params_style")]

# Tutorials

sphinx_gallery_conf: dict[str, Any] = {
    "examples_dirs": "../tutorials",
    "gallery_dirs": "tutorials",
    # Numbered scripts are tutorials; what else is there serves them.
    "ignore_pattern": r"(^|[\\/])(?!\d)[^\\/]*\.py$",
    "filename_pattern": os.environ.get("MINIGRAD_GALLERY") or r"[\\/]\d\d_",
    "within_subsection_order": "FileNameSortKey",
    "min_reported_time": 5,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_signature": False,
    "image_srcset": ["2x"],
    "thumbnail_size": (400, 280),
    "doc_module": ("minigrad",),
    "reference_url": {"minigrad": None},
    "abort_on_example_error": True,
}

# Looks

html_theme = "furo"
html_title = f"minigrad {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_logo = "_static/logo.svg"
html_favicon = "_static/logo.svg"
html_js_files = ["filter.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {"sidebar_hide_name": False}
html_math_renderer = "mathml"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# Files at the root that are pages here.
PAGES_OF_FILES = {"../CONTRIBUTING.md": "contributing.md", "../CHANGELOG.md": "changelog.md"}


def _lead_to_pages(text: str) -> str:
    for file, page in PAGES_OF_FILES.items():
        text = text.replace(f"]({file})", f"]({page})")
    return text


def _on_docstring(app: Any, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    for k, line in enumerate(lines):
        # Many docstrings share a page, and each counts its references from 1.
        if re.search(r"\[\d+\]_|^\s*\.\. \[\d+\]", line):
            lines[k] = re.sub(r"\[(\d+)\]", rf"[#{name}-\1]", line)
        # Shapes like (..., *normalized_shape) are no emphasis.
        before = r"(?<=[ (,\[])" if line.lstrip().startswith(":type ") else r"(?<=, )"
        lines[k] = re.sub(before + r"\*(?=\w+[^*]*$)", r"\\*", lines[k])


HOMES = (
    minigrad,
    minigrad.nn,
    minigrad.optim,
    minigrad.optim.lr_scheduler,
    minigrad.utils.data,
    minigrad.autograd,
)


def _on_doctree(app: Any, tree: Any) -> None:
    # Annotations name a class by the module that defines it, or barely; it is documented where it is public.
    for node in list(tree.findall(pending_xref)):
        target = node.get("reftarget", "")
        if node.get("refdomain") != "py" or not (target.startswith("minigrad.") or "." not in target):
            continue
        name = target.rpartition(".")[2]
        home = next((home for home in HOMES if isinstance(getattr(home, name, None), type)), None)
        if home is not None and not hasattr(builtins, target):
            node["reftarget"] = f"{home.__name__}.{name}"
            node.attributes.pop("refspecific", None)
        elif node.get("reftype") == "class" and "." not in target:
            # Python's float is not the dtype of that name, and "shape" in "Tensor, shape (n,)" no attribute.
            shown = next(node.findall(pending_xref_condition), node)
            node.replace_self(shown.children)


def _on_source(app: Any, name: str, source: list[str]) -> None:
    source[0] = _lead_to_pages(source[0])


def _write_pages(app: Any) -> None:
    report = logging.getLogger(__name__).info
    reference.write(HERE / "reference", report)
    benchmark_page.write(HERE / "benchmarks", ROOT / "benchmarks" / "RESULTS.md", report)


def setup(app: Any) -> None:
    """Write the generated pages first, and let links between files lead to pages."""
    app.connect("builder-inited", _write_pages, priority=100)
    app.connect("autodoc-process-docstring", _on_docstring)
    app.connect("doctree-read", _on_doctree)
    app.connect("source-read", _on_source)
