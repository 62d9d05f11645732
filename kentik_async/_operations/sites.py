"""The operations on sites and plans of API v5 (Kentik KB, Site and Plan APIs). Pure."""

from typing import Any

from kentik_async._codec import plans, sites
from kentik_async._operations.request import Request, builds, rest_operation
from kentik_async.models import Plan, Records, Site
from kentik_async.retry import Effect

__all__ = ["create_site", "delete_site", "get_site", "list_plans", "list_sites", "update_site"]

_LIST_SITES = rest_operation("sites.list", "GET", Effect.READ)
_GET_SITE = rest_operation("sites.get", "GET", Effect.READ)
_CREATE_SITE = rest_operation("sites.create", "POST", Effect.CREATE)
_UPDATE_SITE = rest_operation("sites.update", "PUT", Effect.REPLACE)
_DELETE_SITE = rest_operation("sites.delete", "DELETE", Effect.REPLACE)
_LIST_PLANS = rest_operation("plans.list", "GET", Effect.READ)


@builds(_LIST_SITES)
def list_sites() -> Request[Records[Site]]:
    """Site List."""
    return Request(_LIST_SITES, "/sites", sites.decode_list)


@builds(_GET_SITE)
def get_site(id: int | str) -> Request[Site]:
    """Site Info."""
    return Request(_GET_SITE, sites.site_path(id), sites.decode_site)


@builds(_CREATE_SITE)
def create_site(site_name: str, lat: float | str, lon: float | str) -> Request[Site]:
    """Site Create."""
    return Request(_CREATE_SITE, "/site", sites.decode_site, sites.encode_create(site_name, lat, lon))


@builds(_UPDATE_SITE)
def update_site(id: int | str, **changed: Any) -> Request[Site]:
    """Site Update."""
    return Request(_UPDATE_SITE, sites.site_path(id), sites.decode_site, sites.encode_update(**changed))


@builds(_DELETE_SITE)
def delete_site(id: int | str) -> Request[None]:
    """Site Delete."""
    return Request(_DELETE_SITE, sites.site_path(id), _nothing)


@builds(_LIST_PLANS)
def list_plans() -> Request[Records[Plan]]:
    """Plan List."""
    return Request(_LIST_PLANS, "/plans", plans.decode_list)


def _nothing(_: bytes) -> None:
    """Decode a response that has no content."""
