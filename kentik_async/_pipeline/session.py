"""What belongs to one event loop: the connections, and all that waits or flies there.

A caller that stops waiting (cancelled, timed out, client closed) is released at once, and its attempt goes
on behind it: the server is still working on it, so the next request would be a concurrent one.
"""

import asyncio
import os
import weakref
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from kentik_async._operations import Protocol
from kentik_async._transport.base import Flight, Reply, Stream, Transport
from kentik_async._transport.connection import Link
from kentik_async.errors import ClientClosedError, DeadlineExceededError, RateLimitedError
from kentik_async.quota import Grant, HintAwareGrant

__all__ = ["Session", "Wire", "book"]

A = TypeVar("A")


@dataclass(slots=True)
class Wire:
    """One protocol's transport, and whether its endpoint can be reached."""

    transport: Transport
    link: Link


def book(grant: Grant, reply: Reply) -> None:
    """Enter an attempt's end in the quota's books."""
    pause, allowance = None, reply.allowance
    if isinstance(reply.error, RateLimitedError):
        pause = reply.error.retry_after
        if pause is None and allowance is not None and not allowance.left:
            pause = allowance.reset
    if allowance is not None and isinstance(grant, HintAwareGrant):
        grant.apply_hint(allowance)
    grant.close(reply.outcome, retry_after=pause)


class Session:
    """The client's life in one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connect: Callable[[Protocol], Wire]) -> None:
        """Start with nothing open.

        Args:
            loop: The running event loop.
            connect: Makes a protocol's wire, when it is first needed.
        """
        self.loop = loop
        self._connect = connect
        self._wires: dict[Protocol, Wire] = {}
        self._idle: set[asyncio.Task[Any]] = set()
        self._interrupted: set[asyncio.Task[Any]] = set()
        self._landing: set[asyncio.Future[None]] = set()
        self._abandoned: dict[asyncio.Task[None], Flight] = {}
        self._streams: set[Stream] = set()
        self._closing: asyncio.Task[None] | None = None
        _living.add(self)

    def wire(self, protocol: Protocol) -> Wire:
        """Return a protocol's wire."""
        wire = self._wires.get(protocol)
        if wire is None:
            wire = self._wires[protocol] = self._connect(protocol)
        return wire

    @property
    def waited_in(self) -> bool:
        """Whether any call waits here for quota, a connection or its next attempt."""
        return bool(self._idle)

    async def interruptible(self, waiting: Awaitable[A]) -> A:
        """Await what holds no request in flight, so that closing the client can end it.

        Closing cancels the task, as `asyncio.timeout` does, and takes the cancellation back here; a
        cancellation from outside passes through.

        Raises:
            ClientClosedError: The client was closed meanwhile.
        """
        task = asyncio.current_task(self.loop)
        if task is None:
            raise RuntimeError("the client must be awaited from an asyncio task")
        cancellations = task.cancelling()
        self._idle.add(task)
        try:
            return await waiting
        except asyncio.CancelledError:
            if task in self._interrupted and task.uncancel() <= cancellations:
                raise ClientClosedError("the client was closed while the call waited") from None
            raise
        finally:
            self._idle.discard(task)
            # A cancelled task keeps its exception, and that this frame: in a circle with it, thousands of
            # cancelled calls would wait for the garbage collector.
            del task

    async def land(self, flight: Flight, grant: Grant, timeout: float) -> Reply:
        """Wait for an attempt's end, at most `timeout` seconds, and book it whatever ends the waiting.

        The caller's task awaits a future that is nobody else's: a cancellation never reaches the library's
        own task, which would answer with one of its own, unknown to whoever cancelled.

        Raises:
            DeadlineExceededError: It did not end in time.
            ClientClosedError: The client was closed meanwhile.
        """
        landed: asyncio.Future[None] = self.loop.create_future()
        flight.add_done_callback(partial(_wake, landed))
        timer = self.loop.call_later(timeout, _expire, landed, timeout)
        self._landing.add(landed)
        try:
            await landed
        except BaseException:  # also GeneratorExit: the coroutine was dropped, perhaps with its loop
            if landed.done() and not landed.cancelled():
                landed.exception()  # cancelled at the very moment: seen, so that asyncio does not log it
            self._abandon(flight, grant)
            raise
        finally:
            timer.cancel()
            self._landing.discard(landed)
            # Its exception holds this frame: in a circle with it, the connection would outlive the client
            # until the garbage collector comes by.
            del landed
        return await _book_end(flight, grant)

    def follow(self, stream: Stream) -> None:
        """Break a stream off when the client closes."""
        self._streams.add(stream)

    def unfollow(self, stream: Stream) -> None:
        """Leave a stream alone that has ended."""
        self._streams.discard(stream)

    async def aclose(self) -> None:
        """End all waiting and flying with ClientClosedError, then close the connections."""
        if self.loop is asyncio.get_running_loop():
            # In a task of its own: whoever closes may be under a cancellation, and nothing may stay open.
            self._closing = self.loop.create_task(self._close())
            await asyncio.shield(self._closing)
        elif self.loop.is_running():
            closing = asyncio.run_coroutine_threadsafe(self._close(), self.loop)
            await asyncio.shield(asyncio.wrap_future(closing))
        else:
            self.forsake()

    def forsake(self) -> None:
        """Let go of the connections of an event loop that is closed: nothing can be awaited there."""
        for wire in self._wires.values():
            wire.transport.forsake()

    async def _close(self) -> None:
        self._interrupted = set(self._idle)
        for task in self._interrupted:
            task.cancel()
        for future in self._landing:
            if not future.done():
                future.set_exception(ClientClosedError("the client was closed while the call was under way"))
        for stream in self._streams:
            stream.cancel()
        await asyncio.sleep(0)  # those released above hand their flights over to be abandoned
        await self._drop_abandoned()
        for wire in self._wires.values():
            await wire.link.aclose()
            await wire.transport.aclose()

    def _abandon(self, flight: Flight, grant: Grant) -> None:
        if self.loop.is_closed():
            grant.close("unknown")  # nothing can be waited for there any more
            return
        task = self.loop.create_task(_settle(flight, grant))
        self._abandoned[task] = flight
        task.add_done_callback(partial(_forget, self._abandoned))

    async def _drop_abandoned(self) -> None:
        tasks = list(self._abandoned)
        for flight in list(self._abandoned.values()):
            flight.cancel()
        if tasks:
            await asyncio.wait(tasks)


