"""Checks the arguments of pulls and makes specs of them. Pure."""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from kentik_async._validation import (
    valid_asn,
    valid_choice,
    valid_insight_types,
    valid_limit,
    valid_lookback,
    valid_magnitude,
    valid_market_id,
)
from kentik_async.bulk.market_names import spell_market
from kentik_async.bulk.spec import DetailsOptions, InsightsOptions, PullSpec
from kentik_async.errors import ValidationError
from kentik_async.models import Filter, IPFamily, RankType, Relation

__all__ = ["details_spec", "insights_spec", "rankings_spec"]

E = TypeVar("E", RankType, IPFamily)


def rankings_spec(
    markets: str | Iterable[str], rank_types: str | Iterable[str], ips: str | Iterable[str], limit: int | None
) -> PullSpec:
    """Return the spec of a pull of rankings.

    Raises:
        ValidationError: An argument is invalid or empty.
    """
    return PullSpec(
        markets=_markets(markets),
        rank_types=_choices(RankType, rank_types, "rank_types"),
        ips=_choices(IPFamily, ips, "ips"),
        limit=valid_limit(limit),
    )


def details_spec(
    targets: Iterable[tuple[str, int | str]] | None,
    *,
    top: int | None,
    markets: str | Iterable[str],
    rank_types: str | Iterable[str],
    ips: str | Iterable[str],
    limit: int | None,
    details: dict[str, Any],
) -> PullSpec:
    """Return the spec of a pull of details: of given networks, or of the first ones of rankings.

    Raises:
        ValidationError: An argument is invalid or empty, or both or none of `targets` and `top` are given.
    """
    if (targets is None) == (top is None):
        raise ValidationError("give either targets, as (market_id, asn) pairs, or top=N of the rankings")
    how = DetailsOptions(
        str(valid_choice(Relation, details["type"], "type")),
        *(
            str(valid_choice(Filter, details[name], name))
            for name in ("mutual_provider", "mutual_customer", "singlehomed_customer")
        ),
    )
    if targets is not None:
        pairs = tuple(dict.fromkeys((_market(market), valid_asn(asn)) for market, asn in targets))
        if not pairs:
            raise ValidationError("targets is empty: give (market_id, asn) pairs")
        return PullSpec(ips=_choices(IPFamily, ips, "ips"), targets=pairs, details=how)
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise ValidationError(f"top must be a whole number from 1; got {top!r}")
    spec = rankings_spec(markets, rank_types, ips, limit)
    return msgspec.structs.replace(spec, top=top, details=how)


def insights_spec(
    asns: Iterable[int | str] | None,
    *,
    markets: str | Iterable[str] | None,
    ips: str | Iterable[str] | None,
    types: Iterable[str],
    lookback: int | None,
    magnitude: int | None,
    limit: int | None,
) -> PullSpec:
    """Return the spec of a pull of insights, of all networks or of given ones.

    Raises:
        ValidationError: An argument is invalid or empty.
    """
    networks = () if asns is None else tuple(dict.fromkeys(valid_asn(asn) for asn in asns))
    if asns is not None and not networks:
        raise ValidationError("asns is empty: give AS numbers, or None for the insights of all networks")
    if markets == "all":
        raise ValidationError('markets must be market ids or names, or None for all markets; got "all"')
    return PullSpec(
        markets=() if markets is None else _markets(markets),
        ips=() if ips is None else _choices(IPFamily, ips, "ips"),
        limit=valid_limit(limit),
        insights=InsightsOptions(
            networks,
            tuple(sorted(valid_insight_types(types))),
            valid_lookback(lookback),
            valid_magnitude(magnitude),
        ),
    )


def _markets(markets: str | Iterable[str]) -> tuple[str, ...] | None:
    if markets == "all":
        return None
    named = (markets,) if isinstance(markets, str) else tuple(markets)
    if not named:
        raise ValidationError('markets is empty: give market ids or names, or "all"')
    return tuple(dict.fromkeys(_market(market) for market in named))


def _market(text: str) -> str:
    """Return a market's id, or its name where only the list of markets tells the id."""
    name = valid_market_id(text)
    return spell_market(name) or name


def _choices(enum: type[E], values: str | Iterable[str], name: str) -> tuple[str, ...]:
    if values == "all":
        return tuple(map(str, enum))
    named = (values,) if isinstance(values, str) else tuple(values)
    if not named:
        raise ValidationError(f'{name} is empty: give some of {", ".join(enum)}, or "all"')
    return tuple(dict.fromkeys(str(valid_choice(enum, value, name)) for value in named))
