"""Sites of API v6: the physical locations of devices. Source: SiteService v202509."""

from collections.abc import Sequence
from typing import TypedDict, Unpack

from kentik_async._codec.site_fields import site_model, writable
from kentik_async._operations import sites_v6 as operations
from kentik_async._pipeline.caller import Caller
from kentik_async.models import (
    LayerSet,
    PeeringDBSiteMapping,
    PostalAddress,
    SiteIpAddressClassification,
    SiteMarket,
    SiteType,
    SiteV6,
    SiteV6List,
)
from kentik_async.resources._editing import Edit, edit, only_one

__all__ = ["SiteV6Changes", "SitesV6"]


class SiteV6Changes(TypedDict, total=False):
    """The fields that `SitesV6.update` changes; see `SiteV6`."""

    title: str
    lat: float | str
    lon: float | str
    postal_address: PostalAddress | None
    type: SiteType | str
    address_classification: SiteIpAddressClassification | None
    architecture: Sequence[LayerSet]
    site_market: SiteMarket | None
    peeringdb_site_mapping: Sequence[PeeringDBSiteMapping]


class SitesV6:
    """The operations on sites of API v6.

    Every method raises `ValidationError` for an invalid argument, before anything is sent, and otherwise any
    `KentikError`.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._run = caller.run

    async def list(self) -> SiteV6List:
        """Return all sites; `invalid_count` is the number of invalid entries that the server skipped."""
        return await self._run(operations.list_sites())

    async def get(self, id: int | str) -> SiteV6:
        """Return one site.

        Args:
            id: The site's identifier, as an integer or a string.

        Raises:
            NotFoundError: The site does not exist.
        """
        return await self._run(operations.get_site(id))

    async def get_by_title(self, title: str) -> SiteV6:
        """Return the site that has a title; reads all sites.

        Args:
            title: The exact title.

        Raises:
            NotFoundError: No site has this title.
            ConflictError: Several sites have this title.
        """
        return only_one(await self.list(), "title", title, "site", "sites_v6.get_by_title")

    async def create(self, site: SiteV6) -> SiteV6:
        """Create a site and return it as the server stored it.

        The request is sent only once: after an `UnavailableError` or a `DeadlineExceededError` the site may
        exist.

        Args:
            site: The new site; its id is ignored.
        """
        return await self._run(operations.create_site(site))

    async def replace(self, site: SiteV6) -> SiteV6:
        """Replace all fields of a site and return it as the server stored it.

        Fields that the given site does not have are emptied, even if another user has just written them;
        `update` changes only some fields.

        Args:
            site: The whole new content; its id selects the site.

        Raises:
            NotFoundError: The site does not exist.
        """
        return await self._run(operations.replace_site(site))

    async def update(
        self, id: int | str, *, expected: SiteV6 | None = None, **changes: Unpack[SiteV6Changes]
    ) -> SiteV6:
        """Change the given fields of a site and return it as the server stored it.

        The API only replaces whole sites. So the site is read, changed, and written immediately afterwards.
        A change that another user makes between these two requests is lost. A site that already has the
        given values is not written. After a `DeadlineExceededError` the change may have been made.

        Args:
            id: The site's identifier, as an integer or a string.
            expected: The site as you read it earlier. If it has changed since, nothing is written. Fields
                that only the server sets are not compared.
            **changes: The new values of fields of `SiteV6`; None or () removes an optional one.

        Raises:
            ConflictError: The site is not the expected one.
            NotFoundError: The site does not exist.
        """
        change = Edit(
            operation="sites_v6.update",
            subject=f"site {id}",
            kind=SiteV6,
            read=operations.get_stored_site(id),
            model=site_model,
            writable=writable,
            change=operations.change_site(changes),
            write=operations.update_site,
        )
        return await edit(self._caller, change, expected)

    async def delete(self, id: int | str) -> None:
        """Delete a site.

        Args:
            id: The site's identifier, as an integer or a string.

        Raises:
            NotFoundError: The site does not exist; also if a first attempt deleted it and its response was
                lost.
        """
        await self._run(operations.delete_site(id))
