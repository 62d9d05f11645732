"""kentik.kmi.v202212: its messages, enums, stubs and servicers.

Written by `python -m codegen`; changes made here are lost.
"""

from ... import _runtime

_types = _runtime.load(__name__)
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


class KmiServiceStub:
    """Calls kentik.kmi.v202212.KmiService, on a grpc.aio channel or one that calls the same way."""

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
        ),
    }

    def __init__(self, channel):
        _runtime.bind(self, channel)


class KmiServiceServicer:
    """Serves kentik.kmi.v202212.KmiService: override the methods; the others answer UNIMPLEMENTED."""

    ListMarkets = _runtime.unimplemented
    GetRankings = _runtime.unimplemented
    GetASNDetails = _runtime.unimplemented
    GetGlobalInsights = _runtime.unimplemented
    GetASNInsights = _runtime.unimplemented


def add_KmiServiceServicer_to_server(servicer, server):
    """Adds a servicer of kentik.kmi.v202212.KmiService to a grpc.aio server that has not started."""
    _runtime.serve("kentik.kmi.v202212.KmiService", KmiServiceStub.METHODS, servicer, server)
