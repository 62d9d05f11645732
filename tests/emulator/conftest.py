"""An emulator, and bare tools for it."""

from collections.abc import AsyncIterator

import pytest

from kentik_async.emulator import Emulator
from tests.emulator.bare_wire import Wire, wired


@pytest.fixture
async def emu() -> AsyncIterator[Emulator]:
    async with Emulator(speed=600) as emulator:
        yield emulator


@pytest.fixture
async def wire(emu: Emulator) -> AsyncIterator[Wire]:
    async with wired(emu) as tools:
        yield tools
