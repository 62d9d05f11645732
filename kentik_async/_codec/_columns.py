"""The rows of large answers, read column by column in the parser instead of field by field in Python.

Protobuf merges: where a field holds one message and the wire brings several, they become one, and their
repeated fields are appended to each other. So a private twin of an answer, in which a table's rows are one
message and that message's fields are repeated, reads the same bytes as columns, and losses come out signed
because the twin says so. Models are then made by `map` over columns: 10 000 relations in 7 times the bare
parse, where asking each row for each field takes 13 (`benchmarks/decode.py`).

A column as long as the table has one value a row, since no encoder writes a singular field twice. A shorter
one lacks fields that were not sent, and does not say where: it alone is read row by row, from another twin in
which a number that was not sent reads as one that no server can send.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property
from operator import attrgetter
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

_Field = FieldDescriptorProto

_NOT_SENT = -(2**63)
_MAX_UINT32 = 2**32 - 1
_SIGN_BIT = 2**31


class _Booleans(dict[int, bool | None]):
    """What a boolean's number says; any that is not zero is true."""

    def __missing__(self, value: int) -> bool:
        return True


_BOOLEANS = _Booleans({0: False, 1: True, _NOT_SENT: None})


class Tables:
    """How to read the tables of one kind of answer; made once, used for every answer.

    Args:
        answer: The generated class of the answer.
        signed: Fields that the schema calls uint32 and that hold 32-bit two's complement.
    """

    def __init__(self, answer: type[Message], signed: Iterable[str] = ()) -> None:
        self.answer = answer
        self.signed = frozenset(signed)
        # Only proto3 refuses texts that are not UTF-8, only proto2 has defaults; all bytes pass through both.
        self._twins = (
            _twin(answer, "merged", "proto3", self._merge),
            _twin(answer, "counted", "proto2", self._count),
            _twin(answer, "by_row", "proto2", self._mark),
        )
        self.merged, self.counted, self.by_row = [twin[answer.DESCRIPTOR.full_name] for twin in self._twins]

    def parse(self, raw: bytes) -> "Parsed":
        """Read an answer; raises what protobuf raises."""
        return Parsed(self, raw)

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


class Parsed:
    """One answer, read in the ways that its columns need.

    Attributes:
        header: The answer with its tables left unread; the other fields are as the schema has them.
    """

    def __init__(self, tables: Tables, raw: bytes) -> None:
        self._tables = tables
        self._raw = raw
        self._merged = tables.merged.FromString(raw)
        self.header: Any = tables.counted.FromString(raw)

    @cached_property
    def _by_row(self) -> Message:
        return self._tables.by_row.FromString(self._raw)

    def columns(self, path: str, names: Sequence[str]) -> list[list[Any]]:
        """The columns of one table, None where a value was not sent.

        Args:
            path: Where the table is in the answer, such as "asn_details.customers".
            names: The columns, in the order wanted.
        """
        find = attrgetter(path)
        merged, count = find(self._merged), len(find(self.header))
        columns = [getattr(merged, name)[:] for name in names]
        if all(len(column) == count for column in columns):
            return columns
        fields = find(self._tables.answer()).add().DESCRIPTOR.fields_by_name
        rows = cache(lambda: list(find(self._by_row)))
        for place, name in enumerate(names):
            if not columns[place]:
                columns[place] = [None if fields[name].has_presence else fields[name].default_value] * count
            elif len(columns[place]) != count:
                columns[place] = self._as_sent(fields[name], map(attrgetter(name), rows()))
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


def _twin(
    answer: type[Message], purpose: str, syntax: str, change: Callable[[_Field, bool], None]
) -> dict[str, type[Message]]:
    """Classes of the same names with changed fields; in a pool of their own they meet no other build.

    All must be kept, not the answer's alone: protobuf 4.22 holds the rows' class by a weak reference only.
    """
    root = answer.DESCRIPTOR
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
    if descriptor.name in {message.name for message in file.message_type}:
        return
    original = DescriptorProto()
    descriptor.CopyToProto(original)
    twin = file.message_type.add(name=descriptor.name)
    for field in original.field:
        copy = twin.field.add(name=field.name, number=field.number, label=field.label, type=field.type)
        if field.type_name:
            copy.type_name = field.type_name
        change(copy, in_row)
        if field.type == _Field.TYPE_MESSAGE:
            child = descriptor.fields_by_name[field.name].message_type
            _add(file, child, change, in_row=_is_table(field))
