"""Checks, writes and reads the fields of a site of API v6."""

from collections.abc import Iterable
from typing import Any, TypeVar

from msgspec import structs

from kentik_async._codec._changes import Checks, encoded, optional_text
from kentik_async._codec._values import from_timestamp
from kentik_async._codec.site_markets import clear_server_fields as clear_in_market
from kentik_async._codec.site_markets import market_message, market_model
from kentik_async._codec.site_markets import writable as writable_market
from kentik_async._codec.site_types import type_number, type_text
from kentik_async._generated.site import v202509 as messages
from kentik_async._validation import valid_latitude, valid_longitude, valid_name
from kentik_async.errors import ValidationError
from kentik_async.models import (
    Layer,
    LayerSet,
    PeeringDBSiteMapping,
    PostalAddress,
    SiteIpAddressClassification,
    SiteMarket,
    SiteV6,
)

__all__ = ["CHECKS", "clear_server_fields", "site_model", "writable"]

T = TypeVar("T")


def _items(values: Iterable[T], kind: type[T], field: str) -> list[tuple[T, str]]:
    """Return the items of a list, each with its name in errors."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise ValidationError(f"{field} must be a list of {kind.__name__}; got {type(values).__name__}")
    named = [(value, f"{field}[{index}]") for index, value in enumerate(values)]
    for value, name in named:
        _check_type(value, kind, name)
    return named


def _check_type(value: object, kind: type, field: str) -> None:
    if not isinstance(value, kind):
        raise ValidationError(f"{field} must be a {kind.__name__}; got {type(value).__name__}")


def _texts(values: Iterable[str], field: str) -> list[str]:
    return [valid_name(value, name) for value, name in _items(values, str, field)]


_ADDRESS: Checks = {
    "address": valid_name,
    "city": valid_name,
    "region": optional_text,
    "postal_code": optional_text,
    "country": valid_name,
}
_CLASSIFICATION: Checks = dict.fromkeys(SiteIpAddressClassification.__struct_fields__, _texts)
_LAYER: Checks = {"name": optional_text, "device_ids": _texts}
_MAPPING: Checks = {
    "id": optional_text,
    "site_id": optional_text,
    "peeringdb_fac_id": valid_name,
    "company_id": optional_text,
}


def _part(checks: Checks, model: object, field: str) -> dict[str, Any]:
    return encoded(checks, {name: getattr(model, name) for name in checks}, f"{field}.")


def _address(value: PostalAddress | None, field: str) -> messages.PostalAddress | None:
    if value is None:
        return None
    _check_type(value, PostalAddress, field)
    return messages.PostalAddress(**_part(_ADDRESS, value, field))


def _classification(
    value: SiteIpAddressClassification | None, field: str
) -> messages.SiteIpAddressClassification | None:
    if value is None:
        return None
    _check_type(value, SiteIpAddressClassification, field)
    return messages.SiteIpAddressClassification(**_part(_CLASSIFICATION, value, field))


def _layers(values: Iterable[Layer], field: str) -> list[messages.Layer]:
    return [messages.Layer(**_part(_LAYER, layer, name)) for layer, name in _items(values, Layer, field)]


def _architecture(values: Iterable[LayerSet], field: str) -> list[messages.LayerSet]:
    return [
        messages.LayerSet(layers=_layers(level.layers, f"{name}.layers"))
        for level, name in _items(values, LayerSet, field)
    ]


def _market(value: SiteMarket | None, field: str) -> messages.SiteMarket | None:
    return None if value is None else market_message(value, field)


def _mappings(values: Iterable[PeeringDBSiteMapping], field: str) -> list[messages.PeeringDBSiteMapping]:
    return [
        messages.PeeringDBSiteMapping(**_part(_MAPPING, mapping, name))
        for mapping, name in _items(values, PeeringDBSiteMapping, field)
    ]


CHECKS: Checks = {
    "title": valid_name,
    "lat": valid_latitude,
    "lon": valid_longitude,
    "postal_address": _address,
    "type": type_number,
    "address_classification": _classification,
    "architecture": _architecture,
    "site_market": _market,
    "peeringdb_site_mapping": _mappings,
}
"""The writable fields of a site."""


def site_model(site: messages.Site) -> SiteV6:
    """Return the model of a site."""
    return SiteV6(
        id=site.id or None,
        title=site.title,
        lat=site.lat,
        lon=site.lon,
        postal_address=_address_model(site.postal_address) if site.HasField("postal_address") else None,
        type=type_text(site.type),
        address_classification=_classification_model(site.address_classification)
        if site.HasField("address_classification")
        else None,
        architecture=tuple([_level_model(level) for level in site.architecture]),
        site_market=market_model(site.site_market) if site.HasField("site_market") else None,
        peeringdb_site_mapping=tuple([_mapping_model(mapping) for mapping in site.peeringdb_site_mapping]),
    )


def _address_model(address: messages.PostalAddress) -> PostalAddress:
    return PostalAddress(
        address=address.address,
        city=address.city,
        region=address.region,
        postal_code=address.postal_code,
        country=address.country,
    )


def _classification_model(found: messages.SiteIpAddressClassification) -> SiteIpAddressClassification:
    return SiteIpAddressClassification(
        infrastructure_networks=tuple(found.infrastructure_networks),
        user_access_networks=tuple(found.user_access_networks),
        other_networks=tuple(found.other_networks),
    )


def _level_model(level: messages.LayerSet) -> LayerSet:
    layers = [Layer(name=layer.name, device_ids=tuple(layer.device_ids)) for layer in level.layers]
    return LayerSet(layers=tuple(layers))


def _mapping_model(mapping: messages.PeeringDBSiteMapping) -> PeeringDBSiteMapping:
    return PeeringDBSiteMapping(
        id=mapping.id,
        site_id=mapping.site_id,
        peeringdb_fac_id=mapping.peeringdb_fac_id,
        edate=from_timestamp(mapping.edate) if mapping.HasField("edate") else None,
        cdate=from_timestamp(mapping.cdate) if mapping.HasField("cdate") else None,
        company_id=mapping.company_id,
    )


def clear_server_fields(site: messages.Site) -> None:
    """Remove the fields that only the server sets, except for ids."""
    if site.HasField("site_market"):
        clear_in_market(site.site_market)
    for mapping in site.peeringdb_site_mapping:
        mapping.ClearField("edate")
        mapping.ClearField("cdate")


def writable(site: SiteV6) -> SiteV6:
    """Return a site without the values that only the server sets, except for ids."""
    return structs.replace(
        site,
        site_market=None if site.site_market is None else writable_market(site.site_market),
        peeringdb_site_mapping=tuple(
            [structs.replace(mapping, edate=None, cdate=None) for mapping in site.peeringdb_site_mapping]
        ),
    )
