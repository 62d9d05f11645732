"""Tables as Delta tables, partitioned by `run_date`: each table changes in one transaction.

A transaction overwrites exactly the rows of the pages that it replaces. Readers see a table before or after
it, and any Delta reader can read it: Spark, Polars, DuckDB, Databricks, Snowflake.
"""

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import TypeVar

from kentik_async.bulk.sinks.base import DateChange
from kentik_async.bulk.sinks.delta.claim import NO_CLAIM, Claim
from kentik_async.bulk.sinks.delta.location import delta_location
from kentik_async.bulk.sinks.delta.predicate import date_predicate, owners_predicate
from kentik_async.bulk.sinks.delta.spool import Spool, as_reader, spooled
from kentik_async.bulk.sinks.delta.table import (
    CommitConflictError,
    DeltaDateTable,
    delta_schema,
    require_deltalake,
)
from kentik_async.bulk.sinks.parquet import columns_of, without_owners
from kentik_async.bulk.sinks.schema import OWNER, TABLES, Columns, Owner
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.local import system_errors
from kentik_async.errors import TargetError

__all__ = ["DeltaSink"]

T = TypeVar("T")

_ATTEMPTS = 20
"""How often a change is retried because another run has changed the date meanwhile."""

_MOST_FILES = 8
"""Number of files of a date in a table at which a change rewrites all rows of the date in one file."""


