"""Saved targets as DuckDB tables, and the pages that they hold."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kentik_async.bulk.reading.dataset import Targets, open_target, targets_of
from kentik_async.errors import ConfigError, TargetError
from kentik_async.report.model import Rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["SavedData"]

_OFFLINE = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}

# A page has rows if it was answered, even if a later refresh of it failed. 600: the server's default limit.
_PAGES = """
CREATE TEMP TABLE page AS
SELECT run_date, kind, market_id, rank_type, ip, asn, "limit", "type", "key", "rows",
    invalid_count, fetched_at
FROM pages WHERE status IN ('done', 'stale');

CREATE TEMP TABLE ranking_page AS
SELECT run_date, market_id, rank_type, coalesce("limit", 600) AS depth,
    "rows" + coalesce(invalid_count, 0) < coalesce("limit", 600) AS whole
FROM page WHERE kind = 'rankings' AND ip = '{ip}';

CREATE TEMP TABLE details_page AS
WITH each AS (
    SELECT run_date, market_id, asn, fetched_at,
        unnest(CASE "type" WHEN 'all' THEN ['customer', 'provider', 'peer']
            ELSE [rtrim("type", 's')] END) AS relation,
        CASE WHEN contains("key", '"only"') OR contains("key", '"exclude"')
            THEN concat_ws(', ', {filters}) ELSE '' END AS filters
    FROM page WHERE kind = 'asn_details' AND ip = '{ip}'
)
SELECT run_date, market_id, asn, relation, arg_max(filters, fetched_at) AS filters
FROM each GROUP BY ALL;

CREATE TEMP TABLE insights_page AS
SELECT run_date, market_id, ip, asn FROM page
WHERE kind = 'insights' AND (ip IS NULL OR ip = '{ip}')
"""

_BY_DATE = "hive_partitioning = true, hive_types = {'run_date': DATE}"

_FILTER = (
    """CASE WHEN regexp_extract("key", '"{name}":"(\\w+)"', 1) IN ('only', 'exclude') """
    """THEN '{name} = ' || regexp_extract("key", '"{name}":"(\\w+)"', 1) END"""
)
_FILTERS = ", ".join(
    _FILTER.format(name=name) for name in ("mutual_provider", "mutual_customer", "singlehomed_customer")
)


class SavedData:
    """The tables of one or several targets in DuckDB, of one address family.

    It has the views `rankings`, `relations`, `asns` and `insights` for the dates that `use` selects, and
    tables of the pages that hold rows:

        ranking_page    run_date, market_id, rank_type, depth (the limit), whole (no limit cut rows off)
        details_page    run_date, market_id, asn, relation, filters (those of the request; '' for none)
        insights_page   run_date, market_id, ip, asn (NULL: all)

    Attributes:
        ip: "v4" or "v6". Scores of the two families are never compared.
        dates: The saved dates, oldest first.
        target: The targets, as text.
    """

    def __init__(self, target: Targets, ip: str) -> None:
        """Open the targets and read the list of their pages.

        Raises:
            TargetError: No pull was saved in one of them, or it cannot be read.
            ConfigError: DuckDB, pyarrow, or a package that a target's URL needs, is not installed.
        """
        self._tables = open_target(target)
        self.ip = ip
        self.dates = [dt.date.fromisoformat(date) for date in self._tables.dates()]
        self.target = ", ".join(str(one) for one in targets_of(target))
        if not self.dates:
            raise TargetError(f"no date is saved in {self.target}: 'kentik-async kmi pull' saves one")
        self._db = _connect()
        self.use("pages")
        for statement in _PAGES.format(ip=ip, filters=_FILTERS).split(";"):
            self.run(statement)

    def use(self, table: str, dates: Iterable[dt.date] | None = None) -> None:
        """Create a view for a table.

        Args:
            table: The table.
            dates: Only these dates; all by default.
        """
        only = None if dates is None else sorted({date.isoformat() for date in dates})
        dataset = self._tables.dataset(table, only)
        files = _parquet_files(dataset)
        if files:
            # DuckDB skips rows within Parquet files, and reads them three times as fast as through Arrow.
            # CREATE VIEW takes no parameters.
            listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
            with self._reading():
                self._db.register(table, self._db.sql(f"FROM read_parquet([{listed}], {_BY_DATE})"))
        else:
            self._db.register(table, dataset)

    def query(self, sql: str, **parameters: Any) -> Rows:
        """Return the rows of a query.

        Args:
            sql: The query; `$name` is a parameter.
            parameters: The values of the parameters.
        """
        with self._reading():
            result = self._db.execute(sql, parameters or None)
            names = [column[0] for column in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def column(self, sql: str, **parameters: Any) -> list[Any]:
        """Return the first column of a query's rows."""
        with self._reading():
            return [row[0] for row in self._db.execute(sql, parameters or None).fetchall()]

    def run(self, sql: str, **parameters: Any) -> None:
        """Execute a statement that returns no rows."""
        with self._reading():
            self._db.execute(sql, parameters or None)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Turn the errors of damaged files into one line.

        Raises:
            TargetError: A file cannot be read.
        """
        import duckdb

        try:
            yield
        except (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException) as error:
            reason = " ".join(str(error).split())
            raise TargetError(
                f"cannot read {self.target}: {reason}; 'kentik-async kmi verify' checks a target"
            ) from error

    def market_names(self) -> dict[str, str]:
        """Return the newest name of each market in the saved lists of markets."""
        self.use("markets", self.dates[-1:])
        names = "SELECT market_id, arg_max(name, run_date) AS name FROM markets GROUP BY market_id"
        found = self.query(names)
        if not found:
            self.use("markets")
            found = self.query(names)
        return {row["market_id"]: row["name"] for row in found}

    def network_names(self, asns: Sequence[int], dates: Iterable[dt.date]) -> dict[int, str]:
        """Return the names of networks, from their details, rankings or neighbours on some dates."""
        for table in ("asns", "rankings", "relations"):
            self.use(table, dates)
        found = self.query(
            """
            SELECT asn, arg_min(name, source) AS name FROM (
                SELECT asn, name, 1 AS source FROM asns WHERE list_contains($asns, asn)
                UNION ALL SELECT asn, name, 2 FROM rankings WHERE list_contains($asns, asn)
                UNION ALL SELECT related_asn, related_name, 3 FROM relations
                    WHERE list_contains($asns, related_asn)
            ) WHERE name <> '' GROUP BY asn
            """,
            asns=list(asns),
        )
        return {row["asn"]: row["name"] for row in found}

    def newest(self, markets: Sequence[str], pages: Sequence[str]) -> dt.date | None:
        """Return the newest date with pages of some markets; None if there is none.

        Args:
            markets: The markets.
            pages: Some of "ranking_page" and "details_page".
        """
        found = [
            self.column(
                f"SELECT max(run_date) FROM {table} WHERE list_contains($markets, market_id)",  # noqa: S608 (names of our own)
                markets=list(markets),
            )[0]
            for table in pages
        ]
        return max((date for date in found if date is not None), default=None)

    def other_families(self) -> list[str]:
        """Return the address families that are saved, except the one that is reported."""
        return self.column("SELECT DISTINCT ip FROM page WHERE ip <> $ip ORDER BY ip", ip=self.ip)


def _parquet_files(dataset: Any) -> list[str]:
    """Return the files of a dataset if DuckDB can read them itself; else an empty list.

    It can if all are Parquet files in a local folder whose path is no pattern and has no other partition.
    """
    import pyarrow.dataset as ds  # type: ignore[import-untyped]  # pyarrow ships no types
    from pyarrow import fs

    if not isinstance(dataset, ds.FileSystemDataset) or not isinstance(
        dataset.filesystem, fs.LocalFileSystem
    ):
        return []
    if not isinstance(dataset.format, ds.ParquetFileFormat):
        return []
    folders = {file.rpartition("/run_date=")[0] for file in dataset.files}
    return [] if any(set(folder) & set("*?[]{}=") for folder in folders) else list(dataset.files)


def _connect() -> "DuckDBPyConnection":
    try:
        import duckdb
    except ImportError:
        raise ConfigError("reports need DuckDB: pip install 'kentik-async[report]'") from None
    db = duckdb.connect(":memory:", config=dict(_OFFLINE))
    db.execute("SET TimeZone = 'UTC'")
    return db
