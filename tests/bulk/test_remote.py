"""Targets that are URLs: the tables lie there whole, and what is needed to go on is kept on this machine."""

import asyncio
import datetime as dt
import shutil
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import fsspec.core
import pytest

import kentik_async
from kentik_async import KentikClient, ValidationError
from kentik_async.bulk.reading.status import target_status
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.remote import RemoteFolder, is_url, refuse_strange_parts
from kentik_async.emulator import Emulator
from kentik_async.errors import TargetError
from tests.bulk.support import PULL, expected, landed

DAY = dt.date(2026, 11, 20)


@pytest.fixture
async def emu() -> AsyncIterator[Emulator]:
    async with Emulator(speed=600) as emulator:
        yield emulator


@pytest.fixture
async def kentik(emu: Emulator) -> AsyncIterator[KentikClient]:
    async with emu.client() as client:
        yield client


@pytest.fixture
def url() -> Iterator[str]:
    """A place in memory that no other test knows."""
    place = f"memory://{uuid.uuid4().hex}/kmi"
    yield place
    shutil.rmtree(Layout(place).state, ignore_errors=True)


def files(url: str) -> list[str]:
    filesystem, root = fsspec.core.url_to_fs(url)
    return sorted(path.removeprefix(root) for path in filesystem.find(root))


@pytest.mark.parametrize("store", ["parquet", "csv"])
async def test_the_tables_lie_there_and_the_journal_here(
    emu: Emulator, kentik: KentikClient, url: str, store: str
) -> None:
    report = await kentik.kmi.pull_asn_details(**PULL).save(url, store, date=DAY)
    assert landed(url) == expected(emu.state)
    tables = ("asns", "markets", "pages", "rankings", "relations")
    assert files(url) == [f"/{table}/run_date={DAY}/part-0001.{store}" for table in tables]
    status = target_status(url)
    assert (status.target, [run.state for run in status.runs]) == (url, ["complete"])
    assert status.bytes > sum(fsspec.filesystem("memory").size(url + part) for part in files(url)) > 0
    requests = emu.report().requests
    again = await kentik.kmi.pull_asn_details(**PULL).save(url + "/", store, date=DAY)
    assert (again.already_complete, again.rows) == (True, report.rows)
    assert emu.report().requests == requests


async def test_a_refresh_replaces_the_parts_of_its_date_alone(
    emu: Emulator, kentik: KentikClient, url: str
) -> None:
    earlier = DAY - dt.timedelta(days=1)
    for date in (earlier, DAY):
        await kentik.kmi.pull_asn_details(**PULL).save(url, date=date)
    old = landed(url, str(earlier))
    emu.advance_day()
    seen = []
    pull = kentik.kmi.pull_asn_details(**PULL, on_progress=lambda _: seen.append(len(files(url))))
    await pull.save(url, date=DAY, refresh=True)
    assert set(seen) == {10}, "nothing is touched before all is there"
    assert len(files(url)) == 10
    assert landed(url, str(earlier)) == old
    assert landed(url, str(DAY)) == expected(emu.state) != old
    assert not list((Layout(url).state / "staged").iterdir()), "what was kept aside is cleared away"


async def test_an_interrupted_pull_goes_on(emu: Emulator, kentik: KentikClient, url: str) -> None:
    pull = kentik.kmi.pull_asn_details(**PULL, on_progress=lambda p: p.done == 10 and task.cancel())
    task = asyncio.create_task(pull.save(url, date=DAY))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [run.state for run in target_status(url).runs] == ["interrupted"]
    before = emu.report().requests
    report = await kentik.kmi.pull_asn_details(**PULL).save(url, date=DAY)
    assert landed(url) == expected(emu.state)
    assert emu.report().requests - before <= report.pages - 10 + 2


