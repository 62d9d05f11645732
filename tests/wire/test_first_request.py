"""Libraries of the first request are loaded before it holds a slot, but not before they are needed."""

import asyncio
import json
import os
import subprocess
import sys

import pytest

from kentik_async.emulator import Emulator

PROGRAM = """
import asyncio
import sys

from kentik_async import KentikClient


class Server(asyncio.Protocol):  # no stream: its task could be cut off at the end, with a message of asyncio
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 12\\r\\n\\r\\n{\\"sites\\":[]}")
        self.transport.close()


async def main():
    loaded = {"at start": "aiohttp" in sys.modules}

    def note(event):
        loaded[event.kind] = "aiohttp" in sys.modules

    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1")
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with KentikClient("a@example.com", "t", rest_endpoint=url, on_event=note) as kentik:
        await kentik.sites.list()
    server.close()
    print(loaded)


asyncio.run(main())
"""


def test_the_http_library_is_imported_before_the_wait_for_quota() -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert ended.stdout == "{'at start': False, 'queued': False, 'sent': True, 'answered': True}\n"
    assert ended.stderr == ""


CALLS = """
import asyncio
import json
import sys

from kentik_async import KentikClient


def loaded():
    return [name for name in ("aiohttp", "google.protobuf", "grpc") if name in sys.modules]


async def main():
    loop = asyncio.get_running_loop()
    instant = loop.time()
    loop.time = lambda: instant  # gRPC's head start does not end, however slow the machine is
    before = loaded()
    async with KentikClient.from_env() as kentik:
        with_client, modules = loaded(), set(sys.modules)
        await kentik.kmi.list_markets()
        new = {*sys.modules} - modules
        await kentik.as_groups.list()
        await kentik.sites_v6.list()
        await kentik.sites.list()
    print(json.dumps([before, with_client, sorted(new), loaded()]))


asyncio.run(main())
"""


async def modules_of_a_program(transport: str) -> list[list[str]]:
    """Return the libraries before and with the client, the modules of its first call, and all libraries."""
    async with Emulator(speed=100_000) as emulator:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CALLS),
            env={**os.environ, **emulator.env, "KENTIK_TRANSPORT": transport},
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
    found: list[list[str]] = json.loads(output)
    return found


@pytest.mark.parametrize("transport", ["grpc", "auto"])
async def test_a_client_imports_what_its_first_call_needs(transport: str) -> None:
    before, with_client, with_call, after = await modules_of_a_program(transport)
    assert before == []
    assert with_client == ["google.protobuf", "grpc"]
    assert [name for name in with_call if name.startswith(("google", "grpc", "kentik_async"))] == []
    assert after == ["aiohttp", "google.protobuf", "grpc"]


async def test_a_client_that_uses_only_rest_never_imports_grpc() -> None:
    before, with_client, _, after = await modules_of_a_program("rest")
    assert before == []
    assert with_client == ["google.protobuf"]
    assert after == ["aiohttp", "google.protobuf"]
