"""`repair_target` makes a damaged target usable again, deletes no foreign file, and loses no valid data."""

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from kentik_async import KentikClient, TargetLockedError
from kentik_async.bulk.pull import StoreName
from kentik_async.bulk.reading.repair import repair_target
from kentik_async.bulk.reading.verify import verify_target
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.lock import TargetLock
from kentik_async.emulator import Emulator
from tests.bulk.reading.support import (
    FIRST,
    PART_STORES,
    SECOND,
    STORES,
    TABLES,
    contents,
    damage,
    details,
    page_owners,
    part_of,
    remove_rows,
    rows_of,
)

US = ("cc$US", "customer_base", "v4")
STAMPS = ("run_id", "fetched_at", "attempts", "digest", "started_at", "finished_at")


def answers(target: Path, date: dt.date | None = None) -> dict[str, list[str]]:
    """Return the rows of answers, without times and run ids."""
    return {
        table: sorted(
            str([value for name, value in row.items() if name not in STAMPS])
            for row in rows_of(target, table)
            if date in (None, row["run_date"])
        )
        for table in ("rankings", "relations", "asns", "markets", "insights")
    }


@pytest.mark.parametrize("store", STORES)
async def test_a_copy_without_journal_loses_nothing_and_asks_nothing(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, store: StoreName
) -> None:
    """Before a fix, the next pull overwrote a copy made by `cp -r data/*`."""
    await details(kentik).save(tmp_path / "data", store, date=FIRST)
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "data", copy, ignore=shutil.ignore_patterns(".kentik-async"))
    assert verify_target(copy).sound
    assert repair_target(copy).found == ()
    before = emu.report().requests
    report = await details(kentik).save(copy, store, date=FIRST)
    assert (report.calls, report.already_complete, emu.report().requests) == (0, True, before)
    await details(kentik, markets=["cc$DE"]).save(copy, store, date=FIRST)
    assert set(answers(tmp_path / "data")["rankings"]) < set(answers(copy)["rankings"])
    assert contents(tmp_path / "data")["relations"] == [
        row for row in contents(copy)["relations"] if "cc$US" in row
    ]


@pytest.mark.parametrize("store", STORES)
async def test_lost_rows_of_today_are_fetched_by_the_next_pull(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, store: StoreName
) -> None:
    pull = details(kentik, markets=["cc$US", "cc$DE"])
    await pull.save(tmp_path, store, date=FIRST)
    truth = answers(tmp_path)
    remove_rows(tmp_path, FIRST, {"rankings": [US]})
    report = repair_target(tmp_path, today=FIRST)
    assert [page.key.market_id for page in report.missing] == ["cc$US"]
    assert (report.lost, report.left) == ((), ())
    assert rows_of(tmp_path, "runs")[0]["status"] == "partial"
    emu.reset()
    after = await pull.save(tmp_path, store, date=FIRST)
    sent = [call.operation for call in emu.calls]
    assert sent.count("kmi.get_rankings") <= 2, "the lost ranking, and the check for changed data"
    assert after.failed == 0
    assert answers(tmp_path) == truth
    assert verify_target(tmp_path).sound
    assert rows_of(tmp_path, "runs")[0]["status"] == "complete"


@pytest.mark.parametrize("store", STORES)
async def test_lost_rows_of_an_earlier_date_are_reported(
    kentik: KentikClient, tmp_path: Path, store: StoreName
) -> None:
    for date in (FIRST, SECOND):
        await details(kentik, markets=["cc$US", "cc$DE"]).save(tmp_path, store, date=date)
    truth = answers(tmp_path)
    remove_rows(tmp_path, FIRST, {"rankings": [US]})
    preview = repair_target(tmp_path, today=SECOND, dry_run=True)
    report = repair_target(tmp_path, today=SECOND)
    assert [(page.run_date, page.key.market_id) for page in report.lost] == [(str(FIRST), "cc$US")]
    assert (preview.lost, preview.missing, preview.left) == (report.lost, report.missing, None)
    assert (report.missing, report.left) == ((), ())
    assert {str(row["run_date"]): row["status"] for row in rows_of(tmp_path, "runs")} == {
        str(FIRST): "partial",
        str(SECOND): "complete",
    }
    for table, rows in answers(tmp_path).items():
        assert set(rows) <= set(truth[table])
        assert table == "rankings" or rows == truth[table]


