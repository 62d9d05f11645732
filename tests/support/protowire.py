"""A second implementation of the protobuf wire format, without descriptors or codegen.

A message is a list of fields, a field a pair of its number and its value. Values are ints (varints), bools,
texts, bytes (an inner message).
"""

from collections.abc import Iterable

Field = tuple[int, "int | bool | str | bytes"]

_VARINT, _BYTES = 0, 2


def varint(number: int) -> bytes:
    """Return the base-128 form of a number from 0 to 2**64 - 1."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def message(*fields: Field) -> bytes:
    """Return the bytes of a message."""
    out = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3 | _VARINT) + varint(value)
        else:
            raw = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | _BYTES) + varint(len(raw)) + raw
    return bytes(out)


def fields_of(raw: bytes) -> list[tuple[int, int | bytes]]:
    """Return the fields of a message, in the order of the wire; inner messages and texts stay bytes."""
    found: list[tuple[int, int | bytes]] = []
    rest = memoryview(raw)
    while rest:
        tag, rest = _number(rest)
        value: int | bytes
        if tag & 7 == _VARINT:
            value, rest = _number(rest)
        else:
            assert tag & 7 == _BYTES, f"wire type {tag & 7} is not in the schema"
            length, rest = _number(rest)
            value, rest = bytes(rest[:length]), rest[length:]
        found.append((tag >> 3, value))
    return found


def texts(raw: bytes) -> dict[int, object]:
    """Return the fields of a message by number: texts as str, numbers as int, repeated ones as lists."""
    found: dict[int, list[object]] = {}
    for number, value in fields_of(raw):
        found.setdefault(number, []).append(value.decode() if isinstance(value, bytes) else value)
    return {number: values[0] if len(values) == 1 else values for number, values in found.items()}


def repeated(number: int, messages: Iterable[bytes]) -> list[Field]:
    """Return several inner messages of one field."""
    return [(number, inner) for inner in messages]


def _number(rest: memoryview) -> tuple[int, memoryview]:
    value = shift = 0
    for position, byte in enumerate(rest):
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, rest[position + 1 :]
    raise AssertionError("the varint has no end")
