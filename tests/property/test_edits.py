"""A change of some fields: these get their new values, and all other bytes of the object stay."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kentik_async._codec import as_groups, sites_v6
from kentik_async._codec.site_fields import CHECKS, site_model
from kentik_async._generated.site import v202509 as wire
from kentik_async.models import (
    ASGroup,
    AutonomousSystem,
    Layer,
    LayerSet,
    PeeringDBSiteMapping,
    PostalAddress,
    SiteIpAddressClassification,
    SiteMarket,
    SiteType,
    SiteV6,
)
from tests.support.protowire import message

words = st.text(
    st.characters(exclude_categories=["Cs", "Zs", "Cc"], exclude_characters="\0"), min_size=1, max_size=5
)
optional_words = st.just("") | words.filter(str.strip)
words = words.filter(str.strip)
lists_of_words = st.lists(words, max_size=2).map(tuple)


def tuples(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(strategy, max_size=2).map(tuple)


VALUES = {
    "title": words,
    "lat": st.floats(-90, 90),
    "lon": st.floats(-180, 180),
    "postal_address": st.none()
    | st.builds(
        PostalAddress,
        address=words,
        city=words,
        region=optional_words,
        postal_code=optional_words,
        country=words,
    ),
    "type": st.sampled_from(SiteType).filter(lambda type: type != "unspecified") | st.just("42"),
    "address_classification": st.none()
    | st.builds(
        SiteIpAddressClassification,
        infrastructure_networks=lists_of_words,
        user_access_networks=lists_of_words,
        other_networks=lists_of_words,
    ),
    "architecture": tuples(
        st.builds(LayerSet, layers=tuples(st.builds(Layer, name=optional_words, device_ids=lists_of_words)))
    ),
    "site_market": st.none()
    | st.builds(SiteMarket, id=st.none() | words, name=words, description=optional_words),
    "peeringdb_site_mapping": tuples(
        st.builds(
            PeeringDBSiteMapping,
            id=optional_words,
            site_id=optional_words,
            peeringdb_fac_id=words,
            company_id=optional_words,
        )
    ),
}
sites = st.fixed_dictionaries(VALUES).map(lambda values: SiteV6(id="17", **values))
changes = st.fixed_dictionaries({}, optional=VALUES).filter(bool)

UNKNOWN = message((99, "a field of tomorrow"), (100, 7))


def stored(site: SiteV6) -> wire.Site:
    raw = wire.UpdateSiteRequest.FromString(sites_v6.encode_replace(site)).site.SerializeToString()
    return wire.Site.FromString(raw + UNKNOWN)


def test_every_field_has_values() -> None:
    assert VALUES.keys() == CHECKS.keys()


@given(sites)
def test_a_site_that_is_sent_is_read_the_same(site: SiteV6) -> None:
    assert site_model(stored(site)) == site


@given(sites, changes)
def test_update_changes_only_the_named_fields(site: SiteV6, values: dict[str, Any]) -> None:
    before = stored(site)
    raw = before.SerializeToString()
    after = sites_v6.change(values)(before)
    assert before.SerializeToString() == raw, "the site that was read is not changed"
    found = site_model(after)
    for name in SiteV6.__struct_fields__:
        assert getattr(found, name) == (values[name] if name in values else getattr(site, name)), name
    sent = sites_v6.encode_update(after)
    assert UNKNOWN in sent, "a field that this SDK does not know stays"


asns = st.integers(1, 12)
groups = st.lists(asns, unique=True).map(
    lambda members: ASGroup("1", "x", tuple(AutonomousSystem(asn, f"network {asn}") for asn in members))
)


@given(groups, st.lists(asns), st.lists(asns))
def test_members_are_added_at_the_end_and_removed(
    group: ASGroup, added: list[int], removed: list[int]
) -> None:
    found = as_groups.change_members(added, removed)(group).asn
    kept = [member for member in group.asn if member.asn not in removed]
    assert list(found[: len(kept)]) == kept, "members keep their order and names"
    new = [member.asn for member in found[len(kept) :]]
    assert len(set(new)) == len(new)
    assert {member.asn for member in found} == ({member.asn for member in group.asn} | set(added)) - set(
        removed
    )
