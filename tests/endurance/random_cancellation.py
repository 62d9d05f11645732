"""Callers that abandon a call at a random time, in each way of asyncio and anyio.

Each way checks that the caller gets exactly what it requested: its own cancellation, its own
timeout, or the call's proper end if that came first.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeAlias

import anyio

from kentik_async import ClientClosedError, KentikClient, KentikError
from kentik_async._generated.kmi.v202212 import KmiServiceStub, ListMarketsRequest

__all__ = ["CALLS", "Call", "Leavers", "at_rest"]

Call: TypeAlias = Callable[[KentikClient], Coroutine[Any, Any, Any]]


async def _stub(kentik: KentikClient) -> Any:
    return await kentik.stub(KmiServiceStub).ListMarkets(ListMarketsRequest())


CALLS: dict[str, Call] = {
    "grpc": lambda kentik: kentik.kmi.list_markets(),
    "grpc, large": lambda kentik: kentik.kmi.get_rankings("planet$earth", limit=600),
    "grpc, groups": lambda kentik: kentik.as_groups.list(),
    "rest": lambda kentik: kentik.sites.list(),
    "rest, raw": lambda kentik: kentik.rest.request("GET", "/sites"),
    "stub": _stub,
}

_STEPS = 40
"""Steps of the event loop, about as many as a call without a wait takes."""

_PATIENCE = 0.02
"""Seconds, about as long as a call that waits for others takes."""


class _EnoughError(Exception):
    """The error of a sibling task."""


class Leavers:
    """Makes calls and abandons them.

    Attributes:
        ended: The number of calls by their end.
    """

    def __init__(self, kentik: KentikClient, chance: random.Random) -> None:
        """Store the client and the random number generator."""
        self.ended: Counter[str] = Counter()
        self._kentik = kentik
        self._chance = chance
        self._ways: tuple[Callable[[Coroutine[Any, Any, Any]], Awaitable[str]], ...] = (
            self._patient,
            self._patient,
            self._cancelled_task,
            self._cancelled_twice,
            self._asyncio_timeout,
            self._wait_for,
            self._anyio_scope,
            self._anyio_fail_after,
            self._anyio_scope_in_scope,
            self._task_group,
            self._anyio_task_group,
            self._dropped_coroutine,
        )

    async def leave(self, calls: int) -> None:
        """Make concurrent calls, and abandon each in a different way."""
        async with asyncio.TaskGroup() as group:
            for _ in range(calls):
                group.create_task(self._one())

    async def _one(self) -> None:
        call, way = self._chance.choice(list(CALLS.values())), self._chance.choice(self._ways)
        task = asyncio.current_task()
        assert task is not None
        try:
            end = await way(call(self._kentik))
        except ClientClosedError:
            end = "closed"
        except KentikError as error:
            end = type(error).__name__
        assert task.cancelling() == 0, f"{way.__name__} left a cancellation behind"
        self.ended[end] += 1

    async def _moment(self) -> None:
        """Wait: some steps of the loop, or some milliseconds."""
        if self._chance.random() < 0.5:
            for _ in range(self._chance.randrange(_STEPS)):
                await asyncio.sleep(0)
        else:
            await asyncio.sleep(self._patience())

    def _patience(self) -> float:
        return self._chance.random() * _PATIENCE

    async def _patient(self, call: Coroutine[Any, Any, Any]) -> str:
        await call
        return "done"

    async def _cancelled_task(self, call: Coroutine[Any, Any, Any]) -> str:
        task = asyncio.create_task(call)
        await self._moment()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return "cancelled"
        return "done"

    async def _cancelled_twice(self, call: Coroutine[Any, Any, Any]) -> str:
        task = asyncio.create_task(call)
        await self._moment()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        if task.cancelled():
            return "cancelled"
        task.result()
        return "done"

    async def _asyncio_timeout(self, call: Coroutine[Any, Any, Any]) -> str:
        try:
            async with asyncio.timeout(self._patience()) as scope:
                await call
        except TimeoutError:
            assert scope.expired()
            return "timed out"
        return "done"

    async def _wait_for(self, call: Coroutine[Any, Any, Any]) -> str:
        try:
            await asyncio.wait_for(call, self._patience())
        except TimeoutError:
            return "timed out"
        return "done"

    async def _anyio_scope(self, call: Coroutine[Any, Any, Any]) -> str:
        with anyio.move_on_after(self._patience()) as scope:
            await call
        return "cancelled" if scope.cancelled_caught else "done"

    async def _anyio_fail_after(self, call: Coroutine[Any, Any, Any]) -> str:
        try:
            with anyio.fail_after(self._patience()):
                await call
        except TimeoutError:
            return "timed out"
        return "done"

    async def _anyio_scope_in_scope(self, call: Coroutine[Any, Any, Any]) -> str:
        with anyio.move_on_after(self._patience()) as outer:
            with anyio.move_on_after(self._patience()) as inner:
                await call
        assert not (outer.cancelled_caught and inner.cancelled_caught)
        return "cancelled" if outer.cancelled_caught or inner.cancelled_caught else "done"

    async def _task_group(self, call: Coroutine[Any, Any, Any]) -> str:
        async def fail() -> None:
            await self._moment()
            raise _EnoughError

        async def gather() -> str:
            try:
                async with asyncio.TaskGroup() as group:
                    task = group.create_task(call)
                    group.create_task(fail())
            except* _EnoughError:
                pass
            except* KentikError as errors:
                raise errors.exceptions[0] from None
            return "cancelled" if task.cancelled() else "done"

        # In a separate task: before Python 3.13 a group does not reset its owner's count of cancellations.
        return await asyncio.create_task(gather())

    async def _anyio_task_group(self, call: Coroutine[Any, Any, Any]) -> str:
        done = False

        async def run() -> None:
            nonlocal done
            await call
            done = True

        try:
            async with anyio.create_task_group() as group:
                group.start_soon(run)
                await self._moment()
                group.cancel_scope.cancel()
        except* KentikError as errors:
            raise errors.exceptions[0] from None
        return "done" if done else "cancelled"

    async def _dropped_coroutine(self, call: Coroutine[Any, Any, Any]) -> str:
        """A task whose coroutine is closed, as the garbage collector does without a reference to it."""
        for _ in range(self._chance.randrange(_STEPS)):
            try:
                waited_for = call.send(None)
            except StopIteration:
                return "done"
            if waited_for is None:
                await asyncio.sleep(0)
                continue
            waited_for._asyncio_future_blocking = False
            await asyncio.wait([waited_for], timeout=self._patience())
            if not waited_for.done():
                break
        call.close()
        return "dropped"


async def at_rest(kentik: KentikClient, within: float = 5.0) -> None:
    """Wait until every slot is free and no call waits.

    Raises:
        TimeoutError: A slot or a place in the queue was lost.
    """
    async with asyncio.timeout(within):
        while True:
            snapshot = await kentik.quota.snapshot()
            if not (snapshot.in_flight or snapshot.waiting):
                return
            await asyncio.sleep(0.002)
