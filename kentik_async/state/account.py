"""The account: the server's objects, in the terms of a document. Pure."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from kentik_async._validation import valid_name
from kentik_async.errors import ValidationError
from kentik_async.models import ASGroup, Site, SiteMarket, SiteV6
from kentik_async.state.document import Document
from kentik_async.state.format.entries import DeclaredObject
from kentik_async.state.format.fields import API, KINDS, NAME_KEYS, Kind, fields_of
from kentik_async.state.format.nodes import Position

__all__ = ["AccountState", "Object", "StoredObject", "document_of", "observe"]

Object = ASGroup | SiteV6 | SiteMarket | Site
"""A model of one of the kinds."""

_SERVER = Position("<account>")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object as stored by the server.

    Attributes:
        kind: Its kind.
        id: Its identifier.
        name: Its name or title; "" if it has none that a document can hold.
        fields: Its fields in canonical form, without empty and invalid ones. The market of a site
            is an identifier.
        model: The model.
    """

    kind: Kind
    id: str
    name: str
    fields: Mapping[str, Any]
    model: Object = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccountState:
    """The part of an account that was read.

    Attributes:
        objects: The objects of each kind that was read.
        api: The API that sites were read with.
    """

    objects: Mapping[Kind, tuple[StoredObject, ...]]
    api: API = "v6"

    def of(self, kind: Kind) -> tuple[StoredObject, ...]:
        """Return the objects of a kind; none if it was not read."""
        return self.objects.get(kind, ())


def observe(kind: Kind, model: Object) -> StoredObject:
    """Return a model in the terms of a document."""
    api: API = "v5" if isinstance(model, Site) else "v6"
    raw = _READERS[type(model)](model)
    known = fields_of(kind, api)
    fields = {}
    for name, value in raw.items():
        check = known[name].check
        with suppress(ValidationError):  # invalid values cannot be declared, so they are not managed
            checked = _valid_items(check, value, name) if known[name].many else check(value, name)
            if checked not in ("", []):
                fields[name] = checked
    name = getattr(model, "site_name" if isinstance(model, Site) else NAME_KEYS[kind])
    try:
        name = valid_name(name or "")
    except ValidationError:
        name = ""
    return StoredObject(kind, str(model.id), name, fields, model)


def document_of(account: AccountState) -> Document:
    """Return the document that describes an account.

    An object without a valid name is omitted. If several objects have the same name, the key of each contains
    its identifier.
    """
    keys = {kind: _keys(account.of(kind)) for kind in KINDS}
    markets = keys["site_markets"]
    entries = []
    for kind in KINDS:
        for stored in account.of(kind):
            key = keys[kind].get(stored.id)
            if key is None:
                continue
            fields = dict(stored.fields)
            if "site_market" in fields:
                fields["site_market"] = markets.get(fields["site_market"])
                if fields["site_market"] is None:
                    del fields["site_market"]
            if account.api == "v6" and fields.get("lat") == fields.get("lon") == 0.0:
                del fields["lat"], fields["lon"]  # API v6 does not distinguish these from unknown ones
            own_id = None if key == stored.name else stored.id
            entries.append(DeclaredObject(kind, key, stored.name, own_id, fields, _SERVER))
    entries.sort(key=lambda entry: (KINDS.index(entry.kind), entry.key))
    return Document(frozenset(account.objects), tuple(entries), account.api)


def _keys(objects: Iterable[StoredObject]) -> dict[str, str]:
    """Return the key of each object by its identifier."""
    by_name: dict[str, list[StoredObject]] = {}
    for stored in objects:
        if stored.name and stored.id:
            by_name.setdefault(stored.name, []).append(stored)
    keys: dict[str, str] = {}
    taken = set(by_name)
    for name, alike in by_name.items():
        if len(alike) == 1:
            keys[alike[0].id] = name
            continue
        for stored in alike:
            key = f"{name} ({stored.id})"
            while key in taken:
                key += "'"
            taken.add(key)
            keys[stored.id] = key
    return keys


def _valid_items(check: Callable[[Any, str], Any], values: Iterable[Any], name: str) -> list[Any]:
    items = set()
    for value in values:
        with suppress(ValidationError):
            items.add(check(value, name))
    return sorted(items)


def _group(group: ASGroup) -> dict[str, Any]:
    return {"asn": [member.asn for member in group.asn]}


def _market(market: SiteMarket) -> dict[str, Any]:
    return {"description": market.description}


def _site_v5(site: Site) -> dict[str, Any]:
    return {name: value for name, value in (("lat", site.lat), ("lon", site.lon)) if value is not None}


def _site_v6(site: SiteV6) -> dict[str, Any]:
    raw: dict[str, Any] = {"type": str(site.type), "lat": site.lat, "lon": site.lon}
    if site.site_market is not None and site.site_market.id:
        raw["site_market"] = site.site_market.id
    for top in ("postal_address", "address_classification"):
        part = getattr(site, top)
        if part is not None:
            raw |= {f"{top}.{name}": getattr(part, name) for name in part.__struct_fields__}
    raw["architecture"] = [
        {"layers": [{"name": layer.name, "device_ids": list(layer.device_ids)} for layer in level.layers]}
        for level in site.architecture
    ]
    raw["peeringdb_site_mapping"] = [mapping.peeringdb_fac_id for mapping in site.peeringdb_site_mapping]
    return raw


_READERS: Mapping[type, Callable[[Any], dict[str, Any]]] = {
    ASGroup: _group,
    SiteMarket: _market,
    Site: _site_v5,
    SiteV6: _site_v6,
}
