"""Handlers of the five site calls of API v6: from the request message to the serialized answer.

The sites are those of API v5, with more fields.
"""

from typing import Any

from kentik_async._generated.site import v202509 as pb
from kentik_async.emulator.api.numbers import decimal
from kentik_async.emulator.errors import AnswerError
from kentik_async.emulator.world.customer import CustomerData
from kentik_async.emulator.world.state import EmulatorState

__all__ = ["create_site", "delete_site", "get_site", "list_sites", "update_site"]


def list_sites(state: EmulatorState, customer: str, request: pb.ListSitesRequest) -> bytes:
    """Answer ListSites."""
    del request
    data = state.customer_data(customer)
    sites = [_message(data, site_id) for site_id in data.sites]
    return pb.ListSitesResponse(sites=sites).SerializeToString()


def get_site(state: EmulatorState, customer: str, request: pb.GetSiteRequest) -> bytes:
    """Answer GetSite.

    Raises:
        AnswerError: There is no such site.
    """
    data = state.customer_data(customer)
    return pb.GetSiteResponse(site=_message(data, _id(data, request.id))).SerializeToString()


def create_site(state: EmulatorState, customer: str, request: pb.CreateSiteRequest) -> bytes:
    """Answer CreateSite.

    Raises:
        AnswerError: A required field is missing, or a value is invalid.
    """
    data = state.customer_data(customer)
    site_id = data.next_site
    data.details.set(site_id, _checked(request.site))
    data.create_site(_v5_fields(request.site))
    return pb.CreateSiteResponse(site=_message(data, site_id)).SerializeToString()


def update_site(state: EmulatorState, customer: str, request: pb.UpdateSiteRequest) -> bytes:
    """Answer UpdateSite, which replaces all fields.

    Raises:
        AnswerError: There is no such site, a required field is missing, or a value is invalid.
    """
    data = state.customer_data(customer)
    site_id = _id(data, request.site.id)
    data.details.set(site_id, _checked(request.site))
    data.sites[site_id].update(_v5_fields(request.site))
    return pb.UpdateSiteResponse(site=_message(data, site_id)).SerializeToString()


def delete_site(state: EmulatorState, customer: str, request: pb.DeleteSiteRequest) -> bytes:
    """Answer DeleteSite.

    Raises:
        AnswerError: There is no such site.
    """
    data = state.customer_data(customer)
    data.delete_site(_id(data, request.id))
    return pb.DeleteSiteResponse().SerializeToString()


def _id(data: CustomerData, text: str) -> int:
    site_id = decimal(text)
    if site_id is None or site_id not in data.sites:
        raise AnswerError("NOT_FOUND", f"site {text[:60]!r} not found")
    return site_id


def _checked(site: pb.Site) -> pb.Site:
    if not site.title.strip():
        raise AnswerError("INVALID_ARGUMENT", "site.title is required")
    if site.type == pb.SITE_TYPE_UNSPECIFIED:
        raise AnswerError("INVALID_ARGUMENT", "site.type is required")
    for name, degrees, most in (("lat", site.lat, 90), ("lon", site.lon, 180)):
        if not -most <= degrees <= most:
            raise AnswerError("INVALID_ARGUMENT", f"site.{name} must be -{most} to {most}; got {degrees}")
    if site.HasField("postal_address"):
        for name in ("address", "city", "country"):
            if not getattr(site.postal_address, name).strip():
                raise AnswerError("INVALID_ARGUMENT", f"site.postal_address.{name} is required")
    return site


def _v5_fields(site: pb.Site) -> dict[str, Any]:
    return {"site_name": site.title, "lat": site.lat, "lon": site.lon}


def _message(data: CustomerData, site_id: int) -> pb.Site:
    known, details = data.sites[site_id], data.details
    site = pb.Site(
        id=str(site_id), title=known["site_name"], lat=known["lat"] or 0.0, lon=known["lon"] or 0.0
    )
    # A site that was created with API v5 has no type there.
    site.MergeFrom(details.sites.get(site_id) or pb.Site(type=pb.SITE_TYPE_OTHER))
    for mapping in site.peeringdb_site_mapping:
        mapping.site_id = mapping.site_id or site.id
    if site_id in details.market_ids:
        site.site_market.CopyFrom(details.market(details.market_ids[site_id]))
    return site
