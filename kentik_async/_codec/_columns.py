"""Parses the rows of large responses column by column in the protobuf parser, not field by field in Python.

Protobuf merges messages: when a singular message field occurs several times in the bytes, the parser
merges them into one message and concatenates their repeated fields. A variant of a response's schema, in
which the rows of a table are one message and the fields of that message are repeated, therefore parses the
same bytes as columns. The variant declares signed values as signed. `map` over the columns then creates the
models: 10 000 relations take 7 times as long as the parse alone; reading each field of each row takes 13
times as long (`benchmarks/decode.py`).

A column as long as the table has one value for each row, because no encoder writes a singular field twice. In
a shorter column, the values that were not sent are missing, and their rows are unknown. Such a column is read
row by row, from another variant, in which a number that was not sent has a default that no server can send.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property
from operator import attrgetter
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from kentik_async._codec._values import ProtobufError, decode_error, parse

_Field = FieldDescriptorProto

_NOT_SENT = -(2**63)
_MAX_UINT32 = 2**32 - 1
_SIGN_BIT = 2**31


class _Booleans(dict[int, bool | None]):
    """Maps a number to its boolean; any number except zero is true."""

    def __missing__(self, value: int) -> bool:
        return True


_BOOLEANS = _Booleans({0: False, 1: True, _NOT_SENT: None})


class TableColumns:
    """Parses the tables of one type of response; one object parses all responses of the type.

    Args:
        message: The generated class of the response.
        what: The name of the response in errors.
        signed: Fields that the schema declares as uint32 and that hold 32-bit two's complement.
    """

    def __init__(self, message: type[Message], what: str, signed: Iterable[str] = ()) -> None:
        self.message = message
        self.what = what
        self.signed = frozenset(signed)
        # Only proto3 rejects strings that are not UTF-8, and only proto2 has defaults: both parse every
        # response.
        self._variants = (
            _variant(message, "merged", "proto3", self._merge),
            _variant(message, "counted", "proto2", self._count),
            _variant(message, "by_row", "proto2", self._mark),
        )
        name = message.DESCRIPTOR.full_name
        self.merged, self.counted, self.by_row = [classes[name] for classes in self._variants]

    def parse(self, raw: bytes) -> "ParsedTables":
        """Parse a response.

        Raises:
            DecodeError: The bytes are not such a message.
        """
        try:
            return ParsedTables(self, self.merged.FromString(raw), self.counted.FromString(raw), raw)
        except ProtobufError as error:
            raise decode_error(self.what, error) from error

    def _merge(self, field: _Field, in_row: bool) -> None:
        if in_row:
            field.label = _Field.LABEL_REPEATED
            if field.name in self.signed:
                field.type = _Field.TYPE_INT32
        elif _is_table(field):
            field.label = _Field.LABEL_OPTIONAL

    def _count(self, field: _Field, in_row: bool) -> None:
        if _is_table(field) and not in_row:
            field.type = _Field.TYPE_BYTES
            field.ClearField("type_name")

    def _mark(self, field: _Field, in_row: bool) -> None:
        if in_row and field.type in {_Field.TYPE_UINT32, _Field.TYPE_BOOL}:
            field.type = _Field.TYPE_INT64
            field.default_value = str(_NOT_SENT)


class ParsedTables:
    """One parsed response.

    Attributes:
        header: The response without its rows; the other fields are as in the schema.
    """

    def __init__(self, tables: TableColumns, merged: Message, header: Any, raw: bytes) -> None:
        self._tables = tables
        self._merged = merged
        self.header = header
        self._raw = raw

    @cached_property
    def _by_row(self) -> Message:
        return parse(self._tables.by_row, self._raw, self._tables.what)

    def columns(self, path: str, names: Sequence[str]) -> list[list[Any]]:
        """Return the columns of one table, None where a value was not sent.

        Args:
            path: The path of the table in the response, such as "asn_details.customers".
            names: The columns to return, in this order.
        """
        find = attrgetter(path)
        merged, count = find(self._merged), len(find(self.header))
        columns = [getattr(merged, name)[:] for name in names]
        if set(map(len, columns)) <= {count}:
            return columns
        fields = find(self._tables.message()).add().DESCRIPTOR.fields_by_name
        rows = cache(lambda: list(find(self._by_row)))
        for index, name in enumerate(names):
            if not columns[index]:
                columns[index] = [None if fields[name].has_presence else fields[name].default_value] * count
            elif len(columns[index]) != count:
                columns[index] = self._as_sent(fields[name], map(attrgetter(name), rows()))
        return columns

    def _as_sent(self, field: Any, values: Iterable[Any]) -> list[Any]:
        if not field.has_presence:
            return list(values)
        if field.type == field.TYPE_BOOL:
            return list(map(_BOOLEANS.__getitem__, values))
        bias = _SIGN_BIT if field.name in self._tables.signed else 0
        return [None if value == _NOT_SENT else ((value & _MAX_UINT32) ^ bias) - bias for value in values]


def _is_table(field: _Field) -> bool:
    return field.label == _Field.LABEL_REPEATED and field.type == _Field.TYPE_MESSAGE


def _variant(
    message: type[Message], purpose: str, syntax: str, change: Callable[[_Field, bool], None]
) -> dict[str, type[Message]]:
    """Return classes with the same names and changed fields, in a separate descriptor pool.

    The caller must keep all of them, not only the response's: protobuf 4.22 has only a weak reference to the
    rows' class.
    """
    root = message.DESCRIPTOR
    file = FileDescriptorProto(
        name=f"{purpose}/{root.full_name}.proto", package=root.file.package, syntax=syntax
    )
    _add(file, root, change, in_row=False)
    pool = DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClassesForFiles([file.name], pool)


def _add(
    file: FileDescriptorProto, descriptor: Any, change: Callable[[_Field, bool], None], *, in_row: bool
) -> None:
    if descriptor.name in {added.name for added in file.message_type}:
        return
    original = DescriptorProto()
    descriptor.CopyToProto(original)
    changed = file.message_type.add(name=descriptor.name)
    for field in original.field:
        copy = changed.field.add(name=field.name, number=field.number, label=field.label, type=field.type)
        if field.type_name:
            copy.type_name = field.type_name
        change(copy, in_row)
        if field.type == _Field.TYPE_MESSAGE:
            child = descriptor.fields_by_name[field.name].message_type
            _add(file, child, change, in_row=_is_table(field))
