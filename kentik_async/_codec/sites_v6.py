"""Encodes requests and decodes responses about sites, API v6 (SiteService v202509)."""

from collections.abc import Callable, Mapping
from typing import Any, SupportsIndex

from kentik_async._codec._changes import change_of, encoded
from kentik_async._codec._values import parse
from kentik_async._codec.site_fields import CHECKS, clear_server_fields, site_model
from kentik_async._generated.site import v202509 as messages
from kentik_async._validation import valid_object_id
from kentik_async.errors import DecodeError, ValidationError
from kentik_async.models import SiteV6, SiteV6List

__all__ = [
    "change",
    "decode_create",
    "decode_delete",
    "decode_get",
    "decode_list",
    "decode_stored",
    "decode_update",
    "encode_create",
    "encode_delete",
    "encode_get",
    "encode_list",
    "encode_replace",
    "encode_update",
]

_OWNER = "a site"


def encode_list() -> bytes:
    """Encode the request for all sites."""
    return messages.ListSitesRequest().SerializeToString()


def decode_list(raw: bytes) -> SiteV6List:
    """Decode all sites, in the server's order.

    Raises:
        DecodeError: The bytes are not such a response.
    """
    response = parse(messages.ListSitesResponse, raw, "the list of sites")
    return SiteV6List([site_model(site) for site in response.sites], invalid_count=response.invalid_count)


def encode_get(id: str | SupportsIndex) -> bytes:
    """Encode the request for one site.

    Raises:
        ValidationError: The id is invalid.
    """
    return messages.GetSiteRequest(id=valid_object_id(id, _OWNER)).SerializeToString()


def decode_get(raw: bytes) -> SiteV6:
    """Decode the requested site.

    Raises:
        DecodeError: The bytes are not such a response, or it has no site.
    """
    return site_model(decode_stored(raw))


def decode_stored(raw: bytes) -> messages.Site:
    """Decode the requested site as a message, which keeps fields that this SDK does not know.

    Raises:
        DecodeError: The bytes are not such a response, or it has no site.
    """
    return _site_in(parse(messages.GetSiteResponse, raw, "the site"))


def encode_create(site: SiteV6) -> bytes:
    """Encode the request that creates a site; its id is not sent.

    Raises:
        ValidationError: A field is invalid.
    """
    return messages.CreateSiteRequest(site=_new_site(site)).SerializeToString()


def decode_create(raw: bytes) -> SiteV6:
    """Decode the created site.

    Raises:
        DecodeError: The bytes are not such a response, or it has no site.
    """
    return site_model(_site_in(parse(messages.CreateSiteResponse, raw, "the created site")))


def encode_replace(site: SiteV6) -> bytes:
    """Encode the request that replaces a site.

    Raises:
        ValidationError: The id is missing, or a field is invalid.
    """
    message = _new_site(site)
    message.id = valid_object_id(site.id or "", _OWNER)
    return messages.UpdateSiteRequest(site=message).SerializeToString()


def change(changes: Mapping[str, Any]) -> Callable[[messages.Site], messages.Site]:
    """Check new values of some fields and return the function that sets them in a copy of a site.

    Raises:
        ValidationError: A field does not exist, or a value is invalid.
    """
    return change_of(messages.Site, CHECKS, changes)


def encode_update(site: messages.Site) -> bytes:
    """Encode the request that replaces a site with a changed one."""
    request = messages.UpdateSiteRequest(site=site)
    clear_server_fields(request.site)
    return request.SerializeToString()


def decode_update(raw: bytes) -> SiteV6:
    """Decode the site after the update.

    Raises:
        DecodeError: The bytes are not such a response, or it has no site.
    """
    return site_model(_site_in(parse(messages.UpdateSiteResponse, raw, "the updated site")))


def encode_delete(id: str | SupportsIndex) -> bytes:
    """Encode the request that deletes a site.

    Raises:
        ValidationError: The id is invalid.
    """
    return messages.DeleteSiteRequest(id=valid_object_id(id, _OWNER)).SerializeToString()


def decode_delete(raw: bytes) -> None:
    """Check the response to a deletion, which has no content.

    Raises:
        DecodeError: The bytes are not such a response.
    """
    parse(messages.DeleteSiteResponse, raw, "the response to the deletion")


def _new_site(site: SiteV6) -> messages.Site:
    if not isinstance(site, SiteV6):
        raise ValidationError(f"site must be a SiteV6; got {type(site).__name__}")
    return messages.Site(**encoded(CHECKS, {name: getattr(site, name) for name in CHECKS}))


def _site_in(
    response: messages.GetSiteResponse | messages.CreateSiteResponse | messages.UpdateSiteResponse,
) -> messages.Site:
    if not response.HasField("site"):
        raise DecodeError(f"the response has no site: the field site of {type(response).__name__} is missing")
    return response.site
