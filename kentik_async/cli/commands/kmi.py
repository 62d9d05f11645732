"""`kentik-async kmi`: queries Kentik Market Intelligence."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from kentik_async.cli.context import Context, Ctx
from kentik_async.cli.output.formatting import Column
from kentik_async.cli.parameters import ASK, Choice, Family, InsightKind, RankKind, RelationKind

if TYPE_CHECKING:
    from kentik_async.models import ASNDetails, CustomerProvider, Rankings

__all__ = ["app"]

_HELP = """Query Kentik Market Intelligence (KMI).

A market can be given as planet:earth, cc:US, US (a country), or by its name:
"western europe". Identifiers with a dollar sign need single quotes:
'planet$earth'."""

app = App(name="kmi", group=ASK, help=_HELP)

_MARKETS = (Column("market_id", "market", kind="name"), Column("name"))
_RANKINGS = (
    Column("rank", kind="count"),
    Column("rank_change", "rank +/-", kind="change", optional=True),
    Column("asn", kind="id"),
    Column("name"),
    Column("score", kind="count", optional=True),
    Column("score_change", "score +/-", kind="change", optional=True),
)
_REMARKS = ("singlehomed_customer", "mutual_customer", "mutual_provider")


def _remarks(row: "CustomerProvider") -> str:
    """Return the properties of a neighbour in one column, because three columns would be too wide."""
    return ", ".join(name.replace("_", " ") for name in _REMARKS if getattr(row, name))


_NEIGHBOURS = (
    Column("asn", kind="id"),
    Column("name"),
    Column("score", kind="count", optional=True),
    Column("remarks", read=_remarks, optional=True),
)
_PEERS = (Column("asn", kind="id"), Column("name"), Column("pfx_count", "prefixes", kind="count"))
_INSIGHTS = (
    Column("created_at", "created (UTC)", kind="time"),
    Column("asn", kind="id"),
    Column("type", kind="id", optional=True),
    Column("name", optional=True),
    Column("message", min_width=30),
)
_RANKING_FIELDS = (
    "market_id",
    "rank_type",
    "ip",
    "asn",
    "name",
    "rank",
    "rank_change",
    "score",
    "score_change",
)
_RELATION_FIELDS = (
    "market_id",
    "ip",
    "relation",
    "asn",
    "name",
    "score",
    *_REMARKS,
    "pfx_count",
)


@app.command
async def markets(*, context: Ctx) -> None:
    """List markets: the planet, continents, regions and countries.

    For example:

      kentik-async kmi markets
      kentik-async kmi markets -o csv | grep -i africa

    Args:
        context: The command context.
    """
    async with context.client() as kentik:
        found = await kentik.kmi.list_markets()
    context.printer.rows(found, ("market_id", "name"), _MARKETS, what="markets")


@app.command
async def rankings(
    market: str,
    /,
    *,
    rank_type: RankKind = "customer_base",
    ip: Family = "v4",
    limit: int | None = None,
    context: Ctx,
) -> None:
    """Show the ranking of the networks in a market.

    For example:

      kentik-async kmi rankings planet:earth --limit 20
      kentik-async kmi rankings "Western Europe" --rank-type peering_base --ip v6
      kentik-async kmi rankings US -o ndjson | jq -r 'select(.rank <= 5) | .name'

    Args:
        market: Market: planet:earth, cc:US, US, or its name.
        rank_type: Ranking metric.
        ip: IP version of the routing table.
        limit: Maximum number of rows; 600 by default.
        context: The command context.
    """
    from kentik_async.cli.market_names import resolve_market

    async with context.client() as kentik:
        market_id = await resolve_market(kentik, market)
        found = await kentik.kmi.get_rankings(market_id, rank_type, ip, limit)
    requested = {"market_id": found.market_id, "rank_type": found.rank_type, "ip": found.ip}
    rows = [{**requested, **row} for row in found.to_dicts()]
    context.printer.rows(rows, _RANKING_FIELDS, _RANKINGS, what=f"networks in {market_id}")
    _note_missing_rows(context, found)


def _note_missing_rows(context: Context, found: "Rankings") -> None:
    if found.invalid_count:
        context.notes.note(f"the server skipped {found.invalid_count} invalid entries")
    if found.maybe_truncated and found.limit is None:
        context.notes.note(
            f"output is limited to the server default of {len(found):,} rows; use --limit for more"
        )


@app.command
async def asn(
    market: str,
    asn: str,
    /,
    *,
    type: RelationKind = "all",
    ip: Family = "v4",
    mutual_provider: Choice = "all",
    mutual_customer: Choice = "all",
    singlehomed_customer: Choice = "all",
    context: Ctx,
) -> None:
    """Show the customers, providers and peers of a network in a market.

    In ndjson and csv, each neighbour is one row, and the field "relation" is
    customer, provider or peer.

    For example:

      kentik-async kmi asn planet:earth AS3356 --type providers
      kentik-async kmi asn US 3356 --singlehomed-customer only -o csv

    Args:
        market: Market: planet:earth, cc:US, US, or its name.
        asn: AS number, such as 3356, AS3356 or 1.10.
        type: Relations to show.
        ip: IP version of the routing table.
        mutual_provider: Show all providers, only mutual ones, or exclude those.
        mutual_customer: Show all customers, only mutual ones, or exclude those.
        singlehomed_customer: Show all customers, only single-homed ones, or exclude those.
        context: The command context.
    """
    from kentik_async.cli.market_names import resolve_market

    async with context.client() as kentik:
        market_id = await resolve_market(kentik, market)
        found = await kentik.kmi.get_asn_details(
            market_id, asn, type, ip, mutual_provider, mutual_customer, singlehomed_customer
        )
    printer = context.printer
    if printer.form == "json":
        printer.document(found)
    elif printer.form != "table":
        printer.rows(_relations(found), _RELATION_FIELDS, what="neighbours")
    else:
        country = f", {found.country_name}" if found.country_name else ""
        printer.sentence(f"AS{found.asn} {found.name}{country}; market {found.market_id}, {found.ip.value}")
        for name, columns in (("customers", _NEIGHBOURS), ("providers", _NEIGHBOURS), ("peers", _PEERS)):
            if type in ("all", name):
                printer.text("")
                printer.section(name, getattr(found, name), columns)


def _relations(found: "ASNDetails") -> list[dict[str, Any]]:
    """Return one flat row per neighbour, with the fields of all relations."""
    relations = (("customer", found.customers), ("provider", found.providers), ("peer", found.peers))
    return [
        {name: getattr(row, name, None) for name in _RELATION_FIELDS}
        | {"market_id": found.market_id, "ip": found.ip, "relation": relation}
        for relation, rows in relations
        for row in rows
    ]


@app.command
async def insights(
    *,
    market: str | None = None,
    asn: str | None = None,
    ip: Family | None = None,
    types: Annotated[list[InsightKind] | None, Parameter(name=("--type", "--types"))] = None,
    lookback: int | None = None,
    magnitude: int | None = None,
    limit: int | None = None,
    context: Ctx,
) -> None:
    """List insights: recent changes in markets.

    For example:

      kentik-async kmi insights --market DE --lookback 7 --type market_entrance
      kentik-async kmi insights --asn 3356 --type customer_loss

    Args:
        market: Only this market: planet:earth, cc:US, US, or its name.
        asn: Only this network: AS number, such as 3356 or AS3356.
        ip: Only this IP version.
        types: Only this type of insight; may be repeated.
        lookback: Days to look back: 1, 7 or 30; 1 by default.
        magnitude: Minimum magnitude, 1 to 5; 1 by default.
        limit: Maximum number of insights; 100 by default.
        context: The command context.
    """
    from kentik_async.cli.market_names import resolve_market

    async with context.client() as kentik:
        filters: dict[str, Any] = {
            "market_id": None if market is None else await resolve_market(kentik, market),
            "ip": ip,
            "types": types or (),
            "lookback": lookback,
            "magnitude": magnitude,
            "limit": limit,
        }
        if asn is None:
            found = await kentik.kmi.get_global_insights(**filters)
        else:
            found = await kentik.kmi.get_asn_insights(asn, **filters)
    fields = ("asn", "name", "type", "message", "created_at")
    context.printer.rows(found, fields, _INSIGHTS, what="insights")
