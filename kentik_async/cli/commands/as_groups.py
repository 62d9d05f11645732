"""`kentik-async as-groups`: named sets of autonomous systems."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from kentik_async.cli.context import Ctx
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.output.formatting import Column
from kentik_async.cli.parameters import ASK, Flag
from kentik_async.cli.prompts import confirmed, declined

if TYPE_CHECKING:
    from kentik_async.models import ASGroup

__all__ = ["app"]

app = App(name="as-groups", group=ASK, help="AS groups: named sets of networks whose traffic is summed.")


def _members(group: "ASGroup") -> str:
    return ", ".join(str(member.asn) for member in group.asn)


def _members_with_names(group: "ASGroup") -> str:
    return ", ".join(f"{member.asn} {member.name}".strip() for member in group.asn)


_FIELDS = ("id", "name", "asn", "created_date", "updated_date")
_LIST = (
    Column("id", kind="id"),
    Column("name"),
    Column("asn", read=_members),
    Column("updated_date", "updated (UTC)", kind="time"),
)
_ONE = (
    Column("id"),
    Column("name"),
    Column("asn", read=_members_with_names),
    Column("created_date", "created (UTC)", kind="time"),
    Column("updated_date", "updated (UTC)", kind="time"),
)


@app.command(name="list")
async def list_(*, context: Ctx) -> None:
    """List all AS groups.

    Args:
        context: Handed over.
    """
    async with context.client() as kentik:
        groups = await kentik.as_groups.list()
    context.printer.rows(groups, _FIELDS, _LIST, what="AS groups")
    if groups.invalid_count:
        context.notes.note(f"the server left out {groups.invalid_count} groups that it could not use")


@app.command
async def get(id: str, /, *, context: Ctx) -> None:
    """Show one AS group.

    Args:
        id: The group's identifier, as 'as-groups list' shows it.
        context: Handed over.
    """
    async with context.client() as kentik:
        group = await kentik.as_groups.get(id)
    context.printer.record(group, _FIELDS, _ONE)


@app.command
async def create(name: str, /, *asns: str, context: Ctx) -> None:
    """Create an AS group.

    For example:

      $ kentik-async as-groups create "Our upstreams" AS3356 AS1299 2914

    Args:
        name: Its name, unique among the company's groups.
        asns: Its members: 3356, AS3356, or asdot such as 1.10.
        context: Handed over.
    """
    async with context.client() as kentik:
        group = await kentik.as_groups.create(name, asns)
    context.printer.record(group, _FIELDS, _ONE)


@app.command
async def update(id: str, /, *asns: str, name: str | None = None, context: Ctx) -> None:
    """Change an AS group's name, its members, or both.

    What is not given stays; to know it, the group is asked for first, which
    makes it two calls.

    For example:

      $ kentik-async as-groups update 1001 --name "Upstreams"
      $ kentik-async as-groups update 1001 3356 1299

    Args:
        id: The group's identifier, as 'as-groups list' shows it.
        asns: Its new members, in the stead of all that it has.
        name: Its new name.
        context: Handed over.
    """
    async with context.client() as kentik:
        members: Sequence[int | str] = asns
        if name is None or not asns:
            old = await kentik.as_groups.get(id)
            name = old.name if name is None else name
            members = asns or [member.asn for member in old.asn]
        group = await kentik.as_groups.update(id, name, members)
    context.printer.record(group, _FIELDS, _ONE)


@app.command
async def delete(
    id: str, /, *, yes: Annotated[Flag, Parameter(name=("--yes", "-y"))] = False, context: Ctx
) -> Exit | None:
    """Delete an AS group; asks first.

    Args:
        id: The group's identifier, as 'as-groups list' shows it.
        yes: Do not ask.
        context: Handed over.
    """
    if not await confirmed(f"AS group {id}", yes=yes):
        return declined(context)
    async with context.client() as kentik:
        await kentik.as_groups.delete(id)
    context.printer.record({"id": id, "deleted": True}, ("id", "deleted"))
    return None
