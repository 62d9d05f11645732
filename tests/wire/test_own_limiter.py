"""A user's own limiter: when it is called, and the outcome that each grant gets."""

import asyncio
import time
from dataclasses import dataclass, field

import pytest

from kentik_async import (
    APIError,
    ClientClosedError,
    DeadlineExceededError,
    DecodeError,
    Event,
    KentikClient,
    Limiter,
    Quota,
    QuotaSnapshot,
    QuotaWaitError,
    RateLimitedError,
    Retry,
    priority,
)
from kentik_async.quota import Outcome, QuotaClass
from tests.support.frozen_time import PATIENCE, FrozenTime
from tests.wire.servers.held import CALLS, PATIENT, Client, Held
from tests.wire.servers.independent import Abort, Answer, ForeignGrpc, ForeignRest


@dataclass
class Ticket:
    """A grant, and its outcome."""

    quota_class: str
    priority: int
    queued_since: float | None
    max_wait: float | None
    usable: bool = True
    outcomes: list[tuple[str, float | None]] = field(default_factory=list)

    def valid(self) -> bool:
        return self.usable

    def close(self, outcome: Outcome, *, retry_after: float | None = None) -> None:
        self.outcomes.append((outcome, retry_after))


@dataclass
class OwnLimiter:
    """Grants immediately, and records the grants."""

    tickets: list[Ticket] = field(default_factory=list)
    unusable: int = 0
    closed: bool = False

    async def acquire(
        self,
        quota_class: QuotaClass,
        *,
        priority: int = 0,
        queued_since: float | None = None,
        max_wait: float | None = None,
    ) -> Ticket:
        ticket = Ticket(quota_class, priority, queued_since, max_wait, usable=self.unusable == 0)
        self.unusable = max(self.unusable - 1, 0)
        self.tickets.append(ticket)
        return ticket

    async def snapshot(self, quota_class: QuotaClass = "non_query") -> QuotaSnapshot:
        raise NotImplementedError  # a user's own limiter: no call may request it

    async def estimate(self, n: int, quota_class: QuotaClass = "non_query") -> float:
        return float(n)

    async def aclose(self) -> None:
        self.closed = True

    @property
    def outcomes(self) -> list[list[tuple[str, float | None]]]:
        return [ticket.outcomes for ticket in self.tickets]


@pytest.fixture
def own() -> OwnLimiter:
    return OwnLimiter()


@pytest.fixture
def limited(client: Client, own: OwnLimiter) -> KentikClient:
    return client(PATIENT, limiter=own)


def test_it_implements_the_protocol(own: OwnLimiter) -> None:
    limiter: Limiter = own
    assert isinstance(limiter, Limiter)


async def test_each_attempt_acquires_a_grant(
    limited: KentikClient, own: OwnLimiter, grpc_server: ForeignGrpc
) -> None:
    grpc_server.answers.extend(
        [Abort("UNAVAILABLE"), Abort("RESOURCE_EXHAUSTED", "", (("retry-after", "3"),))]
    )
    await limited.kmi.list_markets()
    assert own.outcomes == [[("answered", None)], [("refused", 3.0)], [("answered", None)]]
    assert len({ticket.queued_since for ticket in own.tickets}) == 1
    assert {(ticket.quota_class, ticket.priority, ticket.max_wait) for ticket in own.tickets} == {
        ("non_query", 0, None)
    }


async def test_what_a_call_may_choose(limited: KentikClient, own: OwnLimiter) -> None:
    with priority("high"):
        await limited.with_options(max_wait=5).rest.request("GET", "/x", quota_class="query")
    (ticket,) = own.tickets
    assert (ticket.quota_class, ticket.priority) == ("query", 1)
    assert ticket.max_wait is not None
    assert 4.9 < ticket.max_wait <= 5


async def test_a_grant_that_is_not_valid_any_more_is_not_used(
    limited: KentikClient, own: OwnLimiter, grpc_server: ForeignGrpc
) -> None:
    own.unusable = 2
    await limited.kmi.list_markets()
    assert own.outcomes == [[("not_sent", None)], [("not_sent", None)], [("answered", None)]]
    assert len(grpc_server.received) == 1


