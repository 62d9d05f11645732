"""An emulator and its client, for tests that save small pulls."""

from collections.abc import AsyncIterator

import pytest

from kentik_async import KentikClient
from kentik_async.emulator import Emulator


@pytest.fixture
async def emu() -> AsyncIterator[Emulator]:
    async with Emulator(speed=6000) as emulator:
        yield emulator


@pytest.fixture
async def kentik(emu: Emulator) -> AsyncIterator[KentikClient]:
    async with emu.client() as client:
        yield client
