"""An emulator for the tests of a module, with limits that have no effect, and a folder for backups."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kentik_async import KentikClient, Retry
from kentik_async.emulator import Emulator

FAST = 60_000
"""A minute is a millisecond."""


@pytest.fixture(autouse=True)
def _own_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
async def emu() -> AsyncIterator[Emulator]:
    async with Emulator(speed=FAST) as emulator:
        yield emulator


@pytest.fixture
def retry() -> Retry:
    return Retry(base=0.001, cap=0.001)


@pytest.fixture
async def kentik(emu: Emulator, retry: Retry) -> AsyncIterator[KentikClient]:
    async with emu.client(retry=retry) as client:
        yield client
