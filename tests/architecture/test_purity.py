"""Modules and functions with "pure" in their docstrings import no clock, event loop or I/O."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGE, imports_in, imports_of, syntax_tree, written_modules

PURE = re.compile(r"\bPure\b")

IMPURE_LIBRARIES = frozenset(
    {
        "aiohttp",
        "anyio",
        "asyncio",
        "concurrent",
        "fcntl",
        "fsspec",
        "grpc",
        "http",
        "logging",
        "multiprocessing",
        "os",
        "queue",
        "redis",
        "selectors",
        "shutil",
        "signal",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib",
    }
)

# A docstring of a package applies to its modules.
MUST_BE_PURE = frozenset({"_codec", "_operations", "_validation.py", "errors.py", "models", "retry.py"})

# Existing imports. Remove a line when its import is removed; do not add lines.
KNOWN_IMPURE = frozenset[tuple[str, str]]()


def pure_modules() -> list[Path]:
    """Return the modules whose docstring, or whose package's docstring, says that they are pure."""
    return [path for path in written_modules() if _is_pure(path) or _is_pure(path.with_name("__init__.py"))]


def _is_pure(path: Path) -> bool:
    return PURE.search(ast.get_docstring(syntax_tree(path)) or "") is not None


def is_impure(module: str) -> bool:
    """Return whether a module belongs to a library that does I/O or reads a clock."""
    return module != "urllib.parse" and module.partition(".")[0] in IMPURE_LIBRARIES


def pure_functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    """Return the functions whose docstring says that they are pure."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and PURE.search(ast.get_docstring(node) or ""):
            yield node


def impure_names(tree: ast.AST) -> set[str]:
    """Return the names that a module's imports from impure libraries define."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {
                (alias.asname or alias.name).partition(".")[0]
                for alias in node.names
                if is_impure(alias.name)
            }
        elif isinstance(node, ast.ImportFrom) and not node.level and is_impure(node.module or ""):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def uses(function: ast.FunctionDef, names: set[str]) -> set[str]:
    """Return the names in `names` that a function's body uses."""
    body = ast.Module(function.body, [])
    return {node.id for node in ast.walk(body) if isinstance(node, ast.Name)} & names


def test_pure_modules_import_no_io() -> None:
    impure = {
        (path.relative_to(PACKAGE).as_posix(), found.module)
        for path in pure_modules()
        for found in imports_of(path)
        if is_impure(found.module)
    }
    assert not impure - KNOWN_IMPURE, (
        f"their docstrings say that they are pure: {sorted(impure - KNOWN_IMPURE)}"
    )
    gone = sorted(KNOWN_IMPURE - impure)
    assert not gone, f"these imports are gone: {gone}; remove them from KNOWN_IMPURE"


def test_pure_functions_use_no_io() -> None:
    impure = [
        f"{path.relative_to(PACKAGE)}: {function.name} uses {sorted(used)}"
        for path in written_modules()
        for function in pure_functions(syntax_tree(path))
        if (used := uses(function, impure_names(syntax_tree(path))))
    ]
    assert not impure, "their docstrings say that they are pure:\n" + "\n".join(impure)


@pytest.mark.parametrize("name", sorted(MUST_BE_PURE))
def test_core_modules_say_that_they_are_pure(name: str) -> None:
    path = PACKAGE / name
    assert _is_pure(path / "__init__.py" if path.is_dir() else path), "its docstring does not say: Pure."


def test_impure_use_is_found() -> None:
    tree = ast.parse('''
import time
import os.path as paths
from asyncio import sleep as wait
def clean():
    """Add. Pure."""
    return 1
def dirty():
    """Wait. Pure."""
    return wait(paths.sep, time.time())
def silent():
    return time.time()
''')
    names = impure_names(tree)
    assert {function.name: uses(function, names) for function in pure_functions(tree)} == {
        "clean": set(),
        "dirty": {"wait", "paths", "time"},
    }
    assert [found.module for found in imports_in(tree, PACKAGE / "x.py") if is_impure(found.module)] == [
        "time",
        "os.path",
        "asyncio",
    ]
