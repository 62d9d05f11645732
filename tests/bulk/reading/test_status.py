"""`target_status`: the current state of saved, interrupted and running runs."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kentik_async import KentikClient, Retry, TargetError
from kentik_async.bulk.pull import StoreName
from kentik_async.bulk.reading.status import target_status
from kentik_async.emulator import Emulator
from kentik_async.errors import AuthenticationError
from tests.bulk.reading.support import FIRST, STORES, details, rankings


@pytest.mark.parametrize("store", STORES)
async def test_a_complete_run(kentik: KentikClient, tmp_path: Path, store: StoreName) -> None:
    report = await details(kentik).save(tmp_path, store, date=FIRST)
    found = target_status(tmp_path)
    (run,) = found.runs
    assert (run.run_id, run.run_date, run.store, run.state) == (report.run_id, str(FIRST), store, "complete")
    assert (run.requested, run.done, run.failed, run.left, run.rows) == (3, 3, 0, 0, report.rows)
    assert run.command == ("details --top 2 --markets cc:US --rank-types customer_base --ips v4 --limit 20")
    assert (run.mixed, run.causes) == (False, ())
    assert run.finished_at is not None
    assert run.started_at < run.finished_at
    assert found.bytes > 10_000


async def test_failures_are_the_present_state_by_cause(emu: Emulator, tmp_path: Path) -> None:
    """Before a fix, a target with failed pages was reported as complete."""
    asked = {"markets": ["cc$US", "cc$DE", "cc$FR"]}
    async with emu.client(retry=Retry(attempts=1)) as kentik:
        emu.fail_next(4, status="INTERNAL", operation="kmi.get_rankings")
        await rankings(kentik, **asked).save(tmp_path, date=FIRST)
        (run,) = target_status(tmp_path).runs
        assert (run.state, run.done + run.failed, run.left) == ("partial", 3, run.failed)
        assert sum(pages for _, pages in run.causes) == run.failed > 0
        emu.reset()
        await rankings(kentik, **asked).save(tmp_path, date=FIRST)
    (run,) = target_status(tmp_path).runs
    assert (run.state, run.done, run.failed, run.left, run.causes) == ("complete", 3, 0, 0, ())


async def test_definite_failures_are_not_left_to_do(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    emu.fail_next(1, status="NOT_FOUND", operation="kmi.get_rankings")
    await rankings(kentik).save(tmp_path, date=FIRST)
    (run,) = target_status(tmp_path).runs
    assert (run.state, run.failed, run.left) == ("partial", 1, 0)


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
async def test_an_interrupted_run_is_of_the_journal(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, store: StoreName
) -> None:
    await rankings(kentik, markets=["cc$FR"]).save(tmp_path, store, date=FIRST)
    emu.fail_next(1, status="UNAUTHENTICATED", operation="kmi.get_asn_details")
    with pytest.raises(AuthenticationError):
        await details(kentik).save(tmp_path, store, date=FIRST)
    complete, interrupted = target_status(tmp_path).runs
    assert (complete.state, interrupted.state) == ("complete", "interrupted")
    assert (interrupted.requested, interrupted.finished_at) == (3, None)
    assert (interrupted.done + (interrupted.left or 0), interrupted.exact) == (3, True)
    report = await details(kentik).save(tmp_path, store, date=FIRST)
    runs = target_status(tmp_path).runs
    assert [run.state for run in runs] == ["complete", "complete"]
    assert runs[1].run_id == report.run_id == interrupted.run_id


async def test_a_copy_without_journal_has_the_same_runs(kentik: KentikClient, tmp_path: Path) -> None:
    await details(kentik).save(tmp_path / "one", date=FIRST)
    shutil.copytree(tmp_path / "one", tmp_path / "two", ignore=shutil.ignore_patterns(".kentik-async"))
    assert target_status(tmp_path / "two").runs == target_status(tmp_path / "one").runs


async def test_a_run_with_an_unknown_spec_keeps_its_figures(kentik: KentikClient, tmp_path: Path) -> None:
    report = await rankings(kentik).save(tmp_path, "sqlite", date=FIRST)
    with closing(sqlite3.connect(tmp_path / "kmi.sqlite")) as db, db:
        db.execute("""UPDATE runs SET spec = '{"top": "some"}'""")
    (run,) = target_status(tmp_path).runs
    assert (run.state, run.requested, run.rows, run.mixed) == ("complete", report.pages, 0, None)


def test_a_folder_without_a_pull_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=f"no pull was saved in {tmp_path}: "):
        target_status(tmp_path)