class DeltaSink:
    """Delta tables `TARGET/<table>/`; used by one thread at a time."""

    shared = True

    def __init__(self, layout: Layout) -> None:
        """Store the names of the tables; nothing is read.

        Raises:
            ValidationError: The target is a URL that the Delta library does not know.
        """
        self._layout = layout
        location = delta_location(layout)
        self._tables = {name: DeltaDateTable(name, location, layout.name) for name in TABLES}
        self._claim: Claim | None = None

    def check(self) -> None:
        """Raise TargetError for another schema version, ConfigError without deltalake."""
        require_deltalake()
        self._tables["runs"].refresh()

    def require_own_files(self, run_date: str) -> None:
        """Readers take only files that the log names: nothing to check."""

    def dates(self) -> list[str]:
        """Return the dates that the tables hold."""
        self._refresh(TABLES)
        return sorted({date for table in self._tables.values() for date in table.dates()})

    def read(self, table: str, run_date: str, columns: Sequence[str] | None = None) -> Columns:
        """Return a date's rows of a table."""
        self._refresh([table])
        return columns_of(self._tables[table].rows(run_date, columns or list(TABLES[table])))

    def files(self, table: str) -> list[tuple[str, str]]:
        """Return the files of the latest version of a table: pairs of date and path below the target."""
        self._refresh([table])
        found = self._tables[table]
        return [(date, f"{table}/{path}") for date in found.dates() for path in found.files(date)]

    def exclusively(self, run_date: str, work: Callable[[], T], *, recovers: bool = False) -> T:
        """Run `work` and return its result, while no other run changes the date."""
        if self._claim is not None:
            return work()
        for _ in range(_ATTEMPTS):
            try:
                return self._claimed(run_date, work, recovers=recovers)
            except CommitConflictError:
                time.sleep(random.uniform(0.05, 0.5))
        raise TargetError(
            f"other runs changed {run_date} in {self._layout.name} {_ATTEMPTS} times meanwhile; "
            "the same command resumes this one"
        )

    def replace(self, change: DateChange) -> None:
        """Apply a change, each table in one transaction; it only adds rows of owners that it removes."""
        with system_errors(self._layout.name), ExitStack() as stack:
            spools = spooled(stack, change, self._layout.tmp, self._renew)
            self.exclusively(change.run_date, lambda: self._replace(change, spools))

    def clear(self, table: str, run_date: str) -> None:
        """Delete all rows of a date from one table, without reading them: they may be damaged."""
        found = self._tables[table]
        rows = as_reader(delta_schema(table))
        self.exclusively(run_date, lambda: found.overwrite(run_date, date_predicate(run_date), rows))

    def drop(self, run_date: str) -> None:
        """Delete all rows of a date, and the files of versions that are older than a week."""

        def drop() -> None:
            for table in reversed(self._tables.values()):
                if run_date in table.dates():
                    table.overwrite(run_date, date_predicate(run_date), as_reader(delta_schema(table.name)))
                    table.remove_expired()

        self.exclusively(run_date, drop)

    def _claimed(self, run_date: str, work: Callable[[], T], *, recovers: bool) -> T:
        self._claim = claim = Claim(self._tables["runs"], run_date)
        try:
            for table in self._tables.values():
                table.refresh()
                if recovers:
                    self._remove_leftovers(table, run_date)
            result = work()
            if self._claim is not None:
                claim.end()
        except CommitConflictError:
            raise
        except BaseException:
            with suppress(CommitConflictError, TargetError):
                claim.end()
            raise
        finally:
            self._claim = None
        return result

    def _remove_leftovers(self, table: DeltaDateTable, run_date: str) -> None:
        """Delete files that a killed run has written, but not committed."""
        found = table.unreferenced(run_date)
        if not found:
            return
        # If the run is still alive, this commit makes its commit fail, so the files are garbage in any case.
        table.mark(run_date)
        left = set(found) & set(table.unreferenced(run_date))
        for path in sorted(left):
            self._layout.tables.remove(f"{table.name}/{path}")

    def _renew(self) -> None:
        if self._claim is not None:
            self._claim.renew()

    def _refresh(self, names: Iterable[str]) -> None:
        # While a date is claimed, reads use the version on which the claim was made.
        if self._claim is None:
            for name in names:
                self._tables[name].refresh()

    def _replace(self, change: DateChange, spools: Mapping[str, Spool]) -> None:
        for name in TABLES:  # pages and runs, which list the saved rows, are written last
            self._renew()
            self._replace_rows(name, change, spools.get(name))

    def _replace_rows(self, name: str, change: DateChange, spool: Spool | None) -> None:
        table, run_date = self._tables[name], change.run_date
        removed = change.removed.get(name, frozenset())
        there = _owners(table, run_date)
        if spool is None and not there & removed:
            return
        claim = NO_CLAIM if name == "runs" else None
        date = date_predicate(run_date)
        few = len(table.files(run_date)) < _MOST_FILES
        rows = as_reader(delta_schema(name), spool)
        if few and not there & removed:
            table.append(run_date, rows, claim)
        elif there <= removed:
            table.overwrite(run_date, date, rows, claim)
        elif few and (predicate := owners_predicate(name, run_date, removed)):
            table.overwrite(run_date, predicate, rows, claim)
        else:
            kept = without_owners(table.rows(run_date, delta_schema(name).names), name, removed)
            table.overwrite(run_date, date, as_reader(delta_schema(name), spool, kept), claim)
        if name == "runs":
            self._claim = None  # the commit has ended it
        self._verify(table, run_date)

    def _verify(self, table: DeltaDateTable, run_date: str) -> None:
        """Check that a remote target has all files of a date, so that a lost file is noticed now."""
        if self._layout.remote is None:
            return
        found = self._layout.remote.sizes(f"{table.name}/run_date={run_date}")
        for path, size in table.files(run_date).items():
            if found.get(f"{table.name}/{path}") != size:
                raise TargetError(
                    f"upload of {self._layout.name}/{table.name}/{path} is incomplete: "
                    f"{found.get(path, 0)} of {size} bytes"
                )


def _owners(table: DeltaDateTable, run_date: str) -> frozenset[Owner]:
    """Return the owners of a date's rows."""
    names = list(OWNER[table.name])
    if not names:
        return frozenset({()} if run_date in table.dates() else ())
    rows = table.rows(run_date, names).group_by(names).aggregate([])
    return frozenset(zip(*(rows[name].to_pylist() for name in names), strict=True))
