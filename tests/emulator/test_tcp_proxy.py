"""The TCP proxy before the gRPC server: it loses no data, waits for slow readers, and can cut connections."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kentik_async.emulator.tcp_proxy import ProxiedConnection, TcpProxy
from tests.support.stream_server import serving

LARGE = bytes(range(256)) * 40_000


@asynccontextmanager
async def relayed(behind: tuple[str, int]) -> AsyncIterator[TcpProxy]:
    proxy = TcpProxy("127.0.0.1", 0, behind)
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.close()


@asynccontextmanager
async def echo() -> AsyncIterator[tuple[str, int]]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    async with serving(serve) as port:
        yield "127.0.0.1", port


async def test_a_slow_reader_receives_all_bytes() -> None:
    async with echo() as behind, relayed(behind) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port, limit=1024)
        writer.write(LARGE)
        found = bytearray()
        while len(found) < len(LARGE):
            found += await reader.read(4096)
        assert found == LARGE
        writer.close()
        await writer.wait_closed()


async def test_bytes_sent_before_the_way_is_open_are_not_lost() -> None:
    async with echo() as behind, relayed(behind) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            client.sendall(b"early")
            client.setblocking(False)
            assert await asyncio.get_running_loop().sock_recv(client, 100) == b"early"


async def test_an_end_of_either_side_ends_the_other() -> None:
    async with echo() as behind, relayed(behind) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"last")
        assert await reader.readexactly(4) == b"last"
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_without_an_upstream_the_connection_ends() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        async with relayed(nobody.getsockname()) as proxy:
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
            writer.close()


async def test_closing_cuts_and_reopening_keeps_the_port() -> None:
    async with echo() as behind, relayed(behind) as proxy:
        port = proxy.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        await proxy.close()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await proxy.open()
        assert proxy.port == port


def test_an_answer_leaves_with_the_next_data() -> None:
    connection, left = ProxiedConnection(lambda: None), list[float]()
    connection.client_sent(1.0)
    connection.on_next_send(left.append)
    connection.server_sent(2.0)
    connection.server_sent(3.0)
    assert (connection.last_received, left) == (1.0, [2.0])


def test_an_unsolicited_answer_does_not_count_as_sent() -> None:
    connection, left = ProxiedConnection(lambda: None), list[float]()
    connection.on_next_send(left.append)
    connection.client_sent(1.0)
    connection.server_sent(2.0)
    assert not left
