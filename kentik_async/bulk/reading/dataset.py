"""The tables of saved targets as Arrow datasets, whatever the format. It never calls the API."""

import datetime as dt
import os
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kentik_async.bulk.coverage import SavedPages
from kentik_async.bulk.reading.arrow import dated_schema, table_dataset
from kentik_async.bulk.reading.merging import Superseded, merge_networks, newest_runs, superseded
from kentik_async.bulk.reading.saved_target import SavedTarget, open_saved
from kentik_async.bulk.saving.runs import run_rows
from kentik_async.bulk.saving.saved_date import page_records
from kentik_async.bulk.sinks.parquet import arrow_schema, arrow_table, without_owners
from kentik_async.errors import ValidationError

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
    import pyarrow.dataset as ds  # type: ignore[import-untyped]  # pyarrow ships no types

__all__ = ["Tables", "Targets", "open_target", "targets_of"]

Targets = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def open_target(target: Targets) -> "Tables":
    """Open the tables that pulls saved.

        tables = kentik_async.open("data")
        tables.rankings.to_table(filter=ds.field("rank") <= 10).to_pandas()

    Args:
        target: The folder, or its URL; or several of them, such as the shards of a pull, which are read as
            one: if two hold the same page of a date, the newer one counts.

    Returns:
        The tables as pyarrow datasets; each has the column `run_date`, a date.

    Raises:
        TargetError: No pull was saved in one of them, or it cannot be read.
        ConfigError: pyarrow, or a package that the URL needs, is not installed.
        ValidationError: The list of targets is empty, or a URL's scheme is unknown.
    """
    arrow_schema("pages")  # says what to install, if pyarrow is missing
    return Tables([open_saved(one) for one in targets_of(target)])


def targets_of(target: Targets) -> list[str | os.PathLike[str]]:
    """Return one or several targets as a list.

    Raises:
        ValidationError: The list is empty.
    """
    found = [target] if isinstance(target, str | os.PathLike) else list(target)
    if not found:
        raise ValidationError("target must name at least one target; got an empty list")
    return found


class Tables:
    """The tables of one or several targets.

    Each property returns a new dataset: the tables as they are at that moment. A dataset reads its files when
    it is used; take a new one after a pull. Rows of a SQLite file, and of dates that several targets hold,
    are read into memory.
    """

    def __init__(self, targets: Sequence[SavedTarget]) -> None:
        """Store the targets; nothing is read yet."""
        self._targets = targets

    @property
    def rankings(self) -> "ds.Dataset":
        """One row for each network in a ranking: market_id, rank_type, ip, rank, asn, name, scores."""
        return self.dataset("rankings")

    @property
    def relations(self) -> "ds.Dataset":
        """One row for each customer, provider and peer of a network, with scores, prefixes and flags."""
        return self.dataset("relations")

    @property
    def asns(self) -> "ds.Dataset":
        """One row for each network whose details were requested: name, country, number of neighbours."""
        return self.dataset("asns")

    @property
    def markets(self) -> "ds.Dataset":
        """One row for each market: market_id and name."""
        return self.dataset("markets")

    @property
    def insights(self) -> "ds.Dataset":
        """One row for each insight."""
        return self.dataset("insights")

    @property
    def pages(self) -> "ds.Dataset":
        """One row for each request: what was requested, when, and how it ended."""
        return self.dataset("pages")

    @property
    def runs(self) -> "ds.Dataset":
        """One row for each run: its command, status, and the number of pages requested, done and failed."""
        return self.dataset("runs")

    def dates(self, *, complete: bool = False) -> list[str]:
        """Return the dates that are saved, YYYY-MM-DD, oldest first.

        Args:
            complete: Whether to return only dates whose runs all have the status `complete`.
        """
        dates = sorted({date for target in self._targets for date in target.sink.dates()})
        if not complete:
            return dates
        statuses: dict[str, set[str]] = {date: set() for date in dates}
        for row in self.runs.to_table(columns=["run_date", "status"]).to_pylist():
            statuses[row["run_date"].isoformat()].add(row["status"])
        return [date for date in dates if statuses[date] == {"complete"}]

    def dataset(self, table: str, dates: Sequence[str] | None = None) -> "ds.Dataset":
        """Return a table.

        Args:
            table: "rankings", "relations", "asns", "markets", "insights", "pages" or "runs".
            dates: Only these dates, YYYY-MM-DD.
        """
        import pyarrow.dataset as ds

        if len(self._targets) == 1:
            return table_dataset(self._targets[0], table, dates)
        held = [set(target.sink.dates()) for target in self._targets]
        if dates is not None:
            held = [found & set(dates) for found in held]
        count = Counter(date for found in held for date in found)
        shared = sorted(date for date, holders in count.items() if holders > 1)
        parts = [
            table_dataset(target, table, sorted(found.difference(shared)))
            for target, found in zip(self._targets, held, strict=True)
        ]
        parts += [dataset for date in shared for dataset in self._merged(table, date)]
        return ds.dataset(parts)

    def rows(self, table: str, date: dt.date, markets: Sequence[str] | None = None) -> "pa.Table":
        """Return one date's rows of a table.

        Args:
            table: The table.
            date: The date in the column `run_date`.
            markets: Only rows of these markets, by id.
        """
        import pyarrow.dataset as ds

        wanted = None if markets is None else ds.field("market_id").isin(list(markets))
        return self.dataset(table, [date.isoformat()]).to_table(filter=wanted)

    def _merged(self, table: str, date: str) -> "list[ds.Dataset]":
        """Return a table of a date that several targets hold: the newest answer of each page."""
        import pyarrow.dataset as ds

        holders = [target for target in self._targets if date in target.sink.dates()]
        if table == "runs":
            runs = newest_runs(row for target in holders for row in run_rows(target.sink.read("runs", date)))
            return [ds.dataset(_table(table, date, runs))]
        pages = [SavedPages(page_records(target.sink.read("pages", date))) for target in holders]
        if table == "asns":
            pairs = zip(pages, holders, strict=True)
            rows = [(known, row) for known, target in pairs for row in _rows(target, table, date)]
            return [ds.dataset(_table(table, date, merge_networks(rows)))]
        lost = superseded(pages)
        return [_without(target, table, date, gone) for target, gone in zip(holders, lost, strict=True)]


def _without(target: SavedTarget, table: str, date: str, gone: Superseded) -> "ds.Dataset":
    """Return the rows of a target that no other target replaces; read them only if it has others."""
    import pyarrow.dataset as ds

    dataset = table_dataset(target, table, [date])
    if not gone.get(table):
        return dataset
    return ds.dataset(without_owners(dataset.to_table(), table, gone[table]))


def _rows(target: SavedTarget, table: str, date: str) -> list[dict[str, Any]]:
    columns = target.sink.read(table, date)
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _table(table: str, date: str, rows: Sequence[Any]) -> "pa.Table":
    import pyarrow as pa

    columns = {name: [row[name] for row in rows] for name in arrow_schema(table).names}
    dates = pa.array([dt.date.fromisoformat(date)] * len(rows), pa.date32())
    made = arrow_table(columns, arrow_schema(table))
    return pa.Table.from_arrays([dates, *made.columns], schema=dated_schema(table))
