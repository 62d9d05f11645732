"""TLS on both stacks: trusted and untrusted servers, and no wait if a retry cannot help."""

import datetime as dt
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from itertools import cycle
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme

from kentik_async import ConnectError, Event, KentikClient, Retry
from tests.support.frozen_time import frozen_time
from tests.wire.servers.held import loss_noticed
from tests.wire.servers.independent import Answer, ForeignGrpc, ForeignRest

Client = Callable[..., KentikClient]

OURS = trustme.CA()
OTHERS = trustme.CA()

over_both = pytest.mark.parametrize("protocol", ["grpc", "rest"])


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    """The authority that is trusted here, with a comment such as bundles have."""
    path = tmp_path / "ca.pem"
    path.write_bytes("# Autorité de certification\n".encode() + OURS.cert_pem.bytes())
    return path


class Secured:
    """Both servers with one certificate."""

    def __init__(self) -> None:
        self.grpc = ForeignGrpc()
        self.rest = ForeignRest(usual=Answer(body=b'{"sites": []}'))

    async def present(self, certificate: trustme.LeafCert) -> None:
        """Start serving with this certificate."""
        await self.stop()
        chain = b"".join(pem.bytes() for pem in certificate.cert_chain_pems)
        self.grpc.credentials = grpc.ssl_server_credentials([(certificate.private_key_pem.bytes(), chain)])
        self.rest.ssl_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificate.configure_cert(self.rest.ssl_context)
        await self.grpc.start()
        await self.rest.start()

    async def stop(self) -> None:
        await self.grpc.stop()
        await self.rest.stop()

    @property
    def endpoints(self) -> dict[str, str]:
        return {"grpc_endpoint": self.grpc.url, "rest_endpoint": self.rest.url}


@pytest.fixture
async def secured() -> AsyncIterator[Secured]:
    servers = Secured()
    yield servers
    await servers.stop()


def call(kentik: KentikClient, protocol: str) -> Coroutine[Any, Any, Any]:
    return kentik.kmi.list_markets() if protocol == "grpc" else kentik.sites.list()


@over_both
async def test_a_trusted_server(client: Client, secured: Secured, ca_file: Path, protocol: str) -> None:
    await secured.present(OURS.issue_cert("127.0.0.1"))
    kentik = client(**secured.endpoints, ca_file=ca_file)
    assert list(await call(kentik, protocol)) == []


@over_both
async def test_the_authorities_of_the_environment(
    client: Client, secured: Secured, ca_file: Path, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    """OpenSSL reads SSL_CERT_FILE; gRPC does not by itself."""
    await secured.present(OURS.issue_cert("127.0.0.1"))
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    assert list(await call(client(**secured.endpoints), protocol)) == []


def expired() -> trustme.LeafCert:
    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    return OURS.issue_cert("127.0.0.1", not_before=yesterday - dt.timedelta(days=1), not_after=yesterday)


UNTRUSTED: dict[str, tuple[Callable[[], trustme.LeafCert], str]] = {
    "an unknown authority": (lambda: OTHERS.issue_cert("127.0.0.1"), "certificate"),
    "another host": (lambda: OURS.issue_cert("kentik.example"), "not valid for '127.0.0.1'"),
    "expired": (expired, "certificate has expired"),
}


@over_both
@pytest.mark.parametrize("why", UNTRUSTED)
async def test_an_untrusted_server_fails_at_once(
    client: Client, secured: Secured, ca_file: Path, protocol: str, why: str
) -> None:
    issue, words = UNTRUSTED[why]
    await secured.present(issue())
    kentik = client(**secured.endpoints, ca_file=ca_file, connect_timeout=30.0)
    with (
        frozen_time(),
        pytest.raises(ConnectError, match="the server's certificate is not trusted: ") as caught,
    ):
        await call(kentik, protocol)  # immediately: no timer would end it
    assert words in str(caught.value)
    assert not secured.grpc.received
    assert not secured.rest.received


@over_both
async def test_what_is_given_replaces_the_machines_authorities(
    client: Client,
    secured: Secured,
    ca_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    protocol: str,
) -> None:
    others = tmp_path / "others.pem"
    others.write_bytes(OTHERS.cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(others))
    await secured.present(OTHERS.issue_cert("127.0.0.1"))
    if protocol == "rest":  # gRPC brings authorities of its own
        assert list(await client(**secured.endpoints).sites.list()) == []
    with pytest.raises(ConnectError, match="not trusted"):
        await call(client(**secured.endpoints, ca_file=ca_file), protocol)


@over_both
async def test_certificate_that_becomes_untrusted(
    client: Client, secured: Secured, ca_file: Path, protocol: str
) -> None:
    await secured.present(OURS.issue_cert("127.0.0.1"))
    # Without pauses between attempts: no pause would end while the time stands still.
    kentik = client(**secured.endpoints, ca_file=ca_file, retry=Retry(base=0.0, cap=0.0))
    await call(kentik, protocol)
    await secured.present(OTHERS.issue_cert("127.0.0.1"))
    await loss_noticed(kentik)
    with frozen_time(), pytest.raises(ConnectError, match="not trusted"):
        await call(kentik, protocol)  # immediately: no timer would end it


@pytest.mark.usefixtures("patient_probe")
@over_both
async def test_a_server_without_tls(client: Client, protocol: str) -> None:
    plain_grpc, plain_rest = await ForeignGrpc().start(), await ForeignRest().start()
    kentik = client(
        grpc_endpoint=plain_grpc.url.replace("http:", "https:"),
        rest_endpoint=plain_rest.url.replace("http:", "https:"),
        connect_timeout=0.2,
    )
    with pytest.raises(ConnectError, match=r"TLS failed|reset|EOF|closed"):
        await call(kentik, protocol)
    await kentik.aclose()
    await plain_grpc.stop()
    await plain_rest.stop()


async def test_handshakes_that_fail_every_other_time(client: Client, secured: Secured, ca_file: Path) -> None:
    """A probe of the server succeeds each time, and the connection fails: the call must still end."""
    await secured.present(OURS.issue_cert("127.0.0.1"))
    refused = cycle((False, True))
    secured.rest.ssl_context.sni_callback = lambda *_: (
        ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE if next(refused) else None
    )
    events: list[Event] = []
    kentik = client(**secured.endpoints, ca_file=ca_file, outage_wait=0.1, on_event=events.append)
    with pytest.raises(ConnectError) as caught:
        await kentik.sites.list()
    assert caught.value.attempts == 0
    assert not secured.rest.received
    assert sum(event.duration for event in events if event.kind == "retried") <= 0.1
