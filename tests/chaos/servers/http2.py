"""The peer's HTTP/2 and gRPC, with handwritten frames, because no library sends such faults.

The headers of requests are not read: a call is identified by its message.
"""

import asyncio
import struct
import time

from tests.chaos.calls import Effect, name_of, number_in
from tests.chaos.record import Visit
from tests.chaos.servers.dispatcher import Dispatcher
from tests.chaos.servers.sockets import cut
from tests.support.http2 import (
    ACK,
    DATA,
    END_STREAM,
    GOAWAY,
    PING,
    RST_STREAM,
    SETTINGS,
    SETTINGS_FRAME,
    WINDOW_UPDATE,
    http2_frame,
    http2_headers,
)
from tests.support.protowire import message

__all__ = ["GrpcExchange", "serve_grpc"]

GRPC = (":status", "200"), ("content-type", "application/grpc")


async def serve_grpc(
    dispatcher: Dispatcher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer the calls of one connection concurrently until it ends."""
    connection = _Connection(dispatcher, reader, writer)
    try:
        await connection.run()
    finally:
        await connection.end()


class _Connection:
    """One connection's frames, sorted by stream."""

    def __init__(
        self, dispatcher: Dispatcher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._dispatcher = dispatcher
        self._reader = reader
        self.writer = writer
        self.newest = 0
        self._bodies: dict[int, bytes] = {}
        self._streams: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Read frames until there are no more."""
        self.send(SETTINGS)
        await self._reader.readexactly(len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
        while True:
            head = await self._reader.readexactly(9)
            length, kind, flags = int.from_bytes(head[:3]), head[3], head[4]
            stream = int.from_bytes(head[5:]) & 0x7FFFFFFF
            self._take(kind, flags, stream, await self._reader.readexactly(length))

    async def end(self) -> None:
        """Cancel all work."""
        tasks = list(self._streams.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def send(self, raw: bytes) -> None:
        """Send bytes unchanged."""
        if not self.writer.is_closing():
            self.writer.write(raw)

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == SETTINGS_FRAME and not flags & ACK:
            self.send(http2_frame(SETTINGS_FRAME, ACK, 0, b""))
        elif kind == PING and not flags & ACK:
            self.send(http2_frame(PING, ACK, 0, payload))
        elif kind == RST_STREAM and stream in self._streams:
            self._streams[stream].cancel()
        elif kind == DATA:
            self._bodies[stream] = self._bodies.get(stream, b"") + payload
            if payload:
                self.send(http2_frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", len(payload))))
            if flags & END_STREAM:
                self._begin(stream)

    def _begin(self, stream: int) -> None:
        self.newest = max(self.newest, stream)
        exchange = GrpcExchange(number_in(self._bodies.pop(stream)), stream, self)
        task = asyncio.get_running_loop().create_task(self._dispatcher.attend(exchange))
        self._streams[stream] = task
        task.add_done_callback(lambda _: self._streams.pop(stream))


class GrpcExchange:
    """One RPC, with methods to answer it correctly or with faults; see `dispatcher.Exchange`."""

    effect: Effect
    visit: Visit
    patience: float

    def __init__(self, number: int, stream: int, connection: _Connection) -> None:
        self.number = number
        self._stream = stream
        self._connection = connection

    @property
    def message(self) -> bytes:
        """The correct answer, with its length prefix."""
        name = name_of(self.number)
        group = b"" if self.effect == "delete" else message((1, message((1, name), (2, name))))
        return _prefixed(group)

    async def answer_well(self) -> None:
        """Answer correctly."""
        await self.answer(self.message)

    async def answer(self, body: bytes, *trailers: tuple[str, str], status: int = 0) -> None:
        """Answer with the given bytes as the message, followed by a status."""
        self.headers(*GRPC, last=False)
        self.data(body)
        await self.end(status, "", *trailers)

    async def end(self, status: int, words: str, *trailers: tuple[str, str]) -> None:
        """Send the trailers."""
        self.headers(("grpc-status", str(status)), ("grpc-message", words), *trailers)
        await self._connection.writer.drain()

    async def fail(self, status: int, words: str, *trailers: tuple[str, str]) -> None:
        """Answer with only a status."""
        await self.page(*GRPC, ("grpc-status", str(status)), ("grpc-message", words), *trailers)

    async def page(self, *headers: tuple[str, str], body: bytes = b"") -> None:
        """Answer like plain HTTP, without gRPC."""
        self.headers(*headers, last=not body)
        if body:
            self.data(body, last=True)
        await self._connection.writer.drain()

    def headers(self, *pairs: tuple[str, str], last: bool = True) -> None:
        """Send headers."""
        self.send(http2_headers(*pairs, stream=self._stream, last=last))

    def data(self, raw: bytes, *, last: bool = False) -> None:
        """Send a piece of the body."""
        self.send(http2_frame(DATA, END_STREAM if last else 0, self._stream, raw))

    def reset(self, code: int) -> None:
        """Reset the stream."""
        self.send(http2_frame(RST_STREAM, 0, self._stream, struct.pack(">I", code)))

    def go_away(self, *, last: int | None = None, code: int = 0) -> None:
        """Announce that no stream after `last`, by default this one, will be answered."""
        last = self._stream if last is None else last
        self.send(http2_frame(GOAWAY, 0, 0, struct.pack(">II", last, code)))

    def send(self, raw: bytes) -> None:
        """Send bytes unchanged."""
        self.visit.finished = time.monotonic()
        self._connection.send(raw)

    def cut(self) -> None:
        """Reset the connection."""
        cut(self._connection.writer)

    async def hang_up(self) -> None:
        """Close the connection normally."""
        self._connection.writer.close()

    async def never_end(self, drip: bytes = b"") -> None:
        """Keep the caller waiting, and sometimes send a byte, until it leaves; work ends after `patience`."""
        self.visit.finished = self.visit.received + self.patience
        while True:
            await asyncio.sleep(0.05)
            if drip:
                self._connection.send(http2_frame(DATA, 0, self._stream, drip))


def _prefixed(raw: bytes) -> bytes:
    return b"\0" + struct.pack(">I", len(raw)) + raw
