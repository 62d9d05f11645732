"""Encodes requests and decodes responses of Kentik Market Intelligence, API v6 (Kentik KB, KMI APIs)."""

import builtins
import datetime as dt
from collections.abc import Iterable
from typing import Any, SupportsIndex, TypeVar

from kentik_async._codec._columns import ParsedTables
from kentik_async._codec._values import from_text, parse
from kentik_async._codec.kmi_columns import DETAILS, RANKINGS
from kentik_async._generated.kmi import v202212 as messages
from kentik_async._validation import (
    valid_asn,
    valid_choice,
    valid_insight_types,
    valid_limit,
    valid_lookback,
    valid_magnitude,
    valid_market_id,
)
from kentik_async.models import (
    ASNDetails,
    CustomerProvider,
    Filter,
    Insight,
    IPFamily,
    Market,
    Peer,
    Ranking,
    Rankings,
    RankType,
    Records,
    Relation,
)

__all__ = [
    "decode_asn_details",
    "decode_asn_insights",
    "decode_global_insights",
    "decode_markets",
    "decode_rankings",
    "encode_asn_details",
    "encode_asn_insights",
    "encode_global_insights",
    "encode_list_markets",
    "encode_rankings",
]

ASN = int | str | SupportsIndex
"""The types of an AS number argument; see `valid_asn`."""

M = TypeVar("M", CustomerProvider, Peer)


def encode_list_markets() -> bytes:
    """Encode the request for all markets."""
    return messages.ListMarketsRequest().SerializeToString()


def decode_markets(raw: bytes) -> Records[Market]:
    """Decode all markets, in the server's order.

    Raises:
        DecodeError: The bytes are not such a response.
    """
    response = parse(messages.ListMarketsResponse, raw, "the markets")
    return Records([Market(row.market_id, row.name) for row in response.markets], Market)


def encode_rankings(
    market_id: str,
    rank_type: str = RankType.CUSTOMER_BASE,
    ip: str = IPFamily.V4,
    limit: int | None = None,
) -> bytes:
    """Encode the request for one market's ranking.

    Raises:
        ValidationError: An argument is invalid.
    """
    request = messages.GetRankingsRequest(
        market_id=valid_market_id(market_id),
        rank_type=valid_choice(RankType, rank_type, "rank_type"),
        ip=valid_choice(IPFamily, ip, "ip"),
        limit=valid_limit(limit),
    )
    return request.SerializeToString()


def decode_rankings(
    raw: bytes, *, market_id: str, rank_type: str, ip: str, limit: int | None, fetched_at: dt.datetime
) -> Rankings:
    """Decode one market's ranking, in the server's order.

    Args:
        raw: The response.
        market_id: The requested market; this and the next three are stored with the rows.
        rank_type: The ranking metric.
        ip: The address family.
        limit: The requested limit, or None for the server's default.
        fetched_at: The time at which the response arrived.

    Raises:
        DecodeError: The bytes are not such a response.
    """
    response = RANKINGS.parse(raw)
    columns = response.columns("rankings", Ranking.__struct_fields__)
    return Rankings(
        map(Ranking, *columns),
        market_id=market_id,
        rank_type=valid_choice(RankType, rank_type, "rank_type"),
        ip=valid_choice(IPFamily, ip, "ip"),
        limit=limit,
        fetched_at=fetched_at,
        invalid_count=response.header.invalid_count,
    )


def encode_asn_details(
    market_id: str,
    asn: ASN,
    type: str = Relation.ALL,
    ip: str = IPFamily.V4,
    mutual_provider: str = Filter.ALL,
    mutual_customer: str = Filter.ALL,
    singlehomed_customer: str = Filter.ALL,
) -> bytes:
    """Encode the request for a network's neighbours in one market.

    Raises:
        ValidationError: An argument is invalid.
    """
    request = messages.GetASNDetailsRequest(
        market_id=valid_market_id(market_id),
        asn=str(valid_asn(asn)),
        ip=valid_choice(IPFamily, ip, "ip"),
        type=valid_choice(Relation, type, "type"),
        mutual_provider=valid_choice(Filter, mutual_provider, "mutual_provider"),
        mutual_customer=valid_choice(Filter, mutual_customer, "mutual_customer"),
        singlehomed_customer=valid_choice(Filter, singlehomed_customer, "singlehomed_customer"),
    )
    return request.SerializeToString()


