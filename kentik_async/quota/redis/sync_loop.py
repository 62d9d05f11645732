"""The traffic of one member with Redis: a thread with an event loop of its own, which takes one job at a time.

The thread renews the member's lease whatever the program does meanwhile, and it outlives the event loops that
the calls wait in. A job is either a change to be committed or a look; it waits while Redis is away.
"""

import asyncio
import atexit
import contextlib
import logging
import random
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from kentik_async.errors import ClientClosedError, ConnectError, KentikError
from kentik_async.quota.protocols import Change, View, Wake
from kentik_async.quota.redis.connection import ConnectionLostError, RedisConnection
from kentik_async.quota.redis.replica import Draft, Replica
from kentik_async.quota.redis.url import RedisAddress, RedisNames
from kentik_async.quota.state.encoding import encode
from kentik_async.quota.state.messages import Reply
from kentik_async.quota.state.quota_state import FORMAT, QuotaState

__all__ = ["OnOutage", "SyncLoop"]

OnOutage: TypeAlias = Literal["wait", "raise"]

_RENEWAL = 0.3  # of a lease: after so long it is renewed
_PATIENCE = 0.5  # of a lease: how long an answer may take
_CHECK = 0.1  # of a lease: how long those who know the time may take to say so
_SHORTEST_CHECK = 0.5
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0
_FAREWELL = 1.0  # how long closing may take, in seconds
_KEEP = 30 * 24 * 3600  # seconds for which an idle state is kept, or its next user would have to wait

_log = logging.getLogger("kentik_async")


@dataclass(slots=True)
class _Job:
    """What is to be done, and whom to tell what came of it."""

    run: Callable[[], Coroutine[Any, Any, Any]]
    later: Callable[[Any], None]


