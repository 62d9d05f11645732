"""`kentik-async kmi report`: reports from saved targets, as HTML pages or as figures. Nothing is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from kentik_async.cli.context import Context, Ctx
from kentik_async.cli.output.formatting import Column, Kind
from kentik_async.cli.parameters import Family, Flag, RankKind
from kentik_async.cli.pulls.options import Several, parse_date
from kentik_async.errors import ValidationError

if TYPE_CHECKING:
    from kentik_async.report import KmiReport, ReportTable

__all__ = ["app"]

_HELP = """Create reports from saved data, as an HTML page or as figures.

The page is one file with charts and tables that loads nothing from
elsewhere. Nothing is sent to Kentik. Reports need the extra report:
pip install 'kentik-async[report]'."""

app = App(name="report", help=_HELP)

_KINDS: dict[str, Kind] = {
    "asn": "id",
    "count": "count",
    "change": "change",
    "share": "share",
    "date": "name",
}
_MOST_ROWS = 20


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """The options for the content and the file of a report."""

    out: Annotated[Path | None, Parameter(help="HTML file to write; without it the figures are printed.")] = (
        None
    )
    market: Annotated[
        list[str] | None,
        Several,
        Parameter(
            name=("--market", "--markets"),
            help="Only these markets: planet:earth, cc:US, US or names; all saved ones by default.",
        ),
    ] = None
    ip: Annotated[Family, Parameter(help="IP version; figures of both are never mixed.")] = "v4"

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of the functions in `kentik_async.report`."""
        return {"markets": self.market or None, "ip": self.ip}


