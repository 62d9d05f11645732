"""Tables in a folder of this machine: a file appears whole or not at all, and survives a power cut."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TextIO

from kentik_async.errors import TargetError

__all__ = ["LocalFolder", "PartSource", "TableFolder", "size_of", "system_errors", "unusable"]


@dataclass(frozen=True, slots=True)
class PartSource:
    """A file of a table, to be read.

    Attributes:
        target: The target that it belongs to, as shown in messages.
        name: The file, as shown in messages.
        opener: Opens it.
    """

    target: str
    name: str
    opener: Callable[[], BinaryIO]

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the file; raises TargetError if it cannot be read."""
        with system_errors(self.target), self.opener() as file:
            yield file

    @contextmanager
    def open_text(self) -> Iterator[TextIO]:
        """Open the file as UTF-8 text without newline translation."""
        with self.open() as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
            yield text


class TableFolder(Protocol):
    """The place of the files of tables: `<table>/run_date=YYYY-MM-DD/part-NNNN.<suffix>`.

    Attributes:
        root: The folder, as its file system names it.
        filesystem: The fsspec file system; None for the machine's own.
    """

    root: str
    filesystem: Any | None

    def make(self) -> None:
        """Make the folder, or check that it can be reached; raises TargetError."""
        ...

    def present(self, *tables: str) -> list[str]:
        """Return the given tables that have a folder."""
        ...

    def parts(self, *tables: str, run_date: str | None = None) -> list[str]:
        """Return the files of tables, of all dates or of one, as paths below the root, sorted."""
        ...

    def has_part(self, part: str) -> bool:
        """Return whether a file exists."""
        ...

    def has(self, folder: str) -> bool:
        """Return whether a folder below the root holds anything."""
        ...

    def find(self, folder: str) -> list[str]:
        """Return all files below a folder, as paths below the root, sorted."""
        ...

    def any_parts(self, *tables: str) -> list[str]:
        """Return one file of each table that has any; its cost does not grow with the number of dates."""
        ...

    def source(self, part: str) -> PartSource:
        """Return a file, to be read."""
        ...

    def publish(self, unfinished: Path, part: str) -> None:
        """Move or upload a written file to its place, in one step, replacing what was there."""
        ...

    def remove(self, part: str) -> None:
        """Delete a file."""
        ...

    def size(self) -> int:
        """Return the bytes of all files."""
        ...


class LocalFolder:
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self.root = str(path)
        self.filesystem = None
        self._path = path

    def make(self) -> None:
        """Make the folder."""
        with system_errors(self.root, saved=False):
            self._path.mkdir(parents=True, exist_ok=True)

    def present(self, *tables: str) -> list[str]:
        """Return the given tables that have a folder."""
        return [table for table in tables if self.has(table)]

    def parts(self, *tables: str, run_date: str | None = None) -> list[str]:
        """Return the files of tables, sorted."""
        found = [self._path.glob(f"{table}/run_date={run_date or '*'}/part-*") for table in tables]
        return sorted(str(path.relative_to(self._path)) for path in chain(*found))

    def has_part(self, part: str) -> bool:
        """Return whether a file exists."""
        return os.path.isfile(f"{self.root}/{part}")  # noqa: PTH113 (no error where a folder cannot be read)

    def has(self, folder: str) -> bool:
        """Return whether a folder exists."""
        return (self._path / folder).is_dir()

    def find(self, folder: str) -> list[str]:
        """Return all files below a folder, sorted."""
        found = (self._path / folder).rglob("*")
        return sorted(str(path.relative_to(self._path)) for path in found if path.is_file())

    def any_parts(self, *tables: str) -> list[str]:
        """Return one file of each table that has any."""
        first = [islice(self._path.glob(f"{table}/run_date=*/part-*"), 1) for table in tables]
        return [str(path.relative_to(self._path)) for path in chain(*first)]

    def source(self, part: str) -> PartSource:
        """Return a file, to be read."""
        path = self._path / part
        return PartSource(self.root, str(path), lambda: path.open("rb"))

    def publish(self, unfinished: Path, part: str) -> None:
        """Rename a written file to its final name, after all of it is on the disk."""
        finished = self._path / part
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        finished.parent.mkdir(parents=True, exist_ok=True)
        unfinished.replace(finished)
        _sync_folders(finished.parent, finished.parent.parent)

    def remove(self, part: str) -> None:
        """Delete a file, and its folder if the folder is then empty."""
        path = self._path / part
        with system_errors(self.root):
            path.unlink(missing_ok=True)
            if not any(path.parent.iterdir()):
                path.parent.rmdir()

    def size(self) -> int:
        """Return the bytes of all files."""
        return size_of(self._path)


@contextmanager
def system_errors(target: object, *, saved: bool = True) -> Iterator[None]:
    """Turn the operating system's errors into a TargetError: one line that names the target.

    Args:
        target: The target, as shown in messages.
        saved: Whether the target may hold data, which the message then says is kept.
    """
    try:
        yield
    except OSError as error:
        reason = str(error.strerror or error)
        if error.filename is not None and str(error.filename) != str(target):
            reason += f" ({error.filename})"
        raise unusable(target, reason, saved=saved) from error


def unusable(target: object, reason: str, *, saved: bool) -> TargetError:
    """Return the error for a target that cannot be used.

    Args:
        target: The target, as shown in messages.
        reason: What went wrong.
        saved: Whether the target may hold data, which the message then says is kept.
    """
    kept = "; data already saved is kept" if saved else ""
    return TargetError(f"cannot use target {target}: {reason}{kept}")


def size_of(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    size = 0
    for path in folder.rglob("*"):
        try:
            size += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue  # it was moved meanwhile
    return size


def _sync_folders(*folders: Path) -> None:
    """Write the entries of folders to the disk."""
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
