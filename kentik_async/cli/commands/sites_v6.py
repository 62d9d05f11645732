"""`kentik-async sites-v6`: manages sites with API v6, which has more fields than API v5."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias

from cyclopts import App, Parameter

from kentik_async.cli.context import Ctx
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.output.formatting import Column, counted
from kentik_async.cli.output.messages import printable
from kentik_async.cli.parameters import ASK, Flag, SiteKind
from kentik_async.cli.prompts import confirmed, declined, require_terminal
from kentik_async.errors import ValidationError

if TYPE_CHECKING:
    from kentik_async.client import KentikClient
    from kentik_async.models import PostalAddress, SiteV6
    from kentik_async.resources.sites_v6 import SiteV6Changes

__all__ = ["app"]

app = App(name="sites-v6", group=ASK, help="Manage sites with all their fields (API v6).")

_Degrees: TypeAlias = Annotated[str | None, Parameter(allow_leading_hyphen=True)]

_FIELDS = (
    "id",
    "title",
    "lat",
    "lon",
    "postal_address",
    "type",
    "address_classification",
    "architecture",
    "site_market",
    "peeringdb_site_mapping",
)


def _address_line(site: "SiteV6") -> str | None:
    address = site.postal_address
    if address is None:
        return None
    parts = (
        address.address,
        f"{address.postal_code} {address.city}".strip(),
        address.region,
        address.country,
    )
    return ", ".join(part for part in parts if part)


def _market_name(site: "SiteV6") -> str | None:
    return None if site.site_market is None else site.site_market.name


_ADDRESS = Column("postal_address", "address", read=_address_line, optional=True)
_LIST = (
    Column("id", kind="id"),
    Column("title"),
    Column("type", kind="name"),
    Column("lat", kind="degrees"),
    Column("lon", kind="degrees"),
    Column("site_market", "market", read=_market_name),
    _ADDRESS,
)
_ONE = (
    *_LIST,
    Column("address_classification", "networks"),
    Column("architecture"),
    Column("peeringdb_site_mapping", "PeeringDB"),
)


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class _Fields:
    """The options for the fields of a site.

    Attributes:
        lat: Latitude in degrees, -90 to 90.
        lon: Longitude in degrees, -180 to 180.
        address: Street and number.
        city: City.
        state: State, province or canton.
        postal_code: Postal code.
        country: Country.
        market: ID of the site market; see 'site-markets list'.
    """

    lat: _Degrees = None
    lon: _Degrees = None
    address: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    market: str | None = None

    def address_changes(self) -> dict[str, str]:
        """Return the given parts of the postal address."""
        parts = {
            "address": self.address,
            "city": self.city,
            "region": self.state,
            "postal_code": self.postal_code,
            "country": self.country,
        }
        return {name: value for name, value in parts.items() if value is not None}

    async def changes(self, kentik: "KentikClient", old: "PostalAddress | None") -> "SiteV6Changes":
        """Return the given fields.

        Args:
            kentik: The client, to read the site market.
            old: The address whose parts are kept if they are not given.

        Raises:
            ValidationError: A new address is not complete.
        """
        from msgspec.structs import replace  # imported here because --help does not need it

        from kentik_async.models import PostalAddress

        changes: SiteV6Changes = {}
        if self.lat is not None:
            changes["lat"] = self.lat
        if self.lon is not None:
            changes["lon"] = self.lon
        if given := self.address_changes():
            required = ("address", "city", "country")
            missing = [f"--{name}" for name in required if old is None and name not in given]
            if missing:
                raise ValidationError(
                    f"an address requires --address, --city and --country; add {', '.join(missing)}"
                )
            changes["postal_address"] = replace(
                old or PostalAddress(address="", city="", country=""), **given
            )
        if self.market is not None:
            changes["site_market"] = await kentik.site_markets.get(self.market)
        return changes


_NO_FIELDS = _Fields()


@app.command(name="list")
async def list_(*, context: Ctx) -> None:
    """List sites.

    Args:
        context: The command context.
    """
    async with context.client() as kentik:
        sites = await kentik.sites_v6.list()
    context.printer.rows(sites, _FIELDS, _LIST, what="sites")
    if sites.invalid_count:
        context.notes.note(f"the server skipped {counted(sites.invalid_count, 'invalid site')}")


@app.command
async def get(id: str, /, *, context: Ctx) -> None:
    """Show a site.

    Args:
        id: Site ID; see 'sites-v6 list'.
        context: The command context.
    """
    async with context.client() as kentik:
        site = await kentik.sites_v6.get(id)
    context.printer.record(site, _FIELDS, _ONE)


@app.command
async def create(title: str, /, *, type: SiteKind, fields: _Fields = _NO_FIELDS, context: Ctx) -> None:
    """Create a site.

    For example:

      kentik-async sites-v6 create fra1 --type data_center --lat 50.11 --lon 8.68
      kentik-async sites-v6 create aws-eu --type cloud --market 1

    Args:
        title: Title of the site.
        type: What the site is used for.
        fields: The other fields.
        context: The command context.
    """
    from msgspec.structs import replace  # imported here because --help does not need it

    from kentik_async.models import SiteV6

    async with context.client() as kentik:
        new = replace(SiteV6(title=title, type=type), **await fields.changes(kentik, None))
        site = await kentik.sites_v6.create(new)
    context.printer.record(site, _FIELDS, _ONE)


@app.command
async def update(
    id: str,
    /,
    *,
    title: str | None = None,
    type: SiteKind | None = None,
    fields: _Fields = _NO_FIELDS,
    context: Ctx,
) -> None:
    """Update the given fields of a site; all other fields keep their values.

    This takes two or more requests, because the API replaces the whole site.

    For example:

      kentik-async sites-v6 update 3 --title "Warehouse 2" --type other
      kentik-async sites-v6 update 3 --market 1

    Args:
        id: Site ID; see 'sites-v6 list'.
        title: New title.
        type: What the site is used for.
        fields: The other fields.
        context: The command context.
    """
    async with context.client() as kentik:
        # A part of an address is a change of the whole address, which must not have changed in between.
        seen = await kentik.sites_v6.get(id) if fields.address_changes() else None
        changes = await fields.changes(kentik, None if seen is None else seen.postal_address)
        if title is not None:
            changes["title"] = title
        if type is not None:
            changes["type"] = type
        site = await kentik.sites_v6.update(id, expected=seen, **changes)
    context.printer.record(site, _FIELDS, _ONE)


@app.command
async def delete(
    id: str, /, *, yes: Annotated[Flag, Parameter(name=("--yes", "-y"))] = False, context: Ctx
) -> Exit | None:
    """Delete a site.

    Args:
        id: Site ID; see 'sites-v6 list'.
        yes: Delete without confirmation.
        context: The command context.
    """
    if not yes:
        require_terminal(f"delete site {id}")
    async with context.client() as kentik:
        if not yes:
            site = await kentik.sites_v6.get(id)
            if not await confirmed(printable(f"Delete site {id} {site.title!r} ({site.type})?")):
                return declined(context)
        await kentik.sites_v6.delete(id)
    context.printer.record({"id": id, "deleted": True}, ("id", "deleted"))
    return None
