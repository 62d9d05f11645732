"""Who carries a process's business to Redis and brings back what it may do: one task a quota class.

It takes one step at a time; what comes up meanwhile goes into the next. It goes when there is business, when
its turn comes, and every three tenths of a lease while something is held or waits, to renew it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

import msgspec

from kentik_async.errors import ConnectError, KentikError
from kentik_async.quota.redis_account import Account
from kentik_async.quota.redis_address import RedisAddress, RedisNames
from kentik_async.quota.redis_link import LinkLostError, RedisLink
from kentik_async.quota.redis_script import Limits, Look, Message, Reply

__all__ = ["Counter", "OnOutage", "RedisCourier", "Sight"]

OnOutage: TypeAlias = Literal["wait", "raise"]
Sight: TypeAlias = tuple[Look, bytes]

_RENEWAL = 0.3  # of a lease
_PATIENCE = 0.5  # of a lease: how long an answer may take
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0
_FAREWELL = 1.0  # how long leaving may take, in seconds

_log = logging.getLogger("kentik_async")


class Counter(Protocol):
    """Where calls wait and grants are handed out."""

    def waiting(self) -> int:
        """Return how many calls wait."""
        ...

    def hand_out(self, grants: list[int]) -> None:
        """Give grants to those whose turn it is."""
        ...

    def turn_away(self, error: KentikError) -> None:
        """End the waiting of all that wait."""
        ...


class RedisCourier:
    """The traffic of one process with one class's ledger, in one event loop."""

    def __init__(
        self,
        counter: Counter,
        account: Account,
        limits: Limits,
        address: RedisAddress,
        names: RedisNames,
        instant: Callable[[], float],
        on_outage: OnOutage,
    ) -> None:
        """Start in the running loop, without a connection.

        Args:
            counter: Whom to serve.
            account: What the process holds.
            limits: What the script is given.
            address: Where Redis is.
            names: Where the ledger stands there.
            instant: The clock by which a lease ends.
            on_outage: What to do when Redis is lost on the way.
        """
        lease = limits.lease / 1_000_000
        self._counter = counter
        self._account = account
        self._slots = limits.slots
        self._limits = msgspec.msgpack.encode(limits)
        self._instant = instant
        self._on_outage = on_outage
        self._renewal = lease * _RENEWAL
        channels = names.channels(account.process)
        self._link = RedisLink(address, names.keys, channels, self._hear, self._lost, lease * _PATIENCE)
        self._loop = asyncio.get_running_loop()
        self._due = asyncio.Event()
        self._leaving = asyncio.Event()
        self._sights: list[asyncio.Future[Sight]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._met = False
        self._pause = 0.0
        self._warned_of = ""
        self._warned = False
        self._missed = False
        self._task = asyncio.create_task(self._run(), name="kentik_async redis courier")

    def kick(self) -> None:
        """Let it go as soon as it can."""
        if not self._loop.is_closed():
            self._due.set()

    def tell_if_needed(self) -> None:
        """Let it go if the ledger knows of too few waiting calls, or of calls that wait no more."""
        waiting, told = self._counter.waiting(), self._account.told
        enough = max(self._slots - len(self._account), 1) if self._slots else waiting
        if told < min(waiting, enough) or told > waiting:
            self._due.set()

    def sight(self) -> "asyncio.Future[Sight]":
        """Return what will be the ledger's state once all business up to now is done."""
        future: asyncio.Future[Sight] = self._loop.create_future()
        self._sights.append(future)
        self._due.set()
        return future

    async def aclose(self) -> None:
        """Report what there is to report, let go of what is held, and close the connections."""
        self._leaving.set()
        self._due.set()
        await asyncio.wait([self._task], timeout=2 * _FAREWELL)
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while not self._leaving.is_set():
                await self._due.wait()
                self._due.clear()
                if not self._leaving.is_set():
                    await self._go()
        finally:
            # Also when the loop ends without aclose: asyncio.run cancels its tasks, and waits for them.
            await self._part()

    async def _go(self) -> None:
        stale = self._link.up
        try:
            try:
                await self._do_business()
            except LinkLostError:
                if not stale:
                    raise
                await self._do_business()  # a connection that lay idle may have been cut: a new one tells
        except LinkLostError as error:
            await self._bear(error)
        except KentikError as error:
            self._despair(error)
        except Exception as error:  # noqa: BLE001 (whatever it is, nobody may wait for ever because of it)
            _log.exception("the quota in Redis at %s cannot be used", self._link.place)
            self._despair(KentikError(f"the quota in Redis at {self._link.place} cannot be used: {error!r}"))

    async def _do_business(self) -> None:
        await self._link.open()
        self._met = True
        sights = [future for future in self._sights if not future.done()]
        if self._business():
            await self._step()
        if any(not future.done() for future in sights):
            sight = await self._look()
            for future in sights:
                if not future.done():
                    future.set_result(sight)
        self._sights = [future for future in self._sights if not future.done()]
        self._pause = 0.0

    def _business(self) -> bool:
        account = self._account
        if len(account) or account.entered or account.owes() or self._counter.waiting():
            return True
        # Whoever was out of hearing may be the only one who can tell that the ledger was lost meanwhile.
        return self._missed and account.remembers(self._instant())

    async def _step(self) -> None:
        reply, asked = await self._ask()
        if reply.lost:
            _log.warning("the ledger in Redis at %s was lost: putting back what is known", self._link.place)
            reply, asked = await self._ask(back=True)
        self._arm(reply, asked)
        self._missed = False
        if reply.gate and not reply.calling and reply.generation != self._warned_of:
            self._warned_of = reply.generation
            _log.warning(
                "Redis at %s holds no certain record of the last minute: requests wait for %.1f s",
                self._link.place,
                reply.gate / 1_000_000,
            )
        if reply.differs and not self._warned:
            self._warned = True
            _log.warning(
                "another process has other limits for this customer in Redis at %s: give all the same",
                self._link.place,
            )

    async def _ask(self, *, back: bool = False, leave: bool = False) -> tuple[Reply, float]:
        account, link = self._account, self._link
        asked = self._instant()
        step = account.step(self._counter.waiting(), asked, link.run, link.started, back=back)
        step.leave = leave
        reply = await link.step(self._limits, msgspec.msgpack.encode(step))
        if not reply.lost and not leave:
            self._counter.hand_out(account.enter(step, reply, asked, self._instant()))
            self.tell_if_needed()
        return reply, asked

    async def _look(self) -> Sight:
        link = self._link
        step = self._account.step(0, self._instant(), link.run, link.started)
        step.look = True
        return await link.look(self._limits, msgspec.msgpack.encode(step))

    async def _bear(self, error: LinkLostError) -> None:
        """Get over an outage: turn those away who would not wait, and come again."""
        fails = not self._met or self._on_outage == "raise"
        if fails:
            self._turn_away(ConnectError(f"Redis at {self._link.place} cannot be reached: {error}"))
        elif not self._pause:
            _log.warning("Redis at %s is lost (%s): requests wait for it", self._link.place, error)
        if not (self._business() or self._sights):
            return
        self._pause = min(max(2 * self._pause, _FIRST_PAUSE), _LONGEST_PAUSE)
        if fails:
            self._ring_in(self._pause)  # who asks meanwhile is not kept waiting for his error
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._pause):
                await self._leaving.wait()
        self._due.set()

    def _despair(self, error: KentikError) -> None:
        """Turn all away over what waiting does not mend; what is held is still to be reported."""
        self._turn_away(error)
        if self._business():
            self._ring_in(_LONGEST_PAUSE)

    def _turn_away(self, error: KentikError) -> None:
        self._counter.turn_away(error)
        sights, self._sights = self._sights, []
        for future in sights:
            if not future.done():
                future.set_exception(error)

    async def _part(self) -> None:
        self._disarm()
        for future in self._sights:
            future.cancel()
        account = self._account
        account.end_all()
        if account.owes() or account.entered:
            with contextlib.suppress(Exception):  # nobody is left whom it would concern: the lease will end
                async with asyncio.timeout(_FAREWELL):
                    await self._link.open()
                    await self._ask(leave=True)
        await self._link.aclose()

    def _hear(self, message: Message) -> None:
        account = self._account
        if message.kind == "grant":
            if account.hear(message):
                self._counter.hand_out([message.id])
                self.tell_if_needed()
            elif account.stale(message):
                self._due.set()
        elif message.kind == "turn":
            self._ring_in(message.wait / 1_000_000)
        elif message.kind == "roll":
            account.called(message.generation)
            if account.roll:
                self._due.set()

    def _lost(self) -> None:
        self._missed = True
        if self._business():
            self._due.set()

    def _arm(self, reply: Reply, asked: float) -> None:
        """Set the timer for the next step that nobody else asks for."""
        self._disarm()
        if reply.entered:
            self._ring_in(max(self._renewal - (self._instant() - asked), 0.0))
        if reply.again >= 0:
            self._ring_in(reply.again / 1_000_000)

    def _ring_in(self, delay: float) -> None:
        when = self._loop.time() + delay
        if self._timer is not None:
            if self._timer.when() <= when:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._due.set()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
