"""Pulls into S3: concurrent saves, kills, a failing network, a second machine, Ctrl-C."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from kentik_async.emulator import Emulator
from tests.bulk.s3.chaos import Chaos
from tests.bulk.s3.savers import SPEED, Savers, job, savers
from tests.bulk.s3.server import BUCKET, S3Server, s3_server

pytestmark = pytest.mark.alone


PULL = {"top": 4, "markets": ["cc$US", "cc$DE"], "rank_types": ["customer_base"], "ips": ["v4"]}


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture(scope="module", name="savers")
def _savers() -> Iterator[Savers]:
    with savers() as found:
        yield found


@pytest.fixture(autouse=True)
def _here(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.fail()
    for name, value in {**s3.calm_environment, "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
async def emu() -> AsyncIterator[Emulator]:
    async with Emulator(speed=SPEED) as emulator:
        yield emulator


def save(name: str, store: str, **more: Any) -> dict[str, Any]:
    return {"pull": PULL, "target": f"s3://{BUCKET}/{name}", "store": store, **more}


@pytest.mark.parametrize("store", ["parquet", "delta"])
async def test_kills_and_faults_do_not_change_the_saved_tables(
    s3: S3Server, emu: Emulator, savers: Savers, tmp_path: Path, store: str
) -> None:
    calm, disturbed = str(tmp_path / "calm"), f"s3://{BUCKET}/chaos-{store}"
    chaos = Chaos(s3, emu, savers, tmp_path, store, processes=2)
    await chaos.calm(calm)
    outcome = await chaos.run(disturbed, kills=3, seed=1)
    await chaos.verify(disturbed, outcome)
    assert outcome.kills == 3
    assert chaos.tables(disturbed) == chaos.tables(calm)
    assert chaos.orphans(f"chaos-{store}") == []


@pytest.mark.parametrize("store", ["parquet", "delta"])
async def test_another_machine_resumes_a_killed_pull(
    s3: S3Server, emu: Emulator, savers: Savers, tmp_path: Path, store: str
) -> None:
    with savers.saver() as process:
        here, there = (job(emu, s3, tmp_path / name, [save(f"two-{store}", store)]) for name in ("a", "b"))
        pid = await process.start(here)
        while len(emu.calls) < 6:
            await asyncio.sleep(0.005)
        os.kill(pid, signal.SIGKILL)
        assert (await process.end())[1] == -signal.SIGKILL, "it had ended before"
        calls = emu.report().requests
        (report,) = await process.run(there)
        assert (report["failed"], report["pages"]) == (0, 10)
        total = emu.report().requests
        in_flight = 4
        assert total <= 12 + in_flight, f"{calls} before the kill, {total} in all"
        (again,) = await process.run(here)
        assert again["already_complete"], again
    assert not [name for name in s3.objects(f"two-{store}/") if ".kentik-async" in name]


@pytest.mark.parametrize("store", ["parquet", "delta"])
async def test_one_ctrl_c_ends_a_pull_whose_store_hangs(
    s3: S3Server, emu: Emulator, savers: Savers, tmp_path: Path, store: str
) -> None:
    with savers.saver() as process:
        pid = await process.start(job(emu, s3, tmp_path, [save(f"hang-{store}", store)]))
        while len(emu.calls) < 4:
            await asyncio.sleep(0.005)
        s3.fail(hang=True)
        await asyncio.sleep(1.0)
        began = time.monotonic()
        os.kill(pid, signal.SIGINT)
        _, code = await process.end()
        assert time.monotonic() - began < 5.0
        assert code == 130
        s3.fail()
        (report,) = await process.run(job(emu, s3, tmp_path, [save(f"hang-{store}", store)]))
        assert (report["failed"], report["pages"]) == (0, 10)


@pytest.mark.parametrize("store", ["parquet", "delta"])
async def test_a_missing_bucket_is_reported_before_any_call(
    emu: Emulator, store: str, tmp_path: Path
) -> None:
    from kentik_async.errors import TargetError

    async with emu.client() as kentik:
        with pytest.raises(TargetError, match="there is no bucket or container 'no-such-bucket'"):
            await kentik.kmi.pull_asn_details(**PULL).save("s3://no-such-bucket/kmi", store)
    assert emu.report().requests == 0
