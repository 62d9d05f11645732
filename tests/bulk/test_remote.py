"""Targets that are URLs: they hold the tables and unsaved answers, the journal is on this machine."""

import asyncio
import datetime as dt
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import fsspec.core
import pytest

from kentik_async import KentikClient, ValidationError
from kentik_async.bulk.journal.journal import JournalRun
from kentik_async.bulk.sinks import store_of
from kentik_async.bulk.sinks.schema import TABLES
from kentik_async.bulk.target.layout import Layout
from kentik_async.bulk.target.remote import RemoteFolder
from kentik_async.bulk.target.remote_run import RemoteRun
from kentik_async.emulator import Emulator
from kentik_async.errors import TargetError
from tests.bulk.support import PULL, expected, saved, statuses, table

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
    """A place in memory that no other test uses."""
    place = f"memory://{uuid.uuid4().hex}/kmi"
    yield place
    shutil.rmtree(Layout(place).state, ignore_errors=True)


def files(url: str) -> list[str]:
    filesystem, root = fsspec.core.url_to_fs(url)
    return sorted(path.removeprefix(root) for path in filesystem.find(root))


def test_a_new_target_is_not_searched_table_by_table(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(url)
    assert layout.remote is not None
    searched: list[str] = []

    def find(path: str, **_: object) -> dict[str, object]:
        searched.append(path)
        return {}

    monkeypatch.setattr(layout.remote.filesystem, "find", find)
    assert store_of(layout) is None
    assert layout.tables.parts(*TABLES, run_date=str(DAY)) == []
    assert searched == [], "each takes three requests of S3"


@pytest.mark.parametrize("store", ["parquet", "csv"])
async def test_the_tables_are_there_and_the_journal_here(
    emu: Emulator, kentik: KentikClient, url: str, store: str
) -> None:
    report = await kentik.kmi.pull_asn_details(**PULL).save(url, store, date=DAY)
    assert saved(url) == expected(emu.state)
    tables = ("asns", "markets", "pages", "rankings", "relations", "runs")
    assert files(url) == [f"/{table}/run_date={DAY}/part-0001.{store}" for table in tables]
    assert statuses(url) == ["complete"]
    requests = emu.report().requests
    again = await kentik.kmi.pull_asn_details(**PULL).save(url + "/", store, date=DAY)
    assert (again.already_complete, again.rows) == (True, report.rows)
    assert emu.report().requests == requests


async def test_a_refresh_replaces_the_files_of_its_date_alone(
    emu: Emulator, kentik: KentikClient, url: str
) -> None:
    earlier = DAY - dt.timedelta(days=1)
    for date in (earlier, DAY):
        await kentik.kmi.pull_asn_details(**PULL).save(url, date=date)
    old, before = saved(url, str(earlier)), files(url)
    emu.advance_day()
    await kentik.kmi.pull_asn_details(**PULL).save(url, date=DAY, refresh=True)
    assert files(url) == before
    assert saved(url, str(earlier)) == old
    assert saved(url, str(DAY)) == expected(emu.state) != old


async def test_an_interrupted_pull_is_resumed_by_another_machine(
    emu: Emulator, kentik: KentikClient, url: str
) -> None:
    pull = kentik.kmi.pull_asn_details(**PULL, on_progress=lambda p: p.done == 10 and task.cancel())
    task = asyncio.create_task(pull.save(url, date=DAY))
    with pytest.raises(asyncio.CancelledError):
        await task
    shutil.rmtree(Layout(url).state)
    report = await kentik.kmi.pull_asn_details(**PULL).save(url, date=DAY)
    assert saved(url) == expected(emu.state)
    once, in_flight = report.pages + len(["markets", "check"]), emu.report().peak_concurrent
    assert emu.report().requests <= once + in_flight
    assert not [name for name in files(url) if ".kentik-async" in name]


async def test_a_run_killed_while_its_objects_were_deleted(
    emu: Emulator, kentik: KentikClient, url: str
) -> None:
    pull = kentik.kmi.pull_rankings(["cc$US"], "customer_base", "v4")
    await pull.save(url, date=DAY)
    before, requests, layout = files(url), emu.report().requests, Layout(url)
    assert layout.remote is not None
    (row,) = table(url, "runs")
    run = JournalRun(row["run_id"], str(DAY), row["command"], row["spec"], "parquet", int(time.time() * 1e6))
    RemoteRun(layout.remote, run, layout.lock()).renew()  # the last object, which is not deleted yet
    report = await pull.save(url, date=DAY)
    assert (report.already_complete, emu.report().requests) == (True, requests)
    assert files(url) == before


async def test_a_machine_that_knows_nothing_costs_no_call(
    emu: Emulator, kentik: KentikClient, url: str
) -> None:
    few = kentik.kmi.pull_rankings(["cc$US"], "customer_base", "v4")
    await few.save(url, date=DAY)
    shutil.rmtree(Layout(url).state)
    before, requests = files(url), emu.report().requests
    report = await few.save(url, date=DAY)
    assert (report.already_complete, emu.report().requests) == (True, requests)
    assert files(url) == before


async def test_sqlite_is_refused(kentik: KentikClient, url: str) -> None:
    with pytest.raises(ValidationError, match="takes parquet, delta, ndjson or csv"):
        await kentik.kmi.pull_rankings(["cc$US"]).save(url, "sqlite")


async def test_a_target_that_cannot_be_made_is_reported_first(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TargetError, match=r"^cannot use target .*/file/t: Not a directory$"):
        await kentik.kmi.pull_rankings(["cc$US"]).save(f"{tmp_path}/file/t")
    assert emu.report().requests == 0


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"unknown URL scheme in nowhere://x"):
        Layout("nowhere://x")


