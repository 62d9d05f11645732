"""Handlers of the five KMI calls: from the request message to the serialized answer."""

from collections.abc import Sequence

from kentik_async._generated.kmi import v202212 as pb
from kentik_async.emulator.api.numbers import decimal
from kentik_async.emulator.errors import AnswerError
from kentik_async.emulator.world.insights import INSIGHT_TYPES, LOOKBACKS
from kentik_async.emulator.world.rankings import IPS, RANK_TYPES
from kentik_async.emulator.world.relations import FILTERS, RELATIONS
from kentik_async.emulator.world.state import INSIGHT_LIMIT, RANKING_LIMIT, EmulatorState
from kentik_async.models import ASNDetails, CustomerProvider, Insight

__all__ = ["get_asn_details", "get_asn_insights", "get_global_insights", "get_rankings", "list_markets"]

_UINT32 = 0xFFFFFFFF


def list_markets(state: EmulatorState, customer: str, request: pb.ListMarketsRequest) -> bytes:
    """Answer ListMarkets."""
    del customer, request
    return state.data.responses.get(("markets",), lambda: _markets(state))


def _markets(state: EmulatorState) -> bytes:
    markets = [pb.Market(market_id=market.market_id, name=market.name) for market in state.markets]
    return pb.ListMarketsResponse(markets=markets).SerializeToString()


def get_rankings(state: EmulatorState, customer: str, request: pb.GetRankingsRequest) -> bytes:
    """Answer GetRankings.

    Raises:
        AnswerError: An argument is invalid, or there is no such market.
    """
    del customer
    market_id = _required("market_id", request.market_id)
    rank_type = _choice("rank_type", request.rank_type, RANK_TYPES)
    ip = _choice("ip", request.ip, IPS)
    limit = _limit(request.limit if request.HasField("limit") else RANKING_LIMIT)
    question = ("rankings", state.day, market_id, rank_type, ip, limit)
    return state.data.responses.get(question, lambda: _rankings(state, market_id, rank_type, ip, limit))


def _rankings(state: EmulatorState, market_id: str, rank_type: str, ip: str, limit: int) -> bytes:
    response = pb.GetRankingsResponse(invalid_count=state.invalid_count(market_id, rank_type, ip))
    add = response.rankings.add
    rows = state.data.rankings(state.market(market_id), rank_type, ip, state.day, limit)
    for row in rows:
        add(
            asn=row.asn,
            name=row.name,
            rank=row.rank,
            # The wire type is unsigned; losses are sent as 32-bit two's complement.
            rank_change=row.rank_change & _UINT32,
            score=row.score,
            score_change=row.score_change & _UINT32,
        )
    return response.SerializeToString()


def get_asn_details(state: EmulatorState, customer: str, request: pb.GetASNDetailsRequest) -> bytes:
    """Answer GetASNDetails.

    Raises:
        AnswerError: An argument is invalid, or there is no such market, or no such network in it.
    """
    del customer
    market_id, asn = _required("market_id", request.market_id), _asn(request.asn)
    relation, ip = _choice("type", request.type, RELATIONS), _choice("ip", request.ip, IPS)
    names = ("mutual_provider", "mutual_customer", "singlehomed_customer")
    filters = tuple(_choice(name, getattr(request, name), FILTERS) for name in names)
    question = ("details", state.day, market_id, asn, relation, ip, *filters)
    return state.data.responses.get(
        question, lambda: _details(state.asn_details(market_id, asn, relation, ip, *filters))
    )


def _details(details: ASNDetails) -> bytes:
    message = pb.ASNDetails(
        asn=details.asn,
        name=details.name,
        country_name=details.country_name,
        customers=_related(details.customers),
        providers=_related(details.providers),
        peers=[pb.Peer(asn=row.asn, name=row.name, pfx_count=row.pfx_count) for row in details.peers],
    )
    return pb.GetASNDetailsResponse(asn_details=message).SerializeToString()


def _related(rows: Sequence[CustomerProvider]) -> list[pb.CustomerProvider]:
    return [
        pb.CustomerProvider(
            asn=row.asn,
            name=row.name,
            score=row.score,
            singlehomed_customer=row.singlehomed_customer,
            mutual_customer=row.mutual_customer,
            mutual_provider=row.mutual_provider,
        )
        for row in rows
    ]


def get_global_insights(state: EmulatorState, customer: str, request: pb.GetGlobalInsightsRequest) -> bytes:
    """Answer GetGlobalInsights.

    Raises:
        AnswerError: An argument is invalid, or there is no such market.
    """
    del customer
    return pb.GetGlobalInsightsResponse(insights=_insights(state, request, None)).SerializeToString()


def get_asn_insights(state: EmulatorState, customer: str, request: pb.GetASNInsightsRequest) -> bytes:
    """Answer GetASNInsights.

    Raises:
        AnswerError: An argument is invalid, or there is no such market or network.
    """
    del customer
    insights = _insights(state, request, _asn(request.asn))
    return pb.GetASNInsightsResponse(insights=insights).SerializeToString()


def _insights(
    state: EmulatorState, request: pb.GetGlobalInsightsRequest | pb.GetASNInsightsRequest, asn: int | None
) -> list[pb.Insight]:
    lookback = request.lookback if request.HasField("lookback") else LOOKBACKS[0]
    magnitude = request.magnitude if request.HasField("magnitude") else 1
    if lookback not in LOOKBACKS:
        raise AnswerError("INVALID_ARGUMENT", f"lookback must be 1, 7 or 30 days; got {lookback}")
    if not 1 <= magnitude <= 5:
        raise AnswerError("INVALID_ARGUMENT", f"magnitude must be 1 to 5; got {magnitude}")
    events = state.insights(
        market_id=request.market_id if request.HasField("market_id") else "planet$earth",
        ip=_choice("ip", request.ip, IPS),
        types=[_choice("types", name, INSIGHT_TYPES) for name in request.types],
        lookback=lookback,
        magnitude=magnitude,
        limit=_limit(request.limit if request.HasField("limit") else INSIGHT_LIMIT),
        asn=asn,
    )
    return [_insight(event) for event in events]


def _insight(event: Insight) -> pb.Insight:
    moment = event.created_at
    return pb.Insight(
        asn=event.asn,
        name=event.name,
        type=event.type,
        message=event.message,
        created_at=moment.isoformat().replace("+00:00", "Z") if moment else "",
    )


def _required(name: str, value: str) -> str:
    if not value:
        raise AnswerError("INVALID_ARGUMENT", f"{name} is required")
    return value


def _choice(name: str, value: str, allowed: Sequence[str]) -> str:
    """Return the value; an empty one selects the first allowed value, which is the default of the API."""
    if value and value not in allowed:
        raise AnswerError("INVALID_ARGUMENT", f"{name} must be one of {', '.join(allowed)}; got {value!r}")
    return value or allowed[0]


def _limit(value: int) -> int:
    if value < 1:
        raise AnswerError("INVALID_ARGUMENT", f"limit must be at least 1; got {value}")
    return value


def _asn(text: str) -> int:
    asn = decimal(text)
    if asn is None or asn > _UINT32:
        raise AnswerError(
            "INVALID_ARGUMENT", f"asn must be a decimal number up to {_UINT32}; got {text[:60]!r}"
        )
    return asn
