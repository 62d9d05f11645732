"""The paths of a target: its tables, and the files that a pull stores beside them."""

import os
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kentik_async.bulk.target.local import LocalFolder, TableFolder, system_errors
from kentik_async.bulk.target.remote import RemoteFolder, state_folder
from kentik_async.errors import TargetError, ValidationError

__all__ = ["Layout"]

_ONE_SLASH = re.compile(r"([A-Za-z0-9]{2,}):/(?!/)")
"""The start of a URL with one slash instead of two; a single letter is a drive of Windows."""


class Layout:
    """The paths of one target.

    TARGET/<table>/run_date=YYYY-MM-DD/part-0001.<suffix>
    TARGET/.kentik-async/{journal.sqlite,lock,tmp}

    For a target that is a URL the second line is in the user's own state folder.

    Attributes:
        name: The target as shown in messages: a URL without user name and password.
        local: The folder; None if the target is a URL.
        remote: The folder of a URL; None if the target is a local folder.
        tables: The place of the tables.
        state: The folder for a pull's own files.
        tmp: Unfinished files.
    """

    def __init__(self, target: str | os.PathLike[str]) -> None:
        """Return the paths of a target; nothing is read or written, and the files need not exist.

        Args:
            target: The folder ("~" is expanded), or a URL such as "s3://bucket/kmi".

        Raises:
            ConfigError: A package that such a URL needs is not installed.
            TargetError: The path is invalid, too long, not accessible, or a file; or the URL's server cannot
                be reached.
            ValidationError: The URL's scheme is unknown, or the URL lacks a slash.
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
        """Return the file of a journal; if several runs may write to a target, each has its own journal."""
        return self.state / ("journal.sqlite" if slot == 1 else f"journal-{slot}.sqlite")

    def lock(self, slot: int = 1) -> Path:
        """Return the lock file of a journal; the run that uses the journal holds its lock."""
        return self.state / ("lock" if slot == 1 else f"lock-{slot}")

    def slots(self) -> list[int]:
        """Return the numbers of the journals that exist or have been used."""
        slot = 1
        while self.journal(slot).exists() or self.lock(slot).exists():
            slot += 1
        return list(range(1, slot))

    def make(self) -> None:
        """Create the target's folders.

        Raises:
            TargetError: The target cannot be written.
        """
        self.tables.make()
        with system_errors(self.name, saved=False):
            self.tmp.mkdir(parents=True, exist_ok=True)

    def remove_unfinished(self) -> None:
        """Delete the unfinished files of a killed run; call it only while no other run uses the target.

        Raises:
            TargetError: The target cannot be written.
        """
        with system_errors(self.name):
            shutil.rmtree(self.tmp)
            self.tmp.mkdir()

    def _require_valid_path(self) -> None:
        try:
            self.journal().stat()
        except FileNotFoundError:
            return  # code that needs it reports the error
        except NotADirectoryError:
            if self.local is not None and self.local.is_file():
                raise TargetError(f"cannot use target {self.name}: it is a file; name a folder") from None
        except OSError as error:
            raise TargetError(f"cannot use target {self.name}: {error.strerror}") from None
        except ValueError:
            raise TargetError(f"target {self.name!r} is not a valid path") from None


def _local_path(target: str | os.PathLike[str]) -> Path | None:
    """Return a target as a local path, or None if it is a URL with a scheme other than file."""
    if isinstance(target, str) and target.startswith("file://"):
        parts = urlsplit(target)
        if parts.netloc not in ("", "localhost"):
            raise ValidationError(f"target {target!r} names the host {parts.netloc!r}: write file:///path")
        return Path(unquote(parts.path))
    if isinstance(target, str) and "://" in target:
        return None
    if isinstance(target, str) and (mistyped := _ONE_SLASH.match(target)):
        slashes = ":///" if mistyped[1] == "file" else "://"
        meant = f"{mistyped[1]}{slashes}{target[mistyped.end() :]}"
        raise ValidationError(
            f"target {target!r} lacks a slash: write {meant}, or ./{target} for a local folder"
        )
    try:
        return Path(target).expanduser()
    except RuntimeError as error:
        raise TargetError(f"target {str(target)!r} is not a valid path: {error}") from None
