"""The peer's HTTP/1.1: reads requests, writes answers byte by byte, breaks connections."""

import asyncio
import json
import time

from tests.chaos.calls import Effect, name_of, number_in
from tests.chaos.record import Visit
from tests.chaos.servers.dispatcher import Dispatcher
from tests.chaos.servers.sockets import cut

__all__ = ["RestExchange", "serve_rest"]


async def serve_rest(
    dispatcher: Dispatcher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer the requests of one connection, one after the other, until it ends."""
    while not writer.transport.is_closing():
        head = await reader.readuntil(b"\r\n\r\n")
        body = b""
        for line in head.lower().splitlines():
            if line.startswith(b"content-length:"):
                body = await reader.readexactly(int(line.partition(b":")[2]))
        await dispatcher.attend(RestExchange(number_in(head + body), reader, writer))


class RestExchange:
    """One HTTP request, with methods to answer it correctly or with faults; see `dispatcher.Exchange`."""

    effect: Effect
    visit: Visit
    patience: float

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self._reader = reader
        self._writer = writer

    @property
    def document(self) -> bytes:
        """The body of the correct answer."""
        if self.effect == "delete":
            return b""
        site = {"id": self.number, "site_name": name_of(self.number), "lat": 1, "lon": "2.5"}
        return json.dumps({"site": site}).encode()

    async def answer_well(self) -> None:
        """Answer correctly."""
        await self.answer(204 if self.effect == "delete" else 200, self.document)

    async def answer(self, status: int, body: bytes, *headers: str, kind: str = "application/json") -> None:
        """Send a complete answer."""
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Type: {kind}", *headers]
        if status not in (204, 304):
            lines.append(f"Content-Length: {len(body)}")
        await self.send("\r\n".join([*lines, "", ""]).encode() + body)

    async def send(self, raw: bytes) -> None:
        """Send bytes unchanged."""
        self.visit.finished = time.monotonic()
        if not self._writer.is_closing():
            self._writer.write(raw)
            await self._writer.drain()

    async def hang_up(self) -> None:
        """Close the connection normally."""
        self._writer.close()
        await self._writer.wait_closed()

    def cut(self) -> None:
        """Reset the connection."""
        cut(self._writer)

    async def never_end(self, drip: bytes = b"") -> None:
        """Keep the caller waiting, and sometimes send a byte, until it leaves; work ends after `patience`."""
        self.visit.finished = self.visit.received + self.patience
        leaving = asyncio.ensure_future(self._reader.read(1))
        try:
            while not leaving.done():
                await asyncio.wait([leaving], timeout=0.05)
                self._writer.write(drip)
            self.visit.finished = min(self.visit.finished, time.monotonic())
        finally:
            leaving.cancel()
            cut(self._writer)
