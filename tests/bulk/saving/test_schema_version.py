"""Tables and journals of another release are not changed, and the error explains what to do."""

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
from kentik_async.bulk.target.layout import Layout
from kentik_async.emulator import Emulator
from kentik_async.errors import TargetError

DAY = dt.date(2026, 11, 20)


@pytest.fixture
async def emu() -> AsyncIterator[Emulator]:
    async with Emulator(speed=600) as emulator:
        yield emulator


@pytest.fixture
async def kentik(emu: Emulator) -> AsyncIterator[KentikClient]:
    async with emu.client() as client:
        yield client


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, "part has no schema version, so no pull wrote it; use another target than data"),
        (SCHEMA_VERSION + 1, "update kentik-async"),
        (SCHEMA_VERSION - 1, "choose another target than data"),
    ],
)
def test_the_error_contains_the_remedy(found: int | None, said: str) -> None:
    with pytest.raises(TargetError, match=f"{said}$"):
        refuse_other_version(found, "part", "data")


@pytest.mark.parametrize("where", ["journal", "kmi.sqlite"])
async def test_a_newer_database_is_not_written_to(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, where: str
) -> None:
    pull = kentik.kmi.pull_rankings(["cc$US"], "customer_base", "v4")
    await pull.save(tmp_path, "sqlite")
    database = Layout(tmp_path).journal() if where == "journal" else tmp_path / where
    with closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA user_version = 99")
    before = emu.report().requests
    for attempt in (pull.save, pull.plan):
        with pytest.raises(TargetError, match=r"has schema version 99; .* knows 2: update kentik-async"):
            await attempt(tmp_path, "sqlite")
    assert emu.report().requests == before


@pytest.mark.parametrize("metadata", [None, {b"kentik_async.schema_version": b"3"}])
async def test_parts_of_another_release_are_not_joined(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, metadata: dict[bytes, bytes] | None
) -> None:
    part = tmp_path / "rankings" / f"run_date={DAY}" / "part-0001.parquet"
    part.parent.mkdir(parents=True)
    pq.write_table(pa.table({"asn": [1]}).replace_schema_metadata(metadata), part)
    content = part.read_bytes()
    with pytest.raises(TargetError, match=r"has no schema version|update kentik-async"):
        await kentik.kmi.pull_rankings(["cc$US"], "customer_base", "v4").save(tmp_path, date=DAY)
    assert emu.report().requests == 0
    assert part.read_bytes() == content


async def test_a_journal_that_a_kill_left_empty_is_used(kentik: KentikClient, tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.make()
    layout.journal().touch()
    report = await kentik.kmi.pull_rankings(["cc$US"], "customer_base", "v4").save(tmp_path)
    assert report.rows == 600
