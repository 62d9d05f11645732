"""Sites and site markets of API v6: over gRPC with our client, and as JSON with bare HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from kentik_async import (
    APIError,
    BadRequestError,
    ConflictError,
    KentikClient,
    NotFoundError,
    PermissionDeniedError,
    PostalAddress,
    SiteMarket,
    SiteType,
    SiteV6,
)
from kentik_async.emulator import DEFAULT_USER, Emulator, User
from tests.emulator.bare_wire import Wire

PATH = "/site/v202509"
READER = User("reader@example.com", "reader-token", customer=DEFAULT_USER.customer, role="member")


@pytest.fixture
async def emu() -> AsyncIterator[Emulator]:
    async with Emulator(speed=6000, users=[DEFAULT_USER, READER]) as emulator:
        yield emulator


@pytest.fixture
async def kentik(emu: Emulator) -> AsyncIterator[KentikClient]:
    async with emu.client() as client:
        yield client


async def test_a_site_from_creation_to_deletion(kentik: KentikClient) -> None:
    europe = await kentik.site_markets.create(SiteMarket(name="Alps", description="Mountains"))
    new = SiteV6(
        title="zrh1",
        type="data_center",
        lat=47.4,
        lon=8.5,
        postal_address=PostalAddress(address="Street 1", city="Zurich", country="Switzerland"),
        site_market=europe,
    )
    site = await kentik.sites_v6.create(new)
    assert site.id is not None
    assert site.site_market is not None
    assert (site.type, site.site_market.number_of_sites) == (SiteType.DATA_CENTER, 1)
    assert await kentik.sites_v6.get(site.id) == site
    moved = await kentik.sites_v6.update(site.id, lat=1, site_market=None, expected=site)
    assert (moved.lat, moved.lon, moved.postal_address) == (1.0, 8.5, new.postal_address)
    assert moved.site_market is None
    with pytest.raises(ConflictError, match="lat, site_market changed"):
        await kentik.sites_v6.update(site.id, title="stale", expected=site)
    bare = await kentik.sites_v6.replace(SiteV6(id=site.id, title="zrh2", type="other"))
    assert bare == SiteV6(id=site.id, title="zrh2", type="other")
    assert await kentik.sites_v6.get_by_title("zrh2") == bare
    await kentik.sites_v6.delete(site.id)
    with pytest.raises(NotFoundError):
        await kentik.sites_v6.get(site.id)


async def test_a_market_from_creation_to_deletion(kentik: KentikClient) -> None:
    market = await kentik.site_markets.create(SiteMarket(name="Asia"))
    assert market.id is not None
    assert market.cdate == market.edate is not None
    changed = await kentik.site_markets.update(market.id, description="PoPs in Asia")
    assert (changed.name, changed.description) == ("Asia", "PoPs in Asia")
    assert (await kentik.site_markets.replace(SiteMarket(id=market.id, name="APAC"))).description == ""
    assert [found.name for found in await kentik.site_markets.list()] == ["Europe", "APAC"]
    await kentik.site_markets.delete(market.id)
    with pytest.raises(NotFoundError):
        await kentik.site_markets.get(market.id)


async def test_both_apis_have_the_same_sites(kentik: KentikClient) -> None:
    full, *_ = await kentik.sites_v6.list()
    await kentik.sites.update(1, site_name="Frankfurt 2")
    assert (await kentik.sites_v6.get(1)).title == "Frankfurt 2"
    assert (await kentik.sites_v6.get(1)).architecture == full.architecture
    old = await kentik.sites.create("Legacy site", 1, 2)
    assert (await kentik.sites_v6.get(old.id)).type == "other"
    await kentik.sites_v6.update(old.id, lat=5)
    assert (await kentik.sites.get(old.id)).lat == 5.0
    await kentik.sites.delete(1)
    assert (await kentik.site_markets.get(1)).number_of_sites == 0


@pytest.mark.parametrize(
    ("site", "error", "words"),
    [
        ({"site_market": SiteMarket(name="Nowhere")}, BadRequestError, "'Nowhere' does not exist"),
        ({"site_market": SiteMarket(id="99", name="Europe")}, BadRequestError, "'99' does not exist"),
        ({"id": "99"}, NotFoundError, "site '99' not found"),
    ],
)
async def test_sites_that_are_refused(
    kentik: KentikClient, site: dict[str, Any], error: type[APIError], words: str
) -> None:
    with pytest.raises(error, match=words):
        await kentik.sites_v6.replace(SiteV6(**{"id": "1", "title": "x", "type": "cloud", **site}))


async def test_markets_that_are_refused(kentik: KentikClient) -> None:
    with pytest.raises(ConflictError, match="'Europe' is already in use"):
        await kentik.site_markets.create(SiteMarket(name="Europe"))
    with pytest.raises(BadRequestError, match="has sites"):
        await kentik.site_markets.delete("1")


async def test_members_only_read(emu: Emulator) -> None:
    async with emu.client(email=READER.email) as kentik:
        assert len(await kentik.sites_v6.list()) == 3
        with pytest.raises(PermissionDeniedError, match=r"scope admin\.site:write"):
            await kentik.site_markets.update(1, description="x")


async def test_json(emu: Emulator, wire: Wire) -> None:
    status, answer = await wire.rest("GET", f"{PATH}/sites/1")
    assert status == 200
    site = answer["site"]
    assert (site["type"], site["postalAddress"]["city"]) == ("SITE_TYPE_DATA_CENTER", "Frankfurt")
    assert (site["siteMarket"]["numberOfSites"], site["architecture"][0]["layers"][0]["deviceIds"]) == (
        1,
        ["1206"],
    )
    site["title"] = "Frankfurt 3"
    status, answer = await wire.rest("PUT", f"{PATH}/sites/1", json={"site": site})
    assert (status, answer["site"]["title"]) == (200, "Frankfurt 3")
    status, answer = await wire.rest("POST", f"{PATH}/sites", json={"site": {"title": "x"}})
    assert (status, answer["message"]) == (400, "site.type is required")
    status, answer = await wire.rest("POST", f"{PATH}/site_markets", json={"siteMarket": {"name": "Asia"}})
    market = answer["siteMarket"]["id"]
    assert (await wire.rest("DELETE", f"{PATH}/site_markets/{market}"))[0] == 200
    assert (await wire.rest("GET", f"{PATH}/site_markets/{market}"))[0] == 404
    assert {call.operation for call in emu.calls} >= {"sites_v6.update", "site_markets.delete"}
