"""`kentik-async kmi`: Kentik Market Intelligence."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from kentik_async.cli.context import Context, Ctx
from kentik_async.cli.output.formatting import Column
from kentik_async.cli.parameters import ASK, Choice, Family, InsightKind, RankKind, RelationKind

if TYPE_CHECKING:
    from kentik_async.models import ASNDetails, CustomerProvider, Rankings

__all__ = ["app"]

_HELP = """Market intelligence: markets, rankings, neighbours, insights.

A market may be written planet:earth, cc:US, US (a country) or by its name, in
any case: "western europe". Its identifier, planet$earth, needs single quotes."""

app = App(name="kmi", group=ASK, help=_HELP)

_MARKETS = (Column("market_id", "market"), Column("name"))
_RANKINGS = (
    Column("rank", kind="count"),
    Column("rank_change", "+/-", kind="change"),
    Column("asn", kind="id"),
    Column("name"),
    Column("score", kind="count"),
    Column("score_change", "+/-", kind="change"),
)
_REMARKS = ("singlehomed_customer", "mutual_customer", "mutual_provider")


def _remarks(row: "CustomerProvider") -> str:
    """Return which of its three properties a neighbour has: columns for them would leave no room."""
    return ", ".join(name.replace("_", " ") for name in _REMARKS if getattr(row, name))


_NEIGHBOURS = (
    Column("asn", kind="id"),
    Column("name"),
    Column("score", kind="count"),
    Column("remarks", read=_remarks),
)
_PEERS = (Column("asn", kind="id"), Column("name"), Column("pfx_count", "prefixes", kind="count"))
_INSIGHTS = (
    Column("created_at", "found (UTC)", kind="time"),
    Column("asn", kind="id"),
    Column("name"),
    Column("type", kind="id"),
    Column("message"),
)
_RELATION_FIELDS = (
    "relation",
    "asn",
    "name",
    "score",
    *_REMARKS,
    "pfx_count",
)


@app.command
async def markets(*, context: Ctx) -> None:
    """List the markets: the planet, regions and countries.

    For example:

      $ kentik-async kmi markets
      $ kentik-async kmi markets -o csv | grep -i africa

    Args:
        context: Handed over.
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
    """Rank the networks of a market.

    For example:

      $ kentik-async kmi rankings planet:earth --limit 20
      $ kentik-async kmi rankings "Western Europe" --rank-type peering_base --ip v6
      $ kentik-async kmi rankings US -o ndjson | jq -r 'select(.rank <= 5) | .name'

    Args:
        market: planet:earth, cc:US, US, or the market's name.
        rank_type: What the order rests on.
        ip: Which routing table.
        limit: How many rows at most; 600 by default.
        context: Handed over.
    """
    from kentik_async.cli.market_names import resolve_market

    async with context.client() as kentik:
        market_id = await resolve_market(kentik, market)
        found = await kentik.kmi.get_rankings(market_id, rank_type, ip, limit)
    fields = ("asn", "name", "rank", "rank_change", "score", "score_change")
    context.printer.rows(found, fields, _RANKINGS, what=f"networks in {market_id}")
    _tell_of_gaps(context, found)


def _tell_of_gaps(context: Context, found: "Rankings") -> None:
    if found.invalid_count:
        context.notes.note(f"the server left out {found.invalid_count} entries that it could not use")
    if found.maybe_truncated and found.limit is None:
        context.notes.note(f"{len(found):,} rows are as many as the server gives unasked; --limit gives more")


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
    """Show a network's customers, providers and peers in a market.

    In ndjson and csv each neighbour is a row, and the column "relation" says
    what it is to the network.

    For example:

      $ kentik-async kmi asn planet:earth AS3356 --type providers
      $ kentik-async kmi asn US 3356 --singlehomed-customer only -o csv

    Args:
        market: planet:earth, cc:US, US, or the market's name.
        asn: 3356, AS3356, or asdot such as 1.10.
        type: Which neighbours.
        ip: Which routing table.
        mutual_provider: Whether neighbours that are also a provider are left out, or shown alone.
        mutual_customer: The same for those that are also a customer.
        singlehomed_customer: The same for customers with one provider only.
        context: Handed over.
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
        place = f", {found.country_name}" if found.country_name else ""
        printer.text(f"AS{found.asn} {found.name}{place}; in {found.market_id}, {found.ip.value}")
        for name, columns in (("customers", _NEIGHBOURS), ("providers", _NEIGHBOURS), ("peers", _PEERS)):
            if type in ("all", name):
                printer.text("")
                printer.section(name, getattr(found, name), columns)


def _relations(found: "ASNDetails") -> list[dict[str, Any]]:
    """Return a flat row a neighbour, with the fields of all relations."""
    kinds = (("customer", found.customers), ("provider", found.providers), ("peer", found.peers))
    return [
        {name: getattr(row, name, None) for name in _RELATION_FIELDS} | {"relation": relation}
        for relation, rows in kinds
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
    """List what changed lately, in all markets or one, for all networks or one.

    For example:

      $ kentik-async kmi insights --market DE --lookback 7 --type market_entrance
      $ kentik-async kmi insights --asn 3356 --type customer_loss

    Args:
        market: Only this market: planet:earth, cc:US, US, or its name.
        asn: Only this network: 3356, AS3356.
        ip: Only this routing table.
        types: Only this kind of change; may be repeated.
        lookback: Days to look back: 1, 7 or 30; 1 by default.
        magnitude: The least magnitude, 1 to 5; 1 by default.
        limit: How many at most; 100 by default.
        context: Handed over.
    """
    from kentik_async.cli.market_names import resolve_market

    async with context.client() as kentik:
        asked: dict[str, Any] = {
            "market_id": None if market is None else await resolve_market(kentik, market),
            "ip": ip,
            "types": types or (),
            "lookback": lookback,
            "magnitude": magnitude,
            "limit": limit,
        }
        if asn is None:
            found = await kentik.kmi.get_global_insights(**asked)
        else:
            found = await kentik.kmi.get_asn_insights(asn, **asked)
    fields = ("asn", "name", "type", "message", "created_at")
    context.printer.rows(found, fields, _INSIGHTS, what="insights")
