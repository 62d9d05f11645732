"""kentik.site.v202509: its messages, enums, stubs and servicers.

Written by `python -m codegen`; changes made here are lost.
"""

from ... import _runtime

_types = _runtime.load(__name__)
SiteType = _types["SiteType"]
SITE_TYPE_UNSPECIFIED = _types["SITE_TYPE_UNSPECIFIED"]
SITE_TYPE_DATA_CENTER = _types["SITE_TYPE_DATA_CENTER"]
SITE_TYPE_CLOUD = _types["SITE_TYPE_CLOUD"]
SITE_TYPE_BRANCH = _types["SITE_TYPE_BRANCH"]
SITE_TYPE_CONNECTIVITY = _types["SITE_TYPE_CONNECTIVITY"]
SITE_TYPE_CUSTOMER = _types["SITE_TYPE_CUSTOMER"]
SITE_TYPE_OTHER = _types["SITE_TYPE_OTHER"]
SiteIpAddressClassification = _types["SiteIpAddressClassification"]
Layer = _types["Layer"]
LayerSet = _types["LayerSet"]
PostalAddress = _types["PostalAddress"]
PeeringDBSiteMapping = _types["PeeringDBSiteMapping"]
Site = _types["Site"]
ListSitesRequest = _types["ListSitesRequest"]
ListSitesResponse = _types["ListSitesResponse"]
GetSiteRequest = _types["GetSiteRequest"]
GetSiteResponse = _types["GetSiteResponse"]
CreateSiteRequest = _types["CreateSiteRequest"]
CreateSiteResponse = _types["CreateSiteResponse"]
UpdateSiteRequest = _types["UpdateSiteRequest"]
UpdateSiteResponse = _types["UpdateSiteResponse"]
DeleteSiteRequest = _types["DeleteSiteRequest"]
DeleteSiteResponse = _types["DeleteSiteResponse"]
SiteMarket = _types["SiteMarket"]
ListSiteMarketsRequest = _types["ListSiteMarketsRequest"]
ListSiteMarketsResponse = _types["ListSiteMarketsResponse"]
GetSiteMarketRequest = _types["GetSiteMarketRequest"]
GetSiteMarketResponse = _types["GetSiteMarketResponse"]
CreateSiteMarketRequest = _types["CreateSiteMarketRequest"]
CreateSiteMarketResponse = _types["CreateSiteMarketResponse"]
UpdateSiteMarketRequest = _types["UpdateSiteMarketRequest"]
UpdateSiteMarketResponse = _types["UpdateSiteMarketResponse"]
DeleteSiteMarketRequest = _types["DeleteSiteMarketRequest"]
DeleteSiteMarketResponse = _types["DeleteSiteMarketResponse"]

# Down here, since two packages may import each other.
from google.protobuf import timestamp_pb2 as _timestamp_pb2


