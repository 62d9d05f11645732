"""Sites on the wire of API v5: `{"sites": […]}` and `{"site": {…}}` (Kentik KB, Site and Plan APIs)."""

from typing import SupportsFloat, SupportsIndex

import msgspec

from kentik_async._codec import _json
from kentik_async._validation import valid_latitude, valid_longitude, valid_site_id, valid_site_name
from kentik_async.errors import ValidationError
from kentik_async.models import Records, Site

__all__ = ["decode_list", "decode_site", "encode_create", "encode_update", "site_path"]


class _List(msgspec.Struct):
    sites: list[Site]


class _Answer(msgspec.Struct):
    site: Site | msgspec.UnsetType = msgspec.UNSET


def site_path(id: int | str | SupportsIndex) -> str:
    """The path of one site.

    Raises:
        ValidationError: The id is no whole number from 1.
    """
    return f"/site/{valid_site_id(id)}"


def encode_create(site_name: str, lat: SupportsFloat | str, lon: SupportsFloat | str) -> bytes:
    """The body that creates a site; degrees are written as numbers.

    Raises:
        ValidationError: The name breaks the vendor's rules, or a coordinate is out of range.
    """
    site = {"site_name": valid_site_name(site_name), "lat": valid_latitude(lat), "lon": valid_longitude(lon)}
    return _json.encode({"site": site})


def encode_update(
    *,
    site_name: str | None = None,
    lat: SupportsFloat | str | None = None,
    lon: SupportsFloat | str | None = None,
) -> bytes:
    """The body that changes a site: only what is given, the rest stays as it is.

    Raises:
        ValidationError: Nothing is given, the name breaks the rules, or a coordinate is out of range.
    """
    changes: dict[str, str | float] = {}
    if site_name is not None:
        changes["site_name"] = valid_site_name(site_name)
    if lat is not None:
        changes["lat"] = valid_latitude(lat)
    if lon is not None:
        changes["lon"] = valid_longitude(lon)
    if not changes:
        raise ValidationError("an update of a site must change something: give site_name, lat or lon")
    return _json.encode({"site": changes})


def decode_list(raw: bytes) -> Records[Site]:
    """All sites, in the server's order.

    Raises:
        DecodeError: The body is no JSON, or holds no list of sites.
    """
    return Records(_json.decode(raw, _List, "the list of sites").sites, Site)


def decode_site(raw: bytes) -> Site:
    """One site, in its wrapping or without it.

    Raises:
        DecodeError: The body is no JSON, or holds no site.
    """
    site = _json.decode(raw, _Answer, "the site").site
    return _json.decode(raw, Site, "the site") if site is msgspec.UNSET else site
