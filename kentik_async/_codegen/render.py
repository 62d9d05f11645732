"""Renders packages as files: a mapping from paths to contents. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from google.protobuf import descriptor_pb2 as pb

from kentik_async._codegen.packages import Package, Symbols
from kentik_async._codegen.python_module import HEADER, python_module
from kentik_async._codegen.typing_stubs.module import typing_stub

__all__ = ["DESCRIPTORS", "FOLDER", "RUNTIME", "render"]

DESCRIPTORS = "descriptors.binpb"
RUNTIME = "_runtime"
_TEMPLATES = Path(__file__).with_name("templates")
FOLDER = f'"""Generated from protos. {HEADER}"""\n'.encode()
"""The `__init__.py` of an intermediate folder."""


def render(packages: Iterable[Package], symbols: Symbols) -> dict[str, bytes]:
    """Render the complete tree.

    Returns:
        Paths below the generated root, with slashes, to contents.
    """
    files = {"__init__.py": FOLDER}
    for path in sorted(_TEMPLATES.glob("*/*.py")):
        files[path.relative_to(_TEMPLATES).as_posix()] = path.read_bytes()
    for package in packages:
        parts = package.path.split(".")
        for depth in range(1, len(parts)):
            files.setdefault("/".join([*parts[:depth], "__init__.py"]), FOLDER)
        folder = "/".join(parts)
        files[f"{folder}/__init__.py"] = python_module(package, symbols).encode()
        files[f"{folder}/__init__.pyi"] = typing_stub(package, symbols).encode()
        files[f"{folder}/{DESCRIPTORS}"] = pb.FileDescriptorSet(file=package.files).SerializeToString(
            deterministic=True
        )
    return files
