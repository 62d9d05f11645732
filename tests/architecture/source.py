"""Reads the package for the architecture tests: modules, their imports, docstrings and classes."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.paths import ROOT

__all__ = [
    "PACKAGE",
    "Import",
    "dotted",
    "imports_in",
    "imports_of",
    "modules",
    "syntax_tree",
    "written_modules",
]

PACKAGE = ROOT / "kentik_async"


@dataclass(frozen=True)
class Import:
    """An imported module.

    Attributes:
        importer: The file of the module that imports it.
        line: The line of the import.
        module: The dotted name of the imported module.
        deferred: Whether the import is inside a function or for type checkers only.
    """

    importer: Path
    line: int
    module: str
    deferred: bool

    def __str__(self) -> str:
        return f"{self.importer.relative_to(ROOT)}:{self.line} imports {self.module}"


def modules() -> list[Path]:
    """Return the files of all modules of the package, generated ones included."""
    return sorted(PACKAGE.rglob("*.py"))


def written_modules() -> list[Path]:
    """Return the files of all modules of the package that are not generated."""
    return [path for path in modules() if "_generated" not in path.parts]


def dotted(path: Path) -> str:
    """Return the dotted name of a module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def syntax_tree(path: Path) -> ast.Module:
    """Parse a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports_of(path: Path) -> tuple[Import, ...]:
    """Return all imports of a module, including those inside functions."""
    return tuple(imports_in(syntax_tree(path), path))


def imports_in(tree: ast.AST, importer: Path) -> Iterator[Import]:
    """Return all imports in a syntax tree, as if it were the module `importer`."""
    for node, deferred in _import_statements(tree, deferred=False):
        for module in _imported_modules(node, importer):
            yield Import(importer, node.lineno, module, deferred)


def _import_statements(
    node: ast.AST, *, deferred: bool
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            continue  # skips expressions, which are most of a tree and contain no statements
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, deferred
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) or (
            isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING")
        )
        yield from _import_statements(child, deferred=deferred or inside)


def _imported_modules(node: ast.Import | ast.ImportFrom, importer: Path) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        package = dotted(importer).split(".")
        if importer.name != "__init__.py":
            package.pop()
        base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [base])])
    names = [f"{base}.{alias.name}" for alias in node.names]
    return [name if _is_module(name) else base for name in names]


def _is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()
