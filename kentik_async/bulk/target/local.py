"""The tables of a target as files in folders: how they come to be there whole or not at all."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from kentik_async.errors import TargetError

__all__ = ["LocalFolder", "TableFolder", "finish_file", "size_of", "system_errors"]


class TableFolder(Protocol):
    """Where the finished parts of tables lie: `<table>/run_date=YYYY-MM-DD/part-NNNN.<suffix>`.

    Attributes:
        root: The folder, as its file system names it.
        filesystem: The fsspec file system that it lies on; None for the machine's own.
    """

    root: str
    filesystem: Any | None

    def make(self) -> None:
        """Make the folder, or see to it that it can be reached; raises TargetError."""
        ...

    def parts(self, table: str, run_date: str | None = None) -> list[str]:
        """Return the finished parts of a table, of all dates or of one, as paths below the root, sorted."""
        ...

    def finish(self, unfinished: Path, part: str) -> None:
        """Give a written file its place among the parts, in the stead of what was there; raises OSError."""
        ...

    def swap(self, staged: Path, run_date: str, tables: Iterable[str]) -> None:
        """Let staged parts take the place of all that a date held; may be repeated after a kill."""
        ...

    def size(self) -> int:
        """Return the bytes of all files."""
        ...

    def errors(self) -> AbstractContextManager[None]:
        """Turn the file system's errors into a TargetError: one line that names the target."""
        ...


class LocalFolder:
    """A folder of this machine; what is given a name there has reached the disk."""

    def __init__(self, path: Path) -> None:
        self.root = str(path)
        self.filesystem = None
        self._path = path

    def make(self) -> None:
        """Make the folder."""
        with self.errors():
            self._path.mkdir(parents=True, exist_ok=True)

    def parts(self, table: str, run_date: str | None = None) -> list[str]:
        """Return the finished parts of a table, sorted."""
        found = self._path.glob(f"{table}/run_date={run_date or '*'}/part-*")
        return sorted(str(path.relative_to(self._path)) for path in found)

    def finish(self, unfinished: Path, part: str) -> None:
        """Give a written file its name."""
        finish_file(unfinished, self._path / part)

    def swap(self, staged: Path, run_date: str, tables: Iterable[str]) -> None:
        """Move the staged folders to where the date's are, one table after the other."""
        named = [(staged / table / f"run_date={run_date}", table) for table in tables]
        ready = staged / "ready"
        if not ready.exists():
            # A table without new rows loses its old ones too: it is swapped for an empty folder. From here
            # on a folder that is missing was moved before a kill.
            for new, _ in named:
                new.mkdir(parents=True, exist_ok=True)
            ready.touch()
            _sync_folder(staged)
        for new, table in named:
            if new.exists():
                _swap_folder(new, self._path / table / new.name, staged / f"{table}-before")

    def size(self) -> int:
        """Return the bytes of all files."""
        return size_of(self._path)

    def errors(self) -> AbstractContextManager[None]:
        """Name the target in the operating system's errors."""
        return system_errors(self.root)


@contextmanager
def system_errors(target: object) -> Iterator[None]:
    """Turn the operating system's errors into a TargetError: one line that names the target."""
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
    _sync_folder(finished.parent)
    _sync_folder(finished.parent.parent)


def size_of(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    size = 0
    for path in folder.rglob("*"):
        try:
            size += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue  # it was moved meanwhile
    return size


def _swap_folder(new: Path, old: Path, aside: Path) -> None:
    if old.exists():
        shutil.rmtree(aside, ignore_errors=True)
        old.replace(aside)
    if any(new.iterdir()):
        old.parent.mkdir(parents=True, exist_ok=True)
        new.replace(old)
        _sync_folder(old.parent)
    else:
        new.rmdir()


def _sync_folder(folder: Path) -> None:
    """See to it that a folder's entries are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
