"""The state of one event loop: connections, waiting calls and attempts in flight.

A caller that stops waiting (cancelled, timed out, client closed) is released at once. Its attempt continues
in the background, because the server is still working on it: the next request would be concurrent with it.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from kentik_async._fork import keep_for_parent
from kentik_async._operations.request import Protocol
from kentik_async._pipeline.call import CallState, PipelineSettings
from kentik_async._pipeline.in_flight import InFlight
from kentik_async._transport.base import Attempt, Reply, Stream
from kentik_async._transport.connection import Connector
from kentik_async.errors import ClientClosedError, QuotaWaitError, RateLimitedError
from kentik_async.quota import Grant, HintAwareGrant

__all__ = ["Session", "close_grant"]

_STILL_CONNECTED = 0.001
"""A connection checked this many seconds ago is not checked again: it can also be lost after the check."""


class Session:
    """The client's state in one event loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        settings: PipelineSettings,
        connect: Callable[[Protocol], Connector],
    ) -> None:
        """Start without connections.

        Args:
            loop: The running event loop.
            settings: The settings that all calls share.
            connect: Creates the connector of a protocol when it is first needed.
        """
        self.loop = loop
        self._monotonic = settings.clock.monotonic
        self._connect = connect
        self._connectors: dict[Protocol, Connector] = {}
        self._waiting: set[asyncio.Task[Any]] = set()
        self._interrupted: set[asyncio.Task[Any]] = set()
        self._in_flight = InFlight(loop)
        self._draining: dict[asyncio.Task[None], Attempt] = {}
        self._streams: set[Stream] = set()
        self._closing: asyncio.Task[None] | None = None
        self._closed = False
        keep_for_parent(self)

    @property
    def has_waiters(self) -> bool:
        """Whether a call waits for quota, a connection or its next attempt."""
        return bool(self._waiting)

    def connector(self, protocol: Protocol) -> Connector:
        """Return the connector of a protocol."""
        connector = self._connectors.get(protocol)
        if connector is None:
            connector = self._connectors[protocol] = self._connect(protocol)
        return connector

    async def attempt(self, call: CallState) -> Reply:
        """Send a request once there are a connection and quota, and wait for the response.

        Raises:
            DeadlineExceededError: There was no response within the call's timeout.
            ClientClosedError: The client was closed meanwhile.
            QuotaWaitError: The quota frees later than the call's `max_wait`.
            ConnectError: There is no connection.
        """
        request = call.request
        connector = self.connector(request.operation.protocol)
        grant = await self.admit(call, connector)
        timeout = call.options.timeout
        sent = self._monotonic()
        try:
            attempt = connector.transport.start(request, timeout + call.quota.drain)
        except BaseException:
            grant.close("not_sent")
            raise
        call.sent += 1
        if request.on_send is not None:
            request.on_send()
        if call.watchers:
            call.report("sent", call.waited)
        reply = await self._response_in_time(attempt, grant, timeout)
        call.elapsed = self._monotonic() - sent
        if reply.outcome == "not_sent" and reply.error is not None:
            connector.lost(reply.error)
        elif call.watchers:
            call.report_end(reply, call.elapsed)
        return reply

    async def admit(self, call: CallState, connector: Connector) -> Grant:
        """Wait until the call's pause is over and there are a connection and a grant at the same time.

        No attempt is in flight meanwhile, so closing the client ends the wait: it cancels the task, as
        `asyncio.timeout` does, and this method undoes the cancellation. Any other cancellation propagates.

        Raises:
            ClientClosedError: The client was closed meanwhile.
            QuotaWaitError: The quota frees later than the call's `max_wait`.
            ConnectError: There is no connection.
        """
        task = asyncio.current_task(self.loop)
        if task is None:
            raise RuntimeError("the client must be awaited from an asyncio task")
        cancellations, longest = task.cancelling(), call.options.max_wait
        self._waiting.add(task)
        try:
            if call.pause is not None:
                await asyncio.sleep(call.pause)
                call.pause = None
            while True:
                if self._closed or not connector.transport.ready():
                    await self._connection(call, connector)
                start = self._monotonic()
                try:
                    grant = await call.limiter.acquire(
                        call.request.operation.quota_class,
                        priority=call.priority,
                        queued_since=call.queued_since,
                        max_wait=None if longest is None else max(longest - call.waited, 0.0),
                    )
                finally:
                    waited = self._monotonic() - start
                    call.waited += waited
                if grant.valid() and (waited < _STILL_CONNECTED or connector.transport.ready()):
                    return grant
                grant.close("not_sent")
        except QuotaWaitError as error:
            # A rate-limited call ends with the server's refusal; the QuotaWaitError is its cause.
            if call.refusal is not None:
                raise call.refusal from error
            raise
        except asyncio.CancelledError:
            if task in self._interrupted and task.uncancel() <= cancellations:
                raise ClientClosedError("the client was closed while the call was waiting") from None
            raise
        finally:
            self._waiting.discard(task)
            # A cancelled task keeps its exception, which keeps this frame: the reference cycle would keep
            # thousands of cancelled calls alive until the garbage collector runs.
            del task

    async def _connection(self, call: CallState, connector: Connector) -> None:
        """Wait for a connection, until `call.connect_by` at the latest."""
        if self._closed:
            raise ClientClosedError("the client is closed")
        by = call.connect_by
        await connector.wait(None if by is None else by + call.waited - self._monotonic())

    async def _response_in_time(self, attempt: Attempt, grant: Grant, timeout: float) -> Reply:
        """Wait for the end of an attempt, at most `timeout` seconds, and always close its grant.

        The caller's task awaits a separate future, so a cancellation never reaches the library's task, which
        would raise a CancelledError that no caller requested.
        """
        ended = self._in_flight.add(timeout)
        attempt.add_done_callback(partial(_wake, ended))
        try:
            await ended
        except BaseException:  # also GeneratorExit: the coroutine was dropped, perhaps with its loop
            if ended.done() and not ended.cancelled():
                ended.exception()  # cancelled at the same moment: retrieved, so that asyncio does not log it
            self._drain_in_background(attempt, grant)
            raise
        finally:
            self._in_flight.remove(ended, timeout)
            # Its exception keeps this frame: the reference cycle would keep the connection open after the
            # client was closed, until the garbage collector runs.
            del ended
        return await _reply_of(attempt, grant)

    def track(self, stream: Stream) -> None:
        """Cancel a stream when the client closes."""
        self._streams.add(stream)

    def untrack(self, stream: Stream) -> None:
        """Remove a stream that has ended."""
        self._streams.discard(stream)

    async def aclose(self) -> None:
        """End queued and in-flight calls with ClientClosedError, then close the connections."""
        if self.loop is asyncio.get_running_loop():
            # In a separate task: the caller may be cancelled, and no connection may stay open.
            self._closing = self.loop.create_task(self._close())
            await asyncio.shield(self._closing)
        elif self.loop.is_running():
            closing = asyncio.run_coroutine_threadsafe(self._close(), self.loop)
            await asyncio.shield(asyncio.wrap_future(closing))
        else:
            self.discard()

    def discard(self) -> None:
        """Release the connections of a closed event loop, in which nothing can be awaited."""
        self._closed = True
        for connector in self._connectors.values():
            connector.transport.discard()

    async def _close(self) -> None:
        self._closed = True
        self._interrupted = set(self._waiting)
        for task in self._interrupted:
            task.cancel()
        self._in_flight.close()
        for stream in self._streams:
            stream.cancel()
        await asyncio.sleep(0)  # the calls released above start to drain their attempts
        tasks = list(self._draining)
        for attempt in list(self._draining.values()):
            attempt.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for connector in self._connectors.values():
            await connector.aclose()
            await connector.transport.aclose()

    def _drain_in_background(self, attempt: Attempt, grant: Grant) -> None:
        if self.loop.is_closed():
            grant.close("unknown")  # nothing can be awaited in a closed event loop
            return
        task = self.loop.create_task(_drain(attempt, grant))
        self._draining[task] = attempt
        task.add_done_callback(partial(_forget, self._draining))


def close_grant(grant: Grant, reply: Reply) -> None:
    """Release the slot of an attempt and report its outcome to the limiter."""
    pause, allowance = None, reply.allowance
    if isinstance(reply.error, RateLimitedError):
        pause = reply.error.retry_after
        if pause is None and allowance is not None and not allowance.left:
            pause = allowance.reset
    if allowance is not None and isinstance(grant, HintAwareGrant):
        grant.apply_hint(allowance)
    grant.close(reply.outcome, retry_after=pause)


async def _reply_of(attempt: Attempt, grant: Grant) -> Reply:
    try:
        reply = await attempt.reply()
    except BaseException:
        grant.close("unknown")  # for any exception of a library: the slot must not be lost
        raise
    close_grant(grant, reply)
    return reply


async def _drain(attempt: Attempt, grant: Grant) -> None:
    """Wait for the end of an attempt whose caller stopped waiting."""
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    attempt.add_done_callback(partial(_wake, ended))
    await ended
    await _reply_of(attempt, grant)


def _wake(future: "asyncio.Future[None]", _: Any) -> None:
    if not future.done():
        future.set_result(None)


def _forget(draining: dict["asyncio.Task[None]", Attempt], task: "asyncio.Task[None]") -> None:
    draining.pop(task, None)
