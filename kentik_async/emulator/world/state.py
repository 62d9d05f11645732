"""All that the emulator knows: the day, the markets, what each customer keeps; tests ask it for the truth."""

import datetime as dt
import zlib
from collections.abc import Collection

from kentik_async._clock import SYSTEM_CLOCK, Clock
from kentik_async.emulator.errors import AnswerError
from kentik_async.emulator.world.customer import Company
from kentik_async.emulator.world.insights import INSIGHT_TYPES
from kentik_async.emulator.world.lru import Memo
from kentik_async.emulator.world.market_data import MarketData, market_data
from kentik_async.emulator.world.markets import Place
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

__all__ = ["FIRST_DAY", "RANKING_LIMIT", "State"]

FIRST_DAY = dt.date(2026, 1, 15)
RANKING_LIMIT = 600
INSIGHT_LIMIT = 100


class State:
    """The emulator's knowledge; all of it follows from (seed, day) but what the customers change.

    Attributes:
        seed: What the world is made from.
        day: The day that it is in the emulator.
        data: The markets' tables.
        responses: Answers that were serialised lately, by their questions.
    """

    def __init__(self, *, seed: int = 0, day: dt.date = FIRST_DAY, clock: Clock = SYSTEM_CLOCK) -> None:
        self.seed = seed
        self.day = day
        self.responses: Memo[tuple[object, ...], bytes] = Memo(512)
        self._first_day = day
        self._clock = clock
        self._companies: dict[str, Company] = {}

    @property
    def data(self) -> MarketData:
        """The markets' tables."""
        return market_data(self.seed)

    def prepare(self) -> None:
        """Make beforehand what the first ranking rests on: a quarter of a second, many of a fast clock's."""
        self.rankings(self.markets[0].market_id)

    def reset(self) -> None:
        """Return to the first day, and take every change of the customers back."""
        self.day = self._first_day
        self._companies.clear()

    def advance_day(self, days: int = 1) -> dt.date:
        """Let days pass, and return the new day."""
        self.day += dt.timedelta(days=days)
        return self.day

    def company(self, customer: str) -> Company:
        """Return what a customer keeps at Kentik."""
        if customer not in self._companies:
            self._companies[customer] = Company.settle(customer, self._clock.utc_now)
        return self._companies[customer]

    @property
    def markets(self) -> tuple[Market, ...]:
        """Every market, as ListMarkets answers them."""
        return tuple(Market(place.market_id, place.name) for place in self.data.places)

    def rankings(
        self,
        market_id: str,
        rank_type: str = "customer_base",
        ip: str = "v4",
        limit: int = RANKING_LIMIT,
        day: dt.date | None = None,
    ) -> tuple[Ranking, ...]:
        """Return a ranking as it is on a day, by default the present one.

        Raises:
            AnswerError: There is no such market.
        """
        rows = self.data.rankings(self.place(market_id), rank_type, ip, day or self.day, limit)
        return tuple(Ranking(*row) for row in rows)

    def invalid_count(self, market_id: str, rank_type: str = "customer_base", ip: str = "v4") -> int:
        """Return how many entries of a ranking the server says it could not use: for most rankings none."""
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
        """Return a network's neighbours as they are on a day, by default the present one.

        A filter acts on the list that it is named after: `mutual_provider` on the providers, the other two on
        the customers.

        Raises:
            AnswerError: There is no such market, or the network is not seen in it.
        """
        day = day or self.day
        found = self.data.details(self.place(market_id), asn, ip, day)
        if found is None:
            raise AnswerError("NOT_FOUND", f"AS{asn} is not seen in market {market_id!r}")
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
        """Return what happened in the days up to one, by default the present one; greatest first.

        Raises:
            AnswerError: There is no such market, or no such network.
        """
        if asn is not None and not self.data.knows(asn):
            raise AnswerError("NOT_FOUND", f"AS{asn} not found")
        events = self.data.insights(
            self.place(market_id),
            ip,
            day or self.day,
            lookback=lookback,
            kinds=frozenset(types),
            magnitude=magnitude,
            limit=limit,
            asn=asn,
        )
        return tuple(
            Insight(
                asn=event.asn,
                name=event.name,
                type=INSIGHT_TYPES.index(event.kind) + 1,
                message=event.message,
                created_at=dt.datetime.fromisoformat(event.created_at),
            )
            for event in events
        )

    def place(self, market_id: str) -> Place:
        """Return a market.

        Raises:
            AnswerError: 404; there is none of that identifier.
        """
        place = self.data.place(market_id)
        if place is None:
            raise AnswerError("NOT_FOUND", f"market {market_id!r} not found")
        return place


def _related(rows: Collection[RelatedNetwork]) -> Records[CustomerProvider]:
    return Records((CustomerProvider(*row) for row in rows), CustomerProvider)
