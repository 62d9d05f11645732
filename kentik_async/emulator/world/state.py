"""The state of the emulator: the date, the markets, and the objects of each customer."""

import datetime as dt
import zlib
from collections.abc import Collection

from kentik_async._clock import SYSTEM_CLOCK, Clock
from kentik_async.emulator.errors import AnswerError
from kentik_async.emulator.world.customer import CustomerData
from kentik_async.emulator.world.insights import INSIGHT_TYPES
from kentik_async.emulator.world.market_data import MarketData, market_data
from kentik_async.emulator.world.markets import MarketArea
from kentik_async.emulator.world.relations import RelatedNetwork, filtered
from kentik_async.models import (
    ASNDetails,
    CustomerProvider,
    Insight,
    IPFamily,
    Market,
    Peer,
    Ranking,
    Records,
    Relation,
)

__all__ = ["FIRST_DAY", "RANKING_LIMIT", "EmulatorState"]

FIRST_DAY = dt.date(2026, 1, 15)
RANKING_LIMIT = 600
INSIGHT_LIMIT = 100


class EmulatorState:
    """The data of the emulator. Everything except the customers' changes is a function of (seed, day).

    Attributes:
        seed: The seed of the generated data.
        day: The simulated date.
        data: The KMI data, which the emulators of a process share.
    """

    def __init__(self, *, seed: int = 0, day: dt.date = FIRST_DAY, clock: Clock = SYSTEM_CLOCK) -> None:
        self.seed = seed
        self.day: dt.date = day
        self._first_day = day
        self._clock = clock
        self._customers: dict[str, CustomerData] = {}

    @property
    def data(self) -> MarketData:
        """The KMI data."""
        return market_data(self.seed)

    def prepare(self) -> None:
        """Precompute the first ranking, which takes 0.25 s of real time."""
        self.rankings(self.markets[0].market_id)

    def reset(self) -> None:
        """Return to the first day and undo all changes by customers."""
        self.day = self._first_day
        self._customers.clear()

    def advance_day(self, days: int = 1) -> dt.date:
        """Move the simulated date forward and return it."""
        self.day += dt.timedelta(days=days)
        return self.day

    def customer_data(self, customer: str) -> CustomerData:
        """Return the objects of a customer."""
        if customer not in self._customers:
            self._customers[customer] = CustomerData.with_sample_data(customer, self._clock.utc_now)
        return self._customers[customer]

    @property
    def markets(self) -> tuple[Market, ...]:
        """All markets, as ListMarkets returns them."""
        return tuple(Market(market.market_id, market.name) for market in self.data.markets)

    def rankings(
        self,
        market_id: str,
        rank_type: str = "customer_base",
        ip: str = "v4",
        limit: int = RANKING_LIMIT,
        day: dt.date | None = None,
    ) -> tuple[Ranking, ...]:
        """Return a ranking on a day; the current one by default.

        Raises:
            AnswerError: There is no such market.
        """
        rows = self.data.rankings(self.market(market_id), rank_type, ip, day or self.day, limit)
        return tuple(Ranking(*row) for row in rows)

    def invalid_count(self, market_id: str, rank_type: str = "customer_base", ip: str = "v4") -> int:
        """Return the number of invalid entries that the server reports for a ranking; 0 for most rankings."""
        digest = zlib.crc32(f"{self.seed} {market_id} {rank_type} {ip}".encode())
        return 0 if digest % 16 else 1 + digest // 16 % 3

    def asn_details(
        self,
        market_id: str,
        asn: int,
        type: str = "all",
        ip: str = "v4",
        mutual_provider: str = "all",
        mutual_customer: str = "all",
        singlehomed_customer: str = "all",
        *,
        day: dt.date | None = None,
    ) -> ASNDetails:
        """Return the neighbours of a network on a day; the current one by default.

        `mutual_provider` filters the providers, the other two filters the customers.

        Raises:
            AnswerError: There is no such market, or the network is not present in it.
        """
        day = day or self.day
        found = self.data.details(self.market(market_id), asn, ip, day)
        if found is None:
            raise AnswerError("NOT_FOUND", f"AS{asn} not found in market {market_id!r}")
        customers = filtered(
            found.customers, mutual_customer=mutual_customer, singlehomed_customer=singlehomed_customer
        )
        providers = filtered(found.providers, mutual_provider=mutual_provider)
        peers = (Peer(*row) for row in found.peers)
        return ASNDetails(
            asn=found.network.asn,
            name=found.network.name,
            country_name=self.data.country_name(found.network.country),
            customers=_related(customers if type in ("all", "customers") else ()),
            providers=_related(providers if type in ("all", "providers") else ()),
            peers=Records(peers if type in ("all", "peers") else (), Peer),
            market_id=market_id,
            ip=IPFamily(ip),
            type=Relation(type),
            fetched_at=dt.datetime.combine(day, dt.time(), dt.UTC),
        )

    def insights(
        self,
        market_id: str = "planet$earth",
        ip: str = "v4",
        types: Collection[str] = (),
        lookback: int = 1,
        magnitude: int = 1,
        limit: int = INSIGHT_LIMIT,
        asn: int | None = None,
        day: dt.date | None = None,
    ) -> tuple[Insight, ...]:
        """Return the insights for the days up to a day, the current one by default; largest first.

        Raises:
            AnswerError: There is no such market, or no such network.
        """
        if asn is not None and not self.data.has_network(asn):
            raise AnswerError("NOT_FOUND", f"AS{asn} not found")
        events = self.data.insights(
            self.market(market_id),
            ip,
            day or self.day,
            lookback=lookback,
            types=frozenset(types),
            magnitude=magnitude,
            limit=limit,
            asn=asn,
        )
        return tuple(
            Insight(
                asn=event.asn,
                name=event.name,
                type=INSIGHT_TYPES.index(event.type) + 1,
                message=event.message,
                created_at=dt.datetime.fromisoformat(event.created_at),
            )
            for event in events
        )

    def market(self, market_id: str) -> MarketArea:
        """Return a market.

        Raises:
            AnswerError: 404; there is no such market.
        """
        market = self.data.market(market_id)
        if market is None:
            raise AnswerError("NOT_FOUND", f"market {market_id!r} not found")
        return market


def _related(rows: Collection[RelatedNetwork]) -> Records[CustomerProvider]:
    return Records((CustomerProvider(*row) for row in rows), CustomerProvider)