async def test_it_is_closed_by_its_owner_alone(limited: KentikClient, own: OwnLimiter) -> None:
    await limited.kmi.list_markets()
    await limited.aclose()
    assert not own.closed


@pytest.mark.parametrize("protocol", CALLS)
async def test_every_grant_is_closed_once(
    limited: KentikClient,
    own: OwnLimiter,
    grpc_server: ForeignGrpc,
    rest_server: ForeignRest,
    protocol: str,
) -> None:
    call = CALLS[protocol]
    grpc_server.usual, rest_server.usual = b"\xff\xff", Answer(body=b"{")
    with pytest.raises(DecodeError):
        await call(limited)
    assert own.outcomes == [[("answered", None)]]

    held = Held(grpc_server, rest_server)
    with pytest.raises(DeadlineExceededError):
        await call(limited.with_options(timeout=0.01))
    cancelled = asyncio.create_task(call(limited))
    await held.has_received(3)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    assert own.outcomes[1:] == [[], []]
    held.loose.set()
    async with asyncio.timeout(PATIENCE):
        while not all(own.outcomes):
            await asyncio.sleep(0.001)
    assert own.outcomes[1:] == [[("answered", None)], [("answered", None)]]

    held.loose.clear()
    in_flight = asyncio.create_task(call(limited))
    await held.has_received(4)
    await limited.aclose()
    with pytest.raises(ClientClosedError):
        await in_flight
    assert own.outcomes[-1] == [("unknown", None)]
    held.loose.set()


class TestDefaultLimiter:
    async def test_a_wait_that_would_be_too_long_is_not_begun(
        self, client: Client, grpc_server: ForeignGrpc
    ) -> None:
        kentik = client(Quota(1, None, 0, 1, None))
        began = time.monotonic()
        await kentik.kmi.list_markets()
        asked = time.monotonic()
        with pytest.raises(QuotaWaitError, match=r"max_wait=5 s") as caught:
            await kentik.with_options(max_wait=5).kmi.list_markets()
        ended = time.monotonic()
        assert (caught.value.operation, caught.value.attempts) == ("kmi.list_markets", 0)
        assert caught.value.estimate is not None
        assert 60.0 - (ended - began) <= caught.value.estimate <= 60.0 + (ended - asked)
        snapshot = await kentik.quota.snapshot()
        assert (snapshot.waiting, snapshot.in_flight, snapshot.left_hard_minute) == (0, 0, 0)
        assert len(grpc_server.received) == 1

    async def test_refusals_end_after_an_hour_and_a_minute(
        self, client: Client, grpc_server: ForeignGrpc
    ) -> None:
        grpc_server.usual = Abort("RESOURCE_EXHAUSTED", "", (("x-ratelimit-throttle-ms", "10"),))
        time = FrozenTime(0.0)

        def pass_time(event: Event) -> None:
            if event.kind == "refused":
                time.now += 1000.0

        quota = Quota(1, None, 0, None, None)
        kentik = client(quota, retry=Retry(attempts=1), on_event=pass_time)
        kentik._pipeline.monotonic = time.clock.monotonic
        with pytest.raises(RateLimitedError) as caught:
            await kentik.kmi.list_markets()
        # The first refusal is at 1000 s, the last one the first that is more than 3660 s later.
        assert caught.value.attempts == len(grpc_server.received) == 5

    async def test_each_outcome_leaves_nothing_in_flight(
        self, client: Client, grpc_server: ForeignGrpc
    ) -> None:
        kentik = client(Quota(1, None, 0, None, None, drain=0.05))
        for status in ("NOT_FOUND", "INVALID_ARGUMENT", "ABORTED", "UNIMPLEMENTED"):
            grpc_server.answers.append(Abort(status))
            with pytest.raises(APIError):
                await kentik.kmi.list_markets()
            assert (await kentik.quota.snapshot()).in_flight == 0
