"""API v6 over gRPC and over REST: results, errors, retries and use of the quota are the same.

Two emulators with the same data get the same calls, one over each transport.
"""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import pytest

from kentik_async import (
    APIError,
    Event,
    KentikClient,
    KentikError,
    Layer,
    LayerSet,
    LocalLimiter,
    PostalAddress,
    Quota,
    Records,
    Retry,
    SiteIpAddressClassification,
    SiteMarket,
    SiteType,
    SiteV6,
)
from kentik_async._clock import Clock
from kentik_async._generated.kmi.v202212 import GetRankingsRequest, KmiServiceStub
from kentik_async.emulator import Emulator
from kentik_async.emulator.api.v6 import RPCS
from kentik_async.emulator.errors import GRPC_CODES

NOW = dt.datetime(2026, 3, 4, 5, 6, 7, 800_000, tzinfo=dt.UTC).timestamp()

Call = Callable[[KentikClient], Awaitable[Any]]

CALLS: dict[str, Call] = {
    "kmi.list_markets": lambda kentik: kentik.kmi.list_markets(),
    "kmi.get_rankings": lambda kentik: kentik.kmi.get_rankings("cc$US", "peering_base", "v6", 7),
    "kmi.get_asn_details": lambda kentik: kentik.kmi.get_asn_details(
        "planet$earth", 13901, "customers", "v4", "all", "exclude", "all"
    ),
    "kmi.get_global_insights": lambda kentik: kentik.kmi.get_global_insights(
        types=["ranking_gain", "market_entrance"], lookback=30, magnitude=1, limit=5, ip="v4"
    ),
    "kmi.get_asn_insights": lambda kentik: kentik.kmi.get_asn_insights(13901, market_id="cc$US", lookback=30),
    "as_groups.list": lambda kentik: kentik.as_groups.list(),
    "as_groups.get": lambda kentik: kentik.as_groups.get(1001),
    "as_groups.create": lambda kentik: kentik.as_groups.create("Ünïcode \n/?#%", [64512, 4_200_000_000]),
    "as_groups.update": lambda kentik: kentik.as_groups.update(1001, "renamed", ["AS1"]),
    "as_groups.delete": lambda kentik: kentik.as_groups.delete(1002),
    "sites_v6.list": lambda kentik: kentik.sites_v6.list(),
    "sites_v6.get": lambda kentik: kentik.sites_v6.get(1),
    "sites_v6.create": lambda kentik: kentik.sites_v6.create(SITE),
    "sites_v6.update": lambda kentik: kentik.sites_v6.update(1, title="New title", lat=-0.5),
    "sites_v6.delete": lambda kentik: kentik.sites_v6.delete(1),
    "site_markets.list": lambda kentik: kentik.site_markets.list(),
    "site_markets.get": lambda kentik: kentik.site_markets.get(1),
    "site_markets.create": lambda kentik: kentik.site_markets.create(SiteMarket(name="Metro")),
    "site_markets.update": lambda kentik: kentik.site_markets.update(1, description="Everything"),
    "site_markets.delete": lambda kentik: kentik.site_markets.delete(1),
}
SITE = SiteV6(
    title="Data centre 1",
    type=SiteType.DATA_CENTER,
    lat=47.25,
    lon=8.5,
    postal_address=PostalAddress(address="Street 1", city="Zürich", country="CH"),
    address_classification=SiteIpAddressClassification(other_networks=("192.0.2.0/24", "2001:db8::/32")),
    architecture=(LayerSet(layers=(Layer(name="core", device_ids=("1", "2")),)), LayerSet()),
)
MORE_CALLS: dict[str, Call] = {
    "all defaults": lambda kentik: kentik.kmi.get_rankings("planet$earth"),
    "zero is a value": lambda kentik: kentik.kmi.get_asn_insights("AS0"),
    "no such market": lambda kentik: kentik.kmi.get_rankings("cc$XX"),
    "a market that is a path": lambda kentik: kentik.kmi.get_rankings("a/b?c#d%2F e+ü"),
    "no such group": lambda kentik: kentik.as_groups.get(987654),
    "duplicate name": lambda kentik: kentik.as_groups.create("Upstreams", [1]),
    "invalid argument": lambda kentik: kentik.kmi.get_rankings("cc$US", limit=0),
    "replace": lambda kentik: kentik.sites_v6.replace(msgspec.structs.replace(SITE, id=1)),
    "stub": lambda kentik: kentik.stub(KmiServiceStub).GetRankings(
        GetRankingsRequest(market_id="cc$US", rank_type="customer_base", ip="v4", limit=3)
    ),
}
QUOTA = Quota(1, None, 0.0, 10_000, None, minute=3600.0, drain=0.0)
"""The minute lasts an hour, so it counts every request of a test."""

