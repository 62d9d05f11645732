"""Check that every public name has a known type: `python -m tests.typing.public_types`, part of `make type`.

basedpyright examines the package as its users see it. Public names are the exports of documented modules.
"""

import importlib
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import kentik_async
from tests.support.paths import ROOT

MODULES = ("kentik_async", *(f"kentik_async.{name}" for name in sorted(kentik_async._SUBMODULES)))


def main() -> int:
    """Print the public names whose type is not known; return 1 if there are any."""
    public = public_names()
    unknown = [
        f"{symbol['name']}: {problem['message'].splitlines()[0]}"
        for symbol in symbols()
        if is_exposed(symbol["name"], public) and (not symbol["isTypeKnown"] or symbol["isTypeAmbiguous"])
        for problem in symbol["diagnostics"]
    ]
    print("\n".join(unknown) or f"the types of {len(public)} public names are known")
    return 1 if unknown else 0


def public_names() -> set[str]:
    """Return the full names of the exports of documented modules, with the module that defines each."""
    names = set()
    for module in map(importlib.import_module, MODULES):
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            defined = inspect.isclass(value) or inspect.isfunction(value)
            names.add(f"{value.__module__}.{value.__qualname__}" if defined else f"{module.__name__}.{name}")
    return names


def is_exposed(symbol: str, public: set[str]) -> bool:
    """Return whether a symbol is a public name or a public member of one."""
    owner, _, member = symbol.rpartition(".")
    return symbol in public or (owner in public and not member.startswith("_"))


def symbols() -> list[dict[str, Any]]:
    """Return the result of basedpyright for each symbol of the package."""
    executables = Path(sys.executable).parent
    verify = ["--verifytypes", "kentik_async", "--ignoreexternal", "--outputjson"]
    # basedpyright examines the packages of the first python on PATH.
    environment = {**os.environ, "PATH": f"{executables}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [str(executables / "basedpyright"), *verify],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)["typeCompleteness"]
    assert report.get("pyTypedPath"), "basedpyright did not find kentik_async"
    found: list[dict[str, Any]] = report["symbols"]
    return found


if __name__ == "__main__":
    sys.exit(main())
