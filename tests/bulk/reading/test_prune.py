"""`prune_target` deletes dates that are too old, in all tables."""

import datetime as dt
from pathlib import Path

import pytest

import kentik_async
from kentik_async import KentikClient, TargetLockedError, ValidationError
from kentik_async.bulk.pull import StoreName
from kentik_async.bulk.reading.prune import prune_target
from kentik_async.bulk.reading.status import target_status
from kentik_async.bulk.reading.verify import verify_target
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.lock import TargetLock
from kentik_async.emulator import Emulator
from kentik_async.errors import AuthenticationError
from tests.bulk.reading.support import FIRST, SECOND, STORES, TABLES, THIRD, details, rankings, rows_of


@pytest.mark.parametrize("store", STORES)
async def test_dates_older_than_the_days_are_deleted(
    kentik: KentikClient, tmp_path: Path, store: StoreName
) -> None:
    for date in (FIRST, SECOND, THIRD):
        await details(kentik).save(tmp_path, store, date=date)
    before = target_status(tmp_path).bytes
    preview = prune_target(tmp_path, 1, today=THIRD, dry_run=True)
    assert (preview.dates, preview.kept) == ((str(FIRST),), (str(SECOND), str(THIRD)))
    assert kentik_async.open(tmp_path).dates() == [str(FIRST), str(SECOND), str(THIRD)]
    assert prune_target(tmp_path, 1, today=THIRD) == preview
    for table in TABLES:
        assert {row["run_date"] for row in rows_of(tmp_path, table)} <= {SECOND, THIRD}
    assert verify_target(tmp_path).sound
    # SQLite reuses the space; a Delta table keeps the files for a week.
    assert target_status(tmp_path).bytes < before or store in ("sqlite", "delta")
    assert prune_target(tmp_path, 1, today=THIRD).dates == ()
    assert prune_target(tmp_path, 0, today=THIRD).kept == (str(THIRD),)


async def test_an_interrupted_run_does_not_restore_a_date(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    await rankings(kentik).save(tmp_path, date=FIRST)
    await rankings(kentik).save(tmp_path, date=THIRD)
    emu.fail_next(1, status="UNAUTHENTICATED", operation="kmi.get_asn_details")
    with pytest.raises(AuthenticationError):
        await details(kentik, markets=["cc$DE"]).save(tmp_path, date=FIRST)
    prune_target(tmp_path, 0, today=THIRD)
    await rankings(kentik, markets=["cc$FR"]).save(tmp_path, date=THIRD)
    assert kentik_async.open(tmp_path).dates() == [str(THIRD)]


@pytest.mark.parametrize("keep_days", [-1, 1.5])
def test_a_wrong_number_of_days_is_refused(tmp_path: Path, keep_days: int) -> None:
    with pytest.raises(ValidationError, match="keep_days must be a number from 0; got "):
        prune_target(tmp_path, keep_days)


async def test_prune_does_not_affect_a_running_pull(kentik: KentikClient, tmp_path: Path) -> None:
    await rankings(kentik).save(tmp_path, date=FIRST)
    lock = TargetLock(Layout(tmp_path).lock(), tmp_path)
    try:
        with pytest.raises(TargetLockedError):
            prune_target(tmp_path, 0, today=FIRST + dt.timedelta(days=1))
    finally:
        lock.release()
    assert kentik_async.open(tmp_path).dates() == [str(FIRST)]
