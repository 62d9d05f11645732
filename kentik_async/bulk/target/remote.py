"""Tables in a place that fsspec reaches, such as s3:// or gs://: parts are uploaded whole, under fixed names.

A part that is uploaded again, because a kill came between, replaces itself. The journal stays on this
machine, so two machines do not know of each other: what the journal does not know is not written over.
"""

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kentik_async.errors import ConfigError, TargetError, ValidationError

__all__ = ["RemoteFolder", "is_url", "refuse_strange_parts", "state_folder"]

_SECRET = re.compile(r"//[^/@]*@")
_NUMBER = re.compile(r"part-(\d+)")
_COPIED_AT_ONCE = 1 << 20


def is_url(target: object) -> bool:
    """Tell whether a target is a URL, rather than a folder of this machine."""
    return isinstance(target, str) and "://" in target


def state_folder(shown: str) -> Path:
    """Return where this machine keeps the journal of a remote target.

    Args:
        shown: The target's URL, without a password.
    """
    import platformdirs

    name = hashlib.blake2b(shown.encode(), digest_size=12).hexdigest()
    return platformdirs.user_state_path("kentik-async", appauthor=False) / "targets" / name


class RemoteFolder:
    """A folder on a file system of fsspec.

    Attributes:
        shown: The URL, without a user's name and password.
        root: The folder, as its file system names it.
        filesystem: The file system.
    """

    def __init__(self, url: str) -> None:
        """Find the file system; nothing is sent.

        Raises:
            ConfigError: fsspec, or what it needs for such a URL, is not installed.
            ValidationError: There is no such kind of URL.
        """
        self.shown = _SECRET.sub("//", url.rstrip("/"))
        try:
            from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # fsspec ships no types
        except ImportError:
            raise ConfigError(
                f"{self.shown} needs fsspec: pip install 'kentik-async[remote]', and what fsspec needs for "
                "such URLs: s3fs for s3://, gcsfs for gs://, adlfs for az://"
            ) from None
        try:
            filesystem, root = url_to_fs(url)
        except ImportError as error:
            raise ConfigError(f"{self.shown} needs another package: {error}") from None
        except ValueError as error:
            raise ValidationError(f"{self.shown} is no place that fsspec knows: {error}") from None
        self.filesystem: Any = filesystem
        self.root = str(root).rstrip("/")

    def make(self) -> None:
        """See to it that the place can be reached."""
        with self.errors():
            self._make_folder(self.root)
            self.filesystem.find(f"{self.root}/.kentik-async")

    def parts(self, table: str, run_date: str | None = None) -> list[str]:
        """Return the finished parts of a table, sorted."""
        folder = f"{self.root}/{table}" + (f"/run_date={run_date}" if run_date else "")
        with self.errors():
            self.filesystem.invalidate_cache()
            found = self.filesystem.find(folder)
        below = (str(path)[len(self.root) :].lstrip("/") for path in found)
        return sorted(part for part in below if "/part-" in part)

    def finish(self, unfinished: Path, part: str) -> None:
        """Upload a written file."""
        with self.errors():
            self._upload(unfinished, f"{self.root}/{part}")

    def swap(self, staged: Path, run_date: str, tables: Iterable[str]) -> None:
        """Upload the staged parts, then delete all others of the date.

        A reader sees both for a moment: a reader that sees neither would be worse off.
        """
        named = {table: f"{table}/run_date={run_date}" for table in tables}
        new = {
            f"{folder}/{path.name}": path
            for folder in named.values()
            for path in sorted((staged / folder).glob("part-*"))
        }
        for part, path in new.items():
            self.finish(path, part)
        old = {part for table in named for part in self.parts(table, run_date)} - new.keys()
        with self.errors():
            for part in sorted(old):
                self.filesystem.rm_file(f"{self.root}/{part}")

    def size(self) -> int:
        """Return the bytes of all files."""
        with self.errors():
            self.filesystem.invalidate_cache()
            found: dict[str, dict[str, Any]] = self.filesystem.find(self.root, detail=True)
        return sum(entry.get("size") or 0 for entry in found.values())

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Name the target in whatever the file system fails with."""
        try:
            yield
        except TargetError:
            raise
        except Exception as error:  # each file system has exceptions of its own
            reason = str(error) or type(error).__name__
            raise TargetError(
                f"the target {self.shown} cannot be used: {reason}; all that has landed stays"
            ) from error

    def _make_folder(self, path: str) -> None:
        # An object store has no folders, and would make a bucket of a name that is mistyped.
        if path.startswith("/"):
            self.filesystem.makedirs(path, exist_ok=True)

    def _upload(self, unfinished: Path, path: str) -> None:
        filesystem = self.filesystem
        self._make_folder(path.rpartition("/")[0])
        if "file" in filesystem.protocol:
            # A folder, perhaps of a network drive: copied byte by byte, so the name comes last.
            aside = f"{self.root}/.kentik-async"
            filesystem.makedirs(aside, exist_ok=True)
            filesystem.put_file(str(unfinished), f"{aside}/{unfinished.name}")
            filesystem.mv(f"{aside}/{unfinished.name}", path)
            return
        with filesystem.transaction, unfinished.open("rb") as source, filesystem.open(path, "wb") as sink:
            shutil.copyfileobj(source, sink, _COPIED_AT_ONCE)


def refuse_strange_parts(parts: Iterable[str], *, known: set[int], landed: set[int], target: str) -> None:
    """See to it that a date's parts are those that this machine's journal knows. Pure.

    Args:
        parts: The parts that are there, of the table `pages`, to which every batch adds.
        known: All batches of the journal.
        landed: Those whose parts have to be there.
        target: The target, for messages.

    Raises:
        TargetError: There are others, which would be written over; or some are missing, which would never be
            pulled again.
    """
    found = {int(number[1]): part for part in parts if (number := _NUMBER.search(part))}
    strange = sorted(found[number] for number in found.keys() - known)
    if strange:
        raise TargetError(
            f"{target} holds parts that were not pulled from this machine, such as {strange[0]}: pull there, "
            "or to another target, or replace the date with refresh (--refresh)"
        )
    missing = sorted(landed - found.keys())
    if missing:
        raise TargetError(
            f"{target} has lost parts that were pulled from here, such as number {missing[0]} of the table "
            "pages: pull the date again with refresh (--refresh)"
        )
