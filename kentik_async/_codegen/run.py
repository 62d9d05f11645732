"""Shared by both commands: generates the packages of a schema, and reports the changes."""

from __future__ import annotations

import keyword
import os
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from kentik_async._codegen import output
from kentik_async._codegen.errors import CodegenError
from kentik_async._codegen.packages import build
from kentik_async._codegen.render import render
from kentik_async._codegen.schema import Schema

__all__ = ["generate", "import_hint"]

_USED_BY_THE_OUTPUT = frozenset(
    {"aiohttp", "anyio", "google", "grpc", "kentik_async", "msgspec", "platformdirs"}
)
"""The packages that the output and the client import."""

_DONE = {"missing": "added", "differs": "changed", "stale": "removed"}


def generate(schema: Schema, apis: Sequence[str], out: Path, *, check: bool = False) -> Iterator[str]:
    """Generate the packages of some APIs and of their dependencies.

    Args:
        schema: The tree of protos.
        apis: Names of APIs; empty selects all, and removes the packages of earlier runs that are gone.
        out: The output package.
        check: Whether to write nothing.

    Yields:
        A line for each file that has changed, or would.

    Raises:
        CodegenError: The schema does not compile, or the folder cannot be imported or written.
    """
    out = out.resolve()
    _check_importable(out)
    files = render(*build(schema, apis))
    changes = (output.differences if check else output.write)(out, files, whole=not apis)
    for name, change in changes.items():
        yield f"{change if check else _DONE[change]}: {_shown(out / name)}"


def import_hint(out: Path) -> str:
    """Return how a program imports the output."""
    root, name = _import_root(out.resolve())
    return f"import it as {name}.<api>.<version>, with {root} on sys.path"


def _check_importable(out: Path) -> None:
    _, name = _import_root(out)
    for part in name.split("."):
        # Python normalizes the names in an import, and gives names such as `__main__` a meaning of their own.
        special = part != unicodedata.normalize("NFKC", part) or (part[:2] == part[-2:] == "__")
        if special or not part.isidentifier() or keyword.iskeyword(part):
            raise CodegenError(
                f"--out must be a folder that Python can import, such as kentik_apis; got {part!r}"
            )
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or (name == top and top in _USED_BY_THE_OUTPUT):
        raise CodegenError(
            f"--out must not have the name of another package, because one would hide the other; got {top!r}"
        )


def _import_root(out: Path) -> tuple[Path, str]:
    """Return the folder that must be on sys.path, and the name of the package from there."""
    names, root = [out.name], out.parent
    while (root / "__init__.py").is_file():
        names.insert(0, root.name)
        root = root.parent
    return root, ".".join(names)


def _shown(path: Path) -> str:
    """Return a path as the user would type it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith(os.pardir) else relative
