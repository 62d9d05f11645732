"""Output of gRPC's C++ core does not reach the user's terminal, unless the user wants it."""

import os
import subprocess
import sys

import pytest

from tests.support.requirements import OLD_GRPC

PROGRAM = """
import asyncio
from kentik_async import ConnectError, KentikClient

class NotTLS(asyncio.Protocol):  # no stream: its task could be cut off at the end, with a message of asyncio
    def connection_made(self, transport):
        transport.write(b"HTTP/1.1 400 Bad Request\\r\\n\\r\\n")

async def main():
    server = await asyncio.get_running_loop().create_server(NotTLS, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    kentik = KentikClient("a@b", "t", grpc_endpoint=url, rest_endpoint=url, connect_timeout=0.5)
    try:
        await kentik.kmi.list_markets()
    except ConnectError as error:
        print("ConnectError")
    await kentik.aclose()

asyncio.run(main())
import os
print(os.environ.get("GRPC_VERBOSITY"))
"""


@pytest.mark.skipif(OLD_GRPC, reason="grpcio 1.51 prints failed handshakes whatever GRPC_VERBOSITY says")
@pytest.mark.parametrize("chosen", [None, "ERROR", "INFO"])
def test_a_failed_handshake_prints_nothing_by_itself(chosen: str | None) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GRPC_")}
    if chosen is not None:
        environ["GRPC_VERBOSITY"] = chosen
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["ConnectError", str(chosen)]
    if chosen != "INFO":
        assert done.stderr == ""
