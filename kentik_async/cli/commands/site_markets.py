"""`kentik-async site-markets`: manages site markets, the named sets of sites of API v6."""

from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from kentik_async.cli.context import Ctx
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.output.formatting import Column, counted
from kentik_async.cli.output.messages import printable
from kentik_async.cli.parameters import ASK, Flag
from kentik_async.cli.prompts import confirmed, declined, require_terminal

if TYPE_CHECKING:
    from kentik_async.resources.site_markets import SiteMarketChanges

__all__ = ["app"]

app = App(name="site-markets", group=ASK, help="Manage site markets: named sets of sites (API v6).")

_FIELDS = ("id", "name", "description", "number_of_sites", "cdate", "edate")
_LIST = (
    Column("id", kind="id"),
    Column("name"),
    Column("description"),
    Column("number_of_sites", "sites", kind="count"),
    Column("edate", "updated (UTC)", kind="time", optional=True),
)
_ONE = (*_LIST[:-1], Column("cdate", "created (UTC)", kind="time"), _LIST[-1])


@app.command(name="list")
async def list_(*, context: Ctx) -> None:
    """List site markets.

    Args:
        context: The command context.
    """
    async with context.client() as kentik:
        markets = await kentik.site_markets.list()
    context.printer.rows(markets, _FIELDS, _LIST, what="site markets")
    if markets.invalid_count:
        context.notes.note(f"the server skipped {counted(markets.invalid_count, 'invalid site market')}")


@app.command
async def get(id: str, /, *, context: Ctx) -> None:
    """Show a site market.

    Args:
        id: Site market ID; see 'site-markets list'.
        context: The command context.
    """
    async with context.client() as kentik:
        market = await kentik.site_markets.get(id)
    context.printer.record(market, _FIELDS, _ONE)


@app.command
async def create(name: str, /, *, description: str = "", context: Ctx) -> None:
    """Create a site market.

    For example:

      kentik-async site-markets create Europe --description "PoPs in Europe"

    Args:
        name: Name of the site market; must be unique.
        description: Description.
        context: The command context.
    """
    from kentik_async.models import SiteMarket  # imported here because --help does not need it

    async with context.client() as kentik:
        market = await kentik.site_markets.create(SiteMarket(name=name, description=description))
    context.printer.record(market, _FIELDS, _ONE)


@app.command
async def update(
    id: str, /, *, name: str | None = None, description: str | None = None, context: Ctx
) -> None:
    """Update the given fields of a site market.

    This takes two requests, because the API replaces the whole site market.

    Args:
        id: Site market ID; see 'site-markets list'.
        name: New name.
        description: New description.
        context: The command context.
    """
    changes: SiteMarketChanges = {}
    if name is not None:
        changes["name"] = name
    if description is not None:
        changes["description"] = description
    async with context.client() as kentik:
        market = await kentik.site_markets.update(id, **changes)
    context.printer.record(market, _FIELDS, _ONE)


@app.command
async def delete(
    id: str, /, *, yes: Annotated[Flag, Parameter(name=("--yes", "-y"))] = False, context: Ctx
) -> Exit | None:
    """Delete a site market.

    Args:
        id: Site market ID; see 'site-markets list'.
        yes: Delete without confirmation.
        context: The command context.
    """
    if not yes:
        require_terminal(f"delete site market {id}")
    async with context.client() as kentik:
        if not yes:
            market = await kentik.site_markets.get(id)
            sites = counted(market.number_of_sites, "site")
            question = f"Delete site market {id} {market.name!r} with {sites}?"
            if not await confirmed(printable(question)):
                return declined(context)
        await kentik.site_markets.delete(id)
    context.printer.record({"id": id, "deleted": True}, ("id", "deleted"))
    return None
