"""`kentik-async kmi status` and `kmi diff`: show the contents of targets. Nothing is sent."""

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from kentik_async.cli.context import Ctx
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.output.formatting import Column, counted
from kentik_async.cli.pulls.options import Several, parse_date
from kentik_async.errors import ValidationError

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

    from kentik_async.bulk.reading.dataset import Tables
    from kentik_async.bulk.reading.diff import Day, PageCounts
    from kentik_async.bulk.reading.status import RunStatus, TargetStatus

__all__ = ["diff", "status"]

_RUN_FIELDS = (
    "target",
    "run_id",
    "run_date",
    "command",
    "store",
    "state",
    "requested",
    "done",
    "failed",
    "left",
    "exact",
    "rows",
    "mixed",
    "started_at",
    "finished_at",
    "causes",
    "bytes",
)
_RUN_COLUMNS = (
    Column("run_id", "run", kind="name"),
    Column("state", kind="name"),
    Column("done", kind="count"),
    Column("failed", kind="count"),
    Column("left", kind="count"),
    Column("rows", kind="count"),
    Column("started_at", "started (UTC)", kind="name", read=lambda run: f"{run['started_at']:%m-%d %H:%M}"),
)
_DIFF_FIELDS = (
    "market_id",
    "rank_type",
    "ip",
    "asn",
    "relation",
    "related_asn",
    "name",
    "change",
    "rank_before",
    "rank_after",
    "score_before",
    "score_after",
)
_PLACE = (Column("market_id", "market"), Column("rank_type"), Column("ip"))
_RANKING_COLUMNS = (
    *_PLACE,
    Column("change"),
    Column("rank_before", "rank", kind="count"),
    Column("rank_after", "now", kind="count"),
    Column("asn", kind="id"),
    Column("name"),
)
_RELATION_COLUMNS = (
    Column("market_id", "market"),
    Column("ip"),
    Column("asn", kind="id"),
    Column("change"),
    Column("relation"),
    Column("related_asn", "neighbour", kind="id"),
    Column("name"),
)


def status(target: str, /, *more: str, context: Ctx) -> None:
    """Show the runs of targets: their state, pages, rows and failures, and the size.

    It may be called while a run is writing.

    For example:

      kentik-async kmi status data
      kentik-async kmi status both/*

    Args:
        target: The folder, or its URL.
        more: Other targets.
        context: The command context.
    """
    from kentik_async.bulk.reading.status import target_status

    targets = [target_status(one) for one in (target, *more)]
    rows = [_run_row(found, run) for found in targets for run in found.runs]
    columns = (Column("target"), *_RUN_COLUMNS) if more else _RUN_COLUMNS
    context.printer.rows(rows, _RUN_FIELDS, columns, what="runs")
    for found in targets:
        context.notes.plain(f"{found.target}: {found.bytes / 1e6:,.1f} MB")
        for run in found.runs:
            for cause, pages in run.causes:
                context.notes.note(f"run {run.run_id}: {counted(pages, 'page')} failed: {cause}")
            if run.state == "interrupted":
                context.notes.note(f"run {run.run_id} was interrupted; run the same command again to resume")


def _run_row(found: "TargetStatus", run: "RunStatus") -> dict[str, Any]:
    row = {name: getattr(run, name) for name in _RUN_FIELDS[1:-1]}
    causes = [{"pages": pages, "cause": cause} for cause, pages in run.causes]
    return {"target": found.target} | row | {"causes": causes, "bytes": found.bytes}


def diff(
    target: str,
    /,
    *,
    since: Annotated[str, Parameter(name="--from")],
    until: Annotated[str, Parameter(name="--to")],
    markets: Annotated[list[str] | None, Several, Parameter(name=("--market", "--markets"))] = None,
    context: Ctx,
) -> Exit | None:
    """Show what changed between two dates of a target.

    Networks that rose, fell, entered and left the rankings; customers and providers
    that networks won and lost. Only pages that both dates hold with equal coverage
    are compared; if there are none, the exit code is 5.

    For example:

      kentik-async kmi diff data --from 2026-11-19 --to 2026-11-20 --market US

    Args:
        target: The folder, or its URL.
        since: The earlier date.
        until: The later date.
        markets: Only these markets: planet:earth, cc:US, US, or names in the target.
        context: The command context.
    """
    from kentik_async.bulk.reading.dataset import open_target
    from kentik_async.bulk.reading.diff import diff_days

    tables = open_target(target)
    chosen = _markets(tables, markets)
    days = [parse_date(text, option) for text, option in ((since, "--from"), (until, "--to"))]
    found = diff_days(*(_day(tables, date, chosen) for date in days))
    if context.printer.form != "table":
        rows = [*_flat(found.rankings), *_flat(found.relations)]
        context.printer.rows(rows, _DIFF_FIELDS, what="changes" if not found.is_empty else "pages to compare")
    elif not found.is_empty:
        context.printer.section("rankings", found.rankings.to_pylist(), _RANKING_COLUMNS)
        context.printer.text("")
        context.printer.section("neighbours", found.relations.to_pylist(), _RELATION_COLUMNS)
    for name, counts in (("rankings", found.ranking_pages), ("neighbours", found.relation_pages)):
        context.notes.plain(f"{name}: {_compared(counts)}")
    if found.is_empty:
        context.notes.error(
            f"nothing to compare: {days[0]} and {days[1]} hold no page with equal coverage on both dates"
        )
        return Exit.FAILURES
    return None


def _compared(counts: "PageCounts") -> str:
    return (
        f"{counted(counts.compared, 'page')} compared, {counts.unequal:,} not compared (unequal coverage), "
        f"{counts.only_before:,} on the earlier date only, {counts.only_after:,} on the later date only"
    )


def _flat(changes: "pa.Table") -> Iterator[dict[str, Any]]:
    for row in changes.to_pylist():
        yield {name: row.get(name) for name in _DIFF_FIELDS}


def _markets(tables: "Tables", texts: list[str] | None) -> list[str] | None:
    from kentik_async.bulk.market_names import find_market, spell_market
    from kentik_async.models import Market

    if texts is None:
        return None
    spelled = [spell_market(text) for text in texts]
    if all(spelled):
        return [market_id for market_id in spelled if market_id]
    rows = tables.markets.to_table(columns=["market_id", "name"]).to_pylist()
    known = {row["market_id"]: Market(row["market_id"], row["name"]) for row in rows}
    return [market or find_market(text, known.values()) for text, market in zip(texts, spelled, strict=True)]


def _day(tables: "Tables", date: dt.date, markets: list[str] | None) -> "Day":
    from kentik_async.bulk.coverage import SavedPages
    from kentik_async.bulk.reading.diff import Day
    from kentik_async.bulk.saving.saved_date import page_records
    from kentik_async.bulk.sinks.parquet import columns_of

    if date.isoformat() not in (dates := tables.dates()):
        raise ValidationError(f"the target has no data of {date}; it holds {', '.join(dates)}")
    pages, rankings, relations = (
        tables.rows(name, date, markets) for name in ("pages", "rankings", "relations")
    )
    return Day(SavedPages(page_records(columns_of(pages))), rankings, relations)
