"""What another release wrote is not appended to, and what helps is said; a migration takes step by step."""

import datetime as dt
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kentik_async import KentikClient
from kentik_async.bulk.journal.schema import SCHEMA_VERSION, refuse_other_version
from kentik_async.bulk.migration import STEPS, migrate_target, steps_between
from kentik_async.bulk.reading.status import outlook, target_status
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.lock import locked
from kentik_async.emulator import Emulator
from kentik_async.errors import TargetError, TargetLockedError

DAY = dt.date(2026, 11, 20)


@pytest.fixture
async def emu() -> AsyncIterator[Emulator]:
    async with Emulator(speed=600) as emulator:
        yield emulator


@pytest.fixture
async def kentik(emu: Emulator) -> AsyncIterator[KentikClient]:
    async with emu.client() as client:
        yield client


def set_version(database: Path, version: int) -> None:
    with closing(sqlite3.connect(database)) as db:
        db.execute(f"PRAGMA user_version = {version}")


def version_of(database: Path) -> int:
    with closing(sqlite3.connect(database)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, "part bears no schema version, so no pull wrote it: choose another target"),
        (SCHEMA_VERSION + 1, "update kentik-async"),
        (SCHEMA_VERSION - 1, "'kentik-async kmi migrate data' brings it up to date"),
    ],
)
def test_what_helps_is_said(found: int | None, said: str) -> None:
    with pytest.raises(TargetError, match=f"{said}$"):
        refuse_other_version(found, "part", "data")


@pytest.mark.parametrize("where", ["journal", "kmi.sqlite"])
async def test_a_newer_release_s_database_is_not_written_to(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, where: str
) -> None:
    pull = kentik.kmi.pull_rankings(["cc$US"], "customer_base", "v4")
    await pull.save(tmp_path, "sqlite")
    database = Layout(tmp_path).journal if where == "journal" else tmp_path / where
    set_version(database, 99)
    before = emu.report().requests
    with pytest.raises(TargetError, match=r"has schema version 99, .* knows 1: update kentik-async"):
        await pull.save(tmp_path, "sqlite")
    assert emu.report().requests == before
    if where == "journal":
        with pytest.raises(TargetError, match="update kentik-async"):
            target_status(tmp_path)
        with pytest.raises(TargetError, match="update kentik-async"):
            migrate_target(tmp_path)


@pytest.mark.parametrize("metadata", [None, {b"kentik_async.schema_version": b"2"}])
async def test_parts_of_another_release_are_not_joined(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, metadata: dict[bytes, bytes] | None
) -> None:
    part = tmp_path / "rankings" / f"run_date={DAY}" / "part-0001.parquet"
    part.parent.mkdir(parents=True)
    pq.write_table(pa.table({"asn": [1]}).replace_schema_metadata(metadata), part)
    with pytest.raises(TargetError, match=r"bears no schema version|update kentik-async"):
        await kentik.kmi.pull_rankings(["cc$US"], "customer_base", "v4").save(tmp_path)
    assert emu.report().requests == 0


async def test_of_the_present_version_nothing_is_to_be_migrated(kentik: KentikClient, tmp_path: Path) -> None:
    await kentik.kmi.pull_rankings(["cc$US"], "customer_base", "v4").save(tmp_path, date=DAY)
    done = migrate_target(tmp_path)
    assert (done.target, done.found, done.version, done.changed) == (
        str(tmp_path),
        SCHEMA_VERSION,
        SCHEMA_VERSION,
        False,
    )


async def test_each_step_is_entered_when_it_is_done(kentik: KentikClient, tmp_path: Path) -> None:
    await kentik.kmi.pull_rankings(["cc$US"], "customer_base", "v4").save(tmp_path, date=DAY)
    journal = Layout(tmp_path).journal
    set_version(journal, SCHEMA_VERSION - 2)
    taken = []

    def fails_at_first(layout: Layout) -> None:
        taken.append(version_of(layout.journal))
        if len(taken) == 2:
            raise TargetError("no room")

    steps = dict.fromkeys((SCHEMA_VERSION - 2, SCHEMA_VERSION - 1), fails_at_first)
    with pytest.raises(TargetError, match="no room"):
        migrate_target(tmp_path, steps)
    assert migrate_target(tmp_path, steps).changed
    assert taken == [SCHEMA_VERSION - 2, SCHEMA_VERSION - 1, SCHEMA_VERSION - 1]
    assert version_of(journal) == SCHEMA_VERSION


def test_a_target_that_a_run_holds_is_left_alone(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.make()
    set_version(layout.journal, SCHEMA_VERSION)
    with locked(layout.lock, layout.name), pytest.raises(TargetLockedError):
        migrate_target(tmp_path)


async def test_a_journal_that_a_kill_left_empty_is_none(kentik: KentikClient, tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.make()
    with closing(sqlite3.connect(layout.journal)) as db:
        db.execute("PRAGMA journal_mode = WAL")
    with pytest.raises(TargetError, match="no pull was saved in"):
        target_status(tmp_path)
    pull = kentik.kmi.pull_rankings(["cc$US"], "customer_base", "v4")
    ahead = await outlook(pull, tmp_path, "parquet", date=DAY, refresh=False, now=0.0)
    assert (ahead.run_id, ahead.there) == (None, 0)
    report = await pull.save(tmp_path, date=DAY)
    assert report.failed == 0


def test_a_folder_without_a_pull_cannot_be_migrated(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no pull was saved in"):
        migrate_target(tmp_path)


def test_a_version_that_no_step_leads_from_is_named() -> None:
    assert list(steps_between(2, 2, {})) == []
    with pytest.raises(TargetError, match="nothing leads from schema version 3 to 5"):
        steps_between(2, 5, {2: print, 4: print})


def test_there_is_a_step_from_every_earlier_version() -> None:
    assert set(STEPS) == set(range(1, SCHEMA_VERSION))
