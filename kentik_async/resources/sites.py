"""Sites: the physical locations of devices. Source: Kentik KB, Site and Plan APIs."""

from kentik_async._operations import sites as operations
from kentik_async._pipeline.caller import Caller
from kentik_async.models import Records, Site

__all__ = ["Sites"]


class Sites:
    """The five operations on sites; users with Member level may only read.

    Every method raises `ValidationError` for an invalid argument, before anything is sent, and otherwise any
    `KentikError`.
    """

    def __init__(self, caller: Caller) -> None:
        self._run = caller.run

    async def list(self) -> Records[Site]:
        """Return all sites, in the server's order."""
        return await self._run(operations.list_sites())

    async def get(self, id: int | str) -> Site:
        """Return one site.

        Args:
            id: The site's identifier, a whole number from 1 or its digits.

        Raises:
            NotFoundError: The site does not exist.
        """
        return await self._run(operations.get_site(id))

    async def create(self, site_name: str, lat: float | str, lon: float | str) -> Site:
        """Create a site and return it as the server stored it.

        The request is sent only once: after an `UnavailableError` or a `DeadlineExceededError` the site may
        exist.

        Args:
            site_name: 3 to 40 letters, digits, spaces, underscores and hyphens.
            lat: The latitude, -90 to 90.
            lon: The longitude, -180 to 180.

        Raises:
            PermissionDeniedError: The user may only read.
        """
        return await self._run(operations.create_site(site_name, lat, lon))

    async def update(
        self,
        id: int | str,
        *,
        site_name: str | None = None,
        lat: float | str | None = None,
        lon: float | str | None = None,
    ) -> Site:
        """Change the given fields of a site and return it as the server stored it.

        Args:
            id: The site's identifier, a whole number from 1 or its digits.
            site_name: Its new name.
            lat: Its new latitude.
            lon: Its new longitude.

        Raises:
            NotFoundError: The site does not exist.
        """
        return await self._run(operations.update_site(id, site_name=site_name, lat=lat, lon=lon))

    async def delete(self, id: int | str) -> None:
        """Delete a site.

        Args:
            id: The site's identifier, a whole number from 1 or its digits.

        Raises:
            NotFoundError: The site does not exist; also if a first attempt deleted it and its response was
                lost.
        """
        await self._run(operations.delete_site(id))
