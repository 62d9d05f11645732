"""What a pull is about, and which pages follow from it. Pure.

A pull is a cascade: the markets (unless they are given) lead to rankings, and the rankings' first networks
to their details. Each page is asked for once, however many ways lead to it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from kentik_async._validation import valid_asn, valid_choice, valid_limit, valid_market_id
from kentik_async.bulk.page_key import PageKey
from kentik_async.errors import ValidationError
from kentik_async.models import Filter, IPFamily, RankType, Relation

__all__ = ["Ask", "Details", "Remaining", "details_ask", "rankings_ask", "remaining"]


class Details(msgspec.Struct, frozen=True):
    """How the details of a network are asked for.

    Attributes:
        type: Which neighbours: "all", "customers", "providers", "peers".
        mutual_provider: "all", "only" or "exclude".
        mutual_customer: Likewise.
        singlehomed_customer: Likewise.
    """

    type: str = "all"
    mutual_provider: str = "all"
    mutual_customer: str = "all"
    singlehomed_customer: str = "all"

    def key(self, market_id: str, asn: int, ip: str) -> PageKey:
        """Return the key of one network's page."""
        return PageKey(
            "asn_details",
            market_id,
            ip=ip,
            asn=asn,
            type=self.type,
            mutual_provider=self.mutual_provider,
            mutual_customer=self.mutual_customer,
            singlehomed_customer=self.singlehomed_customer,
        )


