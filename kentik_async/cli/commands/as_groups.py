"""`kentik-async as-groups`: manages named sets of autonomous systems."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from kentik_async.cli.context import Ctx
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.output.formatting import Column, counted
from kentik_async.cli.output.messages import printable
from kentik_async.cli.parameters import ASK, Flag
from kentik_async.cli.prompts import confirmed, declined, require_terminal
from kentik_async.errors import ValidationError

if TYPE_CHECKING:
    from kentik_async.models import ASGroup

__all__ = ["app"]

app = App(name="as-groups", group=ASK, help="Manage AS groups: named sets of networks.")

_USAGE = "Usage: kentik-async as-groups {} [OPTIONS]"


def _members(group: "ASGroup") -> str:
    return ", ".join(str(member.asn) for member in group.asn)


def _members_with_names(group: "ASGroup") -> str:
    return ", ".join(f"{member.asn} {member.name}".strip() for member in group.asn)


_FIELDS = ("id", "name", "asn", "created_date", "updated_date")
_LIST = (
    Column("id", kind="id"),
    Column("name"),
    Column("asn", read=_members),
    Column("updated_date", "updated (UTC)", kind="time", optional=True),
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
    """List AS groups.

    Args:
        context: The command context.
    """
    async with context.client() as kentik:
        groups = await kentik.as_groups.list()
    context.printer.rows(groups, _FIELDS, _LIST, what="AS groups")
    if groups.invalid_count:
        context.notes.note(f"the server skipped {counted(groups.invalid_count, 'invalid AS group')}")


@app.command
async def get(group: str, /, *, context: Ctx) -> None:
    """Show an AS group.

    For example:

      kentik-async as-groups get 1001
      kentik-async as-groups get "Our upstreams"

    Args:
        group: AS group ID, or the exact name of the AS group.
        context: The command context.
    """
    async with context.client() as kentik:
        resource = kentik.as_groups
        found = await (resource.get(group) if group.isdecimal() else resource.get_by_name(group))
    context.printer.record(found, _FIELDS, _ONE)


@app.command(usage=_USAGE.format("create NAME [ASN...]"))
async def create(name: str, /, *asns: str, context: Ctx) -> None:
    """Create an AS group.

    For example:

      kentik-async as-groups create "Our upstreams" AS3356 AS1299 2914

    Args:
        name: Name of the AS group; must be unique.
        asns: AS numbers, such as 3356, AS3356 or 1.10.
        context: The command context.
    """
    async with context.client() as kentik:
        group = await kentik.as_groups.create(name, asns)
    context.printer.record(group, _FIELDS, _ONE)


@app.command(usage=_USAGE.format("update ID [ASN...]"))
async def update(id: str, /, *asns: str, name: str | None = None, context: Ctx) -> None:
    """Update the name or the members of an AS group.

    Fields that are not given keep their values. This takes one more request,
    because the API replaces the whole AS group.

    For example:

      kentik-async as-groups update 1001 --name "Upstreams"
      kentik-async as-groups update 1001 3356 1299

    Args:
        id: AS group ID; see 'as-groups list'.
        asns: New AS numbers; they replace all existing members.
        name: New name.
        context: The command context.
    """
    if name is None and not asns:
        raise ValidationError("at least one change is required: ASN or --name")
    async with context.client() as kentik:
        members: Sequence[int | str] = asns
        if name is None or not asns:
            old = await kentik.as_groups.get(id)
            name = old.name if name is None else name
            members = asns or [member.asn for member in old.asn]
        group = await kentik.as_groups.update(id, name, members)
    context.printer.record(group, _FIELDS, _ONE)


@app.command(usage=_USAGE.format("add ID ASN..."))
async def add(id: str, asn: str, /, *asns: str, context: Ctx) -> None:
    """Add networks to an AS group.

    This takes two requests, because the API replaces the whole AS group.

    For example:

      kentik-async as-groups add 1001 AS3356 1299

    Args:
        id: AS group ID; see 'as-groups list'.
        asn: AS number, such as 3356, AS3356 or 1.10.
        asns: More AS numbers.
        context: The command context.
    """
    async with context.client() as kentik:
        group = await kentik.as_groups.add_asns(id, (asn, *asns))
    context.printer.record(group, _FIELDS, _ONE)


@app.command(usage=_USAGE.format("remove ID ASN..."))
async def remove(id: str, asn: str, /, *asns: str, context: Ctx) -> None:
    """Remove networks from an AS group.

    This takes two requests, because the API replaces the whole AS group.

    Args:
        id: AS group ID; see 'as-groups list'.
        asn: AS number, such as 3356, AS3356 or 1.10.
        asns: More AS numbers.
        context: The command context.
    """
    async with context.client() as kentik:
        group = await kentik.as_groups.remove_asns(id, (asn, *asns))
    context.printer.record(group, _FIELDS, _ONE)


@app.command
async def delete(
    id: str, /, *, yes: Annotated[Flag, Parameter(name=("--yes", "-y"))] = False, context: Ctx
) -> Exit | None:
    """Delete an AS group.

    Args:
        id: AS group ID; see 'as-groups list'.
        yes: Delete without confirmation.
        context: The command context.
    """
    if not yes:
        require_terminal(f"delete AS group {id}")
    async with context.client() as kentik:
        if not yes:
            group = await kentik.as_groups.get(id)
            members = counted(len(group.asn), "member")
            question = f"Delete AS group {id} {group.name!r} with {members}?"
            if not await confirmed(printable(question)):
                return declined(context)
        await kentik.as_groups.delete(id)
    context.printer.record({"id": id, "deleted": True}, ("id", "deleted"))
    return None
