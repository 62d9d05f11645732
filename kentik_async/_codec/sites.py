"""Encodes and decodes sites of API v5: `{"sites": […]}`, `{"site": {…}}` (Kentik KB, Site and Plan APIs)."""

from typing import SupportsFloat, SupportsIndex

import msgspec

from kentik_async._codec import _json
from kentik_async._validation import valid_latitude, valid_longitude, valid_site_id, valid_site_name
from kentik_async.errors import ValidationError
from kentik_async.models import Records, Site

__all__ = ["decode_list", "decode_site", "encode_create", "encode_update", "site_path"]


class _SiteList(msgspec.Struct):
    sites: list[Site]


class _Response(msgspec.Struct):
    site: Site | msgspec.UnsetType = msgspec.UNSET


def site_path(id: int | str | SupportsIndex) -> str:
    """Return the path of one site.

    Raises:
        ValidationError: The id is not a whole number from 1.
    """
    return f"/site/{valid_site_id(id)}"


def encode_create(site_name: str, lat: SupportsFloat | str, lon: SupportsFloat | str) -> bytes:
    """Encode the body that creates a site; coordinates are written as numbers.

    Raises:
        ValidationError: The name is invalid, or a coordinate is out of range.
    """
    site = {"site_name": valid_site_name(site_name), "lat": valid_latitude(lat), "lon": valid_longitude(lon)}
    return _json.encode({"site": site})


def encode_update(
    *,
    site_name: str | None = None,
    lat: SupportsFloat | str | None = None,
    lon: SupportsFloat | str | None = None,
) -> bytes:
    """Encode the body that changes the given fields of a site.

    Raises:
        ValidationError: No field is given, the name is invalid, or a coordinate is out of range.
    """
    changes: dict[str, str | float] = {}
    if site_name is not None:
        changes["site_name"] = valid_site_name(site_name)
    if lat is not None:
        changes["lat"] = valid_latitude(lat)
    if lon is not None:
        changes["lon"] = valid_longitude(lon)
    if not changes:
        raise ValidationError("an update of a site must change at least one of site_name, lat, lon; got none")
    return _json.encode({"site": changes})


def decode_list(raw: bytes) -> Records[Site]:
    """Decode all sites, in the server's order.

    Raises:
        DecodeError: The body is not JSON, or has no list of sites.
    """
    return Records(_json.decode(raw, _SiteList, "the list of sites").sites, Site)


def decode_site(raw: bytes) -> Site:
    """Decode one site, with or without the enclosing `site` object.

    Raises:
        DecodeError: The body is not JSON, or has no site.
    """
    site = _json.decode(raw, _Response, "the site").site
    return _json.decode(raw, Site, "the site") if site is msgspec.UNSET else site
