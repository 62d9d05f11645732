"""The progress of a pull without a terminal: a line every ten seconds of virtual time."""

import asyncio
from typing import NoReturn

import pytest

from kentik_async import ConnectError, KentikClient, LocalLimiter, Progress, Quota
from kentik_async.cli.output.messages import Notes
from kentik_async.cli.pulls.progress import showing_progress
from tests.support.virtual_time import VirtualTime, in_virtual_time


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


def client(time: VirtualTime) -> KentikClient:
    limiter = LocalLimiter(Quota.NON_QUERY, Quota.QUERY, clock=time.clock)
    return KentikClient("noc@example.com", "token", limiter=limiter)


@in_virtual_time
async def test_a_line_every_ten_seconds(time: VirtualTime, capsys: pytest.CaptureFixture[str]) -> None:
    async with client(time) as kentik, showing_progress(Notes()) as display:
        pull = kentik.kmi.pull_rankings(["cc$US"])
        with display.track("", kentik, pull):
            assert pull.on_progress is not None
            pull.on_progress(Progress(done=4, failed=1, calls=24))
            await asyncio.sleep(9.9)
            assert capsys.readouterr().err == ""
            await asyncio.sleep(0.2)
            (line,) = capsys.readouterr().err.splitlines()
            assert line.startswith("5 of 24 pages; 30 a minute; ")
            assert line.endswith(" left; 1 failed; quota left: 20 this minute, 3,750 this hour")
            pull.on_progress(Progress(done=24, failed=0, calls=24))
            await asyncio.sleep(30)
            assert len(capsys.readouterr().err.splitlines()) == 3
        await asyncio.sleep(30)
        assert capsys.readouterr().err == "", "it has ended"


@in_virtual_time
async def test_the_rate_is_that_of_the_last_minute(
    time: VirtualTime, capsys: pytest.CaptureFixture[str]
) -> None:
    async with client(time) as kentik, showing_progress(Notes()) as display:
        pull = kentik.kmi.pull_rankings(["cc$US"])
        with display.track("", kentik, pull):
            assert pull.on_progress is not None
            pull.on_progress(Progress(done=600, failed=0, calls=1000))
            await asyncio.sleep(300)
            assert "; 0 a minute; " in capsys.readouterr().err.splitlines()[-1]


@in_virtual_time
async def test_each_of_several_has_its_line(time: VirtualTime, capsys: pytest.CaptureFixture[str]) -> None:
    async with client(time) as one, client(time) as two, showing_progress(Notes()) as display:
        first, second = (kentik.kmi.pull_rankings(["cc$US"]) for kentik in (one, two))
        with display.track("one", one, first), display.track("two", two, second):
            assert first.on_progress is not None
            first.on_progress(Progress(done=2, failed=0, calls=12))
            await asyncio.sleep(10.1)
            lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" pages")[0] for line in lines] == ["one: 2 of 12", "two: 0 of 0"]


class Deaf(LocalLimiter):
    """A limiter whose shared state cannot be reached."""

    async def snapshot(self, quota_class: str = "non_query") -> NoReturn:
        raise ConnectError("no connection to the server")

    async def estimate(self, n: int, quota_class: str = "non_query") -> NoReturn:
        raise ConnectError("no connection to the server")


@in_virtual_time
async def test_progress_survives_an_unreachable_quota(
    time: VirtualTime, capsys: pytest.CaptureFixture[str]
) -> None:
    limiter = Deaf(Quota.NON_QUERY, Quota.QUERY, clock=time.clock)
    kentik = KentikClient("noc@example.com", "token", limiter=limiter)
    async with kentik, showing_progress(Notes()) as display:
        pull = kentik.kmi.pull_rankings(["cc$US"])
        with display.track("", kentik, pull):
            assert pull.on_progress is not None
            pull.on_progress(Progress(done=5, failed=0, calls=24))
            await asyncio.sleep(20.1)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "5 of 24 pages; 30 a minute; quota left: ? this minute, ? this hour"
    assert len(lines) == 2


@in_virtual_time
async def test_quiet_prints_nothing(time: VirtualTime, capsys: pytest.CaptureFixture[str]) -> None:
    async with client(time) as kentik, showing_progress(Notes(quiet=True)) as display:
        pull = kentik.kmi.pull_rankings(["cc$US"])
        with display.track("", kentik, pull):
            await asyncio.sleep(30)
    assert capsys.readouterr().err == ""
