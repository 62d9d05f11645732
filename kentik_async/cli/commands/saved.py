"""`kentik-async kmi status`, `kmi diff` and `kmi migrate`: what a target holds. Nothing is sent."""

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from kentik_async.cli.context import Ctx
from kentik_async.cli.output.formatting import Column
from kentik_async.cli.pulls.options import Several, parse_date
from kentik_async.errors import ValidationError

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

    from kentik_async.bulk.reading.dataset import Tables
    from kentik_async.bulk.reading.diff import Day
    from kentik_async.bulk.reading.status import RunStatus, TargetStatus

__all__ = ["diff", "migrate", "status"]

_RUN_FIELDS = (
    "target",
    "run_id",
    "run_date",
    "store",
    "state",
    "done",
    "failed",
    "left",
    "exact",
    "rows",
    "mixed",
    "started_at",
    "finished_at",
    "bytes",
)
_RUN_COLUMNS = (
    Column("run_id", "run", kind="name"),
    Column("state", kind="name"),
    Column("done", kind="count"),
    Column("failed", kind="count"),
    Column("left", kind="count"),
    Column("rows", kind="count"),
    Column("started_at", "began (UTC)", kind="name", read=lambda run: f"{run['started_at']:%m-%d %H:%M}"),
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
    """Show the runs of targets: how far they are, their rows, the size on disk.

    It may be asked while a run is writing.

    For example:

      $ kentik-async kmi status data
      $ kentik-async kmi status both/*

    Args:
        target: The folder, or its URL.
        more: Other targets.
        context: Handed over.
    """
    from kentik_async.bulk.reading.status import target_status

    targets = [target_status(one) for one in (target, *more)]
    rows = [_run_row(found, run) for found in targets for run in found.runs]
    columns = (Column("target"), *_RUN_COLUMNS) if more else _RUN_COLUMNS
    context.printer.rows(rows, _RUN_FIELDS, columns, what="runs")
    for found in targets:
        context.notes.plain(f"{found.target}: {found.bytes / 1e6:,.1f} MB")
        for run in found.runs:
            if run.state == "interrupted":
                context.notes.note(
                    f"run {run.run_id} of {found.target} was cut off: the same command goes on with it"
                )


def migrate(target: str, /, *, context: Ctx) -> None:
    """Bring a target that an earlier release wrote up to date.

    A release refuses to write to a target of another version and names this
    command. It may be repeated, also after it was cut off.

    For example:

      $ kentik-async kmi migrate data

    Args:
        target: The folder, or its URL.
        context: Handed over.
    """
    from kentik_async.bulk.migration import migrate_target

    done = migrate_target(target)
    record = {"target": done.target, "found": done.found, "version": done.version, "changed": done.changed}
    context.printer.record(record, tuple(record))
    if not done.changed:
        context.notes.note(f"{done.target} has schema version {done.version} already: nothing was changed")


def _run_row(found: "TargetStatus", run: "RunStatus") -> dict[str, Any]:
    row = {name: getattr(run, name) for name in _RUN_FIELDS[1:-1]}
    times = {name: _instant(row[name]) for name in ("started_at", "finished_at")}
    return {"target": found.target} | row | times | {"bytes": found.bytes}


def _instant(seconds: float | None) -> dt.datetime | None:
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, dt.UTC)


def diff(
    target: str,
    /,
    *,
    since: Annotated[str, Parameter(name="--from")],
    until: Annotated[str, Parameter(name="--to")],
    markets: Annotated[list[str] | None, Several, Parameter(name=("--market", "--markets"))] = None,
    context: Ctx,
) -> None:
    """Show what changed between two dates that a target holds.

    Who rose, fell, entered and left the rankings; which customers and providers
    networks won and lost. Only what was pulled on both dates is compared.

    For example:

      $ kentik-async kmi diff data --from 2026-11-19 --to 2026-11-20 --market US

    Args:
        target: The folder, or its URL.
        since: The earlier date.
        until: The later date.
        markets: Only these markets: planet:earth, cc:US, US, or names that the target knows.
        context: Handed over.
    """
    from kentik_async.bulk.reading.dataset import open_target
    from kentik_async.bulk.reading.diff import diff_rankings, diff_relations

    tables = open_target(target)
    chosen = _markets(tables, markets)
    before, after = (
        _day(tables, parse_date(text, option), chosen)
        for text, option in ((since, "--from"), (until, "--to"))
    )
    moved, related = diff_rankings(before, after), diff_relations(before, after)
    if context.printer.form == "table":
        context.printer.section("rankings", moved.to_pylist(), _RANKING_COLUMNS)
        context.printer.text("")
        context.printer.section("neighbours", related.to_pylist(), _RELATION_COLUMNS)
    else:
        context.printer.rows([*_flat(moved), *_flat(related)], _DIFF_FIELDS, what="changes")


def _flat(changes: "pa.Table") -> Iterator[dict[str, Any]]:
    for row in changes.to_pylist():
        yield {name: row.get(name) for name in _DIFF_FIELDS}


def _markets(tables: "Tables", texts: list[str] | None) -> list[str] | None:
    from kentik_async.bulk.market_names import find_market, spell_market
    from kentik_async.models import Market

    if not texts:
        return None
    spelled = [spell_market(text) for text in texts]
    if all(spelled):
        return [market_id for market_id in spelled if market_id]
    rows = tables.markets.to_table(columns=["market_id", "name"]).to_pylist()
    known = {row["market_id"]: Market(row["market_id"], row["name"]) for row in rows}
    return [market or find_market(text, known.values()) for text, market in zip(texts, spelled, strict=True)]


def _day(tables: "Tables", date: dt.date, markets: list[str] | None) -> "Day":
    from kentik_async.bulk.reading.diff import Day

    if date.isoformat() not in (dates := tables.dates()):
        raise ValidationError(f"the target holds nothing of {date}: it holds {', '.join(dates)}")
    return Day(**{name: tables.rows(name, date, markets) for name in Day.__dataclass_fields__})