@dataclass(frozen=True, slots=True)
class SpanOptions:
    """The first and the last date of the reported changes."""

    since: Annotated[
        str | None,
        Parameter(name="--from", help="First date, YYYY-MM-DD; the first saved date by default."),
    ] = None
    until: Annotated[
        str | None, Parameter(name="--to", help="Last date, YYYY-MM-DD; the last saved date by default.")
    ] = None

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of the functions in `kentik_async.report`.

        Raises:
            ValidationError: A value is not a date.
        """
        return {"since": _date(self.since, "--from"), "until": _date(self.until, "--to")}


_OPTIONS = ReportOptions()
_SPAN = SpanOptions()

_USAGE = "Usage: kentik-async kmi report {} [OPTIONS]"
"""TARGET is before the options, because some of them take all the values after them."""

_Asns = Annotated[list[str] | None, Several, Parameter(name=("--asn", "--asns"))]
_Mine = Annotated[list[str] | None, Several]
_Shared = Annotated[ReportOptions, Parameter(name="*")]
_Span = Annotated[SpanOptions, Parameter(name="*")]


@app.command(usage=_USAGE.format("prospects TARGET [MORE...]"))
def prospects(
    target: str,
    /,
    *more: str,
    mine: _Mine = None,
    asn: _Asns = None,
    date: str | None = None,
    max_providers: int = 3,
    include_mutual: Flag = False,
    options: _Shared = _OPTIONS,
    context: Ctx,
) -> None:
    """Report networks with one or few providers that are not my customers.

    They are found among the saved details of networks ('kmi pull details').

    For example:

      kentik-async kmi report prospects data --mine 64500 --out prospects.html

    Args:
        target: The folder, or its URL.
        more: Other targets, which are read as one with the first.
        mine: My AS numbers: neither they nor their customers are listed.
        asn: Only customers of these networks.
        date: A saved date, YYYY-MM-DD; the newest one with details by default.
        max_providers: Maximum number of providers of a network in this report.
        include_mutual: List customers that the server calls mutual, too.
        options: Content and file of the report.
        context: The command context.
    """
    from kentik_async import report

    made = report.prospects(
        [target, *more],
        mine=mine or (),
        asns=asn or (),
        date=_date(date, "--date"),
        max_providers=max_providers,
        exclude_mutual=not include_mutual,
        **options.arguments(),
    )
    _write(context, made, options.out)


@app.command(usage=_USAGE.format("trend TARGET [MORE...]"))
def trend(
    target: str,
    /,
    *more: str,
    asn: _Asns = None,
    rank_type: RankKind = "customer_base",
    span: _Span = _SPAN,
    options: _Shared = _OPTIONS,
    context: Ctx,
) -> None:
    """Report rank and score over the saved dates, winners, losers, entries and exits.

    For example:

      kentik-async kmi report trend data --market US --asn 64500 --out t.html

    Args:
        target: The folder, or its URL.
        more: Other targets, which are read as one with the first.
        asn: The networks whose rank and score are shown; the first three of each market by default.
        rank_type: Ranking metric.
        span: First and last date of the changes.
        options: Content and file of the report.
        context: The command context.
    """
    from kentik_async import report

    made = report.trend(
        [target, *more], asns=asn or (), rank_type=rank_type, **span.arguments(), **options.arguments()
    )
    _write(context, made, options.out)


@app.command(usage=_USAGE.format("compare TARGET [MORE...] --mine ASN... --asn ASN..."))
def compare(
    target: str,
    /,
    *more: str,
    mine: _Mine = None,
    asn: _Asns = None,
    rank_type: RankKind = "customer_base",
    span: _Span = _SPAN,
    options: _Shared = _OPTIONS,
    context: Ctx,
) -> None:
    """Report my networks (--mine) against competitors (--asn) in each market.

    Rank, share of the top score, customers won and lost, overlap of customers.

    For example:

      kentik-async kmi report compare data --mine 64500 --asn 64501 --out c.html

    Args:
        target: The folder, or its URL.
        more: Other targets, which are read as one with the first.
        mine: My AS numbers. [required]
        asn: AS numbers of competitors. [required]
        rank_type: Ranking metric.
        span: First and last date of the changes.
        options: Content and file of the report.
        context: The command context.

    Raises:
        ValidationError: No network was given.
    """
    if not mine or not asn:
        raise ValidationError("compare needs --mine ASN and --asn ASN: my network and a competitor")
    from kentik_async import report

    made = report.compare(
        [target, *more], mine=mine, asns=asn, rank_type=rank_type, **span.arguments(), **options.arguments()
    )
    _write(context, made, options.out)


@app.command(usage=_USAGE.format("network TARGET [MORE...] --asn ASN"))
def network(
    target: str,
    /,
    *more: str,
    asn: _Asns = None,
    span: _Span = _SPAN,
    options: _Shared = _OPTIONS,
    context: Ctx,
) -> None:
    """Report one network: ranks, customers, providers, peers, changes, insights.

    For example:

      kentik-async kmi report network data --asn 64500 --out network.html

    Args:
        target: The folder, or its URL.
        more: Other targets, which are read as one with the first.
        asn: The AS number of the network. [required]
        span: First and last date of the changes.
        options: Content and file of the report.
        context: The command context.

    Raises:
        ValidationError: Not exactly one network was given.
    """
    if not asn or len(asn) > 1:
        raise ValidationError(f"network needs one --asn ASN; got {', '.join(asn) if asn else 'none'}")
    from kentik_async import report

    made = report.network([target, *more], asn[0], **span.arguments(), **options.arguments())
    _write(context, made, options.out)


def _write(context: Context, report: "KmiReport", out: Path | None) -> None:
    """Write the page, and print the figures if there is no page or a format was selected.

    Raises:
        ValidationError: The file cannot be written.
    """
    if out is not None:
        try:
            report.save(out)
        except OSError as error:
            raise ValidationError(f"cannot write {out}: {error.strerror or error}") from None
    if out is None or context.options.output is not None or context.options.jq is not None:
        _print(context, report)
    for note in report.notes:
        context.notes.note(note)
    if out is not None:
        context.notes.plain(f"{out}: {out.stat().st_size / 1e6:.2f} MB")


def _print(context: Context, report: "KmiReport") -> None:
    printer = context.printer
    if printer.form == "json":
        printer.document(report.to_dict())
    elif printer.form == "table":
        for table in report.tables.values():
            if not table.charted:
                printer.section(table.title, table.rows[:_MOST_ROWS], _columns(table), of=len(table))
    else:
        printer.rows(report.to_rows(), report.field_names())


def _columns(table: "ReportTable") -> Sequence[Column]:
    from kentik_async.report.cells import cell_text, shown_columns

    made = []
    for column in shown_columns(table):
        kind: Kind = _KINDS.get(column.kind, "text")

        def text(row: dict[str, Any], column: Any = column) -> str:
            return cell_text(column, row.get(column.name))

        made.append(Column(column.name, column.title, kind, text))
    return made


def _date(text: str | None, option: str) -> Any:
    return None if text is None else parse_date(text, option)
