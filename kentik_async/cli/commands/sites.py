"""`kentik-async sites`: manages sites."""

from typing import Annotated, TypeAlias

from cyclopts import App, Parameter

from kentik_async.cli.context import Ctx
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.output.formatting import Column
from kentik_async.cli.output.messages import printable
from kentik_async.cli.parameters import ASK, Flag
from kentik_async.cli.prompts import confirmed, declined, require_terminal

__all__ = ["app"]

app = App(name="sites", group=ASK, help="Manage sites: physical locations of devices.")

_Degrees: TypeAlias = Annotated[str, Parameter(allow_leading_hyphen=True)]

_FIELDS = ("id", "site_name", "lat", "lon", "company_id")
_COLUMNS = (
    Column("id", kind="id"),
    Column("site_name", "name"),
    Column("lat", kind="degrees"),
    Column("lon", kind="degrees"),
    Column("company_id", "company", kind="id", optional=True),
)


@app.command(name="list")
async def list_(*, context: Ctx) -> None:
    """List sites.

    Args:
        context: The command context.
    """
    async with context.client() as kentik:
        sites = await kentik.sites.list()
    context.printer.rows(sites, _FIELDS, _COLUMNS, what="sites")


@app.command
async def get(id: str, /, *, context: Ctx) -> None:
    """Show a site.

    Args:
        id: Site ID; see 'sites list'.
        context: The command context.
    """
    async with context.client() as kentik:
        site = await kentik.sites.get(id)
    context.printer.record(site, _FIELDS, _COLUMNS)


@app.command
async def create(name: str, lat: _Degrees, lon: _Degrees, /, *, context: Ctx) -> None:
    """Create a site.

    For example:

      kentik-async sites create "Frankfurt 1" 50.1109 8.6821
      kentik-async sites create Sydney -33.8688 151.2093

    Args:
        name: Name: 3 to 40 letters, digits, spaces, underscores and hyphens.
        lat: Latitude in degrees, -90 to 90.
        lon: Longitude in degrees, -180 to 180.
        context: The command context.
    """
    async with context.client() as kentik:
        site = await kentik.sites.create(name, lat, lon)
    context.printer.record(site, _FIELDS, _COLUMNS)


@app.command
async def update(
    id: str,
    /,
    *,
    name: str | None = None,
    lat: _Degrees | None = None,
    lon: _Degrees | None = None,
    context: Ctx,
) -> None:
    """Update the given fields of a site.

    Args:
        id: Site ID; see 'sites list'.
        name: New name: 3 to 40 letters, digits, spaces, underscores and hyphens.
        lat: New latitude in degrees, -90 to 90.
        lon: New longitude in degrees, -180 to 180.
        context: The command context.
    """
    async with context.client() as kentik:
        site = await kentik.sites.update(id, site_name=name, lat=lat, lon=lon)
    context.printer.record(site, _FIELDS, _COLUMNS)


@app.command
async def delete(
    id: str, /, *, yes: Annotated[Flag, Parameter(name=("--yes", "-y"))] = False, context: Ctx
) -> Exit | None:
    """Delete a site.

    Args:
        id: Site ID; see 'sites list'.
        yes: Delete without confirmation.
        context: The command context.
    """
    if not yes:
        require_terminal(f"delete site {id}")
    async with context.client() as kentik:
        if not yes:
            site = await kentik.sites.get(id)
            if not await confirmed(printable(f"Delete site {id} {site.site_name!r}?")):
                return declined(context)
        await kentik.sites.delete(id)
    context.printer.record({"id": id, "deleted": True}, ("id", "deleted"))
    return None
