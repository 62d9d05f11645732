"""`kentik-async sites`: the places where a company's devices stand."""

from typing import Annotated, TypeAlias

from cyclopts import App, Parameter

from kentik_async.cli.context import Ctx
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.output.formatting import Column
from kentik_async.cli.parameters import ASK, Flag
from kentik_async.cli.prompts import confirmed, declined

__all__ = ["app"]

app = App(name="sites", group=ASK, help="Sites: the places where your devices stand.")

_Degrees: TypeAlias = Annotated[str, Parameter(allow_leading_hyphen=True)]

_FIELDS = ("id", "site_name", "lat", "lon", "company_id")
_COLUMNS = (
    Column("id", kind="id"),
    Column("site_name", "name"),
    Column("lat", kind="degrees"),
    Column("lon", kind="degrees"),
    Column("company_id", "company", kind="id"),
)


@app.command(name="list")
async def list_(*, context: Ctx) -> None:
    """List all sites.

    Args:
        context: Handed over.
    """
    async with context.client() as kentik:
        sites = await kentik.sites.list()
    context.printer.rows(sites, _FIELDS, _COLUMNS, what="sites")


@app.command
async def get(id: str, /, *, context: Ctx) -> None:
    """Show one site.

    Args:
        id: The site's identifier, as 'sites list' shows it.
        context: Handed over.
    """
    async with context.client() as kentik:
        site = await kentik.sites.get(id)
    context.printer.record(site, _FIELDS, _COLUMNS)


@app.command
async def create(name: str, lat: _Degrees, lon: _Degrees, /, *, context: Ctx) -> None:
    """Create a site.

    For example:

      $ kentik-async sites create "Frankfurt 1" 50.1109 8.6821
      $ kentik-async sites create Sydney -33.8688 151.2093

    Args:
        name: 3 to 40 letters, digits, spaces and underscores.
        lat: The latitude in degrees, -90 to 90.
        lon: The longitude in degrees, -180 to 180.
        context: Handed over.
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
    """Change what is given of a site, and leave the rest.

    Args:
        id: The site's identifier, as 'sites list' shows it.
        name: Its new name: 3 to 40 letters, digits, spaces and underscores.
        lat: Its new latitude in degrees, -90 to 90.
        lon: Its new longitude in degrees, -180 to 180.
        context: Handed over.
    """
    async with context.client() as kentik:
        site = await kentik.sites.update(id, site_name=name, lat=lat, lon=lon)
    context.printer.record(site, _FIELDS, _COLUMNS)


@app.command
async def delete(
    id: str, /, *, yes: Annotated[Flag, Parameter(name=("--yes", "-y"))] = False, context: Ctx
) -> Exit | None:
    """Delete a site; asks first.

    Args:
        id: The site's identifier, as 'sites list' shows it.
        yes: Do not ask.
        context: Handed over.
    """
    if not await confirmed(f"site {id}", yes=yes):
        return declined(context)
    async with context.client() as kentik:
        await kentik.sites.delete(id)
    context.printer.record({"id": id, "deleted": True}, ("id", "deleted"))
    return None
