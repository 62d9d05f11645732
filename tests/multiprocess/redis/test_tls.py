"""Redis behind TLS."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from kentik_async.errors import ConnectError
from kentik_async.quota.redis.limiter import open_redis_limiter
from tests.multiprocess.redis.harness import free_port, running_redis
from tests.multiprocess.redis.helpers import ONE_AT_A_TIME, know_as_unused


async def one_call(place: str, options: str = "") -> None:
    limiter = open_redis_limiter(
        f"rediss://{place}{options}", endpoints=("a",), customer="x", quota=ONE_AT_A_TIME
    )
    try:
        async with asyncio.timeout(10):
            grant = await limiter.acquire("non_query")
        assert grant.valid()
        grant.close("answered")
        assert (await limiter.snapshot()).in_flight == 0
    finally:
        await limiter.aclose()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@contextlib.contextmanager
def running_tls(folder: Path, authority: trustme.CA, name: str) -> Iterator[str]:
    """Start a server whose certificate has that name; yield host and port."""
    certificate, port = authority.issue_cert(name), free_port()
    chain, key = folder / "chain.pem", folder / "key.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(str(chain))
    certificate.private_key_pem.write_to_path(str(key))
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    options = {
        "--tls-port": port,
        "--tls-cert-file": chain,
        "--tls-key-file": key,
        "--tls-ca-cert-file": folder / "ca.pem",
        "--tls-auth-clients": "no",
    }
    with running_redis(folder, *(str(part) for option in options.items() for part in option)) as server:
        know_as_unused(server, "x", ("a",))
        yield f"127.0.0.1:{port}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA) -> Iterator[str]:
    with running_tls(tmp_path_factory.mktemp("redis"), authority, "127.0.0.1") as place:
        yield place


async def test_tls_with_a_private_authority(tmp_path: Path, place: str, authority: trustme.CA) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    await one_call(place, f"?ssl_ca_certs={tmp_path}/ca.pem")


async def test_tls_with_an_unknown_authority(place: str) -> None:
    with pytest.raises(ConnectError, match=r"Redis at 127\.0\.0\.1:\d+/0 cannot be reached.*certificate"):
        await one_call(place)


async def test_tls_with_a_certificate_of_another_host(tmp_path: Path, authority: trustme.CA) -> None:
    expected = pytest.raises(ConnectError, match="certificate")
    with running_tls(tmp_path, authority, "redis.example.com") as place, expected:
        await one_call(place, f"?ssl_ca_certs={tmp_path}/ca.pem")
