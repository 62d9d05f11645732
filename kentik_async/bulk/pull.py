"""A pull: many pages of the KMI, asked for ahead as the quota allows, handed over as they come."""

import asyncio
import datetime as dt
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from kentik_async._operations import Request
from kentik_async.bulk.frontier import Walk
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.pages import Answer, Page, leads_of
from kentik_async.bulk.results import PullPlan
from kentik_async.bulk.spec import Ask, remaining
from kentik_async.errors import (
    AuthenticationError,
    ClientClosedError,
    ConfigError,
    KentikError,
    PermissionDeniedError,
    TargetError,
    ValidationError,
)

if TYPE_CHECKING:
    from kentik_async.bulk.pull_report import PullReport

__all__ = ["Fetcher", "Progress", "Pull"]

T = TypeVar("T")

_AHEAD = 4
"""Pages asked for beyond those that the quota lets fly: the queue for quota shall not run dry."""

_MARKETS = PageKey("markets")

_FATAL = (AuthenticationError, PermissionDeniedError, ConfigError, ClientClosedError, TargetError)


class Fetcher(Protocol):
    """What a pull needs of the client."""

    async def run(self, request: Request[T]) -> T:
        """Send a request as the quota allows and return its result."""
        ...

    def now(self) -> dt.datetime:
        """Return the instant that an answer is stamped with."""
        ...

    async def estimate(self, n: int) -> float:
        """Return in how many seconds `n` further requests would all be answered."""
        ...

    def concurrency(self) -> int:
        """Return how many requests the quota lets fly at once."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pull is.

    Attributes:
        done: Pages that were answered.
        failed: Pages that were given up.
        calls: Pages in all, as far as they are known.
    """

    done: int
    failed: int
    calls: int

    @property
    def left(self) -> int:
        """Pages still to come, as far as they are known."""
        return self.calls - self.done - self.failed


