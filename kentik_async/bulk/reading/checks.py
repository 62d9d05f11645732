"""Checks the rows of a date against its tables `pages` and `runs`. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from kentik_async.bulk.coverage import PageRecord, SavedPages
from kentik_async.bulk.page_key import PageKey, relations_of
from kentik_async.bulk.saving.changes import data_owners
from kentik_async.bulk.sinks.schema import Owner

__all__ = ["DATA_TABLES", "FoundDate", "Problem", "ProblemKind", "check_date"]

ProblemKind: TypeAlias = Literal["missing", "damaged", "foreign"]

DATA_TABLES = ("rankings", "relations", "asns", "insights", "markets")
"""The tables with rows of answers."""

_TABLES_OF = {
    "rankings": ("rankings",),
    "asn_details": ("asns", "relations"),
    "insights": ("insights",),
    "markets": ("markets",),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One difference from what the pulls wrote.

    Attributes:
        kind: "missing"; "damaged", which is unreadable or has other rows than were saved; or "foreign",
            which no pull wrote.
        table: The table, or "journal".
        run_date: The date, YYYY-MM-DD; None if it is not of one date.
        path: The file; None if it is not of one file.
        detail: A description of the problem.
        pages: The pages whose rows are lost.
        owners: The owners (see `OWNER`) of rows that belong to no page.
    """

    kind: ProblemKind
    table: str
    run_date: str | None
    path: str | None
    detail: str
    pages: tuple[PageKey, ...] = ()
    owners: frozenset[Owner] = frozenset()


@dataclass(slots=True)
class FoundDate:
    """The contents of the tables of one date.

    Attributes:
        run_date: The date, YYYY-MM-DD.
        pages: The table `pages`; None if it cannot be read.
        runs: The runs in the table `runs`, each with its `pages_done`; None if it cannot be read.
        networks: The rows of the table `asns`, by owner.
        rows: For each table that can be read, how many rows each owner has.
        unreadable: For each table that cannot be read, why.
        paths: The files of the tables, as shown in messages.
    """

    run_date: str
    pages: SavedPages | None = None
    runs: Mapping[str, int] | None = None
    networks: Mapping[Owner, Mapping[str, Any]] = field(default_factory=dict)
    rows: dict[str, Counter[Owner]] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)


def check_date(found: FoundDate) -> Iterator[Problem]:
    """Yield the problems of one date."""
    date = found.run_date
    for table, reason in found.unreadable.items():
        yield Problem("damaged", table, date, found.paths.get(table), reason, _pages_in(found, table))
    has_rows = any(found.rows.get(table) for table in DATA_TABLES)
    if found.pages is not None and len(found.pages):
        yield from _check_rows(found, found.pages)
    elif found.pages is not None and has_rows:
        yield Problem("missing", "pages", date, None, "the table has no rows, but rows of its pages exist")
    yield from _check_runs(found, has_rows=has_rows)


def _check_runs(found: FoundDate, *, has_rows: bool) -> Iterator[Problem]:
    if found.runs is None:
        return
    known = {record.run_id for record in found.pages or () if record.run_id}
    absent = sorted(known - found.runs.keys())
    if absent:
        detail = f"no row of {_counted(len(absent), 'run')} that saved pages: {', '.join(absent)}"
        yield Problem("missing", "runs", found.run_date, None, detail)
    elif has_rows and not found.runs:
        yield Problem("missing", "runs", found.run_date, None, "the table has no rows")
    if found.pages is not None:
        # Each request of a run is for a different market, ranking or network.
        places = {record.key.identity[:5] for record in found.pages if record.has_rows and _is_data(record)}
        most = max(found.runs.values(), default=0)
        if most > len(places):
            detail = f"a run has saved {_counted(most, 'page')}, but {len(places):,} exist"
            yield Problem("missing", "pages", found.run_date, None, detail)


def _check_rows(found: FoundDate, pages: SavedPages) -> Iterator[Problem]:
    """Compare the number of rows in each table with the pages."""
    wrong: dict[str, dict[PageKey, None]] = {table: {} for table in found.rows}
    for record in pages:
        for table in _TABLES_OF.get(record.key.kind, ()) if record.has_rows else ():
            if table in found.rows and not _has_saved_rows(found, pages, record, table):
                wrong[table][record.key] = None
    for table, keys in wrong.items():
        rows = found.rows[table]
        if keys and rows:
            detail = f"the rows of {_counted(len(keys), 'page')} differ from the saved ones"
            yield Problem("damaged", table, found.run_date, found.paths.get(table), detail, tuple(keys))
        elif keys:
            detail = f"the rows of {_counted(len(keys), 'page')} are missing"
            yield Problem("missing", table, found.run_date, None, detail, tuple(keys))
    yield from _foreign_rows(found, pages)


def _has_saved_rows(found: FoundDate, pages: SavedPages, record: PageRecord, table: str) -> bool:
    """Return whether a table has as many rows of a page as were saved."""
    key, rows = record.key, found.rows[table]
    if key.kind != "asn_details":
        return sum(rows[owner] for _, owners in data_owners(key) for owner in owners) == record.rows
    network = (key.market_id, key.ip, key.asn)
    if table == "asns":
        return rows[network] == 1
    # If another page has a newer answer for a relation, that page owns it.
    mine = [name for name in relations_of(key.type) if pages.source(*network, name) is record]
    counts = [rows[*network, name] for name in mine]
    if len(mine) == len(relations_of(key.type)) and sum(counts) != record.rows:
        return False
    row = found.networks.get(network)
    return row is None or all(row[f"{name}s"] == count for name, count in zip(mine, counts, strict=True))


def _foreign_rows(found: FoundDate, pages: SavedPages) -> Iterator[Problem]:
    known: dict[str, set[Owner]] = {table: set() for table in DATA_TABLES}
    for record in pages:
        for table, owners in data_owners(record.key) if record.has_rows else ():
            known[table].update(owners)
    for table in DATA_TABLES:
        foreign = frozenset(found.rows.get(table, Counter()).keys() - known[table])
        if foreign:
            count = sum(found.rows[table][owner] for owner in foreign)
            detail = f"{_counted(count, 'row')} of no page"
            path = found.paths.get(table)
            yield Problem("foreign", table, found.run_date, path, detail, owners=foreign)


def _pages_in(found: FoundDate, table: str) -> tuple[PageKey, ...]:
    """Return the pages that have rows in a table."""
    kinds = {kind for kind, tables in _TABLES_OF.items() if table in tables}
    pages: Iterable[PageRecord] = found.pages or ()
    return tuple(record.key for record in pages if record.has_rows and record.key.kind in kinds)


def _is_data(record: PageRecord) -> bool:
    return record.key.kind not in ("markets", "check")


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