async def test_parts_of_another_machine_are_not_written_over(
    emu: Emulator, kentik: KentikClient, url: str
) -> None:
    few = kentik.kmi.pull_rankings(["cc$US"], "customer_base", "v4")
    await few.save(url, date=DAY)
    shutil.rmtree(Layout(url).state)
    before, requests = files(url), emu.report().requests
    with pytest.raises(TargetError, match=r"not pulled from this machine, such as pages/.*part-0001"):
        await few.save(url, date=DAY)
    assert (files(url), emu.report().requests) == (before, requests)
    await few.save(url, date=DAY, refresh=True)
    assert len(files(url)) == len(before)
    await few.save(url, date=DAY + dt.timedelta(days=1))


async def test_parts_that_were_taken_away_are_missed(kentik: KentikClient, url: str) -> None:
    few = kentik.kmi.pull_rankings(["cc$US"], "customer_base", "v4")
    await few.save(url, date=DAY)
    fsspec.filesystem("memory").rm(url, recursive=True)
    with pytest.raises(TargetError, match=r"has lost parts .* number 1 .*--refresh"):
        await few.save(url, date=DAY)
    with pytest.raises(TargetError, match="no pull was saved"):
        kentik_async.open(url)


@pytest.mark.parametrize(
    ("parts", "known", "landed", "refused"),
    [
        ([], set(), set(), None),
        (["pages/run_date=x/part-0003.parquet"], {3, 4}, {3}, None),
        (["pages/run_date=x/part-0003.parquet"], {3}, set(), None),
        (["pages/run_date=x/part-0003.parquet"], {4}, set(), "not pulled from this machine"),
        (["pages/run_date=x/part-12345.csv"], {12345, 7}, {7}, "number 7"),
    ],
)
def test_what_is_there_is_compared_with_what_is_known(
    parts: list[str], known: set[int], landed: set[int], refused: str | None
) -> None:
    if refused is None:
        refuse_strange_parts(parts, known=known, landed=landed, target="s3://x")
    else:
        with pytest.raises(TargetError, match=refused):
            refuse_strange_parts(parts, known=known, landed=landed, target="s3://x")


async def test_sqlite_is_refused_with_what_is_possible(kentik: KentikClient, url: str) -> None:
    with pytest.raises(ValidationError, match="takes parquet, ndjson or csv"):
        await kentik.kmi.pull_rankings(["cc$US"]).save(url, "sqlite")


async def test_a_place_that_cannot_be_reached_is_an_error_before_anything_is_asked(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TargetError, match=r"the target file://.*/file/t cannot be used: .*; all that has"):
        await kentik.kmi.pull_rankings(["cc$US"]).save(f"file://{tmp_path}/file/t")
    assert emu.report().requests == 0


def test_a_url_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"^nowhere://x is no place that fsspec knows"):
        Layout("nowhere://x")


def test_credentials_in_a_url_are_not_shown() -> None:
    folder = RemoteFolder("memory://user:secret@host/kmi")
    assert folder.shown == "memory://host/kmi"


@pytest.mark.parametrize("target", ["data", "a/b", Path("s3:/x"), "C:\\data"])
def test_folders_are_no_urls(target: object) -> None:
    assert not is_url(target)


@pytest.mark.parametrize(
    ("absent", "url", "said"),
    [
        ("fsspec", "s3://bucket/kmi", "s3://bucket/kmi needs fsspec: pip install 'kentik-async[remote]'"),
        ("s3fs", "s3://bucket/kmi", "s3://bucket/kmi needs another package: Install s3fs to access S3"),
    ],
)
def test_what_is_not_installed_is_named(absent: str, url: str, said: str) -> None:
    code = (
        f"import sys; sys.modules[{absent!r}] = None\n"
        "import kentik_async\n"
        f"try: kentik_async.open({url!r})\n"
        "except kentik_async.ConfigError as error: print(error)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.startswith(said)
    assert len(told.splitlines()) == 1


def test_a_folder_does_without_fsspec(tmp_path: Path) -> None:
    code = (
        "import sys, kentik_async\n"
        f"try: kentik_async.open({str(tmp_path)!r})\n"
        "except kentik_async.TargetError: print('fsspec' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == "False\n"
