"""AS groups: named sets of networks. Source: Kentik KB, AS Group APIs."""

from collections.abc import Callable, Iterable

from kentik_async._codec.as_groups import change_members, writable
from kentik_async._operations import as_groups as operations
from kentik_async._operations.request import Request, builds
from kentik_async._pipeline.caller import Caller
from kentik_async.models import ASGroup, ASGroupList
from kentik_async.resources._editing import Edit, edit, only_one

__all__ = ["ASGroups"]

_change_members = builds(operations.UPDATE_AS_GROUP)(change_members)


class ASGroups:
    """The operations on AS groups.

    Every method raises `ValidationError` for an invalid argument, before anything is sent, and otherwise any
    `KentikError`.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._run = caller.run

    async def list(self) -> ASGroupList:
        """Return all AS groups; `invalid_count` is the number of invalid entries that the server skipped."""
        return await self._run(operations.list_as_groups())

    async def get(self, id: int | str) -> ASGroup:
        """Return one AS group.

        Args:
            id: The group's identifier, as an integer or a string.

        Raises:
            NotFoundError: The group does not exist.
        """
        return await self._run(operations.get_as_group(id))

    async def get_by_name(self, name: str) -> ASGroup:
        """Return the AS group that has a name; reads all groups.

        Args:
            name: The exact name.

        Raises:
            NotFoundError: No group has this name.
        """
        return only_one(await self.list(), "name", name, "AS group", "as_groups.get_by_name")

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
        return await self._run(operations.create_as_group(name, asns))

    async def update(self, id: int | str, name: str, asns: Iterable[int | str]) -> ASGroup:
        """Replace an AS group's name and members, and return it as the server stored it.

        Args:
            id: The group's identifier, as an integer or a string.
            name: Its new name.
            asns: Its new members; they replace all existing ones.

        Raises:
            NotFoundError: The group does not exist.
        """
        return await self._run(operations.update_as_group(id, name, asns))

    async def add_asns(self, id: int | str, asns: Iterable[int | str]) -> ASGroup:
        """Add members to an AS group and return it as the server stored it.

        The API only replaces whole groups. So the group is read, changed, and written immediately afterwards.
        A change that another user makes between these two requests is lost. A group that has all the members
        already is not written.

        Args:
            id: The group's identifier, as an integer or a string.
            asns: The new members, each as 64512, "64512", "AS64512" or asdot "1.10".

        Raises:
            NotFoundError: The group does not exist.
        """
        return await self._edit(id, _change_members(asns, ()))

    async def remove_asns(self, id: int | str, asns: Iterable[int | str]) -> ASGroup:
        """Remove members from an AS group and return it as the server stored it.

        It reads and writes like `add_asns`. Numbers that are not members are ignored.

        Args:
            id: The group's identifier, as an integer or a string.
            asns: The members to remove, each as 64512, "64512", "AS64512" or asdot "1.10".

        Raises:
            NotFoundError: The group does not exist.
        """
        return await self._edit(id, _change_members((), asns))

    async def delete(self, id: int | str) -> None:
        """Delete an AS group.

        Args:
            id: The group's identifier, as an integer or a string.

        Raises:
            NotFoundError: The group does not exist; also if a first attempt deleted it and its response was
                lost.
        """
        await self._run(operations.delete_as_group(id))

    async def _edit(self, id: int | str, change: Callable[[ASGroup], ASGroup]) -> ASGroup:
        request = Edit(
            operation="as_groups.update",
            subject=f"AS group {id}",
            kind=ASGroup,
            read=operations.get_as_group(id),
            model=_same,
            writable=writable,
            change=change,
            write=_write,
        )
        return await edit(self._caller, request, None)


def _write(group: ASGroup) -> Request[ASGroup]:
    return operations.update_as_group(group.id, group.name, [member.asn for member in group.asn])


def _same(group: ASGroup) -> ASGroup:
    return group
