"""The gRPC wire: bytes in and out, statuses to errors; no policy.

Credentials travel as metadata with each call (+5 µs; a call-credentials plugin costs 170), messages as bytes
(a deserializer that raises makes grpc.aio return None), and retries are switched off, since attempts that
the library makes on its own are attempts that no limiter counts.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any

import grpc
import grpc.aio

from kentik_async._config import Credentials, Endpoint, Trust
from kentik_async._operations import Request
from kentik_async._transport.base import MAX_ANSWER_BYTES, Messages, Reply, StreamKind
from kentik_async._transport.fates import reply_for_status
from kentik_async._transport.tls import Probe
from kentik_async.errors import ClientClosedError, DecodeError
from kentik_async.quota import read_allowance

__all__ = ["GrpcTransport"]

_log = logging.getLogger("kentik_async")

_PROBE_TIMEOUT = 3.0

_OPTIONS: tuple[tuple[str, str | int], ...] = (
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", MAX_ANSWER_BYTES),
    ("grpc.max_send_message_length", MAX_ANSWER_BYTES),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 5000),
    ("grpc.max_reconnect_backoff_ms", 5000),
    # A connection that the other end has forgotten without a word (NAT, a host that died) would swallow every
    # call for a quarter of an hour: the pings, too rare for a server to mind, make it count as lost once what
    # was sent is not acknowledged for 20 s. Measured: the next call after 20.5 s, without them none in 32 s.
    ("grpc.keepalive_time_ms", 330_000),
    ("grpc.keepalive_timeout_ms", 20_000),
)


class _GrpcFlight:
    """One RPC under way."""

    __slots__ = ("_call", "_transport")

    def __init__(self, call: "grpc.aio.UnaryUnaryCall[bytes, bytes]", transport: "GrpcTransport") -> None:
        self._call = call
        self._transport = transport

    def add_done_callback(self, callback: Callable[[Any], None], /) -> None:
        self._call.add_done_callback(callback)

    def cancel(self) -> bool:
        return self._call.cancel()

    async def reply(self) -> Reply:
        try:
            body = await self._call
        except grpc.aio.AioRpcError as failure:
            status, details = failure.code().name, failure.details()
            metadata = _pairs(failure.initial_metadata(), failure.trailing_metadata())
        except KeyError as stranger:  # grpcio 1.51 knows but the statuses of its list
            status, details, metadata = "UNKNOWN", f"status {stranger}, which is none of gRPC's", ()
        except asyncio.CancelledError:
            if not self._call.cancelled():
                raise
            return _broken_off()
        else:
            # For an answer that says "OK" and holds no message, or half of one, the library returns None.
            left = read_allowance(await _metadata_of(self._call))
            return _no_message() if body is None else Reply(body, allowance=left)
        # Outside the handler: the library's own exception, with its frames, is not dragged along.
        return self._transport.reply_for(status, details, metadata)


class _GrpcStream:
    """One streaming RPC under way."""

    def __init__(self, call: Any, transport: "GrpcTransport", *, many: bool) -> None:
        self._call = call
        self._transport = transport
        self._many = many
        self._given_up = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            reading = asyncio.ensure_future(self._call.read() if self._many else _answer_of(self._call))
            reading.add_done_callback(_see)
            # The reader's task awaits no task of the library's: see `Session.land`.
            await asyncio.wait([reading])
            if reading.cancelled() or reading.exception() is not None:  # told by reply()
                return
            raw = reading.result()
            if raw is grpc.aio.EOF or raw is None:  # None: see `_GrpcFlight.reply`
                return
            yield raw
            if not self._many:
                return

    async def reply(self) -> Reply:
        if self._given_up:
            return _broken_off()
        status = (await self._call.code()).name
        metadata = await _metadata_of(self._call)
        if status == "OK":
            return Reply(allowance=read_allowance(metadata))
        reply = self._transport.reply_for(status, await self._call.details(), metadata)
        if status == "DEADLINE_EXCEEDED":  # our own clock's: the server may still be at it
            return Reply(error=reply.error, outcome="unknown")
        return reply

    def done(self) -> bool:
        return bool(self._call.done())

    def cancel(self) -> bool:
        self._given_up = bool(self._call.cancel())
        return self._given_up


class GrpcTransport:
    """Calls over one channel, in one event loop; the channel is made by the first use."""

    def __init__(self, endpoint: Endpoint, credentials: Credentials, trust: Trust, agent: str) -> None:
        """Prepare, without connecting.

        Args:
            endpoint: Where to.
            credentials: As whom.
            trust: Whom to trust, and the proxy.
            agent: How the client introduces itself.
        """
        self._channel: grpc.aio.Channel | None = None
        self._endpoint = endpoint
        self._credentials = credentials
        self._metadata = credentials.headers()
        self._trust = trust
        self._agent = agent
        self._probe = Probe(endpoint, trust)
        self._methods: dict[str, grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]] = {}

    def ready(self) -> bool:
        """Tell whether the channel has a connection at present."""
        channel = self._channel
        return channel is not None and channel.get_state() is grpc.ChannelConnectivity.READY

    async def dial(self) -> bool:
        """Return True when the channel has a connection; the channel paces its own attempts."""
        channel = self._open()
        while (state := channel.get_state(try_to_connect=True)) is not grpc.ChannelConnectivity.READY:
            if state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
                # The channel keeps its reasons to itself; a certificate that is not trusted ends the wait.
                await self._probe.attempt(_PROBE_TIMEOUT)
            if state is channel.get_state():
                await channel.wait_for_state_change(state)
        return True

    async def diagnose(self) -> str:
        """Say why no connection could be made."""
        reason = await self._probe.last_word()
        if reason is not None:
            return reason
        if self._trust.proxy is not None:
            return "the proxy accepts connections, but none to a gRPC server comes about through it"
        if self._endpoint.secure:
            return (
                "TLS connections succeed there, but no gRPC: either none is spoken there, or gRPC, which has "
                "authorities of its own, does not trust the certificate: give ca_file"
            )
        return "the server accepts connections, but does not speak gRPC there"

    def start(self, request: Request[Any], timeout: float) -> _GrpcFlight:
        """Send a unary request."""
        method = self._methods.get(request.path)
        if method is None:
            method = self._methods[request.path] = self._open().unary_unary(request.path)
        return _GrpcFlight(method(request.body, timeout=timeout, metadata=self._metadata), self)

    def stream(self, kind: StreamKind, path: str, messages: Messages, timeout: float | None) -> _GrpcStream:
        """Begin a streaming call."""
        call = getattr(self._open(), kind)(path)(messages, timeout=timeout, metadata=self._metadata)
        return _GrpcStream(call, self, many=kind != "stream_unary")

    def reply_for(self, status: str, details: str | None, metadata: Sequence[tuple[str, Any]]) -> Reply:
        """Tell what a call's status says of the request's fate; see `reply_for_status`."""
        told = self._credentials.scrub(details or "")
        texts = {name: value for name, value in metadata if isinstance(value, str)}
        reply = reply_for_status(status, told, texts, connected=self.ready())
        return replace(reply, allowance=read_allowance(metadata))

    async def aclose(self) -> None:
        """Close the channel; calls under way are broken off."""
        if self._channel is not None:
            await self._channel.close()

    def forsake(self) -> None:
        """Let go of the channel, which then closes by itself."""
        self._methods.clear()
        self._channel = None

    def _open(self) -> grpc.aio.Channel:
        if self._channel is None:
            if os.environ.get("GRPC_TRACE"):
                _log.warning("GRPC_TRACE is set: gRPC may print all it sends, the token among it")
            options = [*_OPTIONS, ("grpc.primary_user_agent", self._agent), *self._proxy_options()]
            target = self._endpoint.authority
            if self._endpoint.secure:
                trusted = grpc.ssl_channel_credentials(root_certificates=self._trust.authorities)
                self._channel = grpc.aio.secure_channel(target, trusted, options=options)
            else:
                self._channel = grpc.aio.insecure_channel(target, options=options)
        return self._channel

    def _proxy_options(self) -> list[tuple[str, str | int]]:
        # What the environment says was read by our own configuration, for both protocols alike.
        if self._trust.proxy is None:
            return [("grpc.enable_http_proxy", 0)]
        return [("grpc.http_proxy", self._trust.proxy)]


async def _answer_of(call: Any) -> bytes:
    raw: bytes = await call
    return raw


def _broken_off() -> Reply:
    return Reply(error=ClientClosedError("the call was broken off"), outcome="unknown")


def _no_message() -> Reply:
    return Reply(error=DecodeError("the answer says that all is well, and holds no complete message"))


def _see(reading: "asyncio.Future[Any]") -> None:
    """Look at a read's failure, so that asyncio does not log it: the status tells it."""
    if not reading.cancelled():
        reading.exception()


async def _metadata_of(call: Any) -> Sequence[tuple[str, Any]]:
    """Return the metadata of a call that has ended."""
    return _pairs(await call.initial_metadata(), await call.trailing_metadata())


def _pairs(initial: Any, trailing: Any) -> Sequence[tuple[str, Any]]:
    """Return what came before an answer and after it; a gateway that refuses may have only the one."""
    return (*(initial or ()), *(trailing or ()))
