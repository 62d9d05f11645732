"""The spec of a pull: what it requests, and which pages follow from it. Pure.

A pull is a cascade: the markets (unless they are given) lead to rankings, and the first networks of each
ranking to their details. Each page is requested once, even if several pages lead to it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any, TypeVar

import msgspec

from kentik_async.bulk.market_names import find_market
from kentik_async.bulk.page_key import MARKETS, PageKey
from kentik_async.errors import DecodeError
from kentik_async.models import Market

__all__ = ["DetailsOptions", "InsightsOptions", "PullSpec"]

T = TypeVar("T")

_PLANET = "planet$earth"


class DetailsOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """The options of a request for a network's details.

    Attributes:
        type: The relation: "all", "customers", "providers" or "peers".
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


class InsightsOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """The insights that are requested.

    Attributes:
        asns: The networks; none for the insights of all networks.
        types: Insight types; none for all.
        lookback: Days; None for the server's default.
        magnitude: Minimum magnitude; None for the server's default.
    """

    asns: tuple[int, ...] = ()
    types: tuple[str, ...] = ()
    lookback: int | None = None
    magnitude: int | None = None

    def keys(self, market_id: str, ip: str, limit: int | None) -> Iterator[PageKey]:
        """Yield the pages for one market and address family; "" for all of them."""
        for asn in self.asns or (None,):
            yield PageKey(
                "insights",
                market_id,
                ip=ip,
                asn=asn,
                limit=limit,
                types=self.types,
                lookback=self.lookback,
                magnitude=self.magnitude,
            )


class PullSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """The spec of a pull.

    Attributes:
        markets: Market ids, and names that `resolve` looks up; None for all that the server lists.
        rank_types: Ranking metrics; none for details of given networks, and for insights.
        ips: Address families; none for insights of both.
        limit: Maximum number of rows of a ranking or of insights; None for the server's default.
        top: Details are requested for the first `top` networks of each ranking; None for no details.
        targets: Networks, as (market, ASN), whose details are requested.
        details: How details are requested.
        insights: Which insights are requested; None for no insights.
        list_markets: Whether the list of markets is a page too.
        shard: (i, n): only the i-th, from 0, of n equal parts of the pages; None for all.
        refresh: Whether pages that the date holds are requested again.
    """

    markets: tuple[str, ...] | None = None
    rank_types: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    limit: int | None = None
    top: int | None = None
    targets: tuple[tuple[str, int], ...] = ()
    details: DetailsOptions = DetailsOptions()
    insights: InsightsOptions | None = None
    list_markets: bool = False
    shard: tuple[int, int] | None = None
    refresh: bool = False

    @property
    def text(self) -> str:
        """The spec as one line of JSON: equal specs have equal texts."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def parse(cls, text: str) -> "PullSpec":
        """Read a spec back from its text.

        Raises:
            DecodeError: The text is not a spec.
        """
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"invalid pull spec {text[:80]!r}: {error}") from None

    @property
    def command(self) -> str:
        """The spec written as a command line."""
        return " ".join(_command(self))

    @property
    def has_names(self) -> bool:
        """Whether some markets are given by name, so that `resolve` must look them up."""
        return any("$" not in market for market in self._named)

    @property
    def needs_markets(self) -> bool:
        """Whether the pages are known only once the server has listed its markets."""
        return self.has_names or (self.markets is None and bool(self.rank_types))

    def resolve(self, markets: Iterable[Market]) -> "PullSpec":
        """Return the spec with ids in place of markets' names.

        Args:
            markets: All markets.

        Raises:
            ValidationError: No market, or more than one, has such a name.
        """
        if not self.has_names:
            return self
        known = list(markets)
        ids = {name: name if "$" in name else find_market(name, known) for name in self._named}
        return msgspec.structs.replace(
            self,
            markets=None
            if self.markets is None
            else tuple(dict.fromkeys(ids[name] for name in self.markets)),
            targets=_unique((ids[name], asn) for name, asn in self.targets),
        )

    def opening(self) -> list[PageKey]:
        """Return the pages that are known before the first answer."""
        keys = [MARKETS] if self.list_markets or self.needs_markets else []
        if self.insights is not None:
            for market_id, ip in product(self.markets or ("",), self.ips or ("",)):
                keys += self.insights.keys(market_id, ip, self.limit)
        elif self.markets is not None:
            keys += self._rankings_of(self.markets)
        keys += [self.details.key(*target, ip) for target, ip in product(self.targets, self.ips)]
        return keys

    def following(self, key: PageKey, leads: Sequence[Any]) -> list[PageKey]:
        """Return the pages that a page leads to.

        Args:
            key: The page.
            leads: From its answer: the ids of all markets, or the networks of a ranking, best first.
        """
        if key.kind == "markets" and self.markets is None:
            return self._rankings_of(leads)
        if key.kind == "rankings" and self.top is not None:
            return [self.details.key(key.market_id, asn, key.ip) for asn in leads[: self.top]]
        return []

    def leads_on(self, key: PageKey) -> bool:
        """Return whether further pages follow from a page."""
        return (key.kind == "markets" and self.markets is None) or (
            key.kind == "rankings" and self.top is not None
        )

    def wanted(self, key: PageKey) -> bool:
        """Return whether a page belongs to the shard; pages that lead to others belong to every shard."""
        if self.shard is None or key.kind == "markets" or (key.kind == "rankings" and self.top):
            return True
        return key.shard(self.shard[1]) == self.shard[0]

    def _rankings_of(self, markets: Iterable[str]) -> list[PageKey]:
        """Return the rankings of markets, the planet first: it is used to check whether the data changed."""
        ordered = sorted(markets, key=_PLANET.__ne__)
        wanted = product(ordered, self.rank_types, self.ips)
        return [PageKey("rankings", *place, limit=self.limit) for place in wanted]

    @property
    def _named(self) -> tuple[str, ...]:
        return (*(self.markets or ()), *(market for market, _ in self.targets))


def _unique(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))


def _command(spec: PullSpec) -> Iterator[str]:
    details = spec.details
    yield "insights" if spec.insights else "rankings" if spec.top is None and not spec.targets else "details"
    options: dict[str, Sequence[object]] = {
        "--targets": [f"{market}/{asn}" for market, asn in spec.targets],
        "--asns": spec.insights.asns if spec.insights else (),
        "--top": () if spec.top is None else (spec.top,),
        "--markets": spec.markets or (),
        "--rank-types": spec.rank_types,
        "--ips": spec.ips,
        "--limit": () if spec.limit is None else (spec.limit,),
        "--types": spec.insights.types if spec.insights else (),
    }
    for name in ("lookback", "magnitude") if spec.insights else ():
        value = getattr(spec.insights, name)
        options[f"--{name}"] = () if value is None else (value,)
    for name in DetailsOptions.__struct_fields__:
        if getattr(details, name) != "all":
            options["--" + name.replace("_", "-")] = (getattr(details, name),)
    for option, values in options.items():
        if values:
            yield " ".join([option, *map(str, values)]).replace("$", ":")
    if spec.shard is not None:
        yield f"--shard {spec.shard[0]}/{spec.shard[1]}"
    if spec.refresh:
        yield "--refresh"
