"""Reads the comments of a proto, by the names that they document."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from unicodedata import category

from google.protobuf import descriptor_pb2 as pb

__all__ = ["cleaned", "comments"]

_Path = tuple[int, ...]


def comments(file: pb.FileDescriptorProto) -> dict[str, str]:
    """Return the leading comments, or else the trailing ones, without indentation.

    Args:
        file: The output of protoc, with source info.

    Returns:
        Full names (`kentik.kmi.v202212.Market.name`) to comments. Names without a comment are omitted.
    """
    texts = {
        tuple(location.path): cleaned(location.leading_comments or location.trailing_comments)
        for location in file.source_code_info.location
    }
    return {name: texts[path] for name, path in _named_parts(file) if texts.get(path)}


def cleaned(comment: str) -> str:
    """Return a comment without indentation, control characters, and template lines of other tools."""
    lines = (line.expandtabs() for line in comment.splitlines() if "{{" not in line)
    printable = ("".join(c for c in line if category(c) != "Cc").rstrip() for line in lines)
    return inspect.cleandoc("\n".join(printable))


def _named_parts(file: pb.FileDescriptorProto) -> Iterator[tuple[str, _Path]]:
    """Yield the full names of messages, enums, services and their members, with their field number paths."""
    prefix = f"{file.package}." if file.package else ""
    message_number = file.MESSAGE_TYPE_FIELD_NUMBER
    for i, message in enumerate(file.message_type):
        yield from _message_parts(prefix, message, (message_number, i))
    for i, enum in enumerate(file.enum_type):
        yield from _enum_parts(prefix, enum, (file.ENUM_TYPE_FIELD_NUMBER, i))
    for i, service in enumerate(file.service):
        path = (file.SERVICE_FIELD_NUMBER, i)
        yield prefix + service.name, path
        for j, method in enumerate(service.method):
            yield f"{prefix}{service.name}.{method.name}", (*path, service.METHOD_FIELD_NUMBER, j)


def _message_parts(prefix: str, message: pb.DescriptorProto, path: _Path) -> Iterator[tuple[str, _Path]]:
    name = prefix + message.name
    yield name, path
    for i, field in enumerate(message.field):
        yield f"{name}.{field.name}", (*path, message.FIELD_FIELD_NUMBER, i)
    for i, nested in enumerate(message.nested_type):
        yield from _message_parts(f"{name}.", nested, (*path, message.NESTED_TYPE_FIELD_NUMBER, i))
    for i, enum in enumerate(message.enum_type):
        yield from _enum_parts(f"{name}.", enum, (*path, message.ENUM_TYPE_FIELD_NUMBER, i))


def _enum_parts(prefix: str, enum: pb.EnumDescriptorProto, path: _Path) -> Iterator[tuple[str, _Path]]:
    name = prefix + enum.name
    yield name, path
    for i, value in enumerate(enum.value):
        yield f"{name}.{value.name}", (*path, enum.VALUE_FIELD_NUMBER, i)