async def _settle(flight: Flight, grant: Grant) -> None:
    """Book an attempt's end for a caller that stopped waiting."""
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    flight.add_done_callback(partial(_wake, ended))
    await ended
    await _book_end(flight, grant)


async def _book_end(flight: Flight, grant: Grant) -> Reply:
    try:
        reply = await flight.reply()
    except BaseException:
        grant.close("unknown")  # whatever a library failed with: the slot must not be lost for ever
        raise
    book(grant, reply)
    return reply


def _wake(future: "asyncio.Future[None]", _: Any) -> None:
    if not future.done():
        future.set_result(None)


def _expire(future: "asyncio.Future[None]", timeout: float) -> None:
    if not future.done():
        future.set_exception(DeadlineExceededError(f"no answer within timeout={timeout:g} s"))


def _forget(abandoned: dict["asyncio.Task[None]", Flight], task: "asyncio.Task[None]") -> None:
    abandoned.pop(task, None)


_living: "weakref.WeakSet[Session]" = weakref.WeakSet()
_parents: list[Session] = []


def _leave_to_parent() -> None:
    """Keep, in a forked child, the parent's connections from being destroyed.

    A gRPC channel hangs or crashes there, and a socket takes itself out of the event notification that child
    and parent still share: the parent would wait for ever.
    """
    _parents.extend(_living)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)
