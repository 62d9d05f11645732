"""TLS is 1.2 or later on both stacks, and no setting switches verification off."""

import asyncio
import inspect
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import trustme

from kentik_async import ConnectError, KentikClient
from kentik_async._config import Trust
from kentik_async._transport.tls import ssl_context
from tests.wire.servers.independent import RawServer

Client = Callable[..., KentikClient]

OURS = trustme.CA()

SWITCHES = {
    "PYTHONHTTPSVERIFY": "0",
    "NODE_TLS_REJECT_UNAUTHORIZED": "0",
    "GRPC_SSL_CIPHER_SUITES": "ALL:@SECLEVEL=0",
}


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    OURS.cert_pem.write_to_path(str(path))
    return path


def context_up_to(version: ssl.TLSVersion, certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # an old version, on purpose
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = version
    certificate.configure_cert(context)
    return context


@pytest.fixture
async def outdated() -> AsyncIterator[RawServer]:
    """A trusted server that supports at most TLS 1.1."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    context = context_up_to(ssl.TLSVersion.TLSv1_1, OURS.issue_cert("127.0.0.1"))
    async with RawServer(answer, ssl_context=context) as server:
        yield server


@pytest.mark.usefixtures("patient_probe")
@pytest.mark.parametrize("protocol", ["grpc", "rest"])
async def test_tls_1_1_is_refused(
    client: Client, outdated: RawServer, ca_file: Path, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    for name, value in SWITCHES.items():
        monkeypatch.setenv(name, value)
    kentik = client(
        grpc_endpoint=outdated.url, rest_endpoint=outdated.url, ca_file=ca_file, connect_timeout=3.0
    )
    with pytest.raises(ConnectError, match=r": (TLS failed|the server closed the connection)"):
        await (kentik.kmi.list_markets() if protocol == "grpc" else kentik.sites.list())


@pytest.mark.parametrize("authorities", [None, OURS.cert_pem.bytes()])
def test_host_and_chain_are_always_verified(
    monkeypatch: pytest.MonkeyPatch, authorities: bytes | None
) -> None:
    for name, value in SWITCHES.items():
        monkeypatch.setenv(name, value)
    context = ssl_context(Trust(authorities))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_no_argument_switches_it_off() -> None:
    names = set(inspect.signature(KentikClient).parameters)
    assert not {name for name in names if any(word in name for word in ("verify", "insecure", "ssl", "tls"))}