@pytest.mark.parametrize("store", STORES)
async def test_lost_pages_are_rebuilt_from_the_rows(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, store: StoreName
) -> None:
    await details(kentik, markets=["cc$US", "cc$DE"]).save(tmp_path, store, date=FIRST)
    await details(kentik, markets=["cc$FR"], type="customers").save(tmp_path, store, date=FIRST)
    await kentik.kmi.pull_insights(markets=["cc$US"], limit=5).save(tmp_path, store, date=FIRST)
    truth = answers(tmp_path)
    keys = {row["key"] for row in rows_of(tmp_path, "pages") if row["kind"] != "check"}
    remove_rows(tmp_path, FIRST, {"pages": page_owners(tmp_path, FIRST)})
    report = repair_target(tmp_path, today=FIRST)
    assert (report.missing, report.lost, report.left) == ((), (), ())
    assert {row["key"] for row in rows_of(tmp_path, "pages")} == keys
    assert answers(tmp_path) == truth
    emu.reset()
    await details(kentik, markets=["cc$US", "cc$DE"]).save(tmp_path, store, date=FIRST)
    assert emu.calls == ()
    assert answers(tmp_path) == truth


@pytest.mark.parametrize("store", STORES)
async def test_lost_runs_are_rebuilt_as_partial(
    kentik: KentikClient, tmp_path: Path, store: StoreName
) -> None:
    report = await details(kentik).save(tmp_path, store, date=FIRST)
    truth = answers(tmp_path)
    remove_rows(tmp_path, FIRST, {"runs": [(report.run_id,)]})
    assert repair_target(tmp_path).left == ()
    (run,) = rows_of(tmp_path, "runs")
    assert (run["run_id"], run["status"], run["pages_done"]) == (report.run_id, "partial", 3)
    assert answers(tmp_path) == truth


@pytest.mark.parametrize("store", STORES)
async def test_rows_of_no_page_are_quarantined(
    kentik: KentikClient, tmp_path: Path, store: StoreName
) -> None:
    await details(kentik, markets=["cc$US", "cc$DE"]).save(tmp_path, store, date=FIRST)
    gone = [owner for owner in page_owners(tmp_path, FIRST, "rankings") if owner[1] == "cc$US"]
    remove_rows(tmp_path, FIRST, {"pages": gone})
    assert repair_target(tmp_path, today=FIRST).left == ()
    assert {row["market_id"] for row in rows_of(tmp_path, "rankings")} == {"cc$DE"}
    quarantined = tmp_path / ".kentik-async/foreign/rows" / f"rankings-{FIRST}.ndjson"
    assert len([json.loads(line) for line in quarantined.read_text("utf-8").splitlines()]) == 20


@pytest.mark.parametrize("store", PART_STORES)
@pytest.mark.parametrize("table", ["rankings", "relations", "asns", "markets", "pages", "runs"])
async def test_a_damaged_part_is_repaired(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, store: StoreName, table: str
) -> None:
    """Before a fix, this was reported as a bug and blocked every later pull."""
    pull = details(kentik, markets=["cc$US", "cc$DE"])
    await pull.save(tmp_path, store, date=FIRST)
    truth = answers(tmp_path)
    damage(part_of(tmp_path, table, FIRST))
    report = repair_target(tmp_path, today=FIRST)
    assert report.left == ()
    assert bool(report.missing) == (table not in ("pages", "runs"))
    quarantined = [path for path in (tmp_path / ".kentik-async/foreign").rglob("*") if path.is_file()]
    assert len(quarantined) == 1
    await pull.save(tmp_path, store, date=FIRST)
    assert answers(tmp_path) == truth
    assert verify_target(tmp_path).sound


@pytest.mark.parametrize("store", PART_STORES)
async def test_relations_of_an_earlier_date_outlive_their_network(
    kentik: KentikClient, tmp_path: Path, store: StoreName
) -> None:
    await details(kentik).save(tmp_path, store, date=FIRST)
    truth = rows_of(tmp_path, "asns")
    relations = contents(tmp_path)["relations"]
    part_of(tmp_path, "asns", FIRST).unlink()
    report = repair_target(tmp_path, today=SECOND)
    assert (report.lost, report.missing, report.left) == ((), (), ())
    assert contents(tmp_path)["relations"] == relations
    unknown: dict[str, Any] = {"name": None, "country_name": None}
    assert sorted(rows_of(tmp_path, "asns"), key=str) == sorted(({**r, **unknown} for r in truth), key=str)


