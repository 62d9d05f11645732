"""Registers the descriptors of the generated packages in protobuf's default pool.

Written by `kentik-async codegen`; changes made here are lost.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool

__all__ = ["ROOT", "files_of", "package_of", "register"]

ROOT = __name__.rsplit(".", 2)[0]
"""The name of the package that contains all generated packages."""

_OWN = "kentik_async"
_PREFIX = _OWN if ROOT == "kentik_async._generated" else f"{_OWN}/{re.sub(r'[^A-Za-z0-9_]', '_', ROOT)}"
"""Prefix of the registered file names. A generated tree outside the SDK has a different prefix, because it
may contain other versions of the SDK's protos, and both must work in one process."""


@cache
def files_of(package: str) -> Mapping[str, descriptor_pb2.FileDescriptorProto]:
    """Return the files of a package by name; `package` is its dotted name below the root."""
    folder = package.replace(".", "/")
    data = pkgutil.get_data(ROOT, f"{folder}/descriptors.binpb")
    if data is None:
        raise ImportError(f"{ROOT}/{folder}/descriptors.binpb is missing")
    files = descriptor_pb2.FileDescriptorSet.FromString(data).file
    if _PREFIX != _OWN:
        for file in files:
            _move(file)
    return {file.name: file for file in files}


def package_of(name: str) -> str | None:
    """Return the package of a registered file, dotted and below the root; None for well-known files."""
    if not name.startswith(f"{_PREFIX}/"):
        return None
    return name.removeprefix(f"{_PREFIX}/").rpartition("/")[0].replace("/", ".")


@cache
def register(name: str) -> Any:
    """Add a file to the default pool, after the files that it imports; return its descriptor.

    This works file by file, because two packages may import each other although no two files do.
    """
    pool = descriptor_pool.Default()
    package = package_of(name)
    if package is None:
        import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
        return pool.FindFileByName(name)
    file = files_of(package)[name]
    for dependency in file.dependency:
        register(dependency)
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindFileByName(name)


def _move(file: descriptor_pb2.FileDescriptorProto) -> None:
    """Rename a file and its types with the prefix of this tree."""
    file.name = _moved(file.name)
    file.package = _moved(file.package)
    file.dependency[:] = [_moved(name) for name in file.dependency]
    messages, fields = [*file.message_type], [*file.extension]
    while messages:
        message = messages.pop()
        messages += message.nested_type
        fields += [*message.field, *message.extension]
    for field in fields:
        if field.type_name:  # a scalar must not have an empty one
            field.type_name = _moved(field.type_name)
        if field.extendee:
            field.extendee = _moved(field.extendee)


def _moved(name: str) -> str:
    """Return the name of a file, package or type with the prefix of this tree; keep well-known names."""
    types = _PREFIX.replace("/", ".")
    for old, new in ((f"{_OWN}/", f"{_PREFIX}/"), (f"{_OWN}.", f"{types}."), (f".{_OWN}.", f".{types}.")):
        if name.startswith(old):
            return new + name.removeprefix(old)
    return name