READ, REPLACE, CREATE = "kmi.get_rankings", "as_groups.update", "as_groups.create"
GRPC_STATUSES = [status for status in GRPC_CODES if status not in ("OK", "RESOURCE_EXHAUSTED")]


@dataclass
class Side:
    """One transport with its emulator, and its record."""

    transport: Literal["grpc", "rest"]
    emulator: Emulator
    kentik: KentikClient
    events: list[Event]

    async def observe(self, call: Call, *, broken: bool) -> dict[str, Any]:
        """Make a call and return everything that a user or the server can see of it, except for times."""
        self.events.clear()
        before = len(self.emulator.calls)
        try:
            outcome: Any = plain(await call(self.kentik))
        except KentikError as error:
            outcome = described(error, broken=broken)
        snapshot = await self.kentik.quota.snapshot()
        return {
            "outcome": outcome,
            "events": [
                (
                    event.kind,
                    event.operation,
                    event.attempt,
                    event.error and described(event.error, broken=broken),
                )
                for event in self.events
            ],
            "received": [
                (one.operation, one.arguments, one.quota_class, one.code, one.dropped)
                for one in self.emulator.calls[before:]
            ],
            "quota": (snapshot.in_flight, snapshot.left_hard_minute),
        }


def plain(result: Any) -> Any:
    if isinstance(result, Records):
        return (
            type(result),
            list(result),
            {
                name: getattr(result, name, None)
                for name in ("invalid_count", "market_id", "rank_type", "ip", "limit", "maybe_truncated")
            },
        )
    if hasattr(result, "fetched_at"):
        return {name: getattr(result, name) for name in result.__struct_fields__ if name != "fetched_at"}
    return result


def described(error: Exception, *, broken: bool) -> tuple[Any, ...]:
    """Return everything about an error; without the server's text if the answer was broken or missing."""
    assert isinstance(error, KentikError)
    said: tuple[Any, ...] = ()
    if isinstance(error, APIError) and not broken:
        said = (error.grpc_status, error.detail, error.retry_after)
    return (type(error), error.operation, error.attempts, *said)


@pytest.fixture
def retry() -> Retry:
    return Retry(attempts=3, base=0.0, cap=0.0)


@pytest.fixture
async def sides(retry: Retry) -> AsyncIterator[tuple[Side, Side]]:
    """gRPC and REST, each with its own emulator, both with the same data."""
    async with AsyncExitStack() as stack:
        made = []
        transports: tuple[Literal["grpc", "rest"], ...] = ("grpc", "rest")
        for transport in transports:
            emulator = Emulator(speed=6000, clock=Clock(wall=lambda: NOW))
            await stack.enter_async_context(emulator)
            events: list[Event] = []
            kentik = emulator.client(
                transport=transport,
                retry=retry,
                on_event=events.append,
                quota=QUOTA,
                limiter=LocalLimiter(QUOTA, QUOTA),
            )
            made.append(Side(transport, emulator, await stack.enter_async_context(kentik), events))
            await kentik.as_groups.create("Upstreams", [64512, 64513])
        yield made[0], made[1]