class Pull:
    """Pages of a pull, as they complete; made by `kentik.kmi.pull_rankings` and its siblings.

        async with kentik.kmi.pull_rankings(markets=["cc$US"]) as pull:
            async for page in pull:
                print(page.key.market_id, len(page.result))

    Calls are started a few ahead of what the quota lets fly and of what was taken, so a consumer that is
    slow holds a few pages, not memory. A call that failed is made again at the end, and then reported with
    its error; an authentication or configuration error ends the pull at once.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        ask: Ask,
        *,
        landed: Mapping[PageKey, Sequence[Any]] | None = None,
        keep: Callable[[Answer], None] | None = None,
        flush: Callable[[], Awaitable[None]] | None = None,
        read: Callable[[PageKey, bytes], Any] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        shard: tuple[int, int] | None = None,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            fetcher: Runs requests.
            ask: What the pull is about.
            landed: Pages that are there already and need no asking, each with what it leads to: the list
                of markets to their ids, a ranking to its networks.
            keep: Called with each answer the moment it came, before the next request goes out.
            flush: Awaited before the page of an answer that was kept is handed over.
            read: What makes the pages' results of answers; models of the rows if omitted.
            on_progress: Called after each page.
            shard: (i, n): only the i-th, from 0, of n equal parts of the pages.
        """
        self.ask = ask
        self.on_progress = on_progress
        self.part = shard
        self.fetcher = fetcher
        self._landed = landed or {}
        self._keep = keep
        self._flush = flush
        self._read = read
        self._markets: Page | None = None
        self._walk: Walk | None = None
        self._tasks: set[asyncio.Task[Page]] = set()

    async def plan(self) -> PullPlan:
        """Return what the pull will cost; if it is about all markets, their list is fetched for it, once.

        Raises:
            KentikError: The list of markets could not be fetched.
        """
        landed = dict(self._landed)
        if self.ask.needs_markets and _MARKETS not in landed:
            landed[_MARKETS] = await self.list_markets()
        rest = remaining(self.ask, landed, self.part)
        return PullPlan(rest.calls, rest.exact, await self.fetcher.estimate(rest.calls))

    def shard(self, i: int, n: int) -> "Pull":
        """Return a pull of one of `n` equal parts of the pages; together they are all of them, once each.

        The parts depend on what is asked alone, so that hosts need not speak to each other. In a cascade
        the rankings that lead to details are fetched by every part.

        Args:
            i: Which part, from 0.
            n: How many parts, from 1.

        Raises:
            ValidationError: They are no such numbers.
        """
        if not (isinstance(i, int) and isinstance(n, int) and 0 <= i < n):
            raise ValidationError(f"shard is {i!r} of {n!r}: give 0 <= i < n")
        return Pull(self.fetcher, self.ask, landed=self._landed, on_progress=self.on_progress, shard=(i, n))

    @property
    def first(self) -> PageKey | None:
        """The first page asked for, the list of markets aside; None before anything was."""
        return None if self._walk is None else self._walk.first

    async def save(
        self,
        target: str | os.PathLike[str],
        store: str = "parquet",
        *,
        date: dt.date | None = None,
        refresh: bool = False,
        allow_multi_day: bool = False,
    ) -> "PullReport":
        """Pull everything into a folder of tables; killed at any instant, the same call goes on from there.

        More than 12 hours are warned of in the log.

        Args:
            target: The folder, made if it is not there; or a URL such as "s3://bucket/kmi", whose journal
                is kept on this machine: there alone an interrupted pull can be gone on with.
            store: "parquet", "sqlite", "ndjson" or "csv".
            date: The date that the rows bear; today's, by UTC, if omitted.
            refresh: Whether to pull again what a finished run of the date holds.
            allow_multi_day: Whether it may take more than 24 hours.

        Returns:
            What it came to: calls, pages, rows, failures.

        Raises:
            TargetLockedError: Another run holds the target.
            TargetError: The target cannot be written, or holds tables of another version.
            ValidationError: There is no such store, or it would take more than 24 hours.
            ConfigError: What the URL, or the store, needs is not installed.
            KentikError: No further page would fare better; what has landed stays.
        """
        from kentik_async.bulk.saving import save  # imports this module, and is needed by saving alone

        return await save(
            self.fetcher,
            self.ask,
            target,
            store=store,
            date=date,
            refresh=refresh,
            allow_multi_day=allow_multi_day,
            on_progress=self.on_progress,
            shard=self.part,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def __aiter__(self) -> AsyncIterator[Page]:
        """Yield the pages as they complete, those given up last.

        Raises:
            AuthenticationError: The credentials are not accepted; likewise PermissionDeniedError and
                ConfigError: no further page would fare better.
        """
        walk = self._walk = Walk(self.ask, self._landed, self.part)
        most = _AHEAD + self.fetcher.concurrency()
        try:
            while True:
                while len(self._tasks) < most and (step := walk.next(in_flight=len(self._tasks))):
                    self._tasks.add(asyncio.create_task(self._fetch(*step)))
                if not self._tasks:
                    return
                ended, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    self._tasks.discard(task)
                    page = task.result()
                    if isinstance(page.error, _FATAL):
                        raise page.error
                    if walk.settle(page):
                        self._tell(walk)
                        if page.key.kind != "markets" or self.ask.list_markets:
                            yield page
        finally:
            await self._stop()

    def _tell(self, walk: Walk) -> None:
        if self.on_progress is not None:
            calls = walk.done + walk.failed + walk.waiting + len(self._tasks)
            self.on_progress(Progress(walk.done, walk.failed, calls))

    async def list_markets(self) -> list[str]:
        """Return the ids of the markets that the pull is about if it is about all; asked for once.

        Raises:
            KentikError: They could not be fetched.
        """
        if self._markets is None:
            page = await self._fetch(_MARKETS, 1)
            if page.error is not None:
                raise page.error
            self._markets = page
        return leads_of(self._markets)

    async def _fetch(self, key: PageKey, attempt: int) -> Page:
        if key.kind == "markets" and self._markets is not None:
            return self._markets

        request = key.request(self.fetcher.now)
        if self._read is not None:
            request = replace(request, decode=partial(self._read, key))

        def take(raw: bytes) -> None:
            if self._keep is not None:
                self._keep(Answer(key, self.fetcher.now(), attempt, raw))

        try:
            result = await self.fetcher.run(request.with_arrival(take))
            if self._flush is not None:
                await self._flush()
        except KentikError as error:
            return Page(key, self.fetcher.now(), attempt, error=error)
        return Page(key, self.fetcher.now(), attempt, result)

    async def _stop(self) -> None:
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
