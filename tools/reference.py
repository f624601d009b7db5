"""Write the pages of the API reference: what there is comes from the table of operations and from ``__all__``.

The site's ``conf.py`` calls `write` before it reads anything. Headings are the first lines of the modules' docstrings,
so a new operation, layer or module finds its place by itself.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import minigrad
from minigrad.ops.op import Composed, Entry, composed_table, table

# Families of operations (files of minigrad/ops) by page; those that no page names go to the last one.
CHAPTERS = {
    "elementwise": (
        "Elementwise operations",
        "elementwise division power exponential trigonometry special rounding bounds select compare bitwise "
        "activation piecewise",
    ),
    "reductions": (
        "Reductions, scans and sorting",
        "reduce prod variance extremum truth nan_reduce vector_norm quantile scan softmax sort",
    ),
    "matrices": (
        "Products and matrices",
        "matmul products sums_of_products einsum linalg_products determinant linear_systems least_squares "
        "matrix_functions decomposition lu householder diagonals covariance pairs distances",
    ),
    "shapes": (
        "Shapes, indices and memory",
        "shape arrange join stacking strided index_rows gather scatter masked placing write",
    ),
    "windows": ("Convolution, pooling and padding", "conv conv_transpose max_pool avg_pool pad shuffle"),
    "further": ("Further operations", ""),
}

# Where operations are public, by the name that the table has for it.
NAMESPACES = {
    "torch": "minigrad",
    "functional": "minigrad.nn.functional",
    "linalg": "minigrad.linalg",
    "special": "minigrad.special",
}

# Classes whose methods are documented with them; of the others, the class says it all.
WITH_MEMBERS = {
    "Dataset",
    "Function",
    "Generator",
    "LRScheduler",
    "Module",
    "ModuleDict",
    "ModuleList",
    "Optimizer",
    "ParameterDict",
    "ParameterList",
    "Sampler",
    "Sequential",
}

# Those of them whose methods are spread over bases that nobody needs to know.
WITH_INHERITED = {"LRScheduler", "Module", "Optimizer"}


class Page(NamedTuple):
    """A page that documents whole modules."""

    title: str
    intro: str
    modules: tuple[str, ...]


# Modules that do not exist (yet) are left out, and pages without modules too.
MODULES = {
    "creation": Page(
        "Making and asking tensors",
        "Tensors from data, filled, counted, or with nothing in them; and what they know of themselves.",
        (
            "minigrad.creation",
            "minigrad.ranges",
            "minigrad.queries",
            "minigrad.dtypes",
            "minigrad.devices",
            "minigrad.size",
            "minigrad.numeric_limits",
            "minigrad.printing",
            "minigrad.legacy",
        ),
    ),
    "random": Page("Random numbers", "", ("minigrad.random",)),
    "autograd": Page("Automatic differentiation", "", ("minigrad.autograd",)),
    "func": Page("Transforms of functions: func", "", ("minigrad.func",)),
    "nn": Page("Layers and losses: nn", "", ("minigrad.nn", "minigrad.nn.init", "minigrad.nn.utils")),
    "functional": Page("Functions of layers: nn.functional", "", ("minigrad.nn.functional",)),
    "optim": Page("Optimizers: optim", "", ("minigrad.optim",)),
    "lr_scheduler": Page("Learning rates: optim.lr_scheduler", "", ("minigrad.optim.lr_scheduler",)),
    "data": Page("Data: utils.data", "", ("minigrad.utils.data",)),
    "linalg": Page("Linear algebra: linalg", "", ("minigrad.linalg",)),
    "special": Page("Special functions: special", "", ("minigrad.special",)),
    "signal": Page("Windows of signals: signal.windows", "", ("minigrad.signal.windows",)),
    "distributions": Page("Distributions", "", ("minigrad.distributions",)),
    "serialization": Page("Saving and loading", "", ("minigrad.serialization",)),
    "viz": Page("Pictures: viz", "", ("minigrad.viz",)),
    "profiler": Page("Profiles and timings: profiler", "", ("minigrad.profiler", "minigrad.utils.benchmark")),
    "cuda": Page("Devices: cuda and backends", "", ("minigrad.cuda", "minigrad.backends")),
}

# Pages of modules whose names are public at the top, where PyTorch has them.
AT_THE_TOP = {"creation", "random", "serialization"}

GROUPS = (
    ("Tensors", ("tensor", "creation", "random", "serialization")),
    ("Operations", ("operations", *CHAPTERS, "linalg", "special", "signal")),
    ("Learning", ("autograd", "func", "nn", "functional", "optim", "lr_scheduler", "data", "distributions")),
    ("Around", ("viz", "profiler", "commands", "cuda")),
)


def entries() -> list[Entry]:
    """Return every entry of the table, operations and composed functions."""
    return [*table.values(), *composed_table.values()]


def public_name(entry: Entry) -> str | None:
    """Return the name by which a user reaches an entry as a function, None if there is none."""
    module = NAMESPACES.get(entry.namespace or "")
    if module is None or not hasattr(importlib.import_module(module), entry.name):
        return None
    return f"{module}.{entry.name}"


def summary(obj: Any) -> str:
    """Return the first sentence of an object's docstring, on one line, without marks of footnotes."""
    paragraph = (inspect.getdoc(obj) or "").split("\n\n")[0]
    text = re.sub(r"\s*\[\d+\]_", "", " ".join(paragraph.split()))
    first = re.match(r"(?:``.*?``|`.*?`|[^`])*?(?:\.(?= [A-Z])|$)", text)
    text = (first[0] if first else text).rstrip(".")
    return re.sub(r"(``.*?``|`.*?`)|(?<!\w)\*(?=\w)", lambda found: found[1] or r"\*", text)


