"""Site markets: named sets of sites of API v6. Source: SiteService v202509."""

from typing import TypedDict, Unpack

from kentik_async._codec.site_markets import market_model, writable
from kentik_async._operations import sites_v6 as operations
from kentik_async._pipeline.caller import Caller
from kentik_async.models import SiteMarket, SiteMarketList
from kentik_async.resources._editing import Edit, edit

__all__ = ["SiteMarketChanges", "SiteMarkets"]


class SiteMarketChanges(TypedDict, total=False):
    """The fields that `SiteMarkets.update` changes; see `SiteMarket`."""

    name: str
    description: str


class SiteMarkets:
    """The operations on site markets.

    Every method raises `ValidationError` for an invalid argument, before anything is sent, and otherwise any
    `KentikError`.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._run = caller.run

    async def list(self) -> SiteMarketList:
        """Return all site markets; `invalid_count` is the number of entries that the server skipped."""
        return await self._run(operations.list_site_markets())

    async def get(self, id: int | str) -> SiteMarket:
        """Return one site market.

        Args:
            id: The site market's identifier, as an integer or a string.

        Raises:
            NotFoundError: The site market does not exist.
        """
        return await self._run(operations.get_site_market(id))

    async def create(self, market: SiteMarket) -> SiteMarket:
        """Create a site market and return it as the server stored it.

        The request is sent only once: after an `UnavailableError` or a `DeadlineExceededError` the site
        market may exist.

        Args:
            market: The new site market; its id is ignored.
        """
        return await self._run(operations.create_site_market(market))

    async def replace(self, market: SiteMarket) -> SiteMarket:
        """Replace all fields of a site market and return it as the server stored it.

        Args:
            market: The whole new content; its id selects the site market.

        Raises:
            NotFoundError: The site market does not exist.
        """
        return await self._run(operations.replace_site_market(market))

    async def update(
        self, id: int | str, *, expected: SiteMarket | None = None, **changes: Unpack[SiteMarketChanges]
    ) -> SiteMarket:
        """Change the given fields of a site market and return it as the server stored it.

        The site market is read, changed, and written immediately afterwards, like a site; see
        `SitesV6.update`.

        Args:
            id: The site market's identifier, as an integer or a string.
            expected: The site market as you read it earlier. If it has changed since, nothing is written.
            **changes: The new values: `name`, `description`.

        Raises:
            ConflictError: The site market is not the expected one.
            NotFoundError: The site market does not exist.
        """
        change = Edit(
            operation="site_markets.update",
            subject=f"site market {id}",
            kind=SiteMarket,
            read=operations.get_stored_site_market(id),
            model=market_model,
            writable=writable,
            change=operations.change_site_market(changes),
            write=operations.update_site_market,
        )
        return await edit(self._caller, change, expected)

    async def delete(self, id: int | str) -> None:
        """Delete a site market.

        Args:
            id: The site market's identifier, as an integer or a string.

        Raises:
            NotFoundError: The site market does not exist; also if a first attempt deleted it and its response
                was lost.
        """
        await self._run(operations.delete_site_market(id))
