"""The traffic of one member with Redis: changes are committed, leases renewed, outages waited out."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Literal, TypeAlias

from kentik_async.errors import ClientClosedError, ConnectError, KentikError
from kentik_async.quota.protocols import Change, Wake
from kentik_async.quota.redis.connection import ConnectionLostError, RedisConnection
from kentik_async.quota.redis.job_thread import JobThread
from kentik_async.quota.redis.replica import Draft, Replica
from kentik_async.quota.redis.url import RedisAddress, RedisNames
from kentik_async.quota.state.encoding import encode
from kentik_async.quota.state.messages import StoreReply
from kentik_async.quota.state.quota_state import FORMAT, QuotaState

__all__ = ["OnOutage", "SyncLoop"]

OnOutage: TypeAlias = Literal["wait", "raise"]

_RENEWAL = 0.3  # of a lease: after so long it is renewed
_PATIENCE = 0.5  # of a lease: how long an answer may take
_CHECK = 0.1  # of a lease: how long those who know the time may take to say so
_SHORTEST_CHECK = 0.5
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0
_KEEP = 30 * 24 * 3600  # seconds for which an idle state is kept; its next user would have to wait

_CHECKED = "checked"

_log = logging.getLogger("kentik_async")


class SyncLoop:
    """One member's exchange with the state in Redis, in a thread of its own.

    Attributes:
        thread: The thread.
    """

    def __init__(
        self,
        replica: Replica,
        address: RedisAddress,
        names: RedisNames,
        instant: Callable[[], float],
        on_outage: OnOutage,
        wake: Wake,
    ) -> None:
        """Start without a connection.

        Args:
            replica: What the member knows of the state.
            address: Where Redis is.
            names: Under what names the state stands there.
            instant: The clock.
            on_outage: What to do when Redis is lost on the way.
            wake: Have the limiter report.
        """
        self._replica = replica
        self._names = names
        self._instant = instant
        self._on_outage = on_outage
        self._wake = wake
        self._connection = RedisConnection(
            address, names.key, instant, self._hear, self._lost, replica.lease * _PATIENCE
        )
        self._met = False
        self._leap = False
        self._checked = asyncio.Event()
        self._renewal: asyncio.TimerHandle | None = None
        self.thread = JobThread(self)

    def commit(self, change: Change, later: Callable[[StoreReply | KentikError], None]) -> None:
        """Make a change and commit it, and tell what it led to."""
        self.thread.put(partial(self._carry_out, partial(self._commit, change), later))

    async def aclose(self) -> None:
        """Close the connections."""
        self._renew_in(None)
        await self._connection.aclose()

    async def _carry_out(self, work: Callable[[], Awaitable[Any]], later: Callable[[Any], None]) -> None:
        """Tell what comes of some work, or why nothing does."""
        outcome: Any = ClientClosedError("the limiter was closed")
        try:
            if not self.thread.over:
                outcome = await self._try(work)
        finally:
            later(outcome)

    async def _try(self, work: Callable[[], Awaitable[Any]]) -> Any:
        connection, pause = self._connection, 0.0
        failure: KentikError
        while True:
            stale = connection.up
            try:
                await self._meet()
                return await work()
            except ConnectionLostError as error:
                if stale:
                    continue  # a connection that lay idle may have been cut: a new one tells
                if not self._met or self._on_outage == "raise":
                    failure = ConnectError(f"Redis at {connection.place} cannot be reached: {error}")
                    break
                if not pause:
                    _log.warning("Redis at %s is lost (%s): requests wait for it", connection.place, error)
            except KentikError as error:
                failure = error
                break
            except Exception as error:  # noqa: BLE001 (whatever it is, nobody may wait for ever because of it)
                _log.exception("the quota in Redis at %s cannot be used", connection.place)
                failure = KentikError(f"the quota in Redis at {connection.place} cannot be used: {error!r}")
                break
            pause = min(max(2 * pause, _FIRST_PAUSE), _LONGEST_PAUSE)
            await asyncio.sleep(pause)
        if self._replica.reading is not None:
            self._renew_in(_LONGEST_PAUSE)  # what is held, or known, is still to be told
        return failure

    async def _meet(self) -> None:
        """Connect; and if this member does not know the time, ask those who do whether the clock was set."""
        connection, names, known = self._connection, self._names, self._replica.reading is not None
        if connection.up:
            return
        channels = [names.prefix, names.channel(self._replica.member)]
        await connection.open(*channels, *([names.time_channel] if known else []))
        self._met = True
        if known:
            return
        self._checked.clear()
        if await connection.publish(names.time_channel, self._replica.member):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(self._replica.lease * _CHECK, _SHORTEST_CHECK)):
                    await self._checked.wait()
            self._leap = not self._checked.is_set()

    async def _read(self) -> Draft:
        connection = self._connection
        return self._replica.read(await connection.read(), connection.run, leap=self._leap)

    async def _commit(self, change: Change) -> StoreReply:
        draft = self._replica.fresh(self._instant(), self._connection.run)
        reply, ahead = await self._change(change, draft or await self._read())
        self._renew_in(self._replica.lease * _RENEWAL if reply.present else None)
        if ahead and reply.grants:
            await asyncio.sleep(ahead)
        return reply

    async def _change(self, change: Change, draft: Draft) -> tuple[StoreReply, float]:
        """Make and commit a change; return the reply, and for how long its grants must be held back."""
        connection, replica, tries = self._connection, self._replica, 0
        known = replica.reading is not None
        while True:
            reply = change(draft.state, draft.now)
            version, encoded = replica.next_version(), encode(draft.state)
            stored = await connection.commit(*self._arguments(draft, version, encoded, reply))
            if not stored.held:
                break
            # Another was faster, and the answer is what that has made.
            draft = replica.read(stored, connection.run, leap=self._leap)
            tries += 1
            if tries > 2 and draft.state.turns.told != replica.member:
                await asyncio.sleep(random.random() * min(0.001 * 2**tries, 0.05))
                draft = await self._read()
        ahead = replica.committed(draft, version, encoded, connection.run, stored)
        self._leap = False
        if not known:
            await connection.subscribe(self._names.time_channel)
        if draft.remade:
            _log.warning(
                "Redis at %s %s, so it may lack what was used latest: requests wait for %.1f s",
                connection.place,
                draft.remade,
                replica.quiet,
            )
        return reply, ahead

    def _arguments(self, draft: Draft, version: bytes, encoded: bytes, reply: StoreReply) -> list[bytes]:
        names, run, shift = self._names, self._connection.run.encode(), repr(draft.shift).encode()
        told = [(names.channel(name), f"{delay:.6f}") for name, delay in reply.wake]
        if draft.remade:
            told.append((names.prefix, self._replica.member))
        new = [version, b"%d" % FORMAT, run, shift, encoded, b"%d" % (_KEEP * 1000)]
        return [draft.version, *new, *(part.encode() for message in told for part in message)]

    def _hear(self, channel: bytes, text: bytes) -> None:
        names, message = self._names, text.decode()
        if channel == names.channel(self._replica.member).encode():
            if message == _CHECKED:
                self._checked.set()
            else:
                self._wake(float(message))
        elif message == self._replica.member or self._replica.reading is None:
            return
        elif channel == names.time_channel.encode():
            self.thread.put(partial(self._carry_out, partial(self._check_time, message), _ignore))
        else:
            self._wake(0.0)

    async def _check_time(self, member: str) -> None:
        """Tell a newcomer that the clock is right; if it is not, put it right first."""
        stored = await self._connection.read()
        if not self._replica.on_time(stored):
            await self._change(_touch, self._replica.read(stored, self._connection.run))
        await self._connection.publish(self._names.channel(member), _CHECKED)

    def _lost(self) -> None:
        """Connect again: this member may be the only one that knows what a lost state held."""
        if self._replica.reading is not None:
            self._wake(0.0)

    def _renew_in(self, delay: float | None) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
            self._renewal = None
        if delay is not None:
            self._renewal = asyncio.get_running_loop().call_later(delay, self._wake, 0.0)


def _touch(state: QuotaState, now: float) -> StoreReply:
    """Change nothing: what is committed is that the clock was put right."""
    return StoreReply([])


def _ignore(_: object) -> None:
    """Leave what comes of it."""
