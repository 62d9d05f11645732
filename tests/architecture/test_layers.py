"""Imports go only to lower layers of the architecture, and never in a circle.

CONTRIBUTING.md explains the layers. A new module without a layer fails here: add it to a layer.
"""

import ast
from collections.abc import Iterable, Mapping

import pytest

from tests.architecture.source import PACKAGE, dotted, imports_in, imports_of, modules

LAYERS: tuple[frozenset[str], ...] = (
    frozenset(
        {"_codegen", "_generated", "_version", "errors", "models", "events", "_clock", "_fork", "_whole_file"}
    ),
    frozenset({"_validation", "quota", "_codec", "retry"}),
    frozenset({"_config", "_operations"}),
    frozenset({"_profiles"}),
    frozenset({"_environment", "_telemetry", "_transport"}),
    frozenset({"_pipeline"}),
    frozenset({"bulk"}),
    frozenset({"dlt", "report", "resources"}),
    frozenset({"state"}),
    frozenset({"client"}),
    frozenset({"__init__"}),
    frozenset({"emulator.client"}),
    frozenset({"cli", "pytest_plugin"}),
)
LAYER_OF = {unit: number for number, layer in enumerate(LAYERS) for unit in layer}
UNITS = frozenset({*LAYER_OF, "emulator"})

# The few imports between units of one layer: (importer, imported).
NEIGHBOURS = frozenset({("_codec", "_validation"), ("models", "errors"), ("events", "errors")})

# The emulator implements the vendor's rules independently of the client, so that each implementation
# checks the other.
EMULATOR_MAY_IMPORT = frozenset({"_generated", "models", "errors", "_clock"})
EMULATOR_USERS = frozenset({"emulator.client", "cli", "pytest_plugin"})

# The units that may import a library.
LIBRARY_USERS = {
    "grpc": frozenset({"_codegen", "_generated", "_transport", "emulator", "cli"}),
    "altair": frozenset({"report"}),
    "aiohttp": frozenset({"_transport", "emulator", "cli"}),
    "cyclopts": frozenset({"cli"}),
    "dlt": frozenset({"dlt"}),
    "duckdb": frozenset({"cli", "report"}),
    "jinja2": frozenset({"report"}),
    "keyring": frozenset({"_profiles"}),
    "mcp": frozenset({"cli"}),
    "mcp_types": frozenset({"cli"}),
    "opentelemetry": frozenset({"_telemetry"}),
    "pytest": frozenset({"pytest_plugin"}),
    "rich": frozenset({"cli"}),
    "ruamel": frozenset({"state"}),
    "vl_convert": frozenset({"report"}),
}


def unit_of(module: str) -> str | None:
    """Return the unit of a dotted module name: a top-level module or package; None for other libraries."""
    root, _, inner = module.partition(".")
    if root != PACKAGE.name:
        return None
    if inner == "emulator.client" or inner.startswith("emulator.client."):
        return "emulator.client"
    return inner.partition(".")[0] or "__init__"


def may_import(importer: str, imported: str, *, deferred: bool = False) -> bool:
    """Return whether a unit may import another: the whole architecture in one function."""
    if importer == imported:
        return True
    if importer == "emulator":
        return imported in EMULATOR_MAY_IMPORT or (imported == "emulator.client" and deferred)
    if imported == "emulator":
        return importer in EMULATOR_USERS
    if (importer, imported) in NEIGHBOURS:
        return True
    return LAYER_OF[importer] > LAYER_OF[imported]


def circles(imports: Mapping[str, Iterable[str]]) -> set[frozenset[str]]:
    """Return the groups of modules that import each other, directly or through others."""
    reached: dict[str, set[str]] = {}
    for module in imports:
        seen: set[str] = set()
        ahead = list(imports[module])
        while ahead:
            if (name := ahead.pop()) not in seen:
                seen.add(name)
                ahead += imports.get(name, ())
        reached[module] = seen
    return {
        frozenset(other for other in seen if module in reached.get(other, ()))
        for module, seen in reached.items()
        if module in seen
    }


def test_every_module_is_in_a_layer() -> None:
    homeless = [str(path.relative_to(PACKAGE)) for path in modules() if unit_of(dotted(path)) not in UNITS]
    assert not homeless, f"without a layer: {homeless}; add each to LAYERS"


def test_imports_go_down_only() -> None:
    upward = [
        str(found)
        for path in modules()
        for found in imports_of(path)
        if {importer := unit_of(dotted(path)), imported := unit_of(found.module)} <= UNITS
        and not may_import(str(importer), str(imported), deferred=found.deferred)
    ]
    assert not upward, "imports that do not go down:\n" + "\n".join(upward)


def test_no_imports_in_a_circle() -> None:
    """Imports inside functions and for type checkers are dependencies too."""
    imports = {dotted(path): {found.module for found in imports_of(path)} for path in modules()}
    found = {
        frozenset(module.removeprefix(f"{PACKAGE.name}.") for module in circle) for circle in circles(imports)
    }
    named = [sorted(circle) for circle in found]
    assert not named, f"modules that import each other: {named}; put what both need into a module below"


def test_libraries_have_few_users() -> None:
    strangers = [
        str(found)
        for path in modules()
        for found in imports_of(path)
        if (library := found.module.partition(".")[0]) in LIBRARY_USERS
        and unit_of(dotted(path)) not in LIBRARY_USERS[library]
    ]
    assert not strangers, "imports of a library outside its adapter:\n" + "\n".join(strangers)


@pytest.mark.parametrize(
    ("importer", "imported", "deferred", "allowed"),
    [
        ("client", "resources", False, True),
        ("resources", "client", False, False),
        ("state", "resources", False, True),
        ("resources", "state", False, False),
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
def test_layer_rule(importer: str, imported: str, deferred: bool, allowed: bool) -> None:
    assert may_import(importer, imported, deferred=deferred) is allowed


@pytest.mark.parametrize(
    ("imports", "expected"),
    [
        ({"a": "b", "b": "c", "c": ""}, set()),
        ({"a": "b", "b": "a", "c": "a"}, {frozenset("ab")}),
        ({"a": "b", "b": "c", "c": "a", "d": "d"}, {frozenset("abc"), frozenset("d")}),
    ],
)
def test_circles_are_found(imports: dict[str, str], expected: set[frozenset[str]]) -> None:
    assert circles(imports) == expected


def test_every_form_of_import_is_read() -> None:
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
    found = {(item.module, item.deferred) for item in imports_in(ast.parse(source), importer)}
    assert found == {
        ("kentik_async.errors", False),
        ("kentik_async._clock", False),
        ("kentik_async", False),
        ("kentik_async.events", False),
        ("grpc.aio", True),
        ("kentik_async.quota.limiter", True),
    }
