"""Where things lie in a target folder, and how files come to be there whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kentik_async.errors import TargetError

__all__ = ["Layout", "finish_file", "sync_folder", "target_errors"]


class Layout:
    """The paths of one target.

    TARGET/<table>/run_date=YYYY-MM-DD/part-NNNN.<suffix>
    TARGET/.kentik-async/{journal.sqlite,lock,tmp}
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.state = target / ".kentik-async"
        self.journal = self.state / "journal.sqlite"
        self.lock = self.state / "lock"
        self.tmp = self.state / "tmp"

    def make(self) -> None:
        """Make the target's folders.

        Raises:
            TargetError: The target cannot be written.
        """
        with target_errors(self.target):
            self.state.mkdir(parents=True, exist_ok=True)

    def clear_unfinished(self) -> None:
        """Clear away what a killed run left unfinished; only the lock's holder may.

        Raises:
            TargetError: The target cannot be written.
        """
        with target_errors(self.target):
            if self.tmp.exists():
                shutil.rmtree(self.tmp)
            self.tmp.mkdir()

    def parts(self, table: str, run_date: str, staged: str | None = None) -> Path:
        """Return the folder of a table's parts for one date.

        Args:
            table: The table.
            run_date: The date.
            staged: A run whose parts are kept aside until it is complete.
        """
        root = self.target if staged is None else self.state / "staged" / staged
        return root / table / f"run_date={run_date}"


@contextmanager
def target_errors(target: Path) -> Iterator[None]:
    """Turn the operating system's errors into one line that names the target."""
    try:
        yield
    except OSError as error:
        reason = f"{error.strerror or error} ({error.filename or target})"
        raise TargetError(
            f"the target {target} cannot be used: {reason}; all that has landed stays"
        ) from error


def finish_file(unfinished: Path, finished: Path) -> None:
    """Give a written file its name, once all of it is on the disk; there is never a part of it to be seen."""
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    finished.parent.mkdir(parents=True, exist_ok=True)
    unfinished.replace(finished)
    sync_folder(finished.parent)
    sync_folder(finished.parent.parent)


def sync_folder(folder: Path) -> None:
    """See to it that a folder's entries are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
