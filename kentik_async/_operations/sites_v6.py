"""The operations on sites and site markets of API v6 (SiteService v202509). Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from kentik_async._codec import site_markets, sites_v6
from kentik_async._generated.site import v202509 as messages
from kentik_async._operations.request import ObjectId, Request, builds, rpc_operation
from kentik_async.models import SiteMarket, SiteMarketList, SiteV6, SiteV6List
from kentik_async.retry import Effect

__all__ = [
    "change_site",
    "change_site_market",
    "create_site",
    "create_site_market",
    "delete_site",
    "delete_site_market",
    "get_site",
    "get_site_market",
    "get_stored_site",
    "get_stored_site_market",
    "list_site_markets",
    "list_sites",
    "replace_site",
    "replace_site_market",
    "update_site",
    "update_site_market",
]

_SERVICE = "/kentik.site.v202509.SiteService/"

_LIST_SITES = rpc_operation("sites_v6.list", "GET", Effect.READ)
_GET_SITE = rpc_operation("sites_v6.get", "GET", Effect.READ)
_CREATE_SITE = rpc_operation("sites_v6.create", "POST", Effect.CREATE)
_REPLACE_SITE = rpc_operation("sites_v6.replace", "PUT", Effect.REPLACE)
_UPDATE_SITE = rpc_operation("sites_v6.update", "PUT", Effect.REPLACE)
_DELETE_SITE = rpc_operation("sites_v6.delete", "DELETE", Effect.REPLACE)
_LIST_MARKETS = rpc_operation("site_markets.list", "GET", Effect.READ)
_GET_MARKET = rpc_operation("site_markets.get", "GET", Effect.READ)
_CREATE_MARKET = rpc_operation("site_markets.create", "POST", Effect.CREATE)
_REPLACE_MARKET = rpc_operation("site_markets.replace", "PUT", Effect.REPLACE)
_UPDATE_MARKET = rpc_operation("site_markets.update", "PUT", Effect.REPLACE)
_DELETE_MARKET = rpc_operation("site_markets.delete", "DELETE", Effect.REPLACE)


@builds(_LIST_SITES)
def list_sites() -> Request[SiteV6List]:
    """SiteService.ListSites."""
    return Request(_LIST_SITES, _SERVICE + "ListSites", sites_v6.decode_list, sites_v6.encode_list())


@builds(_GET_SITE)
def get_site(id: ObjectId) -> Request[SiteV6]:
    """SiteService.GetSite."""
    return Request(_GET_SITE, _SERVICE + "GetSite", sites_v6.decode_get, sites_v6.encode_get(id))


@builds(_GET_SITE)
def get_stored_site(id: ObjectId) -> Request[messages.Site]:
    """SiteService.GetSite, for an update: the message as the server sent it."""
    body = sites_v6.encode_get(id)
    return Request(_GET_SITE, _SERVICE + "GetSite", sites_v6.decode_stored, body, written_back=True)


@builds(_CREATE_SITE)
def create_site(site: SiteV6) -> Request[SiteV6]:
    """SiteService.CreateSite."""
    body = sites_v6.encode_create(site)
    return Request(_CREATE_SITE, _SERVICE + "CreateSite", sites_v6.decode_create, body)


@builds(_REPLACE_SITE)
def replace_site(site: SiteV6) -> Request[SiteV6]:
    """SiteService.UpdateSite."""
    body = sites_v6.encode_replace(site)
    return Request(_REPLACE_SITE, _SERVICE + "UpdateSite", sites_v6.decode_update, body)


@builds(_UPDATE_SITE)
def change_site(changes: Mapping[str, Any]) -> Callable[[messages.Site], messages.Site]:
    """Return the function that sets new values in a site that was read."""
    return sites_v6.change(changes)


@builds(_UPDATE_SITE)
def update_site(changed: messages.Site) -> Request[SiteV6]:
    """SiteService.UpdateSite with a message that was read and changed."""
    body = sites_v6.encode_update(changed)
    return Request(_UPDATE_SITE, _SERVICE + "UpdateSite", sites_v6.decode_update, body)


@builds(_DELETE_SITE)
def delete_site(id: ObjectId) -> Request[None]:
    """SiteService.DeleteSite."""
    body = sites_v6.encode_delete(id)
    return Request(_DELETE_SITE, _SERVICE + "DeleteSite", sites_v6.decode_delete, body)


@builds(_LIST_MARKETS)
def list_site_markets() -> Request[SiteMarketList]:
    """SiteService.ListSiteMarkets."""
    body = site_markets.encode_list()
    return Request(_LIST_MARKETS, _SERVICE + "ListSiteMarkets", site_markets.decode_list, body)


@builds(_GET_MARKET)
def get_site_market(id: ObjectId) -> Request[SiteMarket]:
    """SiteService.GetSiteMarket."""
    body = site_markets.encode_get(id)
    return Request(_GET_MARKET, _SERVICE + "GetSiteMarket", site_markets.decode_get, body)


@builds(_GET_MARKET)
def get_stored_site_market(id: ObjectId) -> Request[messages.SiteMarket]:
    """SiteService.GetSiteMarket, for an update: the message as the server sent it."""
    body = site_markets.encode_get(id)
    return Request(_GET_MARKET, _SERVICE + "GetSiteMarket", site_markets.decode_stored, body)


@builds(_CREATE_MARKET)
def create_site_market(market: SiteMarket) -> Request[SiteMarket]:
    """SiteService.CreateSiteMarket."""
    body = site_markets.encode_create(market)
    return Request(_CREATE_MARKET, _SERVICE + "CreateSiteMarket", site_markets.decode_create, body)


@builds(_REPLACE_MARKET)
def replace_site_market(market: SiteMarket) -> Request[SiteMarket]:
    """SiteService.UpdateSiteMarket."""
    body = site_markets.encode_replace(market)
    return Request(_REPLACE_MARKET, _SERVICE + "UpdateSiteMarket", site_markets.decode_update, body)


@builds(_UPDATE_MARKET)
def change_site_market(changes: Mapping[str, Any]) -> Callable[[messages.SiteMarket], messages.SiteMarket]:
    """Return the function that sets new values in a site market that was read."""
    return site_markets.change(changes)


@builds(_UPDATE_MARKET)
def update_site_market(changed: messages.SiteMarket) -> Request[SiteMarket]:
    """SiteService.UpdateSiteMarket with a message that was read and changed."""
    body = site_markets.encode_update(changed)
    return Request(_UPDATE_MARKET, _SERVICE + "UpdateSiteMarket", site_markets.decode_update, body)


@builds(_DELETE_MARKET)
def delete_site_market(id: ObjectId) -> Request[None]:
    """SiteService.DeleteSiteMarket."""
    body = site_markets.encode_delete(id)
    return Request(_DELETE_MARKET, _SERVICE + "DeleteSiteMarket", site_markets.decode_delete, body)
