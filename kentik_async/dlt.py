"""Saved targets as a dlt source: loads their tables into any warehouse of dlt. It never calls the API.

The unit is a date. A date that is new, or whose pages have changed since the last load, is read whole and
replaces its rows at the destination. For an unchanged date, only the table `pages` is read. A date
that was deleted from the target stays at the destination.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kentik_async.bulk.reading.arrow import dated_schema
from kentik_async.bulk.reading.dataset import Tables, Targets, open_target
from kentik_async.bulk.sinks.schema import TABLES
from kentik_async.errors import ConfigError, ValidationError

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
    from dlt.extract import DltResource, DltSource

__all__ = ["source"]

_NOTHING = ""
"""The version of a date without rows."""

_EMPTIED = "emptied"
"""A column that is only sent when a refreshed date has lost all its rows: it deletes the rows."""

_KINDS: Mapping[str, str | None] = {
    "rankings": "rankings",
    "relations": "asn_details",
    "asns": "asn_details",
    "insights": "insights",
    "markets": "markets",
    "pages": None,
}
"""The kinds of pages (column `kind`) whose answers a table holds; None for all."""


def source(
    target: Targets, *, tables: str | Iterable[str] = tuple(TABLES), complete: bool = True
) -> "DltSource":
    """Return saved targets as a source for a dlt pipeline, with one resource for each table.

        pipeline = dlt.pipeline("kentik", destination="duckdb", dataset_name="kmi")
        pipeline.run(kentik_async.dlt.source("data"))

    A second run loads the new dates and the changed dates. Each of them replaces its date at
    the destination as a whole (write disposition "merge", merge key `run_date`), so a dataset takes one
    source: pass the shards of a pull as one list.

    Args:
        target: The folder, or its URL; or several of them, which are loaded as one: see `kentik_async.open`.
        tables: Some of "rankings", "relations", "asns", "insights", "markets", "pages" and "runs".
        complete: Whether to load only dates whose runs all have the status `complete`. A date that was
            loaded stays unchanged at the destination while one of its runs is not complete.

    Returns:
        The source, named "kentik_kmi". A table that the targets lack yields no rows.

    Raises:
        TargetError: No pull was saved in one of the targets.
        ConfigError: dlt or pyarrow is not installed.
        ValidationError: There is no such table, or the list of targets is empty.
    """
    try:
        import dlt
    except ImportError:
        raise ConfigError("loading with dlt needs dlt: pip install 'kentik-async[dlt]'") from None
    chosen = [tables] if isinstance(tables, str) else list(tables)
    for name in chosen:
        if name not in TABLES:
            raise ValidationError(f"tables must be some of {', '.join(TABLES)}; got {name!r}")
    open_target(target)  # a wrong folder is reported here, not in the middle of a run

    def kentik_kmi() -> "list[DltResource]":
        return [_resource(target, name, complete=complete) for name in chosen]

    made: DltSource = dlt.source(kentik_kmi, name="kentik_kmi", section="kentik_kmi")()
    return made


def _resource(target: Targets, table: str, *, complete: bool) -> "DltResource":
    import dlt

    def rows() -> "Iterator[pa.Table]":
        loaded: dict[str, str] = dlt.current.resource_state(table).setdefault("dates", {})
        yield from _changes(open_target(target), table, loaded, complete=complete)

    resource: DltResource = dlt.resource(rows, name=table, write_disposition="merge", merge_key="run_date")
    return resource


def _changes(saved: Tables, table: str, loaded: dict[str, str], *, complete: bool) -> Iterator[Any]:
    """Yield the rows of each date that differs from the loaded one, and store its version in the state."""
    for date, version in _versions(saved, table, saved.dates(complete=complete)).items():
        if loaded.get(date, _NOTHING) == version:
            continue
        emptied = date in loaded
        for rows in _rows(saved, table, date):
            emptied = False
            yield rows
        if emptied:
            yield _deletion(date)
        loaded[date] = version


def _rows(saved: Tables, table: str, date: str) -> "Iterator[pa.Table]":
    """Yield a date's rows, some at a time."""
    import pyarrow as pa

    schema = _not_null(dated_schema(table))
    for batch in saved.dataset(table, [date]).to_batches():
        if batch.num_rows:
            yield pa.Table.from_batches([batch]).cast(schema)


def _not_null(schema: "pa.Schema") -> "pa.Schema":
    """Return a schema whose rows all have a date, as dlt requires of a merge key."""
    at = schema.get_field_index("run_date")
    return schema.set(at, schema.field(at).with_nullable(False))


def _deletion(date: str) -> Any:
    """Return a row that makes the destination delete a date."""
    import dlt
    import pyarrow as pa

    schema = pa.schema([pa.field("run_date", pa.date32(), nullable=False), pa.field(_EMPTIED, pa.bool_())])
    row = {"run_date": dt.date.fromisoformat(date), _EMPTIED: True}
    hints = dlt.mark.make_hints(columns={_EMPTIED: {"name": _EMPTIED, "hard_delete": True}})
    return dlt.mark.with_hints(pa.Table.from_pylist([row], schema), hints)


def _versions(saved: Tables, table: str, dates: list[str]) -> dict[str, str]:
    """Return for each date a text that changes whenever its rows of a table change.

    Rows never change without their page: see the tables `pages` and `runs`.
    """
    import pyarrow.dataset as ds  # type: ignore[import-untyped]  # pyarrow ships no types

    names = ["run_date", "run_id", "finished_at", "status"]
    wanted = None
    if table != "runs":
        names = ["run_date", "key", "run_id", "fetched_at", "status", "rows"]
        kind = _KINDS[table]
        wanted = None if kind is None else ds.field("kind") == kind
    rows = saved.dataset("runs" if table == "runs" else "pages", dates).to_table(names, filter=wanted)
    lines: dict[str, list[str]] = {date: [] for date in dates}
    for date, *values in zip(*(rows[name].to_pylist() for name in names), strict=True):
        lines[date.isoformat()].append(" ".join(map(str, values)))
    return {date: _digest(found) for date, found in lines.items()}


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest() if lines else _NOTHING
