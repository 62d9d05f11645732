"""An S3 server (moto) behind a proxy that fails on command: commands on stdin, replies on stdout, in JSON.

Each command is a dictionary of `Faults`, which applies from then on, or null to change nothing; the reply is
the number of requests so far by method.
"""

import asyncio
import json
import logging
import random
import sys
import threading
from collections import Counter
from dataclasses import dataclass

from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.serving import make_server

from tests.support.stream_server import serving

SLOW_DOWN = (
    b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nContent-Length: 60\r\n"
    b"Connection: close\r\n\r\n"
    b"<Error><Code>SlowDown</Code><Message>busy</Message></Error>\n"
)


@dataclass
class Faults:
    """The faults, as shares of all requests.

    Attributes:
        busy: Answered with 503.
        cut: The connection is cut before the request reaches the server.
        cut_after: The connection is cut in place of the answer; the request was carried out.
        hang: Whether no request is answered at all.
        seed: The seed of the random numbers.
    """

    busy: float = 0.0
    cut: float = 0.0
    cut_after: float = 0.0
    hang: bool = False
    seed: int = 1


class Proxy:
    """Forwards requests, or fails."""

    def __init__(self, port: int) -> None:
        self.requests: Counter[str] = Counter()
        self._port = port
        self.order(Faults())

    def order(self, faults: Faults) -> None:
        self._faults = faults
        self._chance = random.Random(faults.seed)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve the requests of one connection."""
        while await self._request(reader, writer):
            pass

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests[head.split(b" ", 1)[0].decode()] += 1
        faults, chance = self._faults, self._chance.random()
        while self._faults.hang:
            await asyncio.sleep(0.05)
        if chance < faults.busy:
            writer.write(SLOW_DOWN)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            return False
        if chance < faults.busy + faults.cut:
            return False
        answer = await self._answer(head, reader, writer)
        if chance < faults.busy + faults.cut + faults.cut_after:
            return False
        writer.write(answer)
        await writer.drain()
        return b"connection: close" not in answer.split(b"\r\n\r\n", 1)[0].lower()

    async def _answer(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """Forward a request to the server, which closes each connection after one request."""
        if b"100-continue" in head.lower():
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await writer.drain()
        body = await reader.readexactly(_length(head))
        lines = [
            line for line in head.split(b"\r\n") if not line.lower().startswith((b"expect:", b"connection:"))
        ]
        lines.insert(1, b"Connection: close")
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self._port)
        upstream.write(b"\r\n".join(lines) + body)
        answer = await upstream_reader.read()
        upstream.close()
        return answer


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # S3 only: moto's own server searches all services for each request.
    moto = make_server("127.0.0.1", 0, create_backend_app("s3"), threaded=True)
    threading.Thread(target=moto.serve_forever, daemon=True).start()
    port = moto.server_port
    proxy = Proxy(port)
    async with serving(proxy.serve) as proxied:
        print(json.dumps({"port": proxied, "calm_port": port}), flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            faults = json.loads(line)
            if faults is not None:
                proxy.order(Faults(**faults))
            print(json.dumps(proxy.requests), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
