"""Faults of HTTP servers and of gateways, and retries that aiohttp would make on its own."""

import asyncio
import gzip
import threading
from collections.abc import Callable
from typing import Any, TypeAlias

import aiohttp.web
import pytest
from msgspec.structs import replace

from kentik_async import (
    APIError,
    DeadlineExceededError,
    DecodeError,
    KentikClient,
    Quota,
    UnavailableError,
)
from kentik_async._operations import kmi, sites
from kentik_async._operations.request import Request
from tests.wire.servers.independent import (
    ONE_AT_A_TIME,
    TOKEN,
    Answer,
    Behaviour,
    ForeignGrpc,
    ForeignRest,
    RawServer,
)

Client = Callable[..., KentikClient]

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter


async def http_request(reader: Reader) -> bytes:
    """Read one request, body included."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().splitlines():
        if line.startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.partition(b":")[2]))
    return head


def answering(raw: bytes) -> Behaviour:
    """Answer each request with the given bytes, then disconnect."""

    async def behave(reader: Reader, writer: Writer) -> None:
        await http_request(reader)
        writer.write(raw)
        await writer.drain()

    return behave


class TestStaleConnections:
    """A kept connection that the server closes when the next request arrives: one request, one attempt."""

    @pytest.fixture
    def counted(self) -> list[bytes]:
        return []

    @pytest.fixture
    async def server(self, counted: list[bytes]) -> Any:
        async def answer_the_first(reader: Reader, writer: Writer) -> None:
            counted.append(await http_request(reader))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            await writer.drain()
            counted.append(await http_request(reader))  # and disconnect without an answer

        async with RawServer(answer_the_first) as server:
            yield server

    @pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE", "POST"])
    async def test_nothing_is_sent_that_was_not_granted(
        self, client: Client, server: RawServer, counted: list[bytes], verb: str
    ) -> None:
        kentik = client(Quota(1, None, 0, 100, None, drain=0.01), rest_endpoint=server.url)
        await kentik.rest.request(verb, "/x")
        with pytest.raises(UnavailableError, match=r"^the connection was lost before the response") as caught:
            await kentik.rest.request(verb, "/x", json={"a": 1}, idempotent=False)
        assert caught.value.attempts == 1
        await asyncio.sleep(0.03)
        assert (await kentik.quota.snapshot()).left_hard_minute == 98
        assert len(counted) == 2
        await kentik.aclose()

    async def test_a_read_is_sent_again_by_the_pipeline(
        self, client: Client, server: RawServer, counted: list[bytes]
    ) -> None:
        kentik = client(Quota(1, None, 0, 100, None, drain=0.01), rest_endpoint=server.url)
        await kentik.rest.request("GET", "/x")
        assert await kentik.rest.request("GET", "/x") == {}
        assert len(counted) == 3
        assert (await kentik.quota.snapshot()).left_hard_minute == 97
        await kentik.aclose()


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("verb", ["GET", "POST"])
async def test_redirects_are_never_followed(client: Client, verb: str, status: int) -> None:
    elsewhere: list[bytes] = []

    async def take(reader: Reader, _: Writer) -> None:
        elsewhere.append(await http_request(reader))

    async with RawServer(take) as other:
        redirect = (
            f"HTTP/1.1 {status} Moved\r\nLocation: {other.url}/x\r\nContent-Length: 0\r\n"
            f"Set-Cookie: a=b\r\nConnection: close\r\n\r\n"
        )
        async with RawServer(answering(redirect.encode())) as server:
            kentik = client(rest_endpoint=server.url)
            with pytest.raises(APIError) as caught:
                await kentik.rest.request(verb, "/x")
            await kentik.aclose()
    assert caught.value.http_status == status
    assert server.connections == 2  # the probe's, and one request
    assert elsewhere == []


BROKEN = {
    "nothing": b"",
    "noise": b"\x00\xff\xfe garbage\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "half a body": b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"sites":',
    "half a chunk": b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"sites"',
    "a chunk of no size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "no gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "a header without end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    "headers without end": b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 50_000,
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=list(BROKEN))
async def test_answers_that_are_broken(client: Client, raw: bytes) -> None:
    async with RawServer(answering(raw)) as server:
        kentik = client(ONE_AT_A_TIME, rest_endpoint=server.url)
        with pytest.raises((UnavailableError, APIError)) as caught:
            await kentik.sites.create("Site", 1, 2)
        assert isinstance(caught.value, UnavailableError)
        assert caught.value.attempts == 1
        assert TOKEN not in str(caught.value)
        await kentik.aclose()


class TestLargeAnswers:
    async def test_one_that_does_not_end(self, client: Client, rest_server: ForeignRest) -> None:
        async def endless(request: aiohttp.web.BaseRequest) -> aiohttp.web.StreamResponse:
            response = aiohttp.web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(bytes(1 << 20))

        rest_server.usual = endless
        kentik = client(ONE_AT_A_TIME)
        with pytest.raises(DecodeError, match=r"^the response is larger than the limit of 67108864 bytes$"):
            await kentik.sites.list()
        assert (await kentik.quota.snapshot()).in_flight == 0

    async def test_one_that_is_a_compressed_bomb(self, client: Client, rest_server: ForeignRest) -> None:
        bomb = gzip.compress(bytes(80 * 1024 * 1024), 9)
        assert len(bomb) < 100_000
        rest_server.usual = Answer(body=bomb, headers={"Content-Encoding": "gzip"})
        with pytest.raises(DecodeError, match="larger than"):
            await client(ONE_AT_A_TIME).sites.list()

    async def test_one_that_trickles(self, client: Client, rest_server: ForeignRest) -> None:
        async def trickle(request: aiohttp.web.BaseRequest) -> aiohttp.web.StreamResponse:
            response = aiohttp.web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(b" ")
                await asyncio.sleep(0.01)

        rest_server.usual = trickle
        with pytest.raises(DeadlineExceededError):
            await client(ONE_AT_A_TIME, timeout=0.1).sites.list()

    @pytest.mark.parametrize(("size", "beside"), [(100, False), (512 * 1024, True)])
    async def test_one_is_decoded_beside_the_event_loop(
        self,
        kentik: KentikClient,
        grpc_server: ForeignGrpc,
        rest_server: ForeignRest,
        size: int,
        beside: bool,
    ) -> None:
        grpc_server.usual = bytes(size)
        rest_server.usual = Answer(body=bytes(size))
        requests: list[Request[Any]] = [kmi.list_markets(), sites.list_sites()]
        for request in requests:
            thread = await kentik._caller.run(replace(request, decode=lambda _: threading.get_ident()))
            assert (thread != threading.get_ident()) == beside


class TestRawRequests:
    async def test_what_is_sent(self, kentik: KentikClient, rest_server: ForeignRest) -> None:
        rest_server.usual = Answer(body=b'{"devices": [1, "x", null]}')
        answer = await kentik.rest.request(
            "post",
            "/device/1",
            json={"name": "é", "n": [1.5, None, True]},
            params={"a b": "c&d", "n": 1, "t": True},
        )
        assert answer == {"devices": [1, "x", None]}
        (asked,) = rest_server.received
        assert (asked.verb, asked.target) == ("POST", "/api/v5/device/1?a+b=c%26d&n=1&t=true")
        assert asked.body == b'{"name":"\\u00e9","n":[1.5,null,true]}'
        assert asked.headers["content-type"] == "application/json"
        assert asked.headers["accept"] == "application/json"
        assert asked.headers["x-ch-auth-api-token"] == TOKEN

    async def test_no_document_is_no_body(self, kentik: KentikClient, rest_server: ForeignRest) -> None:
        await kentik.rest.request("POST", "/x", json=None)
        assert rest_server.received[0].body == b""
        assert "content-type" not in rest_server.received[0].headers

    @pytest.mark.parametrize("json", [0, "", [], {}, False])
    async def test_an_empty_document_is_one(
        self, kentik: KentikClient, rest_server: ForeignRest, json: object
    ) -> None:
        await kentik.rest.request("POST", "/x", json=json)
        assert rest_server.received[0].body

    @pytest.mark.parametrize("body", [b"", b"  \n"])
    @pytest.mark.parametrize("status", [200, 204])
    async def test_an_empty_response_returns_none(
        self, kentik: KentikClient, rest_server: ForeignRest, status: int, body: bytes
    ) -> None:
        rest_server.usual = Answer(status, body if status == 200 else b"")
        assert await kentik.rest.request("DELETE", "/x") is None

    async def test_an_answer_without_body(self, kentik: KentikClient, rest_server: ForeignRest) -> None:
        assert await kentik.rest.request("HEAD", "/x") is None
        assert rest_server.received[0].verb == "HEAD"

    async def test_a_response_that_is_not_json(self, kentik: KentikClient, rest_server: ForeignRest) -> None:
        rest_server.usual = Answer(body=b"<html>")
        with pytest.raises(DecodeError, match=r"^the response is not JSON: "):
            await kentik.rest.request("GET", "/x")

    @pytest.mark.parametrize(
        "path", ["/", "/a//b", "/a?x=1&y=%20", "/a%2Fb", "/a;b=1", "/a@b:c", "/@evil.example", "/./a", "/..a"]
    )
    async def test_odd_paths_stay_on_the_server(
        self, kentik: KentikClient, rest_server: ForeignRest, path: str
    ) -> None:
        await kentik.rest.request("GET", path)
        (asked,) = rest_server.received
        assert asked.target.startswith("/api/v5/")
        assert asked.headers["host"] == f"127.0.0.1:{rest_server.port}"

    async def test_queries_have_a_quota_of_their_own(self, client: Client, rest_server: ForeignRest) -> None:
        kentik = client(Quota(1, None, 0, 100, None))
        await kentik.rest.request("POST", "/query/topXdata", json={}, quota_class="query", idempotent=True)
        assert (await kentik.quota.snapshot("query")).left_hard_minute == 99
        assert (await kentik.quota.snapshot()).left_hard_minute == 100

    async def test_nothing_is_spent_on_bad_arguments(self, client: Client, rest_server: ForeignRest) -> None:
        kentik = client(Quota(1, None, 0, 100, None))
        with pytest.raises(ValueError, match="path must be"):
            await kentik.rest.request("GET", "//evil.example")
        assert (await kentik.quota.snapshot()).left_hard_minute == 100
        assert not rest_server.received


async def test_cookies_are_not_kept(kentik: KentikClient, rest_server: ForeignRest) -> None:
    rest_server.answers.append(Answer(headers={"Set-Cookie": "session=1; Path=/"}))
    await kentik.rest.request("GET", "/x")
    await kentik.rest.request("GET", "/x")
    assert "cookie" not in rest_server.received[1].headers


async def test_connections_are_kept(kentik: KentikClient, rest_server: ForeignRest) -> None:
    ports = set()

    async def note(request: aiohttp.web.BaseRequest) -> aiohttp.web.StreamResponse:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername")[1])
        return aiohttp.web.json_response({})

    rest_server.usual = note
    for _ in range(5):
        await kentik.rest.request("GET", "/x")
    assert len(ports) == 1
