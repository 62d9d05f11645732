"""AS groups: sets of networks whose traffic is summed. Source: Kentik KB, AS Group APIs."""

from collections.abc import Iterable

from kentik_async import _operations
from kentik_async._pipeline.caller import Caller
from kentik_async.models import ASGroup, ASGroupList

__all__ = ["ASGroups"]


class ASGroups:
    """The five operations on AS groups.

    Every method raises `ValidationError` for arguments that the vendor's schema does not allow, before
    anything is sent, and else any other `KentikError`.
    """

    def __init__(self, caller: Caller) -> None:
        self._run = caller.run

    async def list(self) -> ASGroupList:
        """Return all AS groups; `invalid_count` says how many entries the server could not read."""
        return await self._run(_operations.list_as_groups())

    async def get(self, id: str) -> ASGroup:
        """Return one AS group.

        Args:
            id: The group's identifier.

        Raises:
            NotFoundError: There is no such group.
        """
        return await self._run(_operations.get_as_group(id))

    async def create(self, name: str, asns: Iterable[int | str]) -> ASGroup:
        """Create an AS group and return it as the server stored it.

        It is sent once only: after an `UnavailableError` or a `DeadlineExceededError` the group may exist.

        Args:
            name: The group's name, not blank and unique among the company's groups.
            asns: Its members: 64512, "64512", "AS64512" or asdot "1.10" each.

        Raises:
            ConflictError: There is a group of that name.
        """
        return await self._run(_operations.create_as_group(name, asns))

    async def update(self, id: str, name: str, asns: Iterable[int | str]) -> ASGroup:
        """Replace an AS group's name and members, and return it as the server stored it.

        Args:
            id: The group's identifier.
            name: Its new name.
            asns: Its new members; all that it had are replaced.

        Raises:
            NotFoundError: There is no such group.
        """
        return await self._run(_operations.update_as_group(id, name, asns))

    async def delete(self, id: str) -> None:
        """Delete an AS group.

        Args:
            id: The group's identifier.

        Raises:
            NotFoundError: There is no such group; also where a first attempt whose answer was lost had
                deleted it.
        """
        await self._run(_operations.delete_as_group(id))