def _heading(text: str, underline: str) -> list[str]:
    return [text, underline * len(text), ""]


def _name_of_module(module: str) -> tuple[str, str]:
    """Return heading and first line of a module's docstring: the line up to where it starts to explain."""
    line = (sys.modules[module].__doc__ or module).strip().splitlines()[0].rstrip(".")
    line = re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", line)
    title = re.split(r"[:;]|, elementwise|, each|, carried", line)[0]
    return title[:1].upper() + title[1:], f"{line}."


def _section(module: str, names: list[str], underline: str, home: str) -> list[str]:
    """Return a section: a list of the names in ``home``, then each with its documentation."""
    title, line = _name_of_module(module)
    lines = _heading(title, underline)
    if line.rstrip(".") != title:
        lines += [line, ""]
    return [*lines, *(_listing(home, names) if len(names) > 1 else []), *_details(home, names)]


def _listing(home: str, names: list[str]) -> list[str]:
    lines = [f".. currentmodule:: {home}", "", ".. list-table::", "   :widths: 30 70", "   :class: operations", ""]
    for name in names:
        value = getattr(importlib.import_module(home), name)
        text = summary(value) if callable(value) else ""
        lines += [f"   * - :py:obj:`~{home}.{name}`", f"     - {text}".rstrip()]
    return [*lines, ""]


def _details(home: str, names: Iterable[str]) -> list[str]:
    lines: list[str] = []
    for name in names:
        value = getattr(importlib.import_module(home), name)
        if inspect.isclass(value):
            lines += [f".. autoclass:: {home}.{name}"]
            lines += ["   :members:", "   :member-order: bysource"] if name in WITH_MEMBERS else []
            lines += ["   :inherited-members:"] if name in WITH_INHERITED else []
        elif inspect.ismodule(value):
            lines += [f"``{name}``", f"   {summary(value)}."]
        elif callable(value):
            lines += [f".. autofunction:: {home}.{name}"]
        else:
            lines += [f".. autodata:: {home}.{name}", "   :no-value:"]
        lines += [""]
    return lines


def _top(name: str) -> list[str]:
    return [f".. _reference-{name}:", ""]


def chapter(name: str) -> str | None:
    """Return a page of operations, by families; None if it would be empty."""
    title, families = CHAPTERS[name]
    named = {family for _, text in CHAPTERS.values() for family in text.split()}
    by_family: dict[str, list[str]] = {}
    for entry in entries():
        if entry.namespace == "torch" and public_name(entry):
            by_family.setdefault(entry.written.__module__.rpartition(".")[2], []).append(entry.name)
    wanted = families.split() or sorted(set(by_family) - named)
    lines = [*_top(name), *_heading(title, "=")]
    found = [family for family in wanted if family in by_family]
    for family in found:
        lines += _section(f"minigrad.ops.{family}", sorted(by_family[family]), "-", "minigrad")
    return "\n".join(lines) if found else None


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _public(module: str) -> list[str]:
    home = importlib.import_module(module)
    names = getattr(home, "__all__", None) or [name for name, value in vars(home).items() if _is_own(value, module)]
    public = (name for name in dict.fromkeys(names) if not name.startswith("_"))
    return [name for name in public if not inspect.ismodule(getattr(home, name))]


