"""The emulator of a module's commands, and the commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.kmi import Kmi
from tests.cli.shell import Shell, readiness, started


@pytest.fixture(scope="module")
def running() -> Iterator[Shell]:
    with started("emulator", "--speed", "6000") as process:
        yield Shell(readiness(process))


@pytest.fixture
def kmi(running: Shell, tmp_path: Path) -> Kmi:
    running.control("reset")
    return Kmi(running, tmp_path)
