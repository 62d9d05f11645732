"""The architecture, read from the imports: every module stands on a floor and imports from below only.

CONTRIBUTING.md explains the floors. A module that is on none of them fails here: decide where it belongs.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PACKAGE = ROOT / "kentik_async"

FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"_generated", "_version", "errors", "models", "events", "_clock"}),
    frozenset({"_validation", "quota", "_codec", "retry"}),
    frozenset({"_config", "_operations"}),
    frozenset({"_environment", "_transport"}),
    frozenset({"_pipeline"}),
    frozenset({"bulk"}),
    frozenset({"dlt", "resources"}),
    frozenset({"client"}),
    frozenset({"__init__"}),
    frozenset({"emulator.client"}),
    frozenset({"cli"}),
)
FLOOR_OF = {unit: number for number, floor in enumerate(FLOORS) for unit in floor}
UNITS = frozenset({*FLOOR_OF, "emulator"})

# The few imports between units of one floor: (importer, imported).
NEIGHBOURS = frozenset({("_codec", "_validation"), ("models", "errors"), ("events", "errors")})

# The emulator stands beside the house: it reads the vendor's rules a second time, independently of the
# client, so that each reading checks the other.
EMULATOR_MAY_IMPORT = frozenset({"_generated", "models", "errors", "_clock"})
EMULATOR_USERS = frozenset({"emulator.client", "cli"})

# Modules that compute and do nothing else: no clock, no I/O, no event loop.
PURE = (
    "_operations",
    "_codec",
    "errors",
    "models",
    "quota/limits",
    "quota/rate_limit_header",
    "quota/state",
    "retry",
    "_transport/status_mapping",
    "_validation",
)
IMPURE_LIBRARIES = frozenset({"aiohttp", "anyio", "asyncio", "grpc", "socket", "threading", "time"})

# Who may know a library by name.
LIBRARY_USERS = {
    "grpc": frozenset({"_generated", "_transport", "emulator", "cli"}),
    "aiohttp": frozenset({"_transport", "emulator", "cli"}),
    "cyclopts": frozenset({"cli"}),
    "dlt": frozenset({"dlt"}),
    "rich": frozenset({"cli"}),
}


@dataclass(frozen=True)
class Import:
    """One imported module: where, what, and whether it waits for a call (or serves type checkers only)."""

    importer: Path
    line: int
    module: str
    deferred: bool

    def __str__(self) -> str:
        return f"{self.importer.relative_to(PACKAGE.parent)}:{self.line} imports {self.module}"


def modules() -> list[Path]:
    """Every module of the package, generated ones included."""
    return sorted(PACKAGE.rglob("*.py"))


def unit_of(module: str) -> str | None:
    """The unit of a dotted module name: a top-level module or package; None for other libraries."""
    root, _, inner = module.partition(".")
    if root != PACKAGE.name:
        return None
    if inner == "emulator.client" or inner.startswith("emulator.client."):
        return "emulator.client"
    return inner.partition(".")[0] or "__init__"


def dotted(path: Path) -> str:
    """The dotted name of a module of the package."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_module(name: str) -> bool:
    """Whether `name` is a module of this package, rather than something in one."""
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


def _targets(node: ast.Import | ast.ImportFrom, importer: Path) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        package = dotted(importer).split(".")
        if importer.name != "__init__.py":
            package.pop()
        base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [base])])
    inner = [f"{base}.{alias.name}" for alias in node.names]
    return [name if is_module(name) else base for name in inner]


def _walk(node: ast.AST, *, deferred: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, deferred
        waits = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) or (
            isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING")
        )
        yield from _walk(child, deferred=deferred or waits)


def imports_of(path: Path) -> Iterator[Import]:
    """Every import of a module, those inside functions included."""
    for node, deferred in _walk(ast.parse(path.read_text(encoding="utf-8")), deferred=False):
        for module in _targets(node, path):
            yield Import(path, node.lineno, module, deferred)


def may_import(importer: str, imported: str, *, deferred: bool = False) -> bool:
    """Whether a unit may import another: the whole architecture in one function."""
    if importer == imported:
        return True
    if importer == "emulator":
        return imported in EMULATOR_MAY_IMPORT or (imported == "emulator.client" and deferred)
    if imported == "emulator":
        return importer in EMULATOR_USERS
    if (importer, imported) in NEIGHBOURS:
        return True
    return FLOOR_OF[importer] > FLOOR_OF[imported]


def test_every_module_stands_on_a_floor() -> None:
    homeless = [str(path.relative_to(PACKAGE)) for path in modules() if unit_of(dotted(path)) not in UNITS]
    assert not homeless, f"on no floor: {homeless}; give each a place in FLOORS"


def test_imports_go_down_only() -> None:
    upward = [
        str(found)
        for path in modules()
        for found in imports_of(path)
        if {importer := unit_of(dotted(path)), imported := unit_of(found.module)} <= UNITS
        and not may_import(str(importer), str(imported), deferred=found.deferred)
    ]
    assert not upward, "imports that do not go down:\n" + "\n".join(upward)


def test_pure_modules_import_neither_clock_nor_loop_nor_wire() -> None:
    pure = [
        path for path in modules() if path.relative_to(PACKAGE).with_suffix("").as_posix().startswith(PURE)
    ]
    impure = [
        str(i) for path in pure for i in imports_of(path) if i.module.partition(".")[0] in IMPURE_LIBRARIES
    ]
    assert not impure, "pure modules that are not:\n" + "\n".join(impure)


def test_libraries_are_known_only_to_their_adapters() -> None:
    strangers = [
        str(found)
        for path in modules()
        for found in imports_of(path)
        if (library := found.module.partition(".")[0]) in LIBRARY_USERS
        and unit_of(dotted(path)) not in LIBRARY_USERS[library]
    ]
    assert not strangers, "imports by others than the adapters:\n" + "\n".join(strangers)


@pytest.mark.parametrize(
    ("importer", "imported", "deferred", "allowed"),
    [
        ("client", "resources", False, True),
        ("resources", "client", False, False),
        ("resources", "client", True, False),
        ("_codec", "_validation", False, True),
        ("_validation", "_codec", False, False),
        ("quota", "quota", False, True),
        ("quota", "retry", False, False),
        ("emulator", "_clock", False, True),
        ("emulator", "quota", True, False),
        ("emulator", "emulator.client", True, True),
        ("emulator", "emulator.client", False, False),
        ("client", "emulator", True, False),
        ("cli", "emulator", False, True),
        ("emulator.client", "__init__", False, True),
    ],
)
def test_the_rule_itself(importer: str, imported: str, deferred: bool, allowed: bool) -> None:
    assert may_import(importer, imported, deferred=deferred) is allowed


def test_every_spelling_of_an_import_is_read() -> None:
    source = """
import kentik_async.errors
from kentik_async import _clock, ClientOfSomeName
from .. import events
from ..errors import KentikError
if TYPE_CHECKING:
    import grpc.aio
def later():
    from .limiter import Limiter
"""
    importer = PACKAGE / "quota" / "limiter.py"
    found = {
        (target, deferred)
        for node, deferred in _walk(ast.parse(source), deferred=False)
        for target in _targets(node, importer)
    }
    assert found == {
        ("kentik_async.errors", False),
        ("kentik_async._clock", False),
        ("kentik_async", False),
        ("kentik_async.events", False),
        ("grpc.aio", True),
        ("kentik_async.quota.limiter", True),
    }