def test_a_host_that_does_not_exist_is_a_clear_error() -> None:
    pytest.importorskip("fsspec", reason="URLs take the extra remote")
    with pytest.raises(TargetError, match=r"^cannot use target ftp://host\.invalid/kmi: [^;]+$") as unusable:
        Layout("ftp://user:secret@host.invalid/kmi")
    assert "Errno" not in str(unusable.value)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("s3:/bucket/kmi", "s3://bucket/kmi"), ("file:/tmp/kmi", "file:///tmp/kmi")],
)
def test_a_url_that_lacks_a_slash_is_refused(typed: str, meant: str) -> None:
    said = f"target '{typed}' lacks a slash: write {meant}, or ./{typed} for a local folder"
    with pytest.raises(ValidationError, match=f"^{re.escape(said)}$"):
        Layout(typed)


@pytest.mark.parametrize("folder", ["C:/kmi", "./s3:/kmi", "a:b/kmi", "s3:kmi"])
def test_a_folder_may_have_a_colon(folder: str) -> None:
    assert Layout(folder).local == Path(folder)


def test_credentials_in_a_url_are_not_shown() -> None:
    folder = RemoteFolder("memory://user:secret@host/kmi")
    assert folder.shown == "memory://host/kmi"


@pytest.mark.parametrize(
    ("absent", "url", "said"),
    [
        ("fsspec", "s3://bucket/kmi", "s3://bucket/kmi needs fsspec: pip install 'kentik-async[remote]'"),
        ("s3fs", "s3://bucket/kmi", "s3://bucket/kmi needs another package: Install s3fs to access S3"),
    ],
)
def test_a_missing_package_is_named(absent: str, url: str, said: str) -> None:
    code = (
        f"import sys; sys.modules[{absent!r}] = None\n"
        "import kentik_async\n"
        f"try: kentik_async.open({url!r})\n"
        "except kentik_async.ConfigError as error: print(error)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.startswith(said)
    assert len(told.splitlines()) == 1


def test_a_local_folder_needs_no_fsspec(tmp_path: Path) -> None:
    code = (
        "import sys, kentik_async\n"
        f"try: kentik_async.open({str(tmp_path)!r})\n"
        "except kentik_async.TargetError: print('fsspec' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == "False\n"
