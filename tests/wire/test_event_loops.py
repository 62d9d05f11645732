"""One client in one event loop after another, in two concurrent loops, and in a forked process."""

import asyncio
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator

import aiohttp.web
import pytest

from kentik_async import ConfigError, KentikClient
from tests.support.paths import ROOT
from tests.wire.servers.independent import EMAIL, ONE_AT_A_TIME, TOKEN, ForeignRest

PRELUDE = """
import asyncio, gc, os, sys, threading
sys.path.append({root!r})
from tests.wire.servers.independent import Answer, ForeignGrpc, ForeignRest
from kentik_async import ConfigError, KentikClient, Quota

loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()

def there(coroutine):
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result(10)

rest = ForeignRest(usual=Answer(body=b'{{"sites": []}}'))
there(rest.start())
UNLIMITED = Quota(None, None, 0, None, None)
"""


def run(program: str, *, grpc_port: int = 1) -> subprocess.CompletedProcess[str]:
    """Run a program in another process, with a REST server in a thread."""
    prelude = PRELUDE.format(root=str(ROOT))
    code = prelude + f"GRPC = 'http://127.0.0.1:{grpc_port}'\n" + textwrap.dedent(program)
    command = [sys.executable, "-X", "dev", "-W", "ignore::ResourceWarning", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def grpc_port() -> Iterator[int]:
    """A gRPC server in another process, because grpc.aio does not support two event loops in one process."""
    program = f"""
import asyncio, sys
sys.path.append({str(ROOT)!r})
from tests.wire.servers.independent import ForeignGrpc

async def main():
    server = await ForeignGrpc().start()
    print(server.port, flush=True)
    await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.kill()


def test_one_asyncio_run_after_another(grpc_port: int) -> None:
    """As in scripts and notebooks, with a client that is not closed in between."""
    done = run(
        """
        client = KentikClient("a@b", "token", grpc_endpoint=GRPC, rest_endpoint=rest.url, quota=UNLIMITED)

        async def use():
            await asyncio.gather(client.kmi.list_markets(), client.sites.list())

        for _ in range(3):
            asyncio.run(use())
            gc.collect()
        asyncio.run(client.aclose())
        print("used")
        """,
        grpc_port=grpc_port,
    )
    assert (done.stdout, done.returncode) == ("used\n", 0), done.stderr
    assert "Unclosed" not in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unclosed_client_logs_nothing(grpc_port: int) -> None:
    done = run(
        """
        async def use():
            loop = asyncio.get_running_loop()
            instant = loop.time()
            loop.time = lambda: instant  # on a busy machine callbacks are slow, and gRPC may be late
            client = KentikClient("a@b", "token", grpc_endpoint=GRPC, rest_endpoint=rest.url, quota=UNLIMITED)
            await client.kmi.list_markets()

        asyncio.run(use())
        gc.collect()
        print("left")
        """,
        grpc_port=grpc_port,
    )
    assert (done.stdout, done.returncode) == ("left\n", 0), done.stderr
    assert "kentik_async" not in done.stderr


def test_a_fork_with_a_live_client(grpc_port: int) -> None:
    """The child gets an error before it uses gRPC, which would hang; the parent continues."""
    done = run(
        """
        async def main():
            client = KentikClient("a@b", "token", grpc_endpoint=GRPC, rest_endpoint=rest.url, quota=UNLIMITED)
            await client.kmi.list_markets()
            await client.sites.list()
            child = os.fork()
            if child == 0:
                code = 0
                for call in (client.kmi.list_markets, client.sites.list):
                    try:
                        await call()
                    except ConfigError as error:
                        os.write(1, f"{error}\\n".encode())
                    else:
                        code = 1
                await client.aclose()
                del call, client
                gc.collect()
                os._exit(code)
            _, status = os.waitpid(child, 0)
            await client.kmi.list_markets()
            await client.sites.list()
            await client.aclose()
            return os.waitstatus_to_exitcode(status)

        print("child ended with", asyncio.run(main()))
        """,
        grpc_port=grpc_port,
    )
    assert done.stdout.splitlines() == [
        "the client was created before a fork; create a new client in the child process",
        "the client was created before a fork; create a new client in the child process",
        "child ended with 0",
    ], done.stderr


async def test_two_running_loops(kentik: KentikClient) -> None:
    await kentik.rest.request("GET", "/x")
    raised: list[BaseException] = []

    def elsewhere() -> None:
        try:
            asyncio.run(kentik.rest.request("GET", "/x"))
        except ConfigError as error:
            raised.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    await asyncio.to_thread(thread.join)
    (error,) = raised
    assert str(error) == "the client is in use by another event loop; create one client for each event loop"
    await kentik.rest.request("GET", "/x")


async def test_closing_from_another_loop_closes(kentik: KentikClient) -> None:
    await kentik.rest.request("GET", "/x")
    await asyncio.to_thread(asyncio.run, kentik.aclose())


async def test_clients_in_threads_share_their_quota(rest_server: ForeignRest) -> None:
    """Each in its own loop, with one request at a time over all loops."""
    at_once = most_at_once = 0

    async def count(_: object) -> aiohttp.web.StreamResponse:
        nonlocal at_once, most_at_once
        at_once += 1
        most_at_once = max(most_at_once, at_once)
        await asyncio.sleep(0.002)
        at_once -= 1
        return aiohttp.web.json_response({})

    rest_server.usual = count

    async def work() -> None:
        async with KentikClient(
            EMAIL,
            TOKEN,
            rest_endpoint=rest_server.url,
            grpc_endpoint="http://127.0.0.1:1",
            quota=ONE_AT_A_TIME,
        ) as kentik:
            await asyncio.gather(*(kentik.rest.request("GET", "/x") for _ in range(10)))

    await asyncio.gather(*(asyncio.to_thread(asyncio.run, work()) for _ in range(4)))
    assert len(rest_server.received) == 40
    assert most_at_once == 1