async def differences(sides: tuple[Side, Side], calls: dict[str, Call], **fault: Any) -> dict[str, Any]:
    """Make each call on both sides and return the differences."""
    found = {}
    for name, call in calls.items():
        seen = []
        for side in sides:
            if fault:
                side.emulator.fail_next(**fault)
            seen.append(await side.observe(call, broken="drop" in fault or "body" in fault))
            side.emulator._dispatcher.faults.clear()
        found |= {
            f"{name}: {part}": (seen[0][part], seen[1][part])
            for part in seen[0]
            if seen[0][part] != seen[1][part]
        }
    return found


def test_every_operation_of_v6_is_here() -> None:
    assert list(CALLS) == [rpc.name for rpc in RPCS]


async def test_results_are_the_same(sides: tuple[Side, Side]) -> None:
    assert await differences(sides, CALLS | MORE_CALLS) == {}
    assert {call.transport for call in sides[0].emulator.calls} == {"grpc"}
    assert {call.transport for call in sides[1].emulator.calls} == {"mirror"}


@pytest.mark.parametrize("operation", [READ, REPLACE, CREATE])
async def test_errors_and_retries_are_the_same(sides: tuple[Side, Side], operation: str) -> None:
    found = {}
    for status in [*GRPC_STATUSES, 400, 405, 408, 409, 412, 418, 422, 499, 500, 501, 502, 503, 504]:
        for n in (1, 4):
            calls = {f"{n} times {status}": CALLS[operation]}
            found |= await differences(sides, calls, status=status, n=n)
    assert found == {}


@pytest.mark.parametrize("operation", [READ, REPLACE, CREATE])
async def test_refusals_and_broken_answers_are_the_same(sides: tuple[Side, Side], operation: str) -> None:
    faults: list[dict[str, Any]] = [
        {"status": 429, "n": 3, "retry_after": 0.0},
        {"status": "UNAVAILABLE", "retry_after": 0.01},
        {"status": "UNAVAILABLE", "n": 3, "retry_after": 0.01},
        {"status": "INTERNAL", "when": "after"},
        {"body": b"\xff\xff\xff\xff"},
        {"body": b"\xff<html>Log in</html>"},
        {"status": "NOT_FOUND", "body": "", "operation": "no such operation"},
    ]
    found = {}
    for fault in faults:
        found |= await differences(sides, {str(fault): CALLS[operation]}, **fault)
    assert found == {}


@pytest.mark.parametrize("operation", [READ, REPLACE, CREATE])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("retry", [Retry(attempts=10, base=0.05, cap=0.05)], ids=["with pauses"])
async def test_lost_connections_end_alike(sides: tuple[Side, Side], operation: str, when: str) -> None:
    """Only the result is compared: until gRPC notices a lost connection, it fails attempts immediately."""
    found = await differences(sides, {"lost": CALLS[operation]}, drop=True, when=when)
    grpc, rest = found.get("lost: outcome", ((None,), (None,)))
    assert grpc[0] == rest[0]


async def test_pages_of_a_pull_are_the_same(sides: tuple[Side, Side]) -> None:
    async def pull(kentik: KentikClient) -> list[Any]:
        pages = kentik.kmi.pull_asn_details(top=2, markets=["cc$US", "planet$earth"], ips="v4")
        return sorted([(str(page.key), plain(page.result)) async for page in pages], key=repr)

    grpc, rest = [await side.observe(pull, broken=False) for side in sides]
    for seen in (grpc, rest):  # in any order: a large page is read after the next request is sent
        seen["events"].sort(key=repr)
        seen["received"].sort(key=repr)
    assert grpc == rest


async def test_credentials_are_refused_alike(sides: tuple[Side, Side]) -> None:
    for side in sides:
        # Time limits long enough for slow machines: a minute of the emulator lasts 10 ms.
        limits = {"quota": QUOTA, "limiter": LocalLimiter(QUOTA, QUOTA)}
        arguments = side.emulator.connection | limits | {"token": "wrong"}
        side.kentik = KentikClient(**arguments, transport=side.transport, on_event=side.events.append)
    assert await differences(sides, {"refused": CALLS[READ]}) == {}
    for side in sides:
        await side.kentik.aclose()
