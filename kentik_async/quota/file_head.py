"""What the quota file says of others outside, beside its entries: in the first page, behind the header.

It has a checksum of its own and lies within one disk sector, so it is there as a whole or recognised as torn.
A file of a version that had none says nothing here, and that version does not look here: so processes of
both share a file. Nothing depends on it but how soon all processes know what one was told: they would find
out by themselves. So it is written without a lock, and of two that write at a time the later is believed.
"""

import struct
from os import pread, pwrite
from zlib import crc32

from kentik_async.quota.congestion import Congestion

__all__ = ["read_congestion", "write_congestion"]

_PLACE = 512
_BODY = struct.Struct("<IIdd")
_SUM = struct.Struct("<I")


def write_congestion(fd: int, congestion: Congestion) -> None:
    """Enter what others are taken to spend.

    Raises:
        OSError: It cannot be written.
    """
    known = congestion
    body = _BODY.pack(known.spent, known.patience, known.since, known.hold)
    pwrite(fd, body + _SUM.pack(crc32(body)), _PLACE)


def read_congestion(fd: int, congestion: Congestion) -> None:
    """Take over what was entered last, if that can be read.

    Raises:
        OSError: The file cannot be read.
    """
    raw = pread(fd, _BODY.size + _SUM.size, _PLACE)
    if len(raw) < _BODY.size + _SUM.size or _SUM.unpack_from(raw, _BODY.size)[0] != crc32(raw[: _BODY.size]):
        return
    spent, patience, since, hold = _BODY.unpack_from(raw)
    congestion.take_over(spent, patience, since, hold)
