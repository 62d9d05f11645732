"""Endless answers: a clear error, and bounded memory."""

import asyncio
import inspect
import tracemalloc
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from kentik_async import DecodeError, KentikClient, KentikError, Quota, Retry
from tests.support.stream_server import serving

ACCEPTED = 64 * 1024 * 1024
UNLIMITED = Quota(None, None, 0.0, None, None, drain=0.1)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def again_and_again(piece: bytes) -> Iterator[bytes]:
    while True:
        yield piece


def answer_to(path: str) -> Iterator[bytes]:
    """The chunks that the server sends."""
    if path.endswith("/body"):
        yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        yield from again_and_again(b"10000\r\n" + b"[" * 0x10000 + b"\r\n")
    elif path.endswith("/headers"):
        yield HEAD
        yield from again_and_again(b"X-More: " + b"a" * 1000 + b"\r\n")
    elif path.endswith("/header"):
        yield HEAD + b"X-Long: "
        yield from again_and_again(b"a" * 10_000)


counts_headers = pytest.mark.skipif(
    "max_headers" not in inspect.signature(aiohttp.ClientSession).parameters,
    reason="this aiohttp bounds a header's length, and not how many there are",
)


class Endless:
    """A server that sends without end.

    Attributes:
        sent: The number of bytes sent.
        port: The port on which it listens.
    """

    def __init__(self) -> None:
        self.sent = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        for piece in answer_to(head.split()[1].decode()):
            writer.write(piece)
            await writer.drain()
            self.sent += len(piece)


@pytest.fixture
async def endless() -> AsyncIterator[Endless]:
    server = Endless()
    async with serving(server.serve) as server.port:
        yield server


@pytest.mark.parametrize(
    ("path", "error", "at_most"),
    [
        ("/body", DecodeError, ACCEPTED),
        pytest.param("/headers", KentikError, 1 << 20, marks=counts_headers),
        ("/header", KentikError, 1 << 20),
    ],
)
async def test_an_answer_without_an_end(
    endless: Endless, path: str, error: type[KentikError], at_most: int
) -> None:
    kentik = KentikClient(
        "ada@example.com",
        "canary-5f1c0ffee5eed",
        rest_endpoint=f"http://127.0.0.1:{endless.port}/api/v5",
        quota=UNLIMITED,
        limiter="process:",
        retry=Retry(attempts=1),
    )
    async with kentik:
        await kentik.quota.snapshot()
        tracemalloc.start()
        try:
            with pytest.raises(error) as caught:
                await kentik.rest.request("GET", path)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert endless.sent <= at_most + (8 << 20)  # the additional data in socket buffers
    assert peak < 3 * at_most + (32 << 20)
