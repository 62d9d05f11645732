"""Kentik Market Intelligence: markets, rankings, neighbours, insights. Source: Kentik KB, KMI APIs."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from kentik_async._operations import kmi as operations
from kentik_async._pipeline.caller import Caller
from kentik_async.bulk.market_names import spell_market
from kentik_async.models import ASNDetails, Insight, Market, Rankings, Records
from kentik_async.models.enums import FilterName, IPFamilyName, RankTypeName, RelationName

if TYPE_CHECKING:
    from kentik_async.bulk.pull import Pull
    from kentik_async.bulk.results import Progress
    from kentik_async.bulk.spec import PullSpec

__all__ = ["KMI"]

T = TypeVar("T", str, str | None)


class KMI:
    """The five operations of KMI; all of them only read.

    Every method raises `ValidationError` for an invalid argument, before anything is sent, and otherwise any
    `KentikError`.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._run = caller.run

    async def list_markets(self) -> Records[Market]:
        """Return all markets (the planet, regions and countries), in the server's order."""
        return await self._run(operations.list_markets())

    async def get_rankings(
        self,
        market_id: str,
        rank_type: RankTypeName = "customer_base",
        ip: IPFamilyName = "v4",
        limit: int | None = None,
    ) -> Rankings:
        """Return the networks of a market, ordered by rank.

        Args:
            market_id: A market's id, as `list_markets` returns it: "planet$earth", "cc$US"; "planet:earth",
                "cc:US" or "US".
            rank_type: The ranking metric: "customer_base", "customer_base_retail", "customer_base_wholesome"
                (the vendor's spelling; "customer_base_wholesale" is accepted), "customer_base_backbone",
                "customer_growth" or "peering_base".
            ip: "v4" or "v6".
            limit: The largest number of rows, from 1; the server's default is 600.

        Returns:
            The rows, with the arguments and the time of the request. `maybe_truncated` is True if there are
            as many rows as the limit.

        Raises:
            NotFoundError: The market does not exist.
        """
        return await self._run(operations.get_rankings(_market(market_id), rank_type, ip, limit))

    async def get_asn_details(
        self,
        market_id: str,
        asn: int | str,
        type: RelationName = "all",
        ip: IPFamilyName = "v4",
        mutual_provider: FilterName = "all",
        mutual_customer: FilterName = "all",
        singlehomed_customer: FilterName = "all",
    ) -> ASNDetails:
        """Return a network's customers, providers and peers in a market.

        Args:
            market_id: A market's id, as for `get_rankings`.
            asn: The network's number: 64512, "64512", "AS64512" or asdot "1.10".
            type: The neighbours to return: "all", "customers", "providers" or "peers".
            ip: "v4" or "v6".
            mutual_provider: Whether to return "all" neighbours, "only" mutual providers, or "exclude" them.
            mutual_customer: The same for mutual customers.
            singlehomed_customer: The same for customers with a single provider.

        Raises:
            NotFoundError: The market does not exist, or the network is unknown in it.
        """
        return await self._run(
            operations.get_asn_details(
                _market(market_id),
                asn,
                type,
                ip,
                mutual_provider,
                mutual_customer,
                singlehomed_customer,
            )
        )

    async def get_global_insights(
        self,
        *,
        market_id: str | None = None,
        ip: IPFamilyName | None = None,
        types: Iterable[str] = (),
        lookback: int | None = None,
        magnitude: int | None = None,
        limit: int | None = None,
    ) -> Records[Insight]:
        """Return recent events in the markets.

        Args:
            market_id: Only this market, an id as for `get_rankings`; all if omitted.
            ip: Only "v4" or "v6"; both if omitted.
            types: Only events of these types, such as "market_entrance" or "ranking_loss"; all if empty.
            lookback: Days to look back: 1, 7 or 30; the server's default is 1.
            magnitude: The smallest magnitude, 1 to 5; the server's default is 1.
            limit: The largest number of events, from 1; the server's default is 100.
        """
        return await self._run(
            operations.get_global_insights(
                market_id=_market(market_id),
                ip=ip,
                types=types,
                lookback=lookback,
                magnitude=magnitude,
                limit=limit,
            )
        )

    async def get_asn_insights(
        self,
        asn: int | str,
        *,
        market_id: str | None = None,
        ip: IPFamilyName | None = None,
        types: Iterable[str] = (),
        lookback: int | None = None,
        magnitude: int | None = None,
        limit: int | None = None,
    ) -> Records[Insight]:
        """Return recent events of one network.

        Args:
            asn: The network's number: 64512, "64512", "AS64512" or asdot "1.10".
            market_id: Only this market, an id as for `get_rankings`; all if omitted.
            ip: Only "v4" or "v6"; both if omitted.
            types: Only events of these types, as for `get_global_insights`; all if empty.
            lookback: Days to look back: 1, 7 or 30; the server's default is 1.
            magnitude: The smallest magnitude, 1 to 5; the server's default is 1.
            limit: The largest number of events, from 1; the server's default is 100.
        """
        return await self._run(
            operations.get_asn_insights(
                asn,
                market_id=_market(market_id),
                ip=ip,
                types=types,
                lookback=lookback,
                magnitude=magnitude,
                limit=limit,
            )
        )

    def pull_rankings(
        self,
        markets: str | Iterable[str] = "all",
        rank_types: RankTypeName | Iterable[RankTypeName] | Literal["all"] = "all",
        ips: IPFamilyName | Iterable[IPFamilyName] | Literal["all"] = ("v4", "v6"),
        limit: int | None = None,
        *,
        leave: int | None = None,
        on_progress: "Callable[[Progress], None] | None" = None,
    ) -> "Pull[Rankings]":
        """Return a pull of many rankings, to be planned, iterated over or saved; nothing is sent yet.

        Args:
            markets: Market ids or names ("cc$US", "cc:US", "US", "western europe"), or "all" that the server
                lists.
            rank_types: Ranking metrics, or "all" six.
            ips: "v4", "v6" or both.
            limit: Maximum number of rows of each ranking, from 1; the server's default is 600.
            leave: Requests a minute to leave to others; by default 5 if the pacing is courteous, else 0.
            on_progress: Called with a `Progress` after each page.

        Raises:
            ValidationError: An argument is invalid or empty.
        """
        from kentik_async.bulk.arguments import rankings_spec

        spec = rankings_spec(markets, rank_types, ips, limit)
        return self._pull(spec, leave, on_progress)

    def pull_asn_details(
        self,
        targets: Iterable[tuple[str, int | str]] | None = None,
        *,
        top: int | None = None,
        markets: str | Iterable[str] = "all",
        rank_types: RankTypeName | Iterable[RankTypeName] | Literal["all"] = "all",
        ips: IPFamilyName | Iterable[IPFamilyName] | Literal["all"] = ("v4", "v6"),
        limit: int | None = None,
        type: RelationName = "all",
        mutual_provider: FilterName = "all",
        mutual_customer: FilterName = "all",
        singlehomed_customer: FilterName = "all",
        leave: int | None = None,
        on_progress: "Callable[[Progress], None] | None" = None,
    ) -> "Pull[Rankings | ASNDetails]":
        """Return a pull of many networks' customers, providers and peers; nothing is sent yet.

        Args:
            targets: The networks, as (market, asn) pairs; a market is an id or a name, as in `markets`.
            top: Instead of `targets`: the top N networks of each ranking, which is part of the pull.
            markets: With `top`: market ids or names, or "all" that the server lists.
            rank_types: With `top`: ranking metrics, or "all" six.
            ips: "v4", "v6" or both.
            limit: With `top`: maximum number of rows of each ranking, from 1.
            type: The relations to request: "all", "customers", "providers" or "peers".
            mutual_provider: "all", "only" or "exclude".
            mutual_customer: "all", "only" or "exclude".
            singlehomed_customer: "all", "only" or "exclude".
            leave: Requests a minute to keep free for other calls; by default 5 with courteous pacing, else 0.
            on_progress: Called with a `Progress` after each page.

        Raises:
            ValidationError: An argument is invalid or empty, or not exactly one of `targets` and `top` is
                given.
        """
        from kentik_async.bulk.arguments import details_spec

        spec = details_spec(
            targets,
            top=top,
            markets=markets,
            rank_types=rank_types,
            ips=ips,
            limit=limit,
            details={
                "type": type,
                "mutual_provider": mutual_provider,
                "mutual_customer": mutual_customer,
                "singlehomed_customer": singlehomed_customer,
            },
        )
        return self._pull(spec, leave, on_progress)

    def pull_insights(
        self,
        asns: Iterable[int | str] | None = None,
        *,
        markets: str | Iterable[str] | None = None,
        ips: IPFamilyName | Iterable[IPFamilyName] | None = None,
        types: Iterable[str] = (),
        lookback: int | None = None,
        magnitude: int | None = None,
        limit: int | None = None,
        leave: int | None = None,
        on_progress: "Callable[[Progress], None] | None" = None,
    ) -> "Pull[Records[Insight]]":
        """Return a pull of insights, of all networks or of given ones; nothing is sent yet.

        Args:
            asns: The networks, one page each; None for the insights of all networks.
            markets: Market ids or names, one page each; None for all markets in one page.
            ips: "v4", "v6" or both, one page each; None for both in one page.
            types: Insight types, such as "market_entrance" or "ranking_loss"; all if empty.
            lookback: Days to look back: 1, 7 or 30; the server's default is 1.
            magnitude: Minimum magnitude, 1 to 5; the server's default is 1.
            limit: Maximum number of insights of each page, from 1; the server's default is 100.
            leave: Requests a minute to leave to others; by default 5 if the pacing is courteous, else 0.
            on_progress: Called with a `Progress` after each page.

        Raises:
            ValidationError: An argument is invalid or empty.
        """
        from kentik_async.bulk.arguments import insights_spec

        spec = insights_spec(
            asns,
            markets=markets,
            ips=ips,
            types=types,
            lookback=lookback,
            magnitude=magnitude,
            limit=limit,
        )
        return self._pull(spec, leave, on_progress)

    # The modules of pulls are imported by the first pull: together they are a tenth of the package's import.
    def _pull(self, spec: "PullSpec", leave: int | None, on_progress: Any) -> "Pull[Any]":
        from kentik_async.bulk.pull import Pull
        from kentik_async.resources._fetcher import CallerFetcher

        return Pull(CallerFetcher(self._caller, leave), spec, on_progress=on_progress)


def _market(text: T) -> T:
    """Return the market id that a text stands for; the server rejects a text that can only be a name."""
    return (spell_market(text) or text) if isinstance(text, str) and text.strip() else text
