"""A server for pulls in this process: answers like the emulator's, failures and days set by a test.

It implements the client interface of `Pull` (`Fetcher`) without network and quota, so that hundreds of pulls
take a second. Every request is recorded.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from kentik_async._generated.kmi import v202212 as wire
from kentik_async._operations.request import Request
from kentik_async.bulk.pull import Pull
from kentik_async.bulk.spec import PullSpec
from kentik_async.emulator.api import kmi
from kentik_async.emulator.errors import AnswerError
from kentik_async.emulator.world.state import EmulatorState
from kentik_async.errors import KentikError, NotFoundError, ServerError

T = TypeVar("T")

HANDLERS: dict[str, tuple[type[Any], Callable[..., bytes]]] = {
    "ListMarkets": (wire.ListMarketsRequest, kmi.list_markets),
    "GetRankings": (wire.GetRankingsRequest, kmi.get_rankings),
    "GetASNDetails": (wire.GetASNDetailsRequest, kmi.get_asn_details),
    "GetGlobalInsights": (wire.GetGlobalInsightsRequest, kmi.get_global_insights),
    "GetASNInsights": (wire.GetASNInsightsRequest, kmi.get_asn_insights),
}


class Answers:
    """Answers requests immediately.

    Attributes:
        state: The data of the server.
        sent: The number of requests so far.
        requests: The requests, as text.
        fails: Returns the error with which a request fails, or None.
        on_answer: Called after each answer, before the next request.
        at: The current time; each call of `now` is a millisecond later.
    """

    def __init__(self, state: EmulatorState | None = None) -> None:
        self.state = state or EmulatorState()
        self.sent = 0
        self.requests: list[str] = []
        self.fails: Callable[[str], KentikError | None] = lambda _: None
        self.on_answer: Callable[[], None] = lambda: None
        self.at = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)

    async def run(self, request: Request[T]) -> T:
        """Answer a request."""
        await asyncio.sleep(0)
        self.sent += 1
        message, handler = HANDLERS[request.path.rpartition("/")[2]]
        asked = message.FromString(request.body)
        text = f"{message.__name__} {asked}".replace("\n", " ")
        self.requests.append(text)
        error = self.fails(text)
        if error is not None:
            raise error
        try:
            raw = handler(self.state, "", asked)
        except AnswerError as refusal:
            raise NotFoundError(str(refusal), http_status=404) from None
        if request.on_arrival is not None:
            request.on_arrival(raw)
        result = request.decode(raw)
        self.on_answer()
        return result

    def now(self) -> dt.datetime:
        """Return the current time."""
        self.at += dt.timedelta(milliseconds=1)
        return self.at

    async def estimate(self, n: int) -> float:
        """Return the estimated seconds for further requests."""
        return 0.0 * n

    def concurrency(self) -> int:
        """Return the number of concurrent requests that are allowed."""
        return 1

    def pull(self, spec: PullSpec, **options: Any) -> Pull[Any]:
        """Return a pull that this server answers."""
        return Pull(self, spec, **options)

    @contextmanager
    def failing(self, fails: Callable[[str], KentikError | None]) -> Iterator[None]:
        """Let requests fail while the block runs."""
        before, self.fails = self.fails, fails
        try:
            yield
        finally:
            self.fails = before


def server_error(_: str) -> KentikError:
    """Return the server's current error, if any."""
    return ServerError("500 internal error", http_status=500)
