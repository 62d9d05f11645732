"""The classes of messages: their names, docstrings, dictionaries and pickles.

Written by `kentik-async codegen`; changes made here are lost.
"""

from __future__ import annotations

import copyreg
from collections.abc import Mapping
from importlib import import_module
from operator import attrgetter
from typing import Any, Self

from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from .enums import enum_class
from .registry import ROOT, files_of, package_of, register

__all__ = ["link", "load"]


def load(module: str, docs: Mapping[str, str]) -> dict[str, Any]:
    """Register the messages and enums of a package in the default pool.

    Args:
        module: The `__name__` of the package; its `descriptors.binpb` is in the same folder.
        docs: Names in the package (`Market.name`) to the comments of the proto.

    Returns:
        The names that the package binds: message classes, enums and their values.

    Raises:
        TypeError: Other messages are registered under the same names.
    """
    result: dict[str, Any] = {}
    for name in files_of(_package(module)):
        file = register(name)
        for message in file.message_types_by_name.values():
            result[message.name] = _message_class(message, module, message.name, docs)
        for enum in file.enum_types_by_name.values():
            result.update(_enum(enum, module, enum.name, docs))
    return result


def link(module: str) -> None:
    """Import the packages whose types the messages of a package use, because their classes need names too.

    The package calls this when it has bound its own names: two packages may import each other.
    """
    package = _package(module)
    used = {package_of(name) for file in files_of(package).values() for name in file.dependency}
    for name in sorted(filter(None, used - {package})):
        import_module(f"{ROOT}.{name}")


def _package(module: str) -> str:
    return module.removeprefix(f"{ROOT}.")


def _message_class(descriptor: Any, module: str, qualname: str, docs: Mapping[str, str]) -> type[Message]:
    """Return the class of a message with its nested classes. Pickle finds each by its module and name."""
    result: Any = GetMessageClass(descriptor)
    result.__module__ = module
    result.__qualname__ = qualname
    result.__doc__ = _docstring(qualname, [field.name for field in descriptor.fields], docs)
    if descriptor.containing_type is not None:
        # By default, protobuf finds a nested class only if the unpickling process has already imported it.
        copyreg.pickle(result, _reduce)
    for nested in descriptor.nested_types:
        if not nested.GetOptions().map_entry:
            setattr(result, nested.name, _message_class(nested, module, f"{qualname}.{nested.name}", docs))
    for enum in descriptor.enum_types:
        for name, value in _enum(enum, module, f"{qualname}.{enum.name}", docs).items():
            if not hasattr(Message, name):  # a value does not hide a method
                setattr(result, name, value)
    declared = {*descriptor.fields_by_name, *descriptor.nested_types_by_name}
    declared |= {*descriptor.enum_types_by_name, *descriptor.enum_values_by_name}
    for name in ("to_dict", "from_dict"):
        if name not in declared:
            setattr(result, name, _Dictionaries.__dict__[name])
    made: type[Message] = result
    return made


def _enum(descriptor: Any, module: str, qualname: str, docs: Mapping[str, str]) -> dict[str, Any]:
    """Return the class of an enum, and its values, which protobuf defines beside it."""
    names = [value.name for value in descriptor.values]
    made = enum_class(descriptor, module, qualname, _docstring(qualname, names, docs))
    values = {value.name: made.__members__.get(value.name, value.number) for value in descriptor.values}
    return {descriptor.name: made, **values}


def _docstring(qualname: str, members: list[str], docs: Mapping[str, str]) -> str:
    """Return the comment of a type, with those of its fields or values as attributes."""
    lines = [docs[qualname]] if qualname in docs else []
    told = [(name, docs[f"{qualname}.{name}"]) for name in members if f"{qualname}.{name}" in docs]
    if told:
        lines += [*([""] if lines else []), "Attributes:"]
        lines += [f"    {name}: {text}".replace("\n", "\n        ") for name, text in told]
    return "\n".join(lines)


class _Dictionaries:
    """The methods that classes of messages have besides those of protobuf."""

    def to_dict(self, *, json_names: bool = False) -> dict[str, Any]:
        """Return the fields that are set, as in JSON: 64-bit integers, bytes and times are strings.

        Args:
            json_names: Whether keys are in lowerCamelCase, as in the JSON of the API; otherwise they are the
                names of the fields.
        """
        from google.protobuf import json_format  # imported here because few programs need it

        message: Any = self
        result: dict[str, Any] = json_format.MessageToDict(
            message, preserving_proto_field_name=not json_names
        )
        return result

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, ignore_unknown_fields: bool = False) -> Self:
        """Return a message with the fields of a dictionary like that of `to_dict`.

        Args:
            data: Names of fields, in either spelling, to values.
            ignore_unknown_fields: Whether to skip keys that are not fields; otherwise they are an error.

        Raises:
            google.protobuf.json_format.ParseError: The dictionary does not fit the message.
        """
        from google.protobuf import json_format  # imported here because few programs need it

        message: Any = cls()
        json_format.ParseDict(dict(data), message, ignore_unknown_fields=ignore_unknown_fields)
        made: Self = message
        return made


def _reduce(message: Message) -> tuple[Any, tuple[str, str, bytes]]:
    kind = type(message)
    return _restore, (kind.__module__, kind.__qualname__, message.SerializePartialToString())


def _restore(module: str, qualname: str, data: bytes) -> Message:
    message: Message = attrgetter(qualname)(import_module(module))()
    message.MergeFromString(data)
    return message
