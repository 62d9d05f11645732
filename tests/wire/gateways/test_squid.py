"""A real squid with a password between the client and the servers."""

import asyncio
import base64
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from kentik_async import ConnectError, KentikClient
from tests.support.frozen_time import PATIENCE
from tests.support.ports import reserved_port
from tests.wire.gateways.program import running
from tests.wire.servers.behind_a_name import HOST, behind_a_name

Client = Callable[..., KentikClient]

SQUID = shutil.which("squid") or shutil.which("squid", path="/usr/sbin")
pytestmark = pytest.mark.skipif(SQUID is None, reason="there is no squid (Debian, Ubuntu: apt install squid)")

CHECKER = """import sys
for line in sys.stdin:
    print("OK" if line.split() == ["ada", "pass"] else "ERR", flush=True)
"""
CONFIGURATION = """
http_port 127.0.0.1:{port}
pid_filename {folder}/squid.pid
access_log stdio:{folder}/access.log
cache_log {folder}/cache.log
netdb_filename none
coredump_dir {folder}
hosts_file {folder}/hosts
cache deny all
shutdown_lifetime 0 seconds
auth_param basic program {python} {folder}/checker.py
auth_param basic children 1
auth_param basic credentialsttl 1 second
acl known proxy_auth REQUIRED
acl servers dstdomain {host}
http_access allow CONNECT known servers
http_access deny all
"""

over_both = pytest.mark.parametrize("protocol", ["grpc", "rest"])


def call(kentik: KentikClient, protocol: str) -> Coroutine[Any, Any, Any]:
    return kentik.kmi.list_markets() if protocol == "grpc" else kentik.sites.list()


@dataclass
class Squid:
    """A running squid with the user ada and the password pass."""

    folder: Path
    port: int

    def url(self, user: str = "ada:pass@") -> str:
        return f"http://{user}127.0.0.1:{self.port}"

    def requests(self) -> list[str]:
        """One line for each request so far; squid writes it when the request, or the tunnel, has ended."""
        log = self.folder / "access.log"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture(scope="module")
def squid() -> Iterator[Squid]:
    # Not tmp_path, whose parents only root may enter.
    with tempfile.TemporaryDirectory() as name, reserved_port() as port:
        folder = Path(name)
        folder.chmod(0o777)  # squid drops root's rights
        (folder / "checker.py").write_text(CHECKER)
        (folder / "hosts").write_text(f"127.0.0.1 {HOST}\n")
        python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
        text = CONFIGURATION.format(port=port, folder=folder, python=python, host=HOST)
        (folder / "squid.conf").write_text(text)
        command = [str(SQUID), "-N", "-n", f"kentik{os.getpid()}", "-f", str(folder / "squid.conf")]
        with running(command, port, folder / "cache.log"):
            await_the_checker(port)
            yield Squid(folder, port)


def await_the_checker(port: int) -> None:
    """Check a password, because squid listens before its checker, a Python program, has started."""
    basic = base64.b64encode(b"ada:pass").decode()
    head = f"CONNECT {HOST}:1 HTTP/1.1\r\nHost: {HOST}:1\r\nProxy-Authorization: Basic {basic}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 503 ")


@pytest.fixture
async def endpoints(tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    async with behind_a_name(trustme.CA(), tmp_path) as endpoints:
        yield endpoints


@over_both
async def test_calls_pass_with_the_right_password(
    client: Client, squid: Squid, endpoints: dict[str, str], protocol: str
) -> None:
    kentik = client(**endpoints, proxy=squid.url())
    for result in await asyncio.gather(*(call(kentik, protocol) for _ in range(20))):
        assert list(result) == []


async def test_a_wrong_password_is_sent_once(client: Client, squid: Squid, endpoints: dict[str, str]) -> None:
    before = len(squid.requests())
    kentik = client(**endpoints, proxy=squid.url("ada:wrong@"), connect_timeout=3600.0)
    calls = [call(kentik, protocol) for protocol in ("grpc", "rest") for _ in range(3)]
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(outcome, ConnectError)
        assert "rejected the user name or password (HTTP 407)" in str(outcome)
    assert len(await denials(squid, before)) == 1


async def denials(squid: Squid, before: int) -> list[str]:
    """Return the requests that squid refused; it writes its log a little later."""

    def found() -> list[str]:
        return [line for line in squid.requests()[before:] if "TCP_DENIED/407" in line]

    async with asyncio.timeout(PATIENCE):
        while not found():
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)  # further ones would follow immediately
    return found()


@over_both
@pytest.mark.parametrize(
    ("user", "host", "reason"),
    [
        ("", HOST, r"requires a user name and password \(HTTP 407\)"),
        ("ada:pass@", "other.test", r"does not permit a tunnel to other\.test:\d+ \(HTTP 403\)"),
        ("ada:pass@", HOST, r"cannot open a tunnel to kentik\.test:1 \(HTTP 503\)"),
    ],
)
async def test_a_tunnel_that_squid_refuses(
    client: Client, squid: Squid, endpoints: dict[str, str], protocol: str, user: str, host: str, reason: str
) -> None:
    addresses = {name: url.replace(HOST, host) for name, url in endpoints.items()}
    if "503" in reason:
        addresses |= {"grpc_endpoint": f"https://{HOST}:1", "rest_endpoint": f"https://{HOST}:1/api/v5"}
    kentik = client(**addresses, proxy=squid.url(user), connect_timeout=3600.0)
    with pytest.raises(ConnectError, match=reason):
        await call(kentik, protocol)