class SyncLoop:
    """The thread of one member. Its public methods may be called from any thread, one at a time.

    Attributes:
        replica: What the member knows of the state.
    """

    def __init__(
        self,
        member: str,
        address: RedisAddress,
        names: RedisNames,
        replica: Replica,
        lease: float,
        instant: Callable[[], float],
        on_outage: OnOutage,
        wake: Wake,
    ) -> None:
        """Start without a thread.

        Args:
            member: The member's name.
            address: Where Redis is.
            names: Under what names the state stands there.
            replica: What the member knows of the state.
            lease: How long the member counts as alive after a report, in seconds.
            instant: The clock.
            on_outage: What to do when Redis is lost on the way.
            wake: Have the limiter report.
        """
        self.replica = replica
        self._member = member
        self._names = names
        self._lease = lease
        self._instant = instant
        self._on_outage = on_outage
        self._wake = wake
        self._connection = RedisConnection(
            address, names.key, instant, self._hear, self._lost, lease * _PATIENCE
        )
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._met = False
        self._leap = False
        self._renewal: asyncio.TimerHandle | None = None
        _sync_loops.add(self)

    def commit(self, change: Change, later: Callable[[Reply | KentikError], None]) -> None:
        """Make a change and commit it, and tell what it led to."""
        self._put(_Job(lambda: self._commit(change), later))

    def look(self, view: View[Any], later: Callable[[Any], None]) -> None:
        """Look at the state, and tell what was seen."""
        self._put(_Job(lambda: self._look(view), later))

    def stop(self) -> "Future[None] | None":
        """Close once the jobs are done, or in a second; return what is done then."""
        if self._thread is None:
            self._stopped = True
            return None
        with contextlib.suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(self._closing.set)
        return self._ended

    def abandon(self) -> "SyncLoop":
        """Return this one, which belongs to the parent of this process."""
        _sync_loops.discard(self)
        return self

    def _put(self, job: _Job) -> None:
        if self._thread is None and not self._stopped:
            self._start()
        if self._thread is threading.current_thread():
            self._jobs.put_nowait(job)
            return
        try:
            self._loop.call_soon_threadsafe(self._jobs.put_nowait, job)
        except (AttributeError, RuntimeError):
            raise ClientClosedError("the limiter is closed") from None

    def _start(self) -> None:
        started = threading.Event()
        self._ended: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._main(started)), name="kentik_async redis", daemon=True
        )
        self._thread.start()
        started.wait()

    async def _main(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue()
        self._closing = asyncio.Event()
        self._checked = asyncio.Event()
        worker = asyncio.create_task(self._work())
        started.set()
        try:
            await self._closing.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FAREWELL):
                    await self._jobs.join()
        finally:
            worker.cancel()
            await asyncio.wait([worker])
            self._renew_in(None)
            await self._connection.aclose()
            self._ended.set_result(None)

    async def _work(self) -> None:
        while True:
            job = await self._jobs.get()
            try:
                job.later(await self._carry_out(job))
            except Exception:
                _log.exception("the quota in Redis at %s cannot be used", self._connection.place)
            finally:
                self._jobs.task_done()

    async def _carry_out(self, job: _Job) -> Any:
        """Return what comes of a job, or why nothing does."""
        pause = 0.0
        while True:
            stale = self._connection.up
            try:
                await self._meet()
                return await job.run()
            except ConnectionLostError as error:
                if stale:
                    continue  # a connection that lay idle may have been cut: a new one tells
                if not self._met or self._on_outage == "raise":
                    return self._fail(
                        ConnectError(f"Redis at {self._connection.place} cannot be reached: {error}")
                    )
                if not pause:
                    _log.warning("Redis at %s is lost (%s): requests wait for it", self._connection.place, error)
            except KentikError as error:
                return self._fail(error)
            except Exception as error:
                _log.exception("the quota in Redis at %s cannot be used", self._connection.place)
                return self._fail(
                    KentikError(f"the quota in Redis at {self._connection.place} cannot be used: {error!r}")
                )
            pause = min(max(2 * pause, _FIRST_PAUSE), _LONGEST_PAUSE)
            await asyncio.sleep(pause)

    def _fail(self, error: KentikError) -> KentikError:
        """Report again later what is held, or put back what is known, since this attempt has failed."""
        if self.replica.reading is not None:
            self._renew_in(_LONGEST_PAUSE)
        return error

    async def _meet(self) -> None:
        """Connect, and if the time is not known, ask those who know it whether the clock was set."""
        connection, names = self._connection, self._names
        if connection.up:
            return
        known = self.replica.reading is not None
        channels = [names.prefix, names.channel(self._member)]
        await connection.open(*channels, *([names.time_channel] if known else []))
        self._met = True
        if known:
            return
        self._checked.clear()
        if await connection.publish(names.time_channel, self._member):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(self._lease * _CHECK, _SHORTEST_CHECK)):
                    await self._checked.wait()
            # Whoever does not answer may know of a clock that was set.
            self._leap = not self._checked.is_set()

    async def _look(self, view: View[Any]) -> Any:
        draft = self.replica.read(await self._connection.read(), self._connection.run, leap=self._leap)
        return view(draft.state, draft.now)

    async def _commit(self, change: Change) -> Reply:
        reply, ahead = await self._change(change)
        self._renew_in(self._lease * _RENEWAL if reply.present else None)
        if ahead and reply.grants:
            await asyncio.sleep(ahead)
        return reply

    async def _change(self, change: Change) -> tuple[Reply, float]:
        """Make and commit a change; return the reply, and for how long it must be held back."""
        connection, replica, tries = self._connection, self.replica, 0
        known = replica.reading is not None
        draft = replica.fresh(self._instant(), connection.run)
        while True:
            if draft is None:
                draft = replica.read(await connection.read(), connection.run, leap=self._leap)
            reply = change(draft.state, draft.now)
            version, encoded = replica.next_version(), encode(draft.state)
            stored = await connection.commit(*self._arguments(draft, version, encoded, reply))
            if not stored.held:
                break
            # Another was faster, and the answer is what it has made.
            draft = replica.read(stored, connection.run, leap=self._leap)
            tries += 1
            if tries > 2 and draft.state.turns.told != self._member:
                await asyncio.sleep(random.random() * min(0.001 * 2**tries, 0.05))  # noqa: S311 (no secret)
                draft = None
        ahead = replica.committed(draft, version, encoded, connection.run, stored)
        self._leap = False
        if not known:
            await connection.subscribe(self._names.time_channel)
        if draft.remade:
            _log.warning(
                "Redis at %s may lack what was used latest (its state was %s): requests wait for %.1f s",
                connection.place,
                draft.remade,
                replica.quiet,
            )
        return reply, ahead

    def _arguments(self, draft: Draft, version: bytes, encoded: bytes, reply: Reply) -> list[bytes]:
        names = self._names
        messages = [(names.channel(name), f"{delay:.6f}") for name, delay in reply.wake]
        if draft.remade:
            messages.append((names.prefix, self._member))
        shift = repr(draft.shift).encode()
        fixed = [draft.version, version, b"%d" % FORMAT, self._connection.run.encode(), shift, encoded]
        return [*fixed, b"%d" % (_KEEP * 1000), *(part.encode() for message in messages for part in message)]

    def _hear(self, channel: bytes, text: bytes) -> None:
        names, message = self._names, text.decode()
        if channel == names.time_channel.encode():
            if message != self._member:
                self._put(_Job(lambda: self._check_time(message), _ignore))
        elif channel == names.prefix.encode():
            if message != self._member and self.replica.reading is not None:
                self._wake(0.0)
        elif message == _CHECKED:
            self._checked.set()
        else:
            self._wake(float(message))

    async def _check_time(self, member: str) -> None:
        """Tell a newcomer that the clock is right; if it is not, it is put right first."""
        if not self.replica.on_time(await self._connection.read()):
            await self._change(_touch)
        await self._connection.publish(self._names.channel(member), _CHECKED)

    def _lost(self) -> None:
        """Connect again: this member may be the only one that knows what a lost state held."""
        if self.replica.reading is not None:
            self._wake(0.0)

    def _renew_in(self, delay: float | None) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
            self._renewal = None
        if delay is not None:
            self._renewal = self._loop.call_later(delay, self._wake, 0.0)


_CHECKED = "checked"


def _touch(state: QuotaState, now: float) -> Reply:
    """Change nothing: what is committed is that the clock was put right."""
    return Reply([])


def _ignore(_: object) -> None:
    """Leave what comes of it."""


_sync_loops: "weakref.WeakSet[SyncLoop]" = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    """Let the threads tell what has ended; they do not outlive the program."""
    ending = [stopped for sync_loop in list(_sync_loops) if (stopped := sync_loop.stop())]
    for stopped in ending:
        with contextlib.suppress(Exception):
            stopped.result(2 * _FAREWELL)
