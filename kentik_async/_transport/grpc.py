"""The gRPC transport: sends and receives bytes, and converts statuses to errors; no policy.

Credentials are sent as metadata with each call (+5 µs; a call-credentials plugin costs 170 µs). Messages are
passed as bytes, because grpc.aio returns None when a deserializer raises. The library's own retries are
disabled: no limiter would count those attempts.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from itertools import chain
from typing import Any

import msgspec
from msgspec.structs import replace

from kentik_async._config import Credentials, Endpoint, Trust
from kentik_async._operations.request import Request
from kentik_async._transport.base import MAX_RESPONSE_BYTES, Messages, Reply, StreamKind
from kentik_async._transport.grpc_library import grpc
from kentik_async._transport.probe import Probe
from kentik_async._transport.proxy import ProxyAccess
from kentik_async._transport.rate_limit_headers import read_allowance
from kentik_async._transport.replies import reply_for_grpc
from kentik_async.errors import ClientClosedError, ConnectError, DecodeError

__all__ = ["GrpcTransport"]

_log = logging.getLogger("kentik_async")

_PROBE_TIMEOUT = 3.0

_MESSAGE_NOT_SENT = "Internal error from Core"
"""The details of the status INTERNAL that the library sets if it cannot send a message of a stream."""

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


# A Struct, like `Reply`: a class with __init__ takes three times as long to create.
class _GrpcAttempt(msgspec.Struct, eq=False):
    """One RPC in flight."""

    call: "grpc.aio.UnaryUnaryCall[bytes, bytes]"
    transport: "GrpcTransport"

    def add_done_callback(self, callback: Callable[[Any], None], /) -> None:
        self.call.add_done_callback(callback)

    def cancel(self) -> bool:
        return self.call.cancel()

    async def reply(self) -> Reply:
        try:
            body: bytes | None = await self.call
        except grpc.aio.AioRpcError as failure:
            status, details = failure.code().name, failure.details()
            metadata = _joined(failure.initial_metadata(), failure.trailing_metadata())
        except KeyError as error:  # grpcio 1.51 raises it for status codes that it does not know
            status, details, metadata = "UNKNOWN", f"status {error}, which gRPC does not define", ()
        except asyncio.CancelledError:
            if not self.call.cancelled():
                raise
            return _cancelled()
        else:
            # The library returns None for a response with status OK and no complete message.
            if body is None:
                return Reply(error=DecodeError("the response has status OK but no complete message"))
            initial, trailing = await self.call.initial_metadata(), await self.call.trailing_metadata()
            # With `chain`, because unpacking calls the library's slow __len__ of both.
            metadata = tuple(chain(initial, trailing))
            allowance = read_allowance(metadata) if metadata else None
            return Reply(body, allowance=allowance, headers=metadata)
        # Outside the handler, so that the library's exception with its frames is not kept.
        return self.transport.reply_for(status, details, metadata)


class _GrpcStream:
    """One streaming RPC in flight."""

    def __init__(self, call: Any, transport: "GrpcTransport", *, many: bool) -> None:
        self._call = call
        self._transport = transport
        self._many = many
        self._cancelled = False
        self._status: tuple[str, str, Sequence[tuple[str, Any]]] | None = None
        call.add_done_callback(self._read_status)

    def _read_status(self, call: Any) -> tuple[str, str, Sequence[tuple[str, Any]]]:
        """Return the server's status: the library's own INTERNAL may replace it, or come before it.

        Both happen if the server ends the call before it has read all messages, because the library cannot
        send the next one (grpc/grpc issue 36066). So the status is read when it arrives and again at the end.
        """
        details, trailing = _result_of(call.details()), _result_of(call.trailing_metadata())
        if self._status is None or details != _MESSAGE_NOT_SENT:
            try:
                status = _result_of(call.code()).name
            except KeyError as error:  # see `_GrpcAttempt.reply`
                status, details = "UNKNOWN", f"status {error}, which gRPC does not define"
            self._status = status, details, trailing
        return self._status

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            reading = asyncio.ensure_future(self._call.read() if self._many else _response_of(self._call))
            reading.add_done_callback(_retrieve_exception)
            # The reader's task does not await a task of the library: see `Session._response_in_time`.
            await asyncio.wait([reading])
            if reading.cancelled() or reading.exception() is not None:  # reported by reply()
                return
            raw = reading.result()
            if raw is grpc.aio.EOF or raw is None:  # None: see `_GrpcAttempt.reply`
                return
            yield raw
            if not self._many:
                return

    async def reply(self) -> Reply:
        if self._cancelled:
            return _cancelled()
        initial = await self._call.initial_metadata()
        await self._call.trailing_metadata()  # waits for the status
        status, details, trailing = self._read_status(self._call)
        metadata = _joined(initial, trailing)
        if status == "OK":
            return Reply(allowance=read_allowance(metadata))
        if details == _MESSAGE_NOT_SENT:
            details = "a message could not be sent, because the call had ended"
        reply = self._transport.reply_for(status, details, metadata)
        if status == "DEADLINE_EXCEEDED":  # our own timeout: the server may still be working on it
            return Reply(error=reply.error, outcome="unknown")
        return reply

    def done(self) -> bool:
        return bool(self._call.done())

    def cancel(self) -> bool:
        self._cancelled = bool(self._call.cancel())
        return self._cancelled


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
        # Created once: given a tuple, the library creates one for each call, which takes three times as long.
        self._metadata = grpc.aio.Metadata(*credentials.headers())
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
        if self._trust.proxy is not None:
            # The channel would send a wrong password repeatedly: it is opened when the probe has succeeded.
            try:
                if await self._probe.attempt(_PROBE_TIMEOUT) is not None:
                    return False
            except ConnectError:
                await self.aclose()
                self.discard()
                raise
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

    def start(self, request: Request[Any], timeout: float) -> _GrpcAttempt:
        """Send a unary request."""
        method = self._methods.get(request.path)
        if method is None:
            method = self._methods[request.path] = self._open().unary_unary(request.path)
        return _GrpcAttempt(method(request.body, timeout=timeout, metadata=self._metadata), self)

    def stream(self, kind: StreamKind, path: str, messages: Messages, timeout: float | None) -> _GrpcStream:
        """Start a streaming call."""
        call = getattr(self._open(), kind)(path)(messages, timeout=timeout, metadata=self._metadata)
        return _GrpcStream(call, self, many=kind != "stream_unary")

    def reply_for(self, status: str, details: str | None, metadata: Sequence[tuple[str, Any]]) -> Reply:
        """Return the reply for a call's status; see `reply_for_grpc`."""
        texts = {name: value for name, value in metadata if isinstance(value, str)}
        reply = reply_for_grpc(
            status, details or "", texts, connected=self.ready(), scrub=self._credentials.scrub
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


def _result_of(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Return the result of a coroutine that has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as result:
        return result.value
    raise RuntimeError("the coroutine waits")


async def _response_of(call: Any) -> bytes:
    raw: bytes = await call
    return raw


def _cancelled() -> Reply:
    return Reply(error=ClientClosedError("the call was cancelled"), outcome="unknown")


def _retrieve_exception(reading: "asyncio.Future[Any]") -> None:
    """Retrieve a read's exception, so that asyncio does not log it: `reply()` reports it."""
    if not reading.cancelled():
        reading.exception()


def _joined(initial: Any, trailing: Any) -> Sequence[tuple[str, Any]]:
    """Return initial and trailing metadata together; a gateway that refuses a call may send only one."""
    return (*(initial or ()), *(trailing or ()))
