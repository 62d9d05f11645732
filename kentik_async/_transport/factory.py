"""Creates the transports of a client from its endpoints."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from kentik_async._config import Credentials, Endpoint, Trust, proxy_for, read_authorities
from kentik_async._operations.request import Protocol
from kentik_async._transport.base import Transport
from kentik_async._transport.proxy import ProxyAccess
from kentik_async._version import __version__

if TYPE_CHECKING:
    from kentik_async._transport.json_mirror import JsonMirrorTransport
    from kentik_async._transport.rest import RestTransport

__all__ = ["TRANSPORTS", "Endpoints", "TransportFactories", "TransportName", "make_transports"]

TransportName: TypeAlias = Literal["grpc", "rest", "auto"]
TRANSPORTS: tuple[TransportName, ...] = ("grpc", "rest", "auto")
TransportFactories: TypeAlias = Mapping[Protocol, tuple[Endpoint, Callable[[], Transport]]]
"""For each protocol, the endpoint and a function that creates a transport for one event loop."""

_USER_AGENT = f"kentik-async/{__version__}"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The endpoints of a client.

    Attributes:
        grpc: API v6 over gRPC.
        v6_rest: API v6 as JSON.
        rest: API v5.
    """

    grpc: Endpoint
    v6_rest: Endpoint
    rest: Endpoint

    @property
    def loopback(self) -> bool:
        """Whether all of them are on this machine."""
        return self.grpc.loopback and self.v6_rest.loopback and self.rest.loopback


def make_transports(
    endpoints: Endpoints,
    credentials: Credentials,
    *,
    transport: TransportName,
    connect_timeout: float,
    ca_file: str | os.PathLike[str] | None,
    proxy: str | None,
) -> TransportFactories:
    """Return the functions that create the transports; nothing is opened.

    Args:
        endpoints: The endpoints of the client.
        credentials: The user's e-mail address and token.
        transport: How the RPCs of API v6 are sent; "auto" changes to REST if gRPC cannot connect.
        connect_timeout: Maximum duration of the first connection attempt, in seconds.
        ca_file: PEM file of the certificate authorities to trust, or None for the system's.
        proxy: The proxy's URL, "" for none, or None to read the environment.

    Raises:
        ConfigError: The file or the proxy is invalid.
    """
    authorities = grpc_authorities = read_authorities(ca_file)
    if authorities is None and endpoints.grpc.secure and transport != "rest":
        # OpenSSL, which REST uses, reads this variable by itself; gRPC does not.
        grpc_authorities = read_authorities(os.environ.get("SSL_CERT_FILE") or None, "SSL_CERT_FILE")
    grpc_trust = Trust(grpc_authorities, proxy_for(endpoints.grpc, proxy))
    mirror_trust = Trust(authorities, proxy_for(endpoints.v6_rest, proxy))
    rest_trust = Trust(authorities, proxy_for(endpoints.rest, proxy))
    access = ProxyAccess()

    # The transports over HTTP are imported when they are first needed, because many programs use gRPC only.
    def mirror() -> "JsonMirrorTransport":
        from kentik_async._transport.json_mirror import JsonMirrorTransport

        return JsonMirrorTransport(endpoints.v6_rest, credentials, mirror_trust, access, _USER_AGENT)

    def rest() -> "RestTransport":
        from kentik_async._transport.rest import RestTransport

        return RestTransport(endpoints.rest, credentials, rest_trust, access, _USER_AGENT)

    http: TransportFactories = {"v6_rest": (endpoints.v6_rest, mirror), "rest": (endpoints.rest, rest)}
    if transport == "rest":
        return {"grpc": http["v6_rest"], **http}

    # grpc takes 20 ms of CPU to import. It is imported with the first client that may use it: at the first
    # call, it would block the event loop.
    from kentik_async._transport.fallback import Fallback, FallbackTransport
    from kentik_async._transport.grpc import GrpcTransport

    def grpc() -> GrpcTransport:
        return GrpcTransport(endpoints.grpc, credentials, grpc_trust, access, _USER_AGENT)

    if transport == "grpc":
        return {"grpc": (endpoints.grpc, grpc), **http}
    fallback = Fallback(connect_timeout, endpoints.grpc, endpoints.v6_rest)
    return {"grpc": (endpoints.grpc, lambda: FallbackTransport(grpc(), mirror, fallback)), **http}
