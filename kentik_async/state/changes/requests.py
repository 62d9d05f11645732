"""The requests for each kind of object: list, create, read and write, delete."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from kentik_async._codec.site_fields import site_model
from kentik_async._codec.site_markets import market_model
from kentik_async._codec.site_markets import writable as comparable_market
from kentik_async._operations import as_groups, sites, sites_v6
from kentik_async._operations.request import Request
from kentik_async.errors import ValidationError
from kentik_async.models import Site, SiteMarket
from kentik_async.resources._editing import Edit
from kentik_async.state.account import StoredObject
from kentik_async.state.changes.content import (
    changed_group,
    comparable_group,
    comparable_site,
    new_site,
    site_changes,
)
from kentik_async.state.format.entries import DeclaredObject
from kentik_async.state.format.fields import API, SINGULAR, Kind, fields_of
from kentik_async.state.plan import Change

__all__ = ["comparable", "create_request", "delete_request", "edit_of", "list_request", "read_request"]


def list_request(kind: Kind, api: API) -> Request[Any]:
    """Return the request for all objects of a kind."""
    if kind == "as_groups":
        return as_groups.list_as_groups()
    if kind == "site_markets":
        return sites_v6.list_site_markets()
    return sites.list_sites() if api == "v5" else sites_v6.list_sites()


def read_request(kind: Kind, api: API, id: str) -> Request[Any]:
    """Return the request for one object."""
    if kind == "as_groups":
        return as_groups.get_as_group(id)
    if kind == "site_markets":
        return sites_v6.get_site_market(id)
    return sites.get_site(id) if api == "v5" else sites_v6.get_site(id)


def delete_request(kind: Kind, api: API, id: str) -> Request[None]:
    """Return the request that deletes an object."""
    if kind == "as_groups":
        return as_groups.delete_as_group(id)
    if kind == "site_markets":
        return sites_v6.delete_site_market(id)
    return sites.delete_site(id) if api == "v5" else sites_v6.delete_site(id)


def create_request(entry: DeclaredObject, api: API, market_ids: Mapping[str, str]) -> Request[Any]:
    """Return the request that creates an object.

    Args:
        entry: The object.
        api: The API of sites.
        market_ids: The identifiers of the keys in site_markets.

    Raises:
        ValidationError: A value is not valid.
    """
    fields = entry.fields
    missing = [
        name for name, one in fields_of(entry.kind, api).items() if one.required and name not in fields
    ]
    if missing:
        raise ValidationError(f"{SINGULAR[entry.kind]} {entry.name!r} cannot be created without {missing[0]}")
    if entry.kind == "as_groups":
        return as_groups.create_as_group(entry.name, fields["asn"])
    if entry.kind == "site_markets":
        market = SiteMarket(name=entry.name, description=fields.get("description", ""))
        return sites_v6.create_site_market(market)
    if api == "v5":
        return sites.create_site(entry.name, fields["lat"], fields["lon"])
    return sites_v6.create_site(new_site(entry, market_ids))


def comparable(kind: Kind, model: Any) -> Any:
    """Return the fields of an object that users write."""
    if kind == "as_groups":
        return comparable_group(model)
    if kind == "site_markets":
        return comparable_market(model)
    return model if isinstance(model, Site) else comparable_site(model)


def edit_of(
    change: Change, entry: DeclaredObject, stored: StoredObject, api: API, market_ids: Mapping[str, str]
) -> Edit[Any, Any]:
    """Return the requests that read, change and write an object.

    Args:
        change: An update.
        entry: The desired object.
        stored: The object as read by the plan.
        api: The API of sites.
        market_ids: The identifiers of the keys in site_markets.

    Raises:
        ValidationError: A value is not valid.
    """
    id = stored.id
    subject = f"{SINGULAR[change.kind]} {change.name!r}"
    names = frozenset(change.fields)

    def make(operation: str, read: Any, model: Any, changed: Any, write: Any) -> Edit[Any, Any]:
        return Edit(
            operation, subject, type(stored.model), read, model, _comparator(change.kind), changed, write
        )

    if change.kind == "as_groups":
        return make(
            "as_groups.update",
            as_groups.get_as_group(id),
            _same,
            lambda group: changed_group(group, entry),
            lambda group: as_groups.update_as_group(id, group.name, [one.asn for one in group.asn]),
        )
    if change.kind == "site_markets":
        wanted = {name: entry.name if name == "name" else entry.fields[name] for name in names}
        return make(
            "site_markets.update",
            sites_v6.get_stored_site_market(id),
            market_model,
            sites_v6.change_site_market(wanted),
            sites_v6.update_site_market,
        )
    if api == "v5":
        values = {("site_name" if n == "title" else n): entry.fields.get(n, entry.name) for n in names}
        return make(
            "sites.update",
            sites.get_site(id),
            _same,
            lambda site: replace(site, **values),
            lambda _: sites.update_site(id, **values),
        )
    return make(
        "sites_v6.update",
        sites_v6.get_stored_site(id),
        site_model,
        lambda stored: sites_v6.change_site(site_changes(site_model(stored), entry, names, market_ids))(
            stored
        ),
        sites_v6.update_site,
    )


def _comparator(kind: Kind) -> Callable[[Any], Any]:
    return lambda model: comparable(kind, model)


def _same(model: Any) -> Any:
    return model
