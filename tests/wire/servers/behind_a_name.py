"""Servers with TLS behind a host name that only a proxy can resolve."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import trustme

from tests.wire.servers.independent import Answer, ForeignGrpc, ForeignRest

__all__ = ["HOST", "behind_a_name"]

HOST = "kentik.test"
"""A request that reaches this name went through the proxy."""


@asynccontextmanager
async def behind_a_name(authority: trustme.CA, folder: Path) -> AsyncIterator[dict[str, str]]:
    """Serve while the block runs; yield the client's arguments for the servers.

    Args:
        authority: Issues the certificate.
        folder: For the authority's own certificate.
    """
    certificate = authority.issue_cert(HOST)
    chain = b"".join(pem.bytes() for pem in certificate.cert_chain_pems)
    grpc_server = ForeignGrpc()
    grpc_server.credentials = grpc.ssl_server_credentials([(certificate.private_key_pem.bytes(), chain)])
    rest_server = ForeignRest(usual=Answer(body=b'{"sites": []}'))
    rest_server.ssl_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(rest_server.ssl_context)
    await grpc_server.start()
    await rest_server.start()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    yield {
        "grpc_endpoint": f"https://{HOST}:{grpc_server.port}",
        "rest_endpoint": f"https://{HOST}:{rest_server.port}/api/v5",
        "ca_file": str(folder / "ca.pem"),
    }
    await grpc_server.stop()
    await rest_server.stop()
