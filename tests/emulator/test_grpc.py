"""API v6 over gRPC, called with bare generated stubs."""

import asyncio
import datetime as dt
from typing import Any

import grpc
import grpc.aio
import pytest

from kentik_async._generated.as_group import v202212 as groups
from kentik_async._generated.kmi import v202212 as kmi
from kentik_async.emulator import Emulator, User
from kentik_async.emulator.engine.auth import READ_SCOPES
from kentik_async.emulator.world.insights import INSIGHT_TYPES
from tests.emulator.bare_wire import Wire, wired

Code = grpc.StatusCode


def signed(value: int) -> int:
    return value - 2**32 if value >= 2**31 else value


async def refused(wire: Wire, method: Any, request: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await wire.call(method, request)
    return caught.value.code(), caught.value.details() or ""


async def test_markets(emu: Emulator, wire: Wire) -> None:
    answer = await wire.call(wire.kmi.ListMarkets, kmi.ListMarketsRequest())
    assert [(m.market_id, m.name) for m in answer.markets] == [
        (m.market_id, m.name) for m in emu.state.markets
    ]


async def test_rankings_encode_losses_and_zeros(emu: Emulator, wire: Wire) -> None:
    answer = await wire.call(wire.kmi.GetRankings, kmi.GetRankingsRequest(market_id="cc$US"))
    truth = emu.state.rankings("cc$US")
    assert len(answer.rankings) == 600
    assert [
        (r.asn, r.name, r.rank, signed(r.rank_change), r.score, signed(r.score_change))
        for r in answer.rankings
    ] == [(r.asn, r.name, r.rank, r.rank_change, r.score, r.score_change) for r in truth]
    assert any(r.rank_change > 2**31 for r in answer.rankings)
    unmoved = next(r for r in answer.rankings if r.rank_change == 0)
    assert unmoved.HasField("rank_change")


@pytest.mark.parametrize(("limit", "length"), [(1, 1), (601, 601)])
async def test_rankings_up_to_the_limit(emu: Emulator, wire: Wire, limit: int, length: int) -> None:
    request = kmi.GetRankingsRequest(market_id="cc$US", rank_type="peering_base", ip="v6", limit=limit)
    answer = await wire.call(wire.kmi.GetRankings, request)
    assert len(answer.rankings) == length
    truth = emu.state.rankings("cc$US", "peering_base", "v6", limit)
    assert [r.asn for r in answer.rankings] == [r.asn for r in truth]
    assert answer.invalid_count == emu.state.invalid_count("cc$US", "peering_base", "v6")


async def test_details_with_filters(emu: Emulator, wire: Wire) -> None:
    asn = emu.state.rankings("planet$earth", "customer_base_backbone", limit=1)[0].asn
    request = kmi.GetASNDetailsRequest(
        market_id="planet$earth", asn=str(asn), type="customers", singlehomed_customer="only"
    )
    details = (await wire.call(wire.kmi.GetASNDetails, request)).asn_details
    assert asn is not None
    truth = emu.state.asn_details("planet$earth", asn, "customers", singlehomed_customer="only")
    assert (details.asn, details.name, details.country_name) == (asn, truth.name, truth.country_name)
    assert [(c.asn, c.score) for c in details.customers] == [(c.asn, c.score) for c in truth.customers]
    assert details.customers
    assert all(c.singlehomed_customer and c.HasField("mutual_provider") for c in details.customers)
    assert not details.providers
    assert not details.peers


async def test_insights_of_a_market_and_of_a_network(emu: Emulator, wire: Wire) -> None:
    request = kmi.GetGlobalInsightsRequest(
        market_id="cc$DE", types=["ranking_gain"], lookback=7, magnitude=2, limit=5
    )
    found = (await wire.call(wire.kmi.GetGlobalInsights, request)).insights
    truth = emu.state.insights("cc$DE", "v4", ["ranking_gain"], lookback=7, magnitude=2, limit=5)
    assert [(i.asn, i.message) for i in found] == [(i.asn, i.message) for i in truth]
    assert {i.type for i in found} == {INSIGHT_TYPES.index("ranking_gain") + 1}
    assert dt.datetime.fromisoformat(found[0].created_at) == truth[0].created_at
    one = kmi.GetASNInsightsRequest(asn=str(found[0].asn), market_id="cc$DE", lookback=7, limit=3)
    about = (await wire.call(wire.kmi.GetASNInsights, one)).insights
    assert {i.asn for i in about} == {found[0].asn}
    assert len((await wire.call(wire.kmi.GetGlobalInsights, kmi.GetGlobalInsightsRequest())).insights) == 100


async def test_as_groups_from_creation_to_deletion(emu: Emulator, wire: Wire) -> None:
    someone = emu.state.rankings("cc$DE", limit=1)[0]
    wanted = groups.ASGroupConcise(name="Mine", asn=[str(someone.asn), "4294967295"])
    made = (await wire.call(wire.groups.CreateASGroup, groups.CreateASGroupRequest(as_group=wanted))).as_group
    assert [(a.asn, a.name) for a in made.asn] == [(someone.asn, someone.name), (4294967295, "")]
    assert made.created_date.seconds > 0
    assert made.created_date == made.updated_date
    got = await wire.call(wire.groups.GetASGroup, groups.GetASGroupRequest(id=made.id))
    assert got.as_group == made

    wanted = groups.ASGroupConcise(id=made.id, name="Yours", asn=["7"])
    changed = (
        await wire.call(wire.groups.UpdateASGroup, groups.UpdateASGroupRequest(as_group=wanted))
    ).as_group
    assert (changed.name, [a.asn for a in changed.asn]) == ("Yours", [7])
    assert changed.created_date == made.created_date
    listed = await wire.call(wire.groups.ListASGroups, groups.ListASGroupsRequest())
    assert changed in listed.as_groups
    assert listed.invalid_count == 0

    await wire.call(wire.groups.DeleteASGroup, groups.DeleteASGroupRequest(id=made.id))
    code, _ = await refused(wire, wire.groups.GetASGroup, groups.GetASGroupRequest(id=made.id))
    assert code is Code.NOT_FOUND


def create(name: str, *asns: str) -> groups.CreateASGroupRequest:
    return groups.CreateASGroupRequest(as_group=groups.ASGroupConcise(name=name, asn=asns))


@pytest.mark.parametrize(
    ("service", "method", "request_", "code", "words"),
    [
        ("kmi", "GetRankings", kmi.GetRankingsRequest(), Code.INVALID_ARGUMENT, "market_id is required"),
        ("kmi", "GetRankings", kmi.GetRankingsRequest(market_id="cc$XX"), Code.NOT_FOUND, "'cc$XX'"),
        (
            "kmi",
            "GetRankings",
            kmi.GetRankingsRequest(market_id="cc$DE", rank_type="customer_base_wholesale"),
            Code.INVALID_ARGUMENT,
            "customer_base_wholesome",
        ),
        (
            "kmi",
            "GetRankings",
            kmi.GetRankingsRequest(market_id="cc$DE", ip="v5"),
            Code.INVALID_ARGUMENT,
            "v6",
        ),
        (
            "kmi",
            "GetRankings",
            kmi.GetRankingsRequest(market_id="cc$DE", limit=0),
            Code.INVALID_ARGUMENT,
            "limit",
        ),
        (
            "kmi",
            "GetASNDetails",
            kmi.GetASNDetailsRequest(market_id="cc$DE", asn="AS7"),
            Code.INVALID_ARGUMENT,
            "decimal",
        ),
        (
            "kmi",
            "GetASNDetails",
            kmi.GetASNDetailsRequest(market_id="cc$DE", asn="7", type="customer"),
            Code.INVALID_ARGUMENT,
            "customers",
        ),
        ("kmi", "GetASNDetails", kmi.GetASNDetailsRequest(market_id="cc$DE", asn="7"), Code.NOT_FOUND, "AS7"),
        (
            "kmi",
            "GetASNInsights",
            kmi.GetASNInsightsRequest(asn="9" * 5000),
            Code.INVALID_ARGUMENT,
            "decimal",
        ),
        ("kmi", "GetASNInsights", kmi.GetASNInsightsRequest(asn="7"), Code.NOT_FOUND, "AS7"),
        ("kmi", "GetGlobalInsights", kmi.GetGlobalInsightsRequest(lookback=2), Code.INVALID_ARGUMENT, "30"),
        (
            "kmi",
            "GetGlobalInsights",
            kmi.GetGlobalInsightsRequest(magnitude=6),
            Code.INVALID_ARGUMENT,
            "1 to 5",
        ),
        ("kmi", "GetGlobalInsights", kmi.GetGlobalInsightsRequest(types=["x"]), Code.INVALID_ARGUMENT, "'x'"),
        ("groups", "CreateASGroup", create(" "), Code.INVALID_ARGUMENT, "name"),
        ("groups", "CreateASGroup", create("New", "4294967296"), Code.INVALID_ARGUMENT, "4294967296"),
        ("groups", "CreateASGroup", create("New", "9" * 5000), Code.INVALID_ARGUMENT, "decimal"),
        ("groups", "CreateASGroup", create("Documentation"), Code.ALREADY_EXISTS, "Documentation"),
        ("groups", "DeleteASGroup", groups.DeleteASGroupRequest(id="9"), Code.NOT_FOUND, "'9'"),
    ],
)
async def test_bad_requests(
    wire: Wire, service: str, method: str, request_: Any, code: grpc.StatusCode, words: str
) -> None:
    found, details = await refused(wire, getattr(getattr(wire, service), method), request_)
    assert found is code
    assert words in details


async def test_bytes_that_are_no_request(emu: Emulator, wire: Wire) -> None:
    async with grpc.aio.insecure_channel(emu.grpc_endpoint.removeprefix("http://")) as channel:
        call = channel.unary_unary("/kentik.kmi.v202212.KmiService/GetRankings")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(b"\xff\xff", metadata=wire.metadata)
    assert caught.value.code() is Code.INVALID_ARGUMENT


async def test_wrong_credentials_use_no_quota(emu: Emulator) -> None:
    for intruder in (User("demo@example.com", "wrong"), User("who@example.com", "emulator-token")):
        async with wired(emu, intruder) as wire:
            code, _ = await refused(wire, wire.kmi.ListMarkets, kmi.ListMarketsRequest())
            assert code is Code.UNAUTHENTICATED
    assert [(call.customer, call.in_minute, call.status) for call in emu.calls] == [("", 0, 401)] * 2
    assert not emu.report().customers


async def test_a_missing_scope_is_named() -> None:
    reader = User("reader@example.com", "t", scopes=READ_SCOPES)
    nobody = User("nobody@example.com", "t", scopes=frozenset())
    async with Emulator(speed=600, users=[reader, nobody]) as emu:
        async with wired(emu, reader) as wire:
            await wire.call(wire.groups.ListASGroups, groups.ListASGroupsRequest())
            code, details = await refused(wire, wire.groups.CreateASGroup, create("New"))
            assert code is Code.PERMISSION_DENIED
            assert "admin.as_group:write" in details
        async with wired(emu, nobody) as wire:
            code, details = await refused(wire, wire.kmi.ListMarkets, kmi.ListMarketsRequest())
            assert code is Code.PERMISSION_DENIED
            assert "admin.kmi:read" in details


async def test_the_next_day_answers_differ(emu: Emulator, wire: Wire) -> None:
    request = kmi.GetRankingsRequest(market_id="cc$US")
    before = await wire.call(wire.kmi.GetRankings, request)
    emu.advance_day()
    after = await wire.call(wire.kmi.GetRankings, request)
    assert before != after
    assert [r.asn for r in after.rankings] == [r.asn for r in emu.state.rankings("cc$US")]


async def test_the_record_holds_the_request(emu: Emulator, wire: Wire) -> None:
    await wire.call(wire.kmi.GetRankings, kmi.GetRankingsRequest(market_id="cc$DE", limit=3))
    await wire.call(wire.groups.CreateASGroup, create("Recorded", "1"))
    first, second = emu.calls
    assert (first.operation, first.transport, first.code) == ("kmi.get_rankings", "grpc", "OK")
    assert first.path == "/kentik.kmi.v202212.KmiService/GetRankings"
    assert first.arguments == {"market_id": "cc$DE", "limit": 3}
    assert second.arguments == {"as_group": {"name": "Recorded", "asn": ["1"]}}
    assert first.received <= first.answered <= second.received <= second.answered
    assert (first.user, first.customer) == ("demo@example.com", "demo@example.com")


async def test_the_record_is_made_at_the_port(emu: Emulator, wire: Wire) -> None:
    clock, request = asyncio.get_running_loop().time, kmi.ListMarketsRequest()
    await wire.call(wire.kmi.ListMarkets, request)
    outside = []
    for _ in range(30):
        sent = clock()
        await wire.call(wire.kmi.ListMarkets, request)
        outside.append((sent, clock()))
    records = [(call.received, call.answered) for call in emu.calls[1:]]
    assert all(s <= r <= a <= h for (s, h), (r, a) in zip(outside, records, strict=True))
