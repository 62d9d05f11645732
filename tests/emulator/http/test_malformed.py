"""Requests that are malformed, too large or aborted: the answer, and nothing in the program's log."""

import asyncio
import io
import json

import pytest

from kentik_async.emulator import DEFAULT_USER, Emulator
from tests.emulator.bare_wire import Wire

CREDENTIALS = f"X-CH-Auth-Email: {DEFAULT_USER.email}\r\nX-CH-Auth-API-Token: {DEFAULT_USER.token}\r\n"
GROUPS = "/as_group/v202212/as_group"


async def connect(emu: Emulator) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = emu.rest_endpoint.removeprefix("http://").removesuffix("/api/v5").split(":")
    return await asyncio.open_connection(host, int(port))


def post(path: str, headers: str, body: bytes) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\n{CREDENTIALS}{headers}\r\n\r\n".encode() + body


async def test_malformed_http_is_answered_and_not_logged(
    emu: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await connect(emu)
    writer.write(b"NOT HTTP\x00\r\n\r\n")
    status = await reader.readline()
    writer.close()
    await writer.wait_closed()
    assert status.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert not caplog.records


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        ("/api/v5/site", "error", "the body does not have the encoding in its headers"),
        (GROUPS, "code", 3),
        ("/_emulator/fail", "error", "the body does not have the encoding in its headers"),
    ],
)
async def test_body_that_is_not_gzip(
    emu: Emulator, caplog: pytest.LogCaptureFixture, path: str, key: str, value: str | int
) -> None:
    reader, writer = await connect(emu)
    writer.write(post(path, "Content-Encoding: gzip\r\nContent-Length: 3", b"abc"))
    head = await reader.readuntil(b"\r\n\r\n")
    answer = json.loads(await reader.read())
    writer.close()
    await writer.wait_closed()
    assert head.startswith(b"HTTP/1.1 400 ")
    assert answer[key] == value
    assert [call.status for call in emu.calls] == ([] if path.startswith("/_") else [400])
    assert not caplog.records


@pytest.mark.parametrize("path", ["/api/v5/site", GROUPS, "/_emulator/fail", "/api/v5/nothing"])
async def test_client_that_disconnects_in_its_body(
    emu: Emulator, wire: Wire, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    _, writer = await connect(emu)
    writer.write(post(path, "Content-Length: 100", b"abc"))
    await writer.drain()
    await wire.rest("GET", "/api/v5/plans")  # the server has read the other request by then
    writer.transport.abort()
    for _ in range(3):
        await wire.rest("GET", "/api/v5/plans")
    assert not caplog.records


async def test_body_that_is_too_large(emu: Emulator, wire: Wire) -> None:
    status, answer = await wire.rest("POST", "/api/v5/site", data=io.BytesIO(b" " * 1_100_000))
    assert (status, answer) == (413, {"error": "the body is larger than 1 MiB"})
    assert [call.status for call in emu.calls] == [413]
