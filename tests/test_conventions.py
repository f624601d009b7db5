"""Tests about the code base itself: who imports whom, what an import costs, what a kernel may say.

They read the sources with :mod:`ast`, so they hold for code that no other test runs.
"""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# A module may import from its own layer and from those above it in this list. Entries are dotted prefixes.
LAYERS = (
    ("minigrad_kernels",),
    (
        "minigrad.dtypes",
        "minigrad.devices",
        "minigrad.layouts",
        "minigrad.size",
        "minigrad.numeric_limits",
        "minigrad.settings",
        "minigrad.torch_version",
        "minigrad.version",
    ),
    ("minigrad.ops",),
    ("minigrad.autograd",),
    ("minigrad.tensor", "minigrad.operators", "minigrad.conversion", "minigrad.memory", "minigrad.printing"),
    (
        "minigrad.creation",
        "minigrad.exchange",
        "minigrad.foreach",
        "minigrad.hub",
        "minigrad.legacy",
        "minigrad.linalg",
        "minigrad.low_rank",
        "minigrad.memory_methods",
        "minigrad.methods",
        "minigrad.pinning",
        "minigrad.python_data",
        "minigrad.queries",
        "minigrad.random",
        "minigrad.ranges",
        "minigrad.real_numbers",
        "minigrad.recurrent",
        "minigrad.serialization",
        "minigrad.shared_memory",
        "minigrad.signal",
        "minigrad.special",
        "minigrad.storage",
        "minigrad.testing",
        "minigrad.types",
        "minigrad.window_functions",
    ),
    ("minigrad.amp", "minigrad.cuda"),
    (
        "minigrad.nn",
        "minigrad.optim",
        "minigrad.utils",
        "minigrad.batching",
        "minigrad.func",
        "minigrad.distributions",
        "minigrad.profiler",
        "minigrad.backends",
        "minigrad.accelerator",
        "minigrad.compiler",
        "minigrad.distributed",
        "minigrad.functional",
        "minigrad.jit",
        "minigrad.multiprocessing",
    ),
    ("minigrad.viz", "minigrad.opcheck", "minigrad.demo", "minigrad.as_torch"),
    ("minigrad.cli", "minigrad.__main__"),
)

# Imports against that order, made when a method is called: methods whose text is too long for the class.
REACHES_UP = {
    ("minigrad.tensor", "minigrad.legacy"),
    ("minigrad.tensor", "minigrad.pinning"),
    ("minigrad.tensor", "minigrad.printing"),
}

# Modules above the tensor that look inside it, for a measured reason that their docstrings give.
INSIDERS = {"minigrad.utils.data._arrays"}

HEAVY = ("numba", "llvmlite", "matplotlib", "sklearn", "scipy", "tqdm", "pandas", "torch", "cupy")

PRIVATE_TO_THE_CORE = {"_array", "_node", "_index", "_writes", "_requires_grad", "_grad", "_base", "_wrap"}


def _module_name(path: Path) -> str:
    root = ROOT / "kernels" if path.is_relative_to(ROOT / "kernels") else ROOT
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {_module_name(path): path for folder in ("minigrad", "kernels") for path in (ROOT / folder).rglob("*.py")}
TREES = {name: ast.parse(path.read_text(), str(path)) for name, path in SOURCES.items()}


def _layer(module: str) -> int | None:
    for rank, prefixes in enumerate(LAYERS):
        if any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes):
            return rank
    return None


