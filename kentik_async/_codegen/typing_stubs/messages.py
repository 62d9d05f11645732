"""Writes the type stubs of messages and enums."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping

from google.protobuf import descriptor_pb2 as pb
from google.protobuf.message import Message

from kentik_async._codegen.python_module import docstring, indented
from kentik_async._codegen.typing_stubs.names import Names

__all__ = ["MessageWriter"]

_Field = pb.FieldDescriptorProto
_SCALARS = {
    _Field.TYPE_DOUBLE: "float",
    _Field.TYPE_FLOAT: "float",
    _Field.TYPE_BOOL: "bool",
    _Field.TYPE_STRING: "str",
    _Field.TYPE_BYTES: "bytes",
}
_CONTAINERS = "google.protobuf.internal.containers"
# With the attributes of int; not from `dir(int)`, so that each version of Python writes the same.
_ENUM_NAMES = frozenset(
    (
        *("DESCRIPTOR", "Name", "Value", "ValueType", "items", "keys", "mro", "name", "value", "values"),
        *("as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator", "from_bytes"),
        *("imag", "is_integer", "numerator", "real", "to_bytes"),
    )
)
_MESSAGE_NAMES = frozenset(dir(Message))


class MessageWriter:
    """Writes the messages and enums of one file."""

    def __init__(self, file: pb.FileDescriptorProto, comments: Mapping[str, str], names: Names) -> None:
        self._file = file
        self._comments = comments
        self._names = names

    def enum(self, enum: pb.EnumDescriptorProto, name: str) -> list[str]:
        """Return an enum. Fields have the type `ValueType`, a base of the enum: an int without a name."""
        if keyword.iskeyword(enum.name):
            return []
        names = self._names
        holder = names.private(f"_{enum.name}Values")
        outer = name.rpartition(".")[0]
        base = f"{names.type(self._full(outer))}.{holder}" if outer else holder
        members: list[str] = []
        for value in enum.value:
            if keyword.iskeyword(value.name) or value.name in _ENUM_NAMES or value.name.startswith("_"):
                members.append(f"# {value.name} = {value.number}: Python uses this name for other things")
            else:
                members += [f"{value.name} = {value.number}", *self._docstring(f"{name}.{value.name}")]
        bases = f"{holder}, {base}.ValueType, {names.runtime('Enum')}"
        body = [*self._docstring(name), *members]
        if all(line.startswith("#") for line in body):
            body.append("...")
        return [
            f"class {holder}:",
            f"    class ValueType({names.builtin('int')}): ...",
            "",
            f"class {enum.name}({bases}):  # type: ignore[misc]  # mypy rejects two int bases",
            *indented(body),
        ]

    def values_beside(self, enum: pb.EnumDescriptorProto, name: str, qualifier: str) -> list[str]:
        """Return the values of an enum, for the module or class that declares it.

        A value in a message does not hide an attribute that every message has.
        """
        hidden = _MESSAGE_NAMES if "." in name else frozenset[str]()
        kind = f"{self._names.of('typing', qualifier)}[{self._names.type(self._full(name))}]"
        lines: list[str] = []
        for value in enum.value:
            if not keyword.iskeyword(value.name) and value.name not in hidden:
                lines += [f"{value.name}: {kind}", *self._docstring(f"{name}.{value.name}")]
        return lines

    def message(self, message: pb.DescriptorProto, name: str) -> list[str]:
        """Return a message with its nested types."""
        if message.options.map_entry or keyword.iskeyword(message.name):
            return []
        class_var = self._names.of("typing", "ClassVar")
        body = self._docstring(name)
        for enum in message.enum_type:
            inner = f"{name}.{enum.name}"
            body += ["", *self.enum(enum, inner), "", *self.values_beside(enum, inner, "ClassVar")]
        for nested in message.nested_type:
            if inside := self.message(nested, f"{name}.{nested.name}"):
                body += ["", *inside]
        number = f"{class_var}[{self._names.builtin('int')}]"
        body += [f"{field.name.upper()}_FIELD_NUMBER: {number}" for field in message.field]
        for field in message.field:
            body += self._field(field, f"{name}.{field.name}")
        body += [*self._constructor(message), *self._presence(message), *self._dictionaries(message)]
        return [
            f"class {message.name}({self._names.of('google.protobuf.message', 'Message')}):",
            *indented(body),
        ]

    def _field(self, field: pb.FieldDescriptorProto, name: str) -> list[str]:
        """Return a field. Fields that cannot be assigned are properties."""
        if keyword.iskeyword(field.name):
            return [f"# {field.name}: a Python keyword; read it with getattr, pass it with **."]
        doc = self._docstring(name)
        container = self._container(field)
        if container is None and not _is_message(field):
            return [f"{field.name}: {self._value(field)}", *doc]
        head = f"def {field.name}(self) -> {container or self._value(field)}:"
        return [f"@{self._names.builtin('property')}", *([head, *indented(doc)] if doc else [f"{head} ..."])]

    def _container(self, field: pb.FieldDescriptorProto) -> str | None:
        """Return the type of a repeated field or a map; None for a single value."""
        if field.label != _Field.LABEL_REPEATED:
            return None
        entry = self._map_entry(field)
        if entry is not None:
            key, value = entry.field
            kind = "MessageMap" if _is_message(value) else "ScalarMap"
            return f"{self._names.of(_CONTAINERS, kind)}[{self._value(key)}, {self._value(value)}]"
        kind = f"Repeated{'Composite' if _is_message(field) else 'Scalar'}FieldContainer"
        return f"{self._names.of(_CONTAINERS, kind)}[{self._value(field)}]"

    def _map_entry(self, field: pb.FieldDescriptorProto) -> pb.DescriptorProto | None:
        return self._names.map_entry(field.type_name) if _is_message(field) else None

    def _value(self, field: pb.FieldDescriptorProto) -> str:
        """Return the type of one value of a field."""
        if field.type == _Field.TYPE_ENUM:
            return self._names.enum_value(field.type_name)
        if field.type_name:
            return self._names.type(field.type_name)
        return self._names.builtin(_SCALARS.get(field.type, "int"))

    def _argument(self, field: pb.FieldDescriptorProto) -> str:
        """Return the type of the constructor argument for a field; None leaves the field unset."""
        entry = self._map_entry(field)
        if entry is not None:
            key, value = entry.field
            mapping = self._names.of("collections.abc", "Mapping")
            return f"{mapping}[{self._value(key)}, {self._value(value)}] | None"
        given = self._value(field)
        if field.type == _Field.TYPE_ENUM:
            given += f" | {self._names.builtin('str')}"
        if field.label == _Field.LABEL_REPEATED:
            given = f"{self._names.of('collections.abc', 'Iterable')}[{given}]"
        return f"{given} | None"

    def _constructor(self, message: pb.DescriptorProto) -> list[str]:
        plain = [field for field in message.field if not keyword.iskeyword(field.name)]
        own = "self"
        while any(field.name == own for field in plain):
            own = f"_{own}"
        lines = [f"    {field.name}: {self._argument(field)} = None," for field in plain]
        if len(plain) < len(message.field):
            lines.append(f"    **others: {self._names.of('typing', 'Any')},")
        if not lines:
            return [f"def __init__({own}) -> None: ..."]
        return ["def __init__(", f"    {own},", *(["    *,"] if plain else []), *lines, ") -> None: ..."]

    def _presence(self, message: pb.DescriptorProto) -> list[str]:
        """Return `HasField`, `ClearField` and `WhichOneof`, each with the names that it accepts."""
        oneofs = _oneofs(message)
        fields = [field.name for field in message.field]
        known = [field.name for field in message.field if self._has_presence(field)]
        boolean = self._names.builtin("bool")
        lines = []
        if known:
            lines.append(
                f"def HasField(self, field_name: {self._literal([*known, *oneofs])}) -> {boolean}: ..."
            )
        if fields:
            lines.append(
                f"def ClearField(self, field_name: {self._literal([*fields, *oneofs])}) -> None: ..."
            )
        for group, members in oneofs.items():
            if len(oneofs) > 1:
                lines.append(f"@{self._names.of('typing', 'overload')}")
            argument, result = self._literal([group]), self._literal(members)
            lines.append(f"def WhichOneof(self, oneof_group: {argument}) -> {result} | None: ...")
        return lines

    def _dictionaries(self, message: pb.DescriptorProto) -> list[str]:
        """Return `to_dict` and `from_dict`, unless something in the message has the name."""
        names = self._names
        declared = {field.name for field in message.field} | {part.name for part in message.nested_type}
        for enum in message.enum_type:
            declared |= {enum.name, *(value.name for value in enum.value)}
        if {"to_dict", "from_dict"} <= declared:
            return []
        text, boolean, any_type = names.builtin("str"), names.builtin("bool"), names.of("typing", "Any")
        lines = []
        if "to_dict" not in declared:
            result = f"{names.builtin('dict')}[{text}, {any_type}]"
            lines.append(f"def to_dict(self, *, json_names: {boolean} = ...) -> {result}: ...")
        if "from_dict" not in declared:
            data = f"{names.of('collections.abc', 'Mapping')}[{text}, {any_type}]"
            arguments = f"cls, data: {data}, *, ignore_unknown_fields: {boolean} = ..."
            lines.append(f"@{names.builtin('classmethod')}")
            lines.append(f"def from_dict({arguments}) -> {names.of('typing', 'Self')}: ...")
        return lines

    def _has_presence(self, field: pb.FieldDescriptorProto) -> bool:
        if field.label == _Field.LABEL_REPEATED:
            return False
        return _is_message(field) or field.HasField("oneof_index") or self._file.syntax != "proto3"

    def _literal(self, values: Iterable[str]) -> str:
        quoted = ", ".join(f'"{value}"' for value in sorted(values))
        return f"{self._names.of('typing', 'Literal')}[{quoted}]"

    def _full(self, name: str) -> str:
        return f"{self._file.package}.{name}"

    def _docstring(self, name: str) -> list[str]:
        return docstring(self._comments.get(name, ""))


def _is_message(field: pb.FieldDescriptorProto) -> bool:
    return field.type in {_Field.TYPE_MESSAGE, _Field.TYPE_GROUP}


def _oneofs(message: pb.DescriptorProto) -> dict[str, list[str]]:
    """Return the oneofs of the proto with their fields, without those that represent `optional`."""
    result: dict[str, list[str]] = {}
    for field in message.field:
        if field.HasField("oneof_index") and not field.proto3_optional:
            result.setdefault(message.oneof_decl[field.oneof_index].name, []).append(field.name)
    return result
