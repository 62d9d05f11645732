"""Fetches the pages of a pull: requests some ahead and yields pages as they complete."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import nullcontext
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from msgspec.structs import replace

from kentik_async._operations.request import Request
from kentik_async.bulk.frontier import Frontier
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.pages import Answer, Page, leads_of
from kentik_async.bulk.results import Progress
from kentik_async.errors import (
    AuthenticationError,
    ClientClosedError,
    ConfigError,
    KentikError,
    PermissionDeniedError,
    TargetError,
)

__all__ = ["Fetcher", "Fetching"]

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 4
"""Number of pages requested beyond what the quota allows at once, so that its queue never runs empty."""

_FATAL = (AuthenticationError, PermissionDeniedError, ConfigError, ClientClosedError, TargetError)
"""Errors after which no further page would succeed."""


class Fetcher(Protocol):
    """The part of the client that a pull uses.

    Attributes:
        sent: Requests sent so far, retries included.
    """

    sent: int

    async def run(self, request: Request[T]) -> T:
        """Send a request as the quota allows and return its result."""
        ...

    def now(self) -> dt.datetime:
        """Return the present instant, in UTC."""
        ...

    async def estimate(self, n: int) -> float:
        """Return in how many seconds `n` further requests would all be answered."""
        ...

    def concurrency(self) -> int:
        """Return how many requests the quota allows at once."""
        ...


class Fetching(Generic[R]):
    """Requests the pages of one frontier and yields them."""

    def __init__(
        self,
        fetcher: Fetcher,
        *,
        read: Callable[[PageKey, bytes], R] | None = None,
        keep: Callable[[Answer], None] | None = None,
        settle: Callable[[Answer], Awaitable[None]] | None = None,
        settle_first: bool = False,
    ) -> None:
        """Prepare; nothing is requested yet.

        Args:
            fetcher: Sends requests.
            read: Decodes answers into results; the operations' own models if omitted.
            keep: Called with each answer as soon as it is received, before the next request is sent.
            settle: Awaited with each answer before its page is yielded.
            settle_first: Whether it is also awaited before the next request is sent.
        """
        self._fetcher = fetcher
        self._read = read
        self._keep = keep
        self._settle = settle
        self._turns = asyncio.Semaphore(fetcher.concurrency()) if settle_first else nullcontext()

    async def pages(
        self, frontier: Frontier, on_progress: Callable[[Progress], None] | None = None
    ) -> AsyncIterator[Page[R]]:
        """Yield the pages of a frontier as they complete; failed pages come last.

        Args:
            frontier: The pages to fetch.
            on_progress: Called after each page.

        Raises:
            AuthenticationError: The credentials are not accepted; likewise PermissionDeniedError, ConfigError
                and TargetError: no further page would succeed.
        """
        most = _AHEAD + self._fetcher.concurrency()
        tasks: set[asyncio.Task[Page[R]]] = set()
        try:
            while True:
                while len(tasks) < most and (step := frontier.next(in_flight=len(tasks))):
                    tasks.add(asyncio.create_task(self.fetch(*step)))
                if not tasks:
                    return
                ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    tasks.discard(task)
                    page = task.result()
                    if not _is_final(page, frontier):
                        continue
                    if on_progress is not None:
                        calls = frontier.done + frontier.failed + frontier.waiting + len(tasks)
                        on_progress(Progress(frontier.done, frontier.failed, calls))
                    yield page
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def fetch(self, key: PageKey, attempt: int) -> Page[R]:
        """Fetch one page."""
        request: Request[Any] = key.request(self._fetcher.now)
        decode = request.decode if self._read is None else partial(self._read, key)
        answers: list[Answer] = []

        def arrived(raw: bytes) -> None:
            answer = Answer(key, self._fetcher.now(), attempt, raw)
            answers.append(answer)
            if self._keep is not None:
                self._keep(answer)

        try:
            async with self._turns:
                result: R = await self._fetcher.run(replace(request, decode=decode, on_arrival=arrived))
                if self._settle is not None:
                    await self._settle(answers[-1])
        except KentikError as error:
            return Page(key, self._fetcher.now(), attempt, error=error)
        return Page(key, answers[-1].fetched_at, attempt, result)


def _is_final(page: Page[Any], frontier: Frontier) -> bool:
    if page.error is None:
        frontier.answered(page.key, leads_of(page.result))
        return True
    if isinstance(page.error, _FATAL):
        raise page.error
    return frontier.failed_with(page.key, page.error)
