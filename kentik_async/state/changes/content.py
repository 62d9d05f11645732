"""Converts a declared object to the models of the API. Pure."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from kentik_async.models import (
    ASGroup,
    AutonomousSystem,
    Layer,
    LayerSet,
    PeeringDBSiteMapping,
    PostalAddress,
    SiteIpAddressClassification,
    SiteMarket,
    SiteV6,
)
from kentik_async.state.format.entries import DeclaredObject

__all__ = ["changed_group", "comparable_group", "comparable_site", "new_site", "site_changes"]


def changed_group(group: ASGroup, entry: DeclaredObject) -> ASGroup:
    """Return an AS group with the name and the members of an entry; kept members keep their order."""
    if "asn" not in entry.fields:
        return replace(group, name=entry.name)
    wanted = entry.fields["asn"]
    kept = [member for member in group.asn if member.asn in wanted]
    present = {member.asn for member in kept}
    added = [AutonomousSystem(asn) for asn in wanted if asn not in present]
    return replace(group, name=entry.name, asn=(*kept, *added))


def comparable_group(group: ASGroup) -> ASGroup:
    """Return the fields of an AS group that users write."""
    members = sorted({member.asn for member in group.asn})
    return ASGroup(group.id, group.name, tuple(map(AutonomousSystem, members)))


def comparable_site(site: SiteV6) -> SiteV6:
    """Return the fields of a site that users write. The content of its market does not belong to the site."""
    market = site.site_market
    mappings = [replace(mapping, edate=None, cdate=None) for mapping in site.peeringdb_site_mapping]
    return replace(
        site,
        site_market=None if market is None else SiteMarket(id=market.id, name=""),
        peeringdb_site_mapping=tuple(mappings),
    )


def new_site(entry: DeclaredObject, market_ids: Mapping[str, str]) -> SiteV6:
    """Return the site that an entry creates."""
    blank = SiteV6(title=entry.name, type=entry.fields["type"])
    names = frozenset(entry.fields)
    return replace(blank, **site_changes(blank, entry, names, market_ids))


def site_changes(
    site: SiteV6, entry: DeclaredObject, names: frozenset[str], market_ids: Mapping[str, str]
) -> dict[str, Any]:
    """Return the new values of a site's fields, as `SitesV6.update` takes them.

    Args:
        site: The site as it is stored.
        entry: The desired object.
        names: The names of the fields to change.
        market_ids: The identifiers of the keys in site_markets.
    """
    changes: dict[str, Any] = {"title": entry.name} if "title" in names else {}
    for top in dict.fromkeys(name.partition(".")[0] for name in sorted(names)):
        if top in _PARTS:
            changes[top] = _part(site, entry, top)
        elif top == "site_market":
            key = entry.fields[top]
            changes[top] = None if key is None else SiteMarket(id=market_ids[key], name=key)
        elif top == "architecture":
            changes[top] = tuple([_level(level) for level in entry.fields[top]])
        elif top == "peeringdb_site_mapping":
            changes[top] = _mappings(site, entry.fields[top])
        elif top != "title":
            changes[top] = entry.fields[top]
    return changes


_PARTS: Mapping[str, Any] = {
    "postal_address": PostalAddress,
    "address_classification": SiteIpAddressClassification,
}


def _part(
    site: SiteV6, entry: DeclaredObject, top: str
) -> PostalAddress | SiteIpAddressClassification | None:
    """Return an address or a classification; unmanaged fields stay."""
    if top in entry.fields:  # null
        return None
    managed = {
        name.partition(".")[2]: tuple(value) if isinstance(value, list) else value
        for name, value in entry.fields.items()
        if name.startswith(f"{top}.")
    }
    old = getattr(site, top)
    part: PostalAddress | SiteIpAddressClassification = (
        _PARTS[top](**managed) if old is None else replace(old, **managed)
    )
    return part


def _level(level: Mapping[str, Any]) -> LayerSet:
    layers = [Layer(name=one["name"], device_ids=tuple(one["device_ids"])) for one in level["layers"]]
    return LayerSet(layers=tuple(layers))


def _mappings(site: SiteV6, wanted: list[str]) -> tuple[PeeringDBSiteMapping, ...]:
    """Return the facilities of a site; existing facilities keep their identifiers."""
    kept = [mapping for mapping in site.peeringdb_site_mapping if mapping.peeringdb_fac_id in wanted]
    present = {mapping.peeringdb_fac_id for mapping in kept}
    return (*kept, *(PeeringDBSiteMapping(peeringdb_fac_id=one) for one in wanted if one not in present))
