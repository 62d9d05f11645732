"""kentik.site.v202509: its messages, enums, stubs and servicers.

Written by `kentik-async codegen`; changes made here are lost.
"""

from ... import _runtime

_types = _runtime.load(
    __name__,
    {
        "SiteIpAddressClassification": "The networks of a site, by their use.",
        "Layer": "A layer of a site's architecture.",
        "LayerSet": "Layers of a site's architecture that are on one level.",
        "PostalAddress.address": "Street and number.",
        "PostalAddress.region": "State, province or canton.",
        "PeeringDBSiteMapping": "Connects a site with a facility of PeeringDB.",
        "PeeringDBSiteMapping.edate": "When it was last changed.",
        "PeeringDBSiteMapping.cdate": "When it was created.",
        "Site.id": "Set by the server; empty in a create request.",
        "Site.lat": "Degrees; 0 if unknown.",
        "ListSitesResponse.invalid_count": "The number of sites that the server could not render and omitted.",
        "UpdateSiteRequest.site": "The whole site: omitted fields become empty. `id` selects the site.",
        "SiteMarket": "A market: a named set of sites.",
        "SiteMarket.id": "Set by the server; empty in a create request.",
        "SiteMarket.cdate": "When it was created.",
        "SiteMarket.edate": "When it was last changed.",
        "ListSiteMarketsResponse.invalid_count": "The number of markets that the server could not render and omitted.",
        "UpdateSiteMarketRequest.site_market": "The whole market: omitted fields become empty. `id` selects the market.",
        "SiteType": "What a site is used for.",
    },
)
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
_runtime.link(__name__)


class SiteServiceStub(_runtime.Stub):
    """Calls kentik.site.v202509.SiteService, on a grpc.aio channel or one that calls the same way.

    Reads and changes the sites and site markets of one customer.
    """

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
            python_name="list_sites",
            doc="All sites.",
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
            python_name="get_site",
            doc="One site.",
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
            python_name="create_site",
            doc="Creates a site; the response has its id.",
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
            python_name="update_site",
            doc="Replaces a site.",
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
            python_name="delete_site",
            doc="Deletes a site.",
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
            python_name="list_site_markets",
            doc="All site markets.",
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
            python_name="get_site_market",
            doc="One site market.",
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
            python_name="create_site_market",
            doc="Creates a site market; the response has its id.",
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
            python_name="update_site_market",
            doc="Replaces a site market.",
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
            python_name="delete_site_market",
            doc="Deletes a site market.",
        ),
    }


class SiteServiceServicer:
    """Serves kentik.site.v202509.SiteService: override the methods; the others answer UNIMPLEMENTED.

    Reads and changes the sites and site markets of one customer.
    """

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


def add_SiteServiceServicer_to_server(servicer: SiteServiceServicer, server: _runtime.Server) -> None:
    """Adds a servicer of kentik.site.v202509.SiteService to a grpc.aio server that has not started."""
    _runtime.serve("kentik.site.v202509.SiteService", SiteServiceStub.METHODS, servicer, server)
