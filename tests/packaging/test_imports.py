"""An installation has a version, types, and a cheap import."""

import importlib.metadata
import importlib.resources
import json
import subprocess
import sys

import kentik_async

# grpc itself imports an empty grpc_tools if it is installed; only the compiler in it is large.
HEAVY = (
    "aiohttp",
    "cyclopts",
    "duckdb",
    "grpc_tools.protoc",
    "keyring",
    "mcp",
    "pandas",
    "polars",
    "pyarrow",
    "rich",
)

# Modules that most programs never use; the client imports them when a call needs them.
RARE = (
    "difflib",
    "email.utils",
    "google.protobuf.json_format",
    "sqlite3",
    "urllib.request",
    "kentik_async._environment",
    "kentik_async._transport.json_mirror",
    "kentik_async._transport.rest",
    "kentik_async.bulk.pull",
    "kentik_async.bulk.saving",
    "kentik_async.resources.with_response",
    "kentik_async.state",
)

# Modules that are imported with the first client.
WITH_THE_CLIENT = (
    "google.protobuf",
    "grpc",
    "kentik_async._codec",
    "kentik_async._generated",
    "kentik_async.resources",
)


def test_the_version_is_the_distributions() -> None:
    assert kentik_async.__version__ == importlib.metadata.version("kentik-async")


def test_types_are_shipped() -> None:
    assert importlib.resources.files("kentik_async").joinpath("py.typed").is_file()


def test_the_command_line_is_an_entry_point() -> None:
    (command,) = importlib.metadata.entry_points(group="console_scripts", name="kentik-async")
    assert command.value == "kentik_async.cli.__main__:main"


def test_the_pytest_plugin_is_an_entry_point() -> None:
    (plugin,) = importlib.metadata.entry_points(group="pytest11", name="kentik_async")
    assert plugin.value == "kentik_async.pytest_plugin"


def loaded(statement: str, names: tuple[str, ...]) -> list[str]:
    """Return which of the given modules a new process has loaded after a statement."""
    script = f"import json, sys; {statement}; print(json.dumps(sorted(set({names!r}) & set(sys.modules))))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    names_loaded: list[str] = json.loads(run.stdout)
    return names_loaded


def test_the_import_loads_nothing_heavy() -> None:
    assert loaded("import kentik_async", HEAVY) == []


def test_the_client_loads_what_is_rare_at_its_first_use() -> None:
    before = set(loaded("import grpc.aio, msgspec", RARE))
    assert set(loaded("from kentik_async import KentikClient", RARE + HEAVY)) == before


def test_the_class_is_imported_without_grpc_and_protobuf() -> None:
    names = "KentikClient, APIError, Event, LocalLimiter, Quota, Ranking, Records, Response, Retry, priority"
    assert loaded(f"from kentik_async import {names}", WITH_THE_CLIENT) == []
