"""Tables in a remote place that fsspec supports, such as s3:// or gs://.

Each file is one upload of one object: object stores show the old object or the new one, and a killed upload
leaves nothing behind. There is no shared transaction, so any number of saves may run at once.
"""

import hashlib
import io
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from kentik_async.bulk.target.local import PartSource, unusable
from kentik_async.errors import ConfigError, TargetError, ValidationError

__all__ = ["RemoteFolder", "state_folder"]

T = TypeVar("T")

_SECRET = re.compile(r"//[^/@]*@")

_ONE_REQUEST = 5 * 2**30
"""Object stores accept an object of up to this size in one request. A larger object would be sent in parts,
which would remain after a kill.
"""

_PAUSES = (0.2, 1.0, 3.0)
"""Seconds before each further attempt, in addition to the retries of the store's own client."""


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
        shown: The URL, without user name and password.
        url: The URL as it was given.
        root: The folder, as its file system names it.
        filesystem: The file system.
    """

    def __init__(self, url: str) -> None:
        """Find the file system; some kinds, such as ftp://, connect to the server at once.

        Raises:
            ConfigError: fsspec, or what it needs for such a URL, is not installed.
            TargetError: The server cannot be reached.
            ValidationError: The URL's scheme is unknown.
        """
        self.url = url.rstrip("/")
        self.shown = _SECRET.sub("//", self.url)
        try:
            from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # fsspec ships no types
        except ImportError:
            raise ConfigError(
                f"{self.shown} needs fsspec: pip install 'kentik-async[remote]', and the package for such "
                "URLs: s3fs for s3://, gcsfs for gs://, adlfs for az://"
            ) from None
        try:
            # Several saves share a file system; a listing cached by another save would be out of date.
            filesystem, root = url_to_fs(url, use_listings_cache=False)
        except ImportError as error:
            raise ConfigError(f"{self.shown} needs another package: {error}") from None
        except ValueError as error:
            raise ValidationError(f"unknown URL scheme in {self.shown}: {error}") from None
        except Exception as error:
            raise self._error(error, saved=False) from error
        self.filesystem: Any = filesystem
        self.root = str(root).rstrip("/")

    def make(self) -> None:
        """Check that the place can be reached; a bucket or container is never created."""
        self._retried(lambda: self._make_folder(self.root), saved=False)
        bucket = self.root.split("/")[0]
        if bucket and not self._retried(lambda: self._exists(bucket), saved=False):
            raise TargetError(f"cannot use target {self.shown}: there is no bucket or container {bucket!r}")

    def present(self, *tables: str) -> list[str]:
        """Return the given tables that have a folder, with one listing for all of them."""
        there = {path.strip("/") for path in self._list("")}
        return [table for table in tables if table in there]

    def parts(self, *tables: str, run_date: str | None = None) -> list[str]:
        """Return the files of tables, sorted."""
        # Listing an empty folder takes three requests.
        there = self.present(*tables) if len(tables) > 1 else tables
        folders = [f"{table}/run_date={run_date}" if run_date else table for table in there]
        return sorted(path for folder in folders for path in self.find(folder) if "/part-" in path)

    def has_part(self, part: str) -> bool:
        """Return whether a file exists; a listing is reliable, unlike `exists` of fsspec."""
        return part in self.find(part.rpartition("/")[0])

    def any_parts(self, *tables: str) -> list[str]:
        """Return one file of each table that has any."""
        found: list[str] = []
        for table in tables:
            paths = (path for date in reversed(self._list(table)) for path in self._list(date))
            found += islice((path for path in paths if "/part-" in path), 1)
        return found

    def find(self, folder: str) -> list[str]:
        """Return all files below a folder, as paths below the root, sorted."""
        return sorted(self.sizes(folder))

    def sizes(self, folder: str) -> dict[str, int]:
        """Return all files below a folder, as paths below the root, with their sizes."""

        def find() -> dict[str, dict[str, Any]]:
            found: dict[str, dict[str, Any]] = self.filesystem.find(f"{self.root}/{folder}", detail=True)
            return found

        found = self._retried(find)
        return {path[len(self.root) :].lstrip("/"): entry.get("size") or 0 for path, entry in found.items()}

    def has(self, folder: str) -> bool:
        """Return whether there is a file below a folder."""
        return bool(self._retried(lambda: self._exists(f"{self.root}/{folder}")))

    def source(self, part: str) -> PartSource:
        """Return a file, to be read: it is fetched whole when it is opened."""

        def fetch() -> BinaryIO:
            return io.BytesIO(self.read(part))

        return PartSource(self.shown, f"{self.shown}/{part}", fetch)

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""
        found: bytes = self._retried(lambda: self.filesystem.cat_file(f"{self.root}/{path}"))
        return found

    def read_many(self, paths: list[str]) -> dict[str, bytes]:
        """Return the bytes of several files, fetched concurrently; missing files are skipped."""
        names = {f"{self.root}/{path}": path for path in paths}

        def fetch() -> dict[str, bytes]:
            found: dict[str, Any] = self.filesystem.cat(list(names), on_error="return")
            failed = [data for data in found.values() if isinstance(data, Exception)]
            for error in failed:
                if not isinstance(error, FileNotFoundError):
                    raise error
            return {names[name]: data for name, data in found.items() if isinstance(data, bytes)}

        return self._retried(fetch) if names else {}

    def publish(self, unfinished: Path, part: str) -> None:
        """Upload a written file, check that it exists, and delete the local copy."""
        data = unfinished.read_bytes()
        self.write(part, data)
        size = self._retried(lambda: self._size(part))
        if size != len(data):
            raise TargetError(f"upload of {self.shown}/{part} is incomplete: {size} of {len(data)} bytes")
        unfinished.unlink()

    def write(self, path: str, data: bytes) -> None:
        """Write an object in one request."""

        def upload() -> None:
            if "s3" in self.filesystem.protocol or "gs" in self.filesystem.protocol:
                self.filesystem.pipe_file(f"{self.root}/{path}", data, chunksize=_ONE_REQUEST)
            else:
                self._make_folder(f"{self.root}/{path}".rpartition("/")[0])
                self.filesystem.pipe_file(f"{self.root}/{path}", data)

        self._retried(upload)

    def remove(self, part: str) -> None:
        """Delete a file."""
        self.remove_many([part])

    def remove_many(self, parts: list[str]) -> None:
        """Delete files; missing files are skipped."""

        def remove() -> None:
            try:
                self.filesystem.rm([f"{self.root}/{part}" for part in parts])
            except FileNotFoundError:
                for part in parts:
                    self._remove_if_there(f"{self.root}/{part}")

        if parts:
            self._retried(remove)

    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(self.sizes("").values())

    @contextmanager
    def errors(self, *, saved: bool = True) -> Iterator[None]:
        """Turn the errors of the file system into a TargetError that names the target."""
        try:
            yield
        except TargetError:
            raise
        except Exception as error:  # each file system has its own exceptions
            raise self._error(error, saved=saved) from error

    def _error(self, error: Exception, *, saved: bool) -> TargetError:
        """Return the error for an exception of the file system; see `unusable`."""
        text = error.strerror if isinstance(error, OSError) and error.filename is None else None
        reason = " ".join(str(text or error).split()) or type(error).__name__
        return unusable(self.shown, reason, saved=saved)

    def _retried(self, work: Callable[[], T], *, saved: bool = True) -> T:
        """Repeat an operation while the store fails with a temporary error."""
        with self.errors(saved=saved):
            for pause in _PAUSES:
                try:
                    return work()
                except (FileNotFoundError, PermissionError, NotImplementedError, TypeError):
                    raise  # not temporary; NotImplementedError: this file system does not support it
                except Exception:  # noqa: BLE001 (each file system has its own exceptions)
                    time.sleep(pause)
            return work()

    def _list(self, folder: str) -> list[str]:
        """Return the direct entries of a folder, as paths below the root, sorted."""

        def names() -> list[str]:
            try:
                found: list[str] = self.filesystem.ls(f"{self.root}/{folder}", detail=False)
            except FileNotFoundError:
                return []
            return found

        return sorted(str(path)[len(self.root) :].lstrip("/") for path in self._retried(names))

    def _exists(self, path: str) -> bool:
        return bool(self.filesystem.exists(path))

    def _size(self, part: str) -> int | None:
        size: int | None = self.filesystem.info(f"{self.root}/{part}").get("size")
        return size

    def _make_folder(self, path: str) -> None:
        # An object store has no folders, and would create a bucket for a mistyped name.
        if path.startswith("/"):
            self.filesystem.makedirs(path, exist_ok=True)

    def _remove_if_there(self, path: str) -> None:
        try:
            self.filesystem.rm_file(path)
        except FileNotFoundError:
            return
