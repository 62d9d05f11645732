"""One Delta table, partitioned by `run_date`: read, appended to and overwritten in transactions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kentik_async.bulk.journal.schema import SCHEMA_VERSION, refuse_other_version
from kentik_async.bulk.sinks.delta.location import Location
from kentik_async.bulk.sinks.delta.predicate import date_predicate
from kentik_async.bulk.sinks.parquet import arrow_schema
from kentik_async.errors import ConfigError, TargetError

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
    from deltalake import DeltaTable

__all__ = ["CommitConflictError", "DeltaDateTable", "delta_schema", "require_deltalake"]

_VERSION_KEY = "kentik_async.schemaVersion"

_CONFIGURATION = {_VERSION_KEY: str(SCHEMA_VERSION), "delta.checkpointInterval": "20"}
"""A checkpoint every 20 commits: without it, each start would read up to 100 small files."""

_DATE, _CLAIM = "kentik_async.date", "kentik_async.claim"
"""Delta application ids, whose transactions are counted: one for each date."""


class CommitConflictError(Exception):
    """Another run has changed the same date of the table since it was read."""


class DeltaDateTable:
    """One table of a target.

    All commits of one date carry the same application id. So of two commits that were prepared on the same
    version of the table, the Delta protocol accepts one, and commits of other dates do not disturb them.
    """

    def __init__(self, name: str, location: Location, target: str) -> None:
        """Store the name of the table; nothing is read.

        Args:
            name: The table's name.
            location: Where the target is.
            target: The target, for messages.
        """
        folder, self._options = location
        self.name = name
        self._uri = f"{folder}/{name}"
        self._target = target
        self._table: DeltaTable | None = None

    def refresh(self) -> bool:
        """Read the latest version; return whether the table exists.

        Raises:
            TargetError: The table cannot be read, or no pull of this release has written it.
        """
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        with self._errors():
            if self._table is not None:
                self._table.update_incremental()
                return True
            try:
                table = DeltaTable(self._uri, storage_options=self._options)
            except TableNotFoundError:
                return False
            version = table.metadata().configuration.get(_VERSION_KEY)
        refuse_other_version(int(version) if version else None, self._uri, self._target)
        self._table = table
        return True

    def create(self) -> None:
        """Create the table, unless it exists."""
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        if self.refresh():
            return
        try:
            DeltaTable.create(
                self._uri,
                delta_schema(self.name),
                name=self.name,
                description=f"Table {self.name!r} of the Kentik Market Intelligence, saved by kentik-async",
                partition_by=["run_date"],
                configuration=_CONFIGURATION,
                storage_options=self._options,
                raise_if_key_not_exists=False,
            )
        except (DeltaError, OSError) as error:
            if not self.refresh():  # otherwise another run was quicker
                raise self._failure(error) from error
        self.refresh()

    def dates(self) -> list[str]:
        """Return the dates of the last version that was read."""
        if self._table is None:
            return []
        with self._errors():
            return sorted(str(partition["run_date"]) for partition in self._table.partitions())

    def rows(self, run_date: str, columns: Sequence[str]) -> "pa.Table":
        """Return rows of a date of the last version that was read."""
        import pyarrow as pa
        from deltalake import QueryBuilder

        schema = delta_schema(self.name)
        wanted = pa.schema([schema.field(name) for name in columns])
        if self._table is None or run_date not in self.dates():
            return wanted.empty_table()
        # Does not use pyarrow's datasets: their threads read ahead, and can abort the process at exit.
        names = ", ".join(_selected(field) for field in wanted)
        query = f"SELECT {names} FROM found WHERE {date_predicate(run_date)}"  # noqa: S608 (names of our own)
        with self._errors():
            found = QueryBuilder().register("found", self._table).execute(query)
            return pa.RecordBatchReader.from_stream(found).read_all().cast(wanted)

    def append(self, run_date: str, rows: "pa.RecordBatchReader", claim: int | None = None) -> None:
        """Add rows of a date.

        Args:
            run_date: The date.
            rows: The rows.
            claim: The run that holds a claim on the date from now on, 0 for none; unchanged if omitted.

        Raises:
            CommitConflictError: Another run has changed the date since the table was read.
        """
        from deltalake import write_deltalake

        with self._errors():
            write_deltalake(
                self._opened(),
                rows,
                mode="append",
                commit_properties=self._properties(run_date, claim),
            )

    def overwrite(
        self, run_date: str, predicate: str, rows: "pa.RecordBatchReader", claim: int | None = None
    ) -> None:
        """Replace the rows of one date that a condition selects; the new rows must match it too.

        Raises:
            CommitConflictError: Another run has changed the date since the table was read.
        """
        from deltalake import write_deltalake

        with self._errors():
            write_deltalake(
                self._opened(),
                rows,
                mode="overwrite",
                predicate=predicate,
                commit_properties=self._properties(run_date, claim),
            )

    def mark(self, run_date: str, claim: int | None = None) -> None:
        """Make a commit that changes only the holder of the claim on the date, and no rows.

        Raises:
            CommitConflictError: Another run has changed the date since the table was read.
        """
        with self._errors():
            table = self._opened()
            table.create_write_transaction(
                [],
                "append",
                table.schema(),
                ["run_date"],
                commit_properties=self._properties(run_date, claim),
            )
            table.update_incremental()

    def claim(self, run_date: str) -> tuple[int, int]:
        """Return the claim on a date, 0 for none, and the number of the last commit that changed the date."""
        table = self._opened()
        with self._errors():
            holder = table.transaction_version(f"{_CLAIM}.{run_date}")
            return holder or 0, table.transaction_version(f"{_DATE}.{run_date}") or 0

    def files(self, run_date: str) -> dict[str, int]:
        """Return the files of a date in the last version that was read, below the table, with their sizes."""
        if self._table is None:
            return {}
        with self._errors():
            import pyarrow as pa

            actions = pa.table(self._table.get_add_actions(flatten=True)).to_pydict()
            found = zip(actions["path"], actions["size_bytes"], actions["partition.run_date"], strict=True)
            return {path: size for path, size, date in found if str(date) == run_date}

    def unreferenced(self, run_date: str) -> list[str]:
        """Return the files of a date, below the table, that no commit has ever named."""
        if self._table is None:
            return []
        with self._errors():
            # The first list: files that do not belong to the table. The second: files that a commit removed.
            unused, removed = (
                self._table.vacuum(0, dry_run=True, enforce_retention_duration=False, full=full)
                for full in (True, False)
            )
        return sorted(path for path in set(unused) - set(removed) if path.startswith(f"run_date={run_date}/"))

    def remove_expired(self) -> None:
        """Delete the files of versions that are older than a week."""
        with self._errors():
            self._opened().vacuum(dry_run=False, full=False)

    def _opened(self) -> "DeltaTable":
        if self._table is None:
            self.create()
        if self._table is None:
            raise TargetError(f"table {self.name!r} of {self._target} was deleted while it was in use")
        return self._table

    def _properties(self, run_date: str, claim: int | None) -> Any:
        from deltalake import CommitProperties, Transaction

        mine = [Transaction(f"{_DATE}.{run_date}", self._opened().version() + 1)]
        if claim is not None:
            mine.append(Transaction(f"{_CLAIM}.{run_date}", claim))
        return CommitProperties(app_transactions=mine)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn the library's errors into a TargetError, and conflicts into a CommitConflictError."""
        import pyarrow as pa
        from deltalake.exceptions import CommitFailedError, DeltaError

        try:
            yield
        except CommitFailedError as error:
            raise CommitConflictError(str(error)) from error
        except (DeltaError, OSError, pa.ArrowException) as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> TargetError:
        reason = " ".join(str(error).split())[:300]
        return TargetError(
            f"cannot use table {self.name!r} of {self._target}: {reason}; data already saved is kept"
        )


def require_deltalake() -> None:
    """Raise ConfigError if a package is not installed."""
    try:
        import deltalake  # noqa: F401 (whether it is there)
        import pyarrow  # noqa: F401, ICN001 (whether it is there)
    except ImportError:
        raise ConfigError("delta needs deltalake: pip install 'kentik-async[delta]'") from None


def _selected(field: "pa.Field") -> str:
    """Return a column of a query; not every pyarrow supports the library's own string type."""
    return (
        f'arrow_cast("{field.name}", \'Utf8\') AS "{field.name}"'
        if field.type == "string"
        else f'"{field.name}"'
    )


def delta_schema(table: str) -> "pa.Schema":
    """Return a table's Arrow schema with the column `run_date`."""
    import pyarrow as pa

    return pa.schema([pa.field("run_date", pa.date32()), *arrow_schema(table)])
