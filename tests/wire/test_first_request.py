"""What the first request needs is loaded before it holds a slot, and not before it is used."""

import subprocess
import sys

PROGRAM = """
import asyncio
import sys

from kentik_async import KentikClient


async def answer(reader, writer):
    if await reader.read(65536):  # a first connection only tries whether there is one
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 12\\r\\n\\r\\n{\\"sites\\":[]}")
    writer.close()


async def main():
    loaded = {"at start": "aiohttp" in sys.modules}

    def note(event):
        loaded[event.kind] = "aiohttp" in sys.modules

    server = await asyncio.start_server(answer, "127.0.0.1")
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
