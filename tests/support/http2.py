"""Handwritten HTTP/2: frames that no library sends, for servers that misbehave."""

import asyncio
import struct

from tests.support.protowire import varint

DATA, HEADERS, RST_STREAM, SETTINGS_FRAME, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM = ACK = 1
END_HEADERS = 4

_FRAME_BYTES = 16384


def http2_frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One HTTP/2 frame."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


SETTINGS = http2_frame(SETTINGS_FRAME, 0, 0, b"")


def http2_headers(*pairs: tuple[str, str], stream: int = 1, last: bool = True) -> bytes:
    """Return the frames of a header block, by default one that ends the first stream."""
    block = b"".join(b"\x00" + _text(name) + _text(value) for name, value in pairs)
    pieces = [block[place : place + _FRAME_BYTES] for place in range(0, len(block), _FRAME_BYTES)]
    frames = []
    for place, piece in enumerate(pieces):
        first, whole = place == 0, place == len(pieces) - 1
        flags = END_STREAM * (first and last) | END_HEADERS * whole
        frames.append(http2_frame(HEADERS if first else CONTINUATION, flags, stream, piece))
    return b"".join(frames)


async def http2_request(reader: asyncio.StreamReader, *, first: bool = True) -> None:
    """Read up to the end of a request: the first one of a connection, or the next."""
    if first:
        await reader.readexactly(len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
    while True:
        head = await reader.readexactly(9)
        length, kind, flags = int.from_bytes(head[:3]), head[3], head[4]
        await reader.readexactly(length)
        if kind in (0, 1) and flags & 1:
            return


def _text(text: str) -> bytes:
    raw = text.encode()
    return (bytes([len(raw)]) if len(raw) < 0x7F else b"\x7f" + varint(len(raw) - 0x7F)) + raw
