"""Checks every part of a target against its tables `pages` and `runs`. It only reads."""

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kentik_async.bulk.coverage import SavedPages
from kentik_async.bulk.journal.journal import reading_journal
from kentik_async.bulk.journal.schema import SQLITE_ERRORS
from kentik_async.bulk.reading.arrow import table_dataset
from kentik_async.bulk.reading.checks import DATA_TABLES, FoundDate, Problem, check_date
from kentik_async.bulk.reading.saved_target import SavedTarget, find_saved
from kentik_async.bulk.saving.saved_date import page_records
from kentik_async.bulk.sinks.part_files import date_of_part
from kentik_async.bulk.sinks.schema import OWNER, TABLES, Owner, owners_of
from kentik_async.bulk.sinks.sqlite import SQLITE_FILE
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.lock import is_locked
from kentik_async.bulk.target.remote_run import find_runs
from kentik_async.errors import DecodeError, TargetError

__all__ = ["VerifyReport", "find_problems", "read_date", "verify_target"]

PART_STORES = ("parquet", "ndjson", "csv")


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The result of checking a target.

    Attributes:
        target: The folder, or the URL.
        store: The format of its tables; None if it has none yet.
        dates: Number of dates that were checked.
        problems: Missing, damaged and foreign parts.
        interrupted: The ids of interrupted or running runs; they do not count as problems.
    """

    target: str
    store: str | None
    dates: int
    problems: tuple[Problem, ...]
    interrupted: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether there is no problem."""
        return not self.problems


def verify_target(target: str | os.PathLike[str]) -> VerifyReport:
    """Check a target; nothing is changed.

    Each table of each date is read as a whole, and the rows of each page are counted. A running pull
    may change tables meanwhile, so verify while no pull is running.

    Args:
        target: The folder, or its URL.

    Raises:
        TargetError: No pull was saved there, it cannot be reached, or another version wrote it.
        ConfigError: A package that the URL or the format needs is not installed.
        ValidationError: The URL's scheme is unknown.
    """
    layout = Layout(target)
    saved = find_saved(layout)
    problems, interrupted = [], []
    for run_id, problem in _journals(layout):
        if run_id is not None:
            interrupted.append(run_id)
        if problem is not None:
            problems.append(problem)
    if saved is None:
        if not (problems or interrupted):
            raise TargetError(f"no pull was saved in {layout.name}: 'kentik-async kmi pull' saves one")
        return VerifyReport(layout.name, None, 0, tuple(problems), tuple(interrupted))
    dates, found = find_problems(saved)
    return VerifyReport(layout.name, saved.store, dates, (*problems, *found), tuple(interrupted))


def find_problems(saved: SavedTarget) -> tuple[int, list[Problem]]:
    """Return the number of dates of a target, and the problems of its tables."""
    problems = [*_foreign_files(saved), *_damaged_database(saved)]
    try:
        dates = saved.sink.dates()
    except TargetError as error:
        if not problems:
            problems.append(Problem("damaged", "all", None, None, str(error)))
        return 0, problems
    for date in dates:
        problems += check_date(read_date(saved, date))
    return len(dates), problems


def read_date(saved: SavedTarget, run_date: str) -> FoundDate:
    """Return the contents of the tables of a date; every value is read."""
    found = FoundDate(run_date)
    if saved.store in PART_STORES:
        for table in TABLES:
            part = f"{table}/run_date={run_date}/part-0001.{saved.store}"
            found.paths[table] = f"{saved.layout.name}/{part}"
    try:
        found.pages = SavedPages(page_records(saved.sink.read("pages", run_date)))
    except (TargetError, DecodeError) as error:
        found.unreadable["pages"] = str(error)
    try:
        runs = saved.sink.read("runs", run_date, ["run_id", "pages_done"])
        found.runs = dict(zip(runs["run_id"], runs["pages_done"], strict=True))
    except TargetError as error:
        found.unreadable["runs"] = str(error)
    for table in DATA_TABLES:
        try:
            found.rows[table] = _count(saved, table, run_date)
            if table == "asns":
                found.networks = _networks(saved, run_date)
        except TargetError as error:
            found.rows.pop(table, None)
            found.unreadable[table] = str(error)
    return found


def _count(saved: SavedTarget, table: str, run_date: str) -> Counter[Owner]:
    """Return how many rows each owner has."""
    if saved.store in ("ndjson", "csv"):  # Arrow is more lenient with text than a pull is
        return Counter(owners_of(table, saved.sink.read(table, run_date)))
    import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

    try:
        rows = table_dataset(saved, table, [run_date]).to_table()
    except (pa.ArrowException, OSError) as error:
        raise TargetError(" ".join(str(error).split())) from error
    names = list(OWNER[table])
    if not names:
        return Counter({(): rows.num_rows} if rows.num_rows else {})
    counts = rows.group_by(names).aggregate([([], "count_all")]).to_pydict()
    owners = zip(*(counts[name] for name in names), strict=True)
    return Counter(dict(zip(owners, counts["count_all"], strict=True)))


def _networks(saved: SavedTarget, run_date: str) -> dict[Owner, Mapping[str, int | None]]:
    names = ["customers", "providers", "peers"]
    rows = saved.sink.read("asns", run_date, [*OWNER["asns"], *names])
    owners = owners_of("asns", rows)
    values = zip(*(rows[name] for name in names), strict=True)
    return {owner: dict(zip(names, row, strict=True)) for owner, row in zip(owners, values, strict=True)}


def _foreign_files(saved: SavedTarget) -> Iterator[Problem]:
    """Yield the files in the folders of tables that no pull wrote, except hidden ones."""
    if saved.store == "delta":  # its log says which files are read: other files do no harm
        return
    for table in TABLES:
        for path in saved.layout.tables.find(table):
            date = date_of_part(path)
            is_own = date is not None and saved.store in PART_STORES and path.endswith(f".{saved.store}")
            if not is_own and not any(name[0] in "._" for name in path.split("/")):
                shown = f"{saved.layout.name}/{path}"
                yield Problem("foreign", table, date, shown, "no pull wrote this file")


def _damaged_database(saved: SavedTarget) -> Iterator[Problem]:
    if saved.store != "sqlite":
        return
    path = Path(saved.layout.tables.root, SQLITE_FILE)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            (reason,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    except SQLITE_ERRORS as error:
        reason = str(error)
    if reason != "ok":
        yield Problem("damaged", "all", None, str(path), " ".join(reason.split()))


def _journals(layout: Layout) -> Iterator[tuple[str | None, Problem | None]]:
    """Yield the runs that are not saved yet, and the journals that cannot be read."""
    known = set()
    for slot in layout.slots():
        path = layout.journal(slot)
        try:
            with reading_journal(path, layout.name) as journal:
                for run in journal.runs() if journal is not None else ():
                    known.add(run.run_id)
                    if journal is not None and not is_locked(layout.lock(slot)):
                        journal.entries(run)
                    yield run.run_id, None
        except (TargetError, DecodeError) as error:
            yield None, Problem("damaged", "journal", None, str(path), str(error))
    for found in find_runs(layout.remote) if layout.remote is not None else ():
        if found.run.run_id not in known:
            yield found.run.run_id, None
