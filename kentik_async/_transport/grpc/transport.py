"""The gRPC transport: sends and receives bytes, and converts statuses to errors; no policy.

Credentials are sent as metadata with each call (+5 µs; a call-credentials plugin costs 170 µs). Messages are
passed as bytes, because grpc.aio returns None when a deserializer raises. The library's own retries are
disabled: no limiter would count those attempts.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from kentik_async._config import Credentials, Endpoint, Trust
from kentik_async._operations.request import Request
from kentik_async._transport.base import MAX_RESPONSE_BYTES, Messages, Reply, StreamKind
from kentik_async._transport.grpc.calls import GrpcAttempt, GrpcStream
from kentik_async._transport.grpc.library import grpc
from kentik_async._transport.headers import Headers
from kentik_async._transport.probe import Probe
from kentik_async._transport.proxy import ProxyAccess
from kentik_async._transport.rate_limit_headers import read_allowance
from kentik_async._transport.replies import reply_for_grpc
from kentik_async.errors import ConnectError

__all__ = ["GrpcTransport"]

_log = logging.getLogger("kentik_async")

_PROBE_TIMEOUT = 3.0

_OPTIONS: tuple[tuple[str, str | int], ...] = (
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", MAX_RESPONSE_BYTES),
    ("grpc.max_send_message_length", MAX_RESPONSE_BYTES),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 5000),
    ("grpc.max_reconnect_backoff_ms", 5000),
    # If the peer disappears without a message (NAT, a crashed host), every call would time out for a quarter
    # of an hour. With these pings, which are too rare for a server to reject, the connection counts as lost
    # when nothing was acknowledged for 20 s. Measured: the next call succeeds after 20.5 s; without pings, no
    # call succeeds in 32 s.
    ("grpc.keepalive_time_ms", 330_000),
    ("grpc.keepalive_timeout_ms", 20_000),
)


class _Metadata(grpc.aio.Metadata):
    """Metadata that never changes; the library reads it several times for each call.

    Measured: reading the library's own class takes three times as long. A tuple takes four times as long,
    because the library makes an object from it for each call.
    """

    def __init__(self, *pairs: tuple[str, str]) -> None:
        super().__init__(*pairs)
        self._pairs = pairs

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)


class GrpcTransport:
    """Calls over one channel, in one event loop; the first use opens the channel."""

    def __init__(
        self, endpoint: Endpoint, credentials: Credentials, trust: Trust, access: ProxyAccess, user_agent: str
    ) -> None:
        """Create the transport without connecting.

        Args:
            endpoint: The server's address.
            credentials: The user's e-mail address and token.
            trust: The trusted authorities, and the proxy.
            access: Whether the proxy rejected the credentials.
            user_agent: The client's name and version.
        """
        self._channel: grpc.aio.Channel | None = None
        self._endpoint = endpoint
        self._credentials = credentials
        self._metadata = _Metadata(*credentials.headers())
        self._trust = trust
        self._user_agent = user_agent
        self._probe = Probe(endpoint, trust, access)
        self._methods: dict[str, grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]] = {}

    def ready(self) -> bool:
        """Return whether the channel has a connection now."""
        channel = self._channel
        return channel is not None and channel.get_state() is grpc.ChannelConnectivity.READY

    async def connect(self) -> bool:
        """Return True when the channel has a connection; the channel paces its own attempts."""
        try:
            return await self._connect()
        except ConnectError:
            # The channel would continue to connect, and to send a wrong password to a proxy.
            await self.aclose()
            self.discard()
            raise

    async def _connect(self) -> bool:
        # With a proxy, the channel is opened only when the probe has succeeded.
        if self._trust.proxy is not None and await self._probe.attempt(_PROBE_TIMEOUT) is not None:
            return False
        channel = self._open()
        while (state := channel.get_state(try_to_connect=True)) is not grpc.ChannelConnectivity.READY:
            if state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
                # The channel does not report why it failed; an untrusted certificate ends the wait.
                await self._probe.attempt(_PROBE_TIMEOUT)
            if state is channel.get_state():
                await channel.wait_for_state_change(state)
        return True

    async def diagnose(self) -> str:
        """Return the reason why no connection could be made."""
        reason = await self._probe.last_reason()
        if reason is not None:
            return reason
        if self._trust.proxy is not None:
            return "a tunnel through the proxy can be opened, but no gRPC connection"
        if self._endpoint.secure:
            return (
                "a TLS connection succeeds, but no gRPC connection: either the server does not speak gRPC, "
                "or gRPC, which has its own list of authorities, does not trust the certificate; set ca_file"
            )
        return "the server accepts connections, but does not speak gRPC"

    def start(self, request: Request[Any], timeout: float) -> GrpcAttempt:
        """Send a unary request."""
        method = self._methods.get(request.path)
        if method is None:
            method = self._methods[request.path] = self._open().unary_unary(request.path)
        return GrpcAttempt(method(request.body, timeout=timeout, metadata=self._metadata), self)

    def stream(self, kind: StreamKind, path: str, messages: Messages, timeout: float | None) -> GrpcStream:
        """Start a streaming call."""
        call = getattr(self._open(), kind)(path)(messages, timeout=timeout, metadata=self._metadata)
        return GrpcStream(call, self, many=kind != "stream_unary")

    def reply_for(self, status: str, details: str | None, metadata: Sequence[tuple[str, Any]]) -> Reply:
        """Return the reply for a call's status; see `reply_for_grpc`."""
        reply = reply_for_grpc(
            status, details or "", Headers(metadata), connected=self.ready(), scrub=self._credentials.scrub
        )
        return replace(reply, allowance=read_allowance(metadata))

    async def aclose(self) -> None:
        """Close the channel; calls in flight are cancelled."""
        if self._channel is not None:
            await self._channel.close()

    def discard(self) -> None:
        """Drop the channel, which then closes by itself."""
        self._methods.clear()
        self._channel = None

    def _open(self) -> grpc.aio.Channel:
        if self._channel is None:
            if os.environ.get("GRPC_TRACE"):
                _log.warning("GRPC_TRACE is set: gRPC may print everything it sends, including the token")
            options = [*_OPTIONS, ("grpc.primary_user_agent", self._user_agent), *self._proxy_options()]
            target = self._endpoint.authority
            if self._endpoint.secure:
                trusted = grpc.ssl_channel_credentials(root_certificates=self._trust.authorities)
                self._channel = grpc.aio.secure_channel(target, trusted, options=options)
            else:
                self._channel = grpc.aio.insecure_channel(target, options=options)
        return self._channel

    def _proxy_options(self) -> list[tuple[str, str | int]]:
        # The client's configuration has already read the environment, for both protocols.
        if self._trust.proxy is None:
            return [("grpc.enable_http_proxy", 0)]
        return [("grpc.http_proxy", self._trust.proxy)]
