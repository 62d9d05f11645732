"""One request in the quota file: what it says, and its 64 bytes. Pure.

The file is a ring of entries, one a request, and nothing else: slots, windows and freezes are read off it.
Each entry has a checksum and never crosses a disk sector, so it is there as a whole or recognised as torn.
"""

import struct
from enum import IntEnum
from typing import NamedTuple
from zlib import crc32

__all__ = [
    "ENTRY_SIZE",
    "HEADER_SIZE",
    "MOST_WAITING",
    "NO_PAUSE",
    "Entry",
    "Header",
    "State",
    "decode",
    "encode",
]

ENTRY_SIZE = 64
HEADER_SIZE = 4096
NO_PAUSE = -1.0
"""`Entry.pause` of a refusal that named no pause, and of all that was not refused."""

MOST_WAITING = 0xFFFF

_MAGIC = b"KENTIKQ\x01"
_BODY = struct.Struct("<QddddIIIHHBBBB")
_SUM = struct.Struct("<I")
_HEADER = struct.Struct("<8sIII36s")


class State(IntEnum):
    """How far a request is.

    IN_FLIGHT and RETURNED may change, the others are final: a returned place is given to the next request.
    """

    VOID = 0
    IN_FLIGHT = 1
    USED = 2
    REFUSED = 3
    DRAINING = 4
    RETURNED = 5


class Entry(NamedTuple):
    """One request.

    Attributes:
        seq: Its place: the ring's places are numbered on and on, lap after lap.
        sent: The monotonic instant of the grant.
        stamp: The monotonic instant of its end; of a draining one, until when it drains.
        wall: `stamp` by the wall clock, which outlives a reboot.
        pause: The pause that a refusal asked for, in seconds, or `NO_PAUSE`.
        order: Counts the grants; the highest is the latest, although a returned place keeps its `seq`.
            0 for what was entered without one.
        pid: The process that was granted it.
        epoch: The freeze epoch of the grant.
        member: Tells apart limiters with the same pid.
        waiting: How many more requests waited in that process at the grant, at most `MOST_WAITING`.
        state: See `State`.
        slot: The concurrency slot it holds.
        streak: Refusals in a row before the grant: above 0 it is the probe of a freeze.
        limit: How many requests its process allows in flight at once.
    """

    seq: int
    sent: float = 0.0
    stamp: float = 0.0
    wall: float = 0.0
    pause: float = NO_PAUSE
    order: int = 0
    pid: int = 0
    epoch: int = 0
    member: int = 0
    waiting: int = 0
    state: int = State.VOID
    slot: int = 0
    streak: int = 0
    limit: int = 0


class Header(NamedTuple):
    """What stands before the ring.

    Attributes:
        capacity: How many entries the ring has.
        boot: Which run of the machine the monotonic stamps belong to; empty where it cannot be told.
    """

    capacity: int
    boot: str

    def encode(self) -> bytes:
        """Return the header's bytes, `HEADER_SIZE` of them."""
        body = _HEADER.pack(_MAGIC, HEADER_SIZE, ENTRY_SIZE, self.capacity, self.boot.encode())
        return (body + _SUM.pack(crc32(body))).ljust(HEADER_SIZE, b"\0")

    @classmethod
    def decode(cls, raw: bytes) -> "Header | None":
        """Return the header, or None for bytes that are none of this version."""
        if len(raw) < HEADER_SIZE:
            return None
        magic, header_size, entry_size, capacity, boot = _HEADER.unpack_from(raw)
        (checksum,) = _SUM.unpack_from(raw, _HEADER.size)
        if checksum != crc32(raw[: _HEADER.size]) or magic != _MAGIC:
            return None
        if (header_size, entry_size) != (HEADER_SIZE, ENTRY_SIZE) or capacity < 1:
            return None
        return cls(capacity, boot.rstrip(b"\0").decode("ascii", "replace"))


def encode(*fields: float) -> bytes:
    """Return the bytes of an entry with these fields, in the order of `Entry`: `ENTRY_SIZE` of them."""
    body = _BODY.pack(*fields)
    return body + crc32(body).to_bytes(4, "little")


def decode(raw: bytes) -> Entry | None:
    """Return the entry, or None for bytes that are torn, never were one, or say what cannot be."""
    if len(raw) != ENTRY_SIZE or _SUM.unpack_from(raw, _BODY.size)[0] != crc32(raw[: _BODY.size]):
        return None
    entry = Entry._make(_BODY.unpack_from(raw))
    return entry if entry.state in _STATES and _is_possible(entry) else None


def _is_possible(entry: Entry) -> bool:
    """Tell whether instants and spans are finite and such as timers can bear, and counts can go on."""
    return (
        -_FAR < entry.sent < _FAR
        and -_FAR < entry.stamp < _FAR
        and -_FAR < entry.wall < _FAR
        and NO_PAUSE <= entry.pause < _LONG
        and entry.order < _MANY
        and entry.epoch < _MANY
        and entry.seq < _MANY * _MANY * 2
    )


_FAR = 1e11  # seconds: three thousand years
_LONG = 1e7
_MANY = 2**31
_STATES = frozenset(int(state) for state in State)
