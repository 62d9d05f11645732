"""kentik.kmi.v202212: its messages, enums, stubs and servicers.

Written by `kentik-async codegen`; changes made here are lost.
"""

from ... import _runtime

_types = _runtime.load(
    __name__,
    {
        "Market": "A market: a country, a region, or the planet.",
        "Market.market_id": "Contains a `$`: `planet$earth`, `cc$US`.",
        "Ranking": "One row of a ranking.",
        "Ranking.rank_change": "It may be negative, but the wire type has no sign: read it as 32-bit two's complement.",
        "Ranking.score_change": "Read it like rank_change.",
        "CustomerProvider": "A customer or a provider of the requested network.",
        "CustomerProvider.singlehomed_customer": "The customer has one provider only.",
        "CustomerProvider.mutual_customer": "Each of the two is a customer of the other.",
        "Peer": "A peer of the requested network.",
        "Peer.pfx_count": "Prefixes seen over the peering.",
        "ASNDetails": "A network with its relations in one market.",
        "Insight": "A change of a network.",
        "Insight.type": "A number whose meaning is not published.",
        "Insight.created_at": "Time as text.",
        "GetRankingsRequest.rank_type": "customer_base (the default), customer_base_retail, customer_base_wholesome, customer_base_backbone,\ncustomer_growth or peering_base.",
        "GetRankingsRequest.ip": "v4 (the default) or v6.",
        "GetRankingsRequest.limit": "The maximum number of rows; without it the server uses its own limit.",
        "GetRankingsResponse.invalid_count": "The number of rows that the server could not render and omitted.",
        "GetASNDetailsRequest.asn": "A decimal AS number, as text.",
        "GetASNDetailsRequest.ip": "v4 (the default) or v6.",
        "GetASNDetailsRequest.type": "Which relations: all (the default), customers, providers or peers.",
        "GetASNDetailsRequest.mutual_provider": "Mutual providers: all (the default), only or exclude.",
        "GetASNDetailsRequest.mutual_customer": "Mutual customers: all (the default), only or exclude.",
        "GetASNDetailsRequest.singlehomed_customer": "Customers with one provider: all (the default), only or exclude.",
        "GetGlobalInsightsRequest.limit": "The maximum number of insights.",
        "GetGlobalInsightsRequest.ip": "v4 or v6.",
        "GetGlobalInsightsRequest.lookback": "Days to look back.",
        "GetGlobalInsightsRequest.types": "Kinds of insight; empty for all kinds.",
        "GetGlobalInsightsRequest.magnitude": "The minimum magnitude.",
        "GetASNInsightsRequest.asn": "A decimal AS number, as text.",
        "GetASNInsightsRequest.limit": "The maximum number of insights.",
        "GetASNInsightsRequest.ip": "v4 or v6.",
        "GetASNInsightsRequest.lookback": "Days to look back.",
        "GetASNInsightsRequest.types": "Kinds of insight; empty for all kinds.",
        "GetASNInsightsRequest.magnitude": "The minimum magnitude.",
    },
)
Market = _types["Market"]
Ranking = _types["Ranking"]
CustomerProvider = _types["CustomerProvider"]
Peer = _types["Peer"]
ASNDetails = _types["ASNDetails"]
Insight = _types["Insight"]
ListMarketsRequest = _types["ListMarketsRequest"]
ListMarketsResponse = _types["ListMarketsResponse"]
GetRankingsRequest = _types["GetRankingsRequest"]
GetRankingsResponse = _types["GetRankingsResponse"]
GetASNDetailsRequest = _types["GetASNDetailsRequest"]
GetASNDetailsResponse = _types["GetASNDetailsResponse"]
GetGlobalInsightsRequest = _types["GetGlobalInsightsRequest"]
GetGlobalInsightsResponse = _types["GetGlobalInsightsResponse"]
GetASNInsightsRequest = _types["GetASNInsightsRequest"]
GetASNInsightsResponse = _types["GetASNInsightsResponse"]

# Down here, since two packages may import each other.
_runtime.link(__name__)


class KmiServiceStub(_runtime.Stub):
    """Calls kentik.kmi.v202212.KmiService, on a grpc.aio channel or one that calls the same way.

    Reads market intelligence; no method changes data.
    """

    METHODS = {
        "ListMarkets": _runtime.MethodSpec(
            name="ListMarkets",
            path="/kentik.kmi.v202212.KmiService/ListMarkets",
            verb="GET",
            http_path="/kmi/v202212/markets",
            body="",
            client_streaming=False,
            server_streaming=False,
            request=ListMarketsRequest,
            response=ListMarketsResponse,
            python_name="list_markets",
            doc="All markets.",
        ),
        "GetRankings": _runtime.MethodSpec(
            name="GetRankings",
            path="/kentik.kmi.v202212.KmiService/GetRankings",
            verb="POST",
            http_path="/kmi/v202212/market/{market_id}/rankings/{rank_type}/ip/{ip}",
            body="*",
            client_streaming=False,
            server_streaming=False,
            request=GetRankingsRequest,
            response=GetRankingsResponse,
            python_name="get_rankings",
            doc="The networks of a market, best first.",
        ),
        "GetASNDetails": _runtime.MethodSpec(
            name="GetASNDetails",
            path="/kentik.kmi.v202212.KmiService/GetASNDetails",
            verb="POST",
            http_path="/kmi/v202212/market/{market_id}/network/{asn}/{type}",
            body="*",
            client_streaming=False,
            server_streaming=False,
            request=GetASNDetailsRequest,
            response=GetASNDetailsResponse,
            python_name="get_asn_details",
            doc="The customers, providers and peers of one network in a market.",
        ),
        "GetGlobalInsights": _runtime.MethodSpec(
            name="GetGlobalInsights",
            path="/kentik.kmi.v202212.KmiService/GetGlobalInsights",
            verb="GET",
            http_path="/kmi/v202212/insights",
            body="",
            client_streaming=False,
            server_streaming=False,
            request=GetGlobalInsightsRequest,
            response=GetGlobalInsightsResponse,
            python_name="get_global_insights",
            doc="The changes of all networks.",
        ),
        "GetASNInsights": _runtime.MethodSpec(
            name="GetASNInsights",
            path="/kentik.kmi.v202212.KmiService/GetASNInsights",
            verb="GET",
            http_path="/kmi/v202212/insights/{asn}",
            body="",
            client_streaming=False,
            server_streaming=False,
            request=GetASNInsightsRequest,
            response=GetASNInsightsResponse,
            python_name="get_asn_insights",
            doc="The changes of one network.",
        ),
    }


class KmiServiceServicer:
    """Serves kentik.kmi.v202212.KmiService: override the methods; the others answer UNIMPLEMENTED.

    Reads market intelligence; no method changes data.
    """

    ListMarkets = _runtime.unimplemented
    GetRankings = _runtime.unimplemented
    GetASNDetails = _runtime.unimplemented
    GetGlobalInsights = _runtime.unimplemented
    GetASNInsights = _runtime.unimplemented


def add_KmiServiceServicer_to_server(servicer: KmiServiceServicer, server: _runtime.Server) -> None:
    """Adds a servicer of kentik.kmi.v202212.KmiService to a grpc.aio server that has not started."""
    _runtime.serve("kentik.kmi.v202212.KmiService", KmiServiceStub.METHODS, servicer, server)
