"""Sites of API v6 and their markets on the wire: encoding requests and decoding answers."""

import datetime as dt

import pytest

from kentik_async._codec import site_markets, sites_v6
from kentik_async._codec.site_fields import site_model, writable
from kentik_async._generated.site import v202509 as wire
from kentik_async.errors import DecodeError, ValidationError
from kentik_async.models import (
    Layer,
    LayerSet,
    PeeringDBSiteMapping,
    PostalAddress,
    SiteIpAddressClassification,
    SiteMarket,
    SiteType,
    SiteV6,
)

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)

MARKET = SiteMarket(id="7", name="Europe", description="PoPs", number_of_sites=3, cdate=NOON, edate=NOON)
SITE = SiteV6(
    id="17",
    title="fra1",
    lat=50.11,
    lon=-8.68,
    postal_address=PostalAddress(
        address="Kleyerstr. 90", city="Frankfurt", region="HE", postal_code="60326", country="Germany"
    ),
    type=SiteType.DATA_CENTER,
    address_classification=SiteIpAddressClassification(
        infrastructure_networks=("192.0.2.0/24",), other_networks=("2001:db8::/32", "198.51.100.0/24")
    ),
    architecture=(
        LayerSet(layers=(Layer(name="edge", device_ids=("1", "2")), Layer())),
        LayerSet(),
    ),
    site_market=MARKET,
    peeringdb_site_mapping=(
        PeeringDBSiteMapping(
            id="3", site_id="17", peeringdb_fac_id="58", company_id="9", cdate=NOON, edate=None
        ),
    ),
)


def market_on_the_wire() -> wire.SiteMarket:
    market = wire.SiteMarket(id="7", name="Europe", description="PoPs", number_of_sites=3)
    market.cdate.FromDatetime(NOON)
    market.edate.FromDatetime(NOON)
    return market


def on_the_wire() -> wire.Site:
    site = wire.Site(
        id="17",
        title="fra1",
        lat=50.11,
        lon=-8.68,
        type=wire.SITE_TYPE_DATA_CENTER,
        postal_address=wire.PostalAddress(
            address="Kleyerstr. 90", city="Frankfurt", region="HE", postal_code="60326", country="Germany"
        ),
        address_classification=wire.SiteIpAddressClassification(
            infrastructure_networks=["192.0.2.0/24"], other_networks=["2001:db8::/32", "198.51.100.0/24"]
        ),
        architecture=[
            wire.LayerSet(layers=[wire.Layer(name="edge", device_ids=["1", "2"]), wire.Layer()]),
            wire.LayerSet(),
        ],
        site_market=market_on_the_wire(),
        peeringdb_site_mapping=[
            wire.PeeringDBSiteMapping(id="3", site_id="17", peeringdb_fac_id="58", company_id="9")
        ],
    )
    site.peeringdb_site_mapping[0].cdate.FromDatetime(NOON)
    return site


def as_sent() -> wire.Site:
    """Return the same site without the fields that only the server sets."""
    site = on_the_wire()
    site.peeringdb_site_mapping[0].ClearField("cdate")
    for name in ("number_of_sites", "cdate", "edate"):
        site.site_market.ClearField(name)
    return site


class TestAnswers:
    @pytest.mark.parametrize(
        ("decode", "message"),
        [
            (sites_v6.decode_get, wire.GetSiteResponse),
            (sites_v6.decode_create, wire.CreateSiteResponse),
            (sites_v6.decode_update, wire.UpdateSiteResponse),
        ],
    )
    def test_one_site(self, decode, message) -> None:
        assert decode(message(site=on_the_wire()).SerializeToString()) == SITE
        with pytest.raises(DecodeError, match=f"has no site: the field site of {message.__name__}"):
            decode(b"")

    @pytest.mark.parametrize(
        ("decode", "message"),
        [
            (site_markets.decode_get, wire.GetSiteMarketResponse),
            (site_markets.decode_create, wire.CreateSiteMarketResponse),
            (site_markets.decode_update, wire.UpdateSiteMarketResponse),
        ],
    )
    def test_one_site_market(self, decode, message) -> None:
        assert decode(message(site_market=market_on_the_wire()).SerializeToString()) == MARKET
        with pytest.raises(DecodeError, match="has no site market"):
            decode(b"")

    def test_lists(self) -> None:
        sites = wire.ListSitesResponse(sites=[on_the_wire()], invalid_count=2)
        found = sites_v6.decode_list(sites.SerializeToString())
        assert (tuple(found), found.invalid_count) == ((SITE,), 2)
        markets = wire.ListSiteMarketsResponse(site_markets=[market_on_the_wire()], invalid_count=3)
        listed = site_markets.decode_list(markets.SerializeToString())
        assert (tuple(listed), listed.invalid_count) == ((MARKET,), 3)

    def test_a_bare_site_has_no_optional_parts(self) -> None:
        found = sites_v6.decode_get(wire.GetSiteResponse(site=wire.Site()).SerializeToString())
        assert found == SiteV6(title="", type=SiteType.UNSPECIFIED)

    def test_an_unknown_type_is_kept(self) -> None:
        raw = wire.GetSiteResponse(site=wire.Site(id="1", title="x", type=99)).SerializeToString()
        found = sites_v6.decode_get(raw)
        assert found.type == "99"
        sent = wire.UpdateSiteRequest.FromString(sites_v6.encode_replace(found)).site
        assert sent.type == 99