def decode_asn_details(
    raw: bytes, *, market_id: str, ip: str, type: str, fetched_at: dt.datetime
) -> ASNDetails:
    """Decode a network and its neighbours in one market; its ASN is None if the response has no details.

    Args:
        raw: The response.
        market_id: The requested market; this and the next two are stored with the details.
        ip: The address family.
        type: The requested relation.
        fetched_at: The time at which the response arrived.

    Raises:
        DecodeError: The bytes are not such a response.
    """
    response = DETAILS.parse(raw)
    details = response.header.asn_details
    return ASNDetails(
        asn=details.asn if details.HasField("asn") else None,
        name=details.name,
        country_name=details.country_name,
        customers=_rows(response, "asn_details.customers", CustomerProvider),
        providers=_rows(response, "asn_details.providers", CustomerProvider),
        peers=_rows(response, "asn_details.peers", Peer),
        market_id=market_id,
        ip=valid_choice(IPFamily, ip, "ip"),
        type=valid_choice(Relation, type, "type"),
        fetched_at=fetched_at,
    )


def _rows(response: ParsedTables, path: str, model: builtins.type[M]) -> Records[M]:
    return Records(map(model, *response.columns(path, model.__struct_fields__)), model)


def encode_global_insights(
    *,
    market_id: str | None = None,
    ip: str | None = None,
    types: str | Iterable[str] = (),
    lookback: int | None = None,
    magnitude: int | None = None,
    limit: int | None = None,
) -> bytes:
    """Encode the request for insights about all networks; the server chooses values that are None or empty.

    Raises:
        ValidationError: An argument is invalid.
    """
    options = _insight_options(market_id, ip, types, lookback, magnitude, limit)
    return messages.GetGlobalInsightsRequest(**options).SerializeToString()


def encode_asn_insights(
    asn: ASN,
    *,
    market_id: str | None = None,
    ip: str | None = None,
    types: str | Iterable[str] = (),
    lookback: int | None = None,
    magnitude: int | None = None,
    limit: int | None = None,
) -> bytes:
    """Encode the request for insights about one network; the server chooses values that are None or empty.

    Raises:
        ValidationError: An argument is invalid.
    """
    options = _insight_options(market_id, ip, types, lookback, magnitude, limit)
    return messages.GetASNInsightsRequest(asn=str(valid_asn(asn)), **options).SerializeToString()


def _insight_options(
    market_id: str | None,
    ip: str | None,
    types: str | Iterable[str],
    lookback: int | None,
    magnitude: int | None,
    limit: int | None,
) -> dict[str, Any]:
    return {
        "market_id": None if market_id is None else valid_market_id(market_id),
        "ip": None if ip is None else valid_choice(IPFamily, ip, "ip"),
        "types": valid_insight_types(types),
        "lookback": valid_lookback(lookback),
        "magnitude": valid_magnitude(magnitude),
        "limit": valid_limit(limit),
    }


def decode_global_insights(raw: bytes) -> Records[Insight]:
    """Decode insights about all networks, in the server's order.

    Raises:
        DecodeError: The bytes are not such a response.
    """
    return _insights(parse(messages.GetGlobalInsightsResponse, raw, "the insights").insights)


def decode_asn_insights(raw: bytes) -> Records[Insight]:
    """Decode insights about one network, in the server's order.

    Raises:
        DecodeError: The bytes are not such a response.
    """
    return _insights(parse(messages.GetASNInsightsResponse, raw, "the insights").insights)


def _insights(rows: Iterable[messages.Insight]) -> Records[Insight]:
    found = [
        Insight(
            row.asn or (0 if row.HasField("asn") else None),
            row.name,
            row.type or (0 if row.HasField("type") else None),
            row.message,
            from_text(row.created_at),
        )
        for row in rows
    ]
    return Records(found, Insight)
