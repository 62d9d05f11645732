"""`verify_target`, `repair_target` and `prune_target` on targets that are URLs."""

import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import fsspec.core
import pytest

import kentik_async
from kentik_async import KentikClient
from kentik_async.bulk.pull import StoreName
from kentik_async.bulk.reading.prune import prune_target
from kentik_async.bulk.reading.repair import repair_target
from kentik_async.bulk.reading.verify import verify_target
from kentik_async.bulk.target.layout import Layout
from kentik_async.emulator import Emulator
from tests.bulk.reading.support import FIRST, PART_STORES, SECOND, contents, details, rows_of


@pytest.fixture
def url() -> Iterator[str]:
    place = f"memory://{uuid.uuid4().hex}/kmi"
    yield place
    shutil.rmtree(Layout(place).state, ignore_errors=True)


def part_of(url: str, table: str) -> tuple[fsspec.AbstractFileSystem, str]:
    filesystem, root = fsspec.core.url_to_fs(url)
    (part,) = filesystem.glob(f"{root}/{table}/run_date={FIRST}/part-*")
    return filesystem, part


@pytest.mark.parametrize("store", PART_STORES)
async def test_a_damaged_object_is_found_and_fetched_again(
    emu: Emulator, kentik: KentikClient, url: str, store: StoreName
) -> None:
    await details(kentik).save(url, store, date=FIRST)
    assert verify_target(url).sound
    truth = len(rows_of(url, "relations"))
    filesystem, part = part_of(url, "relations")
    filesystem.pipe_file(part, b"\xff\x00damage\n")
    (problem,) = verify_target(url).problems
    assert (problem.table, problem.run_date) == ("relations", str(FIRST))
    report = repair_target(url, today=FIRST)
    assert (len(report.missing), report.lost) == (2, ())
    saved = await details(kentik).save(url, store, date=FIRST)
    assert saved.calls == 2 + len(["check"])
    assert len(rows_of(url, "relations")) == truth
    assert verify_target(url).sound


@pytest.mark.parametrize("store", PART_STORES)
async def test_old_dates_are_deleted(kentik: KentikClient, url: str, store: StoreName) -> None:
    for date in (FIRST, SECOND):
        await details(kentik).save(url, store, date=date)
    preview = prune_target(url, 0, today=SECOND, dry_run=True)
    assert kentik_async.open(url).dates() == [str(FIRST), str(SECOND)]
    assert prune_target(url, 0, today=SECOND) == preview
    assert kentik_async.open(url).dates() == [str(SECOND)]
    assert all(str(FIRST) not in str(row) for rows in contents(url).values() for row in rows)
    assert verify_target(url).sound


HELD = """
import os, sys, threading, time
import fsspec
from kentik_async.bulk.reading.remote_files import arrow_filesystem

def hold(files: list) -> None:
    time.sleep(0.2)
    os.write(1, b"held until now")
    files.clear()

files = [arrow_filesystem(fsspec.filesystem("file")).open_input_file(sys.argv[1])]
threading.Thread(target=hold, args=(files,), daemon=True).start()
"""


def test_the_exit_waits_for_a_thread_that_holds_a_file(tmp_path: Path) -> None:
    """Without that, the process aborts now and then: a thread of Arrow releases a file during the exit."""
    path = tmp_path / "part.parquet"
    path.write_bytes(b"PAR1")
    done = subprocess.run([sys.executable, "-c", HELD, path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "held until now", "")
