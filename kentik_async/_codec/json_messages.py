"""Converts JSON documents to protobuf messages, with `json_format` only for unusual values. Pure.

Measured on 600 rows of rankings: 1.3 ms; with `json_format` alone 22 ms, which block the event loop.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, NamedTuple, TypeVar

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

__all__ = ["message_from_dict"]

M = TypeVar("M", bound=Message)

_TYPES: Mapping[int, tuple[type, ...]] = {
    FieldDescriptor.CPPTYPE_INT32: (int,),
    FieldDescriptor.CPPTYPE_UINT32: (int,),
    FieldDescriptor.CPPTYPE_INT64: (int, str),
    FieldDescriptor.CPPTYPE_UINT64: (int, str),
    FieldDescriptor.CPPTYPE_FLOAT: (float, int),
    FieldDescriptor.CPPTYPE_DOUBLE: (float, int),
    FieldDescriptor.CPPTYPE_BOOL: (bool,),
    FieldDescriptor.CPPTYPE_STRING: (str,),
}


_SPECIAL = frozenset(
    f"google.protobuf.{name}"
    for name in (
        *("Any", "Duration", "FieldMask", "ListValue", "Struct", "Timestamp", "Value"),
        *("BoolValue", "BytesValue", "DoubleValue", "FloatValue", "StringValue"),
        *("Int32Value", "Int64Value", "UInt32Value", "UInt64Value"),
    )
)
"""The messages whose JSON is not an object with their fields."""


_NULLS = frozenset({"google.protobuf.Value", "google.protobuf.NullValue"})
"""The types that have a value whose JSON is null; in other fields, null means that the field is unset."""


class _UnusualError(Exception):
    """A value that `json_format` must handle: it converts the value or raises an error."""


class _UnknownNameError(_UnusualError):
    """The name of an enum value that the schema does not have; `json_format` ignores it."""


class _Field(NamedTuple):
    """A field of a message; `oneof` is empty if the field is its only member or in none."""

    name: str
    repeated: bool
    has_null: bool
    oneof: str
    convert: Callable[[Any], Any]


def message_from_dict(message: type[M], document: dict[str, Any], *, known_names: bool = False) -> M:
    """Return the message that a JSON object represents; unknown fields are ignored.

    Args:
        message: The generated class.
        document: The object.
        known_names: Whether an unknown name of an enum value is an error; otherwise it is ignored too.

    Raises:
        json_format.ParseError: The object is not such a message.
        RecursionError, ValueError, TypeError, AttributeError: The same, if `json_format` does not check it.
    """
    try:
        descriptor: Any = message.DESCRIPTOR
        return message(**_arguments(descriptor, document))
    except (_UnusualError, ValueError, TypeError) as error:
        if known_names and isinstance(error, _UnknownNameError):
            raise json_format.ParseError(str(error)) from None
        return json_format.ParseDict(document, message(), ignore_unknown_fields=True)


def _arguments(descriptor: Descriptor, document: Any) -> dict[str, Any]:
    if type(document) is not dict or descriptor.full_name in _SPECIAL:
        raise _UnusualError
    fields, arguments = _fields(descriptor), dict[str, Any]()
    oneofs = set[str]()
    for key, value in document.items():
        field = fields.get(key)
        if field is None:
            continue
        if value is None:
            if field.has_null or field.name in arguments:
                raise _UnusualError
            continue
        if field.name in arguments or field.oneof in oneofs:
            raise _UnusualError
        if field.oneof:
            oneofs.add(field.oneof)
        if not field.repeated:
            arguments[field.name] = field.convert(value)
        elif type(value) is list:
            arguments[field.name] = [field.convert(item) for item in value]
        else:
            raise _UnusualError
    return arguments


@cache
def _fields(descriptor: Descriptor) -> dict[str, _Field]:
    found = {}
    for field in descriptor.fields:
        repeated = isinstance(field.default_value, list)  # `label` is deprecated, `is_repeated` is new
        oneof = field.containing_oneof
        kind = field.message_type or field.enum_type
        found[field.json_name] = found[field.name] = _Field(
            field.name,
            repeated,
            kind is not None and kind.full_name in _NULLS,
            oneof.name if oneof is not None and len(oneof.fields) > 1 else "",
            _converter(field),
        )
    return found


def _converter(field: FieldDescriptor) -> Callable[[Any], Any]:
    inner, enum = field.message_type, field.enum_type
    if inner is not None:
        if inner.full_name == "google.protobuf.Timestamp":
            return _timestamp
        return _unusual if inner.GetOptions().map_entry else partial(_arguments, inner)
    if enum is not None:
        return partial(_number, {value.name: value.number for value in enum.values})
    types = () if field.type == FieldDescriptor.TYPE_BYTES else _TYPES[field.cpp_type]
    return _long if types == (int, str) else partial(_checked, types)


def _checked(types: tuple[type, ...], value: Any) -> Any:
    if type(value) in types:
        return value
    raise _UnusualError


def _number(numbers: Mapping[str, int], value: Any) -> int:
    if type(value) is int:
        return value
    if type(value) is str:
        if value in numbers:
            return numbers[value]
        raise _UnknownNameError(f"this version does not know the value {value[:60]!r}")
    raise _UnusualError


def _long(value: Any) -> int:
    if type(value) is int:
        return value
    if type(value) is str and value.isascii() and value.removeprefix("-").isdecimal():
        return int(value)
    raise _UnusualError


def _timestamp(value: Any) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromJsonString(value)
    return timestamp


def _unusual(_: Any) -> Any:
    raise _UnusualError