class TestRequests:
    def test_ids(self) -> None:
        assert wire.GetSiteRequest.FromString(sites_v6.encode_get(17)).id == "17"
        assert wire.DeleteSiteRequest.FromString(sites_v6.encode_delete("17")).id == "17"
        assert wire.GetSiteMarketRequest.FromString(site_markets.encode_get("7")).id == "7"
        assert wire.DeleteSiteMarketRequest.FromString(site_markets.encode_delete(7)).id == "7"

    def test_replace_sends_everything_but_what_the_server_sets(self) -> None:
        assert wire.UpdateSiteRequest.FromString(sites_v6.encode_replace(SITE)).site == as_sent()
        sent = wire.UpdateSiteMarketRequest.FromString(site_markets.encode_replace(MARKET)).site_market
        assert sent == wire.SiteMarket(id="7", name="Europe", description="PoPs")

    def test_create_sends_no_id(self) -> None:
        expected = as_sent()
        expected.ClearField("id")
        assert wire.CreateSiteRequest.FromString(sites_v6.encode_create(SITE)).site == expected
        sent = wire.CreateSiteMarketRequest.FromString(site_markets.encode_create(MARKET)).site_market
        assert sent == wire.SiteMarket(name="Europe", description="PoPs")

    def test_an_update_sends_what_was_read_and_the_change(self) -> None:
        change = sites_v6.change({"title": "fra2", "lat": "0", "postal_address": None, "type": "cloud"})
        sent = wire.UpdateSiteRequest.FromString(sites_v6.encode_update(change(on_the_wire()))).site
        expected = as_sent()
        expected.title, expected.lat, expected.type = "fra2", 0, wire.SITE_TYPE_CLOUD
        expected.ClearField("postal_address")
        assert sent == expected

    @pytest.mark.parametrize("name", ["cloud", "SITE_TYPE_CLOUD", SiteType.CLOUD])
    def test_a_type_has_several_spellings(self, name: str) -> None:
        assert sites_v6.change({"type": name})(wire.Site()).type == wire.SITE_TYPE_CLOUD

    @pytest.mark.parametrize("number", [7, 2**31 - 1, -1, -(2**31)])
    def test_an_unknown_type_is_written_as_it_was_read(self, number: int) -> None:
        site = site_model(wire.Site(id="17", title="fra1", type=number))
        sent = wire.UpdateSiteRequest.FromString(sites_v6.encode_replace(site)).site
        assert (site.type, sent.type) == (str(number), number)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"type": str(2**31)}, "type must be one of"),
            ({}, "at least one change is required: title, lat, "),
            ({"id": "2"}, "changes must be some of title, lat, .*; got 'id'"),
            ({"title": " "}, "title must be"),
            ({"title": None}, "title must be"),
            ({"lat": 91}, "lat must be"),
            ({"lon": None}, "lon must be"),
            ({"type": "castle"}, "type must be one of .*; got 'castle'"),
            ({"type": "unspecified"}, "type must be one of data_center, .*; got 'unspecified'"),
            ({"postal_address": "Frankfurt"}, "postal_address must be a PostalAddress; got str"),
            (
                {"postal_address": PostalAddress(address="x", city="", country="x")},
                r"postal_address\.city must be",
            ),
            ({"address_classification": ()}, "address_classification must be a SiteIpAddressClassification"),
            (
                {"address_classification": SiteIpAddressClassification(other_networks="10.0.0.0/8")},  # type: ignore[arg-type]  # the mistake
                r"address_classification\.other_networks must be a list of str",
            ),
            ({"architecture": [Layer()]}, r"architecture\[0\] must be a LayerSet; got Layer"),
            (
                {"architecture": [LayerSet(layers=(Layer(device_ids=("1", "")),))]},
                r"architecture\[0\]\.layers\[0\]\.device_ids\[1\] must be",
            ),
            ({"site_market": "Europe"}, "site_market must be a SiteMarket; got str"),
            ({"site_market": SiteMarket(name="")}, r"site_market\.name must be"),
            (
                {"site_market": SiteMarket(name="x", description=None)},  # type: ignore[arg-type]  # the mistake
                r"site_market\.description must be a string that is empty or not blank; got None",
            ),
            (
                {"peeringdb_site_mapping": [PeeringDBSiteMapping(peeringdb_fac_id="")]},
                r"peeringdb_site_mapping\[0\]\.peeringdb_fac_id must be",
            ),
        ],
    )
    def test_invalid_changes(self, changes, message: str) -> None:
        with pytest.raises(ValidationError, match=f"^{message}"):
            sites_v6.change(changes)

    @pytest.mark.parametrize(
        "encode",
        [
            lambda: sites_v6.encode_replace(SiteV6(title="x", type="cloud")),
            lambda: site_markets.encode_replace(SiteMarket(name="x")),
            lambda: sites_v6.encode_create({"title": "x"}),
            lambda: site_markets.encode_create("x"),
            lambda: sites_v6.encode_get(""),
            lambda: site_markets.change({"number_of_sites": 1}),
        ],
    )
    def test_invalid_arguments(self, encode) -> None:
        with pytest.raises(ValidationError, match="must be"):
            encode()


def test_only_what_the_server_sets_is_not_compared() -> None:
    bare = sites_v6.decode_get(wire.GetSiteResponse(site=as_sent()).SerializeToString())
    assert bare != SITE
    assert writable(bare) == writable(SITE)
    assert writable(SiteV6(title="x", type="cloud")) == SiteV6(title="x", type="cloud")
