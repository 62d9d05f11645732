"""Commands of the group `kmi`, run in their own folder against a running emulator."""

import datetime as dt
from pathlib import Path

from kentik_async.emulator.world.state import EmulatorState
from tests.cli.shell import Done, Shell

FEW = ("--markets", "US", "planet:earth", "--rank-types", "customer_base", "--ips", "v4")
"""Two rankings."""


class Kmi:
    """Runs commands of the group `kmi`.

    Attributes:
        control: Controls the emulator.
        operations: Returns the operations that were requested since the last reset.
        env: The environment of a command.
        email: The e-mail address of the emulator's user.
        token: The token of the emulator's user.
        state: The emulator's data.
    """

    def __init__(self, shell: Shell, home: Path) -> None:
        self._shell = shell
        self._home = home
        self.control = shell.control
        self.operations = shell.operations
        self.env = shell.env
        self.email = shell.ready["email"]
        self.token = shell.ready["token"]
        self.state = EmulatorState(seed=shell.ready["seed"], day=dt.date.fromisoformat(shell.ready["day"]))

    def __call__(self, *arguments: str, **env: str) -> Done:
        return self._shell("kmi", *arguments, at=self._home, **env)
