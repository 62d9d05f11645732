"""AS groups: named sets of networks. Source: Kentik KB, AS Group APIs."""

from collections.abc import Iterable

from kentik_async import _operations
from kentik_async._pipeline.caller import Caller
from kentik_async.models import ASGroup, ASGroupList

__all__ = ["ASGroups"]


class ASGroups:
    """The five operations on AS groups.

    Every method raises `ValidationError` for an invalid argument, before anything is sent, and otherwise any
    `KentikError`.
    """

    def __init__(self, caller: Caller) -> None:
        self._run = caller.run

    async def list(self) -> ASGroupList:
        """Return all AS groups; `invalid_count` is the number of invalid entries that the server skipped."""
        return await self._run(_operations.list_as_groups())

    async def get(self, id: int | str) -> ASGroup:
        """Return one AS group.

        Args:
            id: The group's identifier, as an integer or a string.

        Raises:
            NotFoundError: The group does not exist.
        """
        return await self._run(_operations.get_as_group(id))

    async def create(self, name: str, asns: Iterable[int | str]) -> ASGroup:
        """Create an AS group and return it as the server stored it.

        The request is sent only once: after an `UnavailableError` or a `DeadlineExceededError` the group may
        exist.

        Args:
            name: The group's name, not blank and unique within the company.
            asns: Its members, each as 64512, "64512", "AS64512" or asdot "1.10".

        Raises:
            ConflictError: A group of that name exists already.
        """
        return await self._run(_operations.create_as_group(name, asns))

    async def update(self, id: int | str, name: str, asns: Iterable[int | str]) -> ASGroup:
        """Replace an AS group's name and members, and return it as the server stored it.

        Args:
            id: The group's identifier, as an integer or a string.
            name: Its new name.
            asns: Its new members; they replace all existing ones.

        Raises:
            NotFoundError: The group does not exist.
        """
        return await self._run(_operations.update_as_group(id, name, asns))

    async def delete(self, id: int | str) -> None:
        """Delete an AS group.

        Args:
            id: The group's identifier, as an integer or a string.

        Raises:
            NotFoundError: The group does not exist; also if a first attempt deleted it and its response was
                lost.
        """
        await self._run(_operations.delete_as_group(id))
