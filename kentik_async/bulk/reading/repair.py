"""Makes a damaged target usable again. What a pull did not write is moved to quarantine, never deleted."""

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import msgspec

from kentik_async.bulk.coverage import SavedPages
from kentik_async.bulk.journal.journal import microseconds
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.reading.checks import DATA_TABLES, FoundDate, Problem, check_date
from kentik_async.bulk.reading.quarantine import (
    clear_table,
    quarantine_file,
    quarantine_journal,
    rebuild_database,
    write_to_quarantine,
)
from kentik_async.bulk.reading.rebuilding import (
    networks_without,
    rebuild_network,
    rebuild_pages,
    rebuild_runs,
)
from kentik_async.bulk.reading.saved_target import SavedTarget, find_saved
from kentik_async.bulk.reading.verify import find_problems, read_date, verify_target
from kentik_async.bulk.saving.changes import data_owners, page_owner, page_row
from kentik_async.bulk.saving.runs import changed_runs, run_rows
from kentik_async.bulk.saving.saved_date import DateInTarget
from kentik_async.bulk.sinks import DateChange
from kentik_async.bulk.sinks.schema import OWNER, TABLES, Owner
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.lock import TargetLock

__all__ = ["LostPage", "RepairReport", "repair_target"]


@dataclass(frozen=True, slots=True)
class LostPage:
    """A page whose rows are gone.

    Attributes:
        run_date: Its date, YYYY-MM-DD.
        key: The request.
    """

    run_date: str
    key: PageKey


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What a repair did.

    Attributes:
        target: The folder, or the URL.
        found: The problems before.
        left: The problems afterwards; None for a preview.
        missing: Pages of today's date that must be fetched again: the next pull fetches exactly these.
        lost: Pages of earlier dates, which the API no longer returns; their runs are partial.
    """

    target: str
    found: tuple[Problem, ...]
    left: tuple[Problem, ...] | None
    missing: tuple[LostPage, ...]
    lost: tuple[LostPage, ...]


def repair_target(
    target: str | os.PathLike[str], *, today: dt.date | None = None, dry_run: bool = False
) -> RepairReport:
    """Repair a target, as far as its own files allow; nothing is fetched.

    Damaged parts and foreign files are moved into the folder `.kentik-async/foreign`, the rows of pages that
    are not complete are dropped, lost rows of `pages` and `runs` are rebuilt from the other tables, and a
    journal that cannot be read is moved to quarantine.

    Args:
        target: The folder, or its URL.
        today: Today's date by UTC; the machine's if omitted.
        dry_run: Whether to only report the problems and the pages that would be dropped.

    Raises:
        TargetLockedError: A run is writing to the target.
        TargetError: No pull was saved there, or it cannot be read or written.
        ConfigError: A package that the URL or the format needs is not installed.
        ValidationError: The URL's scheme is unknown.
    """
    before = verify_target(target)
    date = (today or dt.datetime.now(dt.UTC).date()).isoformat()
    if dry_run or before.sound:
        gone = set(_preview(before.problems, date))
        return _report(before.target, before.problems, None if dry_run else (), gone, date)
    layout = Layout(target)
    with ExitStack() as stack:
        layout.make()
        for slot in layout.slots() or [1]:
            lock = TargetLock(layout.lock(slot), layout.name)
            stack.callback(lock.release)
        for problem in before.problems:
            if problem.table == "journal" and problem.path is not None:
                quarantine_journal(layout, problem.path)
        saved = find_saved(layout)
        gone = set() if saved is None else set(_repair_tables(saved, date))
    left = () if saved is None or find_saved(layout) is None else verify_target(target).problems
    return _report(before.target, before.problems, left, gone, date)


def _preview(problems: Iterable[Problem], today: str) -> Iterator[LostPage]:
    """Yield the pages that a repair would drop."""
    dates: dict[str, list[Problem]] = {}
    for problem in problems:
        if problem.run_date is not None:
            dates.setdefault(problem.run_date, []).append(problem)
    for run_date, found in dates.items():
        for key in _lost_pages(found, today)[0]:
            yield LostPage(run_date, key)


def _report(
    target: str,
    found: tuple[Problem, ...],
    left: tuple[Problem, ...] | None,
    gone: Iterable[LostPage],
    today: str,
) -> RepairReport:
    ordered = sorted(gone, key=lambda page: (page.run_date, page.key.text))
    missing = tuple(page for page in ordered if page.run_date == today)
    lost = tuple(page for page in ordered if page.run_date != today)
    return RepairReport(target, found, left, missing, lost)


def _repair_tables(saved: SavedTarget, today: str) -> Iterator[LostPage]:
    """Repair the tables; yield the lost pages."""
    _, problems = find_problems(saved)
    if saved.store == "sqlite" and any(p.kind == "damaged" and p.run_date is None for p in problems):
        rebuild_database(saved)
    for problem in problems:
        if problem.kind == "foreign" and not problem.owners and problem.path is not None:
            quarantine_file(saved.layout, problem.path.removeprefix(f"{saved.layout.name}/"))
    for run_date in saved.sink.dates():
        found = read_date(saved, run_date)
        unreadable = tuple(found.unreadable)
        if unreadable:
            known = found.pages
            for table in unreadable:
                clear_table(saved, table, run_date)
            found = read_date(saved, run_date)
            found.pages = known if known is not None else found.pages
        if unreadable or any(True for _ in check_date(found)):
            yield from _repair_date(saved, found, today)


def _repair_date(saved: SavedTarget, found: FoundDate, today: str) -> Iterator[LostPage]:
    change = _Change(saved, found)
    if not found.pages:
        change.rebuild_pages()
    problems = list(check_date(found))
    for problem in problems:
        if problem.owners:
            change.remove_foreign(problem.table, problem.owners)
    lost, networks = _lost_pages(problems, today)
    for key in networks:
        change.rebuild_network(key)
    change.remove_pages(lost)
    change.rebuild_runs()
    change.apply()
    for key in lost:
        yield LostPage(found.run_date, key)


def _lost_pages(problems: Iterable[Problem], today: str) -> tuple[list[PageKey], list[PageKey]]:
    """Return the pages to drop, and the pages that only need a new row in `asns`.

    The second group is of earlier dates, whose pages cannot be fetched again: their relations are kept.
    """
    tables: dict[PageKey, set[str]] = {}
    date = None
    for problem in problems:
        date = problem.run_date
        for key in problem.pages:
            tables.setdefault(key, set()).add(problem.table)
    networks = [key for key, found in tables.items() if found == {"asns"} and date != today]
    return [key for key in tables if key not in networks], networks


class _Change:
    """The change of one date's tables that repairs it."""

    def __init__(self, saved: SavedTarget, found: FoundDate) -> None:
        self._saved = saved
        self._found = found
        self._removed: dict[str, set[Owner]] = {table: set() for table in TABLES}
        self._added: dict[str, list[Mapping[str, Any]]] = {table: [] for table in TABLES}

    def rebuild_pages(self) -> None:
        """Rebuild the table `pages` from the other tables."""
        sink, date = self._saved.sink, self._found.run_date
        tables = {table: sink.read(table, date) for table in DATA_TABLES}
        runs = list(run_rows(sink.read("runs", date)))
        self._found.pages = SavedPages(rebuild_pages(tables, runs, DateInTarget(sink, date)))
        for record in self._found.pages:
            self._replace("pages", page_owner(record.key), page_row(record))

    def remove_foreign(self, table: str, owners: frozenset[Owner]) -> None:
        """Move rows that belong to no page to quarantine."""
        date = self._found.run_date
        columns = self._saved.sink.read(table, date)
        names = list(columns)
        rows = (dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True))
        lines = [msgspec.json.encode(row) for row in rows if _owner(table, row) in owners]
        path = f"rows/{table}-{date}.ndjson"
        write_to_quarantine(self._saved.layout, path, b"\n".join(lines) + b"\n")
        self._removed[table].update(owners)

    def rebuild_network(self, key: PageKey) -> None:
        """Rebuild the row of a network from its relations."""
        if self._found.pages is None:
            return
        network = (key.market_id, key.ip, key.asn)
        row = rebuild_network(self._found.pages, *network)
        counts = self._found.rows["relations"]
        known = []
        for relation in ("customer", "provider", "peer"):
            if row[f"{relation}s"] is not None:
                row[f"{relation}s"] = counts[*network, relation]
                known.append(f"{relation}s")
        row["type"] = "all" if len(known) == 3 else ",".join(known)
        self._removed["asns"].add(network)
        self._added["asns"] = [other for other in self._added["asns"] if _owner("asns", other) != network]
        self._added["asns"].append(row)

    def remove_pages(self, keys: Iterable[PageKey]) -> None:
        """Remove the rows of pages, and the pages themselves."""
        pages, gone = self._found.pages, set(keys)
        if pages is None or not gone:
            return
        kept = SavedPages(record for record in pages if record.key not in gone)
        networks = set()
        for key in gone:
            self._removed["pages"].add(page_owner(key))
            self._added["pages"] = [row for row in self._added["pages"] if row["key"] != key.text]
            for table, owners in data_owners(key):
                # Another page may have newer rows of a relation.
                mine = owners if table != "relations" else [o for o in owners if kept.source(*o) is None]
                self._removed[table].update(mine)
            if key.kind == "asn_details":
                networks.add((key.market_id, key.ip, key.asn))
        if networks:
            asns = self._saved.sink.read("asns", self._found.run_date)
            self._added["asns"] += networks_without(asns, kept, networks)
        self._found.pages = kept

    def rebuild_runs(self) -> None:
        """Make new rows for runs that only have pages left."""
        pages = self._found.pages or SavedPages()
        absent = {record.run_id for record in pages if record.run_id} - (self._found.runs or {}).keys()
        start = dt.datetime.combine(dt.date.fromisoformat(self._found.run_date), dt.time(), dt.UTC)
        for row in rebuild_runs(sorted(absent), pages, microseconds(start)):
            self._replace("runs", (row["run_id"],), row)

    def apply(self) -> None:
        """Change the tables, then the state of the date's runs."""
        sink, date = self._saved.sink, self._found.run_date
        self._write(self._removed, self._added)
        runs = list(changed_runs(run_rows(sink.read("runs", date)), DateInTarget(sink, date)))
        if runs:
            self._write({"runs": {(row["run_id"],) for row in runs}}, {"runs": runs})

    def _replace(self, table: str, owner: Owner, row: Mapping[str, Any]) -> None:
        self._removed[table].add(owner)
        self._added[table].append(row)

    def _write(
        self, removed: Mapping[str, set[Owner]], added: Mapping[str, Sequence[Mapping[str, Any]]]
    ) -> None:
        rows = {
            table: {name: [row.get(name) for row in found] for name in TABLES[table]}
            for table, found in added.items()
            if found
        }
        owners = {table: frozenset(found) for table, found in removed.items() if found}
        self._saved.sink.replace(DateChange(self._found.run_date, owners, [rows]))


def _owner(table: str, row: Mapping[str, Any]) -> Owner:
    return tuple(row[name] for name in OWNER[table])
