"""Writes files atomically."""

import errno
import os
import stat
from pathlib import Path

__all__ = ["replace_file", "write_file"]

_IN_PLACE = (errno.EACCES, errno.EPERM, errno.EBUSY)
"""Errors of a file that may be written but not replaced: its folder is read-only, or it is a mount."""


def write_file(path: Path, text: str) -> None:
    """Write a user's file atomically, with the permissions that `open` would give it.

    A new file has the permissions of the umask, an existing one keeps its own. A link stays a link: the file
    that it names is written. A pipe, `/dev/stdout` and other special files are written directly, and so
    is a file that cannot be replaced.

    Args:
        path: The file; it may exist, its folder must.
        text: The content.

    Raises:
        OSError: The file cannot be written.
    """
    try:
        known = path.stat()
    except FileNotFoundError:
        known = None
    if (known is not None and not stat.S_ISREG(known.st_mode)) or _is_open_file(path):
        path.write_text(text, encoding="utf-8", newline="\n")
        return
    try:
        replace_file(Path(os.path.realpath(path)), text, keep_mode=True, mode=0o666)
    except OSError as error:
        if known is None or error.errno not in _IN_PLACE:
            raise
        path.write_text(text, encoding="utf-8", newline="\n")


def replace_file(path: Path, text: str, *, keep_mode: bool = False, mode: int = 0o600) -> None:
    """Write a file in one step: a reader sees the old or the new content, also after a power cut.

    Args:
        path: The file; it may exist, its folder must. A link is replaced, not followed.
        text: The content.
        keep_mode: Whether the permissions of an existing file stay.
        mode: The permissions of a new file, less the umask; by default only the user may read it.

    Raises:
        OSError: The file cannot be written; the old one is unchanged.
    """
    # A long name is cut, because the system limits the length.
    unfinished = path.with_name(f".{path.name[:40]}.{os.urandom(4).hex()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if keep_mode and path.exists():
            unfinished.chmod(path.stat().st_mode & 0o777)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _is_open_file(path: Path) -> bool:
    """Return whether a path names what a program holds open, as `/dev/stdout` and `/dev/fd/3` do."""
    folder = os.path.realpath(path.parent)
    return folder == "/dev" or folder.startswith("/proc/")
