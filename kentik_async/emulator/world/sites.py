"""The fields of sites that only API v6 has, such as types and addresses, and the site markets."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from kentik_async._generated.site import v202509 as pb
from kentik_async.emulator.errors import AnswerError

__all__ = ["SiteDetails"]


@dataclass(slots=True)
class SiteDetails:
    """The site markets of a customer, and the fields of sites that only API v6 has.

    Attributes:
        now: Returns the current time, for creation and update times.
        sites: For each site, the message without its id, title, coordinates and market.
        market_ids: The market of each site that has one.
        markets: Site markets by id; `number_of_sites` is counted when they are read.
    """

    now: Callable[[], dt.datetime]
    sites: dict[int, pb.Site] = field(default_factory=dict)
    market_ids: dict[int, str] = field(default_factory=dict)
    markets: dict[str, pb.SiteMarket] = field(default_factory=dict)
    next_market: int = 1

    def market(self, market_id: str) -> pb.SiteMarket:
        """Return a site market as it is answered.

        Raises:
            AnswerError: 404; there is no such object.
        """
        if market_id not in self.markets:
            raise AnswerError("NOT_FOUND", f"site market {market_id!r} not found")
        market = pb.SiteMarket()
        market.CopyFrom(self.markets[market_id])
        market.number_of_sites = sum(used == market_id for used in self.market_ids.values())
        return market

    def create_market(self, name: str, description: str = "") -> pb.SiteMarket:
        """Add a site market.

        Raises:
            AnswerError: 400, the name is blank; 409, another market has that name.
        """
        self._check_name(name, other_than=None)
        market = pb.SiteMarket(id=str(self.next_market), name=name, description=description)
        market.cdate.FromDatetime(self.now())
        market.edate.CopyFrom(market.cdate)
        self.next_market += 1
        self.markets[market.id] = market
        return self.market(market.id)

    def update_market(self, market_id: str, name: str, description: str) -> pb.SiteMarket:
        """Replace the name and the description of a site market.

        Raises:
            AnswerError: 404, there is no such market; 400, the name is blank; 409, it is in use.
        """
        self.market(market_id)
        self._check_name(name, other_than=market_id)
        market = self.markets[market_id]
        market.name, market.description = name, description
        market.edate.FromDatetime(self.now())
        return self.market(market_id)

    def delete_market(self, market_id: str) -> None:
        """Remove a site market.

        Raises:
            AnswerError: 404, there is no such market; 400, it has sites.
        """
        if self.market(market_id).number_of_sites:
            raise AnswerError("FAILED_PRECONDITION", f"site market {market_id!r} has sites; move them first")
        del self.markets[market_id]

    def market_id(self, wanted: pb.SiteMarket) -> str:
        """Return the id of the market that a site names, by id or else by name.

        Raises:
            AnswerError: 400; there is no such market.
        """
        if wanted.id in self.markets:
            return wanted.id
        found = [market.id for market in self.markets.values() if market.name == wanted.name]
        if wanted.id or not found:
            raise AnswerError(
                "INVALID_ARGUMENT", f"site.site_market {wanted.id or wanted.name!r} does not exist"
            )
        return found[0]

    def set(self, site_id: int, wanted: pb.Site) -> None:
        """Store the fields of a site that API v5 does not have; fields that are not sent are removed.

        Raises:
            AnswerError: 400; the market does not exist.
        """
        market_id = self.market_id(wanted.site_market) if wanted.HasField("site_market") else None
        details = pb.Site()
        details.CopyFrom(wanted)
        for name in ("id", "title", "lat", "lon", "site_market"):
            details.ClearField(name)
        for mapping in details.peeringdb_site_mapping:
            mapping.cdate.FromDatetime(self.now())
            mapping.edate.CopyFrom(mapping.cdate)
        self.sites[site_id] = details
        self.market_ids.pop(site_id, None)
        if market_id is not None:
            self.market_ids[site_id] = market_id

    def remove(self, site_id: int) -> None:
        """Remove a site."""
        self.sites.pop(site_id, None)
        self.market_ids.pop(site_id, None)

    def _check_name(self, name: str, *, other_than: str | None) -> None:
        if not name.strip():
            raise AnswerError("INVALID_ARGUMENT", "site_market.name is required")
        if any(market.name == name and market.id != other_than for market in self.markets.values()):
            raise AnswerError("ALREADY_EXISTS", f"site market name {name!r} is already in use")