class SiteServiceStub:
    """Calls kentik.site.v202509.SiteService, on a grpc.aio channel or one that calls the same way."""

    METHODS = {
        "ListSites": _runtime.MethodSpec(
            name="ListSites",
            path="/kentik.site.v202509.SiteService/ListSites",
            verb="GET",
            http_path="/site/v202509/sites",
            body="",
            client_streaming=False,
            server_streaming=False,
            request=ListSitesRequest,
            response=ListSitesResponse,
        ),
        "GetSite": _runtime.MethodSpec(
            name="GetSite",
            path="/kentik.site.v202509.SiteService/GetSite",
            verb="GET",
            http_path="/site/v202509/sites/{id}",
            body="",
            client_streaming=False,
            server_streaming=False,
            request=GetSiteRequest,
            response=GetSiteResponse,
        ),
        "CreateSite": _runtime.MethodSpec(
            name="CreateSite",
            path="/kentik.site.v202509.SiteService/CreateSite",
            verb="POST",
            http_path="/site/v202509/sites",
            body="*",
            client_streaming=False,
            server_streaming=False,
            request=CreateSiteRequest,
            response=CreateSiteResponse,
        ),
        "UpdateSite": _runtime.MethodSpec(
            name="UpdateSite",
            path="/kentik.site.v202509.SiteService/UpdateSite",
            verb="PUT",
            http_path="/site/v202509/sites/{site.id}",
            body="*",
            client_streaming=False,
            server_streaming=False,
            request=UpdateSiteRequest,
            response=UpdateSiteResponse,
        ),
        "DeleteSite": _runtime.MethodSpec(
            name="DeleteSite",
            path="/kentik.site.v202509.SiteService/DeleteSite",
            verb="DELETE",
            http_path="/site/v202509/sites/{id}",
            body="",
            client_streaming=False,
            server_streaming=False,
            request=DeleteSiteRequest,
            response=DeleteSiteResponse,
        ),
        "ListSiteMarkets": _runtime.MethodSpec(
            name="ListSiteMarkets",
            path="/kentik.site.v202509.SiteService/ListSiteMarkets",
            verb="GET",
            http_path="/site/v202509/site_markets",
            body="",
            client_streaming=False,
            server_streaming=False,
            request=ListSiteMarketsRequest,
            response=ListSiteMarketsResponse,
        ),
        "GetSiteMarket": _runtime.MethodSpec(
            name="GetSiteMarket",
            path="/kentik.site.v202509.SiteService/GetSiteMarket",
            verb="GET",
            http_path="/site/v202509/site_markets/{id}",
            body="",
            client_streaming=False,
            server_streaming=False,
            request=GetSiteMarketRequest,
            response=GetSiteMarketResponse,
        ),
        "CreateSiteMarket": _runtime.MethodSpec(
            name="CreateSiteMarket",
            path="/kentik.site.v202509.SiteService/CreateSiteMarket",
            verb="POST",
            http_path="/site/v202509/site_markets",
            body="*",
            client_streaming=False,
            server_streaming=False,
            request=CreateSiteMarketRequest,
            response=CreateSiteMarketResponse,
        ),
        "UpdateSiteMarket": _runtime.MethodSpec(
            name="UpdateSiteMarket",
            path="/kentik.site.v202509.SiteService/UpdateSiteMarket",
            verb="PUT",
            http_path="/site/v202509/site_markets/{site_market.id}",
            body="*",
            client_streaming=False,
            server_streaming=False,
            request=UpdateSiteMarketRequest,
            response=UpdateSiteMarketResponse,
        ),
        "DeleteSiteMarket": _runtime.MethodSpec(
            name="DeleteSiteMarket",
            path="/kentik.site.v202509.SiteService/DeleteSiteMarket",
            verb="DELETE",
            http_path="/site/v202509/site_markets/{id}",
            body="",
            client_streaming=False,
            server_streaming=False,
            request=DeleteSiteMarketRequest,
            response=DeleteSiteMarketResponse,
        ),
    }

    def __init__(self, channel):
        _runtime.bind(self, channel)


class SiteServiceServicer:
    """Serves kentik.site.v202509.SiteService: override the methods; the others answer UNIMPLEMENTED."""

    ListSites = _runtime.unimplemented
    GetSite = _runtime.unimplemented
    CreateSite = _runtime.unimplemented
    UpdateSite = _runtime.unimplemented
    DeleteSite = _runtime.unimplemented
    ListSiteMarkets = _runtime.unimplemented
    GetSiteMarket = _runtime.unimplemented
    CreateSiteMarket = _runtime.unimplemented
    UpdateSiteMarket = _runtime.unimplemented
    DeleteSiteMarket = _runtime.unimplemented


def add_SiteServiceServicer_to_server(servicer, server):
    """Adds a servicer of kentik.site.v202509.SiteService to a grpc.aio server that has not started."""
    _runtime.serve("kentik.site.v202509.SiteService", SiteServiceStub.METHODS, servicer, server)
