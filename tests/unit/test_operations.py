"""Each operation matches the vendor's pages; encoding and decoding belong to the codecs."""

from datetime import UTC, datetime
from typing import Any

import pytest

from kentik_async import (
    DecodeError,
    SiteMarket,
    SiteV6,
    ValidationError,
)
from kentik_async._generated.site import v202509 as site_wire
from kentik_async._operations import as_groups, kmi, sites, sites_v6
from kentik_async._operations.request import Operation, Request
from kentik_async.retry import Effect

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KMI = "/kentik.kmi.v202212.KmiService/"
AS_GROUP = "/kentik.as_group.v202212.ASGroupService/"
SITE = "/kentik.site.v202509.SiteService/"

SITE_V6 = SiteV6(id="1", title="Site", type="cloud")
SITE_MARKET = SiteMarket(id="1", name="Europe")


def now() -> datetime:
    return NOW


REQUESTS: list[Request[Any]] = [
    kmi.list_markets(),
    kmi.get_rankings("cc$US", "customer_base", "v4", None, now),
    kmi.get_asn_details("cc$US", 1, "all", "v4", "all", "all", "all", now),
    kmi.get_global_insights(),
    kmi.get_asn_insights(1),
    as_groups.list_as_groups(),
    as_groups.get_as_group("1"),
    as_groups.create_as_group("x", [1]),
    as_groups.update_as_group("1", "x", [1]),
    as_groups.delete_as_group("1"),
    sites.list_sites(),
    sites.get_site(1),
    sites.create_site("Site", 1, 2),
    sites.update_site(1, lat=1),
    sites.delete_site(1),
    sites.list_plans(),
    sites_v6.list_sites(),
    sites_v6.get_site(1),
    sites_v6.create_site(SITE_V6),
    sites_v6.replace_site(SITE_V6),
    sites_v6.update_site(site_wire.Site(id="1")),
    sites_v6.delete_site(1),
    sites_v6.list_site_markets(),
    sites_v6.get_site_market(1),
    sites_v6.create_site_market(SITE_MARKET),
    sites_v6.replace_site_market(SITE_MARKET),
    sites_v6.update_site_market(site_wire.SiteMarket(id="1")),
    sites_v6.delete_site_market(1),
]

EXPECTED = {
    "kmi.list_markets": ("grpc", "GET", Effect.READ, KMI + "ListMarkets"),
    "kmi.get_rankings": ("grpc", "POST", Effect.READ, KMI + "GetRankings"),
    "kmi.get_asn_details": ("grpc", "POST", Effect.READ, KMI + "GetASNDetails"),
    "kmi.get_global_insights": ("grpc", "GET", Effect.READ, KMI + "GetGlobalInsights"),
    "kmi.get_asn_insights": ("grpc", "GET", Effect.READ, KMI + "GetASNInsights"),
    "as_groups.list": ("grpc", "GET", Effect.READ, AS_GROUP + "ListASGroups"),
    "as_groups.get": ("grpc", "GET", Effect.READ, AS_GROUP + "GetASGroup"),
    "as_groups.create": ("grpc", "POST", Effect.CREATE, AS_GROUP + "CreateASGroup"),
    "as_groups.update": ("grpc", "PUT", Effect.REPLACE, AS_GROUP + "UpdateASGroup"),
    "as_groups.delete": ("grpc", "DELETE", Effect.REPLACE, AS_GROUP + "DeleteASGroup"),
    "sites.list": ("rest", "GET", Effect.READ, "/sites"),
    "sites.get": ("rest", "GET", Effect.READ, "/site/1"),
    "sites.create": ("rest", "POST", Effect.CREATE, "/site"),
    "sites.update": ("rest", "PUT", Effect.REPLACE, "/site/1"),
    "sites.delete": ("rest", "DELETE", Effect.REPLACE, "/site/1"),
    "plans.list": ("rest", "GET", Effect.READ, "/plans"),
    "sites_v6.list": ("grpc", "GET", Effect.READ, SITE + "ListSites"),
    "sites_v6.get": ("grpc", "GET", Effect.READ, SITE + "GetSite"),
    "sites_v6.create": ("grpc", "POST", Effect.CREATE, SITE + "CreateSite"),
    "sites_v6.replace": ("grpc", "PUT", Effect.REPLACE, SITE + "UpdateSite"),
    "sites_v6.update": ("grpc", "PUT", Effect.REPLACE, SITE + "UpdateSite"),
    "sites_v6.delete": ("grpc", "DELETE", Effect.REPLACE, SITE + "DeleteSite"),
    "site_markets.list": ("grpc", "GET", Effect.READ, SITE + "ListSiteMarkets"),
    "site_markets.get": ("grpc", "GET", Effect.READ, SITE + "GetSiteMarket"),
    "site_markets.create": ("grpc", "POST", Effect.CREATE, SITE + "CreateSiteMarket"),
    "site_markets.replace": ("grpc", "PUT", Effect.REPLACE, SITE + "UpdateSiteMarket"),
    "site_markets.update": ("grpc", "PUT", Effect.REPLACE, SITE + "UpdateSiteMarket"),
    "site_markets.delete": ("grpc", "DELETE", Effect.REPLACE, SITE + "DeleteSiteMarket"),
}


def test_every_operation_is_here() -> None:
    made = {
        value.name
        for module in (as_groups, kmi, sites, sites_v6)
        for value in vars(module).values()
        if isinstance(value, Operation)
    }
    assert {request.operation.name for request in REQUESTS} == made == set(EXPECTED)


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.operation.name)
def test_what_an_operation_is(request_: Request[Any]) -> None:
    operation = request_.operation
    found = (operation.protocol, operation.verb, operation.effect, request_.path)
    assert found == EXPECTED[operation.name]
    assert operation.quota_class == "non_query"


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.operation.name)
def test_a_body_stays_out_of_tracebacks(request_: Request[Any]) -> None:
    assert "body" not in repr(request_)


@pytest.mark.parametrize(
    "request_",
    [request for request in REQUESTS if request.operation.name != "sites.delete"],
    ids=lambda request: request.operation.name,
)
def test_what_is_no_answer_is_a_decode_error(request_: Request[Any]) -> None:
    with pytest.raises(DecodeError):
        request_.decode(b"\xff\xff\xff\xff not an answer")


def test_an_answer_is_stamped_when_it_is_read() -> None:
    assert kmi.get_rankings("cc$US", "customer_base", "v4", None, now).decode(b"").fetched_at is NOW


def test_arguments_are_checked_before_there_is_a_request() -> None:
    with pytest.raises(ValidationError):
        kmi.get_rankings(" ", "customer_base", "v4", None, now)
    with pytest.raises(ValidationError):
        sites.get_site("../users")


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda: kmi.get_rankings("cc$US", "nope", "v4", None), "kmi.get_rankings"),
        (lambda: kmi.get_asn_insights("x"), "kmi.get_asn_insights"),
        (lambda: as_groups.create_as_group("", []), "as_groups.create"),
        (lambda: sites.get_site(0), "sites.get"),
        (lambda: sites.update_site(1), "sites.update"),
        (lambda: sites_v6.get_site(" "), "sites_v6.get"),
        (lambda: sites_v6.replace_site(SiteV6(title="x", type="cloud")), "sites_v6.replace"),
        (lambda: sites_v6.change_site({}), "sites_v6.update"),
        (lambda: sites_v6.change_site_market({"id": "2"}), "site_markets.update"),
    ],
)
def test_an_invalid_argument_names_its_operation(build: Any, name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        build()
    assert (caught.value.operation, caught.value.attempts) == (name, 0)
