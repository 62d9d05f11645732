"""A pull: many pages of the KMI, asked for ahead as the quota allows, handed over as they come."""

import asyncio
import datetime as dt
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from kentik_async._operations import Request
from kentik_async.bulk.asks import Ask, remaining
from kentik_async.bulk.keys import PageKey
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
    from kentik_async.bulk.landing import PullReport
    from kentik_async.models import Market, Records

__all__ = ["Answer", "Fetcher", "Page", "Progress", "Pull", "PullPlan", "leads_of", "page_of"]

T = TypeVar("T")

_AHEAD = 4
"""Pages asked for beyond those that the quota lets fly: the queue for quota shall not run dry."""

_MARKETS = PageKey("markets")

_SECOND_CHANCES = 1
"""How often a page that failed is asked for again, after all others."""

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
class PullPlan:
    """What a pull will cost.

    Attributes:
        calls: How many requests it takes.
        exact: Whether that is known; else it is the most that it can be.
        seconds: How long that takes from now, by the quota's present state and the latency measured.
    """

    calls: int
    exact: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """One call's answer as it came.

    Attributes:
        key: What was asked.
        fetched_at: When the answer came.
        attempts: How often the pull asked for it.
        raw: The answer's bytes.
    """

    key: PageKey
    fetched_at: dt.datetime
    attempts: int
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """One call's end.

    Attributes:
        key: What was asked.
        fetched_at: When the answer, or the error, came.
        attempts: How often the pull asked for it.
        result: The answer: `Records[Market]`, `Rankings` or `ASNDetails`; None with an error.
        error: Why there is no answer, or None.
    """

    key: PageKey
    fetched_at: dt.datetime
    attempts: int
    result: Any = field(default=None, repr=False)
    error: KentikError | None = None


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
            on_progress: Called after each page.
            shard: (i, n): only the i-th, from 0, of n equal parts of the pages.
        """
        self.ask = ask
        self.on_progress = on_progress
        self.part = shard
        self.fetcher = fetcher
        self._landed = landed or {}
        self._keep = keep
        self._markets: Page | None = None
        self._book = _Book()
        self._tasks: set[asyncio.Task[Page]] = set()

    async def plan(self) -> PullPlan:
        """Return what the pull will cost; if it is about all markets, their list is fetched for it, once.

        Raises:
            KentikError: The list of markets could not be fetched.
        """
        landed = dict(self._landed)
        if self.ask.needs_markets and _MARKETS not in landed:
            landed[_MARKETS] = [market.market_id for market in await self.list_markets()]
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
        return self._book.first

    async def save(
        self,
        target: str | os.PathLike[str],
        store: str = "parquet",
        *,
        date: dt.date | None = None,
        refresh: bool = False,
    ) -> "PullReport":
        """Pull everything into a folder of tables; killed at any instant, the same call goes on from there.

        Args:
            target: The folder; made if it is not there.
            store: "parquet", "sqlite", "ndjson" or "csv".
            date: The date that the rows bear; today's, by UTC, if omitted.
            refresh: Whether to pull again what a finished run of the date holds.

        Returns:
            What it came to: calls, pages, rows, failures.

        Raises:
            TargetLockedError: Another run holds the target.
            TargetError: The target cannot be written, or holds tables of another version.
            ValidationError: There is no such store.
            KentikError: No further page would fare better; what has landed stays.
        """
        from kentik_async.bulk.landing import save  # imports this module, and is needed by saving alone

        return await save(
            self.fetcher,
            self.ask,
            Path(target),
            store=store,
            date=date,
            refresh=refresh,
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
        book = self._book = _Book()
        self._note(self.ask.opening())
        most = _AHEAD + self.fetcher.concurrency()
        try:
            while book.pending or self._tasks or book.again:
                if not book.pending and not self._tasks:
                    book.pending.extend(book.again)
                    book.again.clear()
                while book.pending and len(self._tasks) < most:
                    self._tasks.add(asyncio.create_task(self._fetch(book.pending.popleft())))
                ended, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    self._tasks.discard(task)
                    page = task.result()
                    if self._settled(page):
                        yield page
        finally:
            await self._stop()

    def _settled(self, page: Page) -> bool:
        """Enter a page's end; return whether it is to be handed over."""
        if isinstance(page.error, _FATAL):
            raise page.error
        book = self._book
        if page.error is not None and page.attempts <= _SECOND_CHANCES:
            book.again.append(page.key)
            return False
        if page.error is not None:
            book.failed += 1
        else:
            book.done += 1
            self._note(self.ask.following(page.key, leads_of(page)))
        self._tell()
        return page.key.kind != "markets" or self.ask.list_markets

    def _note(self, keys: Iterable[PageKey]) -> None:
        """Enter pages to ask for; of those that have landed, enter what they lead to."""
        for key in keys:
            if key in self._book.seen or not self.ask.wanted(key, self.part):
                continue
            self._book.seen.add(key)
            if self._book.first is None and key.kind != "markets":
                self._book.first = key
            if key in self._landed:
                self._note(self.ask.following(key, self._landed[key]))
            else:
                self._book.pending.append(key)

    def _tell(self) -> None:
        if self.on_progress is not None:
            book = self._book
            waiting = len(book.pending) + len(self._tasks) + len(book.again)
            self.on_progress(Progress(book.done, book.failed, book.done + book.failed + waiting))

    async def list_markets(self) -> "Records[Market]":
        """Return the markets that the pull is about if it is about all; asked for once.

        Raises:
            KentikError: They could not be fetched.
        """
        if self._markets is None:
            page = await self._fetch(_MARKETS)
            if page.error is not None:
                raise page.error
            self._markets = page
        markets: Records[Market] = self._markets.result
        return markets

    async def _fetch(self, key: PageKey) -> Page:
        if key.kind == "markets" and self._markets is not None:
            return self._markets
        attempts = self._book.asked[key] = self._book.asked.get(key, 0) + 1
        request = key.request(self.fetcher.now)

        def take(raw: bytes) -> None:
            if self._keep is not None:
                self._keep(Answer(key, self.fetcher.now(), attempts, raw))

        try:
            result = await self.fetcher.run(request.with_arrival(take))
        except KentikError as error:
            return Page(key, self.fetcher.now(), attempts, error=error)
        return Page(key, self.fetcher.now(), attempts, result)

    async def _stop(self) -> None:
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(slots=True)
class _Book:
    """The state of one walk through a pull's pages."""

    seen: set[PageKey] = field(default_factory=set)
    pending: deque[PageKey] = field(default_factory=deque)
    again: list[PageKey] = field(default_factory=list)
    asked: dict[PageKey, int] = field(default_factory=dict)
    first: PageKey | None = None
    done: int = 0
    failed: int = 0


def page_of(answer: Answer) -> Page:
    """Read an answer.

    Raises:
        DecodeError: It is not what the schema promises.
    """
    result = answer.key.request(lambda: answer.fetched_at).decode(answer.raw)
    return Page(answer.key, answer.fetched_at, answer.attempts, result)


def leads_of(page: Page) -> list[Any]:
    """Return what a page leads to: the ids of all markets, or the networks of a ranking, best first."""
    if page.key.kind == "markets":
        return [market.market_id for market in page.result]
    if page.key.kind == "rankings":
        return [row.asn for row in page.result if row.asn is not None]
    return []
