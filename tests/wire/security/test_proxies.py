"""Requests through an HTTP proxy that only tunnels: the data that it receives, and what it never sees."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme

from kentik_async import ConnectError, KentikClient
from tests.support.frozen_time import frozen_time
from tests.support.stream_server import serving
from tests.wire.servers.behind_a_name import HOST, behind_a_name
from tests.wire.servers.independent import TOKEN

Client = Callable[..., KentikClient]

CA = trustme.CA()
over_both = pytest.mark.parametrize("protocol", ["grpc", "rest"])


def call(kentik: KentikClient, protocol: str) -> Coroutine[Any, Any, Any]:
    return kentik.kmi.list_markets() if protocol == "grpc" else kentik.sites.list()


@dataclass
class Proxy:
    """Tunnels to ports of this machine, for any requested host."""

    port: int = 0
    status: str = "200 Connection established"
    preface: bytes = b"HTTP/1.1 "
    accepted: int = 1000  # the first so many requests; then `407`
    asked: list[str] = field(default_factory=list)
    seen: bytearray = field(default_factory=bytearray)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head.decode())
        if len(self.asked) > self.accepted:
            self.status = "407 Proxy Authentication Required"
        writer.write(self.preface + f"{self.status}\r\n\r\n".encode())
        if not self.status.startswith("200") or not self.preface.startswith(b"HTTP"):
            await writer.drain()
            return
        port = int(head.split(b" ")[1].rpartition(b":")[2])
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(self._pump(reader, inner_writer), self._pump(inner_reader, writer))
        finally:
            inner_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self.seen += data
            writer.write(data)
            await writer.drain()
        writer.write_eof() if writer.can_write_eof() else writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    proxy = Proxy()
    async with serving(proxy.serve) as proxy.port:
        yield proxy


@pytest.fixture
async def endpoints(tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """Servers behind the name that only the proxy can resolve."""
    async with behind_a_name(CA, tmp_path) as endpoints:
        yield endpoints


@over_both
async def test_a_tunnel(client: Client, proxy: Proxy, endpoints: dict[str, str], protocol: str) -> None:
    kentik = client(**endpoints, proxy=f"http://ada:pass@127.0.0.1:{proxy.port}")
    assert list(await call(kentik, protocol)) == []
    await kentik.aclose()
    tunnelled = [head for head in proxy.asked if head.startswith(f"CONNECT {HOST}:")]
    assert tunnelled
    basic = base64.b64encode(b"ada:pass").decode()
    assert any(f"Proxy-Authorization: Basic {basic}".lower() in head.lower() for head in tunnelled)
    assert TOKEN not in "".join(proxy.asked)
    assert TOKEN.encode() not in proxy.seen


@over_both
async def test_the_environments_proxy(
    client: Client,
    proxy: Proxy,
    endpoints: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    protocol: str,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    kentik = client(**endpoints)
    monkeypatch.delenv("HTTPS_PROXY")  # it is read once, when the client is created
    assert list(await call(kentik, protocol)) == []
    assert proxy.asked
    await kentik.aclose()


@pytest.mark.usefixtures("patient_probe")
@over_both
async def test_hosts_that_are_reached_without(
    client: Client,
    proxy: Proxy,
    endpoints: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    protocol: str,
) -> None:
    absent = ".".join(["nobody"] * 40)  # too long for a query, so no name server is queried
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("NO_PROXY", absent)
    addresses = {name: url.replace(HOST, absent) for name, url in endpoints.items()}
    kentik = client(**addresses, connect_timeout=0.2)
    with pytest.raises(ConnectError, match="the host name cannot be resolved"):
        await call(kentik, protocol)
    assert not proxy.asked


@over_both
async def test_a_proxy_that_is_given_goes_before_no_proxy(
    client: Client,
    proxy: Proxy,
    endpoints: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    protocol: str,
) -> None:
    monkeypatch.setenv("NO_PROXY", HOST)
    kentik = client(**endpoints, proxy=f"http://127.0.0.1:{proxy.port}")
    assert list(await call(kentik, protocol)) == []
    assert proxy.asked
    await kentik.aclose()


async def test_this_machine_is_reached_without(
    kentik: KentikClient, client: Client, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("grpc_proxy", f"http://127.0.0.1:{proxy.port}")
    await client().kmi.list_markets()
    await client().rest.request("GET", "/sites")
    assert not proxy.asked


@pytest.mark.usefixtures("patient_probe")
@over_both
async def test_a_proxy_that_is_not_there(client: Client, endpoints: dict[str, str], protocol: str) -> None:
    kentik = client(**endpoints, proxy="http://127.0.0.1:1", connect_timeout=0.2)
    with pytest.raises(ConnectError, match="Connection refused"):
        await call(kentik, protocol)


@over_both
async def test_a_proxy_that_refuses(
    client: Client, proxy: Proxy, endpoints: dict[str, str], protocol: str
) -> None:
    proxy.status = "407 Proxy Authentication Required"
    url = f"http://127.0.0.1:{proxy.port}"
    kentik = client(**endpoints, proxy=url, outage_wait=0.1)
    with pytest.raises(ConnectError, match=r"no connection.*requires a user name and password .HTTP 407"):
        await call(kentik, protocol)


async def test_a_wrong_password_is_sent_once_by_all_calls_together(
    client: Client, proxy: Proxy, endpoints: dict[str, str]
) -> None:
    """A second attempt may lock the account: no other or later call sends it, over either protocol."""
    proxy.status = "407 Proxy Authentication Required"
    # Without time limits: each call must end immediately, not when its time for connecting is over.
    kentik = client(
        **endpoints,
        proxy=f"http://ada:wrong@127.0.0.1:{proxy.port}",
        connect_timeout=3600.0,
        outage_wait=3600.0,
    )
    for _ in range(3):
        both = [call(kentik, protocol) for protocol in ("grpc", "rest") for _ in range(5)]
        for outcome in await asyncio.gather(*both, return_exceptions=True):
            assert isinstance(outcome, ConnectError)
            assert outcome.attempts == 0
            assert "rejected the user name or password (HTTP 407)" in str(outcome)
            assert "wrong" not in str(outcome)
    await asyncio.sleep(0.3)  # longer than the first pause of a channel that reconnects on its own
    assert len(proxy.asked) == 1


@over_both
@pytest.mark.parametrize(
    ("userinfo", "sent"), [("ada", b"ada:"), ("ada:", b"ada:"), ("ada:p%C3%A4ss%C5%82", "ada:pässł".encode())]
)
async def test_every_connection_sends_the_same_credentials(
    client: Client, proxy: Proxy, endpoints: dict[str, str], protocol: str, userinfo: str, sent: bytes
) -> None:
    kentik = client(**endpoints, proxy=f"http://{userinfo}@127.0.0.1:{proxy.port}")
    assert list(await call(kentik, protocol)) == []
    assert len(proxy.asked) > 1  # the library's own connection, after the probe
    lines = "".join(proxy.asked).splitlines()
    fields = [line for line in lines if line.lower().startswith("proxy-authorization:")]
    assert {base64.b64decode(field.split()[-1]) for field in fields} == {sent}
    await kentik.aclose()


async def test_an_invalidated_password_is_not_sent_repeatedly(
    client: Client, proxy: Proxy, endpoints: dict[str, str]
) -> None:
    proxy.accepted = 1  # the probe's
    kentik = client(**endpoints, proxy=f"http://ada:old@127.0.0.1:{proxy.port}")
    with pytest.raises(ConnectError, match="rejected the user name or password"):
        await kentik.kmi.list_markets()
    sent = len(proxy.asked)
    await asyncio.sleep(0.5)  # longer than the first pauses of a channel that reconnects on its own
    for protocol in ("grpc", "rest"):
        with pytest.raises(ConnectError, match="rejected the user name or password"):
            await call(kentik, protocol)
    assert len(proxy.asked) == sent <= 3


async def test_a_wrong_password_for_a_plaintext_server_is_sent_once(client: Client, proxy: Proxy) -> None:
    proxy.status = "407 Proxy Authentication Required"
    kentik = client(
        rest_endpoint="http://kentik.test:80/api/v5",
        allow_plaintext=True,
        proxy=f"http://ada:wrong@127.0.0.1:{proxy.port}",
    )
    for _ in range(3):
        with pytest.raises(ConnectError, match=r"rejected the user name or password .HTTP 407") as caught:
            await kentik.sites.list()
        assert caught.value.attempts == 0
    assert len([head for head in proxy.asked if "ada" in head or "Authorization" in head]) == 1


@over_both
@pytest.mark.parametrize(
    "status", ["403 Forbidden", "405 Method Not Allowed", "503 Service Unavailable", "302 Found"]
)
async def test_a_tunnel_that_is_refused(
    client: Client, proxy: Proxy, endpoints: dict[str, str], protocol: str, status: str
) -> None:
    proxy.status = status
    kentik = client(**endpoints, proxy=f"http://ada:pass@127.0.0.1:{proxy.port}", connect_timeout=3600.0)
    words = rf"no connection.*tunnel to {HOST}:\d+ .HTTP {status[:3]}"
    with frozen_time(), pytest.raises(ConnectError, match=words):
        await call(kentik, protocol)  # immediately: no timer would end it
    assert len(proxy.asked) == 1


@over_both
async def test_a_proxy_that_speaks_no_http(
    client: Client, proxy: Proxy, endpoints: dict[str, str], protocol: str
) -> None:
    proxy.preface = b"220 mail.example ESMTP\r\n\r\n"
    kentik = client(**endpoints, proxy=f"http://127.0.0.1:{proxy.port}")
    with pytest.raises(ConnectError, match="did not respond to CONNECT with HTTP"):
        await call(kentik, protocol)


@over_both
async def test_a_certificate_behind_a_proxy_that_is_not_trusted(
    client: Client, proxy: Proxy, endpoints: dict[str, str], tmp_path: Path, protocol: str
) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    kentik = client(
        **endpoints | {"ca_file": str(tmp_path / "other.pem")}, proxy=f"http://127.0.0.1:{proxy.port}"
    )
    with frozen_time(), pytest.raises(ConnectError, match="certificate is not trusted"):
        await call(kentik, protocol)  # immediately: no timer would end it
    assert len(proxy.asked) == 1
