"""The operations of Kentik Market Intelligence (KmiService v202212). Pure."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from kentik_async._clock import utc_now
from kentik_async._codec import kmi
from kentik_async._operations.request import Request, builds, rpc_operation
from kentik_async.models import ASNDetails, Insight, Market, Rankings, Records
from kentik_async.retry import Effect

__all__ = ["get_asn_details", "get_asn_insights", "get_global_insights", "get_rankings", "list_markets"]

_SERVICE = "/kentik.kmi.v202212.KmiService/"

_LIST_MARKETS = rpc_operation("kmi.list_markets", "GET", Effect.READ)
_GET_RANKINGS = rpc_operation("kmi.get_rankings", "POST", Effect.READ)
_GET_ASN_DETAILS = rpc_operation("kmi.get_asn_details", "POST", Effect.READ)
_GET_GLOBAL_INSIGHTS = rpc_operation("kmi.get_global_insights", "GET", Effect.READ)
_GET_ASN_INSIGHTS = rpc_operation("kmi.get_asn_insights", "GET", Effect.READ)


@builds(_LIST_MARKETS)
def list_markets() -> Request[Records[Market]]:
    """KmiService.ListMarkets."""
    return Request(_LIST_MARKETS, _SERVICE + "ListMarkets", kmi.decode_markets, kmi.encode_list_markets())


@builds(_GET_RANKINGS)
def get_rankings(
    market_id: str, rank_type: str, ip: str, limit: int | None, now: Callable[[], datetime] = utc_now
) -> Request[Rankings]:
    """KmiService.GetRankings."""
    body = kmi.encode_rankings(market_id, rank_type, ip, limit)

    def decode(raw: bytes) -> Rankings:
        return kmi.decode_rankings(
            raw, market_id=market_id, rank_type=rank_type, ip=ip, limit=limit, fetched_at=now()
        )

    return Request(_GET_RANKINGS, _SERVICE + "GetRankings", decode, body)


@builds(_GET_ASN_DETAILS)
def get_asn_details(
    market_id: str,
    asn: int | str,
    type: str,
    ip: str,
    mutual_provider: str,
    mutual_customer: str,
    singlehomed_customer: str,
    now: Callable[[], datetime] = utc_now,
) -> Request[ASNDetails]:
    """KmiService.GetASNDetails."""
    body = kmi.encode_asn_details(
        market_id, asn, type, ip, mutual_provider, mutual_customer, singlehomed_customer
    )

    def decode(raw: bytes) -> ASNDetails:
        return kmi.decode_asn_details(raw, market_id=market_id, ip=ip, type=type, fetched_at=now())

    return Request(_GET_ASN_DETAILS, _SERVICE + "GetASNDetails", decode, body)


@builds(_GET_GLOBAL_INSIGHTS)
def get_global_insights(**options: Any) -> Request[Records[Insight]]:
    """KmiService.GetGlobalInsights."""
    body = kmi.encode_global_insights(**options)
    return Request(_GET_GLOBAL_INSIGHTS, _SERVICE + "GetGlobalInsights", kmi.decode_global_insights, body)


@builds(_GET_ASN_INSIGHTS)
def get_asn_insights(asn: int | str, **options: Any) -> Request[Records[Insight]]:
    """KmiService.GetASNInsights."""
    body = kmi.encode_asn_insights(asn, **options)
    return Request(_GET_ASN_INSIGHTS, _SERVICE + "GetASNInsights", kmi.decode_asn_insights, body)