def _is_own(value: Any, module: str) -> bool:
    return callable(value) and getattr(value, "__module__", None) == module


def _home(module: str, name: str) -> str:
    """Return the module that defines a public name, as far as it is a part of ``module``'s package."""
    value = getattr(importlib.import_module(module), name)
    entry = getattr(value, "entry", None)
    defined = entry.written.__module__ if entry is not None else getattr(value, "__module__", None)
    return defined if isinstance(defined, str) and defined in sys.modules and defined.startswith("minigrad") else module


def _sections(module: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the names of a module by the modules that define them, in the order of the file names."""
    by_home: dict[str, list[str]] = {}
    for name in _public(module):
        by_home.setdefault(_home(module, name), []).append(name)
    first = ("module", "optimizer", "scheduler", "dataset", "containers", "linear")
    order = {f"{module}.{name}": rank for rank, name in enumerate(first)}
    for home in sorted(by_home, key=lambda home: (order.get(home, len(first)), home)):
        yield home, sorted(by_home[home])


def modules_page(name: str) -> str | None:
    """Return the page of whole modules; None if none of them exists."""
    page = MODULES[name]
    modules = [module for module in page.modules if _exists(module)]
    if not modules:
        return None
    lines = [*_top(name), *_heading(page.title, "=")]
    intro = page.intro or _introduction(modules[0])
    lines += [intro, ""]
    for module in modules:
        if name == "creation":
            names = [each for each in _public(module) if hasattr(minigrad, each)]
            lines += _section(module, names, "-", "minigrad")
            continue
        if module != modules[0]:
            lines += [*_heading(module.removeprefix("minigrad."), "-"), _introduction(module), ""]
        else:
            lines += [f".. module:: {module}", ""]
        groups = list(_sections(module))
        for home, names in groups:
            # Draws and switches that PyTorch has at the top too are documented there.
            public = "minigrad" if name in AT_THE_TOP and all(hasattr(minigrad, each) for each in names) else module
            if len(groups) == 1:
                lines += [*_listing(public, names), *_details(public, names)]
            else:
                lines += _section(home, names, "-" if module == modules[0] else "~", public)
    return "\n".join(lines)


def _introduction(module: str) -> str:
    """Return the docstring of a module, up to its examples."""
    doc = inspect.getdoc(importlib.import_module(module)) or ""
    return doc.split(">>>")[0].strip()


def tensor_page() -> str:
    """Return the page of `Tensor`: what is its own in full, operations as a list of methods."""
    members = {
        name: value
        for name, value in vars(minigrad.Tensor).items()
        if not name.startswith("_") and getattr(value, "entry", None) is None and inspect.getdoc(value)
    }
    inplace = {name for name in members if hasattr(getattr(minigrad.Tensor, name.removesuffix("_"), None), "entry")}
    attributes = sorted(name for name, value in members.items() if isinstance(value, property))
    methods = sorted(name for name, value in members.items() if callable(value) and name not in inplace)
    lines = [
        *(*_top("tensor"), *_heading("Tensor", "=")),
        ".. currentmodule:: minigrad",
        "",
        ".. class:: Tensor",
        "",
        *("   A multi-dimensional array of one dtype, and a place in the graph that computes it.", ""),
        "   Tensors are made by :func:`minigrad.tensor` and its kin, see :ref:`reference-creation`, and by operations.",
        *("   A tensor without dimensions is a scalar of the graph.", ""),
        *_heading("Attributes", "-"),
        *(line for name in attributes for line in (f".. autoproperty:: minigrad.Tensor.{name}", "")),
        *_heading("Methods", "-"),
        *(line for name in methods for line in (f".. automethod:: minigrad.Tensor.{name}", "")),
        *_heading("Operations as methods", "-"),
        "Each is the function of its name with the tensor as its first argument. A name that ends in an underscore "
        "writes the result into the tensor.",
        "",
    ]
    rows = [
        (_link(entry), ", ".join(f"``x.{name}()``" for name in (entry.name, *entry.aliases)), _inplace_form(entry))
        for entry in sorted(entries(), key=lambda entry: entry.name)
        if entry.method and entry.namespace is not None and hasattr(minigrad.Tensor, entry.name)
    ]
    return "\n".join([*lines, *_table(("Function", "Method", "In place"), rows, "22 50 28")])


def _inplace_form(entry: Entry) -> str:
    return f"``x.{entry.name}_()``" if entry.inplace else ""


def _link(entry: Entry) -> str:
    name = public_name(entry)
    return f"``{entry.name}``" if name is None else f":func:`~{name}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], widths: str) -> list[str]:
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", "   :class: operations", ""]
    for row in (head, *rows):
        lines += [f"   {'* -' if k == 0 else '  -'} {cell}".rstrip() for k, cell in enumerate(row)]
    return [*lines, ""]


def has_gradient(entry: Entry) -> str:
    """Say in a word whether gradients flow through an entry."""
    if isinstance(entry, Composed):
        return "composed"
    rules = getattr(entry, "rules", None) or getattr(entry, "joint_rule", None)
    return "yes" if rules and getattr(entry, "differentiable", True) else "no"


def _row(entry: Entry) -> tuple[str, ...]:
    text = summary(entry.written)
    kinds = [f"``{name}``" for name in entry.aliases]
    name = _link(entry) + (f" ({', '.join(kinds)})" if kinds else "")
    return name, "✓" if entry.method else "", "✓" if entry.inplace else "", has_gradient(entry), text


def operations_page() -> str:
    """Return the list of all operations, by where they are public."""
    every = entries()
    lines = [
        *(*_top("operations"), *_heading("All operations", "=")),
        f"What the table of operations holds: {len(table)} operations with gradient rules of their own, and "
        f"{len(composed_table)} functions composed of them. Functions, methods, in-place methods, and the tests of "
        "values and gradients all derive from it. Other names of an operation stand in brackets.",
        "",
        "*Gradient*: **yes**, by a rule of its own; **composed**, through the operations that it is made of; **no**, "
        "where there is none to have.",
        "",
    ]
    head = ("Function", "Method", "In place", "Gradient", "What it gives")
    for namespace, module in NAMESPACES.items():
        found = sorted((e for e in every if e.namespace == namespace and public_name(e)), key=lambda e: e.name)
        if found:
            lines += [*_heading(module, "-"), *_table(head, map(_row, found), "26 8 8 10 48")]
    inner = sorted((e for e in every if public_name(e) is None), key=lambda e: e.name)
    lines += [
        *_heading("Inner operations", "-"),
        "No names for users: fused gradients, and what public functions, methods and layers are made of.",
        "",
        *_table(head, map(_row, inner), "26 8 8 10 48"),
    ]
    return "\n".join(lines)


def commands_page() -> str | None:
    """Return the page of the command line: what each command says of itself; None if there is no command line."""
    if not _exists("minigrad.cli"):
        return None
    from minigrad import cli

    os.environ["COLUMNS"] = "84"  # the page is the same from every terminal
    parser = cli.make_parser()
    actions = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    lines = [*_top("commands"), *_heading("The command line", "="), *_text_block(parser.format_help())]
    for action in actions:
        for name, command in action.choices.items():
            lines += [*_heading(f"python -m minigrad {name}", "-"), *_text_block(command.format_help())]
    return "\n".join(lines)


def _text_block(text: str) -> list[str]:
    return [".. code-block:: text", "", *(f"   {line}".rstrip() for line in text.splitlines()), ""]


def index_page(pages: Iterable[str]) -> str:
    """Return the page that leads to the others."""
    existing = set(pages)
    lines = [
        *(*_top("index"), *_heading("Reference", "=")),
        "minigrad has PyTorch's interface: names, signatures, defaults and results are those of PyTorch 2.13, and "
        "``import minigrad as torch`` is the usual way in. These pages are made from the docstrings.",
        "",
    ]
    for title, names in GROUPS:
        found = [f"   {name}" for name in names if name in existing]
        lines += [".. toctree::", "   :maxdepth: 1", f"   :caption: {title}", "", *found, ""]
    return "\n".join(lines)


def pages() -> dict[str, str]:
    """Return every page of the reference, by its name."""
    made: dict[str, str | None] = {
        "tensor": tensor_page(),
        "operations": operations_page(),
        "commands": commands_page(),
    }
    made |= {name: chapter(name) for name in CHAPTERS}
    made |= {name: modules_page(name) for name in MODULES}
    found = {name: text for name, text in made.items() if text is not None}
    return {**found, "index": index_page(found)}


def write(folder: Path, report: Callable[[str], object] = print) -> None:
    """Write the pages that changed into a folder, and remove those that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {folder / f"{name}.rst": f"{text.rstrip()}\n" for name, text in pages().items()}
    for path in set(folder.glob("*.rst")) - set(wanted):
        path.unlink()
    for path, text in wanted.items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            report(f"wrote {path.name}")
