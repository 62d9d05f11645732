"""A target: where its tables are, and what a pull keeps beside them."""

import os
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kentik_async.bulk.target.local import LocalFolder, TableFolder, system_errors
from kentik_async.bulk.target.remote import RemoteFolder, state_folder
from kentik_async.errors import TargetError, ValidationError

__all__ = ["Layout"]


class Layout:
    """The paths of one target.

    TARGET/<table>/run_date=YYYY-MM-DD/part-0001.<suffix>
    TARGET/.kentik-async/{journal.sqlite,lock,tmp}

    For a target that is a URL the second line is in the user's own state folder.

    Attributes:
        name: The target as it is shown: a URL without user name and password.
        local: The folder; None if the target is a URL.
        remote: The folder of a URL; None if the target is a local folder.
        tables: Where the tables are.
        state: What a pull keeps of its own.
        tmp: Unfinished files.
    """

    def __init__(self, target: str | os.PathLike[str]) -> None:
        """Name a target's files; nothing is read or written, and they need not exist.

        Args:
            target: The folder ("~" is expanded), or a URL such as "s3://bucket/kmi".

        Raises:
            ConfigError: A package that such a URL needs is not installed.
            TargetError: The path is invalid, too long, or not accessible.
            ValidationError: The URL's scheme is unknown.
        """
        self.tables: TableFolder
        self.local: Path | None = None
        self.remote: RemoteFolder | None = None
        local = _local_path(target)
        if local is None:
            self.remote = RemoteFolder(str(target))
            self.name = self.remote.shown
            self.tables = self.remote
            self.state = state_folder(self.remote.shown)
        else:
            self.local = local
            self.name = str(local)
            self.tables = LocalFolder(local)
            self.state = local / ".kentik-async"
        self.tmp = self.state / "tmp"
        if self.local is not None:
            self._require_valid_path()

    def journal(self, slot: int = 1) -> Path:
        """Return the file of a journal; a target that several runs may write to has one for each of them."""
        return self.state / ("journal.sqlite" if slot == 1 else f"journal-{slot}.sqlite")

    def lock(self, slot: int = 1) -> Path:
        """Return the file whose lock the user of a journal holds."""
        return self.state / ("lock" if slot == 1 else f"lock-{slot}")

    def slots(self) -> list[int]:
        """Return the numbers of the journals that are there, or have been in use."""
        slot = 1
        while self.journal(slot).exists() or self.lock(slot).exists():
            slot += 1
        return list(range(1, slot))

    def make(self) -> None:
        """Make the target's folders.

        Raises:
            TargetError: The target cannot be written.
        """
        self.tables.make()
        with system_errors(self.name):
            self.tmp.mkdir(parents=True, exist_ok=True)

    def remove_unfinished(self) -> None:
        """Delete the files that a killed run left unfinished; only the only user of the target may.

        Raises:
            TargetError: The target cannot be written.
        """
        with system_errors(self.name):
            shutil.rmtree(self.tmp)
            self.tmp.mkdir()

    def _require_valid_path(self) -> None:
        try:
            self.journal().stat()
        except (FileNotFoundError, NotADirectoryError):
            return  # whoever needs it says so
        except OSError as error:
            raise TargetError(f"cannot use target {self.name}: {error.strerror}") from None
        except ValueError:
            raise TargetError(f"target {self.name!r} is not a valid path") from None


def _local_path(target: str | os.PathLike[str]) -> Path | None:
    """Return a target as a local path, or None if it is a URL of another scheme than file."""
    if isinstance(target, str) and target.startswith("file://"):
        parts = urlsplit(target)
        if parts.netloc not in ("", "localhost"):
            raise ValidationError(f"target {target!r} names the host {parts.netloc!r}: write file:///path")
        return Path(unquote(parts.path))
    if isinstance(target, str) and "://" in target:
        return None
    try:
        return Path(target).expanduser()
    except RuntimeError as error:
        raise TargetError(f"target {str(target)!r} is not a valid path: {error}") from None
