"""A pull: many pages of the KMI, to be planned, iterated over or saved."""

import datetime as dt
import os
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypeAlias, TypeVar

import msgspec

from kentik_async._codec.kmi import decode_markets
from kentik_async.bulk.fetching import Fetcher, Fetching
from kentik_async.bulk.frontier import Frontier
from kentik_async.bulk.page_key import MARKETS
from kentik_async.bulk.pages import Answer, Page
from kentik_async.bulk.results import Progress, PullPlan, PullReport
from kentik_async.bulk.spec import PullSpec
from kentik_async.errors import ValidationError

__all__ = ["Pull", "StoreName"]

R = TypeVar("R")

StoreName: TypeAlias = Literal["parquet", "delta", "sqlite", "ndjson", "csv"]


class Pull(Generic[R]):
    """Pages of a pull, as they complete; made by `kentik.kmi.pull_rankings` and its siblings.

        async with kentik.kmi.pull_rankings(["US"]) as pull:
            async for page in pull:
                print(page.key.market_id, page.error or len(page.result))

    A few more calls are started than the quota allows at once, and a few pages ahead of the consumer, so a
    slow consumer keeps few pages in memory. A failed call is repeated at the end, and then reported with its
    error; an authentication or configuration error ends the pull immediately.

    Attributes:
        spec: What the pull requests.
        fetcher: Sends the requests.
        on_progress: Called after each page.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        spec: PullSpec,
        *,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """Prepare; nothing is requested yet.

        Args:
            fetcher: Sends the requests.
            spec: What the pull requests.
            on_progress: Called after each page.
        """
        self.spec = spec
        self.fetcher = fetcher
        self.on_progress = on_progress
        self._markets: Answer | None = None
        self._pages: AsyncIterator[Page[R]] | None = None

    def shard(self, i: int, n: int) -> "Pull[R]":
        """Return a pull of one of `n` equal parts of the pages; together the parts hold each page once.

        The parts depend only on what is requested, so machines need no communication. In a cascade
        every part fetches the rankings that lead to details.

        Args:
            i: Which part, from 0.
            n: How many parts, from 1.

        Raises:
            ValidationError: The numbers are not whole, or not 0 <= i < n.
        """
        if not (isinstance(i, int) and isinstance(n, int) and 0 <= i < n):
            raise ValidationError(f"shard must be i of n with 0 <= i < n; got {i!r} of {n!r}")
        return Pull(
            self.fetcher, msgspec.structs.replace(self.spec, shard=(i, n)), on_progress=self.on_progress
        )

    async def plan(
        self,
        target: str | os.PathLike[str] | None = None,
        store: StoreName = "parquet",
        *,
        date: dt.date | None = None,
        refresh: bool = False,
        retry_failed: bool = False,
    ) -> PullPlan:
        """Return the calls and the time that saving the pull will take; nothing is written.

        A pull of all markets, or of markets given by name, needs the list of markets: it is fetched once, and
        not again by `save`. If you iterate over the pull instead of saving it, two requests are not sent:
        the list of markets, which `save` writes to its table, and the check for changed data.

        Args:
            target: The folder, or its URL, that the pull will be saved in: pages saved there are deducted. A
                new one if omitted.
            store: See `save`.
            date: See `save`.
            refresh: See `save`.
            retry_failed: See `save`.

        Raises:
            TargetError: The target cannot be read, or holds tables of another format.
            ValidationError: There is no such format, a market name is unknown, or the date is in the future.
            KentikError: The list of markets could not be fetched.
        """
        from kentik_async.bulk.saving.planning import PlannedTarget, plan_pull

        spec = msgspec.structs.replace(self.spec, refresh=refresh)
        planned = PlannedTarget(target, store, date, retry_failed)
        return await plan_pull(self.fetcher, spec, planned, self._list_markets)

    async def save(
        self,
        target: str | os.PathLike[str],
        store: StoreName = "parquet",
        *,
        date: dt.date | None = None,
        refresh: bool = False,
        retry_failed: bool = False,
        allow_multi_day: bool = False,
    ) -> PullReport:
        """Pull everything into a target's tables; the same call resumes it after a kill.

        Pages already in the date cost no call. Pages that failed are requested again by the same call,
        unless the server's answer was definite (400, 404). A pull of more than 12 hours logs a warning.

        Args:
            target: The folder, created if missing ("~" is expanded), or a URL such as "s3://bucket/kmi".
            store: "parquet", "delta" (extra `delta`), "sqlite", "ndjson" or "csv".
            date: The date for the column `run_date`; today's, by UTC, if omitted. The API only returns
                today's data.
            refresh: Whether to fetch saved pages of this date again; other pages of the date stay.
            retry_failed: Whether to fetch pages again that failed permanently.
            allow_multi_day: Whether it may take more than 24 hours.

        Returns:
            The result: calls, pages, rows, failures.

        Raises:
            TargetLockedError: Another run is writing to the target.
            TargetError: The target cannot be used, holds tables of another format or version, or the date
                holds pages with other filters.
            ValidationError: There is no such format, a market name is unknown, the date is in the future, or
                it would take more than 24 hours.
            ConfigError: A package that the URL or the format needs is not installed.
            KentikError: No further page would succeed; what has been fetched is kept.
        """
        from kentik_async.bulk.saving.save import SaveOptions, save  # it loads SQLite and all formats

        return await save(
            self.fetcher,
            msgspec.structs.replace(self.spec, refresh=refresh),
            target,
            SaveOptions(store, date, retry_failed, allow_multi_day),
            markets=self._markets,
            on_progress=self.on_progress,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pages, self._pages = self._pages, None
        if pages is not None:
            await pages.aclose()  # type: ignore[attr-defined]  # an async generator

    async def __aiter__(self) -> AsyncIterator[Page[R]]:
        """Yield the pages as they complete; failed pages come last.

        Raises:
            AuthenticationError: The credentials are not accepted; likewise PermissionDeniedError and
                ConfigError: no further page would succeed.
            ValidationError: A market name is unknown.
            KentikError: The list of markets could not be fetched.
        """
        spec = self.spec
        if spec.has_names:
            spec = spec.resolve(decode_markets((await self._list_markets()).raw))
        fetching: Fetching[Any] = Fetching(self.fetcher)
        self._pages = pages = fetching.pages(Frontier(spec, None), self.on_progress)
        async for page in pages:
            if page.key.kind != "markets":
                yield page
            elif page.error is not None:
                raise page.error

    async def _list_markets(self) -> Answer:
        """Fetch the list of markets, once."""
        if self._markets is None:
            found: list[Answer] = []
            fetching: Fetching[Any] = Fetching(self.fetcher, keep=found.append)
            page = await fetching.fetch(MARKETS, 1)
            if page.error is not None:
                raise page.error
            self._markets = found[-1]
        return self._markets
