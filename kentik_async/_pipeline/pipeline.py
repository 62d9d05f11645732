"""The one way that every request takes, from the outside in.

    run       decode what came            ── the slot is free by now
    _fetch    retry, or return            ── one call: any number of attempts
    _attempt  send, wait, report          ── one attempt
    _clear    wait for connection, quota  ── nothing is sent without both

What waits and flies is kept by `session.py`, which also books the end of an attempt that nobody waits for.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from kentik_async._operations import Protocol, Request
from kentik_async._pipeline.call import Call
from kentik_async._pipeline.priority import current_priority
from kentik_async._pipeline.session import Session, Wire, book
from kentik_async._pipeline.settings import CallOptions, PipelineSettings
from kentik_async._transport.base import Messages, Reply, Stream, StreamKind, StreamTransport, Transport
from kentik_async._transport.connection import Link
from kentik_async.errors import (
    ClientClosedError,
    ConfigError,
    KentikError,
    QuotaWaitError,
    RateLimitedError,
)
from kentik_async.events import Event, EventKind
from kentik_async.quota import Grant, Limiter

__all__ = ["Pipeline"]

T = TypeVar("T")

_log = logging.getLogger("kentik_async")

_PAUSE_WHEN_UNSENT = 0.5
"""A second connection that is lost before anything went out is not replaced at full speed."""

_SMALL_ANSWER_BYTES = 4096
"""Up to this size decoding takes no longer than stepping aside would."""

_STEP_ASIDE = 0.001
"""Where others wait for quota, an answer is read this much later, in seconds: the next request is then on the
wire. Measured: decoding 600 rows first keeps the server idle for 0.3 ms at each request of a pull.
"""

_LARGE_ANSWER_BYTES = 512 * 1024
"""From this size an answer is decoded in a thread: 100 000 rows would block the event loop for 50-80 ms."""


class Pipeline:
    """Sends requests as the quota allows, and answers for each of them."""

    def __init__(
        self,
        settings: PipelineSettings,
        limiter: Limiter,
        transports: Mapping[Protocol, tuple[str, Callable[[], Transport]]],
    ) -> None:
        """Compose the parts; nothing is opened before the first call.

        Args:
            settings: What is the same for all calls.
            limiter: Whose quota they spend.
            transports: For each protocol the endpoint's name and what makes its transport.
        """
        self._settings = settings
        self._limiter = limiter
        self._transports = transports
        self._monotonic = settings.clock.monotonic
        self._closed = False
        self._pid = os.getpid()
        self._session: Session | None = None

    @property
    def closed(self) -> bool:
        """Whether the client was closed."""
        return self._closed

    def call(self, request: Request[Any], options: CallOptions) -> Call:
        """Enter that a request is asked for now: that is its turn, however often it is sent."""
        return Call(request, options, self._monotonic(), current_priority())

    async def run(self, request: Request[T], options: CallOptions) -> T:
        """Send a request and return what its answer says.

        Args:
            request: What to send.
            options: The caller's choices.

        Returns:
            What `request.decode` makes of the answer.

        Raises:
            KentikError: See the tree in `errors.py`.
        """
        call = self.call(request, options)
        try:
            body = await self._fetch(call)
            if request.on_arrival is not None:
                request.on_arrival(body)
            if len(body) > _SMALL_ANSWER_BYTES and self._session is not None and self._session.waited_in:
                await asyncio.sleep(_STEP_ASIDE)
            if len(body) < _LARGE_ANSWER_BYTES:
                return request.decode(body)
            return await asyncio.to_thread(request.decode, body)
        except KentikError as error:
            call.sign(error)
            raise

    @asynccontextmanager
    async def stream(
        self, call: Call, kind: StreamKind, messages: Messages, timeout: float | None
    ) -> AsyncIterator[Stream]:
        """Begin a streaming call when the quota allows, and hold its grant until the block ends.

        Args:
            call: What to send, but for its body.
            kind: Which sides stream.
            messages: The encoded message, or the stream of them.
            timeout: When to give the stream up, in seconds; None never does.
        """
        session = self._bind()
        wire = session.wire(call.request.operation.protocol)
        if not isinstance(wire.transport, StreamTransport):
            raise TypeError(f"{call.request.operation.protocol} has no streams")
        if not call.sent:
            self._report(call, "queued", 0.0)
        grant = await session.interruptible(self._clear(call, wire))
        sent = self._monotonic()
        stream = wire.transport.stream(kind, call.request.path, messages, timeout)
        call.sent += 1
        self._report(call, "sent", call.waited)
        session.follow(stream)
        try:
            yield stream
        finally:
            session.unfollow(stream)
            if stream.done():
                reply = await stream.reply()
                book(grant, reply)
                self._report_end(call, reply, self._monotonic() - sent)
            else:
                stream.cancel()
                grant.close("unknown")

    async def aclose(self) -> None:
        """Close the connections; calls that wait or fly end with ClientClosedError."""
        if self._closed:
            return
        self._closed = True
        if self._pid != os.getpid():
            return  # the connections are the parent's
        session, self._session = self._session, None
        if session is not None:
            await session.aclose()

    async def _fetch(self, call: Call) -> bytes:
        self._report(call, "queued", 0.0)
        while True:
            reply = await self._attempt(call)
            error = reply.error
            if error is None:
                return reply.body
            if reply.outcome == "not_sent":
                await self._bear_outage(call, error)
                continue
            call.unsent_until = None
            if isinstance(error, RateLimitedError):
                self.bear_refusal(call, error)
            else:
                await self._pause_before_next(call, error)

    async def _attempt(self, call: Call) -> Reply:
        session = self._bind()
        operation = call.request.operation
        wire = session.wire(operation.protocol)
        grant = await session.interruptible(self._clear(call, wire))
        timeout = call.options.timeout
        sent = self._monotonic()
        try:
            flight = wire.transport.start(call.request, timeout + self._drain(call))
        except BaseException:
            grant.close("not_sent")
            raise
        call.sent += 1
        if call.request.on_send is not None:
            call.request.on_send()
        self._report(call, "sent", call.waited)
        reply = await session.land(flight, grant, timeout)
        if reply.outcome == "not_sent" and reply.error is not None:
            wire.link.lost(reply.error)
        else:
            self._report_end(call, reply, self._monotonic() - sent)
        return reply

    async def _clear(self, call: Call, wire: Wire) -> Grant:
        """Wait until there is a connection and a grant, both at once."""
        while True:
            patience = None if call.unsent_until is None else call.unsent_until - self._monotonic()
            await wire.link.wait(patience)
            grant = await self._acquire(call)
            if grant.valid() and wire.link.ready():
                return grant
            grant.close("not_sent")

    async def _acquire(self, call: Call) -> Grant:
        options, asked = call.options, self._monotonic()
        max_wait = None if options.max_wait is None else max(options.max_wait - call.waited, 0.0)
        try:
            return await self._limiter.acquire(
                call.request.operation.quota_class,
                priority=call.priority,
                queued_since=call.queued_since,
                max_wait=max_wait,
            )
        except QuotaWaitError as error:
            # A call that was refused ends as what it is; the wait that was too long is the reason.
            if call.refusal is not None:
                raise call.refusal from error
            raise
        finally:
            waited = self._monotonic() - asked
            call.waited += waited
            if call.unsent_until is not None:
                call.unsent_until += waited  # what was waited for meanwhile was no connection

    def _drain(self, call: Call) -> float:
        return self._settings.quotas[call.request.operation.quota_class].drain

    async def _bear_outage(self, call: Call, error: KentikError) -> None:
        """Let a call whose request never went out try again: it is no attempt, and cost no quota."""
        call.sent -= 1
        now, pause = self._monotonic(), _PAUSE_WHEN_UNSENT
        if call.unsent_until is None:
            call.unsent_until, pause = now + self._settings.outage_wait, 0.0
        if now >= call.unsent_until:
            raise error
        pause = min(pause, call.unsent_until - now)
        self._report(call, "retried", pause, error)
        await self._bind().interruptible(asyncio.sleep(pause))

    def bear_refusal(self, call: Call, error: RateLimitedError) -> None:
        """Let a refused call queue again: it spends no attempt, and the limiter sets the pause.

        Raises:
            RateLimitedError: The server has refused it for an hour and a minute.
        """
        now = self._monotonic()
        if call.refused_since is None:
            call.refused_since = now
        call.refusal = error
        quota = self._settings.quotas[call.request.operation.quota_class]
        if now - call.refused_since > quota.hour + quota.minute:
            raise error

    async def _pause_before_next(self, call: Call, error: KentikError) -> None:
        call.failed += 1
        pause = self._settings.retry.pause(error, call.failed, call.request.operation.effect)
        if pause is None:
            raise error
        self._report(call, "retried", pause, error)
        await self._bind().interruptible(asyncio.sleep(pause))

    def _bind(self) -> Session:
        """Return the running event loop's session, made anew when an earlier loop has ended."""
        if self._closed:
            raise ClientClosedError("the client is closed")
        if os.getpid() != self._pid:
            raise ConfigError("the client was made before a fork: make one in the child process")
        session = self._session
        loop = asyncio.get_running_loop()
        if session is None or session.loop is not loop:
            if session is not None:
                if not session.loop.is_closed():
                    raise ConfigError("a client belongs to one event loop at a time: make one for each loop")
                session.forsake()
            session = self._session = Session(loop, self._connect)
        return session

    def _connect(self, protocol: Protocol) -> Wire:
        endpoint, make = self._transports[protocol]
        transport = make()
        link = Link(
            transport,
            endpoint=endpoint,
            connect_timeout=self._settings.connect_timeout,
            outage_wait=self._settings.outage_wait,
        )
        return Wire(transport, link)

    def _report_end(self, call: Call, reply: Reply, duration: float) -> None:
        self._report(call, "refused" if reply.outcome == "refused" else "answered", duration, reply.error)

    def _report(self, call: Call, kind: EventKind, duration: float, error: Exception | None = None) -> None:
        hook = self._settings.on_event
        if hook is None:
            return
        try:
            hook(Event(kind, call.request.operation.name, call.sent, duration, error))
        except Exception:  # noqa: BLE001 (the user's own function must not break the user's call)
            _log.exception("on_event raised; the call goes on")
