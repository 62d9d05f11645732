"""The emulator that commands are run against, and the commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.kmi import Kmi
from tests.cli.shell import Shell, readiness, started


@pytest.fixture(scope="session")
def emulated() -> Iterator[Shell]:
    """One emulator for all files, because each takes almost two seconds of CPU to start."""
    with started("emulator", "--speed", "6000") as process:
        yield Shell(readiness(process))


@pytest.fixture
def shell(emulated: Shell) -> Shell:
    """Commands with an emulator in its initial state."""
    emulated.control("reset")
    return emulated


@pytest.fixture
def kmi(shell: Shell, tmp_path: Path) -> Kmi:
    return Kmi(shell, tmp_path)
