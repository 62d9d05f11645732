"""What an installation promises: a version, types, and an import that costs little."""

import importlib.metadata
import importlib.resources
import json
import subprocess
import sys

import kentik_async

# grpc itself imports an empty grpc_tools where it is installed; the compiler in it is what weighs.
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


def test_the_import_loads_nothing_heavy() -> None:
    script = f"import json, sys, kentik_async; print(json.dumps(sorted(set({HEAVY!r}) & set(sys.modules))))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == []
