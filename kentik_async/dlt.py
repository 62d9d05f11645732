"""A saved target as a dlt source: its tables into any warehouse that dlt knows. It never calls the API.

The unit is a date. One that is new, or whose rows have changed since the last load, is read whole, and takes
the place of what the destination holds of it; one that has not changed is not read at all. A date that has
left the target stays at the destination.
"""

import datetime as dt
import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kentik_async.bulk.reading.dataset import Tables, open_target
from kentik_async.bulk.sinks.tables import TABLES
from kentik_async.errors import ConfigError, TargetError, ValidationError

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
    import pyarrow.dataset as ds  # type: ignore[import-untyped]  # pyarrow ships no types
    from dlt.extract import DltResource, DltSource

__all__ = ["source"]

_NOTHING = ""
"""The version of a date without rows."""

_EMPTIED = "emptied"
"""A column that the destination gets only once a refreshed date has lost all its rows: it deletes them."""


def source(target: str | os.PathLike[str], *, tables: Iterable[str] = tuple(TABLES)) -> "DltSource":
    """Offer what a pull saved to a dlt pipeline, a resource a table.

        pipeline = dlt.pipeline("kentik", destination="duckdb", dataset_name="kmi")
        pipeline.run(kentik_async.dlt.source("data"))

    Run again, it loads the dates that are new and those that have changed: by `--refresh`, by another pull
    for that date, or because the pull had not finished. Each of them replaces its date at the destination
    as a whole (write disposition "merge", merge key `run_date`), so a dataset holds one target.

    Args:
        target: The folder, or its URL.
        tables: Which tables: some of "rankings", "relations", "asns", "markets" and "pages".

    Returns:
        The source, named "kentik_kmi". A table that the target lacks yields no rows.

    Raises:
        TargetError: No pull was saved there.
        ConfigError: dlt or pyarrow is not installed.
        ValidationError: There is no such table.
    """
    try:
        import dlt
    except ImportError:
        raise ConfigError("loading with dlt needs dlt: pip install 'kentik-async[dlt]'") from None
    chosen = [tables] if isinstance(tables, str) else list(tables)
    for name in chosen:
        if name not in TABLES:
            raise ValidationError(f"tables holds {name!r}: give some of {', '.join(TABLES)}")
    open_target(target)  # a wrong folder is told here, not in the middle of a run

    def kentik_kmi() -> "list[DltResource]":
        return [_resource(target, name) for name in chosen]

    made: DltSource = dlt.source(kentik_kmi, name="kentik_kmi", section="kentik_kmi")()
    return made


def _resource(target: str | os.PathLike[str], table: str) -> "DltResource":
    import dlt

    def rows() -> Iterator["pa.Table"]:
        # Opened anew for each run: a dataset holds the parts that were there when it was opened.
        loaded: dict[str, str] = dlt.current.resource_state(table).setdefault("dates", {})
        yield from _changes(open_target(target), table, loaded)

    resource: DltResource = dlt.resource(rows, name=table, write_disposition="merge", merge_key="run_date")
    return resource


def _changes(saved: Tables, table: str, loaded: dict[str, str]) -> Iterator[Any]:
    """Yield the rows of each date that differs from what was loaded, and enter it there."""
    dataset = _dataset(saved, table)
    for date, version in sorted(_versions(saved, dataset).items()):
        if loaded.get(date, _NOTHING) == version:
            continue
        emptied = date in loaded
        for rows in _rows(dataset, date):
            emptied = False
            yield rows
        if emptied:
            yield _deletion(date)
        loaded[date] = version


def _dataset(saved: Tables, table: str) -> "ds.Dataset | None":
    try:
        return getattr(saved, table)
    except TargetError:  # no pull has landed such rows
        return None


def _rows(dataset: "ds.Dataset | None", date: str) -> Iterator["pa.Table"]:
    """Yield a date's rows, some at a time."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    if dataset is None:
        return
    schema = _dated(dataset.schema)
    wanted = ds.field("run_date") == pa.scalar(dt.date.fromisoformat(date))
    for batch in dataset.to_batches(filter=wanted):
        if batch.num_rows:
            yield pa.Table.from_batches([batch]).cast(schema)


def _dated(schema: "pa.Schema") -> "pa.Schema":
    """Return a schema whose rows all have a date, as dlt wants of a merge key."""
    at = schema.get_field_index("run_date")
    return schema.set(at, schema.field(at).with_nullable(False))


def _deletion(date: str) -> Any:
    """Return what has the destination drop a date's rows."""
    import dlt
    import pyarrow as pa

    schema = pa.schema([pa.field("run_date", pa.date32(), nullable=False), pa.field(_EMPTIED, pa.bool_())])
    row = {"run_date": dt.date.fromisoformat(date), _EMPTIED: True}
    hints = dlt.mark.make_hints(columns={_EMPTIED: {"name": _EMPTIED, "hard_delete": True}})
    return dlt.mark.with_hints(pa.Table.from_pylist([row], schema), hints)


def _versions(saved: Tables, dataset: "ds.Dataset | None") -> dict[str, str]:
    """Return for each date of a target what differs once a table's rows do."""
    import pyarrow.dataset as ds

    if dataset is None:
        marks: Mapping[str, list[str]] = {}
    elif isinstance(dataset, ds.FileSystemDataset):
        marks = _marks_of_parts(dataset)
    else:
        marks = _marks_of_pages(saved)
    versions = {
        date: hashlib.sha256("\n".join(sorted(of)).encode()).hexdigest() for date, of in marks.items()
    }
    dates = saved.dates() if _dataset(saved, "pages") is not None else ()
    return dict.fromkeys(dates, _NOTHING) | versions


def _marks_of_parts(dataset: "ds.FileSystemDataset") -> Mapping[str, list[str]]:
    """Tell a table's dates by their files: parts are never changed, only added and replaced."""
    import pyarrow.dataset as ds

    marks = defaultdict(list)
    for fragment in dataset.get_fragments():
        date = ds.get_partition_keys(fragment.partition_expression)["run_date"]
        file = dataset.filesystem.get_file_info(fragment.path)
        marks[date.isoformat()].append(f"{file.base_name} {file.size} {file.mtime_ns}")
    return marks


def _marks_of_pages(saved: Tables) -> Mapping[str, list[str]]:
    """Tell the dates of a database by their calls: rows never come or go without theirs."""
    columns: list[Any] = ["run_date", "run_id", "key", "fetched_at"]
    marks = defaultdict(list)
    for batch in saved.pages.to_batches(columns=columns):
        for date, *call in zip(*(batch[name].to_pylist() for name in columns), strict=True):
            marks[date.isoformat()].append(" ".join(map(str, call)))
    return marks
