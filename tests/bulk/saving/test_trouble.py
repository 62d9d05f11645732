"""A full disk, a read-only target, a removed target: the error is clear, and no data is lost."""

import datetime as dt
import gc
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from string import ascii_letters
from typing import Any

import pytest

from kentik_async import KentikClient
from kentik_async.bulk.pull import Pull
from kentik_async.bulk.reading.status import target_status
from kentik_async.bulk.results import Progress
from kentik_async.bulk.sinks import SINKS, DateChange
from kentik_async.bulk.target.layout import Layout
from kentik_async.emulator import Emulator
from kentik_async.errors import TargetError
from tests.bulk.support import PULL, STORES, expected, from_sqlite, interrupted, saved, statuses, table

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
    """Fill a disk except for some bytes."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
        file.truncate(file.tell() - but)


def few(kentik: KentikClient, **more: Any) -> Pull[Any]:
    return kentik.kmi.pull_rankings(["cc$US", "cc$DE"], "customer_base", **more)


@pytest.mark.parametrize("early", [True, False], ids=["while answers come", "while tables are written"])
@pytest.mark.parametrize("store", ["parquet", "ndjson"])
async def test_a_full_disk_is_an_error_and_with_room_it_resumes(
    emu: Emulator, kentik: KentikClient, disk: Path, store: str, early: bool
) -> None:
    def fill_late(progress: Progress) -> None:
        if progress.done == 3 if early else progress.left == 0:
            fill(disk, but=0 if early else 150_000)

    narrow = {**PULL, "markets": ["cc$US"], "top": 1}
    await kentik.kmi.pull_asn_details(**narrow).save(disk / "t", store, date=DAY)
    before = saved(disk / "t")
    wide = kentik.kmi.pull_asn_details(**PULL, on_progress=fill_late)
    with pytest.raises(TargetError, match=r"^cannot use .*: .*; data already saved is kept$"):
        await wide.save(disk / "t", store, date=DAY)
    assert saved(disk / "t") == before
    (disk / "ballast").unlink()
    report = await kentik.kmi.pull_asn_details(**PULL).save(disk / "t", store, date=DAY)
    assert saved(disk / "t") == expected(emu.state)
    assert report.failed == 0
    pages = len(table(disk / "t", "pages"))
    assert emu.report().requests <= pages + 3, "the first check, the answer that found no room, one in flight"


@pytest.mark.parametrize("store", STORES)
def test_a_part_that_found_no_room_is_not_seen(disk: Path, store: str) -> None:
    layout = Layout(disk / "t")
    layout.make()
    fill(disk, but=200_000 if store == "sqlite" else 20_000)
    names = ["".join(random.choices(ascii_letters, k=40)) for _ in range(3000)]
    with pytest.raises(TargetError, match=r"No space left|disk is full"):
        SINKS[store](layout).replace(DateChange(str(DAY), {}, [{"markets": columns_of(names)}]))
    assert list((disk / "t").glob("markets/**/part*")) == []
    if store == "sqlite":
        assert from_sqlite(disk / "t", "SELECT count(*) FROM markets") == [(0,)]
    gc.collect()  # an open file would cause an error here


def columns_of(names: list[str]) -> dict[str, list[Any]]:
    return {"market_id": names, "name": names[::-1], "fetched_at": [0] * len(names)}


async def test_a_read_only_disk_is_reported_before_any_call(
    emu: Emulator, kentik: KentikClient, disk: Path
) -> None:
    await few(kentik).save(disk / "t", date=DAY)
    requests = emu.report().requests
    assert mount("-o", "remount,ro", str(disk))
    with pytest.raises(TargetError, match="Read-only file system"):
        await kentik.kmi.pull_asn_details(**PULL).save(disk / "t", date=DAY)
    assert emu.report().requests == requests
    assert statuses(disk / "t") == ["complete"]


@pytest.mark.parametrize("place", ["file", "proc"])
async def test_an_impossible_target_is_reported_before_any_call(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, place: str
) -> None:
    target = Path("/proc/kentik") if place == "proc" else tmp_path / "file" / "t"
    (tmp_path / "file").touch()
    with pytest.raises(TargetError, match="cannot use target"):
        await few(kentik).save(target)
    assert emu.report().requests == 0


async def test_a_file_is_not_a_target(emu: Emulator, kentik: KentikClient, tmp_path: Path) -> None:
    target = tmp_path / "answers.json"
    target.touch()
    said = re.escape(f"cannot use target {target}: it is a file; name a folder")
    for use in (few(kentik).save, few(kentik).plan):
        with pytest.raises(TargetError, match=f"^{said}$"):
            await use(target)
    with pytest.raises(TargetError, match=f"^{said}$"):
        target_status(target)
    assert emu.report().requests == 0


async def test_the_error_of_a_new_target_names_it_once(kentik: KentikClient, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "t"
    with pytest.raises(TargetError, match=f"^cannot use target {re.escape(str(target))}: Not a directory$"):
        await few(kentik).save(target)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("x" * 300, "File name too long"),
        ("x/" * 2500, "File name too long"),
        ("\ud800", "is not a valid path"),
    ],
    ids=["too long a name", "too long a path", "no text"],
)
async def test_an_invalid_path_is_one_clear_line(
    emu: Emulator, kentik: KentikClient, target: str, reason: str
) -> None:
    pattern = f"^(cannot use )?target .*{reason}$"
    with pytest.raises(TargetError, match=pattern):
        await few(kentik).save(target)
    with pytest.raises(TargetError, match=pattern):
        await few(kentik).plan(target)
    assert emu.report().requests == 0


@pytest.mark.parametrize("gone", ["t", "t/.kentik-async/journal.sqlite"])
async def test_a_deleted_target_ends_the_pull(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, gone: str
) -> None:
    seen = []

    def vanish(progress: Progress) -> None:
        if progress.done == 3:
            seen.append(emu.report().requests)
            place = tmp_path / gone
            shutil.rmtree(place) if place.is_dir() else place.unlink()

    with pytest.raises(TargetError, match=f"{tmp_path}.*deleted while"):
        await kentik.kmi.pull_asn_details(**PULL, on_progress=vanish).save(tmp_path / "t")
    assert emu.report().requests <= seen[0] + 2


def test_a_limit_on_file_sizes_is_like_a_full_disk(tmp_path: Path) -> None:
    code = """
import asyncio, json, resource, sys
from kentik_async import TargetError
from kentik_async.emulator import Emulator

async def main():
    async with Emulator(speed=600) as emulator, emulator.client() as kentik:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
        try:
            await kentik.kmi.pull_asn_details(**json.loads(sys.argv[1])).save(sys.argv[2])
        except TargetError as error:
            print(error)
        finally:  # coverage writes its file when the process exits
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

asyncio.run(main())
"""
    command = [sys.executable, "-W", "error", "-c", code, json.dumps(PULL), str(tmp_path / "t")]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout.startswith(f"cannot use the journal {tmp_path / 't'}")
    assert ended.stdout.endswith("data already saved is kept\n")
    assert ended.stderr == ""
    assert interrupted(tmp_path / "t") > 0
