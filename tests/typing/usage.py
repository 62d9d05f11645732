"""Typed usage of the SDK: checked by mypy and basedpyright, never run.

Each `assert_type` is a type that an editor shows; each ignored error is a mistake that a checker finds.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterable, Sequence
from pathlib import Path
from typing import Any, Literal, assert_type

from kentik_async import (
    APIError,
    ApplyReport,
    ASGroup,
    ASGroupList,
    ASNDetails,
    AutonomousSystem,
    CustomerProvider,
    Document,
    Event,
    Filter,
    Grant,
    Insight,
    IPFamily,
    KentikClient,
    KentikError,
    Limiter,
    LocalLimiter,
    Market,
    Page,
    Peer,
    Plan,
    Progress,
    Pull,
    PullPlan,
    PullReport,
    Quota,
    QuotaSnapshot,
    Ranking,
    Rankings,
    RankType,
    RateLimitedError,
    Records,
    Relation,
    Retry,
    Site,
    SiteMarket,
    SiteType,
    SiteV6,
    StatePlan,
    priority,
)
from kentik_async._generated.kmi import v202212 as wire


def report(event: Event) -> None:
    assert_type(event.operation, str)
    assert_type(event.duration, float)
    assert_type(event.error, Exception | None)


async def reads(kentik: KentikClient) -> None:
    markets = await kentik.kmi.list_markets()
    assert_type(markets, Records[Market])
    assert_type(markets[0], Market)
    assert_type(markets[0].market_id, str)
    assert_type([market.name for market in markets], list[str])

    rankings = await kentik.kmi.get_rankings("cc$US", RankType.CUSTOMER_BASE, IPFamily.V4, limit=10)
    assert_type(rankings, Rankings)
    assert_type(rankings[0], Ranking)
    assert_type(rankings[0].rank_change, int | None)
    assert_type(rankings.fetched_at, dt.datetime)
    assert_type(rankings.maybe_truncated, bool)

    details = await kentik.kmi.get_asn_details("cc$US", "AS64512", Relation.ALL, "v6", Filter.ONLY)
    assert_type(details, ASNDetails)
    assert_type(details.customers, Records[CustomerProvider])
    assert_type(details.peers, Records[Peer])

    insights = await kentik.kmi.get_asn_insights(64512, types=["market_entrance"], lookback=7)
    assert_type(insights, Records[Insight])
    assert_type(insights[0].created_at, dt.datetime | None)
    assert_type(await kentik.kmi.get_global_insights(market_id=None), Records[Insight])


def show(progress: Progress) -> None:
    assert_type(progress.done, int)
    assert_type(progress.left, int)


async def pulls(kentik: KentikClient) -> None:
    pull = kentik.kmi.pull_rankings(["US"], RankType.CUSTOMER_BASE, "v4", limit=10, on_progress=show)
    assert_type(pull, Pull[Rankings])
    kentik.kmi.pull_rankings("western europe", ["customer_base", RankType.PEERING_BASE], ["v4", IPFamily.V6])
    kentik.kmi.pull_rankings("all", "all", "all")
    plan = await pull.plan("data", "parquet", date=dt.date(2026, 11, 20), refresh=True, retry_failed=True)
    assert_type(plan, PullPlan)
    assert_type(plan.calls, int)
    assert_type(plan.exact, bool)
    assert_type(plan.seconds, float)
    assert_type(plan.run_id, str | None)
    report = await pull.save("data", "delta", allow_multi_day=True)
    assert_type(report, PullReport)
    assert_type(report.rows, int)
    assert_type(report.mixed, bool | None)
    assert_type(report.causes(), list[tuple[str, int]])
    assert_type(pull.shard(0, 4), Pull[Rankings])
    async with pull:
        async for page in pull:
            assert_type(page, Page[Rankings])
            assert_type(page.key.market_id, str)
            assert_type(page.result, Rankings | None)
            assert_type(page.fetched_at, dt.datetime)
            if page.result is None:
                assert_type(page.error, KentikError | None)


async def other_pulls(kentik: KentikClient) -> None:
    details = kentik.kmi.pull_asn_details([("US", 3356), ("cc$DE", "AS174")], type=Relation.PROVIDERS)
    async for page in details:
        assert_type(page.result, Rankings | ASNDetails | None)
    kentik.kmi.pull_asn_details(top=5, rank_types="customer_base", mutual_provider=Filter.ONLY)
    async for insights in kentik.kmi.pull_insights([3356], markets="US", ips="v4", types=["market_entrance"]):
        assert_type(insights.result, Records[Insight] | None)


async def writes(kentik: KentikClient) -> None:
    assert_type(await kentik.as_groups.list(), ASGroupList)
    group = await kentik.as_groups.create("ours", [64512, "AS64513"])
    assert_type(group, ASGroup)
    assert_type(group.asn, tuple[AutonomousSystem, ...])
    assert_type(await kentik.as_groups.update(group.id, "ours", range(64512, 64520)), ASGroup)
    await kentik.as_groups.delete(group.id)

    site = await kentik.sites.create("Site 1", 47.25, "8.5")
    assert_type(site, Site)
    assert_type(site.lat, float | None)
    assert_type(await kentik.sites.update(42, lat=1), Site)
    assert_type(await kentik.sites.list(), Records[Site])

    assert_type(await kentik.as_groups.add_asns(group.id, ["AS64513"]), ASGroup)
    market = await kentik.site_markets.create(SiteMarket(name="Europe"))
    new = await kentik.sites_v6.create(
        SiteV6(title="fra1", type="data_center", lat=50.11, site_market=market)
    )
    assert_type(new, SiteV6)
    assert_type(new.id, str | None)
    assert_type(new.type, SiteType | str)
    assert_type(await kentik.sites_v6.update("17", expected=new, title="fra2", site_market=None), SiteV6)
    assert_type((await kentik.sites_v6.list())[0], SiteV6)
    assert_type(await kentik.plans.list(), Records[Plan])


async def stubs(kentik: KentikClient) -> None:
    stub = kentik.stub(wire.KmiServiceStub)
    assert_type(stub, wire.KmiServiceStub)
    own = kentik.stub(wire.KmiServiceStub, quota_class="own", quota=Quota.QUERY)
    assert_type((await own.list_markets(wire.ListMarketsRequest())).to_dict(), dict[str, Any])
    answer = await stub.GetRankings(wire.GetRankingsRequest(market_id="cc$US"), timeout=5, idempotent=True)
    assert_type(answer, wire.GetRankingsResponse)
    assert_type(answer.rankings[0].rank, int)


async def quota(kentik: KentikClient, limiter: Limiter) -> None:
    assert_type(await kentik.quota.snapshot(), QuotaSnapshot)
    assert_type(await kentik.quota.estimate(100, "query"), float)
    grant = await limiter.acquire("non_query", priority=1, max_wait=5)
    assert_type(grant, Grant)
    grant.close("answered")
    with priority("high"):
        await kentik.kmi.list_markets()


async def raw(kentik: KentikClient) -> None:
    devices = await kentik.rest.request("GET", "/devices", params={"limit": 5, "all": True})
    for device in devices["devices"]:
        print(device["id"])
    await kentik.rest.request("POST", "/query/topXdata", json={}, quota_class="query", idempotent=True)


async def errors(kentik: KentikClient) -> float | None:
    try:
        await kentik.sites.get(1)
    except RateLimitedError as error:
        assert_type(error.retry_after, float | None)
        return error.retry_after
    except APIError as error:
        assert_type(error.http_status, int | None)
        assert_type(error.grpc_status, str | None)
        assert_type(error.operation, str | None)
        assert_type(error.attempts, int)
    return None


async def clients() -> None:
    async with KentikClient("ada@example.com", "token", region="eu", on_event=report) as kentik:
        assert_type(kentik, KentikClient)
        assert_type(kentik.with_options(timeout=5, max_wait=None), KentikClient)
    KentikClient.from_env("work", retry=Retry(attempts=2))
    own: Limiter = LocalLimiter(Quota.NON_QUERY, pacing="courteous")
    KentikClient("ada@example.com", "token", limiter=own)
    KentikClient("ada@example.com", "token", quota=Quota.NON_QUERY.scaled(60), limiter="redis://localhost")


async def many(kentik: KentikClient, names: Sequence[str]) -> None:
    answers = await asyncio.gather(*(kentik.kmi.get_rankings(name) for name in names))
    assert_type(answers, list[Rankings])


class Mine(KentikClient):
    """Clients can be subclassed, and keep their type."""


async def declared(kentik: KentikClient) -> None:
    document = Document.load("kentik.yaml", Path("more"))
    assert_type(document, Document)
    assert_type(Document.parse("version: 1").dump(), str)
    plan = await kentik.state.plan(document, prune=True)
    assert_type(plan, StatePlan)
    assert_type((plan.calls, plan.seconds, plan.checksum, plan.empty), tuple[int, float, str, bool])
    assert_type(plan.changes[0].action, Literal["create", "update", "delete"])
    report = await kentik.state.apply(plan, backup="b.json", plan_checksum=plan.checksum, force=True)
    assert_type(report, ApplyReport)
    assert_type(report.not_tried[0].error, str | None)
    assert_type(await kentik.state.export(api="v5"), Document)


async def derived() -> None:
    async with Mine("ada@example.com", "token") as mine:
        assert_type(mine, Mine)
        assert_type(mine.with_options(timeout=1), Mine)


async def mistakes(kentik: KentikClient, elsewhere: AsyncIterable[int]) -> None:
    """Each line is a mistake that both checkers must find; for mypy an unused ignore is an error."""
    KentikClient("ada@example.com", "token", "eu")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    KentikClient("ada@example.com", "token", pacing="fast")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await kentik.kmi.get_rankings(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await kentik.kmi.get_rankings("cc$US", "nope")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await kentik.kmi.get_rankings("cc$US", ip="nope")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await kentik.kmi.get_asn_details("cc$US", 3356, "nope")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    kentik.kmi.pull_rankings("US", rank_types="nope")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    kentik.kmi.pull_rankings("US", ips="nope")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    kentik.kmi.pull_rankings("US", ips=["v4", "nope"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    kentik.kmi.pull_asn_details(top=5, type="nope")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    kentik.kmi.pull_asn_details(top=5, mutual_customer="nope")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await kentik.kmi.pull_rankings("US").save("data", "excel")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await kentik.kmi.get_global_insights("cc$US")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await kentik.as_groups.create("ours", elsewhere)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await kentik.rest.request("GET", "/x", quota_class="admin")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await kentik.stub(wire.KmiServiceStub).ListMarkets(wire.Market())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await kentik.state.export(api="v7")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await kentik.sites_v6.update("17", titel="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    (await kentik.sites.get(1)).lat = 5  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    with priority("urgent"):  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        pass
