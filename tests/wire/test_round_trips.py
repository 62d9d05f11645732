"""Every operation against servers that share no code with the client: its request and its result."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from kentik_async import AutonomousSystem, KentikClient
from tests.support.protowire import message, repeated, texts
from tests.wire.servers.independent import EMAIL, TOKEN, Answer, ForeignGrpc, ForeignRest

KMI = "/kentik.kmi.v202212.KmiService/"
AS_GROUP = "/kentik.as_group.v202212.ASGroupService/"

UNKNOWN = (99, "a field of tomorrow")
TIMESTAMP = message((1, 1_700_000_000), (2, 500_000_000))
INSTANT = datetime(2023, 11, 14, 22, 13, 20, 500_000, tzinfo=UTC)


def only_call(server: ForeignGrpc, path: str) -> dict[int, Any]:
    """Return the fields of the only request, which must have been sent to `path` with credentials."""
    (received,) = server.received
    assert received.path == path
    assert received.metadata["x-ch-auth-email"] == EMAIL
    assert received.metadata["x-ch-auth-api-token"] == TOKEN
    assert received.metadata["user-agent"].startswith("kentik-async/")
    return texts(received.body)


async def test_list_markets(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    markets = [message((1, "planet$earth"), (2, "Planet Earth")), message((1, "cc$CH"), UNKNOWN)]
    grpc_server.usual = message(*repeated(1, markets), UNKNOWN)
    found = await kentik.kmi.list_markets()
    assert only_call(grpc_server, KMI + "ListMarkets") == {}
    assert [(market.market_id, market.name) for market in found] == [
        ("planet$earth", "Planet Earth"),
        ("cc$CH", ""),
    ]


async def test_get_rankings(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    rows = [
        message((1, 64512), (2, "One"), (3, 1), (4, 4294967295), (5, 900), (6, 4294966996), UNKNOWN),
        message((2, "Two"), (3, 0), (4, 0)),
    ]
    grpc_server.usual = message(*repeated(1, rows), (2, 7), UNKNOWN)
    found = await kentik.kmi.get_rankings("cc$US", "customer_base_wholesale", "v6", limit=2)
    asked = only_call(grpc_server, KMI + "GetRankings")
    assert asked == {1: "cc$US", 2: "customer_base_wholesome", 3: "v6", 4: 2}
    first, second = found
    assert (first.asn, first.name, first.rank, first.rank_change) == (64512, "One", 1, -1)
    assert (first.score, first.score_change) == (900, -300)
    assert (second.asn, second.rank, second.rank_change, second.score) == (None, 0, 0, None)
    assert (found.invalid_count, found.market_id, found.rank_type, found.ip, found.limit) == (
        7,
        "cc$US",
        "customer_base_wholesome",
        "v6",
        2,
    )
    assert found.maybe_truncated
    assert found.fetched_at.tzinfo is UTC


async def test_an_omitted_limit_is_not_sent(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    await kentik.kmi.get_rankings("cc$US")
    assert only_call(grpc_server, KMI + "GetRankings") == {1: "cc$US", 2: "customer_base", 3: "v4"}


async def test_get_asn_details(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    customer = message((1, 1), (2, "Customer"), (3, 0), (4, True), (5, False), UNKNOWN)
    provider = message((1, 2), (2, "Provider"), (3, 5), (6, True))
    peer = message((1, 3), (2, "Peer"), (3, 0))
    bare_peer = message((2, "Silent"))
    details = message(
        (1, 4_200_000_000),
        (2, "Example"),
        (3, "Switzerland"),
        (4, customer),
        (5, provider),
        (6, peer),
        (6, bare_peer),
        UNKNOWN,
    )
    grpc_server.usual = message((1, details), UNKNOWN)
    found = await kentik.kmi.get_asn_details(
        "planet$earth", "AS4200000000", "customer", "v4", "only", "exclude", "all"
    )
    asked = only_call(grpc_server, KMI + "GetASNDetails")
    assert asked == {
        1: "planet$earth",
        2: "4200000000",
        3: "v4",
        4: "customers",
        5: "only",
        6: "exclude",
        7: "all",
    }
    assert (found.asn, found.name, found.country_name) == (4_200_000_000, "Example", "Switzerland")
    (one,), (two,), (three, silent) = found.customers, found.providers, found.peers
    assert (one.asn, one.name, one.score) == (1, "Customer", 0)
    assert (one.singlehomed_customer, one.mutual_customer, one.mutual_provider) == (True, False, None)
    assert (two.score, two.singlehomed_customer, two.mutual_provider) == (5, None, True)
    assert (three.asn, three.pfx_count) == (3, 0)
    assert (silent.asn, silent.pfx_count) == (None, None)
    assert (found.market_id, found.ip, found.type) == ("planet$earth", "v4", "customers")


async def test_get_global_insights(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    insight = message((1, 64512), (2, "One"), (3, 0), (4, "grew"), (5, "2026-01-02T03:04:05Z"), UNKNOWN)
    grpc_server.usual = message((1, insight), (1, message((5, "lately"))), UNKNOWN)
    first, second = await kentik.kmi.get_global_insights(
        market_id="cc$US",
        ip="v6",
        types=["market_entrance", "ranking_gain"],
        lookback=7,
        magnitude=3,
        limit=9,
    )
    asked = only_call(grpc_server, KMI + "GetGlobalInsights")
    assert asked == {1: 9, 2: "cc$US", 3: "v6", 4: 7, 5: ["market_entrance", "ranking_gain"], 6: 3}
    assert (first.asn, first.name, first.type, first.message) == (64512, "One", 0, "grew")
    assert first.created_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (second.asn, second.type, second.created_at) == (None, None, None)


async def test_get_asn_insights(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    grpc_server.usual = message((1, message((1, 64512), (3, 4))))
    (insight,) = await kentik.kmi.get_asn_insights(
        "1.10", market_id="cc$US", ip="v4", types=("ranking_loss",), lookback=30, magnitude=5, limit=1
    )
    asked = only_call(grpc_server, KMI + "GetASNInsights")
    assert asked == {1: "65546", 2: 1, 3: "cc$US", 4: "v4", 5: 30, 6: "ranking_loss", 7: 5}
    assert (insight.asn, insight.type) == (64512, 4)


async def test_what_is_not_asked_of_the_insights_is_not_sent(
    kentik: KentikClient, grpc_server: ForeignGrpc
) -> None:
    assert list(await kentik.kmi.get_global_insights()) == []
    assert only_call(grpc_server, KMI + "GetGlobalInsights") == {}


GROUP = message(
    (1, "17"),
    (2, "Ours"),
    (3, message((1, 64512), (2, "One"), UNKNOWN)),
    (3, message((1, 4_294_967_295))),
    (5, TIMESTAMP),
    UNKNOWN,
)


def assert_is_group(found: Any) -> None:
    assert (found.id, found.name) == ("17", "Ours")
    assert found.asn == (AutonomousSystem(64512, "One"), AutonomousSystem(4_294_967_295, ""))
    assert (found.created_date, found.updated_date) == (INSTANT, None)


async def test_list_as_groups(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    grpc_server.usual = message((1, GROUP), (2, 3), UNKNOWN)
    found = await kentik.as_groups.list()
    assert only_call(grpc_server, AS_GROUP + "ListASGroups") == {}
    assert found.invalid_count == 3
    (group,) = found
    assert_is_group(group)


async def test_get_as_group(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    grpc_server.usual = message((1, GROUP), UNKNOWN)
    assert_is_group(await kentik.as_groups.get("17"))
    assert only_call(grpc_server, AS_GROUP + "GetASGroup") == {1: "17"}


async def test_create_as_group(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    grpc_server.usual = message((1, GROUP))
    assert_is_group(await kentik.as_groups.create("Ours", [64512, "AS4294967295"]))
    (received,) = grpc_server.received
    assert received.path == AS_GROUP + "CreateASGroup"
    assert received.body == message((1, message((2, "Ours"), (3, "64512"), (3, "4294967295"))))


async def test_update_as_group(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    grpc_server.usual = message((1, GROUP))
    assert_is_group(await kentik.as_groups.update("17", "Ours", [64512]))
    (received,) = grpc_server.received
    assert received.path == AS_GROUP + "UpdateASGroup"
    assert received.body == message((1, message((1, "17"), (2, "Ours"), (3, "64512"))))


async def test_delete_as_group(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    await kentik.as_groups.delete("17")
    assert only_call(grpc_server, AS_GROUP + "DeleteASGroup") == {1: "17"}


SITE = {"id": "42", "site_name": "Site 1", "lat": None, "lon": "8.5", "company_id": 7, "new": [1]}


def only_request(server: ForeignRest, verb: str, target: str) -> Any:
    """Return the document of the only request, which must match and have credentials."""
    (asked,) = server.received
    assert (asked.verb, asked.target) == (verb, "/api/v5" + target)
    assert asked.headers["x-ch-auth-email"] == EMAIL
    assert asked.headers["x-ch-auth-api-token"] == TOKEN
    assert asked.headers["user-agent"].startswith("kentik-async/")
    assert ("content-type" in asked.headers) == bool(asked.body)
    return msgspec.json.decode(asked.body) if asked.body else None


def assert_is_site(found: Any) -> None:
    assert (found.id, found.site_name, found.lat, found.lon, found.company_id) == (
        42,
        "Site 1",
        None,
        8.5,
        7,
    )


async def test_list_sites(kentik: KentikClient, rest_server: ForeignRest) -> None:
    rest_server.usual = Answer(body=msgspec.json.encode({"sites": [SITE], "new": 1}))
    (site,) = await kentik.sites.list()
    assert only_request(rest_server, "GET", "/sites") is None
    assert_is_site(site)


async def test_get_site(kentik: KentikClient, rest_server: ForeignRest) -> None:
    rest_server.usual = Answer(body=msgspec.json.encode({"site": SITE}))
    assert_is_site(await kentik.sites.get("42"))
    assert only_request(rest_server, "GET", "/site/42") is None


async def test_create_site(kentik: KentikClient, rest_server: ForeignRest) -> None:
    rest_server.usual = Answer(201, msgspec.json.encode({"site": SITE}))
    assert_is_site(await kentik.sites.create("Site 1", 47.25, "8.5"))
    sent = only_request(rest_server, "POST", "/site")
    assert sent == {"site": {"site_name": "Site 1", "lat": 47.25, "lon": 8.5}}


async def test_update_site_sends_what_is_given_only(kentik: KentikClient, rest_server: ForeignRest) -> None:
    rest_server.usual = Answer(body=msgspec.json.encode({"site": SITE}))
    assert_is_site(await kentik.sites.update(42, lat=47.25))
    assert only_request(rest_server, "PUT", "/site/42") == {"site": {"lat": 47.25}}


async def test_delete_site(kentik: KentikClient, rest_server: ForeignRest) -> None:
    rest_server.usual = Answer(204, b"")
    await kentik.sites.delete(42)
    assert only_request(rest_server, "DELETE", "/site/42") is None


async def test_list_plans(kentik: KentikClient, rest_server: ForeignRest) -> None:
    plan = {
        "id": 11,
        "name": "Free",
        "edate": None,
        "deviceTypes": [{"device_type": "router"}, {"device_subtype": "host-nprobe"}],
        "devices": [{"id": "77", "device_name": "one", "device_type": "router"}],
        "metadata": {},
    }
    rest_server.usual = Answer(body=msgspec.json.encode({"plans": [plan]}))
    (found,) = await kentik.plans.list()
    assert only_request(rest_server, "GET", "/plans") is None
    assert (found.id, found.name, found.edate, found.max_fps) == (11, "Free", None, None)
    assert [kind.device_subtype for kind in found.device_types] == ["router", "host-nprobe"]
    assert [(device.id, device.device_subtype) for device in found.devices] == [(77, "router")]


@pytest.mark.parametrize("wrapped", [False, True])
async def test_sites_are_read_with_and_without_wrapping(
    kentik: KentikClient, rest_server: ForeignRest, wrapped: bool
) -> None:
    rest_server.usual = Answer(body=msgspec.json.encode({"site": SITE} if wrapped else SITE))
    assert_is_site(await kentik.sites.get(42))
