"""Tasks that use one client like careless programs: they wait, time out, cancel and call again."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeAlias

import anyio

from kentik_async import KentikClient, KentikError, priority

__all__ = ["TIMEOUT", "Load"]

TIMEOUT = 0.5
"""Maximum seconds of one attempt; the longest scripted delay exceeds it."""

Call: TypeAlias = Callable[[KentikClient], Awaitable[Any]]

_number = itertools.count()
"""Each name is used only once, so that objects left on the server by a cancellation cause no conflict."""


async def _details(kentik: KentikClient) -> None:
    rankings = await kentik.kmi.get_rankings("cc$US", limit=20)
    await kentik.kmi.get_asn_details("cc$US", rankings[-1].asn)


async def _group(kentik: KentikClient) -> None:
    group = await kentik.as_groups.create(f"soak {next(_number)}", [64512, 64513])
    await kentik.as_groups.update(group.id, group.name, [64514])
    await kentik.as_groups.delete(group.id)


async def _site(kentik: KentikClient) -> None:
    site = await kentik.sites.create(f"soak {next(_number)}", 52.5, 13.4)
    await kentik.sites.update(site.id, lat=48.1)
    await kentik.sites.delete(site.id)


_CALLS: tuple[Call, ...] = (
    lambda kentik: kentik.kmi.list_markets(),
    lambda kentik: kentik.kmi.get_rankings("planet$earth", limit=600),
    lambda kentik: kentik.kmi.get_rankings("cc$US", rank_type="customer_base_retail", ip="v6", limit=20),
    lambda kentik: kentik.kmi.get_global_insights(limit=50),
    lambda kentik: kentik.as_groups.list(),
    lambda kentik: kentik.sites.list(),
    lambda kentik: kentik.plans.list(),
    lambda kentik: kentik.rest.request("GET", "/sites"),
    _details,
    _group,
    _site,
)


class Load:
    """The tasks, and the count of how their calls ended.

    Attributes:
        ended: The number of calls by their end, the name of the error.
        wrong: Errors that no call may end with.
    """

    def __init__(self, kentik: KentikClient, *, tasks: int, seed: int) -> None:
        """Prepare.

        Args:
            kentik: The client of all tasks.
            tasks: The number of tasks.
            seed: The seed of the random numbers.
        """
        self.ended: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._kentik = kentik
        self._tasks = tasks
        self._chance = random.Random(seed)

    @property
    def calls(self) -> int:
        """The number of calls that have ended."""
        return self.ended.total()

    async def run(self, seconds: float) -> None:
        """Run all tasks for a duration, and wait for the last answer."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        async with asyncio.TaskGroup() as group:
            for _ in range(self._tasks):
                group.create_task(self._keep_calling(until))

    async def _keep_calling(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            call, leave = self._chance.choice(_CALLS), self._chance.choice(_LEAVES)
            level = self._chance.choice(("high", "normal", "normal", "low"))
            patience = self._chance.expovariate(4)
            try:
                with priority(level):
                    await leave(lambda call=call: call(self._kentik.with_options(timeout=TIMEOUT)), patience)
            except KentikError as error:
                self.ended[type(error).__name__] += 1
            except TimeoutError:
                self.ended["its own timeout"] += 1
            except Exception as error:  # noqa: BLE001 (any other error is a finding)
                self.wrong.append(f"{error!r}")
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                self.wrong.append("an unexpected CancelledError")
            else:
                self.ended["done"] += 1


Leave: TypeAlias = Callable[[Callable[[], Awaitable[Any]], float], Awaitable[None]]


async def _patient(call: Callable[[], Awaitable[Any]], _: float) -> None:
    await call()


async def _in_time(call: Callable[[], Awaitable[Any]], patience: float) -> None:
    async with asyncio.timeout(patience):
        await call()


async def _in_scope(call: Callable[[], Awaitable[Any]], patience: float) -> None:
    with anyio.fail_after(patience):
        await call()


async def _cancelled(call: Callable[[], Awaitable[Any]], patience: float) -> None:
    task = asyncio.ensure_future(call())
    await asyncio.wait([task], timeout=patience)
    task.cancel()
    await asyncio.wait([task])
    with suppress(asyncio.CancelledError):
        task.result()


_LEAVES: tuple[Leave, ...] = (_patient, _patient, _patient, _in_time, _in_scope, _cancelled)