class Ask(msgspec.Struct, frozen=True):
    """What a pull is about.

    Attributes:
        markets: The markets, or None for all that the server lists.
        rank_types: The kinds of rankings; none for details of given networks.
        ips: The address families.
        limit: The rows of a ranking; None for the server's default.
        top: The details of how many first networks of each ranking follow; None for no details.
        targets: Networks, as (market, ASN), whose details are asked for.
        details: How details are asked for.
        list_markets: Whether the list of markets is a page of its own.
    """

    markets: tuple[str, ...] | None = None
    rank_types: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    limit: int | None = None
    top: int | None = None
    targets: tuple[tuple[str, int], ...] = ()
    details: Details = Details()
    list_markets: bool = False

    @property
    def text(self) -> str:
        """The ask as one line of JSON: two runs with equal texts pull the same."""
        return msgspec.json.encode(self).decode()

    @property
    def needs_markets(self) -> bool:
        """Whether the pages can be named only once the server has listed its markets."""
        return self.markets is None and bool(self.rank_types)

    def opening(self) -> Iterator[PageKey]:
        """Yield the pages that are known before anything was answered."""
        if self.list_markets or self.needs_markets:
            yield PageKey("markets")
        if self.markets is not None:
            yield from self.rankings_of(self.markets)
        for market_id, asn in self.targets:
            for ip in self.ips:
                yield self.details.key(market_id, asn, ip)

    def rankings_of(self, markets: Iterable[str]) -> Iterator[PageKey]:
        """Yield the rankings of markets, the planet first: it tells whether the data changed meanwhile."""
        for market_id in sorted(markets, key=lambda market_id: market_id != "planet$earth"):
            for rank_type in self.rank_types:
                for ip in self.ips:
                    yield PageKey("rankings", market_id, rank_type, ip, limit=self.limit)

    def details_of(self, ranking: PageKey, asns: Sequence[int]) -> Iterator[PageKey]:
        """Yield the details of a ranking's first networks.

        Args:
            ranking: The ranking's key.
            asns: Its networks, best first.
        """
        for asn in asns[: self.top or 0]:
            yield self.details.key(ranking.market_id, asn, ranking.ip)

    def following(self, key: PageKey, leads: Sequence[Any]) -> Iterator[PageKey]:
        """Yield the pages that a page leads to.

        Args:
            key: The page.
            leads: What its answer held: all markets' ids, or a ranking's networks, best first.
        """
        if key.kind == "markets" and self.needs_markets:
            yield from self.rankings_of(leads)
        elif key.kind == "rankings" and self.top is not None:
            yield from self.details_of(key, leads)

    def wanted(self, key: PageKey, shard: tuple[int, int] | None) -> bool:
        """Return whether a page belongs to a shard (i, n); pages that lead to others belong to all."""
        if shard is None or key.kind == "markets" or (key.kind == "rankings" and self.top):
            return True
        return key.shard(shard[1]) == shard[0]


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left of an ask.

    Attributes:
        there: Pages that need no asking.
        rankings: Rankings to ask for.
        calls: Pages to ask for, rankings and all.
        exact: Whether that is known; else it is the most that it can be.
    """

    there: int
    rankings: int
    calls: int
    exact: bool


def remaining(
    ask: Ask, landed: Mapping[PageKey, Sequence[Any]], shard: tuple[int, int] | None = None
) -> Remaining:
    """Return what is left of an ask.

    Args:
        ask: What is asked.
        landed: The pages that are there, each with what it leads to; the list of markets must be among them
            if it is needed.
        shard: (i, n): only the i-th of n parts.
    """
    seen: set[PageKey] = set()
    waiting = list(ask.opening())
    while waiting:
        key = waiting.pop()
        if key not in seen and ask.wanted(key, shard):
            seen.add(key)
            waiting.extend(ask.following(key, landed.get(key, ())))
    missing = seen - landed.keys()
    there = len(seen) - len(missing)
    rankings = sum(key.kind == "rankings" for key in missing)
    if ask.top is None or not rankings:
        return Remaining(there, rankings, len(missing), exact=True)
    shards = 1 if shard is None else shard[1]
    details = -(-rankings * ask.top // shards)
    return Remaining(there, rankings, len(missing) + details, exact=False)


def rankings_ask(
    markets: str | Iterable[str], rank_types: str | Iterable[str], ips: str | Iterable[str], limit: int | None
) -> Ask:
    """Check what rankings are asked for.

    Raises:
        ValidationError: An argument is none of what is allowed, or asks for nothing.
    """
    return Ask(
        markets=_markets(markets),
        rank_types=_choices(RankType, rank_types, "rank_types"),
        ips=_choices(IPFamily, ips, "ips"),
        limit=valid_limit(limit),
    )


def details_ask(
    targets: Iterable[tuple[str, int | str]] | None,
    *,
    top: int | None,
    markets: str | Iterable[str],
    rank_types: str | Iterable[str],
    ips: str | Iterable[str],
    limit: int | None,
    details: dict[str, Any],
) -> Ask:
    """Check what details are asked for: those of given networks, or of the first ones of rankings.

    Raises:
        ValidationError: An argument is none of what is allowed, or asks for nothing, or both ways are named.
    """
    if (targets is None) == (top is None):
        raise ValidationError("give either targets, as (market_id, asn) pairs, or top=N of the rankings")
    how = Details(
        valid_choice(Relation, details["type"], "type"),
        *(
            valid_choice(Filter, details[name], name)
            for name in ("mutual_provider", "mutual_customer", "singlehomed_customer")
        ),
    )
    if targets is not None:
        pairs = tuple(dict.fromkeys((valid_market_id(market), valid_asn(asn)) for market, asn in targets))
        if not pairs:
            raise ValidationError("targets is empty: give (market_id, asn) pairs")
        return Ask(ips=_choices(IPFamily, ips, "ips"), targets=pairs, details=how)
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise ValidationError(f"top is {top!r}: give a whole number from 1")
    ask = rankings_ask(markets, rank_types, ips, limit)
    return msgspec.structs.replace(ask, top=top, details=how)


def _markets(markets: str | Iterable[str]) -> tuple[str, ...] | None:
    if markets == "all":
        return None
    named = (markets,) if isinstance(markets, str) else tuple(markets)
    if not named:
        raise ValidationError('markets is empty: give market ids, or "all"')
    return tuple(dict.fromkeys(valid_market_id(market) for market in named))


def _choices(
    kind: type[RankType] | type[IPFamily], values: str | Iterable[str], name: str
) -> tuple[str, ...]:
    if values == "all":
        return tuple(kind)
    named = (values,) if isinstance(values, str) else tuple(values)
    if not named:
        raise ValidationError(f'{name} is empty: give some of {", ".join(kind)}, or "all"')
    return tuple(dict.fromkeys(valid_choice(kind, value, name) for value in named))
