"""Kentik Market Intelligence on the wire of API v6 (Kentik KB, KMI APIs)."""

import builtins
import datetime as dt
from collections.abc import Iterable
from typing import Any, SupportsIndex, TypeVar

from kentik_async._codec._columns import Parsed
from kentik_async._codec._protobuf import reading
from kentik_async._codec._times import from_text
from kentik_async._codec.kmi_columns import DETAILS, RANKINGS
from kentik_async._generated.kmi import v202212 as wire
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
"""What an AS number may be given as; `valid_asn` has the details."""

M = TypeVar("M", CustomerProvider, Peer)


def encode_list_markets() -> bytes:
    """The request for all markets."""
    return wire.ListMarketsRequest().SerializeToString()


def decode_markets(raw: bytes) -> Records[Market]:
    """All markets, in the server's order.

    Raises:
        DecodeError: The bytes are no such answer.
    """
    with reading("the markets"):
        answer = wire.ListMarketsResponse.FromString(raw)
    return Records([Market(row.market_id, row.name) for row in answer.markets], Market)


def encode_rankings(
    market_id: str,
    rank_type: str = RankType.CUSTOMER_BASE,
    ip: str = IPFamily.V4,
    limit: int | None = None,
) -> bytes:
    """The request for one market's ranking.

    Raises:
        ValidationError: An argument is not what the schema allows.
    """
    request = wire.GetRankingsRequest(
        market_id=valid_market_id(market_id),
        rank_type=valid_choice(RankType, rank_type, "rank_type"),
        ip=valid_choice(IPFamily, ip, "ip"),
        limit=valid_limit(limit),
    )
    return request.SerializeToString()


def decode_rankings(
    raw: bytes, *, market_id: str, rank_type: str, ip: str, limit: int | None, fetched_at: dt.datetime
) -> Rankings:
    """One market's ranking, in the server's order.

    Args:
        raw: The answer.
        market_id: What was asked for, as the next three; kept with the rows.
        rank_type: The order.
        ip: The address family.
        limit: The limit, None where the server chose.
        fetched_at: When the answer arrived.

    Raises:
        DecodeError: The bytes are no such answer.
    """
    with reading("the rankings"):
        answer = RANKINGS.parse(raw)
        columns = answer.columns("rankings", Ranking.__struct_fields__)
    return Rankings(
        map(Ranking, *columns),
        market_id=market_id,
        rank_type=valid_choice(RankType, rank_type, "rank_type"),
        ip=valid_choice(IPFamily, ip, "ip"),
        limit=limit,
        fetched_at=fetched_at,
        invalid_count=answer.header.invalid_count,
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
    """The request for a network's neighbours in one market.

    Raises:
        ValidationError: An argument is not what the schema allows.
    """
    request = wire.GetASNDetailsRequest(
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
    """A network and its neighbours in one market; without neighbours and number where the answer has neither.

    Args:
        raw: The answer.
        market_id: What was asked for, as the next two; kept with the details.
        ip: The address family.
        type: The relation.
        fetched_at: When the answer arrived.

    Raises:
        DecodeError: The bytes are no such answer.
    """
    with reading("the details of the network"):
        answer = DETAILS.parse(raw)
        details = answer.header.asn_details
        return ASNDetails(
            asn=details.asn if details.HasField("asn") else None,
            name=details.name,
            country_name=details.country_name,
            customers=_rows(answer, "asn_details.customers", CustomerProvider),
            providers=_rows(answer, "asn_details.providers", CustomerProvider),
            peers=_rows(answer, "asn_details.peers", Peer),
            market_id=market_id,
            ip=valid_choice(IPFamily, ip, "ip"),
            type=valid_choice(Relation, type, "type"),
            fetched_at=fetched_at,
        )


def _rows(answer: Parsed, path: str, model: builtins.type[M]) -> Records[M]:
    return Records(map(model, *answer.columns(path, model.__struct_fields__)), model)


def encode_global_insights(
    *,
    market_id: str | None = None,
    ip: str | None = None,
    types: str | Iterable[str] = (),
    lookback: int | None = None,
    magnitude: int | None = None,
    limit: int | None = None,
) -> bytes:
    """The request for insights about all networks; what is None or empty is left to the server.

    Raises:
        ValidationError: An argument is not what the schema allows.
    """
    options = _insight_options(market_id, ip, types, lookback, magnitude, limit)
    return wire.GetGlobalInsightsRequest(**options).SerializeToString()


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
    """The request for insights about one network; what is None or empty is left to the server.

    Raises:
        ValidationError: An argument is not what the schema allows.
    """
    options = _insight_options(market_id, ip, types, lookback, magnitude, limit)
    return wire.GetASNInsightsRequest(asn=str(valid_asn(asn)), **options).SerializeToString()


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
    """Insights about all networks, in the server's order.

    Raises:
        DecodeError: The bytes are no such answer.
    """
    with reading("the insights"):
        return _insights(wire.GetGlobalInsightsResponse.FromString(raw).insights)


def decode_asn_insights(raw: bytes) -> Records[Insight]:
    """Insights about one network, in the server's order.

    Raises:
        DecodeError: The bytes are no such answer.
    """
    with reading("the insights"):
        return _insights(wire.GetASNInsightsResponse.FromString(raw).insights)


def _insights(rows: Iterable[wire.Insight]) -> Records[Insight]:
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