def _is_for_types_only(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if not _is_for_types_only(node):
            yield node
            yield from _walk(node)


@functools.cache
def _statements(module: str) -> list[ast.AST]:
    """Return all that a module's tree is made of, but for what only a type checker reads."""
    return list(_walk(TREES[module]))


@functools.cache
def _imports(module: str) -> list[tuple[int, str]]:
    """Return line and full name of every module that ``module`` imports when it runs, lazily or not."""
    return list(_imported(module))


def _imported(module: str) -> Iterator[tuple[int, str]]:
    is_package = SOURCES[module].name == "__init__.py"
    for node in _statements(module):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".")
                kept = len(parents) - node.level + is_package
                base = ".".join([*parents[:kept], *([base] if base else [])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield node.lineno, full if full in SOURCES else base


def _where(module: str, line: int) -> str:
    return f"{SOURCES[module].relative_to(ROOT)}:{line}"


def test_every_module_belongs_to_a_layer():
    homeless = [name for name in SOURCES if name != "minigrad" and _layer(name) is None]
    assert not homeless, f"say in LAYERS where these belong: {homeless}"


def test_every_entry_of_the_layers_is_a_module():
    gone = [entry for layer in LAYERS for entry in layer if entry not in SOURCES]
    assert not gone, f"take these out of LAYERS: {gone}"


def test_layers_import_only_from_layers_below():
    wrong = [
        f"{_where(module, line)} imports {imported}"
        for module in SOURCES
        if module != "minigrad"
        for line, imported in _imports(module)
        if imported in SOURCES and imported != "minigrad" and (_layer(imported) or 0) > (_layer(module) or 0)
        if (module, imported) not in REACHES_UP
    ]
    assert not wrong, "\n".join(wrong)


@functools.cache
def _lazy_lines(module: str) -> set[int]:
    """Return the numbers of the lines of a module that stand inside functions."""
    functions = (node for node in ast.walk(TREES[module]) if isinstance(node, ast.FunctionDef))
    return {line for node in functions for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


@functools.cache
def _needed_by(module: str) -> set[str]:
    """Return every module that is imported when ``module`` is, but for what functions import."""
    needed: set[str] = set()
    waiting = [module]
    while waiting:
        each = waiting.pop()
        lazy = _lazy_lines(each)
        found = {name for line, name in _imports(each) if line not in lazy and name in SOURCES} - needed
        needed |= found
        waiting += found
    return needed


def test_families_of_operations_import_inside_functions_only_what_would_go_in_a_circle():
    wrong = [
        f"{_where(module, line)} may import {name} at the top"
        for module in SOURCES
        if module.startswith("minigrad.ops.")
        for line, name in _imports(module)
        if line in _lazy_lines(module) and name.startswith("minigrad.ops.") and module not in _needed_by(name)
    ]
    assert not wrong, "\n".join(wrong)


def test_modules_import_from_where_a_name_is_defined_not_from_the_top():
    wrong = [
        f"{_where(module, line)} imports minigrad"
        for module in SOURCES
        if _layer(module) is not None and module != "minigrad.__main__"
        for line, imported in _imports(module)
        if imported == "minigrad"
    ]
    assert not wrong, "\n".join(wrong)


def test_layers_optimizers_and_data_use_only_the_public_tensor_interface():
    wrong = [
        f"{_where(module, node.lineno)} uses .{node.attr}"
        for module in SOURCES
        if module.startswith(("minigrad.nn", "minigrad.optim", "minigrad.utils")) and module not in INSIDERS
        for node in _statements(module)
        if isinstance(node, ast.Attribute)
        and node.attr in PRIVATE_TO_THE_CORE
        and not (isinstance(node.value, ast.Name) and node.value.id == "self")
    ]
    assert not wrong, "\n".join(wrong)


def test_heavy_packages_are_imported_inside_functions():
    wrong = [
        f"{_where(module, node.lineno)} imports {name} at import time"
        for module in SOURCES
        if module.startswith("minigrad.") or module == "minigrad"
        for node in TREES[module].body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
        if name.split(".")[0] in HEAVY
    ]
    assert not wrong, "\n".join(wrong)


def test_importing_minigrad_loads_nothing_heavy_and_so_compiles_nothing():
    code = f"import sys, minigrad; print(*sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_importing_minigrad_warns_of_nothing():
    done = subprocess.run([sys.executable, "-W", "error", "-c", "import minigrad"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("root", [ROOT / "minigrad", ROOT / "kernels" / "minigrad_kernels"], ids=lambda p: p.name)
def test_every_folder_with_code_is_a_package(root):
    folders = {path.parent for path in root.rglob("*.py")}
    bare = sorted(str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists())
    assert not bare, f"no __init__.py, so left out of an installed minigrad: {bare}"


def test_every_module_starts_with_a_docstring_and_postponed_annotations():
    wrong = []
    for module, tree in TREES.items():
        postponed = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
        if not ast.get_docstring(tree) or not (postponed or SOURCES[module].name == "__init__.py"):
            wrong.append(_where(module, 1))
    assert not wrong, "\n".join(wrong)


def _documented(text: str) -> set[str]:
    """Return the names that stand in the section of parameters of a docstring."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-{3,}|\Z)", text, re.S | re.M)
    heads = [line.split(" :")[0] for line in section[1].splitlines() if line[:1].strip()] if section else []
    return {name.strip(" *`.") for head in heads for name in head.split(",")} - {""}


def _accepted(node: ast.FunctionDef | ast.ClassDef) -> set[str] | None:
    """Return the names of the parameters of a function or a constructor; None where it takes any, or has none."""
    makers = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name in ("__init__", "__new__")]
    function = node if isinstance(node, ast.FunctionDef) else makers[0] if makers else None
    if function is None or function.args.kwarg:
        return None
    given = function.args
    return {each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg) if each}


def test_docstrings_describe_parameters_that_exist():
    wrong = []
    for module in SOURCES:
        for node in _statements(module):
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or (accepted := _accepted(node)) is None:
                continue
            unknown = _documented(ast.get_docstring(node) or "") - accepted
            if unknown:
                wrong.append(f"{_where(module, node.lineno)} {node.name}: {sorted(unknown)}")
    assert not wrong, "\n".join(wrong)


def test_docstrings_cite_the_works_that_they_list():
    wrong = []
    for module, tree in TREES.items():
        for node in (tree, *_statements(module)):
            if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef):
                text = ast.get_docstring(node) or ""
                listed, cited = (
                    set(re.findall(pattern, text)) for pattern in (r"(?m)^ *\.\. \[(\d+)\]", r"\[(\d+)\]_")
                )
                line, name = getattr(node, "lineno", 1), getattr(node, "name", "module")
                wrong += [f"{_where(module, line)} {name}: [{n}]" for n in sorted(listed ^ cited)]
    assert not wrong, "\n".join(wrong)


def _is_stub(function: ast.FunctionDef) -> bool:
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    dots = [isinstance(node, ast.Expr) and ast.unparse(node) == "..." for node in body]
    return bool(body) and all(dot or isinstance(node, ast.Pass) for dot, node in zip(dots, body, strict=True))


def test_no_public_function_is_a_stub():
    wrong = [
        f"{_where(module, node.lineno)} {node.name}"
        for module in SOURCES
        for node in _statements(module)
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and _is_stub(node)
        if not any("overload" in ast.unparse(each) or "abstract" in ast.unparse(each) for each in node.decorator_list)
    ]
    assert not wrong, "\n".join(wrong)


def _jit_decorators() -> Iterator[tuple[str, ast.FunctionDef, str, dict[str, ast.expr], list[ast.expr]]]:
    """Yield module, function, decorator name, its keywords and its positional arguments, for each jitted function."""
    for module in SOURCES:
        for node in ast.walk(TREES[module]):
            if not isinstance(node, ast.FunctionDef):
                continue
            for decorator in node.decorator_list:
                call = decorator if isinstance(decorator, ast.Call) else ast.Call(decorator, [], [])
                name = ast.unparse(call.func).split(".")[-1]
                if name in {"jit", "njit", "vectorize", "guvectorize"}:
                    yield module, node, name, {k.arg or "": k.value for k in call.keywords}, call.args


def test_kernels_name_the_fast_math_flags_that_they_want():
    wrong = []
    for module, function, _, keywords, _ in _jit_decorators():
        text = ast.unparse(keywords["fastmath"]) if "fastmath" in keywords else ""
        # With either of these flags LLVM may take isnan(x) and isinf(x) to be False.
        if text == "True" or "nnan" in text or "ninf" in text:
            wrong.append(f"{_where(module, function.lineno)} {function.name}: fastmath={text}")
    assert not wrong, "\n".join(wrong)


def test_kernels_are_cached_compiled_lazily_and_defined_at_the_top_of_a_module():
    wrong = []
    for module, function, name, keywords, positional in _jit_decorators():
        here = f"{_where(module, function.lineno)} {function.name}"
        inlined = {"forceinline", "inline"} & set(keywords)
        if name.endswith("vectorize"):
            wrong.append(f"{here}: @{name} costs 800 ns a call and hides its body from coverage; write a loop")
        if "cache" not in keywords and not inlined:
            wrong.append(f"{here}: cache=True is missing, so every process compiles it again")
        if positional:
            wrong.append(f"{here}: an explicit signature compiles at import")
        if function not in TREES[module].body:
            wrong.append(f"{here}: a jitted closure is compiled again in every process")
    assert not wrong, "\n".join(wrong)
