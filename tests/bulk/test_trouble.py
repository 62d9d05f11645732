"""A disk that is full, a target that is read-only or taken away: said clearly, and nothing is lost."""

import datetime as dt
import gc
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from string import ascii_letters
from typing import Any

import pytest

from kentik_async import KentikClient
from kentik_async.bulk.migration import migrate_target
from kentik_async.bulk.pull import Progress, Pull
from kentik_async.bulk.reading.dataset import open_target
from kentik_async.bulk.reading.status import target_status
from kentik_async.bulk.sinks import STORES
from kentik_async.bulk.target.layout import Layout
from kentik_async.emulator import Emulator
from kentik_async.errors import TargetError
from tests.bulk.support import PULL, expected, from_sqlite, landed

DAY = dt.date(2026, 11, 20)
DISK = 12_000_000


@pytest.fixture
async def emu() -> AsyncIterator[Emulator]:
    async with Emulator(speed=600) as emulator:
        yield emulator


@pytest.fixture
async def kentik(emu: Emulator) -> AsyncIterator[KentikClient]:
    async with emu.client() as client:
        yield client


def mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() or not mount("-t", "tmpfs", "-o", f"size={DISK}", "none", str(place)):
        pytest.skip("a disk can be mounted by root alone")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path, but: int = 0) -> None:
    """Leave no room on a disk, but for some bytes."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
        file.truncate(file.tell() - but)


def few(kentik: KentikClient, **more: Any) -> Pull:
    return kentik.kmi.pull_rankings(["cc$US", "cc$DE"], "customer_base", **more)


@pytest.mark.parametrize("early", [True, False], ids=["while answers come", "while tables are written"])
@pytest.mark.parametrize("store", ["parquet", "ndjson"])
async def test_a_full_disk_is_an_error_and_with_room_the_pull_goes_on(
    emu: Emulator, kentik: KentikClient, disk: Path, store: str, early: bool
) -> None:
    def fill_late(progress: Progress) -> None:
        if progress.done == 3 if early else progress.left == 0:
            fill(disk, but=0 if early else 150_000)

    narrow = {**PULL, "markets": ["cc$US"], "top": 1}
    await kentik.kmi.pull_asn_details(**narrow).save(disk / "t", store, date=DAY)
    before = landed(disk / "t")
    wide = kentik.kmi.pull_asn_details(**PULL, on_progress=fill_late)
    with pytest.raises(TargetError, match=r"^the .* cannot be used: .*; all that has landed stays$"):
        await wide.save(disk / "t", store, date=DAY)
    assert landed(disk / "t") == before
    (disk / "ballast").unlink()
    report = await kentik.kmi.pull_asn_details(**PULL).save(disk / "t", store, date=DAY)
    assert landed(disk / "t") == expected(emu.state)
    assert report.failed == 0
    pages = open_target(disk / "t").pages.count_rows()
    assert emu.report().requests <= pages + 2, "at most the answer that found no room, and the check"


@pytest.mark.parametrize("store", STORES)
def test_a_part_that_found_no_room_is_not_to_be_seen(disk: Path, store: str) -> None:
    layout = Layout(disk / "t")
    layout.make()
    layout.clear_unfinished()
    fill(disk, but=200_000 if store == "sqlite" else 20_000)
    names = ["".join(random.choices(ascii_letters, k=40)) for _ in range(3000)]
    with pytest.raises(TargetError, match=r"No space left|disk is full"):
        STORES[store](layout).land(str(DAY), 1, [{"markets": columns_of(names)}], staged=None)
    assert list((disk / "t").glob("markets/**/part*")) == []
    if store == "sqlite":
        assert from_sqlite(disk / "t", "SELECT count(*) FROM markets") == [(0,)]
    gc.collect()  # whoever was left with an open file would complain


def columns_of(names: list[str]) -> dict[str, list[Any]]:
    return {"market_id": names, "name": names[::-1], "fetched_at": [0] * len(names)}


async def test_a_disk_that_cannot_be_written_is_an_error_before_anything_is_asked(
    emu: Emulator, kentik: KentikClient, disk: Path
) -> None:
    await few(kentik).save(disk / "t", date=DAY)
    requests = emu.report().requests
    assert mount("-o", "remount,ro", str(disk))
    with pytest.raises(TargetError, match="Read-only file system"):
        await kentik.kmi.pull_asn_details(**PULL).save(disk / "t", date=DAY)
    assert emu.report().requests == requests
    assert [run.state for run in target_status(disk / "t").runs] == ["complete"]
    assert open_target(disk / "t").rankings.count_rows() > 0


@pytest.mark.parametrize("place", ["file", "proc"])
async def test_a_target_that_cannot_be_made_is_an_error_before_anything_is_asked(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, place: str
) -> None:
    target = Path("/proc/kentik") if place == "proc" else tmp_path / "file" / "t"
    (tmp_path / "file").touch()
    with pytest.raises(TargetError, match="cannot be used"):
        await few(kentik).save(target)
    assert emu.report().requests == 0


@pytest.mark.parametrize(
    ("target", "reason"),
    [("x" * 300, "File name too long"), ("x/" * 2500, "File name too long"), ("\ud800", "is no path")],
    ids=["too long a name", "too long a path", "no text"],
)
async def test_a_target_that_no_file_system_has_is_an_error_wherever_it_is_named(
    emu: Emulator, kentik: KentikClient, target: str, reason: str
) -> None:
    pattern = f"^the target .* cannot be used: .*{reason}$"
    with pytest.raises(TargetError, match=pattern):
        await few(kentik).save(target)
    for look in (open_target, target_status, migrate_target):
        with pytest.raises(TargetError, match=pattern):
            look(target)
    assert emu.report().requests == 0


@pytest.mark.parametrize("gone", ["t", "t/.kentik-async/journal.sqlite"])
async def test_a_target_that_vanishes_ends_the_pull_at_the_next_answer(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, gone: str
) -> None:
    seen = []

    def vanish(progress: Progress) -> None:
        if progress.done == 3:
            seen.append(emu.report().requests)
            place = tmp_path / gone
            shutil.rmtree(place) if place.is_dir() else place.unlink()

    with pytest.raises(TargetError, match=f"{tmp_path}.*vanished"):
        await kentik.kmi.pull_asn_details(**PULL, on_progress=vanish).save(tmp_path / "t")
    assert emu.report().requests <= seen[0] + 2


def test_a_limit_on_the_size_of_files_is_an_error_as_a_full_disk_is(tmp_path: Path) -> None:
    code = """
import asyncio, json, resource, sys
from kentik_async import TargetError
from kentik_async.bulk.sinks import STORES
from kentik_async.emulator import Emulator

async def main():
    async with Emulator(speed=600) as emulator, emulator.client() as kentik:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        try:
            await kentik.kmi.pull_asn_details(**json.loads(sys.argv[1])).save(sys.argv[2])
        except TargetError as error:
            print(error)

asyncio.run(main())
"""
    command = [sys.executable, "-W", "error", "-c", code, json.dumps(PULL), str(tmp_path / "t")]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout.startswith(f"the journal {tmp_path / 't'}")
    assert ended.stdout.endswith("all that has landed stays\n")
    assert ended.stderr == ""
    (run,) = target_status(tmp_path / "t").runs
    assert run.state == "interrupted"
    assert run.done > 0