async def test_a_damaged_database_keeps_what_can_be_read(kentik: KentikClient, tmp_path: Path) -> None:
    pull = details(kentik, markets=["cc$US", "cc$DE"])
    for date in (FIRST, SECOND):
        await pull.save(tmp_path, "sqlite", date=date)
    truth = answers(tmp_path)
    path = tmp_path / "kmi.sqlite"
    raw = bytearray(path.read_bytes())
    pages = len(raw) // 4096
    for page in range(pages // 2, pages // 2 + 3):
        raw[4096 * page : 4096 * (page + 1)] = b"\xff" * 4096
    path.write_bytes(raw)
    report = repair_target(tmp_path, today=SECOND)
    assert report.found
    assert report.left == ()
    for table, rows in answers(tmp_path).items():
        assert set(rows) <= set(truth[table]) or table == "asns"
    assert any(answers(tmp_path).values())
    await pull.save(tmp_path, "sqlite", date=SECOND)
    assert answers(tmp_path, SECOND) == {
        table: [row for row in rows if repr(SECOND) in row] for table, rows in truth.items()
    }


async def test_foreign_files_and_a_damaged_journal_are_quarantined(
    kentik: KentikClient, tmp_path: Path
) -> None:
    await details(kentik).save(tmp_path, date=FIRST)
    truth = contents(tmp_path)
    part = part_of(tmp_path, "rankings", FIRST)
    shutil.copy(part, part.with_name("part-0002.parquet"))
    (tmp_path / ".kentik-async/journal.sqlite").write_bytes(b"no database" * 1000)
    report = repair_target(tmp_path)
    assert {problem.kind for problem in report.found} == {"foreign", "damaged"}
    assert (report.left, report.lost, report.missing) == ((), (), ())
    foreign = tmp_path / ".kentik-async/foreign"
    assert {str(path.relative_to(foreign)) for path in foreign.rglob("*") if path.is_file()} == {
        "journal.sqlite",
        f"rankings/run_date={FIRST}/part-0002.parquet",
    }
    assert contents(tmp_path) == truth
    assert (await details(kentik).save(tmp_path, date=FIRST)).calls == 0


async def test_a_preview_changes_nothing(kentik: KentikClient, tmp_path: Path) -> None:
    await details(kentik).save(tmp_path, date=FIRST)
    damage(part_of(tmp_path, "rankings", FIRST))
    files = {path: path.read_bytes() for path in tmp_path.rglob("part-*")}
    report = repair_target(tmp_path, today=FIRST, dry_run=True)
    assert (len(report.missing), report.left) == (1, None)
    assert {path: path.read_bytes() for path in tmp_path.rglob("part-*")} == files


async def test_repair_does_not_affect_a_running_pull(kentik: KentikClient, tmp_path: Path) -> None:
    await details(kentik).save(tmp_path, date=FIRST)
    damage(part_of(tmp_path, "rankings", FIRST))
    lock = TargetLock(Layout(tmp_path).lock(), tmp_path)
    try:
        with pytest.raises(TargetLockedError):
            repair_target(tmp_path)
    finally:
        lock.release()


@pytest.mark.parametrize("store", PART_STORES)
async def test_a_target_whose_parts_are_all_damaged_is_emptied(
    kentik: KentikClient, tmp_path: Path, store: StoreName
) -> None:
    await details(kentik).save(tmp_path, store, date=FIRST)
    truth = answers(tmp_path)
    for table in TABLES:
        if table != "insights":
            damage(part_of(tmp_path, table, FIRST))
    assert repair_target(tmp_path, today=FIRST).left == ()
    await details(kentik).save(tmp_path, store, date=FIRST)
    assert answers(tmp_path) == truth


@pytest.mark.parametrize("table", ["rankings", "asns", "pages"])
async def test_a_damaged_delta_table_is_repaired(kentik: KentikClient, tmp_path: Path, table: str) -> None:
    pull = details(kentik, markets=["cc$US", "cc$DE"])
    await pull.save(tmp_path, "delta", date=FIRST)
    truth = answers(tmp_path)
    for path in (tmp_path / table).glob("run_date=*/*.parquet"):
        damage(path)
    found = verify_target(tmp_path).problems
    assert [(problem.kind, problem.table) for problem in found][:1] == [("damaged", table)]
    assert repair_target(tmp_path, today=FIRST).left == ()
    await pull.save(tmp_path, "delta", date=FIRST)
    assert answers(tmp_path) == truth
    assert verify_target(tmp_path).sound
